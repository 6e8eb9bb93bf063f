"""RSI, falling days, the gap, Fridays."""

import datetime as dt

import pytest

from builders_history import a_daily, a_history
from gammacore.domain.entries.schedule import FridayOff
from gammacore.domain.entries.trend import DownDays, OpeningGap, RelativeStrength
from gammacore.domain.market_history import MarketHistory
from gammacore.domain.verdicts import Outcome, Verdict
from gammacore.errors import InvalidInput


def assert_open(verdict: Verdict, reason: str) -> None:
    """Missing, and the policy is open: it passes and is counted."""
    assert (verdict.outcome, verdict.reason, verdict.passed) == (Outcome.UNKNOWN, reason, True)


def with_rsi(gained: int, lost: int) -> MarketHistory:
    """15 closes whose changes gain and lose so much in all: RSI = 100 × gained/(gained + lost)."""
    return a_history(daily=a_daily(*[10_000] * 12, 10_000 + gained, 10_000 + gained, 10_000 + gained - lost))


@pytest.mark.parametrize(
    ("gained", "lost", "reason"),
    [(40, 60, None), (3995, 6005, None), (3994, 6006, "rsi"),
     (80, 20, None), (8005, 1995, None), (8006, 1994, "rsi"), (1, 0, "rsi"), (0, 1, "rsi")],
    ids=["40", "39.95 is 40.0", "39.94 is 39.9", "80", "80.05 is 80.0", "80.06 is 80.1", "100", "0"],
)  # fmt: skip
def test_rsi_is_judged_as_rounded_to_one_decimal(gained: int, lost: int, reason: str | None) -> None:
    """CS-319: in [40, 80]; halves to even, so 39.95 reads 40.0 and 80.05 reads 80.0."""
    assert RelativeStrength().judge(with_rsi(gained, lost)).reason == reason


def test_rsi_names_its_symbol_and_limit() -> None:
    """CS-358, CS-366."""
    assert str(RelativeStrength().judge(with_rsi(1, 0))) == "skip rsi: RSI(14) 100.0 of SPY > 80"


def test_rsi_without_15_closes_is_unknown_and_passes() -> None:
    """CS-319, CS-357: open."""
    assert_open(RelativeStrength().judge(a_history(daily=a_daily(*range(100, 114)))), "rsi_unknown")
    assert_open(RelativeStrength().judge(a_history()), "rsi_unknown")


def test_rsi_limits_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(InvalidInput, match="weakest"):
        RelativeStrength(weakest=a_daily(81).closes[0])


@pytest.mark.parametrize(
    ("closes", "reason"),
    [
        ((90, 100, 99, 98, 97, 96, 95), None),
        ((90, 100, 99, 98, 97, 96, 95, 94), "down_days"),
        ((100, 99, 98, 97, 97, 96, 95, 94), None),
        ((95, 96), None),
    ],
    ids=["five", "six", "an equal close ends it", "rising"],
)
def test_five_lower_closes_in_a_row_are_the_most(closes: tuple[int, ...], reason: str | None) -> None:
    """CS-321."""
    verdict = DownDays().judge(a_history(daily=a_daily(*closes)))

    assert (verdict.outcome is Outcome.PASS, verdict.reason) == (reason is None, reason)


@pytest.mark.parametrize("closes", [(100,), (100, 99), (100, 99, 98, 97, 96, 95)])
def test_a_run_whose_begin_is_not_known_is_unknown_and_passes(closes: tuple[int, ...]) -> None:
    """CS-321: open; it may be longer than what is known of it."""
    assert_open(DownDays().judge(a_history(daily=a_daily(*closes))), "down_days_unknown")


def test_a_run_already_too_long_needs_no_begin() -> None:
    """CS-321."""
    assert DownDays().judge(a_history(daily=a_daily(*range(100, 93, -1)))).reason == "down_days"


def test_without_closes_the_run_is_unknown_and_passes() -> None:
    """CS-321: open."""
    assert_open(DownDays().judge(a_history()), "down_days_unknown")


@pytest.mark.parametrize(
    ("opened", "reason"),
    [("693.45", None), ("693.46", "gap"), ("686.55", None), ("686.54", "gap"), ("690", None)],
)
def test_the_open_may_gap_half_a_percent(opened: str, reason: str | None) -> None:
    """CS-322: 0.5 % of 690 is 3.45, inclusive, either way."""
    assert OpeningGap().judge(a_history(daily=a_daily("690", opened=opened))).reason == reason


def test_a_gap_says_whose_it_is() -> None:
    """CS-358."""
    verdict = OpeningGap().judge(a_history(daily=a_daily("690", opened="696.90")))

    assert str(verdict) == "skip gap: SPY opened +1.00% > 0.50%"


def test_without_open_or_closes_the_gap_is_unknown_and_passes() -> None:
    """CS-322: open."""
    assert_open(OpeningGap().judge(a_history(daily=a_daily("690"))), "gap_unknown")
    assert_open(OpeningGap().judge(a_history()), "gap_unknown")


@pytest.mark.parametrize(
    ("on", "live", "day", "reason"),
    [(False, True, 9, None), (True, True, 9, "friday"), (True, False, 9, None), (True, True, 8, None)],
    ids=["off", "a Friday", "not live", "a Thursday"],
)
def test_fridays_are_off_only_when_on_and_live(on: bool, live: bool, day: int, reason: str | None) -> None:
    """CS-320."""
    assert FridayOff(on=on).judge(dt.date(2026, 1, day), live=live).reason == reason
