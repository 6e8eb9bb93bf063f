"""Where a strategy reads dealer gamma: Firestore, a file, a market's chains, in the configured order. DH-402."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path

from gammacore.adapters.chain_exposure import ChainRegimeSource
from gammacore.adapters.firestore import Documents, FirestoreGexPublisher, FirestoreRegimeSource
from gammacore.adapters.regime_file import RegimeFile
from gammacore.application.watch_regime import GexFeed
from gammacore.configuration import Settings
from gammacore.domain.gex.exposure import GammaExposure
from gammacore.domain.gex.units import SettlesAt, regular_settlement
from gammacore.domain.hedging.settings import HedgingSettings
from gammacore.domain.instruments import SettlementTime, Underlying
from gammacore.domain.regime.documents import GexShape
from gammacore.domain.verdicts import Verdict
from gammacore.errors import ConfigurationError, MissingData
from gammacore.ports.clock import Calendar
from gammacore.ports.market_data import MarketData, RegimeSource
from gammacore.wiring.ledgers.storage import firestore_documents

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
        ConfigurationError: `gex_sources` names an unknown source.
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


def settlement_instants(calendar: Calendar) -> SettlesAt:
    """When contracts settle by the calendar: at the close of their session (13:00 on half days), AM ones at the open.

    A date that is no session, or that the calendar does not know, settles at the regular time.
    """

    def settles_at(expiry: dt.date, when: SettlementTime) -> dt.datetime:
        try:
            session = calendar.session(expiry)
        except MissingData:
            session = None
        if session is None:
            return regular_settlement(expiry, when)
        return session.open if when is SettlementTime.AM else session.close

    return settles_at
