"""Watching a spread look by look: what ends an entry, and that nothing waits."""

import datetime as dt
from decimal import Decimal

import pytest

from builders import a_mark, at
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.observation import Observation, ObservationRule
from gammacore.domain.verdicts import Outcome

SPX = REGISTRY["SPX"]
WATCH = ObservationRule(on=True)
BEGAN = at("10:00")
Seen = tuple[float, str, str, str]
"""Seconds since the begin, mid and worst mark, price of the underlying."""


def watched(*looks: Seen, rule: ObservationRule = WATCH) -> Observation:
    """A 10 wide spread for 2.50, looked at so."""
    seen = rule.begin(BEGAN, Decimal("2.50"), Decimal(10))
    for second, mid, worst, price in looks:
        seen = rule.look(seen, BEGAN + dt.timedelta(seconds=second), a_mark(mid, worst=worst), Decimal(price))
    return seen


def reason(seen: Observation | None, after: float = 90, symbol: str = "SPX") -> str | None:
    return WATCH.judge(seen, BEGAN + dt.timedelta(seconds=after), REGISTRY[symbol]).reason


QUIET: tuple[Seen, ...] = ((0, "2.50", "2.60", "6900"), (2, "2.50", "2.60", "6900"))


def test_off_by_default() -> None:
    """CS-334."""
    assert str(ObservationRule().judge(None, BEGAN, SPX)) == "pass: off"


@pytest.mark.parametrize(("after", "expected"), [(89.9, "observation_unknown"), (90, None)])
def test_a_quiet_spread_passes_after_90_seconds(after: float, expected: str | None) -> None:
    """CS-361."""
    assert reason(watched(*QUIET), after) == expected
    assert WATCH.is_over(watched(*QUIET), BEGAN + dt.timedelta(seconds=after)) is (expected is None)


def test_what_was_not_watched_is_unknown_and_passes() -> None:
    """CS-334: open."""
    for seen in (None, watched(), watched(QUIET[0])):
        verdict = WATCH.judge(seen, BEGAN + dt.timedelta(seconds=90), SPX)
        assert (verdict.outcome, verdict.reason, verdict.passed) == (Outcome.UNKNOWN, "observation_unknown", True)


@pytest.mark.parametrize(("high", "expected"), [("4.00", None), ("4.01", "observation")])
def test_the_mid_may_range_15_percent_of_the_width(high: str, expected: str | None) -> None:
    """CS-361."""
    assert reason(watched((0, "2.50", "2.60", "6900"), (2, high, "3.00", "6900"))) == expected


@pytest.mark.parametrize(("worst", "expected"), [("3.49", None), ("3.50", "observation")])
def test_the_worst_mark_may_lose_less_than_40_percent(worst: str, expected: str | None) -> None:
    """CS-361: 1.4 × 2.50 = 3.50, inclusive."""
    assert reason(watched(QUIET[0], (2, "2.50", worst, "6900"))) == expected


@pytest.mark.parametrize(("turns", "expected"), [(5, None), (6, "observation")])
def test_the_mid_may_turn_five_times(turns: int, expected: str | None) -> None:
    """CS-361."""
    looks = [(2.0 * i, ("2.50", "2.60")[i % 2], "2.70", "6900") for i in range(turns + 2)]

    seen = watched(*looks)

    assert seen.turns == turns
    assert reason(seen) == expected


def test_standing_still_is_no_turn() -> None:
    """CS-361: up, still, up is one direction; up, still, down is one turn."""
    assert watched(*((2.0 * i, mid, "3", "6900") for i, mid in enumerate(("2", "2.1", "2.1", "2.2")))).turns == 0
    assert watched(*((2.0 * i, mid, "3", "6900") for i, mid in enumerate(("2", "2.1", "2.1", "2.0")))).turns == 1
    assert watched(*((2.0 * i, mid, "3", "6900") for i, mid in enumerate(("2.2", "2.1", "2.1", "2.0")))).turns == 0


@pytest.mark.parametrize(
    ("symbol", "price", "expected"),
    [("SPX", "6901", None), ("SPX", "6901.01", "observation"), ("SPX", "6898.99", "observation"),
     ("NDX", "6905", None), ("NDX", "6905.01", "observation"), ("SPY", "6900.1", None),
     ("SPY", "6900.11", "observation")],
)  # fmt: skip
def test_the_underlying_may_move_half_a_point_a_second(symbol: str, price: str, expected: str | None) -> None:
    """CS-361: × k, over the two seconds between looks."""
    assert reason(watched(QUIET[0], (2, "2.50", "2.60", price)), symbol=symbol) == expected


def test_a_spread_that_moved_too_much_is_a_no_at_once() -> None:
    """CS-361: there is nothing to wait for any more."""
    assert reason(watched(QUIET[0], (2, "2.50", "9", "6900")), after=4) == "observation"


def test_looks_nearer_than_two_seconds_are_passed_over() -> None:
    """CS-361: every 2 s, however fast the loop turns."""
    assert watched(QUIET[0], (1.9, "9", "9", "6990"), (2, "2.50", "2.60", "6900")) == watched(*QUIET)


def test_a_look_without_a_mark_adds_nothing() -> None:
    assert WATCH.look(watched(*QUIET), at("10:01"), None, Decimal(6990)) == watched(*QUIET)


def test_the_speed_survives_a_look_without_a_price() -> None:
    """The next price is held against the last known one, over all the time between."""
    seen = WATCH.look(watched(QUIET[0]), BEGAN + dt.timedelta(seconds=2), a_mark("2.50"), None)

    assert WATCH.look(seen, BEGAN + dt.timedelta(seconds=4), a_mark("2.50"), Decimal(6902)).speed == Decimal("0.5")
