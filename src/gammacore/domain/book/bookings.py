"""How a holding is booked: the one event that ends it, and why it ended. Rules: CS-005, CS-561..564."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from gammacore.domain.holding_events import HoldingClosed
from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER
from gammacore.domain.orders import Order

CLOSED_EXTERNALLY = "closed_externally"
"""Another trader, or the broker, ended it."""
SETTLED = "settled"


def booked(
    holding: AnyHolding,
    at: dt.datetime,
    reason: str,
    settlement_price: Decimal | None = None,
    *,
    estimated: bool = False,
) -> HoldingClosed:
    """What a flat holding brought, and what ending one spread of it cost, points. Rules: CS-005, CS-564.

    An estimate too where another trader traded part of it at a price that is not known (CS-572).
    """
    gross, shares, contracts = holding.gross, holding.shares_realised, holding.contracts
    cost = gross / (EQUITY_OPTION_MULTIPLIER * contracts) if contracts else Decimal(0)
    return HoldingClosed(
        at=at,
        holding=holding.id,
        reason=reason,
        options=gross - shares,
        shares=shares,
        fees=holding.fees,
        is_trade=holding.plan is not None,
        contracts=contracts,
        exit_value=holding.credit - cost if contracts else Decimal(0),
        settlement_price=settlement_price,
        estimated=estimated or bool(holding.missing),
    )


def end_of(holding: AnyHolding, orders: Iterable[Order]) -> str:
    """Why a holding that is flat by fills ended: what was decided, else what its last order was for."""
    if holding.exit_reason:
        return holding.exit_reason
    if holding.plan is not None:
        return CLOSED_EXTERNALLY if holding.outside else "repaired"
    filled = [order for order in orders if order.execution.any]
    return filled[-1].ticket.reason if filled else SETTLED
