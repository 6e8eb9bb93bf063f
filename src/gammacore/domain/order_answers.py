"""Whether what a broker reports of an order can be the answer to its ticket. Rules: CS-408, CS-410, CS-411, CS-412.

Pure. A report that cannot be is unreadable: nothing of it is booked, and the order counts as in flight, as after any
look that failed. What may be true and is only odd (a credit no spread brings, a price that is missing) is booked and
flagged elsewhere: CS-003, CS-411.
"""

from __future__ import annotations

from decimal import Decimal

from gammacore.domain.orders import Execution, Order, OrderReport, OrderState, OrderTicket
from gammacore.domain.verdicts import Verdict
from gammacore.domain.written_figures import bounded_figure

LESS_THAN_BOOKED = "less_than_booked"
"""The one reason that a lagging answer gives as well: it is old until a second look in a row says the same. R3."""
_NEVER_REPORTED = (OrderState.INTENDED, OrderState.UNKNOWN, OrderState.NOT_SENT)
"""What only we can know of an order."""


def judge_answer(order: Order, report: OrderReport) -> Verdict:
    """Passes a report that can be true of this order; else unknown, with a reason code and the two sides compared.

    Its id is the ticket's; legs, their sides and quantities are within the ticket, whole spreads in ratio; figures are
    finite; nothing booked is taken back; an order that is filled is filled as a whole. Quantities are contracts or
    shares, prices points. Symbols are compared as our books spell them (CS-013).
    """
    ticket, reported = order.ticket, report.execution
    if report.id != ticket.id:
        return Verdict.unknown("other_order", repr(report.id), f"asked for {ticket.id}")
    if report.state in _NEVER_REPORTED:
        return Verdict.unknown("impossible_state", report.state, "is no state a broker can report")
    for verdict in (_judge_whole(ticket, report), _judge_legs(ticket, reported), _judge_figures(ticket, reported)):
        if not verdict.passed:
            return verdict
    return _judge_progress(order, reported)


def _judge_whole(ticket: OrderTicket, report: OrderReport) -> Verdict:
    filled, ordered = report.execution.quantity, ticket.quantity
    if filled < 0:
        return Verdict.unknown("impossible_quantity", filled, "is below 0")
    if filled > ordered:
        return Verdict.unknown("more_than_ordered", filled, f"filled of {ordered} ordered")
    if report.state is OrderState.FILLED and filled < ordered:
        return Verdict.unknown("filled_in_part", filled, f"of {ordered}, and reported as filled")
    return Verdict.ok()


def _judge_legs(ticket: OrderTicket, reported: Execution) -> Verdict:
    """Each fill is of one leg of the ticket, once, its way round; no leg shows less than the whole spreads need."""
    legs = {leg.symbol: leg for leg in ticket.legs}
    seen: set[str] = set()
    for fill in reported.legs:
        leg = legs.get(fill.symbol)
        if leg is None:
            return Verdict.unknown("other_leg", repr(fill.symbol), f"is no leg of {', '.join(legs)}")
        if fill.symbol in seen:
            return Verdict.unknown("leg_twice", fill.symbol, "is reported twice")
        seen.add(fill.symbol)
        if fill.side is not leg.side:
            return Verdict.unknown("other_side", f"{fill.symbol} {fill.side}", f"ordered to {leg.side}")
        if fill.quantity < 0:
            return Verdict.unknown("impossible_quantity", f"{fill.quantity} {fill.symbol}", "is below 0")
        if fill.quantity > leg.ratio * ticket.quantity:
            most = leg.ratio * ticket.quantity
            return Verdict.unknown("more_than_ordered", f"{fill.quantity} {fill.symbol}", f"filled of {most} ordered")
    if not reported.legs:
        return Verdict.ok()
    by_symbol = {fill.symbol: fill.quantity for fill in reported.legs}
    for leg in ticket.legs:
        if (has := by_symbol.get(leg.symbol, 0)) < leg.ratio * reported.quantity:
            whole = f"filled, {reported.quantity} whole need {leg.ratio * reported.quantity}"
            return Verdict.unknown("leg_missing", f"{has} {leg.symbol}", whole)
    return Verdict.ok()


def _judge_figures(ticket: OrderTicket, reported: Execution) -> Verdict:
    """A net price may be below 0 where it came out the other way; what one symbol trades at and fees never are."""
    leg = ticket.legs[0]
    may_turn = len(ticket.legs) > 1 or leg.side.sign == ticket.effect.sign  # to buy for a credit is odd, not unreadable
    if reported.price is not None and not _is_figure(reported.price, signed=may_turn):
        return Verdict.unknown("impossible_price", repr(reported.price), "is no price of this order")
    if not _is_figure(reported.fees):
        return Verdict.unknown("impossible_fees", repr(reported.fees), "are no dollars paid")
    if (wrong := next((fill for fill in reported.legs if not _is_figure(fill.price)), None)) is not None:
        return Verdict.unknown("impossible_price", repr(wrong.price), f"of {wrong.symbol}")
    return Verdict.ok()


def _is_figure(figure: Decimal, *, signed: bool = False) -> bool:
    return isinstance(bounded_figure(figure), Decimal) and (signed or figure >= 0)


def _judge_progress(order: Order, reported: Execution) -> Verdict:
    """What was filled stays filled: an execution is the total so far. Rule: CS-410."""
    known = order.execution
    if reported.quantity < known.quantity:
        return Verdict.unknown(LESS_THAN_BOOKED, reported.quantity, f"filled, {known.quantity} are booked")
    for leg in order.ticket.legs:
        if (has := reported.filled_of(leg)) < (booked := known.filled_of(leg)):
            return Verdict.unknown(LESS_THAN_BOOKED, f"{has} {leg.symbol}", f"filled, {booked} are booked")
    return Verdict.ok()
