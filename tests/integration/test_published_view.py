"""The view a loop publishes: it shows what acts, and can neither change nor delay a day. OP-002, OP-502."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from gammacore.adapters.view_files.encoding import Whose
from gammacore.adapters.view_files.publisher import LARGEST, ViewFiles, bounded
from gammacore.adapters.view_files.reading import read_day, read_now, view_folder
from gammacore.configuration import configure
from gammacore.domain.book.book import Book
from gammacore.domain.holdings.holding import is_spread
from gammacore.domain.sessions import new_york_date
from gammacore.ports.people import Picture
from gammacore.wiring import WiredDay, wire_day

FIVE_MINUTES = {"market.step_seconds": 300, "market.seed": 7, "view.judge_every": 3600}


def a_day(ledger: Path, **keys: object) -> WiredDay:
    return wire_day(configure([{**FIVE_MINUTES, **keys}]), ledger)


def payloads(ledger: Path) -> list[bytes]:
    import sqlite3

    with sqlite3.connect(ledger) as file:
        (table,) = [name for (name,) in file.execute("select name from sqlite_master where name = 'events'")] or [
            "events"
        ]
        return [repr(row).encode() for row in file.execute(f"select * from {table} order by 1")]


def newest(day: WiredDay) -> Picture:
    """The newest picture that was drawn of a day."""
    assert day.trade.view is not None
    board = day.trade.view._board
    assert isinstance(board, ViewFiles)
    assert board._last is not None
    return board._last


def held_at(day: WiredDay) -> Callable[[Book], bool]:
    return lambda book: any(is_spread(one) and not one.is_flat for one in book.live_holdings)


def test_a_published_day_is_the_same_day_byte_for_byte(tmp_path: Path) -> None:
    for name, keys in (("without", {}), ("with", {"view.studies": True})):
        day = a_day(tmp_path / f"{name}.sqlite", **keys)
        day.trade()
        day.close()

    assert payloads(tmp_path / "with.sqlite") == payloads(tmp_path / "without.sqlite")
    assert not view_folder(tmp_path / "without.sqlite").exists()
    assert (view_folder(tmp_path / "with.sqlite") / "now.json").stat().st_mode & 0o777 == 0o600


def test_levels_and_marks_are_those_of_the_policy_that_acts(tmp_path: Path) -> None:
    day = a_day(tmp_path / "a.sqlite", **{"view.studies": True})
    book = day.trade.run_until(held_at(day))
    day.close()
    now = read_now(view_folder(tmp_path / "a.sqlite"))
    assert now is not None
    (shown,) = now["holdings"]
    (held,) = (one for one in book.live_holdings if is_spread(one))
    levels = {level["rule"]: level["price"] for level in shown["levels"]}

    assert levels["stop_loss"] == float(held.plan.policy.advertised_stop(held.credit))
    assert levels["emergency_stop"] == float(held.plan.policy.advertised_emergency(held.credit))
    assert levels["profit_target"] <= float(held.plan.policy.advertised_target(held.credit, held.plan.confidence))
    assert shown["entry"] == float(round(held.credit, 2))
    assert shown["mark"] is not None
    assert shown["mark_age"] is not None
    assert set(shown["greeks"]) == {"delta", "gamma", "theta", "vega"}
    assert now["greeks"] == shown["greeks"]
    assert now["ledger_version"] == book.version
    assert [each["rule"] for each in now["filters"]["list"]] == [each["rule"] for each in now["filters"]["scheduled"]]
    assert len(now["exposure"]["profile"]) == 60
    assert len(json.dumps(now)) < LARGEST


def test_the_course_has_a_line_a_look_and_is_packed_when_the_day_is_over(tmp_path: Path) -> None:
    day = a_day(tmp_path / "a.sqlite", **{"view.studies": True})
    day.trade()
    day.close()
    folder = view_folder(tmp_path / "a.sqlite")
    lines = read_day(folder, day.session.date)

    assert [path.suffix for path in folder.iterdir() if path.name != "now.json"] == [".gz"]
    assert len(lines) >= 78  # a look every five minutes
    assert any(line["fill"] for line in lines)
    assert {"price", "net", "flip", "pin", "call_wall", "put_wall", "day_pnl", "limit"} <= set(lines[-1])
    assert new_york_date(day.session.close).isoformat() in lines[-1]["at"]


def test_a_full_disk_costs_pictures_is_counted_and_reported_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def full(_path: Path, _text: str) -> None:
        raise OSError(28, "No space left on device")

    day = a_day(tmp_path / "a.sqlite", **{"view.studies": True})
    assert day.trade.view is not None
    board = ViewFiles(tmp_path / "v", Whose("0", "study", "paper", None), every=0, own_thread=False, write=full)
    day.trade.view._board = board
    book = day.trade()
    day.close()

    assert book.finished is not None
    assert board.lost > 10
    assert sum("is not published" in record.message for record in caplog.records) == 1


def test_a_disk_that_hangs_holds_nobody_up_and_the_newest_picture_wins(tmp_path: Path) -> None:
    day = a_day(tmp_path / "a.sqlite", **{"view.studies": True})
    day.trade.run_until(held_at(day))
    day.close()
    assert day.trade.view is not None
    picture = newest(day)
    hangs, begun, written = threading.Event(), threading.Event(), []

    def slow(_path: Path, text: str) -> None:
        written.append(text)
        begun.set()
        assert hangs.wait(10)

    board, drawn = ViewFiles(tmp_path / "v", Whose("0", "paper", "p", 1.0), every=0, write=slow), []

    def draw(number: int) -> Callable[[], Picture]:
        def drawing() -> Picture:
            drawn.append(number)
            return picture

        return drawing

    board.put(draw(0))
    assert begun.wait(10)
    for number in range(1, 100):
        board.put(draw(number))
    hangs.set()
    board.close()

    assert drawn == [0, 99]
    assert len(written) >= 2


def test_what_would_be_too_long_loses_far_strikes_first() -> None:
    rows = [{"strike": 5000 + number, "call": 1.25, "put": 1.25, "net": 2.5} for number in range(3000)]
    document = {"exposure": {"by_strike": rows, "net": 1}, "holdings": []}
    text = bounded(document)

    assert len(text.encode()) <= LARGEST
    assert any(row["strike"] == 6500 for row in json.loads(text)["exposure"]["by_strike"])


def test_a_torn_or_missing_view_is_none(tmp_path: Path) -> None:
    (tmp_path / "now.json").write_text('{"at": ')

    assert read_now(tmp_path) is None
    assert read_now(tmp_path / "nowhere") is None
