"""`gammacore checklist`: every point of the month on paper is open until it is done. Rules: OP-707, SC-617."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve

from builders_ledger import ledger_opened
from builders_page import settings_of
from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.configuration import Settings
from gammacore.domain.ledger import DayFinished, DayStarted, Event, Halted, HoldingsQuarantined, Mode
from gammacore.domain.service.day_end import DayEnd
from gammacore.domain.sessions import TradingSession
from gammacore.wiring.checks.checklist import Band, before_real_money, checklist
from gammacore.wiring.checks.rehearsals import keep_rehearsal
from gammacore.wiring.service.kept_day_ends import day_ends_of, keep_day_end, write_day

POINTS = [
    "sessions", "flat", "reconciled", "no_open_alarm", "messages", "restart_survived", "rehearsal", "restored_backup",
    "channels", "weekly_review", "monthly_review",
]  # fmt: skip
CALENDAR = NyseCalendar()


def sessions(count: int) -> list[TradingSession]:
    found = [CALENDAR.next_session(dt.date(2026, 3, 1))]
    while len(found) < count:
        found.append(CALENDAR.next_session(found[-1].date))
    return found


NOW = sessions(21)[-1].open


def a_month(home: Path, days: int = 20, *events: Event, unfinished: int = 0) -> Settings:
    """A home in which everything of so many sessions was as it must be."""
    settings = settings_of(home, **{"alerts.webhook_url": "https://discord.com/api/webhooks/1/a"})
    ledger = home / "paper" / "paper.sqlite"
    ledger.parent.mkdir(parents=True)
    held: list[Event] = [evolve(ledger_opened(), at=sessions(1)[0].open)]
    for number, day in enumerate(sessions(days)):
        held.append(DayStarted(day.open, day.date, "SPX", "credit-spread", "m", day.open, day.close, "c"))
        if number >= unfinished:
            held.append(DayFinished(day.close, day.date, Decimal(20000)))
        keep_day_end(settings, ledger, DayEnd(day.date, day.close), None)
    storage = SqliteStorage(ledger)
    storage.append((*held, *(evolve(one, at=NOW - dt.timedelta(days=1)) for one in events)), 0)
    storage.close()
    logged(home / "logs" / "paper-paper.loop.ndjson", "day_started", sessions(days))
    logged(home / "logs" / "paper-paper.ndjson", "day_summary", sessions(days)[10:])
    logged(home / "logs" / "paper-paper.ndjson.2026-03-15.1.gz", "day_summary", sessions(days)[:10])
    logged(home / "logs" / "paper-paper.ndjson.2026-03-14.1.gz", "loop_restarted", sessions(days)[3:4])
    keep_rehearsal(home, NOW - dt.timedelta(days=3), {"at": (NOW - dt.timedelta(days=3)).isoformat(), "passed": True})
    (ledger.parent / "paper.sqlite.alerts.json").write_text("[]")
    return settings


def logged(path: Path, event: str, days: Sequence[TradingSession]) -> None:
    path.parent.mkdir(exist_ok=True)
    lines = "".join(json.dumps({"at": day.close.isoformat(), "event": event}) + "\n" for day in days)
    path.write_bytes(gzip.compress(lines.encode()) if path.suffix == ".gz" else lines.encode())


def open_points(settings: Settings, now: dt.datetime = NOW) -> list[str]:
    return [point.name for point in checklist(settings, Mode.PAPER, now).open]


def test_an_empty_home_has_everything_to_do_and_each_open_point_says_what(tmp_path: Path) -> None:
    found = checklist(settings_of(tmp_path), Mode.PAPER, NOW)

    assert [point.name for point in found.points] == POINTS
    assert [point.name for point in found.points if point.ok] == ["flat", "no_open_alarm"]
    assert all(point.fix for point in found.open)
    assert found.band is None


def test_a_month_that_went_well_leaves_nothing_open(tmp_path: Path) -> None:
    settings = a_month(tmp_path)

    assert open_points(settings) == []
    assert list(before_real_money(settings, NOW)) == []
    assert open_points(settings, NOW + dt.timedelta(days=40))[:2] == ["rehearsal", "restored_backup"]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (Halted(NOW, "drill"), "halted (drill)"),
        (HoldingsQuarantined(NOW, {"SPXW260303C05800000": 2}, ""), "1 symbols quarantined"),
    ],
)
def test_what_stands_open_is_named(tmp_path: Path, event: Event, words: str) -> None:
    (sentence,) = before_real_money(a_month(tmp_path, 20, event), NOW)
    assert sentence.startswith("no_open_alarm: ")
    assert words in sentence


def test_too_few_sessions_and_one_that_was_not_finished(tmp_path: Path) -> None:
    settings = a_month(tmp_path, 20, unfinished=1)
    assert open_points(settings) == ["sessions", "flat", "monthly_review"]


def test_a_day_that_the_broker_disagrees_with_and_a_morning_after(tmp_path: Path) -> None:
    settings = a_month(tmp_path)
    ledger = tmp_path / "paper" / "paper.sqlite"
    kept = day_ends_of(settings, ledger)[-1]
    write_day(settings, ledger, dt.date.fromisoformat(kept["date"]), {**kept, "morning": {"difference": "5 $"}})
    assert open_points(settings) == ["reconciled"]

    day = sessions(20)[4]
    keep_day_end(settings, ledger, DayEnd(day.date, day.close, holdings=("SPXW: +1",)), None)
    (point,) = checklist(settings, Mode.PAPER, NOW).open
    assert point.detail.startswith("18 of 20 sessions agree")


def test_days_without_a_message_and_without_a_start_again(tmp_path: Path) -> None:
    settings = a_month(tmp_path)
    for path in (tmp_path / "logs").glob("*.gz"):
        path.unlink()
    assert open_points(settings) == ["messages", "restart_survived"]


@pytest.mark.parametrize("damaged", ["log", "day_end"])
def test_what_is_damaged_costs_a_point_and_never_a_live_start(damaged: str, tmp_path: Path) -> None:
    settings = a_month(tmp_path)
    if damaged == "log":
        log = tmp_path / "logs" / "paper-paper.ndjson.2026-03-15.1.gz"
        log.write_bytes(log.read_bytes()[:12] + b"\xff" * 20)
    else:
        kept = tmp_path / "paper" / "paper.sqlite.day-ends" / f"{sessions(5)[-1].date}.json"
        kept.write_text('{"format": 1, "date": "soon", "lines": [], "agrees": true}')

    (sentence,) = before_real_money(settings, NOW)
    assert sentence.startswith({"log": "messages: ", "day_end": "reconciled: 19 of 20"}[damaged])


def test_the_band_is_shown_and_decides_nothing() -> None:
    band = Band(Decimal(120), Decimal(-300), Decimal(100))
    assert not band.is_inside
    assert "+$120, outside the band" in str(band)
