"""What the account is worth now: the balance, and what live inventories would earn at the mid. Rule: DH-1009."""

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
    for inventory in without_plan(book.live_holdings):
        total += inventory.options_realised + inventory.shares_realised - inventory.fees
        for holding in inventory.lots.values():
            if not holding.lots:
                continue
            if (price := _mid(holding, market, underlying)) is None:
                return None
            total += holding.open_profit(price)
    return total


def _mid(holding: Lots, market: MarketSnapshot, underlying: Underlying) -> Decimal | None:
    if holding.is_option:
        quote = market.quote(parse_occ(holding.symbol, {underlying.option_root: underlying.symbol}))
        return None if quote is None else quote.mid
    if market.spot is None or not market.fresh(market.spot_at):
        return None
    if holding.symbol == underlying.symbol:
        return market.spot
    return market.spot / underlying.hedge_ratio if holding.symbol == underlying.hedge_share else None
