"""A day of trading, wired: every use case over every adapter the configuration names."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import evolve, frozen

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.composite_inbox import CompositeInbox
from gammacore.adapters.disk_space import DiskGate
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.in_memory import MemoryStorage
from gammacore.adapters.firestore import Outages
from gammacore.adapters.hedging_environment import EnvironmentKillSwitch, KillSwitchInbox
from gammacore.adapters.paced_clock import Pace
from gammacore.adapters.system_clock import SystemClock
from gammacore.application.day_ledger import DayLedger
from gammacore.application.trade_day import TradeDay
from gammacore.configuration import Configuration, Settings
from gammacore.domain.book.book import Book
from gammacore.domain.briefly import briefly
from gammacore.domain.ledger import Mode
from gammacore.domain.sessions import TradingSession, new_york_date
from gammacore.domain.strategy import Strategy
from gammacore.errors import ConfigurationError, InvalidInput
from gammacore.ports.broker import Broker
from gammacore.ports.clock import Clock
from gammacore.ports.credentials import CredentialStore
from gammacore.ports.market_data import MarketData, QuoteStream
from gammacore.ports.people import EntryAdvisor, ExitAdvisor, Notifier
from gammacore.ports.storage import Inbox, Storage
from gammacore.wiring.alerts.notices import notices_of
from gammacore.wiring.brokers import BROKERS_OWN, BrokerPlaces
from gammacore.wiring.carry import Carry
from gammacore.wiring.controls import inbox_of
from gammacore.wiring.faults_of_a_study import planned_faults, with_faults
from gammacore.wiring.ledgers.storage import (
    LedgerPlace,
    folding,
    ledger_named,
    local_path,
    open_storage,
    outages_of,
    second_journal,
    waiting_beside,
)
from gammacore.wiring.looks import expiries_of
from gammacore.wiring.market_notes import note_market
from gammacore.wiring.markets import (
    naming_underlying,
    open_market,
    open_session,
    previous_session,
    refuse_another_market,
    rows_left_out,
    trading_date,
)
from gammacore.wiring.pacing import mode_of_kill_files, paced, refuse_a_pace_at_a_broker
from gammacore.wiring.page.views import open_view
from gammacore.wiring.service.arming import Armed, armed_mode, open_credentials
from gammacore.wiring.session_rules import ahead_of_the_broker, broker_entry_rules, dated_tables, refuse_untradable
from gammacore.wiring.strategies import naming_its_underlying, open_regimes, open_strategy, spec_of, with_duties
from gammacore.wiring.use_cases import Extras, TradedDay, wire_trade
from gammacore.wiring.venues import Venue, broker_venue, study_venue


@frozen(eq=False)
class WiredDay:
    """A day ready to be traded, with what must be closed after it. `settings` are those that hold today."""

    trade: TradeDay
    storage: Storage
    market: MarketData
    session: TradingSession
    settings: Settings
    banner: str
    let_go: Callable[[], None] = lambda: None
    keep_time: Callable[[], None] = lambda: None
    streams: tuple[QuoteStream, ...] = ()
    exchange: FakeExchange | None = None

    def carry(self) -> Carry:
        """What the next day of a study goes on from, once this one is over; nothing is folded anew. Rule: ST-208.

        Raises:
            ConfigurationError: a real broker keeps the account itself.
        """
        if self.exchange is None:
            raise ConfigurationError("only a study hands its account from day to day; a broker's is the broker's")
        watched = self.trade.equity
        return Carry(self.trade.ledger.book, self.exchange.book, None if watched is None else watched.recorded())

    def __repr__(self) -> str:
        return briefly(self, self.session.date, self.trade.underlying.symbol, self.trade.strategy.name, self.banner)

    @property
    def left_out(self) -> str:
        """What of a recorded source was not used, and why; "" when every row was."""
        return rows_left_out(self.market)

    def once(self) -> Book:
        """One look; a study's next one is made by the next call, in this process or another. Decision 0022."""
        book = self.trade.once()
        self.trade.on_to_the_next_look()
        self.keep_time()
        return book

    def close(self) -> None:
        """Give alerts that still wait their seconds, then let go of the ledger."""
        if self.trade.watch is not None:
            self.trade.watch.close(self.trade.clock.now())
        if self.trade.view is not None:
            self.trade.view.close()
        self.let_go()
        self.storage.close()


def wire_day(
    configuration: Configuration,
    ledger: LedgerPlace | str | None = None,
    *,
    strategy: Strategy | None = None,
    logger: logging.Logger | None = None,
    also_obey: Inbox | None = None,
    wrap_storage: Callable[[Storage], Storage] = lambda storage: storage,
    wrap_broker: Callable[[Broker], Broker] = lambda broker: broker,
    grouped: bool = False,
    advisor: ExitAdvisor | None = None,
    entry_advisor: EntryAdvisor | None = None,
    credentials: CredentialStore | None = None,
    clock: Clock | None = None,
    places: BrokerPlaces = BROKERS_OWN,
    listens: bool = True,
    environment: Mapping[str, str | None] | None = None,
    armed: Armed | None = None,
    read_only: bool = False,
    notifiers: tuple[Notifier, ...] = (),
    carry: Carry | None = None,
    publish: bool = True,
    pace: Pace | None = None,
    wrap_market: Callable[[MarketData], MarketData] = lambda market: market,
) -> WiredDay:
    """Wire one day of trading: at the configured broker, on paper unless all three locks are open, or as a study.

    `ledger` None keeps everything in memory. With a ledger the fake exchange keeps its own durable book beside it, so
    that a killed run finds the exchange as it left it. `also_obey` is obeyed besides the ledger's inbox and the kill
    files. `wrap_storage`, `wrap_broker` and (of a study) `wrap_market` let another stand in between. `advisor` may hold
    exits (CS-544), `entry_advisor` may forbid entries (CS-335); by default none. `credentials` are this process's own;
    `clock` and `places` stand in for time and servers at a real broker, whose stream of order events is left alone by a
    day that only looks (`listens` False). `environment` holds the kill switch (DH-1001), by default the process's own;
    `armed` is whose money it is, where the caller has decided that already. `read_only`: the ledger cannot be written,
    and what happens is kept in its second journal. `notifiers` are told what the configured channels are (OP-806).
    With a ledger the day is published beside it for a page and `status`, unless `publish` is False: live, on paper, at
    a `pace`, and at full speed where `view.studies` says so (OP-502). `carry` is where the day before in memory ended:
    this day's storage holds only what follows (ST-208). A `pace` lets a study's time go by for people to follow; it
    changes no event of a day left alone (OP-601).

    Raises:
        InvalidInput: a carry and a ledger, which has its own.
        ConfigurationError, MissingData, StorageError, BrokerError: what cannot be opened, and how to fix it.
    """
    ledger = ledger_named(ledger) if isinstance(ledger, str) else ledger
    store = credentials or open_credentials()
    armed = armed or armed_mode(configuration, store)
    refuse_a_pace_at_a_broker(armed, pace)
    configuration = naming_underlying(naming_its_underlying(configuration, load=strategy is None))
    settings = configuration.settings
    _refuse_comparisons(settings, armed)
    underlying = settings.underlying(settings.market.underlying)
    refuse_untradable(settings, underlying)
    calendar = NyseCalendar()
    session = _session(settings, calendar, armed, clock)
    broker_rules = broker_entry_rules(settings, underlying, session, calendar)
    settings = ahead_of_the_broker(settings, broker_rules)
    strategy = open_strategy(settings) if strategy is None else with_duties(settings, strategy)
    study = None
    if not armed.broker.is_real:
        scope = expiries_of(settings, session, calendar)
        study = wrap_market(open_market(settings, underlying, session, calendar, scope))
    outages = outages_of(settings)
    faults = planned_faults(settings, armed, session)
    storage = _storage(settings, ledger, carry, grouped=grouped, outages=outages, read_only=read_only)
    venue: Venue | None = None
    try:
        folded = _folded(
            ledger, storage, lambda one: faults.storage(wrap_storage(one)), armed, carry, read_only=read_only
        )
        book = folded.book
        if study is not None:
            refuse_another_market(book, study, underlying, session)
            note_market(configuration, None if read_only else _beside(settings, ledger), study, session.date, scope)
            account = None if carry is None else carry.exchange
            venue = with_faults(
                study_venue(configuration, session, underlying, calendar, study, book, ledger, account), faults
            )
        else:
            venue = broker_venue(
                configuration, armed, store, session, underlying, calendar, book,
                clock=clock, places=places, listens=listens, ledger=ledger,
                streams_quotes=spec_of(settings.trade.strategy).is_scalping,
            )  # fmt: skip
            refuse_another_market(book, venue.market, underlying, session)
        regimes = open_regimes(settings, venue.terms.mode, underlying, venue.market, calendar, book.regime_notes)
        switch = EnvironmentKillSwitch.of(os.environ if environment is None else environment)
        inbox = CompositeInbox(
            inbox_of(settings, ledger, mode_of_kill_files(venue.terms.mode, pace), also_obey, outages),
            KillSwitchInbox(switch, venue.clock),
        )
        venue = paced(venue, pace, inbox)
        venue = evolve(venue, broker=wrap_broker(venue.broker), closes=(*venue.closes, regimes.close, inbox.close))
        view = open_view(
            settings,
            _beside(settings, ledger) if publish and not read_only else None,
            strategy,
            underlying,
            session,
            venue.terms,
            None if pace is None else pace.speed,
            storage,
        )
        notices = notices_of(
            settings, venue.terms.mode, book, storage, ledger=_beside(settings, ledger), logger=logger,
            also=notifiers if view is None else (*notifiers, view),
            credentials=store,
        )  # fmt: skip
        trade = wire_trade(
            TradedDay(
                settings,
                underlying,
                session,
                strategy,
                previous_session(calendar, session.date),
                broker_rules,
                dated_tables(settings, armed.broker, calendar, session.date),
            ),
            venue,
            folded,
            inbox,
            Extras(
                notices,
                advisor,
                entry_advisor,
                regimes.watch,
                None if carry is None else carry.equity,
                view,
                _gates(settings, armed, ledger),
            ),
        )
    except BaseException:
        if venue is not None:
            venue.close()
        storage.close()
        raise
    return WiredDay(
        trade, storage, venue.market, session, settings, armed.banner, venue.close, venue.keep_time, venue.streams,
        venue.exchange,
    )  # fmt: skip


def _storage(
    settings: Settings, ledger: LedgerPlace | None, carry: Carry | None, *, grouped: bool, outages: Outages,
    read_only: bool,
) -> Storage:  # fmt: skip
    """Where the day's events go: the ledger, else memory, after what the day before handed over."""
    if ledger is not None and carry is not None:
        raise InvalidInput("carry", ledger, "give a ledger, which is folded, or what an earlier day handed over")
    if ledger is not None:
        return open_storage(settings, ledger, grouped=grouped, outages=outages, read_only=read_only)
    return MemoryStorage() if carry is None else carry.storage()


def _folded(
    ledger: LedgerPlace | None,
    storage: Storage,
    wrap: Callable[[Storage], Storage],
    armed: Armed,
    carry: Carry | None,
    *,
    read_only: bool,
) -> DayLedger:
    """The ledger with its book; one that a day before handed over is not folded anew."""
    second = None if armed.mode is Mode.STUDY else second_journal(ledger, storage)
    waiting = waiting_beside(ledger, storage) if read_only else ()
    with folding(ledger):
        return DayLedger(wrap(storage), second=second, waiting=waiting, folded=None if carry is None else carry.book)


def _gates(settings: Settings, armed: Armed, ledger: LedgerPlace | None) -> tuple[DiskGate, ...]:
    """An account's disk; a study's ledger is the same on every machine. Rule: OP-705."""
    beside = _beside(settings, ledger)
    return () if beside is None or armed.mode is Mode.STUDY else (DiskGate(beside.absolute().parent),)


def _refuse_comparisons(settings: Settings, armed: Armed) -> None:
    """The profiles that are for comparison never trade a live account. Rule: DH-003."""
    if armed.mode is Mode.LIVE:
        spec_of(settings.trade.strategy).check_live(settings)


def _session(settings: Settings, calendar: NyseCalendar, armed: Armed, clock: Clock | None) -> TradingSession:
    """The day to trade: the configured or recorded one in a study, today at a real broker.

    Raises:
        ConfigurationError: another day than today at a real broker.
    """
    if not armed.broker.is_real:
        return open_session(calendar, trading_date(settings))
    today = new_york_date((clock or SystemClock()).now())
    if settings.market.date not in (None, today):
        raise ConfigurationError(f"market.date: {settings.market.date} is not today, {today}; at {armed.broker} only "
                                 "today can be traded, leave --date out")  # fmt: skip
    return open_session(calendar, today, asked=settings.market.date is not None)


def _beside(settings: Settings, ledger: LedgerPlace | None) -> Path | None:
    return None if ledger is None else local_path(settings, ledger)
