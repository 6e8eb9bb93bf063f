"""Exits found on columns are the loop's, field by field, for every key of the stops they know. Rule: ST-512."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import pytest
from attrs import evolve

from builders_sweep import MARCH, InlineExecutor, last_of, seeded, swept
from extent import WHOLE, many
from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.application.study.sweep import Path as SweepPath
from gammacore.application.study.sweep import PathsDiffer, first_difference
from gammacore.configuration import Configuration, configure
from gammacore.domain.study.column_replay import replay
from gammacore.domain.study.columns import NeedsLoop
from gammacore.domain.study.from_ledger import closed_trades
from gammacore.errors import ConfigurationError
from gammacore.wiring.study.columns import day_columns, is_on_columns, why_not_on_columns
from gammacore.wiring.study.days import study_day

FIXED = {"sizing.sizing": False}
WIDE = {"stops.stop": "0.39"}
CASES: dict[str, tuple[str, ...]] = {
    "stops.stop": ("0.05", "0.10", "0.20", "0.40"),
    "stops.emergency": ("0.39", "0.60"),
    "stops.fixed_target": ("0.10", "0.50", "0.95"),
    "stops.progressive_targets": ("0.9", "0.10,0.90"),
    "stops.medium_target": ("0.10", "0.90"),
    "stops.trailing_trigger": ("0.20", "0.90"),
    "stops.trailing_min": ("0.01", "0.50"),
    "stops.hold_profit": ("0.05", "0.50"),
    "stops.soft_close_minutes": ("7", "200", "333"),
    "stops.grace_seconds": ("0", "600"),
    "stops.settle_seconds": ("0", "7200"),
    "stops.lock_in_profit": ("0.10", "0.90"),
    "stops.volatility_stops": ("true",),
    "stops.time_weighted_targets": ("true",),
    "stops.stale_exit": ("close",),
    "stops.close_style": ("marketable",),
    "stops.hard_close_minutes": ("0", "30"),
}


def sessions(count: int) -> Sequence[dt.date]:
    dates = (MARCH + dt.timedelta(days=day) for day in range((last_of(count) - MARCH).days + 1))
    return [date for date in dates if NyseCalendar().session(date) is not None]


def assert_equal_on(date: dt.date, settings: Sequence[Configuration]) -> int:
    """Compare every setting on one day; how many trades were equal. A setting the columns do not know is passed by."""
    columns = day_columns(settings[0], date, [one.settings.stops for one in settings])
    equal = 0
    for one in settings:
        try:
            found = replay(columns, one.settings.stops)
        except NeedsLoop:
            continue
        by_loop = closed_trades([study_day(one, date).report])
        assert first_difference(found, by_loop) == ""
        equal += len(found)
    return equal


@pytest.mark.parametrize("key", CASES if WHOLE else ("stops.stop", "stops.fixed_target", "stops.soft_close_minutes"))
def test_columns_trade_as_the_loop_does(key: str) -> None:
    settings = [seeded(**{**FIXED, **WIDE, key: value}) for value in CASES[key]]

    equal = sum(assert_equal_on(date, settings) for date in sessions(many(2, 12)))

    assert equal


@pytest.mark.parametrize("date", ["2026-07-20", "2026-07-23", "2026-07-24", "2026-08-12", "2026-08-19"])
def test_columns_trade_recorded_days_as_the_loop_does(shared_data: Path, date: str) -> None:
    """Steps of five minutes, holes, deadlines between two snapshots, longs without a bid."""
    file = shared_data / "replay_spy_0dte" / f"SPY_{date}.csv.gz"
    base = {"market.source": f"csv:{file}", "market.underlying": "SPY", "market.vix": 16, **FIXED}
    values = ("7", "45", "201") if WHOLE else ("45",)
    settings = [configure([{**base, "stops.stop": "0.3", "stops.soft_close_minutes": value}]) for value in values]

    assert assert_equal_on(dt.date.fromisoformat(date), settings)


def test_every_key_of_the_stops_is_on_the_columns_or_is_said_not_to_be() -> None:
    assert is_on_columns("stops.unbid_seconds")
    assert not any(map(is_on_columns, ("stops.preset", "stops.gate.loud", "stops.noise_gate", "stops.advice.holds")))
    assert "decides more than exits" in why_not_on_columns(seeded().settings, ["entries.vix.floor"])
    assert "sizes" in why_not_on_columns(seeded().settings, ["stops.stop"])
    assert why_not_on_columns(seeded(**FIXED).settings, ["stops.stop"]) == ""


def test_a_key_the_columns_do_not_know_goes_through_the_loop_and_is_noted(tmp_path: Path) -> None:
    outcome = swept(tmp_path, "entries.setup.vix_ceiling=18,20", 1, executor=InlineExecutor())

    assert set(outcome.paths) == {"loop"}
    assert outcome.checked_against_loop == 0
    assert "entries.setup.vix_ceiling decides more than exits" in outcome.notes[0]


def test_columns_that_were_asked_for_and_cannot_be_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"--path columns: entries.setup.vix_ceiling decides more than exits"):
        swept(tmp_path, "entries.setup.vix_ceiling=18,20", 1, path=SweepPath.COLUMNS, executor=InlineExecutor())


def test_a_trade_that_differs_ends_the_sweep_and_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def a_dollar_too_much(columns, stops):  # type: ignore[no-untyped-def]
        return tuple(evolve(trade, gross=trade.gross + 1) for trade in replay(columns, stops))

    monkeypatch.setattr("gammacore.wiring.study.sweep_tasks.replay", a_dollar_too_much)

    with pytest.raises(PathsDiffer, match=r"2026-03-03 with stops.stop 0.10: .* trade SPX-20260303-1: gross 56"):
        swept(tmp_path, "stops.stop=0.10", 2, executor=InlineExecutor())
