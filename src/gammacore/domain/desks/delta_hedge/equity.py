"""What the account is worth now: the balance, and what live holdings would earn at the mid. Rule: DH-1009."""

from __future__ import annotations

from decimal import Decimal

from gammacore.domain.book.view import BookView
from gammacore.domain.holdings.holding import without_plan
from gammacore.domain.instruments import Underlying
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.risk.day_profit import mark_of, realised_so_far


def equity_at_mid(book: BookView, market: MarketSnapshot, underlying: Underlying) -> Decimal | None:
    """Dollars; None while something is held that has no fresh price. Credit spreads count when they are closed."""
    total = book.balance
    for holding in without_plan(book.live_holdings):
        total += realised_so_far(holding)
        for lots in holding.lots.values():
            if not lots.lots:
                continue
            mark = mark_of(lots.symbol, is_option=lots.is_option, market=market, underlying=underlying)
            if mark is None:
                return None
            total += lots.open_profit(mark.mid)
    return total
