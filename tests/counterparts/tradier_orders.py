"""Orders as Tradier shows them: rows with numbers of their own, legs that are rows too, money signed its way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from attrs import define, field

from counterparts.tradier_tickets import Form, id_in, strategy_of, ticket_of, underlying_of
from counterparts.tradier_words import Json, Refusal, figure, iso
from counterparts.world import World
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.orders import NOTHING_FILLED, Execution, OrderReport, OrderState, OrderTicket
from gammacore.domain.sessions import new_york_date
from gammacore.errors import MarketDataError, OrderRejected

FIRST_ID = 1_000_000
IDS_AN_ORDER = 10
"""An order's own id and those of its legs."""

PARTNER = "c4998eb7-06e8-4820-a7ab-55d9760065fb"

STATUS: Mapping[OrderState, str] = {
    OrderState.ACCEPTED: "open",
    OrderState.PARTIALLY_FILLED: "partially_filled",
    OrderState.FILLED: "filled",
    OrderState.CANCELED: "canceled",
    OrderState.EXPIRED: "expired",
    OrderState.REJECTED: "rejected",
}

COMPLAINTS = {
    "insufficient_buying_power": "You do not have enough buying power for this trade.",
    "market_closed": "Order is not accepted, the market is closed.",
    "closes_more_than_held": "Sell order is for more shares than your current long position, please review current "
    "position quantity along with open orders for security.",
}
"""What Tradier says instead of the exchange's reason; other reasons are passed on as they are."""


@define(eq=False)
class OrderRecord:
    """One order and how it came in; `fresh_quantity` and `fresh_price` are of its newest fill."""

    number: int
    ticket: OrderTicket
    form: Form
    created: dt.datetime
    report: OrderReport
    fresh_quantity: int = 0
    fresh_price: Decimal = Decimal(0)
    fills: list[tuple[dt.datetime, str, int, Decimal]] = field(factory=list)

    @property
    def id(self) -> int:
        return FIRST_ID + self.number * IDS_AN_ORDER

    def turn_to(self, report: OrderReport) -> bool:
        """Take a newer report; whether anything changed."""
        if report == self.report:
            return False
        before, self.report = self.report.execution, report
        for leg in self.ticket.legs:
            had, paid = _filled_of(leg, before)
            has, now_paid = _filled_of(leg, report.execution)
            if has > had:
                price = (now_paid * has - paid * had) / (has - had)
                self.fills.append((report.at, leg.symbol, leg.side.sign * (has - had), price))
        if (more := report.execution.quantity - before.quantity) > 0:
            whole = (report.execution.price or Decimal(0)) * report.execution.quantity
            self.fresh_quantity = more
            self.fresh_price = (whole - (before.price or Decimal(0)) * before.quantity) / more
        return True


class OrderDesk:
    """Takes forms, keeps the records, shows rows. Call it under the world's lock.

    Tradier has no client ids: a form sent twice is two orders, whatever its tag.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._records: list[OrderRecord] = []

    # -- what is asked ------------------------------------------------------------------------------------------------

    def place(self, form: Form) -> Json:
        """Take an order; the acknowledgement says that it was placed, not that it was accepted."""
        ticket = self._ticket(form)
        exchange = self._world.exchange
        arrived = len(exchange.every_order)
        refused: str | None = None
        try:
            exchange.submit(ticket)
        except OrderRejected as no:
            refused = COMPLAINTS.get(no.reason, no.reason)
        finally:  # an order may have arrived although its answer was lost
            if refused is None or self._tells_refusals_later:
                for report in exchange.every_order[arrived:]:
                    self._keep(ticket, form, report)
        if refused is not None and not self._tells_refusals_later:
            return {"errors": {"error": [refused]}}
        return {"order": {"id": self._records[-1].id, "status": "ok", "partner_id": PARTNER}}

    def preview(self, form: Form) -> Json:
        """What an order would cost; nothing is placed."""
        ticket = self._ticket(form)
        price = ticket.limit or Decimal(0)
        cost = -ticket.effect.sign * price * ticket.multiplier * ticket.quantity
        return {
            "order": {
                "status": "ok", "commission": 0.0, "cost": figure(cost), "fees": 0.0, "symbol": form["symbol"],
                "quantity": float(ticket.quantity), "side": form.get("side", "buy"), "type": form["type"],
                "duration": form["duration"], "result": True, "order_cost": figure(cost), "margin_change": 0.0,
                "request_date": iso(self._world.now())[:-1], "extended_hours": False, "class": form["class"],
                "strategy": form["class"] if len(ticket.legs) == 1 else strategy_of(ticket), "day_trades": 0,
            }
        }  # fmt: skip

    def cancel(self, order_id: str) -> Json:
        record = self._record(order_id)
        self.catch_up()
        if record.report.state.is_final:
            raise Refusal(400, f"order already in finalized state: {STATUS[record.report.state]}")
        self._world.exchange.cancel(record.ticket.id)
        return {"order": {"id": record.id, "status": "ok"}}

    def rows(self, *, tags: bool) -> list[Json]:
        """Today's orders, oldest first."""
        self.catch_up()
        today = new_york_date(self._world.now())
        return [_row(record, tags) for record in self._records if new_york_date(record.created) == today]

    def row(self, order_id: str, *, tags: bool) -> Json:
        """One order of any day."""
        record = self._record(order_id)
        report = self._world.exchange.order(record.ticket.id)
        assert report is not None
        record.turn_to(report)
        return _row(record, tags)

    @property
    def records(self) -> tuple[OrderRecord, ...]:
        return tuple(self._records)

    def catch_up(self) -> list[OrderRecord]:
        """Let the exchange match up to now; the records that changed."""
        self._world.exchange.orders()
        newest = {report.id: report for report in self._world.exchange.every_order}
        return [record for record in self._records if record.turn_to(newest[record.ticket.id])]

    # -- inside -------------------------------------------------------------------------------------------------------

    @property
    def _tells_refusals_later(self) -> bool:
        """`settings["rejections"]` is "status": taken, and rejected at the next look; else refused in the answer."""
        return self._world.settings.get("rejections") == "status"

    def _ticket(self, form: Form) -> OrderTicket:
        market = self._world.markets.get(underlying_of(form))
        try:
            snapshot = None if market is None else market.snapshot(self._world.now())
        except MarketDataError:
            snapshot = None
        taken = {report.id for report in self._world.exchange.every_order}
        wanted = id_in(form.get("tag")) or f"order-{len(taken) + 1}"
        names = (wanted, *(f"{wanted}~{again}" for again in range(2, len(taken) + 3)))
        return ticket_of(form, next(name for name in names if name not in taken), snapshot)

    def _keep(self, ticket: OrderTicket, form: Form, report: OrderReport) -> None:
        nothing = OrderReport(report.id, report.broker_id, OrderState.ACCEPTED, NOTHING_FILLED, report.at)
        record = OrderRecord(len(self._records) + 1, ticket, dict(form), self._world.now(), nothing)
        record.turn_to(report)
        self._records.append(record)

    def _record(self, order_id: str) -> OrderRecord:
        for record in self._records:
            if str(record.id) == order_id:
                return record
        raise Refusal(404, f"order not found: {order_id}")


def _filled_of(leg: Leg | ShareLeg, execution: Execution) -> tuple[int, Decimal]:
    fill = next((fill for fill in execution.legs if fill.symbol == leg.symbol), None)
    return (0, Decimal(0)) if fill is None else (fill.quantity, fill.price)


def status_of(record: OrderRecord) -> str:
    """A cancel that is on its way shows in no status."""
    if record.report.state is OrderState.CANCEL_REQUESTED:
        return "partially_filled" if record.report.execution.any else "open"
    return STATUS[record.report.state]


def _row(record: OrderRecord, tags: bool) -> Json:
    ticket, execution = record.ticket, record.report.execution
    several = len(ticket.legs) > 1
    sign = -ticket.effect.sign if several else 1  # a net credit is a negative price, a leg's own price never is
    row: dict[str, object] = {
        "id": record.id,
        "type": record.form["type"],
        "symbol": record.form["symbol"],
        "side": "buy" if several else record.form["side"],
        "quantity": float(ticket.quantity),
        **_progress(
            record,
            ticket.quantity,
            execution.quantity,
            sign * (execution.price or Decimal(0)),
            sign * record.fresh_price,
        ),
        "class": record.form["class"],
    }
    if several:
        row |= {"num_legs": len(ticket.legs), "strategy": strategy_of(ticket)}
        row["leg"] = [_leg_row(record, place) for place in range(len(ticket.legs))]
    elif not ticket.is_shares:
        row["option_symbol"] = ticket.symbols[0]
    if record.report.reason:
        row["reason_description"] = COMPLAINTS.get(record.report.reason, record.report.reason)
    if tags and "tag" in record.form:
        row["tag"] = record.form["tag"]
    return row


def _progress(
    record: OrderRecord, quantity: int, done: int, average: Decimal, fresh_price: Decimal
) -> dict[str, object]:
    limit, stop = record.ticket.limit, record.ticket.stop
    return {
        "status": status_of(record),
        "duration": record.form["duration"],
        **({} if limit is None else {"price": figure(limit)}),
        **({} if stop is None else {"stop_price": figure(stop)}),
        "avg_fill_price": figure(average),
        "exec_quantity": float(done),
        "last_fill_price": figure(fresh_price),
        "last_fill_quantity": float(record.fresh_quantity if done else 0),
        "remaining_quantity": 0.0 if record.report.state.is_final else float(quantity - done),
        "create_date": iso(record.created),
        "transaction_date": iso(record.report.at),
    }


def _leg_row(record: OrderRecord, place: int) -> Json:
    leg = record.ticket.option_legs[place]
    done, price = _filled_of(leg, record.report.execution)
    quantity = leg.ratio * record.ticket.quantity
    progress = _progress(record, quantity, done, price, price)
    return {
        "id": record.id + 1 + place,
        "type": record.form["type"],
        "symbol": record.form["symbol"],
        "side": record.form[f"side[{place}]"],
        "quantity": float(quantity),
        **progress,
        "last_fill_quantity": float(done and (record.fresh_quantity * leg.ratio or done)),
        "class": "option",
        "option_symbol": leg.symbol,
    }
