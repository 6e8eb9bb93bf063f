"""What the account is worth now: the balance, and what live holdings would earn at the mid. Rule: DH-1009."""

from __future__ import annotations

from decimal import Decimal

from gammacore.domain.book.view import BookView
from gammacore.domain.holdings.holding import without_plan
from gammacore.domain.holdings.lots import Lots
from gammacore.domain.instruments import Underlying, parse_occ
from gammacore.domain.market import MarketSnapshot


def equity_at_mid(book: BookView, market: MarketSnapshot, underlying: Underlying) -> Decimal | None:
    """Dollars; None while something is held that has no fresh price. Credit spreads count when they are closed."""
    total = book.balance
    for holding in without_plan(book.live_holdings):
        total += holding.options_realised + holding.shares_realised - holding.fees
        for lots in holding.lots.values():
            if not lots.lots:
                continue
            if (price := _mid(lots, market, underlying)) is None:
                return None
            total += lots.open_profit(price)
    return total


def _mid(lots: Lots, market: MarketSnapshot, underlying: Underlying) -> Decimal | None:
    if lots.is_option:
        quote = market.quote(parse_occ(lots.symbol, {underlying.option_root: underlying.symbol}))
        return None if quote is None else quote.mid
    if market.spot is None or not market.fresh(market.spot_at):
        return None
    if lots.symbol == underlying.symbol:
        return market.spot
    return market.spot / underlying.hedge_ratio if lots.symbol == underlying.hedge_share else None
