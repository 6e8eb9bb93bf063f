"""How many day trades an account has made: opened and closed on one New York date. Rule: brokers.md 7 (FINRA 4210).

Where a trade may be one or none it is counted: an account that is frozen cannot be stopped out.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable

from gammacore.domain.holdings.holding import HoldingState, SoldSpread
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.orders import Execution, Order
from gammacore.domain.sessions import new_york_date


def day_trades(positions: Iterable[SoldSpread], dates: Collection[dt.date]) -> int:
    """Positions opened and closed on one of these New York dates, and those of the last that may still be closed.

    What was left to settle is none: expiry is not a trade.
    """
    return sum(1 for position in positions if _is_day_trade(position, dates))


def _is_day_trade(position: SoldSpread, dates: Collection[dt.date]) -> bool:
    opened = new_york_date(position.opened_at)
    if opened not in dates:
        return False
    if position.state is not HoldingState.CLOSED:
        return opened == max(dates)
    return position.exit_decided_at is not None and new_york_date(position.exit_decided_at) == opened


def round_trips(orders: Iterable[Order], dates: Collection[dt.date]) -> int:
    """Day trades among the orders of one inventory, oldest first: each turn from building up a symbol to reducing it.

    What was built up on the last date and is still held counts too: it may be reduced yet.
    """
    traded: defaultdict[tuple[dt.date, str], list[int]] = defaultdict(list)
    for order in orders:
        if (date := new_york_date(order.intended_at)) in dates:
            for leg in order.ticket.legs:
                if filled := _filled(leg, order.execution):
                    traded[date, leg.symbol].append(leg.side.sign * filled)
    return sum(_turns(quantities, still_open=date == max(dates)) for (date, _), quantities in traded.items())


def _turns(quantities: Iterable[int], *, still_open: bool) -> int:
    """
    >>> _turns([10, 5, -3, -2, 4, -14], still_open=False), _turns([10, -4, 6], still_open=True)
    (2, 2)
    """
    held, turns, built_up = 0, 0, False
    for quantity in quantities:
        if held * quantity < 0:
            turns += built_up
            built_up = abs(quantity) > abs(held)
        else:
            built_up = True
        held += quantity
    return turns + (still_open and built_up)


def _filled(leg: Leg | ShareLeg, execution: Execution) -> int:
    """Contracts or shares filled of one leg."""
    if execution.legs:
        return sum(fill.quantity for fill in execution.legs if fill.symbol == leg.symbol)
    return execution.quantity * leg.ratio
