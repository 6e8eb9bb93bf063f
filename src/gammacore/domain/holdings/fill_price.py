"""At what price a fill is booked where the broker reports none, or one that cannot be. Rules: CS-003, CS-411."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.orders import Effect, Execution, OrderTicket, Purpose


def with_price(ticket: OrderTicket, execution: Execution, plan: SpreadPlan | None) -> tuple[Execution, bool]:
    """The execution as it is booked, and whether its price is the broker's and possible.

    Where every leg has its price the net is known, be it 0. A net that its own legs contradict is not believed: theirs
    is booked, unverified. Else the expected price stands in: of an entry the credit it was planned for, of a close at
    market the worst it can cost, or a sold leg bring.
    """
    is_entry = ticket.purpose is Purpose.ENTRY
    if (legs := _contradicted(ticket, execution)) is not None:
        return evolve(execution, price=legs), False
    net = None if execution.price else execution.net_of_legs(ticket)
    if net is not None:
        execution = evolve(execution, price=net)
    is_mute = execution.price is None or (is_entry and execution.price == 0 and net is None)
    if execution.quantity == 0 or not is_mute:
        return execution, not is_entry or plan is None or is_possible_credit(execution.price, plan)
    expected = ticket.limit
    if is_entry and plan is not None:
        expected = plan.expected_credit
    elif expected is None and plan is not None:
        expected = plan.spread.width if ticket.effect is Effect.DEBIT else Decimal(0)
    return evolve(execution, price=expected), False


def _contradicted(ticket: OrderTicket, execution: Execution) -> Decimal | None:
    """The net of the legs, points, where the net that is reported with them is another; None where they agree.

    Averages are rounded, and only whole spreads have one net: up to a tick a leg is the same, legs out of ratio differ.
    """
    is_whole = all(execution.filled_of(leg) == leg.ratio * execution.quantity for leg in ticket.legs)
    net = execution.net_of_legs(ticket) if is_whole and len(ticket.legs) > 1 else None
    if net is None or not execution.price or abs(execution.price - net) <= A_TICK * len(ticket.legs):
        return None
    return net


A_TICK = Decimal("0.05")


def is_possible_credit(credit: Decimal | None, plan: SpreadPlan) -> bool:
    """Whether a spread can have been sold for so many points: 0 < C < W. Rule: CS-003."""
    return credit is not None and 0 < credit < plan.spread.width
