"""A whole simulated day of each scalping mode through each broker's dialect is the day of the fake exchange. R13.

Fill by fill, judgement by judgement. Looked at every five or ten minutes, and every minute in `make sweep`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest

from builders_broker_day import CALENDAR, SESSION, Day, a_world, configuration
from builders_days_at_brokers import on_the_fake_exchange, over_the_wire
from counterparts.world import World
from extent import WHOLE, many
from gammacore.adapters.simulated.moods import Mood
from gammacore.adapters.simulated.shares import ShareModel
from gammacore.configuration import StrategyName
from gammacore.domain.ledger import Mode
from gammacore.wiring.looks import expiries_of
from gammacore.wiring.strategies import naming_its_underlying

Keys = Mapping[str, object]
STEPS = {mode: many(600, 60) for mode in StrategyName} | {StrategyName.GAMMA_SCALPING: many(300, 60)}
"""Seconds; both legs and the hedge of a straddle need three looks in the last quarter of an hour."""
CASH = Decimal(60_000)
SLOW: Keys = {
    "scalping.gamma.tree_steps": 20, "scalping.gamma.max_dte": many(50, 90),
    "scalping.gamma.straddle_order": "limit" if WHOLE else "market",
}  # fmt: skip
"""A straddle is priced at every look, and each expiry is a request then; a limit that rests from one look to the next
may not be reached before the close.
"""
DAYS: Mapping[StrategyName, tuple[Mood, int, Keys]] = {
    StrategyName.ST0CKA: (Mood.VOLATILE, 0, {"scalping.st0cka.all_day": True}),
    StrategyName.ST0CKG: (Mood.TRENDING, 0, {}),
    StrategyName.GAMMA_SCALPING: (Mood.GAPPING, 2, {}),
    StrategyName.HYBRID: (Mood.SPIKE, 0, {}),
}


def both_ways(broker: str, mode: StrategyName) -> tuple[Day, Day]:
    """The day of the fake exchange, and the day over the wire."""
    (mood, seed, more), step = DAYS[mode], STEPS[mode]
    silent = {"scalping.runner.feed_alarm": 3 * step}  # a feed that is polled so seldom is silent between its looks
    given = naming_its_underlying(configuration(broker, "SPY", mode, step, {**SLOW, **silent, **more}))

    def world() -> World:
        expiries = expiries_of(given.settings, SESSION, CALENDAR)
        there = a_world("SPY", seed, step, cash=CASH, mood=mood, shares=ShareModel(), expiries=expiries)
        there.settings["greeks"] = "none"  # of no use to a desk that prices by its own tree, and slow to make
        return there

    return on_the_fake_exchange(given, world(), Mode.PAPER), over_the_wire(given, world())


@pytest.mark.parametrize("mode", DAYS, ids=str)
@pytest.mark.parametrize("broker", ["tradier", "alpaca"])
def test_a_scalping_day_over_the_wire_is_the_day_of_the_fake_exchange(broker: str, mode: StrategyName) -> None:
    """SC-017, SC-206, SC-340, SC-417, SC-505."""
    expected, served = both_ways(broker, mode)

    assert served.fills == expected.fills
    assert served == expected
    assert len(expected.fills) > 1
    assert "not_flat" not in expected.alarms
