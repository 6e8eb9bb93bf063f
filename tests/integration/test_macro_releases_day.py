"""A whole day of `trade --strategy delta-hedge` with the macro releases of its configuration. Rule: DH-454."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from builders_cli import at_home
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.domain.hedge_filter_events import RegimeNoted
from gammacore.domain.holding_events import HedgeDecided
from gammacore.domain.ledger import AlarmRaised, EntryJudged, Event, OrderIntended
from gammacore.domain.sessions import new_york_time
from gammacore_cli.main import run


def traded(folder: Path, monkeypatch: pytest.MonkeyPatch, date: str) -> list[Event]:
    """The ledger of the simulated day of a date; the table knows 3 March 2026 alone."""
    at_home(monkeypatch, folder)
    line = "CPI 2026-03-03 11:00 actual=3.4 expected=3.2 volatility=high bls.gov"
    Path("gammacore.toml").write_text(
        f'[market]\ndate = {date}\n[trade]\nstrategy = "delta-hedge"\n[releases]\non = true\nevents = ["{line}"]\n'
    )
    assert run(["trade", "--ledger", "day.sqlite", "--quiet", "--json"]) == 0
    storage = SqliteStorage(Path("day.sqlite"), read_only=True)
    try:
        return list(storage.events())
    finally:
        storage.close()


def test_a_release_widens_the_threshold_from_its_time_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events = traded(tmp_path, monkeypatch, "2026-03-03")
    macro = [event for event in events if isinstance(event, RegimeNoted) and event.subject == "macro"]
    hedges = [event for event in events if isinstance(event, HedgeDecided) and event.threshold]
    begun, ended = macro

    assert (new_york_time(begun.at), begun.after) == ("11:00:00 New York", "active Volatility_Event stop 1.5 size 0.75")
    assert (new_york_time(ended.at)[:5], ended.after) == ("15:01", "none")
    wide = {hedge.threshold for hedge in hedges if begun.at <= hedge.at < ended.at}
    calm = {hedge.threshold for hedge in hedges if not begun.at <= hedge.at < ended.at}
    assert wide <= {Decimal("0.1875"), Decimal("0.1250")}
    assert calm <= {Decimal("0.15"), Decimal("0.10")}
    assert wide


def test_a_day_outside_the_table_buys_nothing_and_raises_an_alarm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = traded(tmp_path, monkeypatch, "2026-03-04")

    assert {event.reason for event in events if isinstance(event, EntryJudged)} == {"releases_unknown"}
    assert not any(isinstance(event, OrderIntended) for event in events)
    alarms = [event for event in events if isinstance(event, AlarmRaised)]
    assert any(alarm.code == "dates_not_known" and "macro releases are not known" in alarm.detail for alarm in alarms)
