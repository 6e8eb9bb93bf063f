"""The opening range and the ratios of volume. Rules: SC-301, SC-302, SC-308..310."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from builders import a_session, at
from builders_history import DAY_BEFORE
from builders_scalping import a_minute, in_a_row, minutes
from gammacore.domain.scalping.opening_range import (
    OpeningRange,
    earlier_opening_volumes,
    joined,
    opening_volume,
    opening_volume_ratio,
    signal_bars,
    volume_ratio,
    volume_rises,
)

TODAY = a_session()
HALF_HOUR = in_a_row([a_minute(600, opened=599, high=602, low=598, volume=100)] * 40)


def test_the_range_is_of_its_minutes_alone() -> None:
    """SC-302."""
    later = a_minute(700, start="10:00", volume=5)
    assert OpeningRange.of([*HALF_HOUR[:30], later], TODAY, 30) == OpeningRange(
        Decimal(599), Decimal(602), Decimal(598), 3000
    )
    assert OpeningRange.of(HALF_HOUR, TODAY, 10) == OpeningRange(Decimal(599), Decimal(602), Decimal(598), 1000)


@pytest.mark.parametrize(("bars", "known"), [(25, True), (24, False)])
def test_five_in_six_of_the_bars_are_needed(bars: int, known: bool) -> None:
    """SC-302: fewer is `opening_range_missing`."""
    assert (OpeningRange.of(HALF_HOUR[:bars], TODAY, 30) is not None) is known


def test_without_its_first_bar_the_range_has_no_open() -> None:
    known = OpeningRange.of(HALF_HOUR[1:30], TODAY, 30)
    assert known is not None
    assert (known.open, known.volume) == (None, 2900)


def test_a_bar_without_volume_leaves_the_volume_missing() -> None:
    """SC-009."""
    known = OpeningRange.of([*HALF_HOUR[:29], a_minute(600, start="09:59", volume=None)], TODAY, 30)
    assert known is not None
    assert known.volume is None


def test_the_opening_volume_of_an_earlier_session_may_come_in_longer_bars() -> None:
    """SC-309."""
    before = a_session(date=DAY_BEFORE)
    bars = in_a_row([a_minute(600, seconds=300, volume=70)] * 78, "09:30", DAY_BEFORE)
    assert opening_volume(bars, before, 30) == 420
    assert opening_volume(bars[2:], before, 30) is None
    assert opening_volume(bars, TODAY, 30) is None


@pytest.mark.parametrize(
    ("today", "before", "ratio"),
    [
        (300, [100], Fraction(3)),
        (300, [900, 100, 100, 100, 100, 100], Fraction(3)),
        (300, [], None),
        (None, [100], None),
        (300, [0], None),
    ],
)
def test_the_opening_ratio_is_over_up_to_five_sessions(
    today: int | None, before: list[int], ratio: Fraction | None
) -> None:
    """SC-309."""
    assert opening_volume_ratio(today, before) == ratio


def test_signal_bars_are_the_last_ten_completed_ones() -> None:
    """SC-301."""
    bars = minutes(*range(600, 620))
    assert signal_bars(bars, TODAY, at("09:50")) == bars[10:]
    assert signal_bars(bars, TODAY, at("09:49:59")) == bars[9:19]
    yesterday = minutes(590, 591, date=DAY_BEFORE)
    assert signal_bars([*yesterday, *bars[:2]], TODAY, at("09:40")) == bars[:2]


def test_a_missing_bar_begins_the_signal_bars_anew() -> None:
    bars = minutes(*range(600, 620))
    assert signal_bars([*bars[:15], *bars[16:]], TODAY, at("09:50")) == bars[16:]


@pytest.mark.parametrize(
    ("shares", "ratio"),
    [
        ((10, 20, 30, 40), Fraction(2)),
        ((20, 30, 40), None),
        ((10, None, 30, 40), None),
        ((10, 20, 30, None), None),
        ((0, 0, 0, 40), None),
        ((1_000_000, 10, 10, 10, 10, 10, 10, 10, 10, 10, 25), Fraction(5, 2)),
    ],
)
def test_the_volume_ratio_takes_three_to_nine_bars_before(
    shares: tuple[int | None, ...], ratio: Fraction | None
) -> None:
    """SC-308."""
    assert volume_ratio(in_a_row([a_minute(600, volume=volume) for volume in shares])) == ratio


@pytest.mark.parametrize(
    ("shares", "rises"),
    [
        ((100, 100, 100, 120, 120, 120), False),
        ((100, 100, 100, 120, 120, 121), True),
        ((100, 100, 120, 120, 121), None),
        ((100, None, 100, 120, 120, 121), None),
    ],
)
def test_volume_rises_by_more_than_a_fifth(shares: tuple[int | None, ...], rises: bool | None) -> None:
    """SC-310."""
    assert volume_rises(in_a_row([a_minute(600, volume=volume) for volume in shares])) is rises


def test_opening_volumes_of_earlier_sessions_are_counted_by_date() -> None:
    """SC-309: a session that shows too little is left out."""
    before = in_a_row([a_minute(600, volume=10)] * 30, "09:30", DAY_BEFORE)
    assert earlier_opening_volumes([*before, *HALF_HOUR[:10]], 30) == [300]
    assert earlier_opening_volumes([*before, *HALF_HOUR[:10]], 10) == [100, 1000]


def test_minutes_join_to_longer_bars_where_all_are_there() -> None:
    """SC-301: `signal_bar_seconds = 300`."""
    bars = in_a_row([a_minute(600 + number, high=610 - number, volume=10) for number in range(5)])
    assert joined(bars, TODAY, 300) == (a_minute(604, opened=600, high=610, low=600, volume=50, seconds=300),)
    assert joined(bars[:4], TODAY, 300) == ()
    assert joined(bars, TODAY, 60) == bars
    assert joined([*bars[:4], a_minute(604, start="09:34", volume=None)], TODAY, 300)[0].volume is None
