"""Size, target, stop and windows of ST0CKA as tables, without a market. Rules: SC-201..220, SC-231, SC-232."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest

from builders import DAY, a_session, at
from gammacore.domain.holdings.plans import EntryTerms
from gammacore.domain.instruments import Side
from gammacore.domain.scalping.smart_entry import SmartEntry, SmartRules
from gammacore.domain.scalping.st0cka import St0ckaRules, Unwind, entry_limit, is_stopped, target_price
from gammacore.domain.scalping.vwap import target_at_vwap
from gammacore.domain.sessions import NEW_YORK
from gammacore.domain.volatility import VolatilityRules
from gammacore.errors import InvalidInput

ONE = Decimal(1)


def size(volatility: float, rules: St0ckaRules | None = None, vix: str = "15") -> int:
    known = VolatilityRules(default_vol=volatility)
    state = known.state(None, Decimal(vix), at("10:00"), at("10:00"))
    return (rules or St0ckaRules()).size(state, known.low_vol_threshold, known.high_vol_threshold)


def target(volatility: float, rules: St0ckaRules | None = None, fees: str = "0") -> Decimal:
    return (rules or St0ckaRules()).target(volatility, 0.25, Decimal(fees))


@pytest.mark.parametrize(
    ("volatility", "shares"),
    [(0.05, 3), (0.10, 3), (0.1001, 2), (0.15, 2), (0.175, 2), (0.1751, 1), (0.20, 1), (0.25, 1), (0.30, 1)],
)
def test_size_by_volatility(volatility: float, shares: int) -> None:
    """SC-219."""
    assert size(volatility) == shares


@pytest.mark.parametrize(
    ("volatility", "dollars"),
    [(0.05, "0.010"), (0.10, "0.010"), (0.12, "0.012"), (0.15, "0.015"), (0.20, "0.020"), (0.25, "0.025"),
     (0.30, "0.030")],
)  # fmt: skip
def test_target_by_volatility(volatility: float, dollars: str) -> None:
    """SC-219."""
    assert target(volatility) == Decimal(dollars)


@pytest.mark.parametrize(("volatility", "dollars"), [(0.15, "0.010"), (0.20, "0.013333"), (0.25, "0.016667")])
def test_target_by_the_other_reference(volatility: float, dollars: str) -> None:
    """SC-219, and the option of SC-216."""
    other = St0ckaRules(reference_vol=Decimal("0.15"))
    assert target(volatility, other).quantize(Decimal("0.000001")) == Decimal(dollars)


def test_sizing_off_gives_one_share_and_a_cent_whatever_the_market_does() -> None:
    """SC-214, SC-216."""
    off = St0ckaRules(use_volatility_sizing=False)
    assert [(size(each, off), target(each, off)) for each in (0.05, 0.30)] == [(1, Decimal("0.01"))] * 2


def test_a_high_vix_forces_the_minimum_and_moves_no_target() -> None:
    """SC-110: 24.99 does not, 25 does."""
    assert [size(0.05, vix=each) for each in ("24.99", "25")] == [3, 1]


def test_other_sizes_lie_on_their_own_line() -> None:
    """SC-214."""
    ten = St0ckaRules(position_size_min=2, position_size_max=10)
    assert [size(each, ten) for each in (0.10, 0.1001, 0.175, 0.25)] == [10, 9, 6, 2]


def test_a_minimum_above_the_maximum_is_refused() -> None:
    with pytest.raises(InvalidInput, match="position_size_min"):
        St0ckaRules(position_size_min=4)


def test_the_target_may_stop_growing_and_may_cover_fees() -> None:
    """SC-216."""
    assert target(0.40, St0ckaRules(saturate_at_high=True)) == Decimal("0.025")
    assert target(0.25, fees="0.02") == Decimal("0.025")
    assert target(0.25, St0ckaRules(cover_fees=True), fees="0.02") == Decimal("0.045")
    both = St0ckaRules(cover_fees=True, use_volatility_sizing=False)
    assert target(0.25, both, fees="0.02") == Decimal("0.03")


@pytest.mark.parametrize(
    ("distance", "tick", "side", "limit"),
    [
        ("0.01", "0.01", Side.BUY, "590.01"),
        ("0.025", "0.01", Side.BUY, "590.03"),
        ("0.025", "0.005", Side.BUY, "590.025"),
        ("0.025", "0.01", Side.SELL, "589.97"),
    ],
)
def test_the_legal_limit_of_a_target(distance: str, tick: str, side: Side, limit: str) -> None:
    """SC-006, SC-220."""
    assert target_price(Decimal(590), Decimal(distance), side, Decimal(tick)) == Decimal(limit)


def test_an_entry_never_bids_below_the_ask_nor_off_the_tick() -> None:
    """SC-006, SC-204."""
    assert entry_limit(Decimal("590.00"), Decimal("590.01"), Side.BUY) == Decimal("590.01")
    assert entry_limit(Decimal("590.001"), Decimal("590.004"), Side.BUY) == Decimal("590.01")
    assert entry_limit(Decimal("590.001"), Decimal("590.004"), Side.SELL) == Decimal("590.00")


@pytest.mark.parametrize(
    ("out", "side", "is_hit"),
    [("589.01", Side.BUY, False), ("589.00", Side.BUY, True), ("590.99", Side.SELL, False), ("591", Side.SELL, True)],
)
def test_the_stop_is_hit_exactly_at_its_distance(out: str, side: Side, is_hit: bool) -> None:
    """SC-208."""
    assert is_stopped(Decimal(out), Decimal(590), ONE, side) is is_hit


def test_without_a_stop_nothing_is_hit_and_a_hundredth_is_at_risk() -> None:
    """SC-208, SC-605."""
    none = St0ckaRules(stop_per_share=None)
    assert none.stop(Decimal("0.01"), ONE) == 0
    assert not is_stopped(Decimal(1), Decimal(590), Decimal(0), Side.BUY)
    assert none.risk(Decimal(0), Decimal(590), 3) == Decimal("17.70")
    assert St0ckaRules().risk(ONE, Decimal(590), 3) == 3


def test_stop_and_smart_target_of_another_share_are_scaled() -> None:
    """SC-012, SC-208, SC-231: GOOG at 750.31 counts 1.250517 dollars for one of SPY."""
    scale = Decimal("1.250517")
    assert St0ckaRules().stop(Decimal("0.01"), scale) == scale
    smart = St0ckaRules(smart=SmartRules(SmartEntry.BARS))
    assert smart.smart.target(Decimal(500), scale) == Decimal("0.65") * scale
    assert smart.stop(Decimal(1), scale) == Decimal("1.5")


def test_what_was_fixed_holds_and_a_smart_target_is_a_part_of_what_was_paid() -> None:
    """SC-217, SC-231: the limit was 600, the fill 590."""
    rules, plain = St0ckaRules(), EntryTerms(ONE, target=Decimal("0.02"), stop=Decimal("0.5"))
    smart = EntryTerms(ONE, target=Decimal("0.78"), stop=Decimal("1.17"), signal="bars")
    paid = Decimal(590)

    assert rules.distances(plain, paid, ONE) == (Decimal("0.02"), Decimal("0.5"))
    assert rules.distances(smart, paid, ONE) == (Decimal("0.767"), Decimal("1.1505"))
    assert rules.distances(None, paid, ONE) == (Decimal("0.01"), ONE)
    switched = St0ckaRules(smart=SmartRules(SmartEntry.TICKS))
    assert switched.distances(None, paid, ONE) == (Decimal("0.767"), Decimal("1.1505"))


def test_a_target_at_vwap_is_on_the_tick_also_above_an_average_that_is_not() -> None:
    """SC-006, SC-224: 590.013333 and a tick is 590.023333, which no broker takes."""
    average = Decimal("590.013333")
    assert target_at_vwap(Fraction(589), average, Decimal("0.01")) == Decimal("590.03")
    assert target_at_vwap(Fraction(591), average, Decimal("0.01"), Side.SELL) == Decimal("590.00")


# -- windows ----------------------------------------------------------------------------------------------------------


def windows(rules: St0ckaRules, close: str = "16:00") -> list[str]:
    def clock(instant: dt.datetime) -> str:
        return f"{instant.astimezone(NEW_YORK):%H:%M}"

    return [
        f"{clock(each.buy_from)}-{clock(each.buy_until)} {clock(each.sell_from)}-{clock(each.sell_until)}"
        for each in rules.trips(a_session(close))
    ]


def test_the_windows_of_a_day() -> None:
    """SC-202."""
    assert windows(St0ckaRules()) == ["09:30-10:00 10:00-11:00"]
    assert windows(St0ckaRules(power_hour=True)) == ["09:30-10:00 10:00-11:00", "15:00-15:30 15:30-15:45"]
    assert windows(St0ckaRules(all_day=True)) == ["09:30-15:30 15:30-15:55"]


def test_the_windows_of_a_half_day_count_back_from_its_close() -> None:
    """SC-003, SC-213: morning times do not move."""
    rules = St0ckaRules(power_hour=True)
    assert windows(rules, "13:00") == ["09:30-10:00 10:00-11:00", "12:00-12:30 12:30-12:45"]
    assert windows(St0ckaRules(all_day=True), "13:00") == ["09:30-12:30 12:30-12:55"]


@pytest.mark.parametrize(
    ("time", "unwind", "is_even", "reason"),
    [
        ("09:59:59", Unwind.IMMEDIATE, True, None),
        ("10:00:00", Unwind.IMMEDIATE, False, "time_exit"),
        ("10:00:00", Unwind.PATIENT, True, None),
        ("10:54:59", Unwind.PATIENT, True, None),
        ("10:55:00", Unwind.PATIENT, True, "scratch_exit"),
        ("10:55:00", Unwind.PATIENT, False, None),
        ("10:58:59", Unwind.PATIENT, False, None),
        ("10:59:00", Unwind.PATIENT, False, "time_exit"),
        ("13:00:00", Unwind.PATIENT, True, "time_exit"),
    ],
)
def test_when_the_clock_ends_a_morning_position(time: str, unwind: Unwind, is_even: bool, reason: str | None) -> None:
    """SC-209, SC-210, SC-213."""
    rules = St0ckaRules(unwind=unwind)
    trip = rules.trip_of(at("09:45"), a_session())
    assert rules.time_exit(trip, at(time), is_even=is_even) == reason


def test_when_a_patient_unwind_ends_the_power_hour() -> None:
    """SC-210: from 15:40 and at 15:44; on a half day three hours before."""
    rules = St0ckaRules(power_hour=True, unwind=Unwind.PATIENT)
    for close, opened, leaves, sells in (
        ("16:00", "15:10", "15:40", "15:44"), ("13:00", "12:10", "12:40", "12:44")
    ):  # fmt: skip
        trip = rules.trip_of(at(opened), a_session(close))
        before = at(leaves) - dt.timedelta(seconds=1)
        assert rules.time_exit(trip, before, is_even=True) is None
        assert rules.time_exit(trip, at(leaves), is_even=True) == "scratch_exit"
        assert rules.time_exit(trip, at(sells), is_even=False) == "time_exit"


def test_a_position_of_no_window_is_closed_at_once() -> None:
    """SC-213."""
    rules = St0ckaRules()
    assert rules.trip_of(at("12:00"), a_session()) is None
    assert rules.time_exit(None, at("09:45"), is_even=True) == "time_exit"


def test_an_entry_sent_in_the_last_second_belongs_to_its_window() -> None:
    rules = St0ckaRules()
    assert rules.trip_of(at("10:00:05"), a_session()) == rules.trips(a_session())[0]


def test_the_next_entry_may_be_sent_from_the_open_or_after_its_wait() -> None:
    """SC-203, SC-229."""
    rules, session = St0ckaRules(power_hour=True), a_session()
    assert rules.slot(at("09:29:59"), session, []) is None
    assert rules.slot(at("09:40"), session, []) == at("09:30")
    assert rules.slot(at("09:40"), session, [at("09:31"), at("09:39:50")]) == at("09:40:20")
    assert rules.slot(at("15:00"), session, [at("09:31")]) == at("15:00")
    smart = St0ckaRules(smart=SmartRules(SmartEntry.BARS))
    assert smart.slot(at("09:40"), session, [at("09:39")]) == at("09:40")


def test_fewer_trades_a_day_with_smart_entry() -> None:
    """SC-233."""
    smart = SmartRules(SmartEntry.QUOTES)
    known = (St0ckaRules(), St0ckaRules(smart=smart), St0ckaRules(max_trades_per_day=4, smart=smart))
    assert [each.most_trades for each in known] == [20, 10, 4]


def test_shorts_need_a_bet_on_vwap() -> None:
    """SC-201, SC-224."""
    assert St0ckaRules(allow_short=True).sides == (Side.BUY,)
    assert DAY.isoformat() == "2026-01-05"
