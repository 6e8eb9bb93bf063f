"""A whole simulated day through each broker's dialect gives the trades of the fake exchange, fill by fill. R13.

Looked at every five minutes, and every minute in `make sweep`.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from builders_broker_day import Day, a_world, configuration
from builders_days_at_brokers import on_the_fake_exchange, over_the_wire
from extent import many

Keys = Mapping[str, object]
STEP = many(300, 60)
PLAIN: Keys = {}
WALK: Keys = {
    "stops.preset": "walk", "orders.entry_life_seconds": 15 * STEP, "entries.minimum.vertical": "0.5",
    "entries.minimum.condor": "0.5",
}  # fmt: skip
"""Each step takes two looks; the minimum leaves room below the mid."""


def both_ways(broker: str, underlying: str, strategy: str, seed: int, more: Keys = PLAIN) -> tuple[Day, Day]:
    """The day of the fake exchange, and the day over the wire."""
    given = configuration(broker, underlying, strategy, STEP, more)
    reference, served = (a_world(underlying, seed, STEP) for _ in range(2))
    return on_the_fake_exchange(given, reference), over_the_wire(given, served)


@pytest.mark.parametrize(
    ("broker", "underlying", "strategy", "seed"),
    [
        ("tradier", "SPX", "credit-spread", 57),
        ("tradier", "SPY", "delta-hedge", 57),
        ("alpaca", "SPY", "credit-spread", 57),
        ("alpaca", "SPY", "delta-hedge", 57),
    ],
)
def test_a_day_over_the_wire_is_the_day_of_the_fake_exchange(
    broker: str, underlying: str, strategy: str, seed: int
) -> None:
    expected, served = both_ways(broker, underlying, strategy, seed)

    assert served.judged == expected.judged
    assert served.fills == expected.fills
    assert (served.gross, served.fees, served.balance) == (expected.gross, expected.fees, expected.balance)
    assert served.alarms == expected.alarms
    assert expected.fills
    assert expected.fees > 0


@pytest.mark.parametrize(("broker", "underlying"), [("tradier", "SPX"), ("alpaca", "SPY")])
def test_a_day_of_walked_entries_over_the_wire_is_the_day_of_the_fake_exchange(broker: str, underlying: str) -> None:
    """CS-421: the same prices asked one after the other, the same fills."""
    expected, found = both_ways(broker, underlying, "credit-spread", 57, WALK)

    assert found == expected
    assert expected.fills
    assert len(expected.asked) > len([reason for reason in expected.judged if reason is None])
