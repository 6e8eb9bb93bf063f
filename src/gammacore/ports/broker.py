"""The broker ports: orders, holdings and the account, in our words; and the broker's own stream of order events.

An event of that stream is a reason to look sooner, never the truth itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, TypeVar

from attrs import define, frozen

from gammacore.domain.orders import OrderReport, OrderTicket
from gammacore.domain.sessions import BrokerClock


@frozen
class Receipt:
    """The broker's acknowledgement: it has the order. It is not a fill."""

    broker_id: str


@frozen
class BrokerAccount:
    """What the broker says of the account, dollars. `number` is shown with its last characters only.

    `balance` is what the broker calls the account's worth: shown by `doctor`, never traded on; our own balance is the
    ledger's. `option_buying_power` is what new option risk may use now: an entry that needs more is refused (CS-343).
    `barred`: what keeps it from taking orders of the account, in the broker's own words; empty when nothing does.
    `cash` is what fills, fees and settlement change, compared at the day's end (OP-708); None where it does not say.
    """

    number: str
    balance: Decimal
    option_buying_power: Decimal
    barred: str = ""
    cash: Decimal | None = None


class PartlyRead(dict[str, int]):
    """Holdings of which some rows could not be read: what is held of those symbols is not known, never zero.

    `unread` are their symbols; "" stands for a row that does not even name one: then what is missing proves nothing.

    >>> held = PartlyRead({"SPY": 100}, unread={"QQQ"})
    >>> held["SPY"], sorted(held.unread)
    (100, ['QQQ'])
    """

    def __init__(self, held: Mapping[str, int], unread: Iterable[str]) -> None:
        super().__init__(held)
        self.unread = frozenset(unread)


def held_of(read: Mapping[str, int], unread: Collection[str]) -> Mapping[str, int]:
    """Holdings of what was read: without what is none, and without what is also among the unread.

    >>> held_of({"SPY": 100, "QQQ": 0}, set())
    {'SPY': 100}
    """
    held = {symbol: quantity for symbol, quantity in read.items() if quantity and symbol not in unread}
    return PartlyRead(held, unread) if unread else held


def unread_in(held: Mapping[str, int]) -> frozenset[str]:
    """The symbols of which it is not known how much is held; none of an answer that was read whole."""
    return held.unread if isinstance(held, PartlyRead) else frozenset()


def unread_in_words(unread: Iterable[str]) -> str:
    """Symbols of rows that could not be read, for people.

    >>> unread_in_words({"", "QQQ"})
    'a row without a symbol, QQQ'
    """
    return ", ".join(symbol or "a row without a symbol" for symbol in sorted(unread))


SendGate = Callable[[], None]
"""Asked once all that may wait is over, right before an order's first byte; what it raises keeps the order here."""


def always_open() -> None:
    """The gate of an order that is never too old."""


class Broker(Protocol):
    """Takes orders and says what became of them. Quantities of holdings are signed: short is negative.

    All calls come from one thread, in any order, `order` and `holdings` every few seconds. Each is bounded in time: the
    loop waits for it, and every other position's stop with it. Nothing is raised but `BrokerError` and its kinds.
    """

    def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
        """Send one order, once. A client id the broker already has is answered with the order it has.

        The first send of an id asks nothing beforehand: an exit must leave while the list of orders is down. Who sends
        an id again after a restart has looked for it with `order` before. Rule: CS-408.

        `ticket.id` is the client id; `ticket.tag`, which ends with it, is what the broker may show instead. Orders are
        good for the day, all legs in one; a limit is positive, `ticket.effect` says whether it is received or paid.

        Looking it up, holding it back for a rate limit and connecting take time, and a machine may sleep in between:
        `gate` is called after all of it, before the first byte, and its exception is passed on with nothing sent.

        Never infer a fill from a receipt, nor absence from an exception.

        Raises:
            OrderTooOld: the gate is closed; nothing was sent.
            OrderRejected: refused for good.
            BrokerUnavailable: it never left, or was answered "not taken".
            OutcomeUnknown: it left and no answer came, or an error came beside an id. Look it up with `order`; do not
                send it again. Any other `BrokerError` is read as this one.
        """
        ...

    def cancel(self, order_id: str) -> None:
        """Ask for an order to be called back. Returning says it was asked, not that it is gone: it may still fill.

        Raises:
            BrokerError: the request was not taken, or no such order is known. The order stands as it was.
        """
        ...

    def order(self, order_id: str) -> OrderReport | None:
        """The order of a client id as the broker has it now; None only when it is proven never to have arrived.

        Its execution is the total so far, that of a canceled order too, at a positive price in the ticket's effect:
        2.80 paid is 2.80, however the broker signs it. Finished orders of today are found too, also after a restart.

        Raises:
            BrokerUnavailable: no answer, or its row cannot be read. Never to be read as None.
        """
        ...

    def order_by_broker_id(self, order_id: str, broker_id: str) -> OrderReport | None:
        """As `order`, asked for by the broker's own id: a broker may list an order without the tag it came with.

        The report bears `order_id`. None where the broker does not have that id. A cancel may use the id from now on.

        Raises:
            BrokerUnavailable: as `order`.
        """
        ...

    def orders(self) -> Sequence[OrderReport]:
        """Today's orders of this account as the broker has them, ours and others', oldest first.

        Ours bear their client id as in `order`; others whatever id or tag their sender gave, which is none of ours.
        Rows are read one by one: what cannot be read of another trader's is left out.

        Raises:
            BrokerUnavailable: no answer. Never to be read as none.
        """
        ...

    def holdings(self) -> Mapping[str, int]:
        """Signed contracts (OCC symbol) and shares (plain symbol) held now; `PartlyRead` where a row cannot be read.

        Raises:
            BrokerUnavailable: no answer. Never to be read as flat.
        """
        ...

    def clock(self) -> BrokerClock:
        """The broker's time and whether its market is open. Raises BrokerUnavailable, never to be read as "open"."""
        ...

    def account(self) -> BrokerAccount:
        """Balance and buying power. Raises BrokerUnavailable; a missing figure is never zero."""
        ...


class BrokerCall(StrEnum):
    """The calls of a `Broker`, as who counts or times them names them."""

    SUBMIT = "submit"
    CANCEL = "cancel"
    ORDER = "order"
    ORDER_BY_BROKER_ID = "order by id"
    ORDERS = "orders"
    HOLDINGS = "holdings"
    CLOCK = "clock"
    ACCOUNT = "account"


Answer = TypeVar("Answer")


@define(eq=False)
class BrokerDecorator:
    """Implements `Broker` over another one, `inner`: passes every call on and changes nothing.

    A subclass overrides what it changes: `around`, which makes every call; `passed_on`, which gives every report of an
    order its last form; or a call itself.

    >>> class Cautious(BrokerDecorator):
    ...     def cancel(self, order_id: str) -> None:
    ...         print("not canceled:", order_id)
    >>> Cautious(inner=None).cancel("gc-1")  # None: this call does not reach it
    not canceled: gc-1
    """

    inner: Broker

    def around(self, call: BrokerCall, ask: Callable[[], Answer]) -> Answer:
        """The answer of `ask`, which is the call to the inner broker."""
        return ask()

    def passed_on(self, report: OrderReport) -> OrderReport:
        """The report as it is passed on."""
        return report

    def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
        return self.around(BrokerCall.SUBMIT, lambda: self.inner.submit(ticket, gate))

    def cancel(self, order_id: str) -> None:
        self.around(BrokerCall.CANCEL, lambda: self.inner.cancel(order_id))

    def order(self, order_id: str) -> OrderReport | None:
        report = self.around(BrokerCall.ORDER, lambda: self.inner.order(order_id))
        return None if report is None else self.passed_on(report)

    def order_by_broker_id(self, order_id: str, broker_id: str) -> OrderReport | None:
        report = self.around(
            BrokerCall.ORDER_BY_BROKER_ID, lambda: self.inner.order_by_broker_id(order_id, broker_id)
        )  # fmt: skip
        return None if report is None else self.passed_on(report)

    def orders(self) -> Sequence[OrderReport]:
        return [self.passed_on(report) for report in self.around(BrokerCall.ORDERS, self.inner.orders)]

    def holdings(self) -> Mapping[str, int]:
        return self.around(BrokerCall.HOLDINGS, self.inner.holdings)

    def clock(self) -> BrokerClock:
        return self.around(BrokerCall.CLOCK, self.inner.clock)

    def account(self) -> BrokerAccount:
        return self.around(BrokerCall.ACCOUNT, self.inner.account)


@frozen
class News:
    """What was received since the last question: client ids of orders that changed.

    `gap` says that the stream was down for a while (not yet connected, cut, garbled): any order may have changed.
    """

    orders: frozenset[str] = frozenset()
    gap: bool = False


class OrderNews(Protocol):
    """Says which orders are worth a look now. What became of them only `Broker.order` says.

    Without a stream every order is still polled at its own pace: silence is never to be read as "nothing happened".
    """

    def received(self) -> News:
        """Everything received since the last call, once. Never blocks, never raises."""
        ...

    def close(self) -> None:
        """Let go of the connection; idempotent."""
        ...
