"""Late condors, the second look at the price, momentum."""

from decimal import Decimal

import pytest

from builders_history import a_history, minute_bars
from gammacore.domain.entries.otm_single_sided import select_otm_single_sided
from gammacore.domain.entries.rechecks import JudgedSetup, LateCondor, Look, PriceRecheck
from gammacore.domain.entries.setup import break_wings, select_setup
from gammacore.domain.entries.trend import Momentum
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.market_history import MarketHistory
from gammacore.domain.verdicts import Outcome
from gammacore.domain.words import Direction, Setup, StrategyTag

SPX = REGISTRY["SPX"]


def a_setup(pin: str, price: str, symbol: str = "SPX", *, competing: bool = False) -> Setup:
    return select_setup(REGISTRY[symbol], Decimal(pin), Decimal(price), Decimal(16), competing=competing)


def late(pin: str, price: str, symbol: str = "SPX", *, minutes: float = 210, competing: bool = False) -> JudgedSetup:
    return LateCondor().judge(
        a_setup(pin, price, symbol, competing=competing), REGISTRY[symbol], Decimal(pin), Decimal(price), Decimal(16),
        minutes_since_open=minutes,
    )  # fmt: skip


@pytest.mark.parametrize(("minutes", "reason"), [(209.9, None), (210, "late_condor")])
def test_condors_are_late_from_210_minutes_on(minutes: float, reason: str | None) -> None:
    """CS-325: inclusive."""
    judged = late("6900", "6900", minutes=minutes)

    assert judged.verdict.reason == reason
    assert judged.setup == a_setup("6900", "6900")


@pytest.mark.parametrize(
    ("symbol", "pin", "price", "reason"),
    [
        ("SPX", "6900", "6903", "late_condor"), ("SPX", "6900", "6904", None), ("SPX", "6900", "6896", None),
        ("NDX", "21500", "21515", "late_condor"), ("NDX", "21500", "21516", None),
        ("SPY", "690", "690.3", "late_condor"), ("SPY", "690", "690.4", None),
        ("IWM", "220", "220.1", "late_condor"), ("IWM", "220", "220.2", None),
    ],
)  # fmt: skip
def test_a_late_condor_within_3k_of_the_pin_is_skipped(symbol: str, pin: str, price: str, reason: str | None) -> None:
    """CS-325: inclusive, × k."""
    assert late(pin, price, symbol).verdict.reason == reason


@pytest.mark.parametrize(
    ("price", "tag", "strikes"),
    [("6904", StrategyTag.CALL_SPREAD, [6915, 6925]), ("6896", StrategyTag.PUT_SPREAD, [6885, 6875])],
)
def test_a_late_condor_off_the_pin_leans_the_way_the_price_went(
    price: str, tag: StrategyTag, strikes: list[int]
) -> None:
    """CS-325: selected anew as if one increment further out (9 points: a vertical); the distance stays 4."""
    setup = late("6900", price).setup

    assert setup is not None
    assert (setup.tag, [int(leg.strike) for leg in setup.legs]) == (tag, strikes)
    assert abs(setup.distance) == 4


def test_on_ndx_one_increment_may_leave_a_condor() -> None:
    """CS-325 as written: 16 + 10 points are still within NDX's 30."""
    setup = late("21500", "21516", "NDX").setup

    assert setup is not None
    assert setup.tag is StrategyTag.IRON_CONDOR


def test_a_late_vertical_is_left_alone() -> None:
    """CS-325."""
    assert late("6900", "6912").setup == a_setup("6900", "6912")


def test_a_late_condor_between_competing_peaks_that_no_longer_fits_says_so() -> None:
    """CS-206 in CS-325: 14 + 5 points leave the short call one point out of the money."""
    judged = late("6900", "6914", competing=True)

    assert (judged.verdict.outcome, judged.verdict.reason) == (Outcome.SKIP, "competing_off_centre")


def recheck(first: Look, second: Look, symbol: str = "SPX") -> JudgedSetup:
    return PriceRecheck().judge(first, second, REGISTRY[symbol])


def a_look(pin: str | None, price: str, symbol: str = "SPX") -> Look:
    return Look(
        Decimal(price), None if pin is None else Decimal(pin), None if pin is None else a_setup(pin, price, symbol)
    )


@pytest.mark.parametrize(
    ("symbol", "pin", "before", "now", "drifted"),
    [
        ("SPX", "6900", "6920", "6924.99", False), ("SPX", "6900", "6920", "6925", True),
        ("SPX", "6900", "6920", "6915", True),
        ("NDX", "21500", "21600", "21624.99", False), ("NDX", "21500", "21600", "21625", True),
        ("SPY", "690", "692", "692.49", False), ("SPY", "690", "692", "692.5", True),
        ("IWM", "220", "221", "221.16", False), ("IWM", "220", "221", "221.17", True),
    ],
)  # fmt: skip
def test_a_drift_of_5k_points_adopts_the_strikes_of_now(
    symbol: str, pin: str, before: str, now: str, drifted: bool
) -> None:
    """CS-359: inclusive, × k; below it the first setup stands."""
    first, second = a_look(pin, before, symbol), a_look(pin, now, symbol)

    judged = recheck(first, second, symbol)

    assert judged.verdict.passed
    assert judged.setup == (second.setup if drifted else first.setup)


@pytest.mark.parametrize(("pin", "reason"), [("6905", None), ("6910", "price_moved"), ("6890", "price_moved")])
def test_a_pin_that_shifts_10k_ends_the_entry(pin: str, reason: str | None) -> None:
    """CS-359: inclusive."""
    assert recheck(a_look("6900", "6930"), a_look(pin, "6935")).verdict.reason == reason


@pytest.mark.parametrize(
    ("pin", "now"),
    [("6900", "6905"), ("6905", "6895"), (None, "6926"), ("6900", "6951")],
    ids=["now a condor", "now puts", "no pin", "too far"],
)
def test_another_trade_or_none_ends_the_entry(pin: str | None, now: str) -> None:
    """CS-359."""
    judged = recheck(a_look("6900", "6920"), a_look(pin, now))

    assert judged.verdict.reason == "price_moved"
    assert judged.setup is None


def test_without_a_second_price_nothing_is_sold() -> None:
    """CS-327: closed."""
    verdict = recheck(a_look("6900", "6920"), Look(None, None, None)).verdict

    assert (verdict.outcome, verdict.reason, verdict.passed) == (Outcome.UNKNOWN, "price_moved_unknown", False)


def otm_look(pin: str, price: str) -> Look:
    setup = select_otm_single_sided(
        a_setup(pin, price), SPX, Decimal(price), Decimal(16), minutes_since_open=60, hours_to_close=5.5
    ).setup
    return Look(Decimal(price), Decimal(pin), setup)


def test_an_otm_entry_only_keeps_its_direction() -> None:
    """CS-359: its pin may go where it likes on the same side."""
    assert recheck(otm_look("6800", "6900"), otm_look("6830", "6906")).verdict.passed
    assert recheck(otm_look("6800", "6900"), otm_look("7000", "6906")).verdict.reason == "price_moved"


def test_a_vertical_that_became_a_far_one_is_another_trade() -> None:
    """CS-359: same direction, another strategy."""
    assert recheck(a_look("6900", "6945"), otm_look("6900", "6951")).verdict.reason == "price_moved"


def test_broken_wings_are_the_same_strategy() -> None:
    """CS-359 and 2.1: a condor stays a condor."""
    first, second = a_look("6900", "6897"), a_look("6900", "6902")
    assert second.setup is not None
    broken = break_wings(second.setup, SPX, Decimal(6902), Decimal(16), gpi=0.9, magnitude=9e9).setup
    assert broken.tag is StrategyTag.BROKEN_WING_CONDOR

    assert recheck(first, Look(Decimal(6902), Decimal(6900), broken)).setup == broken


def last_minutes(five_ago: str, one_ago: str) -> MarketHistory:
    """1-minute bars until 10:30: where the price was five minutes ago and one minute ago."""
    return a_history(one=minute_bars("10:30", [five_ago, five_ago, five_ago, five_ago, one_ago, one_ago]))


@pytest.mark.parametrize(
    ("symbol", "five", "one", "direction", "reason"),
    [
        ("SPX", "10", "0", Direction.NEUTRAL, None), ("SPX", "10.01", "0", Direction.NEUTRAL, "momentum"),
        ("SPX", "-10.01", "0", Direction.NEUTRAL, "momentum"),
        ("SPX", "5", "5", Direction.NEUTRAL, None), ("SPX", "5", "5.01", Direction.NEUTRAL, "momentum"),
        ("SPX", "5", "-5.01", Direction.NEUTRAL, "momentum"),
        ("SPX", "-4", "0", Direction.BULLISH, None), ("SPX", "-4.01", "0", Direction.BULLISH, "momentum"),
        ("SPX", "4.01", "0", Direction.BULLISH, None), ("SPX", "0", "-4.01", Direction.BULLISH, "momentum"),
        ("SPX", "4", "4", Direction.BEARISH, None), ("SPX", "4.01", "0", Direction.BEARISH, "momentum"),
        ("SPX", "-9", "-5", Direction.BEARISH, None), ("SPX", "0", "4.01", Direction.BEARISH, "momentum"),
        ("NDX", "50", "25", Direction.NEUTRAL, None), ("NDX", "20", "20.01", Direction.BEARISH, "momentum"),
        ("SPY", "0.4", "0.4", Direction.BEARISH, None), ("SPY", "0.41", "0", Direction.BEARISH, "momentum"),
        ("IWM", "0.33", "0.16", Direction.NEUTRAL, None), ("IWM", "0.34", "0", Direction.NEUTRAL, "momentum"),
    ],
)  # fmt: skip
def test_price_must_not_run(symbol: str, five: str, one: str, direction: Direction, reason: str | None) -> None:
    """CS-333: 10, 5 and 4 against, inclusive, × k."""
    price = Decimal(6900)
    history = last_minutes(str(price - Decimal(five)), str(price - Decimal(one)))

    assert Momentum().judge(price, history, direction, REGISTRY[symbol]).reason == reason


def test_momentum_says_which_change_was_too_much() -> None:
    """CS-366."""
    verdict = Momentum().judge(Decimal(6900), last_minutes("6904.50", "6900"), Direction.BULLISH, SPX)

    assert str(verdict) == "skip momentum: -4.50 points in 5 min > 4 against BULLISH"


@pytest.mark.parametrize("price", ["6900", None])
def test_without_bars_or_price_momentum_is_unknown_and_passes(price: str | None) -> None:
    """CS-333: open."""
    verdict = Momentum().judge(None if price is None else Decimal(price), a_history(), Direction.BULLISH, SPX)

    assert (verdict.outcome, verdict.reason, verdict.passed) == (Outcome.UNKNOWN, "momentum_unknown", True)


def test_one_change_too_many_is_enough() -> None:
    """CS-333: a minute of 6 points is a no even when five minutes ago is not known."""
    history = a_history(one=minute_bars("10:30", ["6900", "6900"]))

    assert Momentum().judge(Decimal(6906), history, Direction.NEUTRAL, SPX).reason == "momentum"
    assert Momentum().judge(Decimal(6901), history, Direction.NEUTRAL, SPX).reason == "momentum_unknown"
