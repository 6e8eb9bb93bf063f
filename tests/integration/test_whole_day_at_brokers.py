"""A whole simulated day through each broker's dialect gives the trades of the fake exchange, fill by fill. R13."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal

import pytest
from attrs import evolve, frozen

from builders_quotes_only import QuotesOnly
from counterparts.alpaca_control import endpoints_of
from counterparts.alpaca_dialect import alpaca_app
from counterparts.serving import LoopbackServer, serving
from counterparts.tradier_dialect import tradier_app
from counterparts.world import ACCOUNT, LIVE_TOKEN, SECRET, TOKEN, World
from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.credentials import Variables
from gammacore.adapters.fake.clock import FakeClock
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.fees import NO_FEES
from gammacore.adapters.fake.inbox import MemoryInbox
from gammacore.adapters.fake.storage import MemoryStorage
from gammacore.adapters.simulated.market import SimulatedMarket
from gammacore.adapters.tradier.client import TradierHosts
from gammacore.application.trade_day import DayTerms
from gammacore.configuration import Configuration, Sourced, configure
from gammacore.domain.day_report import day_report
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.ledger import AlarmRaised, EntryJudged, Event, Mode, OrderFilled, OrderIntended
from gammacore.domain.sessions import TradingSession
from gammacore.wiring import wire_day, wire_trade
from gammacore.wiring.brokers import BrokerPlaces
from gammacore.wiring.markets import previous_session
from gammacore.wiring.strategies import open_regimes, open_strategy

DATE = dt.date(2026, 3, 3)
SESSION = TradingSession.of(DATE)
STEP = 60
VIX = Decimal(16)
CALENDAR = NyseCalendar()
CREDENTIALS = Variables(
    {
        "TRADIER_TOKEN": LIVE_TOKEN, "TRADIER_SANDBOX_TOKEN": TOKEN, "TRADIER_SANDBOX_ACCOUNT": ACCOUNT,
        "ALPACA_PAPER_API_KEY": TOKEN, "ALPACA_PAPER_SECRET_KEY": SECRET,
    },
    "test",
)  # fmt: skip


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
    """What came of a day."""

    fills: tuple[Fill, ...]
    judged: tuple[str | None, ...]
    alarms: tuple[str, ...]
    gross: Decimal

    @classmethod
    def of(cls, events: Sequence[Event]) -> Day:
        tickets = {event.ticket.id: event.ticket for event in events if isinstance(event, OrderIntended)}
        filled = [event for event in events if isinstance(event, OrderFilled)]
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
            tuple(event.reason for event in events if isinstance(event, EntryJudged)),
            tuple(event.code for event in events if isinstance(event, AlarmRaised)),
            day_report(events, DATE).pnl,
        )


def a_world(underlying: str, seed: int) -> World:
    market = SimulatedMarket(
        REGISTRY[underlying], SESSION, seed=seed, step_seconds=STEP, vix=VIX, calendar=CALENDAR
    )  # fmt: skip
    clock = FakeClock(SESSION.open)
    exchange = FakeExchange(market, clock, CALENDAR, account_number=ACCOUNT, fees=NO_FEES)
    return World(clock, {underlying: market}, exchange, CALENDAR)


def configuration(broker: str, underlying: str, strategy: str) -> Configuration:
    keys: dict[str, object] = {
        "account.broker": broker,
        "market.underlying": underlying,
        "market.vix": VIX,
        "market.look_seconds": float(STEP),
        "market.live_quote_age_seconds": float(2 * STEP),
        "market.alpaca_full_plan": True,
        "trade.strategy": strategy,
    }
    return configure([{key: Sourced(value, "test") for key, value in keys.items()}])


def on_the_fake_exchange(underlying: str, strategy: str, seed: int) -> Day:
    """The reference: the same use cases over the exchange itself, its market seen as a feed shows it."""
    world, settings = a_world(underlying, seed), configuration("fake", underlying, strategy).settings
    market = QuotesOnly(world.markets[underlying], SESSION.close)
    storage = MemoryStorage()
    day = wire_trade(
        terms=DayTerms("paper", Mode.STUDY, "f00d", Decimal(20_000), market.label, "ab12"),
        settings=settings,
        underlying=REGISTRY[underlying],
        session=SESSION,
        strategy=open_strategy(settings),
        storage=storage,
        broker=world.exchange,
        clock=world,
        market=market,
        inbox=MemoryInbox(),
        notices=None,
        confirm_after_seconds=2.0,
        previous=previous_session(CALENDAR, DATE),
        regimes=open_regimes(settings, Mode.STUDY, REGISTRY[underlying], market, CALENDAR).watch,
    )
    day()
    return Day.of(list(storage.events()))


def at_tradier(server: LoopbackServer) -> BrokerPlaces:
    return BrokerPlaces(tradier=TradierHosts(f"{server.url}/v1", f"{server.url}/v1", f"{server.websocket_url}/v1"))


def at_alpaca(server: LoopbackServer) -> BrokerPlaces:
    return BrokerPlaces(alpaca=endpoints_of(server))


def over_the_wire(
    broker: str, underlying: str, strategy: str, seed: int, *, places: Callable[[LoopbackServer], BrokerPlaces]
) -> Day:
    world = a_world(underlying, seed)
    app = tradier_app(world) if broker == "tradier" else alpaca_app(world)
    with serving(app) as server:
        day = wire_day(
            configuration(broker, underlying, strategy), credentials=CREDENTIALS, clock=world, places=places(server)
        )
        try:
            trade = evolve(day.trade, news=None)  # a stream's thread lives in real time; this day is over in seconds
            trade()
            return Day.of(list(day.storage.events()))
        finally:
            day.close()


@pytest.mark.parametrize(
    ("broker", "places", "underlying", "strategy", "seed"),
    [
        ("tradier", at_tradier, "SPX", "credit-spread", 57),
        ("tradier", at_tradier, "SPY", "delta-hedge", 57),
        ("alpaca", at_alpaca, "SPY", "credit-spread", 57),
        ("alpaca", at_alpaca, "SPY", "delta-hedge", 57),
    ],
)
def test_a_day_over_the_wire_is_the_day_of_the_fake_exchange(
    broker: str, places: Callable[[LoopbackServer], BrokerPlaces], underlying: str, strategy: str, seed: int
) -> None:
    expected = on_the_fake_exchange(underlying, strategy, seed)
    told = over_the_wire(broker, underlying, strategy, seed, places=places)

    assert told.judged == expected.judged
    assert told.fills == expected.fills
    assert told.gross == expected.gross
    assert told.alarms == expected.alarms
    assert expected.fills
