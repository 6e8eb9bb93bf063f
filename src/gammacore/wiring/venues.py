"""Where a day is traded: its market, its broker, its clock, and whose money it is. A study's, or a real broker's."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Callable
from pathlib import Path

from attrs import evolve, field, frozen

from gammacore.adapters.estimated_fees import EstimatedFees
from gammacore.adapters.fake.account import ExchangeBook
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.fake.stand_ins import SharesOfIndex
from gammacore.adapters.streamed_market import StreamedMarket
from gammacore.adapters.system_clock import SystemClock
from gammacore.application.day_terms import DayTerms
from gammacore.configuration import Configuration, Settings
from gammacore.configuration.brokers import kit_of
from gammacore.domain.book.book import Book
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.instruments import Underlying
from gammacore.domain.ledger import Mode
from gammacore.domain.orders import OrderTicket
from gammacore.domain.sessions import NEW_YORK, TradingSession
from gammacore.domain.tape import Tape
from gammacore.errors import BrokerError, ConfigurationError, CredentialRefused
from gammacore.ports.broker import Broker, OrderNews
from gammacore.ports.clock import Calendar, Clock
from gammacore.ports.credentials import CredentialStore
from gammacore.ports.market_data import DividendSource, MarketData, QuoteFeed, QuoteStream
from gammacore.wiring.brokers import BROKERS_OWN, BrokerPlaces, open_broker, open_broker_market
from gammacore.wiring.ledgers.storage import LedgerPlace, local_path
from gammacore.wiring.ledgers.whose_ledger import mark_of, refuse_another_account
from gammacore.wiring.looks import expiries_of
from gammacore.wiring.markets import MarketSource
from gammacore.wiring.service.arming import Armed

NOTHING_SENT = "nothing was sent"
"""A flatten has journaled its halt before the broker is asked."""
CONFIRM_AFTER_SECONDS = 2.0
"""A real broker's answer about holdings may lag its fills by a moment; a simulated one's does not."""


@frozen(eq=False)
class Venue:
    """Everything outside a day's own use cases. `closes` is called once the day is let go of, in order.

    `keep_time` keeps where a simulated clock stands for the next process; real time needs no keeping. `feed` is the
    market where its quotes are streamed besides, by `streams`. `exchange` is the simulated one of a study,
    `refuses_stops` why the broker takes no protective stop ("" where it does), `dividends` what the market's broker
    knows of dividends (None where it knows nothing).
    """

    terms: DayTerms
    clock: Clock
    market: MarketData
    broker: Broker
    confirm_after_seconds: float = 0.0
    news: OrderNews | None = None
    closes: tuple[Callable[[], None], ...] = field(default=())
    keep_time: Callable[[], None] = lambda: None
    feed: QuoteFeed | None = None
    streams: tuple[QuoteStream, ...] = ()
    exchange: FakeExchange | None = None
    refuses_stops: str = ""
    dividends: DividendSource | None = None

    def close(self) -> None:
        for close in self.closes:
            close()


def study_venue(
    configuration: Configuration,
    session: TradingSession,
    underlying: Underlying,
    calendar: Calendar,
    market: MarketData,
    book: Book,
    ledger: LedgerPlace | None,
    account: ExchangeBook | None = None,
) -> Venue:
    """The fake exchange over a simulated or recorded market, in simulated time. With a ledger its book is durable.

    `account` is where it stood after the day before, in memory.

    Raises:
        ConfigurationError: the exchange's book is of a ledger which is not there any more.
    """
    settings = configuration.settings
    clock = FakeClock(_start_of(book, session))
    beside = None if ledger is None else local_path(settings, ledger)
    shares = underlying.hedge_share
    exchange = FakeExchange(
        market,
        clock,
        calendar,
        underlyings={underlying.symbol: underlying},
        other_markets={} if shares in ("", underlying.symbol) else {shares: SharesOfIndex(market, underlying)},
        account_number=settings.account.id,
        starting_cash=settings.sizing.starting_capital,
        fees=settings.broker.fees,
        slippage=settings.broker.slippage,
        book_file=None if beside is None else exchange_book_beside(beside),
        book=account,
    )
    if beside is not None and book.opened is None and exchange.as_of is not None:
        raise ConfigurationError(f"ledger {ledger}: is new, and the fake exchange beside it is of another ledger; "
                                 f"rm {exchange_book_beside(beside)}, or give another --ledger")  # fmt: skip
    if exchange.as_of is not None:
        # killed between a fill and its record, the cycle that saw it is repeated; after `once` the next look follows
        clock.wait_until(exchange.as_of)
    lineage = lineage_of(configuration, market, session)
    terms = _terms(configuration, Mode.STUDY, lineage, market, settings)
    return Venue(terms, clock, market, exchange, keep_time=exchange.keep, exchange=exchange)


def broker_venue(
    configuration: Configuration,
    armed: Armed,
    credentials: CredentialStore,
    session: TradingSession,
    underlying: Underlying,
    calendar: Calendar,
    book: Book,
    *,
    clock: Clock | None = None,
    places: BrokerPlaces = BROKERS_OWN,
    listens: bool = True,
    ledger: LedgerPlace | None = None,
    streams_quotes: bool = False,
) -> Venue:
    """A real broker's paper or live account, and its market, in real time (or a given clock's).

    A broker lets an account listen once: who only looks (`listens` False) leaves its stream to the process that trades.
    With `streams_quotes` the market is one whose quotes may be streamed besides; nothing connects before a runner does.
    `book` is the fold of `ledger`, which is refused where it is of another account.

    Raises:
        ConfigurationError: a credential is missing, the keys open another account than the one meant or than the
            ledger's, or the quotes are delayed.
        BrokerUnavailable: the broker does not answer; CredentialRefused: it does not accept token or keys.
    """
    settings, clock = configuration.settings, clock or SystemClock()
    looked_at = for_market(settings, armed)
    lineage = uuid.uuid4().hex[:16] if book.opened is None else book.opened.lineage
    refuse_another_account(ledger, book.owner, mark_of(armed, lineage), NOTHING_SENT)
    opened = open_broker(armed, credentials, clock, places, settings.deadlines(armed.broker))
    closes: list[Callable[[], None]] = [opened.close]
    try:
        shown = open_broker_market(
            settings, looked_at, credentials, clock, underlying, session, calendar, places,
            expiries_of(settings, session, calendar),
        )  # fmt: skip
        closes.append(shown.close)
        if shown.is_delayed:
            late = f"{shown.market.label}: quotes are delayed and nothing is decided on them (CS-418)"
            raise ConfigurationError(f"{late}; {kit_of(looked_at.broker).delay_remedy}")
        refuse_a_wrong_clock(opened.broker, clock, settings.loop.wrong_clock_seconds, armed.broker)
        account = opened.broker.account()
        armed.require_account(account.number)
        owner = mark_of(armed, lineage, account.number)
        refuse_another_account(ledger, book.owner, owner, NOTHING_SENT)
        shown.require_access()
        news = opened.news() if listens else None
        if news is not None:
            closes.insert(0, news.close)
    except BaseException:
        for close in closes:
            close()
        raise
    terms = _terms(configuration, armed.mode, lineage, shown.market, settings)
    terms = evolve(terms, starting_balance=account.balance, owner=owner if owner.is_whole else None)
    broker = EstimatedFees(opened.broker, settings.broker.fees, lambda order: _ticket_of(book, order))
    venue = Venue(
        terms, clock, shown.market, broker, CONFIRM_AFTER_SECONDS, news, tuple(closes),
        refuses_stops=kit_of(armed.broker).facts.refuses_stops, dividends=shown.dividends,
    )  # fmt: skip
    if not (streams_quotes and listens):
        return venue
    feed = StreamedMarket(
        shown.market, underlying.symbol, Tape(settings.scalping.quotes, session.open, is_stepped=False)
    )
    return evolve(venue, market=feed, feed=feed, streams=() if shown.quotes is None else (shown.quotes(),))


def refuse_a_wrong_clock(broker: Broker, clock: Clock, most_seconds: float, name: BrokerName) -> None:
    """A day is not begun with a clock far from the broker's: every exit would act at the wrong time. Rules: R7, CS-303.

    Where the broker does not say its time the day begins all the same: what is held must be watched, and no entry is
    made without it.

    Raises:
        ConfigurationError: they are too far apart; both are named.
        CredentialRefused: the token or keys are not accepted.
    """
    try:
        reported = broker.clock()
    except CredentialRefused:
        raise
    except BrokerError:
        return
    if (skew := reported.skew_seconds(now := clock.now())) > most_seconds:
        ours, theirs = (f"{instant.astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S}" for instant in (now, reported.at))
        raise ConfigurationError(
            f"this machine's clock says {ours} New York, {name}'s {theirs}: {skew:.0f} s apart, at most "
            f"{most_seconds:g} s (loop.wrong_clock_seconds); set it by a time server (chrony, systemd-timesyncd), then "
            "start again; until then close by hand at the broker what must not wait"
        )


def _ticket_of(book: Book, order_id: str) -> OrderTicket | None:
    known = book.order(order_id)
    return None if known is None else known.ticket


def for_market(settings: Settings, armed: Armed) -> Armed:
    """The broker whose market is looked at: the one that is traded at, or the one that --market names."""
    source = MarketSource.parse(settings.market.source)
    return Armed(armed.mode, BrokerName(source.kind), keys=armed.keys) if source.is_live else armed


def _terms(
    configuration: Configuration, mode: Mode, lineage: str, market: MarketData, settings: Settings
) -> DayTerms:  # fmt: skip
    return DayTerms(
        account=settings.account.id,
        mode=mode,
        lineage=lineage,
        starting_balance=settings.sizing.starting_capital,
        market=market.label,
        configuration=configuration_hash(configuration),
    )


def configuration_hash(configuration: Configuration) -> str:
    """What a ledger calls the rules a day was traded by."""
    return hashlib.sha256(configuration.fingerprint().encode()).hexdigest()[:16]


def lineage_of(configuration: Configuration, market: MarketData, session: TradingSession) -> str:
    """What makes the client ids of a study's ledger its own: a hash of its inputs, or what a recording inherited."""
    if inherited := getattr(market, "lineage", ""):
        return str(inherited)
    inputs = [configuration.fingerprint(), market.fingerprint(), session.date.isoformat()]
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()[:16]


def _start_of(book: Book, session: TradingSession) -> dt.datetime:
    """Where a simulated clock starts: at the last thing the ledger knows of this session, else at its open."""
    last = book.last_at
    return session.open if last is None or last < session.open else last


def exchange_book_beside(beside: Path) -> Path:
    """Where the fake exchange keeps the account that a ledger file trades on."""
    return beside.with_name(beside.name + ".exchange.json")
