"""What today has brought: realised net of fees, and open at prices it could be closed at. Rules: SC-007, SC-603.

A long is judged on the bid, a short on the ask. A symbol without a fresh quote keeps the last one it had and is named.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from attrs import field, frozen

from gammacore.domain.book.view import BookView
from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.holdings.lots import ZERO
from gammacore.domain.instruments import Underlying, parse_occ
from gammacore.domain.market import MarketSnapshot, Quote
from gammacore.domain.sessions import new_york_date


def mark_of(symbol: str, *, is_option: bool, market: MarketSnapshot, underlying: Underlying) -> Quote | None:
    """The fresh quote of something held: its own, or the underlying's price where the market shows no quote of shares.

    None where nothing fresh is shown of it.
    """
    if is_option:
        return market.quote(parse_occ(symbol, {underlying.option_root: underlying.symbol}))
    if symbol == underlying.symbol and market.share is not None and market.fresh(market.share.at):
        return market.share
    if market.spot is None or market.spot_at is None or not market.fresh(market.spot_at):
        return None
    if symbol == underlying.symbol:
        return Quote(market.spot, market.spot, market.spot_at)
    price = market.spot / underlying.hedge_ratio
    return Quote(price, price, market.spot_at) if symbol == underlying.hedge_share else None


@frozen
class Marks:
    """The newest quote seen of every symbol that is held, and which of them were not quoted at the last look."""

    quotes: Mapping[str, Quote] = field(factory=dict)
    stale: frozenset[str] = frozenset()

    def after(self, market: MarketSnapshot, book: BookView, underlying: Underlying) -> Marks:
        """The marks after one more look; what is held no more is forgotten."""
        known: dict[str, Quote] = {}
        stale = set()
        for holding in book.live_holdings:
            for symbol in holding.quantities:
                seen = mark_of(symbol, is_option=holding.lots[symbol].is_option, market=market, underlying=underlying)
                mark = seen or self.quotes.get(symbol)
                if seen is None:
                    stale.add(symbol)
                if mark is not None:
                    known[symbol] = mark
        return Marks(known, frozenset(stale))


@frozen
class DayProfit:
    """Dollars of today: `realised` after fees, `open` before the fees of closing.

    `stale` names what counts at an older quote, `unmarked` what was never quoted and counts nothing.
    """

    realised: Decimal
    open: Decimal = ZERO
    stale: tuple[str, ...] = ()
    unmarked: tuple[str, ...] = ()

    @property
    def total(self) -> Decimal:
        return self.realised + self.open


def day_profit(book: BookView, date: dt.date, marks: Marks | None) -> DayProfit:
    """The P/L of a New York date; without `marks` what is open is not counted. Rule: SC-603.

    What live holdings have realised so far counts, less their fees; of one kept overnight that of every day it is held.
    """
    live = book.live_holdings
    realised = book.realised_on(date) + sum((realised_so_far(holding) for holding in live), ZERO)
    if marks is None:
        return DayProfit(realised)
    total, unmarked = ZERO, []
    for holding in live:
        for symbol, quantity in holding.quantities.items():
            if (quote := marks.quotes.get(symbol)) is None:
                unmarked.append(symbol)
            else:
                total += holding.lots[symbol].open_profit(quote.bid if quantity > 0 else quote.ask)
    return DayProfit(realised, total, tuple(sorted(marks.stale)), tuple(sorted(unmarked)))


def realised_so_far(holding: AnyHolding) -> Decimal:
    """Dollars that a live holding has brought by what was closed of it, after all its fees."""
    return holding.options_realised + holding.shares_realised - holding.fees


def opened_on(book: BookView, date: dt.date, owner: str) -> tuple[AnyHolding, ...]:
    """What a strategy opened on a New York date, with any fill: orders that filled nothing are none. Rule: SC-233."""
    return tuple(
        holding
        for holding in book.holdings.values()
        if holding.owner == owner and new_york_date(holding.opened_at) == date
        if any(order.execution.any for order in book.orders_of(holding.id))
    )
