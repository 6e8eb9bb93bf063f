"""Orders as Tradier writes them: rows, acknowledgements, and the resource that asks for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Protocol

from attrs import frozen

from gammacore.adapters.tradier.faults import complaint_in, order_id_in
from gammacore.adapters.tradier.wire import elements_of, inside, is_nothing, read, read_each
from gammacore.adapters.wire import RequestRefused, UnreadableAnswer
from gammacore.errors import OrderRejected, OutcomeUnknown
from gammacore.ports.broker import SendGate, always_open

PAGE_ORDERS = 100
"""Orders asked for in one go."""
MOST_PAGES = 100
"""A broker that goes on beyond it is not telling of one day."""


@frozen
class OrderRow:
    """One order, or one leg of one, as a question about it is answered. Prices in points, sizes in spreads.

    A leg is itself a row with its own id. What is not reported is None: a row made of other orders (oto, oco) has no
    quantity of its own.
    """

    id: str
    status: str
    type: str = ""
    class_: str = ""
    side: str = ""
    symbol: str = ""
    option_symbol: str | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    avg_fill_price: Decimal | None = None
    exec_quantity: Decimal | None = None
    create_date: dt.datetime | None = None
    transaction_date: dt.datetime | None = None
    tag: str | None = None
    reason_description: str = ""
    leg: tuple[OrderRow, ...] = ()


@frozen
class UnreadRow:
    """A row of a list of orders that cannot be read, and what it still says of itself: its id and tag, "" where not."""

    id: str
    tag: str
    why: str

    @property
    def has_a_name(self) -> bool:
        """Whether it can be known which order it is: one with an id and a tag that is a text, or none at all."""
        return self.id != ""


@frozen
class Placed:
    """The acknowledgement of an order or a cancel: taken in, which is not yet accepted."""

    id: str
    status: str


def read_orders(answer: object) -> list[OrderRow]:
    """The rows of a list of orders; "null" is none."""
    return read_each(OrderRow, answer, "orders", "order")


def read_rows(answer: object) -> list[OrderRow | UnreadRow]:
    """The rows of a list of orders, each by itself: one that cannot be read hides no other. Rule: R4.

    >>> read_rows({"orders": {"order": [{"id": 7, "status": "open"}, {"id": 8}]}})[1].id
    '8'
    """
    return [_read_row(cell) for cell in elements_of(answer, "orders", "order")]


def _read_row(cell: object) -> OrderRow | UnreadRow:
    try:
        return read(OrderRow, cell)
    except UnreadableAnswer as wrong:
        named = cell if isinstance(cell, dict) else {}
        number, tag = named.get("id"), named.get("tag")
        has_id = isinstance(number, str | int) and not isinstance(number, bool) and not is_nothing(number)
        has_clear_tag = is_nothing(tag) or isinstance(tag, str)
        name = str(number) if has_id and has_clear_tag else ""
        return UnreadRow(name, tag if isinstance(tag, str) and not is_nothing(tag) else "", str(wrong))


def read_placed(answer: object) -> Placed:
    """The acknowledgement of an order.

    Raises:
        OrderRejected: refused inside a success (HTTP 200), with Tradier's words.
        OutcomeUnknown: neither an id nor a refusal, or both: look the order up. Rule: CS-408.

    >>> read_placed({"order": {"id": 257459, "status": "ok"}})
    Placed(id='257459', status='ok')
    """
    if (words := _refusal(answer)) is not None:
        if number := order_id_in(answer):
            raise OutcomeUnknown(f"order {number} is there, and: {words}", number)
        raise OrderRejected(words)
    placed = _receipt(answer)
    if placed.status.lower() not in ("ok", *WORKING, "filled", "partially_filled"):
        raise OutcomeUnknown(f"order {placed.id} is there, and: {placed.status}", placed.id)
    return placed


def read_canceled(answer: object) -> Placed:
    """The acknowledgement of a cancel: it was asked, the order may still fill.

    Raises:
        RequestRefused: it was not taken.
        OutcomeUnknown: neither a receipt nor a refusal.
    """
    if (words := _refusal(answer)) is not None:
        raise RequestRefused(words)
    return _receipt(answer)


def _receipt(answer: object) -> Placed:
    try:
        return read(Placed, inside(answer, "order"))
    except UnreadableAnswer as unclear:
        raise OutcomeUnknown(f"answered with what is no receipt: {unclear}") from None


WORKING = frozenset({"open", "pending", "submitted", "calculated", "accepted_for_bidding", "held"})
"""Words for an order that is at the broker and may fill."""
REFUSED = frozenset({"rejected", "error"})


def _refusal(answer: object) -> str | None:
    """Why an order was not taken although the request was: `errors`, `result: false`, or a status that says so."""
    order = answer.get("order") if isinstance(answer, dict) else None
    if not isinstance(order, dict):
        return complaint_in(answer) if isinstance(answer, dict) else None
    if (words := complaint_in(order)) is not None:
        return words
    status = order.get("status")
    if order.get("result") is False or (isinstance(status, str) and status.lower() in REFUSED):
        reason = order.get("reason_description")
        return str(status if is_nothing(reason) else reason)
    return None


class Asks(Protocol):
    """What a resource needs of the client."""

    def get(self, path: str, params: Mapping[str, str] | None = None) -> object: ...

    def post(self, path: str, form: Mapping[str, str], gate: SendGate = always_open) -> object: ...

    def delete(self, path: str) -> object: ...


@frozen
class Orders:
    """Orders of an account: today's, a new one, a cancel."""

    tradier: Asks

    def today(self, account: str) -> Iterator[OrderRow | UnreadRow]:
        """Today's orders with their tags, page after page, each once, as long as they are asked for.

        A short page is no end: how many Tradier gives at most is not documented. Only a page that brings nothing new
        is; so an order that is not among these is not there.
        """
        seen: set[str] = set()
        for page in range(1, MOST_PAGES + 1):
            params = {"page": str(page), "limit": str(PAGE_ORDERS), "includeTags": "true"}
            rows = read_rows(self.tradier.get(f"accounts/{account}/orders", params))
            fresh = [row for row in rows if (row.id or repr(row)) not in seen]
            if not fresh:
                return
            yield from fresh
            seen.update(row.id or repr(row) for row in fresh)
        raise UnreadableAnswer(f"today's orders do not end after {MOST_PAGES} pages")

    def one(self, account: str, order: str) -> OrderRow | None:
        """The order of one of Tradier's own ids, of any day; None where it has no such order."""
        try:
            answer = self.tradier.get(f"accounts/{account}/orders/{order}", {"includeTags": "true"})
        except RequestRefused:
            return None
        return read(OrderRow, inside(answer, "order"))

    def place(self, account: str, form: Mapping[str, str], gate: SendGate = always_open) -> Placed:
        """Send an order, once; `gate` is asked before its first byte."""
        return read_placed(self.tradier.post(f"accounts/{account}/orders", form, gate))

    def cancel(self, account: str, order: str) -> Placed:
        """Ask for an order to be called back."""
        return read_canceled(self.tradier.delete(f"accounts/{account}/orders/{order}"))
