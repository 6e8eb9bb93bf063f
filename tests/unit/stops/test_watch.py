"""What a position's watch remembers, cycle by cycle. Section 5.1."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from builders import a_mark, a_plan, a_position, a_put_spread, a_session, at
from gammacore.domain.holdings.holding import Origin, SoldSpread
from gammacore.domain.holdings.plans import SpreadWatch
from gammacore.domain.holdings.policy import stop_policy
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.spreads import SpreadMark
from gammacore.domain.stops.rules import is_stable, stale_alarm, update_watch
from gammacore.domain.words import StrategyTag

STANDARD = stop_policy("standard")
SPX = REGISTRY["SPX"]


def watched(
    position: SoldSpread, mark: SpreadMark | None, time: str = "10:30", vix: str | None = "16", underlying: str = "SPX"
) -> SpreadWatch:
    return update_watch(
        STANDARD, position, mark, at(time), a_session(), None if vix is None else Decimal(vix), REGISTRY[underlying]
    )


def remembering(**remembered: object) -> SoldSpread:
    return a_position(watch=evolve(SpreadWatch(), **remembered))  # type: ignore[arg-type]  # fields by name


def test_the_best_profit_only_grows() -> None:
    """CS-506."""
    first = watched(a_position(), a_mark("2.60"))
    better = watched(a_position(watch=first), a_mark("2.00"))
    worse = watched(a_position(watch=better), a_mark("2.25"))

    assert [w.best_profit for w in (first, better, worse)] == [Decimal("-0.04"), Decimal("0.20"), Decimal("0.20")]


def test_a_cycle_that_changes_nothing_returns_the_same_watch() -> None:
    before = watched(a_position(), a_mark("2.50"))

    assert watched(a_position(watch=before), a_mark("2.50"), "10:30:03") is before


@pytest.mark.parametrize(("mid", "armed"), [("1.76", False), ("1.75", True), ("1.00", True)])
def test_trailing_arms_at_the_trigger(mid: str, armed: bool) -> None:
    """CS-508: profit of exactly .30 arms."""
    assert watched(a_position(), a_mark(mid)).trailing_armed is armed


def test_trailing_stays_armed_for_good() -> None:
    """CS-508."""
    assert watched(remembering(trailing_armed=True), a_mark("3.00")).trailing_armed


@pytest.mark.parametrize(
    ("underlying", "mid", "moved"),
    [
        ("SPX", "2.04", False),
        ("SPX", "2.05", True),  # 0.05 off is no longer less than 0.05
        ("SPX", "1.95", True),
        ("NDX", "2.29", False),
        ("NDX", "2.30", True),  # s = 6
        ("SPY", "2.00", False),
        ("SPY", "2.01", True),
    ],
)
def test_a_mid_as_far_off_as_the_band_becomes_the_new_anchor(underlying: str, mid: str, moved: bool) -> None:
    """CS-509."""
    position = remembering(anchor=Decimal("2.00"), anchor_at=at("10:29"))

    watch = watched(position, a_mark(mid), underlying=underlying)

    expected = (Decimal(mid), at("10:30")) if moved else (Decimal("2.00"), at("10:29"))
    assert (watch.anchor, watch.anchor_at) == expected


def test_a_slow_drift_leaves_the_anchor_behind() -> None:
    """CS-509: distances are from the anchor, not from the last mid."""
    watch = watched(a_position(), a_mark("2.00"), "10:30:00")
    watch = watched(a_position(watch=watch), a_mark("2.03"), "10:30:03")
    assert watch.anchor == Decimal("2.00")

    watch = watched(a_position(watch=watch), a_mark("2.06"), "10:30:06")

    assert (watch.anchor, watch.anchor_at) == (Decimal("2.06"), at("10:30:06"))


@pytest.mark.parametrize(("time", "stable"), [("10:30:09.999999", False), ("10:30:10", True)])
def test_a_quote_is_stable_after_ten_seconds(time: str, stable: bool) -> None:
    """CS-509."""
    assert is_stable(STANDARD, SpreadWatch(anchor=Decimal(2), anchor_at=at("10:30")), at(time)) is stable


def test_a_quote_never_seen_is_not_stable() -> None:
    assert not is_stable(STANDARD, SpreadWatch(), at("10:30"))


@pytest.mark.parametrize(
    ("mid", "vix", "time", "price", "held"),
    [
        ("0.50", "16.99", "15:00", "6888", True),  # every figure at its limit
        ("0.51", "16.99", "15:00", "6888", False),
        ("0.50", "17", "15:00", "6888", False),
        ("0.50", None, "15:00", "6888", False),  # unknown VIX never holds
        ("0.50", "16.99", "15:00:00.000001", "6888", False),
        ("0.50", "16.99", "15:00", "6887.99", False),
    ],
)
def test_hold_needs_profit_calm_time_and_distance(mid: str, vix: str | None, time: str, price: str, held: bool) -> None:
    """CS-510: short 6880, so 6888 is 8 points."""
    assert watched(a_position(a_plan(price=price)), a_mark(mid), time, vix).hold is held


def test_the_hold_distance_scales_with_k() -> None:
    """CS-510: 8k is 40 points on NDX."""
    spread = a_put_spread(21400, 21370, "NDX")

    def held(price: str) -> bool:
        return watched(a_position(a_plan(spread, price=price)), a_mark("0.10"), underlying="NDX").hold

    assert (held("21439"), held("21440")) == (False, True)


def test_a_position_that_would_be_assigned_is_never_held() -> None:
    """CS-510: physically settled."""
    plan = a_plan(a_put_spread(600, 598, "SPY"), price="640", credit="0.40")

    assert not watched(a_position(plan), a_mark("0.01"), underlying="SPY").hold


def test_hold_is_sticky() -> None:
    """CS-510."""
    assert watched(remembering(hold=True), a_mark("2.40"), "15:59", vix=None).hold


def test_an_unusable_mark_only_counts() -> None:
    """CS-504, CS-505."""
    before = watched(a_position(), a_mark("2.00"))

    after = watched(a_position(watch=before), None, "10:31")

    assert after == evolve(before, stale_cycles=1)
    assert watched(a_position(watch=after), None, "10:32").stale_cycles == 2


def test_a_usable_mark_ends_the_count() -> None:
    """CS-505: consecutive cycles."""
    assert watched(remembering(stale_cycles=19), a_mark("2.00")).stale_cycles == 0


def test_the_stale_alarm_is_due_every_twenty_cycles() -> None:
    """CS-505."""
    due = [count for count in range(61) if stale_alarm(STANDARD, SpreadWatch(stale_cycles=count))]

    assert due == [20, 40, 60]


@pytest.mark.parametrize("credit", ["0", "-0.10", "NaN", "Infinity"])
def test_a_bad_credit_leaves_the_watch_alone(credit: str) -> None:
    """CS-502."""
    position = a_position(credit=credit)

    assert position.has_bad_credit
    assert watched(position, a_mark("1.00")) is position.watch
    assert watched(position, None) is position.watch


@pytest.mark.parametrize(("mid", "armed"), [("0.31", False), ("0.30", True)])
def test_lock_in_arms_at_half_the_credit(mid: str, armed: bool) -> None:
    """CS-552."""
    assert watched(an_otm_position(), a_mark(mid)).lock_in_armed is armed


def test_lock_in_is_sticky_and_knows_no_trailing_and_no_hold() -> None:
    """CS-551, CS-552."""
    armed = watched(an_otm_position(), a_mark("0.05"))
    after = watched(evolve(an_otm_position(), watch=armed), a_mark("0.55"))

    assert after.lock_in_armed
    assert not armed.trailing_armed
    assert not armed.hold


def an_otm_position() -> SoldSpread:
    return a_position(a_plan(strategy=StrategyTag.OTM_SINGLE_SIDED, credit="0.60"))


def seen_at(time: str, price: str | None, position: SoldSpread | None = None, mark: str | None = "2.50") -> SpreadWatch:
    """The watch of a position filled at 10:00, the underlying seen at `price`."""
    return update_watch(
        STANDARD, position or a_position(), None if mark is None else a_mark(mark), at(time), a_session(), Decimal(16),
        SPX, None if price is None else Decimal(price),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("time", "price", "distance"),
    [("10:00:03", "6889.5", "9.5"), ("10:01", "6887", "7"), ("10:01:01", "6887", "20"), ("10:00:03", None, "20")],
)
def test_the_distance_is_taken_at_the_fill(time: str, price: str | None, distance: str) -> None:
    """CS-415: decided at 6900, short 6880, filled minutes later somewhere else; a price a minute late is none."""
    assert a_position(watch=seen_at(time, price)).entry_distance == Decimal(distance)


def test_the_price_at_the_fill_is_written_down_once_and_without_quotes_too() -> None:
    first = seen_at("10:00:03", "6889", mark=None)

    assert seen_at("10:00:06", "6895", a_position(watch=first)).price_at_fill == first.price_at_fill == Decimal(6889)


def test_an_adopted_position_has_no_price_at_the_fill() -> None:
    """CS-575: its distance is 0, so that it is never held."""
    assert seen_at("10:00:03", "6889", evolve(a_position(), origin=Origin.IMPORTED)).price_at_fill is None


@pytest.mark.parametrize(("at_fill", "held"), [("6888", True), ("6887.99", False)])
def test_what_was_filled_too_near_is_not_held(at_fill: str, held: bool) -> None:
    """CS-415, CS-510: 20 points out when it was decided, 8 or less when it was filled."""
    position = a_position(watch=seen_at("10:00:10", at_fill))

    assert watched(position, a_mark("0.50")).hold is held
