"""An exchange and broker that exist only here: fills from recorded or simulated quotes, faults on request.

It serves tests, paper trading, replays, backtests and simulations. Nothing happens between calls: every call first
lets the market catch up with the clock, snapshot by snapshot, so the same questions at the same times always get the
same answers. Rules: CS-419, CS-521, CS-529, R2..R5, R11.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from attrs import evolve

from gammacore.adapters.fake.account import BookFile, Clearing, ExchangeBook
from gammacore.adapters.fake.order import Behaviour, CancelOutcome, ExchangeOrder, FaultPlan, net_price
from gammacore.adapters.fake.published_fills import PublishedFillModel
from gammacore.adapters.fake.trading_floor import TradingFloor, natural_prices, refusal, reserve_of, rests
from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.instruments import REGISTRY, OptionContract, Underlying
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.orders import OrderReport, OrderState, OrderTicket
from gammacore.domain.sessions import BrokerClock, TradingSession, new_york_date
from gammacore.errors import (
    BrokerError,
    BrokerUnavailable,
    InvalidInput,
    MarketDataError,
    OrderRejected,
    OutcomeUnknown,
)
from gammacore.ports.broker import BrokerAccount, Receipt, SendGate, always_open
from gammacore.ports.clock import Calendar, Clock
from gammacore.ports.market_data import MarketData

NO_SLIPPAGE = Decimal(0)
"""Points a leg: none, because fills at bid and ask already cross the whole spread (CS-419 leaves the figure open)."""

STARTING_CASH = Decimal(20_000)
"""Dollars: the starting capital of CS-601."""


class FakeExchange:
    """A Broker whose orders fill from the quotes of `market`; one account, in memory or in `book_file`.

    `market` is asked for every underlying that `other_markets` does not name. `slippage` is in points a leg. With a
    `book_file` that exists, or the `book` of an earlier day, of which a copy is taken, the account goes on as it was
    left and `starting_cash` is not used.

    `received` lists every ticket that reached the exchange through this object, repeats and refused ones too.
    """

    def __init__(
        self, market: MarketData, clock: Clock, calendar: Calendar, *,
        underlyings: Mapping[str, Underlying] = REGISTRY,
        other_markets: Mapping[str, MarketData] | None = None,
        account_number: str = "FAKE-1",
        starting_cash: Decimal = STARTING_CASH,
        fees: FeeSchedule | None = None,
        slippage: Decimal = NO_SLIPPAGE,
        fill_model: PublishedFillModel | None = None,
        faults: FaultPlan | None = None,
        book_file: Path | None = None,
        book: ExchangeBook | None = None,
    ) -> None:  # fmt: skip
        if not (slippage.is_finite() and slippage >= 0):
            raise InvalidInput("slippage", slippage, "give points a leg, 0 or more")
        self.received: list[OrderTicket] = []
        self.faults = faults or FaultPlan()
        self._market = market
        self._other_markets = dict(other_markets or {})
        self._clock = clock
        self._calendar = calendar
        self._underlyings = underlyings
        self._slippage = slippage
        self._answers: dict[str, tuple[OrderReport, OrderReport]] = {}  # the newest, after the one before it
        self._sessions: dict[dt.date, TradingSession | None] = {}
        schedule = fees or FeeSchedule()
        self._floor = TradingFloor(self._market_of, schedule, slippage, fill_model)
        self._clearing = Clearing(self._market_of, self._session, underlyings, schedule)
        self._file = None if book_file is None else BookFile(book_file)
        self._book = self._open_book(account_number, starting_cash, None if book is None else book.copy())

    def _open_book(self, account_number: str, starting_cash: Decimal, kept: ExchangeBook | None) -> ExchangeBook:
        if self._file is not None:
            kept = self._file.read()
        if kept is None:
            return ExchangeBook(account_number, starting_cash)
        if kept.number != account_number:
            raise InvalidInput("account_number", account_number, f"the book belongs to account {kept.number}")
        return kept

    # -- the port -----------------------------------------------------------------------------------------------------

    def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
        """Take an order; see `Broker.submit`. A client id known already is answered with the order it has."""
        gate()
        behaviour = self.faults.take_submit()
        if behaviour.unavailable:
            raise BrokerUnavailable(f"order {ticket.id} was not sent (planned)")
        if behaviour.times_out and not behaviour.accepts:
            raise OutcomeUnknown(f"no answer to order {ticket.id} (planned)")
        now = self._catch_up()
        self.received.append(ticket)
        order = self._known(ticket) or self._take(ticket, behaviour, now)
        if behaviour.times_out:
            raise OutcomeUnknown(f"no answer to order {ticket.id} (planned)")
        if order.state is OrderState.REJECTED:
            raise OrderRejected(order.reason)
        return Receipt(order.broker_id)

    def cancel(self, order_id: str) -> None:
        """Call an order back; see `Broker.cancel`."""
        self.faults.check_cancel()
        now = self._catch_up()
        order = self._book.orders.get(order_id)
        if order is None:
            raise BrokerError(f"no order {order_id} to cancel")
        if order.state.is_final:
            raise BrokerError(f"order {order_id} is {order.state} already")
        self._book.put(_called_back(order, now))
        self._save()

    def order(self, order_id: str) -> OrderReport | None:
        """What became of an order; see `Broker.order`."""
        self.faults.check_query()
        self._catch_up()
        order = self._book.orders.get(order_id)
        if order is None:
            return None
        return self._answer(order.report)

    def order_by_broker_id(self, order_id: str, broker_id: str) -> OrderReport | None:
        """The order by the exchange's own id; see `Broker.order_by_broker_id`."""
        self.faults.check_query()
        self._catch_up()
        order = self._book.orders.get(order_id)
        return None if order is None or order.broker_id != broker_id else self._answer(order.report)

    def orders(self) -> Sequence[OrderReport]:
        """Orders that came in today; see `Broker.orders`."""
        self.faults.check_query()
        today = new_york_date(self._catch_up())
        return tuple(order.report for order in self._book.orders.values() if new_york_date(order.opens_at) == today)

    def holdings(self) -> Mapping[str, int]:
        """Signed contracts and shares; see `Broker.holdings`."""
        self.faults.check_query()
        self._catch_up()
        return dict(self._book.held_before if self.faults.take_stale_holdings() else self._book.held)

    def clock(self) -> BrokerClock:
        """The time; see `Broker.clock`."""
        self.faults.check_query()
        now = self._clock.now()
        session = self._session(new_york_date(now))
        return BrokerClock(now, session is not None and session.is_trading(now))

    def account(self) -> BrokerAccount:
        """Cash, and what of it may still be risked; see `Broker.account`."""
        self.faults.check_query()
        self._catch_up()
        cash = self._book.cash
        return BrokerAccount(self._book.number, cash, self._book.option_buying_power, cash=cash)

    # -- its stream ----------------------------------------------------------------------------------------------------

    def changes(self, after: int = 0) -> tuple[int, frozenset[str]]:
        """The number of the newest change of an order, and the client ids of those that changed after change `after`.

        What a broker's stream is made of (`gammacore.adapters.fake.stand_ins.FakeOrderNews`). Never fails.
        """
        self._catch_up()
        return self._book.changes, self._book.changed_since(after)

    # -- for tests ----------------------------------------------------------------------------------------------------

    def next_submit(self, **behaviour: Any) -> None:
        """Say how the next order is treated, by the fields of `Behaviour`; called again, the one after it."""
        self.faults.next_submit(Behaviour(**behaviour))

    def queries_fail(self, times: int = 1) -> None:
        self.faults.queries_fail(times)

    def hold(self, contract: OptionContract, more: int) -> None:
        """Put contracts into the account that no order of ours brought: another trader trades in it."""
        self._catch_up()
        self._book.hold(contract, more)
        self._save()

    @property
    def book(self) -> ExchangeBook:
        """The account as it stands, for the exchange of the next day."""
        return self._book

    @property
    def as_of(self) -> dt.datetime | None:
        """When anything last changed at the exchange; a trader of the same account has lived until then."""
        return self._book.as_of

    @property
    def every_order(self) -> tuple[OrderReport, ...]:
        """Every order the exchange has, in the order they came in, as it stands; never fails, nothing is matched."""
        return tuple(order.report for order in self._book.orders.values())

    # -- inside -------------------------------------------------------------------------------------------------------

    def _catch_up(self) -> dt.datetime:
        """Match and settle everything up to now; return now."""
        now = self._clock.now()
        changed = self._book.has_working_orders and self._floor.catch_up(self._book, now)
        if self._clearing.settle(self._book, now) or changed:
            self._save()
        return now

    def _answer(self, report: OrderReport) -> OrderReport:
        before, newest = self._answers.get(report.id, (report, report))
        if self.faults.take_stale_report():
            return before
        self._answers[report.id] = (before, newest) if report == newest else (newest, report)
        return report

    def _known(self, ticket: OrderTicket) -> ExchangeOrder | None:
        """The order of this client id, if there is one.

        Raises:
            OrderRejected: it is there and says something else.
        """
        order = self._book.orders.get(ticket.id)
        if order is not None and order.ticket != ticket:
            raise OrderRejected("client_id_reused")
        return order

    def _take(self, ticket: OrderTicket, behaviour: Behaviour, now: dt.datetime) -> ExchangeOrder:
        session = self._session(new_york_date(now))
        asks = ticket.limit is None or len(ticket.legs) == 1
        shown = self._shown(ticket.underlying, now) if asks else None
        price = self._expected_price(ticket, shown)
        reserve = reserve_of(ticket, self._book, price)
        no = behaviour.rejects or self._refusal(ticket, session, now, price, reserve)
        legs = len(ticket.legs)
        order = ExchangeOrder(
            ticket=ticket,
            broker_id=f"{self._book.number}-{len(self._book.orders) + 1:06d}",
            state=OrderState.REJECTED if no else OrderState.ACCEPTED,
            changed_at=now,
            matched_to=now,
            opens_at=now if session is None else session.open,
            expires_at=now if session is None else session.close,
            contracts=(0,) * legs,
            amounts=(Decimal(0),) * legs,
            reserve=reserve,
            behaviour=behaviour,
            rests=shown is not None and rests(ticket, shown, self._slippage),
            reason=no or "",
        )
        self._book.put(order)
        self._save()
        return order

    def _shown(self, underlying: str, now: dt.datetime) -> MarketSnapshot | None:
        """What the market shows now; None where it cannot be read."""
        try:
            return self._market_of(underlying).snapshot(now)
        except MarketDataError:
            return None

    def _expected_price(self, ticket: OrderTicket, shown: MarketSnapshot | None) -> Decimal | None:
        """Limit, or the natural price of a market order by the newest quotes, points; None without quotes."""
        if ticket.limit is not None:
            return ticket.limit
        prices = None if shown is None else natural_prices(ticket, shown, self._slippage)
        return None if prices is None else net_price(ticket, prices)

    def _refusal(
        self, ticket: OrderTicket, session: TradingSession | None, now: dt.datetime, price: Decimal | None,
        reserve: Decimal,
    ) -> str | None:  # fmt: skip
        if ticket.is_shares and not self._shows(ticket.underlying, now):
            return "unknown_symbol"
        return refusal(ticket, self._book, self._underlyings, session, now, price, reserve)

    def _shows(self, symbol: str, now: dt.datetime) -> bool:
        """Whether some market here is of these shares; one that cannot be read just now fills once it can."""
        shown = self._shown(symbol, now)
        return shown is None or shown.underlying == symbol

    def _market_of(self, underlying: str) -> MarketData:
        return self._other_markets.get(underlying, self._market)

    def _session(self, date: dt.date) -> TradingSession | None:
        if date not in self._sessions:
            self._sessions[date] = self._calendar.session(date)
        return self._sessions[date]

    def keep(self) -> None:
        """Write the book as of now, changed or not: a process that opens it later goes on at this instant."""
        self._save()

    def _save(self) -> None:
        self._book.as_of = self._clock.now()
        if self._file is not None:
            self._file.write(self._book)


def _called_back(order: ExchangeOrder, now: dt.datetime) -> ExchangeOrder:
    """The order after a cancel, by what was announced of it; what comes next comes on a later snapshot."""
    asked = evolve(order, cancels=order.cancels + 1)
    behaviour = order.behaviour
    if asked.cancels <= behaviour.ignored_cancels or order.state is OrderState.CANCEL_REQUESTED:
        return asked
    if behaviour.on_cancel is CancelOutcome.FILLED_FIRST:
        return asked.moved(OrderState.CANCEL_REQUESTED, now)
    late = behaviour.on_cancel is CancelOutcome.FILLED_LATE
    return evolve(asked.moved(OrderState.CANCELED, now), late_fill=late)
