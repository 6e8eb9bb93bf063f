"""No two positions lean on the same strikes on the same side of the market. Rules: CS-344, CS-364."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from builders import DAY, a_call_spread, a_condor, a_plan, a_put_spread
from gammacore.domain.entries.desk_limits import StrikeConflicts
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.spreads import CreditSpread
from gammacore.domain.verdicts import Verdict
from gammacore.domain.words import StrategyTag

HELD = a_plan(a_put_spread(6880, 6870))
PUT, OTM = StrategyTag.PUT_SPREAD, StrategyTag.OTM_SINGLE_SIDED


def judged(spread: CreditSpread, *held: SpreadPlan, tag: StrategyTag = PUT) -> Verdict:
    return StrikeConflicts().judge(spread, tag, held or (HELD,), REGISTRY[spread.underlying])


@pytest.mark.parametrize(
    ("short", "long", "conflict"),
    [
        ("6880", "6870", "exact_strike_match"),  # the same again: a stale pin (must not regress 38)
        ("6890", "6880", "exact_strike_match"),  # touching ranges share a strike
        ("6870", "6860", "exact_strike_match"),
        ("6885", "6875", "overlap"),
        ("6875", "6865", "overlap"),
        ("6879", "6871", "overlap"),  # one inside the other
        ("6890", "6865", "overlap"),
        ("6895", "6885", "too_close"),
        ("6899.99", "6889.99", "too_close"),  # centres 19.99 apart
        ("6860.01", "6850.01", "too_close"),
        ("6900", "6890", None),  # 20 apart
        ("6860", "6850", None),
    ],
)
def test_the_same_right_needs_its_own_strikes_and_its_distance(short: str, long: str, conflict: str | None) -> None:
    """CS-364, same desk: centres nearer than 20k."""
    assert judged(a_put_spread(short, long)).reason == conflict


@pytest.mark.parametrize(
    ("short", "long", "conflict"),
    [("6865.01", "6855.01", "too_close"), ("6865", "6855", None), ("6870", "6860", "exact_strike_match")],
)
def test_between_the_two_desks_fifteen_points_are_enough(short: str, long: str, conflict: str | None) -> None:
    """CS-364: other strategy, 15k; a shared strike is one for both."""
    assert judged(a_put_spread(short, long), tag=OTM).reason == conflict
    assert judged(a_put_spread(short, long), a_plan(HELD.spread, strategy=OTM)).reason == conflict


def test_two_otm_positions_are_of_one_desk() -> None:
    assert judged(a_put_spread(6865, 6855), a_plan(HELD.spread, strategy=OTM), tag=OTM).reason == "too_close"


def test_all_setups_around_the_pin_are_of_one_desk() -> None:
    """Ours: a condor's put side and a put spread are the same strategy."""
    condor = a_condor(puts=(6865, 6855))

    assert judged(condor, tag=StrategyTag.IRON_CONDOR).reason == "too_close"


@pytest.mark.parametrize(("short", "long", "conflict"), [(21490, 21460, "too_close"), (21500, 21470, None)])
def test_distances_scale_with_the_index(short: int, long: int, conflict: str | None) -> None:
    """CS-364, CS-009: on NDX 100 points; centres 90 and 100 apart."""
    held = a_plan(a_put_spread(21400, 21370, "NDX"))

    assert judged(a_put_spread(short, long, "NDX"), held).reason == conflict


def test_the_other_right_never_conflicts() -> None:
    assert judged(a_call_spread(6870, 6880)).passed


def test_a_condor_tests_both_of_its_sides() -> None:
    calls = a_plan(a_call_spread(6980, 6990), position="p2")

    assert judged(a_condor((6980, 6990), (6800, 6790)), calls).value == "6980/6990C"
    assert judged(a_condor((7100, 7110), (6880, 6870)), HELD).value == "6880/6870P"
    assert judged(a_condor((7100, 7110), (6800, 6790)), calls, HELD).passed
    assert judged(a_call_spread(6980, 6990), a_plan(a_condor())).reason == "exact_strike_match"


def test_every_position_is_tested_and_the_one_in_the_way_is_named() -> None:
    far = a_plan(a_put_spread(6800, 6790), position="p0")

    assert str(judged(a_put_spread(6880, 6870), far, HELD)) == (
        "skip exact_strike_match: 6880/6870P with p1 6880/6870P"
    )  # fmt: skip


def test_other_underlyings_and_expiries_are_other_markets() -> None:
    tomorrow = DAY + dt.timedelta(days=1)

    assert judged(a_put_spread(6880, 6870, expiry=tomorrow)).passed
    assert judged(a_put_spread(6880, 6870, "NDX")).passed


def test_the_distances_are_figures_of_the_configuration() -> None:
    loose = StrikeConflicts(same_strategy_points=Decimal(0))

    assert loose.judge(a_put_spread(6895, 6885), PUT, (HELD,), REGISTRY["SPX"]).passed
