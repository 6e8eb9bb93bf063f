"""Dealer gamma of the configured market, for who hedges beside it: opened day by day, let go of at the end. DH-420."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from attrs import evolve, frozen

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.system_clock import SystemClock
from gammacore.configuration import Configuration
from gammacore.domain.sessions import new_york_date
from gammacore.errors import ConfigurationError, MissingData
from gammacore.ports.calendar import Calendar
from gammacore.ports.market_data import MarketData
from gammacore.wiring.credentials import open_credentials
from gammacore.wiring.looks import (
    HOW_TO_MEND,
    OUR_OWN,
    OpenLook,
    Outside,
    live_market,
    open_look,
    reader_of,
    today_and_the_next,
)
from gammacore.wiring.markets import MarketSource, naming_underlying
from gammacore.wiring.regime_feeds import CHAIN, SourceOf, chain_source


@frozen(eq=False)
class ConfiguredChain:
    """The gamma of the configured market's chains, and how to let go of the market."""

    source_of: SourceOf
    close: Callable[[], None]


def configured_chain(configuration: Configuration, outside: Outside = OUR_OWN) -> ConfiguredChain | None:
    """The gamma of the configured market's chains; None while nobody named a market or the source `chain`.

    Nobody's default hedges by a simulated market's gamma. The market is opened day by day, as the desk's clock goes; a
    broker's today's at once, so that what keeps it from being read is told before the first line.

    Raises:
        ConfigurationError: the market that is named cannot be, or its quotes are delayed (CS-418).
    """
    given, chosen = configuration.given, configuration.settings.hedging.gex_sources
    asked = "market.source" in given or "hedging.gex_sources" in given
    if CHAIN not in chosen or not asked:
        return None
    configuration, calendar = naming_underlying(configuration), NyseCalendar()
    settings = configuration.settings
    path = MarketSource.parse(settings.market.source).path
    if path is not None and not path.exists():
        raise ConfigurationError(f"market.source: {path}: no such file; name a market with --market")
    underlying = settings.underlying(settings.market.underlying)
    markets = _MarketsByDay(configuration, calendar, outside)
    markets.open_today()
    return ConfiguredChain(chain_source(settings, underlying, markets, calendar), markets.close)


class _MarketsByDay:
    """The configured market of a date, opened once while the date lasts.

    A date that data does not have is not tried twice. A broker may have it a moment later: that one is.
    """

    def __init__(self, configuration: Configuration, calendar: Calendar, outside: Outside) -> None:
        self._configuration = configuration
        self._calendar = calendar
        self._outside = outside
        self._live = live_market(configuration)
        self._date: dt.date | None = None
        self._open: OpenLook | MissingData | None = None

    def __call__(self, date: dt.date) -> MarketData:
        if date != self._date:
            self.close()
            self._date = date
        if self._open is None:
            self._open = self._look_up(date)
        if isinstance(found := self._open, MissingData):
            if self._live is not None:
                self._open = None
            raise found
        return found.market

    def open_today(self) -> None:
        """Open a broker's market as it is now; on a day without a session only its keys are looked for.

        Raises:
            ConfigurationError: it cannot be opened, or its quotes are delayed.
        """
        if self._live is None:
            return
        reader_of(self._live, self._outside.credentials or open_credentials())
        if self._calendar.session(today := self._today()) is not None:
            self._date, self._open = today, self._look_at(today)

    def close(self) -> None:
        """Let go of what is open; idempotent."""
        opened, self._open, self._date = self._open, None, None
        if isinstance(opened, OpenLook):
            opened.close()

    def _look_up(self, date: dt.date) -> OpenLook | MissingData:
        named = self._configuration.settings.market.date
        if named is not None and named != date:
            return MissingData(f"the market is of {named}, not of {date}")
        if self._live is not None and date != (today := self._today()):
            return MissingData(f"{self._live} shows its market only as it is now, on {today}, not on {date}")
        try:
            return self._look_at(date)
        except MissingData as gap:
            return gap
        except ConfigurationError as wrong:
            return MissingData(str(wrong))

    def _look_at(self, date: dt.date) -> OpenLook:
        settings = self._configuration.settings
        dated = evolve(settings, market=evolve(settings.market, date=settings.market.date or date))
        opened = open_look(
            evolve(self._configuration, settings=dated), self._outside, today_and_the_next(date, self._calendar)
        )
        if opened.is_delayed and opened.live is not None:
            opened.close()
            raise ConfigurationError(f"{opened.market.label}: quotes are delayed and nothing is decided on them "
                                     f"(CS-418); {HOW_TO_MEND[opened.live]}")  # fmt: skip
        return opened

    def _today(self) -> dt.date:
        return new_york_date((self._outside.clock or SystemClock()).now())
