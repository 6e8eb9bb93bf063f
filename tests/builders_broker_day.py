"""A simulated day at a broker's counterpart: its world, its configuration, and what came of it in plain words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from attrs import define, frozen

from counterparts.world import ACCOUNT, LIVE_TOKEN, SECRET, TOKEN, World
from gammacore.adapters.alpaca.client import Endpoints
from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.credentials import Variables
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.simulated.market import SimulatedMarket
from gammacore.adapters.tradier.client import TradierHosts
from gammacore.configuration import Configuration, Sourced, configure
from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.ledger import AlarmRaised, EntryJudged, Event, OrderFilled, OrderIntended
from gammacore.domain.orders import Purpose
from gammacore.domain.reports.day_report import day_report
from gammacore.domain.sessions import TradingSession
from gammacore.wiring.brokers import BrokerPlaces

DATE = dt.date(2026, 3, 3)
SESSION = TradingSession.of(DATE)
STEP = 60
VIX = Decimal(16)
CASH = Decimal(30_000)
"""More than the 25,000 dollars below which day trades are counted at a broker."""
CALENDAR = NyseCalendar()
CREDENTIALS = Variables(
    {
        "TRADIER_TOKEN": LIVE_TOKEN, "TRADIER_SANDBOX_TOKEN": TOKEN, "TRADIER_SANDBOX_ACCOUNT": ACCOUNT,
        "ALPACA_PAPER_API_KEY": TOKEN, "ALPACA_PAPER_SECRET_KEY": SECRET,
    },
    "test",
)  # fmt: skip


def at_tradier(url: str) -> BrokerPlaces:
    stream = url.replace("http", "ws", 1)
    return BrokerPlaces(tradier=TradierHosts(f"{url}/v1", f"{url}/v1", f"{stream}/v1"))


def at_alpaca(url: str) -> BrokerPlaces:
    socket = url.replace("http", "ws", 1)
    return BrokerPlaces(alpaca=Endpoints(trading=url, data=url, stream=f"{socket}/stream", quotes=f"{socket}/v2"))


@define
class WatchedClock:
    """The world's, and what happens to the one who waits."""

    world: World
    while_waiting: Callable[[dt.datetime], None] = lambda _until: None

    def now(self) -> dt.datetime:
        return self.world.now()

    def wait_until(self, instant: dt.datetime) -> None:
        self.while_waiting(instant)
        self.world.wait_until(instant)


PLACES: Mapping[str, Callable[[str], BrokerPlaces]] = {"tradier": at_tradier, "alpaca": at_alpaca}
"""Where a broker's dialect is served, by the server's address."""


@frozen
class Fill:
    """What was traded, in words both sides share: no broker's ids."""

    purpose: str
    reason: str
    legs: tuple[tuple[str, str], ...]
    quantity: int
    price: Decimal | None
    at: str


@frozen
class Day:
    """What came of a day; `asked` are the limits of its entries, order by order."""

    fills: tuple[Fill, ...]
    asked: tuple[Decimal | None, ...]
    judged: tuple[str | None, ...]
    alarms: tuple[str, ...]
    gross: Decimal
    fees: Decimal
    balance: Decimal

    @classmethod
    def of(cls, events: Sequence[Event]) -> Day:
        tickets = {event.ticket.id: event.ticket for event in events if isinstance(event, OrderIntended)}
        filled = [event for event in events if isinstance(event, OrderFilled)]
        report = day_report(events)
        return cls(
            tuple(
                Fill(
                    tickets[event.id].purpose,
                    tickets[event.id].reason,
                    tuple((leg.side.value, leg.symbol) for leg in tickets[event.id].legs),
                    event.execution.quantity,
                    event.execution.price,
                    f"{event.at:%H:%M:%S}",
                )
                for event in filled
            ),
            tuple(ticket.limit for ticket in tickets.values() if ticket.purpose is Purpose.ENTRY),
            tuple(event.reason for event in events if isinstance(event, EntryJudged)),
            tuple(event.code for event in events if isinstance(event, AlarmRaised)),
            report.pnl,
            report.fees,
            report.balance,
        )


def a_world(
    underlying: str, seed: int, step: int = STEP, start: dt.datetime = SESSION.open, cash: Decimal = CASH,
    **figures: Any,
) -> World:  # fmt: skip
    """A simulated day of one underlying from its open on, nothing held; fills cost what is estimated at a broker.

    `figures` are those of the simulated market: its mood, its share quotes.
    """
    market = SimulatedMarket(
        REGISTRY[underlying], SESSION, seed=seed, step_seconds=step, vix=VIX, calendar=CALENDAR, **figures
    )  # fmt: skip
    clock = FakeClock(start)
    exchange = FakeExchange(
        market, clock, CALENDAR, account_number=ACCOUNT, starting_cash=cash, fees=FeeSchedule()
    )  # fmt: skip
    return World(clock, {underlying: market}, exchange, CALENDAR)


def configuration(
    broker: str, underlying: str, strategy: str, step: int = STEP, more: Mapping[str, object] | None = None
) -> Configuration:
    """The broker's paper account, its market looked at every `step` seconds; `more` keys win."""
    keys: dict[str, object] = {
        "account.broker": broker,
        "market.underlying": underlying,
        "market.vix": VIX,
        "market.look_seconds": float(step),
        "market.live_quote_age_seconds": float(2 * step),
        "market.alpaca_full_plan": True,
        "trade.strategy": strategy,
        **(more or {}),
    }
    return configure([{key: Sourced(value, "test") for key, value in keys.items()}])
