"""Tradier as our broker: the port's promises over its REST interface. Rules: R1, R3, R4, R5, CS-402, CS-407..412."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from attrs import evolve

from gammacore.adapters.tradier.client import TradierClient
from gammacore.adapters.tradier.order_reports import client_id, is_others_in_parts, report_of
from gammacore.adapters.tradier.orders import OrderRow, UnreadRow
from gammacore.adapters.wire import RequestRefused, UnreadableAnswer
from gammacore.adapters.wire.texts import LeftOut
from gammacore.domain.instruments import Side, whole_units
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.option_symbols import canonical_symbol
from gammacore.domain.orders import OrderReport, OrderTicket
from gammacore.domain.sessions import BrokerClock
from gammacore.errors import InvalidInput, OutcomeUnknown
from gammacore.ports.broker import BrokerAccount, Receipt, SendGate, always_open, held_of

_LOG = logging.getLogger(__name__)


class TradierBroker:
    """One account at Tradier. Our client id is the end of the order's tag.

    Tradier knows no idempotency: a second POST is a second order. So a POST is never repeated, and an id that this
    process has sent before is looked for among today's orders first; a new id needs no look. Rule: CS-408.
    """

    def __init__(self, client: TradierClient, account: str) -> None:
        self._tradier = client
        self._account = account
        self._sent: set[str] = set()
        self._ids: dict[str, str] = {}  # Tradier's own, by ours
        self._left_out = LeftOut("Tradier", _LOG)

    def __repr__(self) -> str:
        return f"TradierBroker({self._tradier!r})"

    def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
        """Send one order, once; one that is there already is answered with its receipt."""
        form = order_form(ticket)
        if (known := self._ids.get(ticket.id)) is not None:
            return Receipt(known)
        if ticket.id in self._sent and (row := self._find(ticket.id)) is not None:
            return Receipt(row.id)
        self._sent.add(ticket.id)
        try:
            self._ids[ticket.id] = self._tradier.orders.place(self._account, form, gate).id
        except OutcomeUnknown as doubt:
            if doubt.broker_id:
                self._ids[ticket.id] = doubt.broker_id
            raise
        return Receipt(self._ids[ticket.id])

    def cancel(self, order_id: str) -> None:
        """Ask for an order to be called back; one that is finished or unknown is an error."""
        number = self._ids.get(order_id)
        if number is None and (row := self._find(order_id)) is not None:
            number = row.id
        if number is None:
            raise RequestRefused(f"no order {order_id} at Tradier today")
        self._tradier.orders.cancel(self._account, number)

    def order(self, order_id: str) -> OrderReport | None:
        """The order of a client id; None when none of today's orders bears it."""
        row = self._find(order_id)
        return None if row is None else report_of(row)

    def order_by_broker_id(self, order_id: str, broker_id: str) -> OrderReport | None:
        """The order of one of Tradier's ids, with its tag or without."""
        self._ids[order_id] = broker_id
        row = self._tradier.orders.one(self._account, broker_id)
        if row is None:
            return None
        if row.id != broker_id or client_id(row) not in (order_id, row.id):
            raise UnreadableAnswer(f"the answer about order {broker_id} is another order")
        return evolve(report_of(row), id=order_id)

    def orders(self) -> Sequence[OrderReport]:
        """Today's orders, oldest first; those of others for parts of a share are left out, as in holdings.

        So is what cannot be read: one of ours is asked for by itself.
        """
        rows = sorted(self._tradier.orders.today(self._account), key=_age)
        reports = [report for row in rows if (report := self._report(row)) is not None]
        if not reports and any(isinstance(row, UnreadRow) and not row.has_a_name for row in rows):
            raise UnreadableAnswer("the list of orders holds no order that can be read")
        return reports

    def _report(self, row: OrderRow | UnreadRow) -> OrderReport | None:
        if isinstance(row, UnreadRow):
            self._left_out.note(row.id, row.why)
            return None
        if is_others_in_parts(row):
            return None
        try:
            return report_of(row)
        except UnreadableAnswer as wrong:
            self._left_out.note(row.id, str(wrong))
            return None

    def holdings(self) -> Mapping[str, int]:
        """Signed contracts and whole shares; a symbol held in several lots is their sum, parts of a share left out."""
        positions, unread_rows = self._tradier.accounts.positions(self._account)
        held: dict[str, Decimal] = {}
        for position in positions:
            symbol = canonical_symbol(position.symbol)
            held[symbol] = held.get(symbol, Decimal(0)) + position.quantity
        unread = {canonical_symbol(symbol) if symbol else "" for symbol in unread_rows}
        whole: dict[str, int] = {}
        for symbol, quantity in held.items():
            try:
                whole[symbol] = whole_units(symbol, quantity)
            except InvalidInput:
                unread.add(symbol)
        return held_of(whole, unread)

    def clock(self) -> BrokerClock:
        """Tradier's time, and whether the regular session is on."""
        return self._tradier.markets.clock()

    def account(self) -> BrokerAccount:
        """Total equity, what options may still be bought for, and total cash, dollars."""
        balances = self._tradier.accounts.balances(self._account)
        if balances.account_number != self._account:
            raise UnreadableAnswer("the balances are those of another account")
        return BrokerAccount(
            balances.account_number, balances.total_equity, balances.for_options, cash=balances.total_cash
        )

    def _find(self, order_id: str) -> OrderRow | None:
        """The row of a client id (of Tradier's own where the order is not ours); None when today has no such order.

        Raises:
            UnreadableAnswer: its row cannot be read, or one that may be its row, for it names no order.
        """
        is_nameless = False
        for row in self._tradier.orders.today(self._account):
            if client_id(row) == order_id:
                if isinstance(row, UnreadRow):
                    raise UnreadableAnswer(f"order {order_id}: {row.why}")
                self._ids[order_id] = row.id
                return row
            if isinstance(row, UnreadRow):
                self._left_out.note(row.id, row.why)
                is_nameless = is_nameless or not row.has_a_name
        if is_nameless:
            raise UnreadableAnswer(f"order {order_id} is not listed, beside a row that names no order")
        return None


def _age(row: OrderRow | UnreadRow) -> tuple[int, str]:
    """Tradier's ids grow with time."""
    return (len(row.id), row.id)


_TAG = re.compile(r"[A-Za-z0-9-]{1,255}")


def order_form(ticket: OrderTicket) -> dict[str, str]:
    """The form of an order, for the day.

    The price of several legs is positive; `credit` or `debit` says which way. There is no all-or-none at Tradier: an
    order may fill in parts of its quantity, its legs always in ratio.

    Raises:
        InvalidInput: a tag Tradier would not take; without it the order could not be found again.
    """
    if not _TAG.fullmatch(ticket.tag):
        raise InvalidInput("tag", ticket.tag, "give an id of letters, digits and '-'")
    form = {**_what(ticket), "duration": "day", "tag": ticket.tag}
    if ticket.stop is not None:
        return {**form, "type": "stop", "stop": f"{ticket.stop:f}"}
    return form if ticket.limit is None else {**form, "price": f"{ticket.limit:f}"}


def _what(ticket: OrderTicket) -> dict[str, str]:
    leg = ticket.legs[0]
    if isinstance(leg, ShareLeg):
        return {**_single("equity", leg.symbol, ticket), "side": share_side(leg)}
    if len(ticket.legs) == 1:
        contract = leg.contract
        single = _single("option", contract.underlying, ticket, leg.ratio)
        return {**single, "option_symbol": contract.occ, "side": option_side(leg, ticket.closes)}
    return _multileg(ticket, leg.contract.underlying)


def _single(kind: str, symbol: str, ticket: OrderTicket, ratio: int = 1) -> dict[str, str]:
    return {
        "class": kind,
        "symbol": symbol,
        "quantity": str(ratio * ticket.quantity),
        "type": "market" if ticket.is_market else "limit",
    }


def _multileg(ticket: OrderTicket, underlying: str) -> dict[str, str]:
    form = {
        "class": "multileg",
        "symbol": underlying,
        "type": "market" if ticket.is_market else ticket.effect.value,
    }
    for number, leg in enumerate(ticket.option_legs):
        form[f"option_symbol[{number}]"] = leg.symbol
        form[f"side[{number}]"] = option_side(leg, ticket.closes)
        form[f"quantity[{number}]"] = str(leg.ratio * ticket.quantity)
    return form


def option_side(leg: Leg, closes: bool) -> str:
    """Bought or sold, to open or to close."""
    return f"{leg.side.value}_to_{'close' if closes else 'open'}"


def share_side(leg: ShareLeg) -> str:
    """Tradier tells selling from selling short, and buying from covering.

    >>> share_side(ShareLeg("SPY", Side.SELL, closes=False)), share_side(ShareLeg("SPY", Side.BUY, closes=True))
    ('sell_short', 'buy_to_cover')
    """
    if leg.side is Side.BUY:
        return "buy_to_cover" if leg.closes else "buy"
    return "sell" if leg.closes else "sell_short"
