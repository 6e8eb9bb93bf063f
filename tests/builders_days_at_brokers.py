"""One configured day twice: over a broker's dialect, and over the fake exchange itself by the same use cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import evolve
from starlette.types import ASGIApp

from builders_broker_day import CALENDAR, CREDENTIALS, DATE, PLACES, SESSION, Day
from builders_quotes_only import QuotesOnly
from counterparts.alpaca_dialect import alpaca_app
from counterparts.serving import serving
from counterparts.tradier_dialect import tradier_app
from counterparts.world import World
from gammacore.adapters.fake.in_memory import MemoryInbox, MemoryStorage
from gammacore.application.day_ledger import DayLedger
from gammacore.application.day_terms import DayTerms
from gammacore.configuration import Configuration
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.ledger import Mode
from gammacore.domain.verdicts import Verdict
from gammacore.wiring import wire_day, wire_trade
from gammacore.wiring.markets import previous_session
from gammacore.wiring.session_rules import ahead_of_the_broker, broker_entry_rules
from gammacore.wiring.strategies import open_regimes, open_strategy
from gammacore.wiring.use_cases import Extras, TradedDay
from gammacore.wiring.venues import Venue

APPS: Mapping[str, Callable[[World], ASGIApp]] = {"tradier": tradier_app, "alpaca": alpaca_app}


def on_the_fake_exchange(
    given: Configuration, world: World, mode: Mode = Mode.STUDY, *,
    storage: MemoryStorage | None = None, gates: tuple[Callable[[], Verdict], ...] = (),
) -> Day:  # fmt: skip
    """The reference: the same use cases over the exchange itself, its market seen as a feed shows it.

    `gates` are asked before an order that opens something. The rules are those that the configured broker leaves: on
    Alpaca every exit comes before its own.
    """
    settings, (symbol, market) = given.settings, next(iter(world.markets.items()))
    traded = REGISTRY[symbol]
    broker_rules = broker_entry_rules(settings, traded, SESSION, CALENDAR)
    settings = ahead_of_the_broker(settings, broker_rules)
    official_at = SESSION.before_close(-settings.market.official_close_minutes)
    shown = QuotesOnly(market, world, official_at)
    storage = storage or MemoryStorage()
    terms = DayTerms("paper", mode, "f00d", world.exchange.account().balance, shown.label, "ab12")
    day = wire_trade(
        TradedDay(
            settings, traded, SESSION, open_strategy(settings), previous_session(CALENDAR, DATE), broker_rules
        ),
        Venue(terms, world, shown, world.exchange, confirm_after_seconds=2.0),
        DayLedger(storage),
        MemoryInbox(),
        Extras(regimes=open_regimes(settings, Mode.STUDY, traded, shown, CALENDAR).watch, gates=gates),
    )  # fmt: skip
    day()
    return Day.of(list(storage.events()))


def over_the_wire(given: Configuration, world: World) -> Day:
    """The same day at the configured broker's dialect."""
    broker = given.settings.account.broker.value
    with serving(APPS[broker](world)) as server:
        day = wire_day(given, credentials=CREDENTIALS, clock=world, places=PLACES[broker](server.url))
        try:
            trade = evolve(day.trade, news=None)  # a stream's thread lives in real time; this day is over in seconds
            trade()
            return Day.of(list(day.storage.events()))
        finally:
            day.close()
