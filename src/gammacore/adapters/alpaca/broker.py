"""Alpaca as a `Broker`: one account, paper or live."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from gammacore.adapters.alpaca.bodies import (
    Row,
    cells_of,
    figure,
    figure_or_none,
    instant,
    row_of,
    text,
    truth,
    unreadable,
    whole,
    words,
)
from gammacore.adapters.alpaca.client import AlpacaClients
from gammacore.adapters.alpaca.faults import WireTrouble
from gammacore.adapters.alpaca.order_reports import cannot_be_ours, lacks_legs, report_of
from gammacore.adapters.alpaca.questions import Questions, once
from gammacore.adapters.wire import Asked, Repeats, Trouble, as_broker_error
from gammacore.adapters.wire.texts import LeftOut
from gammacore.domain.instruments import Side, whole_units
from gammacore.domain.option_symbols import canonical_symbol
from gammacore.domain.orders import OrderReport, OrderState, OrderTicket, is_our_id
from gammacore.domain.sessions import BrokerClock, new_york, new_york_date
from gammacore.errors import BrokerError, InvalidInput, OrderRejected, OutcomeUnknown
from gammacore.ports.broker import BrokerAccount, Receipt, SendGate, always_open, held_of
from gammacore.ports.clock import Clock

if TYPE_CHECKING:
    from alpaca.trading.client import TradingClient
    from alpaca.trading.requests import OrderRequest

_LOG = logging.getLogger(__name__)

ORDERS_A_PAGE = 500
"""The most orders Alpaca lists at once."""

_MOST_PAGES = 40

_BARS = ("account_blocked", "trading_blocked", "trade_suspended_by_user")
"""Marks of an account whose orders Alpaca refuses."""


@frozen
class AlpacaBroker:
    """Takes orders over alpaca-py. An order is posted once and never again; questions are repeated a few times.

    Alpaca keeps client ids unique: a ticket posted anew is refused and then answered with the order it already is.
    """

    clients: AlpacaClients
    _clock: Clock
    patience: Repeats = Repeats()
    _ids: dict[str, str] = field(factory=dict, init=False, repr=False, eq=False)
    """Alpaca's own, by ours."""
    _left_out: LeftOut = field(factory=lambda: LeftOut("Alpaca", _LOG), init=False, repr=False, eq=False)

    @property
    def label(self) -> str:
        return f"Alpaca {self.clients.endpoints.label}"

    @property
    def _trading(self) -> TradingClient:
        return self.clients.trading

    @property
    def _questions(self) -> Questions:
        return Questions(self._clock, self.patience)

    def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
        """Post the order, once; see `Broker.submit`. Rules: R1, R4."""
        request = request_of(ticket)
        place = f"order {ticket.id}"
        try:
            receipt = self.patience.send(lambda: once(lambda: _receipt(self._trading.submit_order(request))), gate)
            self._ids[ticket.id] = receipt.broker_id
            return receipt
        except WireTrouble as trouble:
            if trouble.broker_id:
                self._ids[ticket.id] = trouble.broker_id
            if not trouble.is_known_id:
                raise trouble.to_broker_error(Asked.ORDER, place) from None
        return self._known(ticket.id)

    def _known(self, order_id: str) -> Receipt:
        """The receipt of an order Alpaca says it has; until it is found its outcome is unknown, never "not sent"."""
        try:
            known = self.order(order_id)
        except BrokerError as fault:
            raise OutcomeUnknown(f"Alpaca has order {order_id} and does not show it: {fault}") from None
        if known is None:
            raise OutcomeUnknown(f"Alpaca has the id {order_id} and does not find its order")
        return Receipt(known.broker_id)

    def cancel(self, order_id: str) -> None:
        """Ask Alpaca to call the order back; see `Broker.cancel`. A lost answer is an error: the next look says."""
        number = self._ids.get(order_id)
        if number is None:
            known = self.order(order_id)
            if known is None:
                raise BrokerError(f"no order {order_id} to cancel")
            number = known.broker_id
        with as_broker_error(Asked.CANCEL, f"cancel of {order_id}"):
            self.patience.send(lambda: once(lambda: self._trading.cancel_order_by_id(number)))

    def order(self, order_id: str) -> OrderReport | None:
        """The order of a client id; None only when Alpaca itself says that it has none. Rule: R4."""
        return self._unless_absent(order_id, lambda: self._report_by_client_id(order_id))

    def order_by_broker_id(self, order_id: str, broker_id: str) -> OrderReport | None:
        """The order of one of Alpaca's ids; None only when Alpaca itself says that it has none."""
        self._ids[order_id] = broker_id
        return self._unless_absent(order_id, lambda: self._report_by_id(order_id, broker_id))

    def _unless_absent(self, order_id: str, question: Callable[[], OrderReport]) -> OrderReport | None:
        try:
            return self._questions.tell(question)
        except WireTrouble as trouble:
            if trouble.proves_absence:
                return None
            raise trouble.to_broker_error(Asked.READ, f"order {order_id}") from None

    def orders(self) -> Sequence[OrderReport]:
        """Today's orders, oldest first; see `Broker.orders`. What cannot be read is left out, and logged once.

        Orders of others that are not of whole contracts or shares (by value, fractions, crypto) are left out: our
        words have no place for them, and they are none of ours.
        """
        midnight = new_york(new_york_date(self._clock.now()), dt.time())
        return self._questions.ask("orders", lambda: self._reports_since(midnight))

    def holdings(self) -> Mapping[str, int]:
        """Signed contracts and whole shares; crypto and parts of a share are left out. Never "flat" by default."""
        return self._questions.ask("holdings", lambda: _holdings(self._trading.get_all_positions()))

    def clock(self) -> BrokerClock:
        """Alpaca's time, and whether the stock market is open."""

        def read() -> BrokerClock:
            row = row_of(self._trading.get_clock(), "the clock")
            return BrokerClock(instant(row, "timestamp"), truth(row, "is_open"))

        return self._questions.ask("clock", read)

    def account(self) -> BrokerAccount:
        """Equity as the balance, the buying power for options, what bars the account from trading, and its cash."""

        def read() -> BrokerAccount:
            row = row_of(self._trading.get_account(), "the account")
            equity, power = figure(row, "equity"), figure(row, "options_buying_power")
            cash = figure_or_none(row, "cash")
            return BrokerAccount(text(row, "account_number"), equity, power, _bars(row), cash)

        return self._questions.ask("account", read)

    def option_level(self) -> int | None:
        """The option level the account may trade at now; None when Alpaca does not say."""

        def read() -> int | None:
            row = row_of(self._trading.get_account(), "the account")
            return None if row.get("options_trading_level") is None else whole(row, "options_trading_level")

        return self._questions.ask("account", read)

    def _report_by_client_id(self, order_id: str) -> OrderReport:
        """The order with its legs: where the first answer lacks them, they are asked for by Alpaca's own id."""
        from alpaca.trading.requests import GetOrderByIdRequest

        body: object = self._trading.get_order_by_client_id(order_id)
        if lacks_legs(body):
            alpacas_id = text(row_of(body, "the order"), "id")
            body = self._trading.get_order_by_id(alpacas_id, GetOrderByIdRequest(nested=True))
        report = report_of(body)
        if report.id != order_id:
            raise WireTrouble(Trouble.UNREADABLE, "the answer is another order")
        return report

    def _report_by_id(self, order_id: str, broker_id: str) -> OrderReport:
        from alpaca.trading.requests import GetOrderByIdRequest

        report = report_of(self._trading.get_order_by_id(broker_id, GetOrderByIdRequest(nested=True)))
        if report.broker_id != broker_id:
            raise WireTrouble(Trouble.UNREADABLE, "the answer is another order")
        return evolve(report, id=order_id)

    def _reports_since(self, since: dt.datetime) -> Sequence[OrderReport]:
        """Every order submitted after an instant, page by page; an order on the seam of two pages counts once."""
        from alpaca.common.enums import Sort
        from alpaca.trading.enums import QueryOrderStatus
        from alpaca.trading.requests import GetOrdersRequest

        reports: dict[str, OrderReport] = {}
        seen: set[str] = set()
        after = since
        for _ in range(_MOST_PAGES):
            listed = GetOrdersRequest(
                status=QueryOrderStatus.ALL, limit=ORDERS_A_PAGE, after=after, direction=Sort.ASC, nested=True
            )  # fmt: skip
            page = cells_of(self._trading.get_orders(listed), "the list of orders")
            fresh = [row for row in page if _name(row) not in seen]
            seen.update(map(_name, fresh))
            reports.update((report.broker_id, report) for row in fresh if (report := self._listed(row)) is not None)
            if len(page) < ORDERS_A_PAGE:
                if page and not reports and not any(isinstance(row, dict) for row in page):
                    raise WireTrouble(Trouble.UNREADABLE, "the list of orders holds no order")
                return tuple(reports.values())
            # cut to microseconds, so the last order of this page comes again rather than its neighbour never
            after = _last_submitted(page) - dt.timedelta(microseconds=1)
            if not fresh:
                break
        raise WireTrouble(Trouble.UNREADABLE, "a list of orders without an end")

    def _listed(self, cell: object) -> OrderReport | None:
        """One row of a list; None of what is another trader's beyond our words, or cannot be read."""
        try:
            row = row_of(cell, "the order")
            return report_of(row) if _is_of_whole_units(row) else None
        except WireTrouble as wrong:
            self._left_out.note(_name(cell), wrong.words)
            return None


def _name(cell: object) -> str:
    """What tells one row of a list from another: its id, else all its cells."""
    return (words(cell, "id") if isinstance(cell, dict) else "") or repr(cell)


def _last_submitted(page: Sequence[object]) -> dt.datetime:
    """When the last order of a page was submitted whose row says it.

    Raises:
        WireTrouble: none does: what follows the page cannot be asked for.
    """
    for cell in reversed(page):
        with suppress(WireTrouble):
            return instant(row_of(cell, "the order"), "submitted_at")
    raise WireTrouble(Trouble.UNREADABLE, "no row of a page of orders says when it was submitted")


def _is_of_whole_units(row: Row) -> bool:
    return is_our_id(text(row, "client_order_id")) or not cannot_be_ours(row)


def _receipt(body: object) -> Receipt:
    """The acknowledgement in an answer to a posted order.

    Raises:
        WireTrouble: it cannot be read, or a rejection or another error stands beside its id: the order may well be
            there, and is looked up. A rejection without an id is one. Rule: CS-408.
    """
    row = row_of(body, "the order")
    if words(row, "status") == OrderState.REJECTED.value:
        why, number = words(row, "reject_reason") or "rejected without a reason", words(row, "id")
        raise WireTrouble(Trouble.BESIDE_AN_ID if number else Trouble.REFUSED, why, broker_id=number)
    number = text(row, "id")
    if isinstance(row.get("code"), int) and (why := words(row, "message")):
        raise WireTrouble(Trouble.BESIDE_AN_ID, why, broker_id=number)
    return Receipt(number)


def _bars(account: Row) -> str:
    """What keeps Alpaca from taking orders of the account: its marks, and any status but "active"."""
    status = words(account, "status")
    bars = [name for name in _BARS if account.get(name) is True]
    return ", ".join(bars if status in ("", "ACTIVE") else [f"status {status}", *bars])


def _holdings(body: object) -> Mapping[str, int]:
    """Long is positive and short negative, whichever sign the quantity bears; each row is read by itself."""
    held: dict[str, int] = {}
    unread: set[str] = set()
    for cell in cells_of(body, "the list of positions"):
        symbol = words(cell, "symbol") if isinstance(cell, dict) else ""
        symbol = canonical_symbol(symbol) if symbol else ""
        try:
            row = row_of(cell, "a position")
            if words(row, "asset_class").startswith("crypto"):
                continue
            quantity = _signed(row, text(row, "symbol") and symbol)
        except WireTrouble:
            unread.add(symbol)
            continue
        if symbol in held:  # the same position twice: one of them is not true
            unread.add(symbol)
        held[symbol] = quantity
    return held_of(held, unread)


def _signed(row: Row, symbol: str) -> int:
    side = text(row, "side")
    if side not in ("long", "short"):
        raise unreadable("side is neither long nor short")
    try:
        quantity = abs(whole_units(symbol, figure(row, "qty")))
    except InvalidInput:
        raise unreadable("qty is a part of a contract") from None
    return quantity if side == "long" else -quantity


def request_of(ticket: OrderTicket) -> OrderRequest:
    """The request that says what the ticket means.

    Several legs are one `mleg` order, whose limit is positive for a debit and negative for a credit; a single option or
    shares are a simple one, whose limit is the price itself. Every order is for the day and bears our id.

    Raises:
        OrderRejected: Alpaca has no such order: one leg of several contracts, the same contract twice.
    """
    from alpaca.trading.enums import OrderClass, OrderSide, PositionIntent, TimeInForce
    from alpaca.trading.requests import LimitOrderRequest, MarketOrderRequest, OptionLegRequest

    terms: dict[str, Any] = {
        "qty": ticket.quantity, "time_in_force": TimeInForce.DAY, "client_order_id": ticket.id,
    }  # fmt: skip
    try:
        if len(ticket.legs) > 1:
            terms["order_class"] = OrderClass.MLEG
            terms["legs"] = [
                OptionLegRequest(
                    symbol=leg.symbol,
                    ratio_qty=leg.ratio,
                    side=OrderSide(leg.side.value),
                    position_intent=PositionIntent(intent(leg.side, closes=ticket.closes)),
                )
                for leg in ticket.legs
            ]
        else:
            leg = _only_leg(ticket)
            terms["symbol"] = leg.symbol
            terms["side"] = OrderSide(leg.side.value)
            terms["position_intent"] = PositionIntent(intent(leg.side, closes=ticket.closes))
        if ticket.is_stop:  # as a market order it would buy at once
            raise OrderRejected("no stop order of ours rests at Alpaca")
        if ticket.limit is None:
            return MarketOrderRequest(**terms)
        return LimitOrderRequest(**terms, limit_price=_limit_price(ticket, ticket.limit))
    except ValueError as refusal:
        raise OrderRejected(f"alpaca-py knows no such order: {_first_line(refusal)}") from None


def intent(side: Side, *, closes: bool) -> str:
    """Alpaca's position intent.

    >>> intent(Side.SELL, closes=False), intent(Side.BUY, closes=True)
    ('sell_to_open', 'buy_to_close')
    """
    return f"{side.value}_to_{'close' if closes else 'open'}"


def _only_leg(ticket: OrderTicket) -> Any:
    leg = ticket.legs[0]
    if leg.ratio != 1:
        raise OrderRejected(f"a single leg has the ratio 1, not {leg.ratio}; give the contracts as quantity")
    return leg


def _limit_price(ticket: OrderTicket, limit: Decimal) -> float:
    """The price as the wire wants it: signed for several legs, plain for one."""
    return float(-ticket.effect.sign * limit if len(ticket.legs) > 1 else limit)


def _first_line(refusal: ValueError) -> str:
    lines = [line.strip() for line in str(refusal).splitlines()]
    return next((line for line in lines[1:] if line), lines[0])[:200]
