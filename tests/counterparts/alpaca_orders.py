"""Orders at the Alpaca counterpart: taken, looked up, called back, replaced, and shown as Alpaca shows them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from attrs import define, evolve, field, frozen

from counterparts.alpaca_tickets import PostedOrder, is_option, read_order
from counterparts.alpaca_words import FORBIDDEN, MALFORMED, NOT_FOUND, UNPROCESSABLE, Refusal, id_of, number, utc
from counterparts.world import World
from gammacore.domain.legs import LegFill
from gammacore.domain.orders import OrderReport, OrderState, OrderTicket
from gammacore.domain.sessions import new_york_date
from gammacore.errors import BrokerUnavailable, OrderRejected, OutcomeUnknown

Words = dict[str, Any]

_STATUS = {
    OrderState.ACCEPTED: "new",
    OrderState.PARTIALLY_FILLED: "partially_filled",
    OrderState.CANCEL_REQUESTED: "pending_cancel",
    OrderState.FILLED: "filled",
    OrderState.CANCELED: "canceled",
    OrderState.EXPIRED: "expired",
    OrderState.REJECTED: "rejected",
}
_REFUSED = {
    "insufficient_buying_power": (403, FORBIDDEN, "insufficient options buying power"),
    "closes_more_than_held": (403, FORBIDDEN, "account not eligible to trade uncovered option contracts"),
    "market_closed": (422, UNPROCESSABLE, "options orders are only allowed during market hours"),
    "price_not_on_tick": (422, UNPROCESSABLE, "invalid limit_price: it does not fit the minimum price increment"),
    "contract_expired": (422, UNPROCESSABLE, "contract is expired"),
    "unknown_symbol": (422, UNPROCESSABLE, "asset not found"),
    "duplicate_leg": (422, UNPROCESSABLE, "all legs must have unique symbols"),
}
"""By the exchange's reason; any other one comes as 403 with the reason itself."""


@frozen
class TakenOrder:
    """An order Alpaca has: how it was posted, when, and what came in its place."""

    posted: PostedOrder
    submitted_at: dt.datetime
    replaces: str | None = None
    replaced_by: str | None = None


@define(eq=False)
class OrderDesk:
    """Between the dialect and the exchange; called with the world's lock held. Every order has the UUID `id_of`."""

    world: World
    _taken: dict[str, TakenOrder] = field(factory=dict)
    _refused: set[str] = field(factory=set)

    # -- asked for ----------------------------------------------------------------------------------------------------

    def post(self, body: Mapping[str, Any]) -> Words:
        """Take an order; show it as it is right after."""
        if (name := body.get("client_order_id")) is not None and self._report(name) is not None:
            raise Refusal(422, MALFORMED, "client_order_id must be unique")
        return self._send(TakenOrder(read_order(body, self.world.exchange.holdings()), self.world.now()))

    def cancel(self, order_id: str) -> None:
        report = self.by_id(order_id)
        if report.state.is_final:
            raise Refusal(422, UNPROCESSABLE, f'order is already in "{_STATUS[report.state]}" state')
        self.world.exchange.cancel(report.id)

    def replace(self, order_id: str, changes: Mapping[str, Any]) -> Words:
        """Call an order back and take another one in its place, with another id."""
        report = self.by_id(order_id)
        if report.state is not OrderState.ACCEPTED:
            raise Refusal(422, UNPROCESSABLE, f'order is already in "{_STATUS[report.state]}" state')
        old = self.taken(report)
        new = TakenOrder(_changed(old.posted, changes), self.world.now(), replaces=order_id)
        if self._report(new.posted.ticket.id) is not None:
            raise Refusal(422, MALFORMED, "client_order_id must be unique")
        self.world.exchange.cancel(report.id)
        words = self._send(new)
        self._taken[report.id] = evolve(old, replaced_by=words["id"])
        return words

    def _send(self, order: TakenOrder) -> Words:
        ticket = order.posted.ticket
        self._taken[ticket.id] = order
        self._refused.discard(ticket.id)
        try:
            self.world.exchange.submit(ticket)
        except OrderRejected as no:
            self._refused.add(ticket.id)
            raise Refusal(*_REFUSED.get(no.reason, (403, FORBIDDEN, f"order rejected: {no.reason}"))) from None
        except BrokerUnavailable:
            raise Refusal(503, 50310000, "service unavailable") from None
        except OutcomeUnknown:
            raise Refusal(504, 50410000, "gateway timeout") from None
        report = self._report(ticket.id)
        assert report is not None
        return {**self.words(report, nested=True), "status": "pending_new"}

    # -- looked up ----------------------------------------------------------------------------------------------------

    def reports(self) -> list[OrderReport]:
        """Every order Alpaca has, oldest first; the ones refused on arrival it never had."""
        self.world.exchange.holdings()  # let the exchange catch up with the time
        return [report for report in self.world.exchange.every_order if report.id not in self._refused]

    def by_id(self, order_id: str) -> OrderReport:
        for report in self.reports():
            if id_of(report.broker_id) == order_id:
                return report
        raise Refusal(404, NOT_FOUND, f"order not found for {order_id}")

    def by_client_id(self, name: str) -> OrderReport:
        if (report := self._report(name)) is None:
            raise Refusal(404, NOT_FOUND, f"order not found for {name}")
        return report

    def taken(self, report: OrderReport) -> TakenOrder:
        """How an order was posted; one that reached the exchange some other way is shown as if it had been."""
        if report.id not in self._taken:
            ticket = next(ticket for ticket in self.world.exchange.received if ticket.id == report.id)
            self._taken[report.id] = TakenOrder(_as_posted(ticket), report.at)
        return self._taken[report.id]

    def _report(self, name: str) -> OrderReport | None:
        return next((report for report in self.reports() if report.id == name), None)

    # -- shown --------------------------------------------------------------------------------------------------------

    def words(self, report: OrderReport, *, nested: bool) -> Words:
        """One order; the legs of a spread within it, or not at all."""
        order = self.taken(report)
        words = self._common(report, order)
        posted, ticket, done = order.posted, order.posted.ticket, report.execution
        price = None if done.price is None else done.price * (-ticket.effect.sign if posted.is_spread else 1)
        words |= {
            "id": id_of(report.broker_id),
            "client_order_id": report.id,
            "qty": number(ticket.quantity),
            "filled_qty": number(done.quantity),
            "filled_avg_price": None if price is None else number(price),
            "limit_price": None if posted.limit is None else number(posted.limit),
            "order_type": posted.type,
            "type": posted.type,
            "replaced_by": order.replaced_by,
            "replaces": order.replaces,
        }
        if posted.is_spread:
            legs = list(self._legs(report, order)) if nested else None
            return {**words, "asset_class": "", "asset_id": "", "symbol": "", "side": "", "legs": legs}
        (symbol,) = ticket.symbols
        return {
            **words,
            "asset_class": "us_option" if is_option(symbol) else "us_equity",
            "asset_id": id_of(symbol),
            "symbol": symbol,
            "side": str(ticket.legs[0].side),
            "position_intent": posted.intents[0],
        }

    def flat(self, report: OrderReport) -> list[Words]:
        """One order and the legs it has, each on its own: how a list that is not nested shows them."""
        return [self.words(report, nested=False), *self._legs(report, self.taken(report))]

    def _legs(self, report: OrderReport, order: TakenOrder) -> Iterator[Words]:
        if not order.posted.is_spread:
            return
        fills = {fill.symbol: fill for fill in report.execution.legs}
        for leg, intent in zip(order.posted.ticket.legs, order.posted.intents, strict=True):
            fill: LegFill | None = fills.get(leg.symbol)
            yield {
                **self._common(report, order),
                "id": id_of(report.broker_id, leg.symbol),
                "client_order_id": id_of(report.id, leg.symbol),
                "asset_class": "us_option",
                "asset_id": id_of(leg.symbol),
                "symbol": leg.symbol,
                "side": str(leg.side),
                "position_intent": intent,
                "qty": number(leg.ratio * order.posted.ticket.quantity),
                "ratio_qty": number(leg.ratio),
                "filled_qty": number(0 if fill is None else fill.quantity),
                "filled_avg_price": None if fill is None else number(fill.price),
                "order_type": "",
                "type": "",
            }

    def _common(self, report: OrderReport, order: TakenOrder) -> Words:
        """What an order and its legs have alike."""
        status = "replaced" if order.replaced_by and report.state is OrderState.CANCELED else _STATUS[report.state]
        ended = utc(report.at) if report.state.is_final else None
        session = self.world.calendar.session(new_york_date(order.submitted_at))
        return {
            "created_at": utc(order.submitted_at),
            "updated_at": utc(report.at),
            "submitted_at": utc(order.submitted_at),
            "expires_at": utc(order.submitted_at if session is None else session.close),
            "filled_at": ended if status == "filled" else None,
            "expired_at": ended if status == "expired" else None,
            "canceled_at": ended if status == "canceled" else None,
            "failed_at": ended if status == "rejected" else None,
            "replaced_at": ended if status == "replaced" else None,
            "replaced_by": None,
            "replaces": None,
            "status": status,
            "order_class": order.posted.order_class,
            "time_in_force": order.posted.time_in_force,
            "extended_hours": False,
            "legs": None,
            "limit_price": None,
            "stop_price": None,
            "notional": None,
            "hwm": None,
            "trail_percent": None,
            "trail_price": None,
            "source": None,
            "subtag": None,
        }


def _changed(posted: PostedOrder, changes: Mapping[str, Any]) -> PostedOrder:
    """The order with another limit or quantity, and a name of its own."""
    ticket = posted.ticket
    limit = Decimal(str(changes["limit_price"])) if changes.get("limit_price") is not None else posted.limit
    return evolve(
        posted,
        limit=limit,
        ticket=evolve(
            ticket,
            id=changes.get("client_order_id") or id_of(ticket.id, "replaced"),
            quantity=int(changes.get("qty") or ticket.quantity),
            limit=None if limit is None else abs(limit),
        ),
    )


def _as_posted(ticket: OrderTicket) -> PostedOrder:
    intents = tuple(f"{leg.side}_to_{'close' if ticket.closes else 'open'}" for leg in ticket.legs)
    if ticket.is_shares:
        return PostedOrder(ticket, "", ticket.limit, intents, "day")
    if len(ticket.legs) == 1:
        return PostedOrder(ticket, "simple", ticket.limit, intents, "day")
    limit = None if ticket.limit is None else -ticket.effect.sign * ticket.limit
    return PostedOrder(ticket, "mleg", limit, intents, "day")
