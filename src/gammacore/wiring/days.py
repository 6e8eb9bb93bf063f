"""A day of trading, wired: every use case over every adapter the configuration names."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
from collections.abc import Callable
from pathlib import Path

from attrs import frozen

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.chain_exposure import ChainExposure
from gammacore.adapters.fake.clock import FakeClock
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.inbox import MemoryInbox
from gammacore.adapters.fake.storage import MemoryStorage
from gammacore.adapters.kill_file import KillFile
from gammacore.adapters.notifiers.several import Several
from gammacore.adapters.pause_file import PauseFile
from gammacore.adapters.recorded import RecordedMarket
from gammacore.adapters.several_inboxes import SeveralInboxes
from gammacore.adapters.sqlite import SqliteInbox, SqliteStorage
from gammacore.application.ask_advisor import AskAdvisor
from gammacore.application.ask_entry_advisor import AskEntryAdvisor
from gammacore.application.day_ledger import DayLedger
from gammacore.application.enter_trade import EnterTrade
from gammacore.application.gather_history import GatherHistory
from gammacore.application.manage_positions import ManagePositions
from gammacore.application.obey_requests import ObeyRequests
from gammacore.application.order_desk import OrderDesk
from gammacore.application.recall_market import RecallMarket
from gammacore.application.reconcile import Reconcile
from gammacore.application.settle_expiry import SettleExpiry
from gammacore.application.trade_day import DayTerms, TradeDay
from gammacore.application.watch_broker import WatchedBroker
from gammacore.configuration import Configuration, Settings
from gammacore.domain.book import Book
from gammacore.domain.credit_spread_desk import CreditSpreadDesk
from gammacore.domain.instruments import REGISTRY, Underlying
from gammacore.domain.ledger import Mode
from gammacore.domain.sessions import TradingSession
from gammacore.domain.strategy import Strategy
from gammacore.errors import ConfigurationError
from gammacore.ports.broker import Broker
from gammacore.ports.clock import Clock
from gammacore.ports.entry_advisor import EntryAdvisor
from gammacore.ports.exit_advisor import ExitAdvisor
from gammacore.ports.market_data import MarketData
from gammacore.ports.storage import Inbox, Storage
from gammacore.wiring.markets import naming_underlying, open_market, open_session, previous_session, trading_date
from gammacore.wiring.notices import notices_of


@frozen(eq=False)
class WiredDay:
    """A day ready to be traded, with what must be closed after it."""

    trade: TradeDay
    storage: Storage
    market: MarketData
    session: TradingSession

    @property
    def left_out(self) -> str:
        """What of a recorded source was not used, and why; "" when every row was."""
        market = self.market
        return str(market.intake) if isinstance(market, RecordedMarket) and market.intake.reasons else ""

    def close(self) -> None:
        """Give what is still to be told its seconds, then let go of the ledger."""
        if self.trade.watch is not None:
            self.trade.watch.close(self.trade.clock.now())
        self.storage.close()


def credit_spread_desk(settings: Settings) -> CreditSpreadDesk:
    """The credit-spread desk with the configured figures."""
    return CreditSpreadDesk(settings.entries, settings.limits, settings.sizing, settings.stops)


def lineage_of(configuration: Configuration, market: MarketData, session: TradingSession) -> str:
    """What makes the client ids of a study's ledger its own: a hash of its inputs, or what a recording inherited."""
    if inherited := getattr(market, "lineage", ""):
        return str(inherited)
    inputs = [configuration.fingerprint(), market.fingerprint(), session.date.isoformat()]
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()[:16]


def wire_day(
    configuration: Configuration,
    ledger: Path | None = None,
    *,
    strategy: Strategy | None = None,
    logger: logging.Logger | None = None,
    also_obey: Inbox | None = None,
    wrap_storage: Callable[[Storage], Storage] = lambda storage: storage,
    wrap_broker: Callable[[Broker], Broker] = lambda broker: broker,
    grouped: bool = False,
    advisor: ExitAdvisor | None = None,
    entry_advisor: EntryAdvisor | None = None,
) -> WiredDay:
    """Wire one day of trading against the fake exchange.

    `ledger` None keeps everything in memory. With a ledger the exchange keeps its own durable book beside it, so that
    a killed run finds the exchange as it left it. `also_obey` is heard besides the ledger's inbox and the kill files.
    `wrap_storage` and `wrap_broker` let a test stand in between. `advisor` may hold exits (CS-544), `entry_advisor` may
    forbid entries (CS-335); by default nobody.

    Raises:
        ConfigurationError, MissingData, StorageError: what cannot be opened, and how to mend it.
    """
    configuration = naming_underlying(configuration)
    settings = configuration.settings
    if not settings.account.paper:
        raise ConfigurationError("account.paper: false is not valid; no live broker is built yet, leave it true")
    underlying = settings.underlying(settings.market.underlying)
    calendar = NyseCalendar()
    session = open_session(calendar, trading_date(settings))
    market = open_market(settings, underlying, session, calendar)
    storage: Storage = MemoryStorage() if ledger is None else SqliteStorage(ledger, grouped=grouped)
    try:
        book = Book.of(storage.events())
        refuse_another_market(book, market, underlying, session)
        clock = FakeClock(_start_of(book, session))
        broker: Broker = FakeExchange(
            market,
            clock,
            calendar,
            underlyings={underlying.symbol: underlying},
            account_number=settings.account.id,
            starting_cash=settings.sizing.starting_capital,
            fees=settings.broker.fees,
            slippage=settings.broker.slippage,
            book_file=None if ledger is None else ledger.with_name(ledger.name + ".exchange.json"),
        )
        terms = DayTerms(
            account=settings.account.id,
            mode=Mode.STUDY,
            lineage=lineage_of(configuration, market, session),
            starting_balance=settings.sizing.starting_capital,
            market=market.label,
            configuration=hashlib.sha256(configuration.fingerprint().encode()).hexdigest()[:16],
        )
        trade = wire_trade(
            terms=terms,
            settings=settings,
            underlying=underlying,
            session=session,
            strategy=strategy or credit_spread_desk(settings),
            storage=wrap_storage(storage),
            broker=wrap_broker(broker),
            clock=clock,
            market=market,
            inbox=inbox_of(settings, ledger, also_obey),
            notices=notices_of(settings, terms.mode, book, storage, ledger=ledger, logger=logger),
            confirm_after_seconds=0.0,
            previous=previous_session(calendar, session.date),
            advisor=advisor,
            entry_advisor=entry_advisor,
        )
    except BaseException:
        storage.close()
        raise
    return WiredDay(trade, storage, market, session)


def wire_trade(
    *,
    terms: DayTerms,
    settings: Settings,
    underlying: Underlying,
    session: TradingSession,
    strategy: Strategy,
    storage: Storage,
    broker: Broker,
    clock: Clock,
    market: MarketData,
    inbox: Inbox,
    notices: Several | None,
    confirm_after_seconds: float,
    previous: TradingSession | None = None,
    advisor: ExitAdvisor | None = None,
    entry_advisor: EntryAdvisor | None = None,
) -> TradeDay:
    """The use cases of a day over any adapters."""
    ledger = DayLedger(storage, notices)
    broker = WatchedBroker(broker, ledger, clock, settings.breaker)
    desk = OrderDesk(ledger, broker, clock, settings.orders)
    return TradeDay(
        terms=terms,
        underlying=underlying,
        session=session,
        strategy=strategy,
        ledger=ledger,
        clock=clock,
        market=market,
        broker=broker,
        exposures=ChainExposure(underlying, session, settings.gex.greeks, settings.gex.sign, settings.gex.rates),
        desk=desk,
        enter=EnterTrade(ledger, desk, clock, settings.limits, strategy.name),
        manage=ManagePositions(ledger, desk, broker, clock, strategy.name, confirm_after_seconds),
        settle=SettleExpiry(ledger, market, clock, {underlying.symbol: underlying}),
        reconcile=Reconcile(
            ledger,
            desk,
            broker,
            clock,
            rules=settings.reconcile,
            policy=settings.stops,
            underlyings={**REGISTRY, **settings.underlyings, underlying.symbol: underlying},
        ),
        requests=ObeyRequests(ledger, inbox, clock),
        recall=RecallMarket(ledger, market, underlying),
        gather=GatherHistory(market, underlying, session, previous),
        pause=None if settings.account.pause_file is None else PauseFile(settings.account.pause_file),
        advise=None if advisor is None else AskAdvisor(advisor, ledger),
        advise_entries=None if entry_advisor is None else AskEntryAdvisor(entry_advisor),
        watch=notices,
    )


def inbox_of(settings: Settings, ledger: Path | None, also_obey: Inbox | None = None) -> SeveralInboxes:
    """Everything a loop obeys: the inbox and the kill file beside its ledger, the configured kill file. Rule: R10."""
    inboxes: list[Inbox] = [] if also_obey is None else [also_obey]
    inboxes += kill_files(settings, ledger)
    return SeveralInboxes(MemoryInbox() if ledger is None else SqliteInbox(ledger), *inboxes)


def kill_files(settings: Settings, ledger: Path | None) -> tuple[KillFile, ...]:
    """The kill files that hold for a ledger: the one beside it and, where configured, the account's."""
    beside = () if ledger is None else (KillFile.beside(ledger),)
    configured = settings.account.halt_file
    return beside if configured is None else (*beside, KillFile(configured))


def refuse_another_market(book: Book, market: MarketData, underlying: Underlying, session: TradingSession) -> None:
    """A day begun on one market goes on on that one: prices of another would be believed. Rule: CS-609.

    Raises:
        ConfigurationError: the unfinished day of this ledger was begun on another market; it is named.
    """
    day, finished = book.day, book.finished
    if day is None or day.date < session.date or (finished is not None and finished.date == day.date):
        return
    if (day.market, day.underlying) != (market.label, underlying.symbol):
        raise ConfigurationError(f"this ledger's {day.date} was begun on {day.underlying}, {day.market}, not on "
                                 f"{underlying.symbol}, {market.label}; give the same or another --ledger")  # fmt: skip


def _start_of(book: Book, session: TradingSession) -> dt.datetime:
    """Where a simulated clock starts: at the last thing the ledger knows of this session, else at its open."""
    last = book.last_at
    return session.open if last is None or last < session.open else last
