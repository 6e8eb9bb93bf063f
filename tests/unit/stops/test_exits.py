"""The exit rules at their edges, and the order they are asked in. Sections 5.2, 5.2b, 5.4."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import example, given
from hypothesis import strategies as st

from builders import a_condor, a_mark, a_plan, a_position, a_put_spread, a_session, at
from gammacore.domain.holdings.holding import SoldSpread
from gammacore.domain.holdings.plans import SpreadWatch
from gammacore.domain.holdings.policy import CloseStyle, StaleExit, StopPolicy, stop_policy
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.sessions import TradingSession
from gammacore.domain.spreads import SpreadMark
from gammacore.domain.stops.exits import GEX_RULES, OTM_RULES, is_breached, is_expired, judge_exit
from gammacore.domain.stops.rules import ExitReason, ExitVerdict, update_watch
from gammacore.domain.words import Confidence, StrategyTag

STANDARD = stop_policy("standard")


def verdict(
    mark: SpreadMark | None,
    time: str = "10:30",
    *,
    policy: StopPolicy = STANDARD,
    position: SoldSpread | None = None,
    watch: SpreadWatch | None = None,
    session: TradingSession | None = None,
    underlying: str = "SPX",
) -> ExitVerdict | None:
    position = position or a_position()
    return judge_exit(
        policy, position, watch or SpreadWatch(), mark, at(time), session or a_session(), REGISTRY[underlying]
    ).verdict


def reason(*args: object, **kwargs: object) -> str | None:
    spoken = verdict(*args, **kwargs)  # type: ignore[arg-type]  # the same arguments
    return None if spoken is None else str(spoken.reason)


ARMED = SpreadWatch(best_profit=Decimal("0.45"), trailing_armed=True)
HELD = SpreadWatch(best_profit=Decimal("0.85"), trailing_armed=True, hold=True)


# The order ------------------------------------------------------------------------------------------------------------


def test_the_rules_are_asked_in_the_order_of_the_table() -> None:
    """Section 5.2b (settlement is `is_expired`), CS-551."""
    assert [rule.__name__ for rule in GEX_RULES] == [
        "hard_close", "emergency_stop", "soft_close", "regular_stop", "profit_target", "trailing_stop", "stale_quotes",
    ]  # fmt: skip
    assert [rule.__name__ for rule in OTM_RULES] == [
        "hard_close_before_delivery", "emergency_stop", "soft_close_before_delivery", "lock_in_stop", "regular_stop",
        "stale_quotes",
    ]  # fmt: skip


def test_stops_are_tested_before_targets_on_the_same_bar() -> None:
    """Must not regress 24: wide quotes may show a mid at the target and a worst mark at the stop."""
    assert reason(a_mark("1.00", worst="2.75")) == "stop_loss"
    assert reason(a_mark("1.00", worst="2.74")) == "profit_target"


def test_the_first_rule_of_the_table_wins() -> None:
    """Section 5.2b: with everything true at once, taking away the winner shows the next."""
    everything = a_mark("2.00", worst="3.50")
    calm = a_mark("1.90", worst="2.00")

    assert reason(everything, "15:55", watch=ARMED) == "hard_close"
    assert reason(everything, "15:54:59", watch=ARMED) == "emergency_stop"
    assert reason(calm, "15:54:59", watch=ARMED) == "soft_close"
    assert reason(calm, "15:29:59", watch=ARMED) == "trailing_stop"
    assert reason(a_mark("0.50"), "15:29:59", watch=ARMED) == "profit_target"
    assert reason(a_mark("1.30"), "15:29:59", watch=ARMED) is None


# Settlement and time --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("close", "time", "expired"),
    [("16:00", "15:59:59.999999", False), ("16:00", "16:00", True), ("13:00", "13:00", True)],
)
def test_a_position_settles_from_the_last_trading_instant_on(close: str, time: str, expired: bool) -> None:
    """CS-521, CS-008."""
    assert is_expired(a_session(close), at(time)) is expired


@pytest.mark.parametrize(
    ("close", "time", "expected"),
    [
        ("16:00", "15:29:59", None),
        ("16:00", "15:30", "soft_close"),
        ("16:00", "15:54:59.999999", "soft_close"),
        ("16:00", "15:55", "hard_close"),
        ("13:00", "12:29:59", None),
        ("13:00", "12:30", "soft_close"),
        ("13:00", "12:55", "hard_close"),
    ],
)
@pytest.mark.parametrize("mark", [a_mark("2.40"), None], ids=["quoted", "no quotes"])
def test_time_exits_count_back_from_the_close_and_need_no_quotes(
    mark: SpreadMark | None, close: str, time: str, expected: str | None
) -> None:
    """CS-522, CS-524, CS-504."""
    assert reason(mark, time, session=a_session(close)) == expected


@pytest.mark.parametrize("time", ["15:30", "15:55", "15:59:59"])
def test_a_held_position_is_left_to_settle(time: str) -> None:
    """CS-522, CS-524, CS-526: hold blocks both time exits and the target."""
    assert reason(a_mark("0.10"), time, watch=HELD) is None


def test_a_held_position_still_trails_and_still_stops() -> None:
    """CS-523, CS-527: trailing acts holding or not, and so does the emergency stop."""
    assert reason(a_mark("0.62"), "15:40", watch=HELD) is None
    assert reason(a_mark("0.63"), "15:40", watch=HELD) == "trailing_stop"  # best .85, level .75
    assert reason(a_mark("3.50"), "15:40", watch=HELD) == "emergency_stop"


# Regular stop ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("preset", "worst", "expected"),
    [
        ("standard", "2.74", None),
        ("standard", "2.75", "stop_loss"),  # a loss of exactly 10 %
        ("head", "2.87", None),
        ("head", "2.88", "stop_loss"),  # 2.875, up to the cent
    ],
)
def test_the_regular_stop_acts_at_its_advertised_mark(preset: str, worst: str, expected: str | None) -> None:
    """CS-525, CS-511; the example of section 6."""
    assert reason(a_mark("2.50", worst=worst), policy=stop_policy(preset)) == expected


@pytest.mark.parametrize(
    ("preset", "time", "expected"),
    [
        ("standard", "10:00:59.999", None),
        ("standard", "10:01:00", "stop_loss"),
        ("swept", "10:02:59.999", None),
        ("swept", "10:03:00", "stop_loss"),
        ("head", "10:08:59.999", None),
        ("head", "10:09:00", "stop_loss"),
    ],
)
def test_the_regular_stop_sleeps_for_the_grace(preset: str, time: str, expected: str | None) -> None:
    """CS-525, CS-531."""
    assert reason(a_mark("2.50", worst="2.90"), time, policy=stop_policy(preset)) == expected


def test_an_armed_trailing_replaces_the_regular_stop() -> None:
    """CS-525: the worst mark is through the stop, the mid still above the trailing level."""
    assert reason(a_mark("1.40", worst="3.00"), watch=ARMED) is None


@given(st.integers(1, 2000), st.integers(0, 3000), st.sampled_from(["standard", "head"]))
@example(250, 275, "standard")
@example(250, 287, "head")
@example(250, 288, "head")
def test_the_advertised_stop_is_the_first_mark_that_triggers(credit: int, worst: int, preset: str) -> None:
    """CS-511, CS-512: what is printed is what acts, for every credit and mark in cents."""
    policy = evolve(stop_policy(preset), emergency=Decimal(10_000))
    received, closing = Decimal(credit) / 100, Decimal(worst) / 100
    position = a_position(credit=received)

    spoken = reason(a_mark(received, worst=closing), policy=policy, position=position)

    assert (spoken == "stop_loss") == (closing >= policy.advertised_stop(received))


@given(st.integers(1, 2000), st.integers(0, 3000))
def test_the_advertised_emergency_is_the_first_mark_that_triggers(credit: int, worst: int) -> None:
    """CS-511: emergency alike."""
    received, closing = Decimal(credit) / 100, Decimal(worst) / 100
    position = a_position(credit=received)

    spoken = reason(a_mark(received, worst=closing), position=position)

    assert (spoken == "emergency_stop") == (closing >= STANDARD.advertised_emergency(received))


# Emergency stop -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("worst", "expected"), [("3.49", "stop_loss"), ("3.50", "emergency_stop")])
def test_the_emergency_stop_acts_at_its_loss(worst: str, expected: str) -> None:
    """CS-523."""
    spoken = verdict(a_mark("2.50", worst=worst))

    assert spoken is not None
    assert spoken.reason == expected
    assert spoken.urgent is (expected == "emergency_stop")


def test_the_emergency_stop_acts_with_trailing_armed() -> None:
    """CS-523, 5.2b: an armed trailing once switched it off."""
    assert reason(a_mark("1.40", worst="3.50"), watch=ARMED) == "emergency_stop"


@pytest.mark.parametrize(("time", "expected"), [("10:00:59.999", None), ("10:01:00", "emergency_stop")])
def test_wide_quotes_straight_after_the_entry_do_not_stop(time: str, expected: str | None) -> None:
    """CS-523, must not regress 21."""
    assert reason(a_mark("2.50", best="1.50", worst="3.50"), time) == expected


@pytest.mark.parametrize(
    ("best", "worst", "expected"),
    [
        ("3.20", "3.71", "emergency_stop"),  # .51/3.455 = 14.8 %
        ("3.19", "3.71", None),  # .52/3.45 = 15.07 %
        ("3.145", "3.655", None),  # .51/3.40: exactly 15 %
        ("0.00", "3.50", None),
    ],
)
def test_marks_close_together_convince_at_once(best: str, worst: str, expected: str | None) -> None:
    """CS-523: nearer than 15 % of their mean, strictly, and both above 0."""
    assert reason(a_mark("3.40", best=best, worst=worst), "10:00:05") == expected


@pytest.mark.parametrize(("time", "expected"), [("10:00:29.999", None), ("10:00:30", "emergency_stop")])
def test_a_steady_mid_convinces(time: str, expected: str | None) -> None:
    """CS-523, CS-509."""
    watch = SpreadWatch(anchor=Decimal("2.60"), anchor_at=at("10:00:20"))

    assert reason(a_mark("2.60", best="1.50", worst="3.60"), time, watch=watch) == expected


@pytest.mark.parametrize(("worst", "expected"), [("3.74", None), ("3.75", "emergency_stop")])
def test_a_catastrophic_loss_convinces(worst: str, expected: str | None) -> None:
    """CS-523, must not regress 22: a loss of 50 % acts in the first second."""
    assert reason(a_mark("2.50", best="1.00", worst=worst), "10:00:01") == expected


# Profit target and trailing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("confidence", "time", "mid", "expected"),
    [
        (Confidence.HIGH, "10:00", "1.26", None),
        (Confidence.HIGH, "10:00", "1.25", "profit_target"),  # exactly 50 %
        (Confidence.HIGH, "10:30", "1.25", None),  # .525 now
        (Confidence.HIGH, "10:30", "1.18", "profit_target"),
        (Confidence.MEDIUM, "10:30", "1.01", None),
        (Confidence.MEDIUM, "10:30", "1.00", "profit_target"),
        (Confidence.MEDIUM, "12:30", "0.88", None),  # .65: 0.875
        (Confidence.MEDIUM, "12:30", "0.87", "profit_target"),
        (Confidence.HIGH, "14:30", "0.51", None),
        (Confidence.HIGH, "14:30", "0.50", "profit_target"),  # .80 from 4 h on
    ],
)
def test_the_target_acts_at_exactly_its_profit(
    confidence: Confidence, time: str, mid: str, expected: str | None
) -> None:
    """CS-526, CS-507, CS-004."""
    assert reason(a_mark(mid), time, position=a_position(a_plan(confidence=confidence))) == expected


def test_a_target_between_the_hours_is_exact() -> None:
    """CS-507: 20 minutes after the entry .51667; on 3.00 that is 1.45, which 28 digits of Decimal would miss."""
    position = a_position(a_plan(credit="3.00"))

    assert reason(a_mark("1.46"), "10:20", position=position) is None
    assert reason(a_mark("1.45"), "10:20", position=position) == "profit_target"


def test_time_weighted_targets_act_by_the_time_to_the_close() -> None:
    """CS-533."""
    policy = evolve(STANDARD, time_weighted_targets=True)

    assert reason(a_mark("1.50"), "14:00", policy=policy) is None
    assert reason(a_mark("1.50"), "14:00:01", policy=policy) == "profit_target"


@given(st.integers(1, 2000), st.integers(0, 2000), st.integers(0, 5 * 3600))
def test_the_advertised_target_is_the_highest_mid_that_triggers(credit: int, mid: int, seconds: int) -> None:
    """CS-512."""
    received, value = Decimal(credit) / 100, Decimal(mid) / 100
    position = a_position(credit=received)
    now = position.opened_at + dt.timedelta(seconds=seconds)
    advertised = STANDARD.advertised_target(received, Confidence.HIGH, Decimal(seconds) / 3600)

    spoken = judge_exit(
        STANDARD, position, SpreadWatch(), SpreadMark(value, value, Decimal(0)), now, a_session(), REGISTRY["SPX"]
    ).verdict

    assert (spoken is not None) == (value <= advertised)


@pytest.mark.parametrize(("mid", "expected"), [("1.62", None), ("1.63", "trailing_stop")])
def test_trailing_acts_at_its_level_or_below(mid: str, expected: str | None) -> None:
    """CS-527: best .45, level .35, so 1.625."""
    assert reason(a_mark(mid), watch=ARMED) == expected


def test_trailing_exactly_at_its_level_acts() -> None:
    """CS-527: best 1/3 of 3.00, level 1/3 - .10, so 2.30."""
    position = a_position(a_plan(credit="3.00"))
    watch = update_watch(STANDARD, position, a_mark("2.00"), at("10:10"), a_session(), None, REGISTRY["SPX"])

    assert watch.trailing_armed
    assert reason(a_mark("2.29"), position=position, watch=watch) is None
    assert reason(a_mark("2.30"), position=position, watch=watch) == "trailing_stop"


def test_trailing_not_armed_does_nothing() -> None:
    """CS-527."""
    assert reason(a_mark("2.40"), watch=SpreadWatch(best_profit=Decimal("0.29"))) is None


# Odd cases ------------------------------------------------------------------------------------------------------------


def test_without_a_mark_no_stop_and_no_target_is_decided() -> None:
    """CS-504."""
    assert reason(None, watch=ARMED) is None


@pytest.mark.parametrize("credit", ["0", "-1", "NaN"])
def test_a_bad_credit_leaves_only_time_exits(credit: str) -> None:
    """CS-502."""
    position = a_position(credit=credit)

    assert reason(a_mark("9.00"), "15:29:59", position=position) is None
    assert reason(a_mark("9.00"), "15:30", position=position) == "soft_close"
    assert reason(a_mark("9.00"), "15:55", position=position) == "hard_close"


@pytest.mark.parametrize(("cycles", "expected"), [(19, None), (20, "stale_quotes"), (21, None)])
def test_stale_quotes_close_at_market_where_the_policy_says_so(cycles: int, expected: str | None) -> None:
    """CS-505."""
    watch = SpreadWatch(stale_cycles=cycles)
    closing = evolve(STANDARD, stale_exit=StaleExit.CLOSE, close_style=CloseStyle.MARKETABLE)

    spoken = verdict(None, watch=watch, policy=closing)

    assert (spoken and spoken.reason) == expected
    assert spoken is None or spoken.limit is None
    assert reason(None, watch=watch) is None  # the default only alarms


def test_a_condor_is_stopped_on_the_sum_of_its_sides() -> None:
    """CS-503: one position, one mark."""
    position = a_position(a_plan(a_condor(), strategy=StrategyTag.IRON_CONDOR, credit="2.70"))

    assert reason(a_mark("2.90", worst="2.96"), position=position) is None
    assert reason(a_mark("2.90", worst="2.97"), position=position) == "stop_loss"


@pytest.mark.parametrize(("price", "breached"), [("6875", False), ("6874.99", True), ("6900", False)])
def test_a_short_is_breached_beyond_five_points(price: str, breached: bool) -> None:
    """CS-530: short put 6880."""
    assert is_breached(STANDARD, a_position(), Decimal(price), REGISTRY["SPX"]) is breached


# Numbers and orders ---------------------------------------------------------------------------------------------------


def test_a_verdict_carries_the_numbers_it_was_decided_on() -> None:
    """CS-512: the level journaled is the level advertised."""
    stop = verdict(a_mark("2.60", worst="2.80"))

    assert stop == ExitVerdict(
        ExitReason.STOP_LOSS, "2.80 to close against the stop 2.75 (10 %)", Decimal("2.80"), Decimal("2.75"),
        hold_from=Decimal(75),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("mark", "time", "watch", "limit"),
    [
        (a_mark("2.60", worst="2.81"), "10:30", SpreadWatch(), "2.85"),  # stop: up to the tick
        (a_mark("3.00", worst="3.52"), "10:30", SpreadWatch(), "3.55"),  # emergency
        (a_mark("1.10", worst="1.15"), "10:00", SpreadWatch(), "1.25"),  # target: the advertised 1.25
        (a_mark("1.00", worst="1.15"), "10:30", SpreadWatch(), "1.15"),  # .525: 1.18, down to the tick
        (a_mark("1.80", worst="1.87"), "10:30", ARMED, "1.90"),  # trailing
        (a_mark("0.02", worst="0.00"), "15:55", SpreadWatch(), "0.05"),  # a tick at least
        (None, "15:55", SpreadWatch(), None),  # no quotes: at market
    ],
)
def test_a_marketable_close_has_a_limit_on_the_tick(
    mark: SpreadMark | None, time: str, watch: SpreadWatch, limit: str | None
) -> None:
    """CS-405, CS-406, CS-416."""
    policy = evolve(STANDARD, close_style=CloseStyle.MARKETABLE)

    marketable, at_market = verdict(mark, time, watch=watch, policy=policy), verdict(mark, time, watch=watch)

    assert marketable is not None
    assert at_market is not None
    assert marketable.limit == (limit and Decimal(limit))
    assert at_market == evolve(marketable, limit=None)


def test_a_target_below_a_tick_is_one_tick() -> None:
    """CS-405."""
    policy = evolve(STANDARD, close_style=CloseStyle.MARKETABLE)

    target = verdict(a_mark("0.03"), "10:00", policy=policy, position=a_position(credit="0.08"))

    assert target is not None
    assert (target.level, target.limit) == (Decimal("0.04"), Decimal("0.05"))


# OTM positions --------------------------------------------------------------------------------------------------------

LOCKED = SpreadWatch(best_profit=Decimal("0.75"), lock_in_armed=True)


def an_otm_position(underlying: str = "SPX") -> SoldSpread:
    spread = a_put_spread(6800, 6780) if underlying == "SPX" else a_put_spread(600, 598, underlying)
    return a_position(a_plan(spread, strategy=StrategyTag.OTM_SINGLE_SIDED, credit="0.60"))


@pytest.mark.parametrize(
    ("mid", "expected"),
    [("0.05", None), ("0.18", None), ("0.30", None), ("0.31", "lock_in"), ("0.50", "lock_in")],
)
def test_lock_in_closes_when_less_than_half_is_left(mid: str, expected: str | None) -> None:
    """CS-552, CS-553: exactly .50 stays; from .70 fallen back, the lock-in rule acts."""
    assert reason(a_mark(mid), position=an_otm_position(), watch=LOCKED) == expected


def test_an_otm_position_has_no_target_and_no_time_close() -> None:
    """CS-551: it is meant to settle worthless."""
    assert reason(a_mark("0.01"), "15:59", position=an_otm_position(), watch=LOCKED) is None
    assert reason(a_mark("0.40"), "15:59", position=an_otm_position()) is None


@pytest.mark.parametrize(("time", "expected"), [("15:29:59", None), ("15:30", "soft_close"), ("15:55", "hard_close")])
def test_an_otm_position_that_would_be_assigned_is_closed_in_time(time: str, expected: str | None) -> None:
    """CS-551."""
    assert reason(a_mark("0.10"), time, position=an_otm_position("SPY"), watch=LOCKED, underlying="SPY") == expected


@pytest.mark.parametrize(
    ("time", "expected"),
    [("15:24:59", None), ("15:25", "soft_close"), ("15:50", "hard_close"), ("15:59", "hard_close")],
)
def test_an_otm_position_that_may_not_be_held_is_closed_in_time(time: str, expected: str | None) -> None:
    """CS-524, CS-551: where the broker acts before the close, nothing waits for settlement, cash or not."""
    policy = evolve(STANDARD, hold_hours=Decimal(24), soft_close_minutes=35, hard_close_minutes=10)

    assert reason(a_mark("0.10"), time, policy=policy, position=an_otm_position(), watch=LOCKED) == expected


def test_an_otm_position_is_stopped_until_lock_in_is_armed() -> None:
    """CS-551, CS-525."""
    through = a_mark("0.62", worst="0.66")
    locked_through = a_mark("0.28", worst="0.66")

    assert reason(through, position=an_otm_position()) == "stop_loss"
    assert reason(locked_through, position=an_otm_position(), watch=LOCKED) is None


def test_the_emergency_stop_comes_before_lock_in() -> None:
    """CS-551, CS-553."""
    assert reason(a_mark("0.70", worst="0.84"), position=an_otm_position(), watch=LOCKED) == "emergency_stop"
