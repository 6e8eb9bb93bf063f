"""Builders for tests at the fake exchange: a quoted SPX morning, tickets, an exchange in one line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from attrs import frozen

from builders import DAY, a_put_spread, at
from fakes import BidAsk, FakeCalendar, FakeMarket
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.fake.published_fills import PublishedFillModel
from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.instruments import REGISTRY, OptionContract, Right, Side, Underlying
from gammacore.domain.legs import Leg
from gammacore.domain.orders import Effect, OrderTicket, Purpose
from gammacore.domain.spreads import CreditSpread
from gammacore.ports.broker import Broker

HALF_DAY = dt.date(2025, 12, 24)
"""A Wednesday that ends at 13:00."""


def put(strike: int | str, underlying: str = "SPX", expiry: dt.date = DAY) -> OptionContract:
    return REGISTRY[underlying].contract(expiry, Right.PUT, Decimal(strike))


def call(strike: int | str, underlying: str = "SPX", expiry: dt.date = DAY) -> OptionContract:
    return REGISTRY[underlying].contract(expiry, Right.CALL, Decimal(strike))


PUT_QUOTES: Mapping[OptionContract, BidAsk] = {put(6880): ("5.00", "5.20"), put(6870): ("2.40", "2.50")}
"""The 6880/6870 put spread: entry at 5.00 - 2.50 = 2.50, exit at 5.20 - 2.40 = 2.80."""


def an_entry(
    order_id: str = "gc-entry", spread: CreditSpread | None = None, *, limit: str | None = "2.35", contracts: int = 1
) -> OrderTicket:
    """Sell a spread for a credit, by default one 6880/6870 put spread for 2.35 or more."""
    spread = spread or a_put_spread()
    return OrderTicket(
        order_id, Purpose.ENTRY, spread.underlying, "p1", spread.opening_legs, contracts, Effect.CREDIT,
        None if limit is None else Decimal(limit),
    )  # fmt: skip


def an_exit(
    order_id: str = "gc-exit", spread: CreditSpread | None = None, *, limit: str | None = None, contracts: int = 1,
    purpose: Purpose = Purpose.EXIT,
) -> OrderTicket:  # fmt: skip
    """Buy a spread back, by default at market."""
    spread = spread or a_put_spread()
    return OrderTicket(
        order_id, purpose, spread.underlying, "p1", spread.closing_legs, contracts, Effect.DEBIT,
        None if limit is None else Decimal(limit),
    )  # fmt: skip


def a_single(
    contract: OptionContract, side: Side, *, order_id: str = "gc-single", limit: str | None = None, contracts: int = 1,
    purpose: Purpose = Purpose.REPAIR,
) -> OrderTicket:  # fmt: skip
    """Trade one contract by itself, by default at market as a repair."""
    return OrderTicket(
        order_id, purpose, contract.underlying, "p1", (Leg(contract, side),), contracts,
        Effect.CREDIT if side is Side.SELL else Effect.DEBIT, None if limit is None else Decimal(limit),
    )  # fmt: skip


@frozen
class Desk:
    """A clock, a market and an exchange that share one world."""

    clock: FakeClock
    market: FakeMarket
    exchange: FakeExchange

    def show(
        self, quotes: Mapping[OptionContract, BidAsk] | None = None, *, seconds: float = 60, vix: str = "15"
    ) -> None:
        """Let time pass and show a snapshot then."""
        now = self.clock.now() + dt.timedelta(seconds=seconds)
        self.market.show(now, PUT_QUOTES if quotes is None else quotes, spot=Decimal(6900), vix=Decimal(vix))
        self.clock.set(now)

    def hold(self, ticket: OrderTicket, quotes: Mapping[OptionContract, BidAsk] | None = None) -> None:
        """Submit an order and have it filled."""
        self.exchange.submit(ticket)
        self.show(quotes)
        report = self.exchange.order(ticket.id)
        assert report is not None
        assert report.execution.quantity == ticket.quantity


def a_desk(
    start: dt.datetime | None = None, *, underlying: str = "SPX", fees: FeeSchedule | None = None,
    slippage: str = "0", cash: str = "20000", fill_model: PublishedFillModel | None = None,
    book_file: Path | None = None, underlyings: Mapping[str, Underlying] = REGISTRY,
) -> Desk:  # fmt: skip
    """An exchange at 10:00 of an ordinary Monday, the put spread quoted."""
    clock, market = FakeClock(start or at("10:00")), FakeMarket(underlying)
    market.show(clock.now(), PUT_QUOTES, spot=Decimal(6900), vix=Decimal(15))
    exchange = FakeExchange(
        market, clock, FakeCalendar(half_days=[HALF_DAY]), underlyings=underlyings, fees=fees,
        slippage=Decimal(slippage), starting_cash=Decimal(cash), fill_model=fill_model, book_file=book_file,
    )  # fmt: skip
    return Desk(clock, market, exchange)


class ExchangeControl:
    """Commands the fake exchange for the broker contract. With a book file, a restart is a new exchange object."""

    def __init__(self, book_file: Path | None = None) -> None:
        self._desk = a_desk(book_file=book_file)
        self._book_file = book_file
        self._exchange = self._desk.exchange

    @property
    def broker(self) -> Broker:
        return self._exchange

    def entry(self, order_id: str, contracts: int = 1) -> OrderTicket:
        return an_entry(order_id, contracts=contracts)

    def exit(self, order_id: str, contracts: int = 1) -> OrderTicket:
        return an_exit(order_id, contracts=contracts)

    def step(self) -> None:
        self._desk.show()

    def rejects(self, reason: str) -> None:
        self._exchange.next_submit(rejects=reason)

    def rests(self) -> None:
        self._exchange.next_submit(never=True)

    def fills_in_parts(self, *parts: int) -> None:
        self._exchange.next_submit(parts=parts)

    def fills_despite_cancel(self) -> None:
        self._exchange.next_submit(delay=1, on_cancel="filled_first")

    def loses_answer(self, *, arrives: bool) -> None:
        self._exchange.next_submit(times_out=True, accepts=arrives)

    def refuses_connection(self) -> None:
        self._exchange.next_submit(unavailable=True)

    def fails_queries(self, times: int) -> None:
        self._exchange.queries_fail(times)

    def orders_arrived(self) -> int:
        return len(self._exchange.every_order)

    def restart(self) -> None:
        if self._book_file is not None:
            self._exchange = FakeExchange(
                self._desk.market, self._desk.clock, FakeCalendar(), book_file=self._book_file, starting_cash=Decimal(1)
            )
