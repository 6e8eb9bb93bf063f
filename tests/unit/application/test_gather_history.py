"""What the filters know of the past: whose bars, how converted, and which closes. CS-355..358."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

import pytest
from attrs import evolve, frozen

from builders import DAY, a_session, at
from builders_history import DAY_BEFORE, a_bar, a_day_bar, bars_until, minute_bars
from gammacore.application.gather_history import GatherHistory
from gammacore.domain.instruments import REGISTRY, Underlying
from gammacore.domain.market import Bar
from gammacore.domain.market_history import FIVE_MINUTES, ONE_DAY, ONE_MINUTE, DailyHistory, MarketHistory
from gammacore.errors import MissingData
from gammacore.ports.market_data import MarketData

SPX = REGISTRY["SPX"]
Known = Mapping[tuple[str, int], Sequence[Bar]]


@frozen
class Bars:
    """A market that only has bars; for what it was not given it has none, and for `broken` symbols an error."""

    known: Known
    broken: tuple[str, ...] = ()

    def bars(self, underlying: str, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
        if underlying in self.broken:
            raise MissingData(f"{underlying}: down")
        bars = self.known.get((underlying, seconds), ())
        return [bar for bar in bars if start <= bar.start and (seconds == ONE_DAY or bar.end <= end)]


def history(known: Known, price: str | None = "6900", underlying: Underlying = SPX, **market: Any) -> MarketHistory:
    """What is known at 10:30 of an ordinary Monday."""
    source = cast(MarketData, Bars(known, **market))
    gather = GatherHistory(source, underlying, a_session(), a_session(date=DAY_BEFORE))
    return gather(at("10:30"), None if price is None else Decimal(price))


def closes(bars: Sequence[Bar]) -> list[Decimal]:
    return [bar.close for bar in bars]


OWN = bars_until("10:30", [6880, 6890, 6900])
SHARE = bars_until("10:30", [687, 688, 690])
SHARE_MINUTES = minute_bars("10:30", [688, 689, 690])
DAYS = [a_day_bar(DAY_BEFORE - dt.timedelta(days=1), 680), a_day_bar(DAY_BEFORE, 685)]


def test_an_index_with_bars_of_its_own_borrows_none() -> None:
    known = history({("SPX", FIVE_MINUTES): OWN, ("SPY", FIVE_MINUTES): SHARE})

    assert closes(known.five_minute) == [6880, 6890, 6900]


def test_an_index_without_bars_borrows_its_shares_in_its_own_points() -> None:
    """CS-356: by the ratio of now, 6913.8/690 = 10.02, never by a flat 10."""
    known = history({("SPY", FIVE_MINUTES): SHARE, ("SPY", ONE_MINUTE): SHARE_MINUTES}, price="6913.8")

    assert closes(known.five_minute) == [Decimal("6883.74"), Decimal("6893.76"), Decimal("6913.80")]
    assert closes(known.one_minute) == [Decimal("6893.76"), Decimal("6903.78"), Decimal("6913.80")]


def test_the_ratio_is_that_of_the_newest_close_of_the_share() -> None:
    """CS-356: the last 5-minute bar is of 10:25; what happened since then belongs to the move, not to the ratio."""
    older = bars_until("10:25", [687, 688, 690])
    known = history({("SPY", FIVE_MINUTES): older, ("SPY", ONE_MINUTE): minute_bars("10:29", [692])}, price="6920")

    assert closes(known.five_minute) == [6870, 6880, 6900]


@pytest.mark.parametrize("price", ["6900", None])
def test_without_bars_or_price_nothing_is_made_up(price: str | None) -> None:
    assert history({}, price).five_minute == ()
    assert history({("SPY", FIVE_MINUTES): SHARE}, None).five_minute == ()


def test_a_share_is_its_own_and_borrows_from_none() -> None:
    spy, alone = REGISTRY["SPY"], evolve(SPX, hedge_share="")

    assert closes(history({("SPY", FIVE_MINUTES): SHARE}, "700", spy).five_minute) == [687, 688, 690]
    assert history({("SPY", FIVE_MINUTES): SHARE}, "6900", alone).five_minute == ()


def test_daily_closes_and_the_gap_are_the_hedge_shares() -> None:
    """CS-358: the index prints its open late."""
    first = [a_bar("09:30", "688", minutes=1, open="687", date=DAY)]
    index = [a_day_bar(DAY_BEFORE, 6850)]
    daily = history({("SPY", ONE_DAY): DAYS, ("SPY", ONE_MINUTE): first, ("SPX", ONE_DAY): index}).daily

    assert daily == DailyHistory("SPY", (Decimal(680), Decimal(685)), Decimal(687))


@pytest.mark.parametrize("share", [[], DAYS[:1]])
def test_a_share_whose_closes_end_too_early_leaves_it_to_the_index(share: list[Bar]) -> None:
    """CS-358."""
    daily = history({("SPY", ONE_DAY): share, ("SPX", ONE_DAY): [a_day_bar(DAY_BEFORE, 6850)]}).daily

    assert daily == DailyHistory("SPX", (Decimal(6850),), None)


def test_what_the_market_cannot_say_is_missing() -> None:
    known = history({("SPX", FIVE_MINUTES): OWN}, broken=("VIX", "SPY"))

    assert (known.vix_five_minute, known.daily) == ((), None)
    assert closes(known.five_minute) == [6880, 6890, 6900]


def test_daily_closes_are_asked_for_until_todays_open_is_known_and_then_once_a_day() -> None:
    asked: list[tuple[str, int]] = []

    class Counted(Bars):
        def bars(self, underlying: str, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
            asked.append((underlying, seconds))
            return super().bars(underlying, seconds, start, end)

    known: dict[tuple[str, int], Sequence[Bar]] = {("SPY", ONE_DAY): DAYS}
    gather = GatherHistory(cast(MarketData, Counted(known)), SPX, a_session(), a_session(date=DAY_BEFORE))
    before = gather(at("10:30"), Decimal(6900)).daily
    known["SPY", ONE_MINUTE] = minute_bars("09:33", [686, 687, 688])
    after = [gather(at(time), Decimal(6900)).daily for time in ("11:00", "11:30", "12:00")]

    assert before is not None
    assert before.today_open is None
    assert [None if each is None else each.today_open for each in after] == [Decimal(686)] * 3
    assert asked.count(("SPY", ONE_DAY)) == 2
