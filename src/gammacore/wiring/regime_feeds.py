"""Where the desk hears of dealer gamma: Firestore, a file, a market's chains, in the configured order. DH-402."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.chain_exposure import ChainRegimeSource
from gammacore.adapters.firestore import Documents, FirestoreGexPublisher, FirestoreRegimeSource
from gammacore.adapters.regime_file import RegimeFile
from gammacore.application.watch_regime import GexFeed
from gammacore.configuration import Configuration, Settings
from gammacore.domain.gex.exposure import GammaExposure
from gammacore.domain.hedging.regime.documents import GexShape
from gammacore.domain.hedging.settings import HedgingSettings
from gammacore.domain.instruments import Underlying
from gammacore.domain.verdicts import Verdict
from gammacore.errors import ConfigurationError, MissingData
from gammacore.ports.calendar import Calendar
from gammacore.ports.market_data import MarketData
from gammacore.ports.regime_source import RegimeSource
from gammacore.wiring.markets import MarketSource, naming_underlying, open_market, open_session
from gammacore.wiring.settlement import settlement_instants
from gammacore.wiring.storage import firestore_documents

SourceOf = Callable[[str], RegimeSource]
"""The source of the gamma of one symbol."""

FIRESTORE, FILE, CHAIN = "firestore", "file", "chain"


def regime_feeds(
    settings: HedgingSettings,
    *,
    documents: Documents | None = None,
    file: Path | None = None,
    chain: SourceOf | None = None,
) -> Callable[[str], Sequence[GexFeed]]:
    """The feeds of a symbol's gamma, in the order of `gex_sources`; a source that is not there is left out. DH-402.

    Raises:
        ConfigurationError: `gex_sources` names a source nobody knows.
    """
    known = (FIRESTORE, FILE, CHAIN)
    if strange := [name for name in settings.gex_sources if name not in known]:
        raise ConfigurationError(f"hedging.gex_sources: {strange[0]} is not known; give any of {', '.join(known)}")

    def feeds(symbol: str) -> Sequence[GexFeed]:
        there: dict[str, GexFeed] = {}
        if documents is not None:
            shape = settings.gex_shape
            there[FIRESTORE] = GexFeed(FirestoreRegimeSource(documents, shape.path(symbol)), shape)
        if file is not None:
            there[FILE] = GexFeed(RegimeFile(file), GexShape.MARKET_REGIME)
        if chain is not None:
            there[CHAIN] = GexFeed(chain(symbol), GexShape.SPX_GEX)
        return [there[name] for name in settings.gex_sources if name in there]

    return feeds


def chain_source(
    settings: Settings, underlying: Underlying, market_of: Callable[[dt.date], MarketData], calendar: Calendar
) -> SourceOf:
    """The gamma of a market's chains, measured as the configuration says. Rule: DH-420."""
    settles_at = settlement_instants(calendar)
    return lambda symbol: ChainRegimeSource(
        symbol, underlying, market_of, calendar, settles_at, settings.gex.greeks, settings.gex.rates
    )


def configured_chain_source(configuration: Configuration) -> SourceOf | None:
    """The gamma of the configured market's chains; None while nobody named a market or the source `chain`.

    Nobody's default hedges by a simulated market's gamma. The market is opened day by day, as the desk's clock goes.

    Raises:
        ConfigurationError: the market that is named cannot be.
    """
    given, chosen = configuration.given, configuration.settings.hedging.gex_sources
    asked = "market.source" in given or "hedging.gex_sources" in given
    if CHAIN not in chosen or not asked:
        return None
    settings, calendar = naming_underlying(configuration).settings, NyseCalendar()
    path = MarketSource.parse(settings.market.source).path
    if path is not None and not path.exists():
        raise ConfigurationError(f"market.source: {path}: no such file; name a market with --market")
    underlying = settings.underlying(settings.market.underlying)
    return chain_source(settings, underlying, _MarketsByDay(settings, underlying, calendar), calendar)


def publish_exposure(settings: Settings, exposure: GammaExposure) -> Verdict:
    """Write an exposure to its document in Firestore, unless what stands there is as new. Rule: DH-421.

    Raises:
        ConfigurationError: no project is configured.
        StorageError: Firestore refuses, or does not answer.
    """
    documents = firestore_documents(settings)
    try:
        return FirestoreGexPublisher(documents).publish(exposure)
    finally:
        documents.close()


class _MarketsByDay:
    """The configured market of a date, opened once while the date lasts; a date it does not have is not tried twice."""

    def __init__(self, settings: Settings, underlying: Underlying, calendar: Calendar) -> None:
        self._settings = settings
        self._underlying = underlying
        self._calendar = calendar
        self._open: Mapping[dt.date, MarketData | MissingData] = {}

    def __call__(self, date: dt.date) -> MarketData:
        if date not in self._open:
            self._open = {date: self._look_up(date)}
        found = self._open[date]
        if isinstance(found, MissingData):
            raise found
        return found

    def _look_up(self, date: dt.date) -> MarketData | MissingData:
        named = self._settings.market.date
        if named is not None and named != date:
            return MissingData(f"the market is of {named}, not of {date}")
        try:
            session = open_session(self._calendar, date)
            return open_market(self._settings, self._underlying, session, self._calendar)
        except MissingData as gap:
            return gap
        except ConfigurationError as wrong:
            return MissingData(str(wrong))
