"""Which market and which day the settings name, opened behind the market-data port."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from attrs import frozen

from gammacore.adapters.recorded import (
    LeanFolder,
    ReplaySettings,
    read_csv_market,
    read_lean_market,
    read_recording,
    read_recording_header,
    survey_csv,
)
from gammacore.adapters.simulated.market import SimulatedMarket
from gammacore.configuration import Settings
from gammacore.domain.instruments import Underlying
from gammacore.domain.sessions import TradingSession
from gammacore.errors import ConfigurationError, MissingData
from gammacore.ports.calendar import Calendar
from gammacore.ports.market_data import MarketData

DEFAULT_SIMULATED_DATE = dt.date(2026, 3, 4)
"""An ordinary Wednesday, chosen with the default seed for what it shows: entries, a skip, exits of two kinds."""


@frozen
class MarketSource:
    """`simulated`, or a kind and a path: `csv:FILE`, `lean:DIR`, `recording:FILE`."""

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
        if kind == "simulated" and not path:
            return cls(kind)
        if kind in ("csv", "lean", "recording"):
            if not path:
                raise ConfigurationError(f"market {text}: name what to read: {kind}:PATH")
            return cls(kind, Path(path))
        raise ConfigurationError(f"market {text}: not known; give simulated, csv:FILE, lean:DIR or recording:FILE")


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
    if len(dates) != 1:
        listed = ", ".join(str(date) for date in dates[:10]) or "no day at all"
        raise MissingData(f"{source.path}: holds {listed}; choose one with --date")
    return dates[0]


def recorded_dates(settings: Settings, source: MarketSource) -> tuple[dt.date, ...]:
    """The New York dates a recording holds."""
    assert source.path is not None
    if source.kind == "csv":
        return survey_csv(source.path, settings.market.columns or settings.market.preset or None).dates
    if source.kind == "lean":
        return LeanFolder(source.path).option_dates(settings.underlying(settings.market.underlying))
    return (read_recording_header(source.path).session.date,)


def open_session(calendar: Calendar, date: dt.date) -> TradingSession:
    """The session of a date.

    Raises:
        MissingData: the exchange is closed that day; the next session is named.
    """
    session = calendar.session(date)
    if session is None:
        raise MissingData(f"{date} is no session of the exchange; the next one is {calendar.next_session(date).date}")
    return session


def open_market(settings: Settings, underlying: Underlying, session: TradingSession, calendar: Calendar) -> MarketData:
    """The configured market of one day."""
    market = settings.market
    source = MarketSource.parse(market.source)
    if source.path is None:
        return SimulatedMarket(
            underlying,
            session,
            seed=market.seed,
            step_seconds=market.step_seconds,
            start_price=market.start_price,
            vix=market.vix,
            calendar=calendar,
        )
    replay = ReplaySettings(
        quote_age_steps=market.quote_age_steps,
        vix=market.vix,
        vix_file=market.vix_file,
        settlement=market.settlement,
        closes_file=market.closes_file,
        price_file=market.price_file,
    )
    previous = previous_session(calendar, session.date)
    if source.kind == "csv":
        columns = market.columns or market.preset or None
        return read_csv_market(source.path, underlying, session, columns=columns, settings=replay, previous=previous)
    if source.kind == "lean":
        return read_lean_market(source.path, underlying, session, settings=replay, previous=previous)
    return read_recording(source.path, settings=replay)


def previous_session(calendar: Calendar, date: dt.date) -> TradingSession | None:
    """The session before a date, within the last ten days."""
    for back in range(1, 11):
        if (session := calendar.session(date - dt.timedelta(days=back))) is not None:
            return session
    return None
