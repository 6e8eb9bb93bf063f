"""What a ledger holds now as figures: positions, other holdings, working orders."""

from __future__ import annotations

from decimal import Decimal

from gammacore.domain.book.book import Book
from gammacore.domain.holdings.holding import AnyHolding, SoldSpread, without_plan
from gammacore.domain.orders import Order
from gammacore.domain.reports import words
from gammacore.domain.reports.figures import Figure, Figures, Section, Unit

fact, gain = Figure.fact, Figure.gain


def book_sections(book: Book) -> tuple[Section, ...]:
    """What is open and what works; what it is worth now is not in a ledger."""
    held = (holding for holding in without_plan(book.live_holdings) if holding.has_filled)
    return (
        Section("open position", tuple(_position(position) for position in book.live_spreads), "positions"),
        Section("holding", tuple(_held(holding) for holding in held), "inventories"),
        Section("working order", tuple(_order(order) for order in book.working_orders), "orders"),
    )


def _position(position: SoldSpread) -> Figures:
    plan = position.plan
    return (
        Figure("position", position.id, key="id"),
        Figure("sold", f"{position.open_contracts} × {plan.strategy} {plan.spread.strikes}"),
        Figure("credit", position.credit, Unit.POINTS, key="credit"),
        Figure("at risk", position.maximum_risk, Unit.DOLLARS, key="max_risk"),
        Figure("since", position.opened_at, Unit.INSTANT, key="opened"),
        Figure("state", f"{position.state} {position.exit_reason}".strip()),
        fact("state", position.state.value),
        fact("strategy", plan.strategy.value),
        fact("legs", plan.spread.opening_legs),
        fact("strikes", plan.spread.strikes),
        fact("contracts", position.open_contracts, Unit.COUNT),
        fact("exit_reason", position.exit_reason or None),
    )


def _held(holding: AnyHolding) -> Figures:
    holds = (f"{quantity:+,d} {words.symbol_in_words(symbol)}" for symbol, quantity in holding.quantities.items())
    return (
        Figure("holding", holding.id, key="id"),
        Figure("strategy", holding.owner, key="strategy"),
        fact("underlying", holding.underlying),
        Figure("holds", "\n".join(holds) or "flat, not booked yet"),
        fact("holdings", holding.quantities),
        Figure("cost", sum((lots.cost for lots in holding.lots.values()), Decimal(0)), Unit.DOLLARS, key="cost"),
        gain("realised", holding.options_realised + holding.shares_realised, "realised"),
        fact("fees", holding.fees, Unit.DOLLARS),
        Figure("since", holding.opened_at, Unit.INSTANT, key="opened"),
    )


def _order(order: Order) -> Figures:
    ticket = order.ticket
    limit = "market" if ticket.limit is None else f"{ticket.limit} {ticket.effect}"
    stop = () if ticket.stop is None else (fact("stop", ticket.stop, Unit.POINTS),)
    return (
        Figure("working order", f"{ticket.purpose} {ticket.holding}\n{order.id}"),
        Figure("filled", f"{order.execution.quantity} of {ticket.quantity}"),
        Figure("limit", limit if ticket.stop is None else f"stop {ticket.stop}"),
        Figure("since", order.intended_at, Unit.INSTANT, key="at"),
        Figure("state", order.state.value, key="state"),
        fact("id", order.id),
        fact("position", ticket.holding),
        fact("purpose", ticket.purpose.value),
        fact("legs", ticket.legs),
        fact("quantity", ticket.quantity, Unit.COUNT),
        fact("filled", order.execution.quantity, Unit.COUNT),
        fact("limit", ticket.limit, Unit.POINTS),
        fact("effect", ticket.effect.value),
        *stop,
    )
