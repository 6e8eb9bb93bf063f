"""What the filters may know of the past: nothing unfinished, nothing stale, nothing guessed."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, a_session, at
from builders_history import DAY_BEFORE, a_bar, a_day_bar, a_history, bars_until, minute_bars
from gammacore.domain.market_history import DailyHistory, MarketHistory, converted, opening_price, price_ago
from gammacore.errors import InvalidInput

BEFORE = a_session(date=DAY_BEFORE)


@pytest.mark.parametrize(("time", "seen"), [("10:29:59", 11), ("10:30", 12), ("10:34:59", 12)])
def test_a_bar_counts_from_its_end_on(time: str, seen: int) -> None:
    """No bar still being made is looked at."""
    assert len(a_history(time, five=bars_until("10:30", range(6900, 6912))).five_minute) == seen


@given(st.integers(0, 390), st.lists(st.integers(0, 500), unique=True, max_size=60))
def test_no_history_holds_anything_of_the_future(minute: int, starts: list[int]) -> None:
    """A law: whatever bars are given, none known ends after now."""
    now = a_session().open + dt.timedelta(minutes=minute)
    bars = [a_bar("09:30", str(6900 + start)) for start in starts]
    moved = [type(bar)(bar.start + dt.timedelta(minutes=start), 300, bar.open, bar.high, bar.low, bar.close)
             for bar, start in zip(bars, starts, strict=True)]  # fmt: skip
    history = MarketHistory.of(now, a_session(), BEFORE, five_minute=moved)

    assert all(bar.end <= now for bar in history.five_minute)
    assert list(history.five_minute) == sorted(history.five_minute, key=lambda bar: bar.start)


def test_only_regular_hours_of_today_and_the_session_before_count() -> None:
    """CS-355."""
    outside = [
        a_bar("09:25", "6900"),
        a_bar("16:00", "6900", date=DAY_BEFORE),
        a_bar("10:00", "6900", date=DAY - dt.timedelta(days=4)),
    ]
    inside = [a_bar("15:55", "6900", date=DAY_BEFORE), a_bar("09:30", "6900"), a_bar("09:35", "6900")]

    assert a_history("09:40", five=[*outside, *inside]).five_minute == tuple(inside)


def test_one_minute_bars_are_todays_alone() -> None:
    yesterday = a_bar("15:59", "6900", minutes=1, date=DAY_BEFORE)

    assert a_history("09:31", one=[yesterday]).one_minute == ()


def test_bars_of_another_length_or_without_a_price_are_left_out() -> None:
    bars = [a_bar("10:20", "6900"), a_bar("10:25", "0"), a_bar("10:25", "6900", minutes=1)]

    assert a_history("10:30", five=bars).five_minute == (bars[0],)


@pytest.mark.parametrize(("time", "missing"), [("10:40", False), ("10:40:01", True)])
def test_a_series_that_stopped_two_bars_ago_is_missing(time: str, missing: bool) -> None:
    assert (a_history(time, five=bars_until("10:30", [6900])).five_minute == ()) is missing


@pytest.mark.parametrize(("time", "missing"), [("09:33", False), ("09:40", False), ("09:41", True)])
def test_the_night_does_not_make_bars_stale(time: str, missing: bool) -> None:
    """Age is counted in trading time: yesterday's last bar is the newest there is at 9:33."""
    last = a_bar("15:55", "6900", date=DAY_BEFORE)

    assert (a_history(time, five=[last]).five_minute == ()) is missing


@pytest.mark.parametrize(
    ("time", "expected"),
    [("10:30", 6903), ("10:34:59", 6903), ("10:25", 6902), ("10:00", 6900), ("09:41", 6900)],
    ids=["on the bar", "until the next bar ends", "a bar earlier", "the open", "open is later"],
)
def test_the_price_half_an_hour_ago(time: str, expected: int) -> None:
    """CS-356: six intervals back, the session's open where that is later. Closes: 9:50 6901, 9:55 6902, 10:00 6903."""
    bars = [
        a_bar("09:30", "6905", open="6900"),
        a_bar("09:45", "6901"),
        a_bar("09:50", "6902"),
        a_bar("09:55", "6903"),
    ]

    assert price_ago(bars, 30, at(time), a_session()) == expected


def test_a_missing_bar_is_no_price() -> None:
    """CS-317: neighbours do not stand in for it."""
    bars = [a_bar("09:50", "6902"), a_bar("10:00", "6903")]

    assert price_ago(bars, 30, at("10:30"), a_session()) is None
    assert price_ago([], 30, at("10:30"), a_session()) is None
    assert opening_price(bars, a_session()) is None


def test_yesterdays_close_is_not_the_open() -> None:
    """CS-356: a bar that ended the day before never stands for the session's open."""
    assert price_ago([a_bar("15:55", "6800", date=DAY_BEFORE)], 30, at("09:50"), a_session()) is None


def test_change_over_minutes_has_a_sign() -> None:
    history = a_history("10:30", one=minute_bars("10:30", [6900, 6901, 6902, 6903, 6904, 6905]))

    assert history.change_over(history.one_minute, 5, Decimal("6897.5")) == Decimal("-2.5")
    assert history.change_over(history.one_minute, 1, Decimal("6906")) == 2


def test_share_bars_are_converted_by_the_present_ratio() -> None:
    """CS-356: not by a flat 10."""
    bar = a_bar("10:00", "690.10", open="690", high="690.50", low="689.90")

    (points,) = converted([bar], Decimal(6931) / Decimal("690.10"))

    assert points.close.quantize(Decimal("0.01")) == 6931
    assert (points.start, points.seconds) == (bar.start, bar.seconds)
    with pytest.raises(InvalidInput, match="ratio"):
        converted([bar], Decimal(0))


def test_daily_closes_end_with_the_session_before() -> None:
    """CS-357: today's close is not known yet, whatever a feed calls it."""
    bars = [a_day_bar(DAY, 691), a_day_bar(DAY_BEFORE, 690), a_day_bar(DAY_BEFORE - dt.timedelta(days=1), 689)]

    daily = DailyHistory.of("SPY", bars, a_session(), BEFORE)

    assert daily is not None
    assert daily.closes == (Decimal(689), Decimal(690))
    assert daily.previous_close == 690


@pytest.mark.parametrize("date", [DAY_BEFORE - dt.timedelta(days=1), None], ids=["a day short", "none"])
def test_closes_that_do_not_reach_the_session_before_are_missing(date: dt.date | None) -> None:
    """CS-322: a gap from an older close is another figure."""
    bars = [] if date is None else [a_day_bar(date, 690)]

    assert DailyHistory.of("SPY", bars, a_session(), BEFORE) is None
    assert DailyHistory.of("SPY", [a_day_bar(DAY_BEFORE, 690)], a_session(), None) is None
