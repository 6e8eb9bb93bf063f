"""A killed and restarted day ends like the undisturbed one, though its stops depend on a memory nobody wrote down."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from gammacore.adapters.codec.records import encode
from gammacore.configuration import Configuration, Sourced, configure
from gammacore.domain.holding_events import WatchChanged
from gammacore.domain.holdings.plans import SpreadWatch
from gammacore.wiring import wire_day

STEP = 10
TOUCHY = {
    "market.date": "2026-08-19",
    "market.step_seconds": str(STEP),
    "sizing.starting_capital": "100000",
    "stops.gate.quote_error": "0.01",  # an ordinary simulated day is noise, so that the gate has something to do
    "stops.gate.range_share": "0.01",
    "stops.gate.range_floor": "0.01",
    "stops.gate.loud": "2.0",
    "stops.gate.seconds": "3600",
    # the filters of the past would keep these days out of the market: here only the gate is of interest
    "entries.adx.strongest": "100",
    "entries.trend_move.points": "1000",
    "entries.gap.gap": "1",
    "entries.rsi.weakest": "0",
    "entries.rsi.strongest": "100",
    "entries.realized_volatility.ratio": "1000",
    "entries.vix_spike.rise": "10",
    "entries.momentum.five_minutes": "1000",
    "entries.momentum.one_minute": "1000",
    "entries.momentum.against": "1000",
}


def a_day(seed: int) -> Configuration:
    figures = {**TOUCHY, "market.seed": str(seed)}
    return configure([{key: Sourced(value, "test") for key, value in figures.items()}])


class Killed(Exception):
    """The process is gone."""


def run(configuration: Configuration, ledger: Path, on_cycle: Callable[[dt.datetime], None] | None = None) -> None:
    day = wire_day(configuration, ledger)
    try:
        day.trade(on_cycle)
    finally:
        day.close()


def noise_log(configuration: Configuration, ledger: Path) -> list[str]:
    day = wire_day(configuration, ledger)
    try:
        return [encode(event) for event in day.storage.events()]
    finally:
        day.close()


def delays(configuration: Configuration, ledger: Path) -> list[dt.datetime]:
    day = wire_day(configuration, ledger)
    try:
        return [
            event.at
            for event in day.storage.events()
            if isinstance(event, WatchChanged)
            and isinstance(event.watch, SpreadWatch)
            and event.watch.suppressions.last == event.at
        ]
    finally:
        day.close()


@pytest.mark.parametrize("seed", [4, 8])
def test_a_day_killed_while_its_stops_wait_ends_like_the_undisturbed_one(seed: int, tmp_path: Path) -> None:
    """CS-541..543, R2: the filter is rebuilt by reliving the day, the counters are folded from the ledger."""
    configuration = a_day(seed)
    undisturbed = tmp_path / "undisturbed.db"
    run(configuration, undisturbed)
    waits = delays(configuration, undisturbed)
    assert len(waits) > 4, "the day says nothing of the gate"

    for number, fatal in enumerate(waits[:: max(1, len(waits) // 3)]):
        ledger = tmp_path / f"killed-{number}.db"

        def kill(now: dt.datetime, fatal: dt.datetime = fatal) -> None:
            if now >= fatal:
                raise Killed

        with pytest.raises(Killed):
            run(configuration, ledger, kill)
        run(configuration, ledger)

        assert noise_log(configuration, ledger) == noise_log(configuration, undisturbed)
