"""One day of a study, traded in memory by the day loop itself: settings, a date and what is carried in; a value out.

Backtests, sweeps, the look-ahead check and comparisons all trade through `study_day`. Rules: ST-001, ST-002, ST-203.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable
from functools import cached_property, partial

from attrs import evolve, field, frozen

from gammacore.adapters.codec.records import GENESIS, encode, link
from gammacore.adapters.fake.account import ExchangeBook, account_to_json
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.in_memory import MemoryLedger, MemoryStorage
from gammacore.application.study.watch_marks import WatchMarks
from gammacore.configuration import Configuration, Sourced
from gammacore.domain.book.book import Book
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.ledger import Event, LedgerOpened, Mode
from gammacore.domain.reports.day_report import DayReport, day_report
from gammacore.domain.strategy import Strategy
from gammacore.domain.study.from_ledger import closed_trades
from gammacore.domain.study.marks import with_marks
from gammacore.domain.study.record import ClosedTrade, TradeFlag
from gammacore.errors import GammacoreError
from gammacore.ports.broker import Broker
from gammacore.ports.market_data import MarketData
from gammacore.ports.people import EntryAdvisor, ExitAdvisor
from gammacore.ports.storage import Storage
from gammacore.wiring.arming import Armed
from gammacore.wiring.days import WiredDay, wire_day
from gammacore.wiring.desk_keys import NO_KEYS


@frozen(eq=False)
class CarryIn:
    """What a day takes over from the days before it in mode carry. Rule: ST-203.

    The ledger so far (balance, record, halts, day trades, what is still held) and the account at the exchange. The
    market carries nothing. `hash` is the same for the same days traded in the same way.
    """

    events: tuple[Event, ...] = ()
    account: ExchangeBook | None = None
    chained: str = field(default=GENESIS, repr=False)
    """The checksum of the last event's record, which vouches for all before it."""

    @cached_property
    def hash(self) -> str:
        """SHA-256 of everything carried in."""
        account = None if self.account is None else account_to_json(self.account)
        return hashlib.sha256(json.dumps([self.chained, account], sort_keys=True).encode()).hexdigest()

    @cached_property
    def book(self) -> Book:
        """The fold of the ledger so far. Not to be changed: a day trades on a copy."""
        return Book.of(self.events)

    @classmethod
    def of(cls, *events: Event) -> CarryIn:
        """A ledger that holds these events, before the exchange knows its account."""
        return cls(events, None, _chained(GENESIS, events))

    def after(self, events: tuple[Event, ...], account: ExchangeBook) -> CarryIn:
        """What the next day takes over once these events have been added."""
        return CarryIn((*self.events, *events), account, _chained(self.chained, events))


def _chained(checksum: str, events: Iterable[Event]) -> str:
    for event in events:
        checksum = link(checksum, encode(event))
    return checksum


ALONE = CarryIn()
"""Nothing is carried in: the day starts with the starting capital and no record. Rule: ST-204."""


@frozen(eq=False)
class StudiedDay:
    """A day as it was traded. `events` are those of this day alone; `book` the fold of everything up to its end.

    `error` is None of a day that was traded to its end; else what was raised, and `events` are those until then.
    `data_hash` and `market` are "" where the market could not even be opened.
    """

    date: dt.date
    events: tuple[Event, ...]
    book: Book
    carry_in: CarryIn
    account: ExchangeBook | None
    market: str
    data_hash: str
    left_out: str = ""
    error: str | None = None
    marks: WatchMarks | None = field(default=None, repr=False)

    @cached_property
    def carry_out(self) -> CarryIn:
        """What the next day takes over. A failed day adds nothing."""
        if self.error is not None or self.account is None:
            return self.carry_in
        return self.carry_in.after(self.events, self.account)

    @cached_property
    def report(self) -> DayReport:
        """The day as it is reported, with every trade closed on it.

        Raises:
            MissingData: the day failed before it was begun.
        """
        return day_report((*self.carry_in.events, *self.events), self.date)

    @cached_property
    def closed_trades(self) -> tuple[ClosedTrade, ...]:
        """The trades that ended on the day, in order of closing, with what the quotes said of them. ST-002, ST-308."""
        if self.error is not None:
            return ()
        trades, marks = closed_trades([self.report]), self.marks
        if marks is not None:
            trades = tuple(with_marks(trade, marks.of(trade)) for trade in trades)
        inside = {alarm.holding for alarm in self.report.alarms if alarm.code == TradeFlag.STOP_INSIDE_QUOTES}
        return tuple(
            evolve(trade, flags=trade.flags | {TradeFlag.STOP_INSIDE_QUOTES}) if trade.id in inside else trade
            for trade in trades
        )


def on_date(configuration: Configuration, date: dt.date) -> Configuration:
    """The configuration for one day of a study, at the fake exchange, without alerts; no fingerprint has any of it."""
    settings = configuration.settings
    settings = evolve(
        settings,
        market=evolve(settings.market, date=date),
        account=evolve(settings.account, broker=BrokerName.FAKE),
        alerts=evolve(settings.alerts, studies=False),
    )
    given = {**configuration.given, "market.date": Sourced(date, "the day of the study")}
    return evolve(configuration, settings=settings, given=given)


def study_day(
    configuration: Configuration,
    date: dt.date,
    *,
    carry: CarryIn = ALONE,
    strategy: Strategy | None = None,
    advisor: ExitAdvisor | None = None,
    entry_advisor: EntryAdvisor | None = None,
    wrap_market: Callable[[MarketData], MarketData] = lambda market: market,
    on_cycle: Callable[[dt.datetime], None] | None = None,
) -> StudiedDay:
    """Trade one session of one underlying in memory, by the same loop as `gammacore trade`; never raises for a day.

    `strategy` and the advisors stand in for the configured ones; `wrap_market` may show another market than the one
    that is opened (a copy for the look-ahead check). Kill switches of the environment are not obeyed: a study has
    nothing to stop. What fails the day is in `error`; an interrupt goes through.

    >>> from gammacore.configuration import configure
    >>> day = study_day(configure([{"market.seed": 57}]), dt.date(2026, 3, 3))
    >>> day.error is None, len(day.report.closed), day.report.date == day.date
    (True, 2, True)
    """
    storage = MemoryStorage(MemoryLedger([*carry.events]))
    wired: WiredDay | None = None
    exchanges: list[FakeExchange] = []
    marks: WatchMarks | None = None
    error: str | None = None
    book: Book | None = None

    def carried(_empty: Storage) -> Storage:
        return storage

    def noted(broker: Broker) -> Broker:
        if isinstance(broker, FakeExchange):
            exchanges.append(broker)
        return broker

    try:
        wired = wire_day(
            on_date(configuration, date),
            strategy=strategy,
            wrap_storage=carried,
            wrap_broker=noted,
            wrap_market=wrap_market,
            advisor=advisor,
            entry_advisor=entry_advisor,
            credentials=NO_KEYS,
            environment={},
            armed=Armed(Mode.STUDY, BrokerName.FAKE),
            account=carry.account,
        )
        marks = WatchMarks(wired.market)
        book = wired.trade(partial(_after_cycle, wired, marks, Reader(storage.medium.events), on_cycle))
    except GammacoreError as refused:
        error = str(refused)
    except Exception as fault:
        error = f"{type(fault).__name__}: {fault}"
    events = tuple(storage.medium.events[len(carry.events) :])
    if wired is not None:
        wired.close()
    return StudiedDay(
        date=date,
        events=events,
        book=Book.of((*carry.events, *events)) if book is None else book,
        carry_in=carry,
        account=exchanges[0].left_overnight() if exchanges else None,
        market="" if wired is None else wired.market.label,
        data_hash="" if wired is None else wired.market.fingerprint(),
        left_out="" if wired is None else wired.left_out,
        error=error,
        marks=marks,
    )


def opened_by(configuration: Configuration, date: dt.date, carry: CarryIn) -> CarryIn:
    """A carry-in whose ledger a day has opened and done nothing else: what days are expected to take over at first.

    Raises:
        GammacoreError: the day's market cannot be opened.
    """
    wired = wire_day(
        on_date(configuration, date), credentials=NO_KEYS, environment={}, armed=Armed(Mode.STUDY, BrokerName.FAKE)
    )
    try:
        terms = wired.trade.terms
        opening = LedgerOpened(
            wired.session.open, terms.account, terms.mode, terms.lineage, terms.starting_balance
        )  # fmt: skip
    finally:
        wired.close()
    return CarryIn.of(*carry.events, opening)


class Reader:
    """Reads the end of a list that grows: each call gives what has come since the last."""

    def __init__(self, events: list[Event]) -> None:
        self._events = events
        self._read = len(events)

    def __call__(self) -> list[Event]:
        news, self._read = self._events[self._read :], len(self._events)
        return news


def _after_cycle(
    wired: WiredDay, marks: WatchMarks, news: Reader, also: Callable[[dt.datetime], None] | None, now: dt.datetime
) -> None:
    marks(now, wired.trade.ledger.book, news())
    if also is not None:
        also(now)
