"""What the quotes say of a trade while it was held: cost against the mids, the worst and best moment. ST-308, ST-310.

A ledger does not hold them. A run that looks at every snapshot hands them in, per trade; prices in points a spread.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from attrs import evolve, frozen

from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER
from gammacore.domain.study.record import ClosedTrade, TradeFlag

UNWATCHED_AFTER = 600.0
"""Seconds without a usable quote before its end that leave a trade unwatched. Ours. Rule: ST-214."""


@frozen
class FillMark:
    """A spread at the snapshot that filled it: `mid`, and `natural`, what crossing the quotes gives or asks.

    At the entry both are credits, at the exit both are costs to close. A settlement has one value: both are it.
    """

    mid: Decimal
    natural: Decimal


@frozen
class TradeMarks:
    """The marks of one credit spread: at its two fills, and (instant, usable mid to close) between them, oldest first.

    `entry` and `exit` are None where the snapshot had no usable quotes.
    """

    entry: FillMark | None = None
    exit: FillMark | None = None
    mids: Sequence[tuple[dt.datetime, Decimal]] = ()


def with_marks(trade: ClosedTrade, marks: TradeMarks, unwatched_after: float = UNWATCHED_AFTER) -> ClosedTrade:
    """The trade with its costs split, its MAE and MFE and whether it was watched to its end.

    mid_pnl - spread_cost - slippage = gross, exactly; slippage takes what is left, below 0 inside the quotes. ST-310.

    >>> sold = ClosedTrade("a", Decimal(95), Decimal(0), 1, credit=Decimal("2.45"), debit=Decimal("1.50"))
    >>> priced = with_marks(sold, TradeMarks(FillMark(Decimal("2.50"), Decimal("2.40")),
    ...                                      FillMark(Decimal("1.40"), Decimal("1.50"))))
    >>> priced.mid_pnl, priced.spread_cost, priced.slippage
    (Decimal('110.00'), Decimal('20.00'), Decimal('-5.00'))
    """
    size = EQUITY_OPTION_MULTIPLIER * trade.contracts
    if marks.entry is not None and marks.exit is not None:
        mid_pnl = (marks.entry.mid - marks.exit.mid) * size
        spread_cost = (marks.entry.mid - marks.entry.natural + marks.exit.natural - marks.exit.mid) * size
        trade = evolve(trade, mid_pnl=mid_pnl, spread_cost=spread_cost, slippage=mid_pnl - spread_cost - trade.gross)
    held = [
        mid for at, mid in marks.mids if (trade.opened is None or at >= trade.opened) and _not_after(at, trade.closed)
    ]
    if held and trade.credit is not None:
        ending = [] if trade.debit is None else [trade.debit]
        results = [(trade.credit - value) * size for value in (*held, *ending)]
        trade = evolve(trade, mae=min(results), mfe=max(results))
    if trade.closed is not None:
        seen = [at for at, _ in marks.mids if at <= trade.closed]
        last = max(seen, default=trade.opened)
        if last is not None and (trade.closed - last).total_seconds() > unwatched_after:
            trade = evolve(trade, flags=trade.flags | {TradeFlag.UNWATCHED})
    return trade


def _not_after(at: dt.datetime, closed: dt.datetime | None) -> bool:
    return closed is None or at <= closed
