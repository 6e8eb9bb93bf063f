"""Realised volatility, the desk's reading and its regimes. Rules: SC-101..111."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate

import pytest
from attrs import evolve

from builders import at
from builders_history import a_daily, a_history, minute_bars
from gammacore.domain.volatility import (
    Estimator,
    VolatilityReading,
    VolatilityRegime,
    VolatilityRules,
    VolatilitySource,
    VolatilityState,
    WantedSource,
    realised_vol,
    unbroken,
)
from gammacore.errors import InvalidInput

DAY_SECONDS, MINUTE = 86_400, 60
LOG_STEPS = [0.01, -0.01] * 10
LOG_CLOSES = [Decimal(100 * math.exp(total)) for total in accumulate(LOG_STEPS, initial=0.0)]
STEPPED = [Decimal(100)]
for factor in [Decimal("1.01"), Decimal("0.99")] * 10:
    STEPPED.append(STEPPED[-1] * factor)
RULES = VolatilityRules()
LOW, NORMAL, HIGH = VolatilityRegime


def measured(closes: Sequence[Decimal], seconds: int = DAY_SECONDS) -> float:
    value = realised_vol(closes, seconds)
    assert value is not None
    return value


@pytest.mark.parametrize(
    ("closes", "estimator", "expected"),
    [
        (LOG_CLOSES, Estimator.SAMPLE, 0.16286901),
        (STEPPED, Estimator.SAMPLE, 0.16287444),
        (STEPPED, Estimator.SOURCE, 0.15874508),  # simple returns of +-0.01, nothing lost
    ],
)
def test_the_vectors_of_sc_111_hold(closes: list[Decimal], estimator: Estimator, expected: float) -> None:
    assert realised_vol(closes, DAY_SECONDS, estimator=estimator) == pytest.approx(expected, abs=5e-9)


@pytest.mark.parametrize(("closes", "expected"), [(LOG_CLOSES, 0.15874508), (STEPPED, 0.15875037)])
def test_the_vectors_of_sc_111_without_a_degree_of_freedom_lost(closes: list[Decimal], expected: float) -> None:
    """20 log returns with divisor 20: the sample estimator's figure x sqrt(19 / 20)."""
    assert measured(closes) * math.sqrt(19 / 20) == pytest.approx(expected, abs=5e-9)


def test_a_minute_is_annualised_by_its_own_spacing() -> None:
    """SC-103, SC-111: sqrt(390) times the daily figure."""
    ratio = measured(LOG_CLOSES, MINUTE) / measured(LOG_CLOSES)
    assert ratio == pytest.approx(19.74841766, abs=5e-9)


def test_only_the_last_closes_of_the_lookback_count() -> None:
    """SC-101."""
    assert realised_vol([Decimal(7), *LOG_CLOSES], DAY_SECONDS) == realised_vol(LOG_CLOSES, DAY_SECONDS)
    assert realised_vol([Decimal(0), *LOG_CLOSES], DAY_SECONDS) == realised_vol(LOG_CLOSES, DAY_SECONDS)
    assert realised_vol(LOG_CLOSES[:5], DAY_SECONDS) == realised_vol(LOG_CLOSES[:5], DAY_SECONDS, lookback=4)


@pytest.mark.parametrize(
    "closes", [[], ["100"], ["100", "101"], ["100", "0", "101"], ["100", "-1", "101"], ["100", "NaN", "101"]]
)
def test_too_few_or_impossible_closes_are_unknown_never_zero(closes: list[str]) -> None:
    """SC-104."""
    assert realised_vol([Decimal(close) for close in closes], DAY_SECONDS) is None


def test_two_returns_are_enough() -> None:
    assert measured([Decimal(100), Decimal(101), Decimal(100)]) > 0


@pytest.mark.parametrize("seconds", [0, -60, 86_401])
def test_a_spacing_that_is_none_is_refused(seconds: int) -> None:
    """SC-103: there is no tick mode."""
    with pytest.raises(InvalidInput):
        realised_vol(LOG_CLOSES, seconds)


def test_bars_after_a_missing_one_begin_anew() -> None:
    """SC-101."""
    bars = minute_bars("10:00", range(600, 630))
    assert unbroken(bars) == tuple(bars)
    assert unbroken(bars[:10] + bars[11:]) == tuple(bars[11:])
    assert unbroken(()) == ()


def wavering(count: int) -> list[str]:
    return [str(600 + number % 2) for number in range(count)]


def test_the_reading_is_of_todays_minutes_where_there_are_21() -> None:
    """SC-105 (a), SC-106."""
    history = a_history("10:30", one=minute_bars("10:30", wavering(21)), daily=a_daily(*wavering(21)))
    reading = RULES.reading(history, at("10:30"))
    assert (reading.source, reading.returns, reading.at) == (VolatilitySource.INTRADAY, 20, at("10:30"))
    assert reading.value == realised_vol([Decimal(close) for close in wavering(21)], MINUTE)


def test_with_20_minutes_the_reading_is_of_daily_closes() -> None:
    """SC-105 (b)."""
    history = a_history("10:30", one=minute_bars("10:30", wavering(20)), daily=a_daily(*wavering(30)))
    reading = RULES.reading(history, at("10:30"))
    assert (reading.source, reading.returns) == (VolatilitySource.DAILY, 20)
    assert reading.value == realised_vol([Decimal(close) for close in wavering(30)], DAY_SECONDS)


def test_a_missing_minute_leaves_no_intraday_reading_until_21_follow_it() -> None:
    """SC-101."""
    bars = minute_bars("10:30", wavering(30))
    history = a_history("10:30", one=bars[:9] + bars[10:])  # 20 since the hole
    assert RULES.reading(history, at("10:30")).is_assumed
    assert not RULES.reading(a_history("10:30", one=bars[:8] + bars[9:]), at("10:30")).is_assumed


@pytest.mark.parametrize(("late", "source"), [(120, VolatilitySource.INTRADAY), (121, VolatilitySource.ASSUMED)])
def test_the_newest_bar_is_at_most_120_seconds_old(late: int, source: VolatilitySource) -> None:
    """SC-105."""
    history = a_history("10:30", one=minute_bars("10:30", wavering(21)))
    assert RULES.reading(history, at("10:30") + dt.timedelta(seconds=late)).source is source


@pytest.mark.parametrize(("closes", "source"), [(11, VolatilitySource.DAILY), (10, VolatilitySource.ASSUMED)])
def test_eleven_daily_closes_are_the_least(closes: int, source: VolatilitySource) -> None:
    """SC-105 (b), (c)."""
    reading = RULES.reading(a_history(daily=a_daily(*wavering(closes))), at("10:30"))
    assert reading.source is source


def test_an_assumed_reading_is_marked() -> None:
    """SC-105 (c), SC-106."""
    reading = RULES.reading(None, at("09:30"))
    assert (reading.value, reading.is_assumed, str(reading)) == (0.15, True, "15.0 % assumed")
    assert "assumed" not in str(VolatilityReading(0.2, VolatilitySource.DAILY, 20, at("10:00")))


def test_a_bad_close_gives_no_reading_of_that_kind() -> None:
    """SC-104, SC-105."""
    history = a_history(daily=a_daily(*wavering(20), "0"))
    assert RULES.reading(history, at("10:30")).is_assumed


def test_a_pinned_source_takes_no_other() -> None:
    """SC-105: `vol_source`."""
    both = a_history("10:30", one=minute_bars("10:30", wavering(21)), daily=a_daily(*wavering(21)))
    pinned = {wanted: VolatilityRules(vol_source=wanted) for wanted in WantedSource}
    assert pinned[WantedSource.DAILY].reading(both, at("10:30")).source is VolatilitySource.DAILY
    assert pinned[WantedSource.INTRADAY].reading(both, at("10:30")).source is VolatilitySource.INTRADAY
    assert pinned[WantedSource.DAILY].reading(evolve(both, daily=None), at("10:30")).is_assumed
    assert pinned[WantedSource.INTRADAY].reading(evolve(both, one_minute=()), at("10:30")).is_assumed


def test_the_settings_of_a_reading_change_it() -> None:
    history = a_history("10:30", one=minute_bars("10:30", wavering(21)), daily=a_daily(*wavering(21)))
    plain = RULES.reading(history, at("10:30")).value
    assert VolatilityRules(intraday_scale=1.4).reading(history, at("10:30")).value == plain * 1.4
    assert VolatilityRules(estimator=Estimator.SOURCE).reading(history, at("10:30")).value != plain
    assert VolatilityRules(vol_lookback=10).reading(history, at("10:30")).returns == 10
    assert VolatilityRules(default_vol=0.3).reading(None, at("10:30")).value == 0.3
    daily = VolatilityRules(intraday_scale=1.4, vol_source=WantedSource.DAILY)
    assert daily.reading(history, at("10:30")).value == realised_vol(
        [Decimal(close) for close in wavering(21)], DAY_SECONDS
    )


@pytest.mark.parametrize(
    ("volatility", "regime"), [(0.0999, LOW), (0.10, LOW), (0.1001, NORMAL), (0.2499, NORMAL), (0.25, HIGH)]
)
def test_the_regime_by_volatility(volatility: float, regime: VolatilityRegime) -> None:
    """SC-107."""
    assert RULES.by_volatility(volatility) is regime


@pytest.mark.parametrize(
    ("vix", "regime"), [("14.99", LOW), ("15", NORMAL), ("24.99", NORMAL), ("25", HIGH), (None, None)]
)
def test_the_regime_by_vix(vix: str | None, regime: VolatilityRegime | None) -> None:
    """SC-108."""
    assert RULES.by_vix(Decimal(vix) if vix else None, at("10:00"), at("10:00")) is regime


def test_an_old_vix_is_ignored() -> None:
    """SC-108: a daily open counts as seen at the bell, so until 09:45 and not after."""
    bell, vix = at("09:30"), Decimal(30)
    assert RULES.by_vix(vix, bell, at("09:45")) is HIGH
    assert RULES.by_vix(vix, bell, at("09:45:01")) is None
    assert RULES.by_vix(vix, None, bell) is None
    assert VolatilityRules(use_vix=False).by_vix(vix, bell, bell) is None
    assert VolatilityRules(vix_max_age=23_400).by_vix(vix, bell, at("16:00")) is HIGH


@pytest.mark.parametrize(
    ("by_volatility", "by_vix", "shown"),
    [(LOW, None, LOW), (LOW, NORMAL, NORMAL), (NORMAL, LOW, NORMAL), (HIGH, LOW, HIGH), (LOW, HIGH, HIGH)],
)
def test_the_desk_shows_the_more_cautious_regime(
    by_volatility: VolatilityRegime, by_vix: VolatilityRegime | None, shown: VolatilityRegime
) -> None:
    """SC-109, SC-110."""
    reading = RULES.reading(None, at("10:00"))
    state = VolatilityState(reading, by_volatility, by_vix)
    assert state.regime is shown
    assert state.vix_is_high is (by_vix is HIGH)


def test_the_state_at_an_instant() -> None:
    state = RULES.state(a_history(daily=a_daily(*wavering(21))), Decimal(25), at("10:30"), at("10:30"))
    assert (state.by_volatility, state.by_vix, state.regime) == (LOW, HIGH, HIGH)


def test_thresholds_that_leave_nothing_between_them_are_refused() -> None:
    """SC-107."""
    with pytest.raises(InvalidInput):
        VolatilityRules(low_vol_threshold=0.25)
    with pytest.raises(InvalidInput):
        VolatilityRules(vix_low=Decimal(25))
