"""A finished day against its broker: holdings, working orders, fills, and cash to the cent. Rule: OP-708.

Cash is compared as a change: what the broker's cash became between two looks, beside what fills, fees and settlement
explain of it by the ledger. What another trader holds or pays in is a rest, and is named.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import assert_never

from attrs import frozen

from gammacore.domain.book.book import Book
from gammacore.domain.dollars import dollars
from gammacore.domain.holding_events import HoldingSettled
from gammacore.domain.holdings.lots import multiplier_of
from gammacore.domain.instruments import contract_of
from gammacore.domain.ledger import Event, OrderFilled, OrderIntended
from gammacore.domain.orders import NOTHING_FILLED, Execution, OrderReport, OrderTicket

NOTHING = Decimal(0)


class CashVerdict(StrEnum):
    """What a rest of cash means."""

    EXPLAINED = "explained"
    SETTLING = "settling"
    """All but the settlement, which the broker books overnight: compared again the next morning."""
    DIFFERS = "differs"


@frozen
class CashLook:
    """The cash of an account at one instant, dollars: what the broker says, and what the ledger makes it."""

    at: dt.datetime
    broker: Decimal
    ledger: Decimal


@frozen
class CashStatement:
    """What a day did to an account's cash, dollars: `opening` and `closing` are the broker's, the rest the ledger's.

    `fees` are an estimate where the broker names none. `tolerance` is what may stay unexplained.

    >>> day = CashStatement(Decimal(20000), Decimal(250), Decimal("-2.60"), Decimal(0), Decimal("20247.40"), Decimal(2))
    >>> day.expected, day.rest, day.verdict.value
    (Decimal('20247.40'), Decimal('0.00'), 'explained')
    """

    opening: Decimal
    fills: Decimal
    fees: Decimal
    settlement: Decimal
    closing: Decimal
    tolerance: Decimal

    @property
    def expected(self) -> Decimal:
        return self.opening + self.fills + self.fees + self.settlement

    @property
    def rest(self) -> Decimal:
        """What nothing explains: above zero the broker has more."""
        return self.closing - self.expected

    @property
    def verdict(self) -> CashVerdict:
        if abs(self.rest) <= self.tolerance:
            return CashVerdict.EXPLAINED
        if self.settlement and abs(self.rest + self.settlement) <= self.tolerance:
            return CashVerdict.SETTLING
        return CashVerdict.DIFFERS

    def __str__(self) -> str:
        parts = [f"{dollars(self.opening)} at the opening", f"fills {dollars(self.fills)}"]
        parts += [f"fees {dollars(self.fees)}"] if self.fees else []
        parts += [f"settlement {dollars(self.settlement)}"] if self.settlement else []
        made = f"cash {dollars(self.closing)}: {', '.join(parts)}"
        match self.verdict:
            case CashVerdict.EXPLAINED:
                return f"{made}, {dollars(self.rest)} unexplained" if self.rest else f"{made}, to the cent"
            case CashVerdict.SETTLING:
                return f"{made}; the settlement is not booked yet and is compared in the morning"
            case CashVerdict.DIFFERS:
                return f"{made}; {dollars(self.rest)} unexplained, {dollars(self.tolerance)} may be"
            case _:
                assert_never(self.verdict)


@frozen
class DayEnd:
    """What a comparison after the close came to. A line each of `holdings`, `orders` and `fills` that differ.

    `cash` is None where it was not compared, and `why_no_cash` says why. `look` is where the next comparison of cash
    begins, None where the broker's cash is not known.
    """

    date: dt.date
    at: dt.datetime
    holdings: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    fills: tuple[str, ...] = ()
    cash: CashStatement | None = None
    why_no_cash: str = ""
    look: CashLook | None = None

    @property
    def needs_reconcile(self) -> bool:
        """Whether what is held or at work differs: that is quarantined or taken up, as the loop does. Rule: R5."""
        return bool(self.holdings or self.orders)

    @property
    def differences(self) -> tuple[str, ...]:
        """Everything that is a warning, in words."""
        cash = (str(self.cash),) if self.cash is not None and self.cash.verdict is CashVerdict.DIFFERS else ()
        return (*self.holdings, *self.orders, *self.fills, *cash)

    @property
    def lines(self) -> tuple[str, ...]:
        """What the report of the day says of it."""
        cash = f"cash not compared: {self.why_no_cash}" if self.cash is None else str(self.cash)
        agreed = () if self.holdings or self.orders or self.fills else ("holdings, orders and fills agree",)
        return (*self.holdings, *self.orders, *self.fills, *agreed, cash)


def ledger_cash(book: Book) -> Decimal:
    """What the ledger makes the cash of the account, dollars: its balance, and what live holdings took in or cost."""
    return book.balance + sum((one.cash - one.fees for one in book.live_holdings), NOTHING)


@frozen
class Money:
    """What happened to an account's money after an instant: fees paid and settlements, dollars; contracts traded."""

    fees: Decimal
    settlement: Decimal
    contracts: int

    @classmethod
    def since(cls, events: Iterable[Event], instant: dt.datetime) -> Money:
        tickets: dict[str, OrderTicket] = {}
        known: dict[str, Execution] = {}
        fees, settlement, contracts = NOTHING, NOTHING, 0
        for event in events:
            if isinstance(event, OrderIntended):
                tickets[event.ticket.id] = event.ticket
            elif isinstance(event, OrderFilled):
                before, known[event.id] = known.get(event.id, NOTHING_FILLED), event.execution
                if event.at > instant:
                    fees += event.execution.fees - before.fees
                    contracts += _contracts(tickets.get(event.id), before, event.execution)
            elif isinstance(event, HoldingSettled) and event.at > instant:
                settlement += event.quantity * event.worth * multiplier_of(event.symbol) - event.shares * event.price
        return cls(fees, settlement, contracts)


def _contracts(ticket: OrderTicket | None, before: Execution, now: Execution) -> int:
    if ticket is None:
        return 0
    return sum(abs(change) for symbol, change in ticket.gained(before, now).items() if contract_of(symbol) is not None)


def cash_statement(
    opening: CashLook, closing: CashLook, events: Iterable[Event], per_contract: Decimal
) -> CashStatement:
    """What became of the cash between two looks. `per_contract` dollars a contract traded may stay unexplained."""
    money = Money.since(events, opening.at)
    fills = closing.ledger - opening.ledger + money.fees - money.settlement
    tolerance = per_contract * max(1, money.contracts)
    return CashStatement(opening.broker, fills, -money.fees, money.settlement, closing.broker, tolerance)


def held_otherwise(book: Book, held: Mapping[str, int], expired: dt.date) -> Iterator[str]:
    """What the account holds otherwise than the ledger says, a line each.

    Options that expired on or before `expired` are settlement's; shares beyond ours are another trader's. CS-571.
    """
    expected = book.expected_holdings()
    for symbol in sorted(held.keys() | expected.keys()):
        contract, ours, theirs = contract_of(symbol), expected.get(symbol, 0), held.get(symbol, 0)
        if contract is not None and contract.expiry <= expired:
            continue
        is_less = abs(theirs) < abs(ours) or theirs * ours < 0
        if theirs != ours and (contract is not None or is_less):
            known = "; quarantined" if symbol in book.quarantined else ""
            yield f"{symbol}: the account holds {theirs:+d}, the ledger {ours:+d}{known}"


def ordered_otherwise(book: Book, reports: Iterable[OrderReport]) -> Iterator[str]:
    """Orders of ours that still work on one side only, a line each."""
    shown = {report.id: report for report in reports}
    for order in book.orders.values():
        report = shown.get(order.id)
        if report is not None and order.is_working is report.state.is_final:
            theirs = "is over" if report.state.is_final else "works"
            yield f"order {order.id}: {theirs} at the broker, {order.state} in the ledger"
        elif report is None and order.is_working:
            yield f"order {order.id}: not at the broker, {order.state} in the ledger"


def filled_otherwise(book: Book, reports: Iterable[OrderReport]) -> Iterator[str]:
    """Orders of which the broker shows another number filled than the ledger, a line each."""
    for report in reports:
        order = book.order(report.id)
        if order is not None and order.execution.quantity != report.execution.quantity:
            yield f"order {order.id}: {report.execution.quantity} filled at the broker, {order.execution.quantity} here"
