"""The closed trades of a ledger's days as a study counts them: a holding with all its hedges is one trade. CS-623."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER
from gammacore.domain.reports.day_report import DayReport
from gammacore.domain.reports.trade_figures import is_plausible, trades_once
from gammacore.domain.reports.trades import Sold, Trade, TradeEnd, recorded
from gammacore.domain.sessions import new_york_date
from gammacore.domain.study.record import ClosedTrade, TradeFlag, in_order_of_closing


def closed_trades(reports: Iterable[DayReport]) -> tuple[ClosedTrade, ...]:
    """Every trade that ended on these days, once, in order of closing. Rules: ST-002, ST-214.

    What the ledger does not hold is None: the mids of the filling snapshots with all that follows from them (ST-310),
    MAE and MFE (ST-308). `with_marks` adds those to the trades of a run that looked at the quotes.
    """
    ended = (trade for report in reports for trade in report.closed)
    return in_order_of_closing(closed_trade(trade, trade.end) for trade in trades_once(ended) if trade.end is not None)


def closed_trade(trade: Trade, end: TradeEnd) -> ClosedTrade:
    """One trade of a report with its end; without contracts (shares alone) it counts as one."""
    sold = trade.sold
    return ClosedTrade(
        id=trade.id,
        gross=end.gross,
        fees=end.fees,
        contracts=max(trade.contracts, 1),
        date=new_york_date(trade.opened),
        opened=trade.opened,
        closed=end.at,
        underlying=trade.holding.underlying,
        strategy=trade.strategy,
        direction="" if sold is None else sold.plan.direction.value,
        confidence="" if sold is None else sold.plan.confidence.value,
        strikes="" if sold is None else sold.plan.spread.strikes,
        credit=None if sold is None else sold.credit,
        debit=trade.debit if sold is None else end.value,
        max_risk=_risk(trade, sold),
        vix=trade.vix,
        price=_price(trade, sold),
        pin=None if sold is None else recorded(sold.plan.pin),
        exit_reason=end.reason,
        minutes=Decimal(trade.minutes or 0),
        flags=frozenset(_flags(trade, end)),
    )


def _risk(trade: Trade, sold: Sold | None) -> Decimal | None:
    """Dollars a contract: of a spread (W - C) × 100 (CS-006), of anything bought its debit."""
    if sold is not None:
        return sold.maximum_risk / sold.position.contracts if sold.position.contracts else None
    if trade.contracts and trade.debit is not None:
        return trade.debit * EQUITY_OPTION_MULTIPLIER
    return None


def _price(trade: Trade, sold: Sold | None) -> Decimal | None:
    if sold is not None:
        return recorded(sold.plan.price)
    terms = trade.holding.terms
    return None if terms is None else terms.price


def _flags(trade: Trade, end: TradeEnd) -> Iterable[TradeFlag]:
    if end.settlement_price is not None:
        yield TradeFlag.SETTLED
    if end.estimated:
        yield TradeFlag.ESTIMATED
    if not trade.holding.credit_verified:
        yield TradeFlag.UNVERIFIED
    if not is_plausible(trade):
        yield TradeFlag.IMPLAUSIBLE
