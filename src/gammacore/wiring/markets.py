"""Which market and which day the settings name, opened behind the market-data port."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

from attrs import frozen

from gammacore.adapters.recorded.market import RecordedMarket
from gammacore.adapters.recorded.row_reader import OTHER_EXPIRY
from gammacore.adapters.simulated.market import SimulatedMarket
from gammacore.adapters.simulated.shares import ShareModel
from gammacore.configuration import Configuration, Settings, Sourced, StrategyName
from gammacore.domain.book.book import Book
from gammacore.domain.broker_facts.dated import REAL_BROKERS, BrokerName
from gammacore.domain.gex.units import TODAY, Scope
from gammacore.domain.instruments import Underlying
from gammacore.domain.ledger import Mode
from gammacore.domain.sessions import NEW_YORK, TradingSession
from gammacore.errors import ConfigurationError, InvalidInput, MissingData, NoSession
from gammacore.ports.clock import Calendar
from gammacore.ports.market_data import MarketData
from gammacore.wiring.ledgers.storage import LedgerPlace, folding, ledger_exists, open_storage
from gammacore.wiring.study import recorded_sources

LIVE_SOURCES = tuple(broker.value for broker in BrokerName if broker.is_real)
"""Feeds of this very moment."""

DEFAULT_SIMULATED_DATE = dt.date(2026, 3, 3)
"""An ordinary Tuesday; the default seed is the first on which the default rules trade on it (decision 0061)."""


@frozen
class MarketSource:
    """`simulated`, a broker's own, or a kind and a path, a file, a folder or a pattern: `csv:days/*.csv.gz`."""

    kind: str
    path: Path | None = None

    @classmethod
    def parse(cls, text: str) -> MarketSource:
        """Read a market source.

        Raises:
            ConfigurationError: no such kind, or a kind that needs a path has none.

        >>> MarketSource.parse("csv:day.csv.gz").kind
        'csv'
        """
        kind, _, path = text.partition(":")
        if kind in ("simulated", *LIVE_SOURCES) and not path:
            return cls(kind)
        if kind in recorded_sources.RECORDED:
            if not path:
                raise ConfigurationError(f"market {text}: name what to read: {kind}:PATH")
            return cls(kind, Path(path))
        raise ConfigurationError(
            f"market {text}: not known; give simulated, csv:FILE, lean:DIR, recording:FILE, store:DIR, {REAL_BROKERS}"
        )

    @property
    def is_live(self) -> bool:
        """Whether it is a broker's feed of this very moment."""
        return self.kind in LIVE_SOURCES


def naming_underlying(configuration: Configuration) -> Configuration:
    """The configuration with the underlying its recorded data is of, where none is named.

    SPX is the default of the simulated market only: prices of SPY must never be traded as SPX.

    Raises:
        ConfigurationError: the data does not say, holds several, or is a recording of another underlying.
    """
    settings, named = configuration.settings, "market.underlying" in configuration.given
    source = MarketSource.parse(settings.market.source)
    if source.path is None or (named and source.kind != "recording"):
        return configuration
    there = recorded_underlyings(settings, source)
    if named and settings.market.underlying.upper() not in there:
        raise ConfigurationError(f"{source.path}: is a recording of {there[0]}, not of {settings.market.underlying}; "
                                 f"leave --underlying out or say --underlying {there[0]}")  # fmt: skip
    if not there and source.kind == "lean":
        return configuration  # an empty folder: opening it says what is missing
    if len(there) != 1:
        holds = f"holds {', '.join(there)}" if there else "does not say of which underlying it is"
        raise ConfigurationError(f"{source.path}: {holds}; name it with --underlying, like --underlying SPY")
    return configuration.filled_in({"market.underlying": Sourced(there[0], str(source.path))})


def recorded_underlyings(settings: Settings, source: MarketSource) -> tuple[str, ...]:
    """The symbols a recording names; none for a table without a column that says."""
    assert source.path is not None
    return recorded_sources.recorded_underlyings(settings, source.kind, source.path)


def taking_up(configuration: Configuration, ledger: LedgerPlace, *, only_to_close: bool = False) -> Configuration:
    """The configuration with the strategy, underlying and (a study's) day, seed and step its ledger was last at.

    Only where they were not given, so that a day begun with `--seed 7` goes on, is flattened and is reported without
    naming it again. A user's own strategy cannot be configured: `only_to_close` leaves its name out, for what it holds
    is compared and closed by the ledger alone. Rule: R10.
    """
    if not ledger_exists(configuration.settings, ledger):
        return configuration
    storage = open_storage(configuration.settings, ledger, read_only=True)
    try:
        with folding(ledger):
            book = Book.of(storage.events())
    finally:
        storage.close()
    day, market = book.day, configuration.settings.market
    if day is None or book.opened is None:
        return configuration
    where = f"ledger {ledger}"
    found = {"market.underlying": Sourced(day.underlying, where)}
    if not only_to_close or day.strategy in {name.value for name in StrategyName}:
        found["trade.strategy"] = Sourced(day.strategy, where)
    if book.opened.mode is not Mode.STUDY:
        return configuration.filled_in(found)
    if market.date not in (None, day.date) or not day.market.startswith(MarketSource.parse(market.source).kind):
        return configuration
    found["market.date"] = Sourced(day.date, where)
    return configuration.filled_in(found | as_simulated(day.market, where))


_SIMULATED = re.compile(r"simulated \(seed (\d+), every (\d+) s(?:, (\w+))?\)")


def as_simulated(label: str, where: str) -> dict[str, Sourced]:
    """What the label of a simulated market says of it: seed, step and mood; nothing of any other market.

    >>> {key: one.value for key, one in as_simulated("simulated (seed 57, every 60 s)", "ledger a").items()}
    {'market.seed': '57', 'market.step_seconds': '60'}
    """
    if (simulated := _SIMULATED.fullmatch(label)) is None:
        return {}
    found = zip(("market.seed", "market.step_seconds", "market.mood"), simulated.groups(), strict=True)
    return {key: Sourced(text, where) for key, text in found if text is not None}


def trading_date(settings: Settings) -> dt.date:
    """The day to trade: the configured one, the default simulated one, or the only one recorded.

    Raises:
        MissingData: the data holds several days and none was named; the message lists them.
    """
    if settings.market.date is not None:
        return settings.market.date
    source = MarketSource.parse(settings.market.source)
    if source.path is None:
        return DEFAULT_SIMULATED_DATE
    dates = recorded_dates(settings, source)
    if not dates:
        raise MissingData(f"{source.path}: holds no day that can be read; see whether it is whole and its columns fit")
    if len(dates) != 1:
        listed = ", ".join(str(date) for date in dates[:10]) + (" and more" if len(dates) > 10 else "")
        raise MissingData(f"{source.path}: holds {listed}; choose one with --date")
    return dates[0]


def recorded_dates(settings: Settings, source: MarketSource) -> tuple[dt.date, ...]:
    """The New York dates a recording holds."""
    assert source.path is not None
    return recorded_sources.recorded_dates(settings, source.kind, source.path)


def open_session(calendar: Calendar, date: dt.date, *, asked: bool = True) -> TradingSession:
    """The session of a date; `asked`: a person or a setting named the date, it is not merely today.

    Raises:
        NoSession: the exchange is closed that day; the next session is named. Rule: OP-004.
    """
    if (session := calendar.session(date)) is not None:
        return session
    coming = calendar.next_session(date)
    opens = f"{coming.open.astimezone(NEW_YORK):%Y-%m-%d %H:%M}"
    words = f"no session of the exchange on {date}; next {opens} New York{', a half day' if coming.early_close else ''}"
    raise NoSession(date, coming.open, words, asked=asked)


def open_market(
    settings: Settings, underlying: Underlying, session: TradingSession, calendar: Calendar, expiries: Scope = TODAY
) -> MarketData:
    """The configured market of one day, with the contracts of these expiries where its source holds more."""
    market = settings.market
    source = MarketSource.parse(market.source)
    if source.is_live:
        raise ConfigurationError(
            f"market {source.kind}: is live; say --broker {source.kind} with it, or name a recording"
        )
    if source.path is None:
        try:
            return SimulatedMarket(
                underlying,
                session,
                seed=market.seed,
                step_seconds=market.step_seconds,
                start_price=market.start_price,
                vix=market.vix,
                calendar=calendar,
                mood=market.mood,
                shares=ShareModel() if market.share_quotes else None,
                expiries=expiries if market.share_quotes else TODAY,
            )
        except InvalidInput as wrong:
            raise ConfigurationError(f"market.{wrong}") from wrong
    previous = previous_session(calendar, session.date)
    return recorded_sources.open_recorded(settings, source.kind, source.path, underlying, session, previous, expiries)


def rows_left_out(market: MarketData) -> str:
    """What of a recorded source and of the files beside it was not used, and why; "" when every row was."""
    if not isinstance(market, RecordedMarket):
        return ""
    of_source = [str(market.intake)] if market.intake.reasons.keys() - {OTHER_EXPIRY} else []
    return ". ".join([*of_source, *(f"{name}: {intake}" for name, intake in market.beside.items() if intake.reasons)])


def previous_session(calendar: Calendar, date: dt.date) -> TradingSession | None:
    """The session before a date, within the last ten days."""
    for back in range(1, 11):
        if (session := calendar.session(date - dt.timedelta(days=back))) is not None:
            return session
    return None


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
