"""Events of holdings in one line each, as tests of the book and of reports write them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from attrs import evolve

from gammacore.application.order_desk import OrderDesk
from gammacore.domain.holding_events import HoldingAdopted, HoldingClosed
from gammacore.domain.holdings.holding import SPREADS, AnyHolding, Holding, HoldingState, Origin
from gammacore.domain.holdings.plans import Opening, SpreadPlan, SpreadWatch, terms_of
from gammacore.domain.ledger import OrderIntended
from gammacore.domain.orders import OrderState, OrderTicket
from gammacore.domain.risk.guard import Refused


def order_intended(at: dt.datetime, ticket: OrderTicket, plan: SpreadPlan | None = None) -> OrderIntended:
    """An intent; with a plan it opens a spread, whose stop policy stands beside it."""
    if plan is None:
        return OrderIntended(at, ticket)
    return OrderIntended(at, ticket, opening_of(plan, ticket), plan.policy)


def opening_of(plan: SpreadPlan, ticket: OrderTicket) -> Opening:
    """What the first order of a spread begins."""
    return Opening(SPREADS, plan.spread.underlying, terms_of(plan, ticket.limit))


def spread_adopted(
    at: dt.datetime, plan: SpreadPlan, contracts: int, credit: Decimal, holdings: Mapping[str, int],
    opened_at: dt.datetime, watch: SpreadWatch, orphan: bool,
) -> HoldingAdopted:  # fmt: skip
    """A spread taken over; its stop policy stands beside it."""
    terms = terms_of(plan, None)
    return HoldingAdopted(
        at, plan.holding, SPREADS, plan.spread.underlying, Origin.ORPHAN if orphan else Origin.IMPORTED,
        dict(holdings), credit, opened_at, contracts, evolve(terms, spread=plan.spread), watch, plan.policy,
    )  # fmt: skip


def holding_began(
    at: dt.datetime, holding: str, owner: str, underlying: str, symbols: Mapping[str, int], price: Decimal
) -> HoldingAdopted:
    """A holding without a plan: begun by a strategy, or with symbols what a crash left."""
    origin = Origin.STRANDED if owner == Origin.STRANDED else Origin.CHOSEN
    return HoldingAdopted(at, holding, owner, underlying, origin, dict(symbols), price, at)


def spread_closed(
    at: dt.datetime, position: str, reason: str, exit_value: Decimal, contracts: int, gross: Decimal, fees: Decimal,
    settlement_price: Decimal | None = None, estimated: bool = False,
) -> HoldingClosed:  # fmt: skip
    """The booking of a spread."""
    return HoldingClosed(
        at, position, reason, gross, Decimal(0), fees, True, contracts, exit_value, settlement_price, estimated
    )


def holding_closed(
    at: dt.datetime, holding: str, reason: str, options: Decimal, shares: Decimal, fees: Decimal
) -> HoldingClosed:
    """The booking of a holding without a plan."""
    return HoldingClosed(at, holding, reason, options, shares, fees, is_trade=False)


def a_holding(holding: str, owner: str, underlying: str, opened_at: dt.datetime) -> AnyHolding:
    """An open holding without a plan, nothing in it yet."""
    origin = Origin(owner) if owner in (Origin.DELIVERED, Origin.STRANDED) else Origin.CHOSEN
    return Holding(holding, owner, underlying, origin, HoldingState.OPEN, opened_at, None)


def sell(desk: OrderDesk, ticket: OrderTicket, plan: SpreadPlan) -> OrderState | Refused:
    """Send the first order of a spread."""
    return desk.send(ticket, opening_of(plan, ticket), plan)
