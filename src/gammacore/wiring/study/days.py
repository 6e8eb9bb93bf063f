"""One day of a study, traded in memory by the day loop itself: settings, a date and what is carried in; a value out.

Backtests, sweeps, the look-ahead check and comparisons all trade through `study_day`. Rules: ST-001, ST-002, ST-203.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import cached_property, partial

from attrs import evolve, field, frozen

from gammacore.adapters.codec.records import GENESIS, encode, link
from gammacore.adapters.fake.account import ExchangeBook, account_to_json
from gammacore.adapters.recorded.hidden_past import HiddenPast
from gammacore.adapters.recorded.market import RecordedMarket
from gammacore.adapters.recorded.quality import integrity
from gammacore.application.study.watch_marks import WatchMarks
from gammacore.application.watch_equity import RecordedEquity
from gammacore.configuration import Configuration, Sourced
from gammacore.domain.book.book import Book
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.holding_events import HoldingClosed, PolicyRecorded
from gammacore.domain.ledger import Event, HistoryImported, LedgerOpened, Mode
from gammacore.domain.reports.day_report import DayReport, day_report
from gammacore.domain.risk.opening_limits import OpeningGuards
from gammacore.domain.sessions import NEW_YORK
from gammacore.domain.strategy import Strategy
from gammacore.domain.study.from_ledger import closed_trades
from gammacore.domain.study.integrity import DayFlag
from gammacore.domain.study.marks import with_marks
from gammacore.domain.study.record import ClosedTrade, TradeFlag
from gammacore.errors import GammacoreError
from gammacore.ports.market_data import MarketData
from gammacore.ports.people import EntryAdvisor, ExitAdvisor
from gammacore.wiring.carry import Carry
from gammacore.wiring.days import WiredDay, wire_day
from gammacore.wiring.desk_keys import NO_KEYS
from gammacore.wiring.service.arming import Armed


@frozen(eq=False)
class CarryIn:
    """What a day takes over from the days before it in mode carry. Rule: ST-203.

    The book of the ledger so far (balance, record, halts, day trades, what is still held), the account at the exchange
    (None: not opened yet), what the guards remember. The market carries nothing. Nothing in it is ever changed.

    `told` are the events a report of what is still held needs: stop policies, and the days since all was last flat.
    """

    book: Book = field(factory=Book)
    account: ExchangeBook | None = None
    guards: OpeningGuards | None = None
    equity: RecordedEquity | None = None
    told: tuple[Event, ...] = ()
    chained: str = field(default=GENESIS, repr=False)
    """The checksum of the last event's record, which vouches for all before it."""

    @cached_property
    def hash(self) -> str:
        """SHA-256 of everything carried in. The same for the same days traded in the same way."""
        account = None if self.account is None else account_to_json(self.account)
        return hashlib.sha256(json.dumps([self.chained, account], sort_keys=True).encode()).hexdigest()

    def after(self, events: Sequence[Event], account: ExchangeBook | None) -> CarryIn:
        """What the next day takes over once these events have been added."""
        book = self.book.copy().followed_by(events)
        equity = self.equity
        if self.guards is not None:
            equity = RecordedEquity() if equity is None else equity
            for event in events:
                equity = equity.after(event, self.guards)
        told = (*self.told, *(event for event in events if not isinstance(event, LedgerOpened | HistoryImported)))
        if not book.live_holdings:
            told = tuple(event for event in told if isinstance(event, PolicyRecorded))
        return CarryIn(book, account, self.guards, equity, told, _chained(self.chained, events))

    def report_of(self, date: dt.date, events: Sequence[Event]) -> DayReport:
        """The report of a day that begins here and has these events.

        Raises:
            MissingData: they begin no day.
        """
        opened = self.book.opened
        if opened is None:
            return day_report(events, date)
        booked = (event.gross - event.fees for event in self.told if isinstance(event, HoldingClosed))
        opening = evolve(opened, starting_balance=self.book.balance - sum(booked, Decimal(0)))
        return day_report((opening, *self.told, *events), date)


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
    `data_hash` and `market` are "" where the market could not even be opened. `flags` are those of recorded data
    (ST-109); `was_left_out`: it has some, and only a whole day was to be traded.
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
    flags: tuple[DayFlag, ...] = ()
    was_left_out: bool = False
    marks: WatchMarks | None = field(default=None, repr=False)

    @cached_property
    def carry_out(self) -> CarryIn:
        """What the next day takes over. A failed day adds nothing."""
        if self.error is not None or self.account is None or self.was_left_out:
            return self.carry_in
        return self.carry_in.after(self.events, self.account)

    @cached_property
    def report(self) -> DayReport:
        """The day as it is reported, with every trade closed on it.

        Raises:
            MissingData: the day failed before it was begun.
        """
        return self.carry_in.report_of(self.date, self.events)

    @cached_property
    def closed_trades(self) -> tuple[ClosedTrade, ...]:
        """The trades that ended on the day, in order of closing, with what the quotes said of them. ST-002, ST-308."""
        if self.error is not None or self.was_left_out:
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
        account=evolve(settings.account, broker=BrokerName.FAKE, halt_file=None),
        alerts=evolve(settings.alerts, studies=False, channels=()),
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
    whole_only: bool = False,
    read_from: dt.date | None = None,
    on_cycle: Callable[[dt.datetime], None] | None = None,
) -> StudiedDay:
    """Trade one session of one underlying in memory, by the same loop as `gammacore trade`; never raises for a day.

    `strategy` and the advisors stand in for the configured ones; `wrap_market` may show another market than the one
    that is opened (a copy for the look-ahead check). With `whole_only` a day is not traded whose data has a flag; what
    lies before `read_from` is not seen. Kill switches of the environment are not obeyed: a study has nothing to stop.
    What fails the day is in `error`; an interrupt goes through.

    >>> from gammacore.configuration import configure
    >>> day = study_day(configure([{"market.seed": 57}]), dt.date(2026, 3, 3))
    >>> day.error is None, len(day.report.closed), day.report.date == day.date
    (True, 2, True)
    """
    wired: WiredDay | None = None
    marks: WatchMarks | None = None
    error: str | None = None
    flags: tuple[DayFlag, ...] = ()
    is_left_out = False
    try:
        wired = wire_day(
            on_date(configuration, date),
            strategy=strategy,
            wrap_market=lambda market: _without_past(wrap_market(market), read_from, date),
            advisor=advisor,
            entry_advisor=entry_advisor,
            credentials=NO_KEYS,
            environment={},
            armed=Armed(Mode.STUDY, BrokerName.FAKE),
            carry=_handed_over(configuration, carry),
        )
        marks = WatchMarks(wired.market, carry.book.version)
        flags = flags_of(wired.market)
        is_left_out = whole_only and bool(flags)
        if not is_left_out:
            wired.trade(partial(_after_cycle, wired, marks, on_cycle))
    except GammacoreError as refused:
        error = str(refused)
    except Exception as fault:
        error = f"{type(fault).__name__}: {fault}"
    if wired is None:
        return StudiedDay(date, (), carry.book, carry, None, "", "", error=error)
    ledger = wired.trade.ledger
    events = tuple(ledger.events(carry.book.version))
    account = None if wired.exchange is None else wired.exchange.book.overnight()
    wired.close()
    return StudiedDay(
        date, events, ledger.book, carry, account, wired.market.label, wired.market.fingerprint(), wired.left_out,
        error, flags, is_left_out, marks,
    )  # fmt: skip


def _without_past(market: MarketData, read_from: dt.date | None, date: dt.date) -> MarketData:
    """The market without what lies before the first date that may be read. Rule: ST-202."""
    if read_from is None:
        return market
    return HiddenPast(market, dt.datetime.combine(read_from, dt.time(), NEW_YORK), hides_previous=read_from >= date)


def flags_of(market: MarketData) -> tuple[DayFlag, ...]:
    """The flags of recorded data; a simulated day is whole."""
    shown = getattr(market, "wrapped", market)
    return integrity(shown).flags if isinstance(shown, RecordedMarket) else ()


def _handed_over(configuration: Configuration, carry: CarryIn) -> Carry | None:
    """None for a day that begins a ledger; an exchange that is not opened yet has the starting capital."""
    if not carry.book.version:
        return None
    settings = configuration.settings
    account = carry.account or ExchangeBook(settings.account.id, settings.sizing.starting_capital)
    return Carry(carry.book, account, carry.equity)


def _after_cycle(
    wired: WiredDay, marks: WatchMarks, also: Callable[[dt.datetime], None] | None, now: dt.datetime
) -> None:
    marks(now, wired.trade.ledger)
    if also is not None:
        also(now)


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
    return carry.after((opening,), None)
