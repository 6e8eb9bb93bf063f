"""Bars of time and sales and of the daily history, longer ones built, each asked for once. CS-355, CS-358."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

import pytest

from builders_tradier_market import DAY, SESSION, TEN
from gammacore.adapters.tradier.markets import Markets
from gammacore.adapters.tradier.price_history import lengthened, read_daily, read_intraday
from gammacore.adapters.wire import UnreadableAnswer
from gammacore.adapters.wire.live_market import KnownBars, Series
from gammacore.domain.market import Bar
from gammacore.domain.sessions import new_york

MINUTE = dt.timedelta(minutes=1)
SPX = Series("SPX", 60)


def sale(at: dt.datetime, **fields: object) -> dict[str, object]:
    figures_shown = {"open": 10.0, "high": 12.0, "low": 9.0, "close": 11.0, "volume": 5, "vwap": 10.5}
    return {"time": "2026-03-03T09:30:00", "timestamp": int(at.timestamp()), "price": 10.5, **figures_shown, **fields}


def a_bar(at: dt.datetime, price: int = 10, seconds: int = 60) -> Bar:
    return Bar(at, seconds, Decimal(price), Decimal(price + 2), Decimal(price - 1), Decimal(price + 1))


def test_intraday_bars_come_in_order_each_once_the_later_one_corrects() -> None:
    rows = [sale(TEN + MINUTE), sale(TEN), sale(TEN, close=9.5)]

    bars = read_intraday({"series": {"data": rows}}, 60)

    assert [(bar.start, bar.close) for bar in bars] == [(TEN, Decimal("9.5")), (TEN + MINUTE, Decimal(11))]
    assert read_intraday({"series": {"data": sale(TEN)}}, 60)[0].seconds == 60


def test_a_row_without_an_epoch_is_dated_by_its_new_york_time() -> None:
    (bar,) = read_intraday({"series": {"data": sale(TEN, timestamp=None)}}, 300)

    assert bar.start == SESSION.open


@pytest.mark.parametrize("figures", [{"open": None}, {"high": 1}, {"low": 0}, {"close": "null"}, {"low": -9}])
def test_what_is_no_bar_stays_out(figures: dict[str, object]) -> None:
    assert read_intraday({"series": {"data": [sale(TEN, **figures), sale(TEN + MINUTE)]}}, 60)[0].start == TEN + MINUTE
    assert read_intraday({"series": {"data": {"time": "2026-03-03T10:00:01", "price": 10, "volume": 1}}}, 60) == []


def test_a_daily_bar_begins_at_its_new_york_midnight() -> None:
    row = {"date": DAY.isoformat(), "open": 1, "high": 2, "low": 1, "close": 2}

    (bar,) = read_daily({"history": {"day": row}})

    assert (bar.start, bar.seconds) == (new_york(DAY, dt.time()), 86_400)
    assert read_daily({"history": None}) == []


@pytest.mark.parametrize("read", [read_daily, lambda answer: read_intraday(answer, 60)])
def test_an_answer_without_a_history_is_never_an_empty_one(read: object) -> None:
    assert callable(read)
    for body in ({}, {"series": 1, "history": 1}, {"series": {"fish": 1}, "history": {"fish": 1}}, None):
        with pytest.raises(UnreadableAnswer):
            read(body)


def test_longer_bars_count_from_the_opening_bell_and_a_remainder_makes_none() -> None:
    minutes = [a_bar(SESSION.open + number * MINUTE, 100 + number) for number in range(390)]

    hours = lengthened(minutes, 3600)

    assert [bar.start for bar in hours] == [SESSION.open + number * 60 * MINUTE for number in range(6)]
    first = hours[0]
    assert [first.open, first.high, first.low, first.close] == [Decimal(each) for each in (100, 161, 99, 160)]
    assert len(lengthened(minutes, 1800)) == 13


class Vendor:
    """Has a bar for every minute of the day; `late` is how long it takes to show one."""

    def __init__(self, late: dt.timedelta = dt.timedelta()) -> None:
        self.asked: list[tuple[dt.datetime, dt.datetime]] = []
        self.late = late

    def __call__(self, start: dt.datetime, end: dt.datetime) -> list[Bar]:
        self.asked.append((start, end))
        bars = [a_bar(SESSION.open + number * MINUTE) for number in range(390)]
        return [bar for bar in bars if start <= bar.start and bar.end + self.late <= end]


def test_only_what_may_be_new_is_asked_for() -> None:
    vendor, known = Vendor(), KnownBars(patience_seconds=10)

    first = known.bars(SPX, SESSION.open, TEN, TEN, vendor)
    again = known.bars(SPX, SESSION.open, TEN + 30 * dt.timedelta(seconds=1), TEN + MINUTE / 2, vendor)
    later = known.bars(SPX, SESSION.open, TEN + MINUTE, TEN + MINUTE, vendor)

    assert (len(first), again, len(later)) == (30, first, 31)
    assert vendor.asked == [(SESSION.open, TEN), (TEN - MINUTE, TEN + MINUTE)]


def test_a_late_bar_is_asked_for_again_with_patience() -> None:
    second = dt.timedelta(seconds=1)
    vendor, known = Vendor(late=5 * second), KnownBars(patience_seconds=10)

    counts = [
        len(known.bars(SPX, SESSION.open, TEN + late * second, TEN + late * second, vendor)) for late in (0, 3, 9, 10)
    ]

    assert counts == [29, 29, 29, 30]
    assert len(vendor.asked) == 2


def test_the_past_is_asked_for_once_even_where_it_has_a_hole() -> None:
    vendor, known = Vendor(), KnownBars(patience_seconds=10)
    days = Series("SPX", 86_400)

    for looks in range(3):
        now = TEN + looks * 5 * MINUTE
        assert known.bars(days, SESSION.open - 10 * dt.timedelta(days=1), SESSION.open, now, lambda *_: []) == []
        known.bars(SPX, SESSION.open, SESSION.open + 5 * MINUTE, now, vendor)

    assert len(vendor.asked) == 1


def test_an_earlier_start_is_asked_for_whole() -> None:
    vendor, known = Vendor(), KnownBars(patience_seconds=10)
    known.bars(SPX, SESSION.after_open(20), TEN, TEN, vendor)

    assert len(known.bars(SPX, SESSION.open, TEN, TEN, vendor)) == 30


def test_a_bar_that_still_grows_is_not_shown() -> None:
    known = KnownBars(patience_seconds=10)
    growing = a_bar(TEN)

    assert known.bars(SPX, TEN, TEN + MINUTE, TEN + MINUTE / 2, lambda *_: [growing]) == []
    assert known.bars(SPX, TEN, TEN + MINUTE, TEN + MINUTE, lambda *_: [growing]) == [growing]
    assert known.bars(SPX, TEN, TEN, TEN + MINUTE, lambda *_: [growing]) == []


def test_bars_carry_the_shares_traded_and_longer_ones_their_sum() -> None:
    """SC-009: what a row does not say is missing, and so is a sum with it."""
    rows = [sale(TEN, volume=5), sale(TEN + MINUTE, volume=7), sale(TEN + 5 * MINUTE, volume=None)]
    minutes = read_intraday({"series": {"data": rows}}, 60)

    assert [bar.volume for bar in minutes] == [5, 7, None]
    assert [bar.volume for bar in lengthened(minutes, 300)] == [12, None]
    (day,) = read_daily({"history": {"day": {"date": DAY.isoformat(), "open": 1, "high": 2, "low": 1, "close": 2,
                                             "volume": 37_039_737}}})  # fmt: skip
    assert day.volume == 37_039_737


def test_each_stretch_of_the_past_is_asked_for_by_itself() -> None:
    """SC-304, SC-309: an opening of last week says nothing of last night or of today."""
    vendor, known, week = Vendor(), KnownBars(patience_seconds=10), dt.timedelta(days=7)
    known.bars(SPX, SESSION.open - week, TEN - week, TEN, vendor)
    known.bars(SPX, SESSION.close - week, SESSION.open, TEN, vendor)

    assert len(known.bars(SPX, SESSION.open, TEN, TEN, vendor)) == 30
    assert vendor.asked == [
        (SESSION.open - week, TEN - week), (SESSION.close - week, SESSION.open), (SESSION.close - week, TEN)
    ]  # fmt: skip
    known.bars(SPX, SESSION.open, TEN + MINUTE, TEN + MINUTE, vendor)
    assert vendor.asked[-1] == (TEN - MINUTE, TEN + MINUTE)


@pytest.mark.parametrize(
    ("seconds", "begins", "ends", "filtered"),
    [
        (60, SESSION.open, TEN, "open"), (60, SESSION.open, SESSION.close, "open"),
        (60, SESSION.open - MINUTE, TEN, "all"), (60, TEN, SESSION.close + MINUTE, "all"),
        (300, SESSION.open - MINUTE, TEN, "open"),
    ],
)  # fmt: skip
def test_minutes_out_of_hours_are_asked_for_where_the_question_reaches_there(
    seconds: int, begins: dt.datetime, ends: dt.datetime, filtered: str
) -> None:
    """SC-304: before the open and overnight there are lines too."""
    asked: list[Mapping[str, str]] = []

    class Tradier:
        def get(self, path: str, query: Mapping[str, str]) -> object:
            asked.append(query)
            return {"series": None}

    Markets(Tradier()).intraday("SPY", seconds, begins, ends)  # type: ignore[arg-type]

    assert [query["session_filter"] for query in asked] == [filtered]
