"""Lots: contracts or shares of one symbol, taken in at a price, first in first out.

And the price at which a fill is booked where the broker reports none, or an impossible one. Rules: CS-003, CS-411,
DH-243, SC-449.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve, frozen

from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER, contract_of
from gammacore.domain.orders import Effect, Execution, OrderTicket, Purpose

ZERO = Decimal(0)


@frozen
class Lot:
    """Signed contracts or shares taken in at one price, points; `order` is the client id it was filled under.

    "" for what no order of ours brought: adopted, delivered, settled.
    """

    quantity: int
    price: Decimal
    order: str = ""


@frozen
class Lots:
    """What is held of one symbol, oldest lot first, all of one sign.

    `multiplier` dollars a point, `realised` dollars, gross.

    >>> held = Lots("SPY", 1).traded(100, Decimal("600")).traded(-40, Decimal("601.50"))
    >>> held.quantity, held.realised
    (60, Decimal('60.00'))
    """

    symbol: str
    multiplier: int
    lots: tuple[Lot, ...] = ()
    realised: Decimal = ZERO

    @property
    def quantity(self) -> int:
        return sum(lot.quantity for lot in self.lots)

    @property
    def is_option(self) -> bool:
        return self.multiplier == EQUITY_OPTION_MULTIPLIER

    @property
    def cost(self) -> Decimal:
        """Dollars paid (negative: received) for what is open."""
        return sum((lot.quantity * lot.price for lot in self.lots), ZERO) * self.multiplier

    @property
    def average_price(self) -> Decimal:
        """Points, of what is open; an error where nothing is."""
        return self.cost / self.multiplier / self.quantity

    def open_profit(self, price: Decimal) -> Decimal:
        """What closing everything at `price` points would earn, dollars, gross."""
        return self.quantity * price * self.multiplier - self.cost

    def traded(self, quantity: int, price: Decimal, order: str = "") -> Lots:
        """After so many more (negative: fewer) were traded at a price; the oldest lots of the other sign close first.

        >>> Lots("SPY", 1, (Lot(10, Decimal(5)),)).traded(-15, Decimal(6)).lots
        (Lot(quantity=-5, price=Decimal('6'), order=''),)
        """
        lots, realised, left = list(self.lots), self.realised, quantity
        while left and lots and (lots[0].quantity > 0) != (left > 0):
            oldest = lots.pop(0)
            closed = min(abs(left), abs(oldest.quantity))
            sign = 1 if oldest.quantity > 0 else -1
            realised += (price - oldest.price) * sign * closed * self.multiplier
            left += sign * closed
            if rest := oldest.quantity - sign * closed:
                lots.insert(0, evolve(oldest, quantity=rest))
        if left:
            lots.append(Lot(left, price, order))
        return evolve(self, lots=tuple(lots), realised=realised)

    def corrected(self, order: str, points: Decimal, quantity: int) -> Lots:
        """After the broker corrected what `quantity` signed units of one order cost, by `points` in all.

        What is still open of the order is priced anew, the rest is in what was realised. Rule: CS-411.

        >>> half = Lots("SPY", 1).traded(10, Decimal(5), "gc-1").traded(-4, Decimal(6))
        >>> after = half.corrected("gc-1", Decimal(10), 10)
        >>> after.lots[0].price, half.realised, after.realised
        (Decimal('6'), Decimal('4'), Decimal('0'))
        """
        each = points / quantity
        open_units = sum(lot.quantity for lot in self.lots if lot.order == order)
        lots = tuple(evolve(lot, price=lot.price + each) if lot.order == order else lot for lot in self.lots)
        realised = self.realised - each * (quantity - open_units) * self.multiplier
        return evolve(self, lots=lots, realised=realised)


def multiplier_of(symbol: str) -> int:
    """Dollars a point: 100 for an OCC option symbol, 1 for shares.

    >>> multiplier_of("SPY260123C00480000"), multiplier_of("SPY")
    (100, 1)
    """
    return 1 if contract_of(symbol) is None else EQUITY_OPTION_MULTIPLIER


def with_price(ticket: OrderTicket, execution: Execution, plan: SpreadPlan | None) -> tuple[Execution, bool]:
    """The execution as it is booked, and whether its price is the broker's and possible.

    Where every leg has its price the net is known, be it 0. A net that its own legs contradict is not believed: theirs
    is booked, unverified. No more is a close of a spread that brings dollars by its net alone (CS-002). Else the
    expected price stands in: of an entry the credit it was planned for, of a close at market the worst it can cost, or
    a sold leg bring.
    """
    is_entry = ticket.purpose is Purpose.ENTRY
    if (legs := _contradicted(ticket, execution)) is not None:
        return evolve(execution, price=legs), False
    net = None if execution.price else execution.net_of_legs(ticket)
    if net is not None:
        execution = evolve(execution, price=net)
    is_mute = execution.price is None or (is_entry and execution.price == 0 and net is None)
    is_mute = is_mute or (plan is not None and not is_entry and _turns_round(ticket, execution))
    if execution.quantity == 0 or not is_mute:
        return execution, not is_entry or plan is None or is_possible_credit(execution.price, plan)
    expected = ticket.limit or ticket.stop
    if is_entry and plan is not None:
        expected = plan.expected_credit
    elif expected is None and plan is not None:
        expected = plan.spread.width if ticket.effect is Effect.DEBIT else Decimal(0)
    return evolve(execution, price=expected), False


def _turns_round(ticket: OrderTicket, execution: Execution) -> bool:
    """Whether a net price below 0 is not what its legs come to: a spread is worth 0 at least."""
    return execution.price is not None and execution.price < 0 and execution.net_of_legs(ticket) != execution.price


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
