"""VIX spike, realised volatility, trend and expected move: edges, scaling, and what happens without bars."""

from decimal import Decimal
from itertools import repeat

import pytest

from builders_history import a_bar, a_history, bars_until
from gammacore.domain.entries.trend import TrendMove, TrendStrength
from gammacore.domain.entries.volatility import ExpectedMove, RealizedVolatility, VixSpike
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.market_history import MarketHistory
from gammacore.domain.verdicts import Outcome, Verdict
from gammacore.errors import InvalidInput

SPX = REGISTRY["SPX"]


def assert_open(verdict: Verdict, reason: str) -> None:
    """Missing, and the policy is open: it passes and is counted."""
    assert (verdict.outcome, verdict.reason, verdict.passed) == (Outcome.UNKNOWN, reason, True)


@pytest.mark.parametrize(("vix", "reason"), [("15.75", None), ("15.7501", "vix_spike"), ("15", None), ("9", None)])
def test_vix_may_rise_five_percent(vix: str, reason: str | None) -> None:
    """CS-314: inclusive; a fall is no spike."""
    history = a_history(vix=bars_until("10:30", ["14", "15"]))

    assert VixSpike().judge(Decimal(vix), history).reason == reason


def test_the_spike_says_what_it_compared() -> None:
    """CS-366."""
    history = a_history(vix=bars_until("10:30", ["15"]))

    assert str(VixSpike().judge(Decimal("16.2"), history)) == "skip vix_spike: VIX 16.2 is +8.0% from 15 > +5.0%"


def test_a_spike_is_measured_from_the_last_complete_bar() -> None:
    """CS-314: the bar still being made is not a close."""
    history = a_history("10:32", vix=bars_until("10:35", ["15", "20"]))

    assert VixSpike().judge(Decimal("16"), history).reason == "vix_spike"


def test_without_vix_or_its_bars_the_spike_is_unknown_and_passes() -> None:
    """CS-314: open."""
    assert_open(VixSpike().judge(Decimal(15), a_history()), "vix_spike_unknown")
    assert_open(VixSpike().judge(None, a_history(vix=bars_until("10:30", ["15"]))), "vix_spike_unknown")


def ranges(earlier: int, recent: str, count: int = 6) -> MarketHistory:
    """`earlier` bars 2 points wide, then `count` as wide as given."""
    quiet = bars_until("10:00", list(repeat(6900, earlier)), width="2")
    wild = bars_until("10:30", list(repeat(6900, count)), width=recent)
    inside = [*quiet[-6:], *wild]
    yesterday = [
        a_bar(
            f"{10 + number // 12}:{number % 12 * 5:02}",
            "6900",
            high="6902",
            date=a_history().session.date.replace(day=2),
        )
        for number in range(earlier - 6)
    ]
    return a_history(five=[*yesterday, *inside])


@pytest.mark.parametrize(("recent", "reason"), [("5", None), ("5.01", "realized_volatility"), ("0", None)])
def test_the_newest_six_bars_are_held_against_all_before(recent: str, reason: str | None) -> None:
    """CS-315: at most 2.5 times, inclusive."""
    assert RealizedVolatility().judge(ranges(20, recent)).reason == reason


def test_twenty_earlier_bars_are_needed() -> None:
    """CS-315: open."""
    assert_open(RealizedVolatility().judge(ranges(19, "9")), "realized_volatility_unknown")
    assert_open(RealizedVolatility().judge(a_history()), "realized_volatility_unknown")


def test_any_range_after_none_at_all_is_too_much() -> None:
    """CS-315 without a division: earlier bars that never moved."""
    still = RealizedVolatility(least_earlier_bars=2, recent_bars=1)
    flat, moved = bars_until("10:25", [6900, 6900]), bars_until("10:30", [6900], width="0.01")

    assert still.judge(a_history(five=[*flat, *moved])).reason == "realized_volatility"
    assert still.judge(a_history(five=bars_until("10:30", [6900, 6900, 6900]))).reason is None


def test_a_strong_trend_is_skipped() -> None:
    """CS-316."""
    rising = a_history("13:00", five=bars_until("13:00", range(6900, 6940), width="1.5"))

    verdict = TrendStrength().judge(rising)

    assert str(verdict) == "skip adx: ADX(14) 100.00 > 25"


def test_a_market_without_direction_passes() -> None:
    """CS-316."""
    swinging = a_history("13:00", five=bars_until("13:00", [6900 + number % 2 for number in range(40)], width="1.5"))

    assert TrendStrength().judge(swinging).outcome is Outcome.PASS


def test_the_strongest_adx_is_inclusive() -> None:
    """CS-316: <= 25."""
    rising = a_history("13:00", five=bars_until("13:00", range(6900, 6940), width="1.5"))

    assert TrendStrength(strongest=100.0).judge(rising).passed


@pytest.mark.parametrize(("bars", "known"), [(27, False), (28, True)])
def test_adx_needs_28_bars_or_is_unknown_and_passes(bars: int, known: bool) -> None:
    """CS-316, CS-355: open."""
    verdict = TrendStrength().judge(a_history("13:00", five=bars_until("13:00", range(6900, 6900 + bars), width="2")))

    assert (verdict.reason == "adx") is known
    if not known:
        assert_open(verdict, "adx_unknown")


@pytest.mark.parametrize(
    ("symbol", "move", "reason"),
    [
        ("SPX", "10", None), ("SPX", "10.01", "trend_move"), ("SPX", "-10.01", "trend_move"), ("SPX", "-10", None),
        ("NDX", "50", None), ("NDX", "50.01", "trend_move"),
        ("SPY", "1", None), ("SPY", "1.01", "trend_move"),
        ("IWM", "0.33", None), ("IWM", "0.34", "trend_move"),
    ],
)  # fmt: skip
def test_half_an_hour_may_move_10k_points(symbol: str, move: str, reason: str | None) -> None:
    """CS-317: inclusive, either way, × k (IWM 10/30 = 0.333)."""
    history = a_history(five=[a_bar("09:55", "6900"), a_bar("10:25", "6950")])

    assert TrendMove().judge(6900 + Decimal(move), history, REGISTRY[symbol]).reason == reason


def test_without_the_bar_of_then_the_move_is_unknown_and_passes() -> None:
    """CS-317: open; a snapshot now and one then are not bars."""
    late = a_history(five=[a_bar("10:00", "6900"), a_bar("10:25", "6900")])

    assert_open(TrendMove().judge(Decimal(6999), late, SPX), "trend_move_unknown")
    assert_open(TrendMove().judge(Decimal(6999), a_history(), SPX), "trend_move_unknown")
    assert_open(TrendMove().judge(None, late, SPX), "trend_move_unknown")


def test_the_move_is_counted_in_whole_bars() -> None:
    with pytest.raises(InvalidInput, match="multiple of 5"):
        TrendMove(minutes=32)


@pytest.mark.parametrize(
    ("symbol", "price", "vix", "text"),
    [
        ("SPX", "6950", "13", "31.6 points in 2 h >= 10"),
        ("NDX", "21500", "13", "97.7 points in 2 h >= 60"),
        ("SPY", "690", "13", "3.1 points in 2 h >= 2"),
        ("IWM", "220", "13", "1.0 points in 2 h >= 0.6667"),
        ("QQQ", "520", "13", "2.4 points in 2 h >= 1.667"),
        ("RUT", "2200", "13", "10.0 points in 2 h >= 6.667"),
    ],
)
def test_two_hours_must_be_expected_to_move_enough(symbol: str, price: str, vix: str, text: str) -> None:
    """CS-318: 10 × min(s, 2k) points."""
    assert str(ExpectedMove().judge(Decimal(price), Decimal(vix), REGISTRY[symbol])) == f"pass: {text}"


@pytest.mark.parametrize(("vix", "reason"), [("4.117", "expected_move"), ("4.118", None)])
def test_a_market_expected_to_stand_still_pays_nothing(vix: str, reason: str | None) -> None:
    """CS-318: SPX 6950 needs 10 points: VIX 1000/(6950 × sqrt(2/1638)) = 4.1177."""
    assert ExpectedMove().judge(Decimal(6950), Decimal(vix), SPX).reason == reason


def test_the_least_move_is_inclusive() -> None:
    """CS-318: hours such that the root is exact: 2.5 % × 1/2 of 800 points are 10."""
    quarter = ExpectedMove(hours=252 * 6.5 / 4)

    assert quarter.judge(Decimal(800), Decimal("2.5"), SPX).passed


@pytest.mark.parametrize(("price", "vix"), [(None, Decimal(15)), (Decimal(6950), None)])
def test_without_price_or_vix_the_expected_move_forbids(price: Decimal | None, vix: Decimal | None) -> None:
    """CS-318: closed."""
    verdict = ExpectedMove().judge(price, vix, SPX)

    assert (verdict.outcome, verdict.reason, verdict.passed) == (Outcome.UNKNOWN, "expected_move_unknown", False)
