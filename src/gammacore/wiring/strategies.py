"""Which strategy trades the day, with the configured figures, and what it hears of the regime."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from attrs import evolve, frozen

from gammacore.adapters.firestore import FirestoreRegimeSource
from gammacore.application.watch_regime import WatchRegime
from gammacore.configuration import Configuration, Settings, Sourced, StrategyName
from gammacore.domain.desks.credit_spread import CreditSpreadDesk
from gammacore.domain.desks.delta_hedge.desk import DeltaHedgeDesk
from gammacore.domain.hedging.events import RegimeNoted
from gammacore.domain.hedging.regime.documents import ONE_STORE
from gammacore.domain.hedging.settings import HedgeRatio, HedgingSettings
from gammacore.domain.instruments import Underlying
from gammacore.domain.ledger import Event, Mode
from gammacore.domain.strategy import Strategy
from gammacore.errors import ConfigurationError
from gammacore.ports.calendar import Calendar
from gammacore.ports.market_data import MarketData
from gammacore.wiring.regime_feeds import chain_source, regime_feeds
from gammacore.wiring.storage import firestore_documents

SHARES_TRADED = "SPY"
"""The underlying of strategies that hold shares, where nobody names one: an index has none."""

NO_LONGER_THAN_A_LOOK = Decimal(0)
"""Seconds that a reading of the traded market's own chains serves."""


def credit_spread_desk(settings: Settings) -> CreditSpreadDesk:
    """The credit-spread desk with the configured figures."""
    return CreditSpreadDesk(settings.entries, settings.limits, settings.sizing, settings.stops, settings.orders)


def open_strategy(settings: Settings) -> Strategy:
    """The configured strategy with its configured figures.

    Raises:
        ConfigurationError: a setting that the day loop would not follow.
    """
    if settings.trade.strategy is StrategyName.DELTA_HEDGE:
        _refuse_what_only_the_filter_does(settings.hedging)
        return DeltaHedgeDesk(settings.hedging, settings.straddle, settings.limits, settings.guards)
    return credit_spread_desk(settings)


def _refuse_what_only_the_filter_does(hedging: HedgingSettings) -> None:
    """`trade` hedges in shares, at the registry's ratio: what it would not follow is refused, never ignored. DH-801."""
    if hedging.hedges_in_options:
        raise ConfigurationError("hedging.hedge_with, positive_delta, negative_delta: `trade` hedges in shares, only "
                                 "`gammacore hedge` in options; leave them out, or give shares")  # fmt: skip
    if hedging.hedge_ratio is not HedgeRatio.REGISTRY:
        raise ConfigurationError(f"hedging.hedge_ratio: {hedging.hedge_ratio} is for `gammacore hedge`, `trade` has no "
                                 "price of the shares beside an index; give registry")  # fmt: skip


def naming_its_underlying(configuration: Configuration) -> Configuration:
    """The configuration with the underlying a share-holding strategy trades, where nobody named one."""
    if configuration.settings.trade.strategy is StrategyName.CREDIT_SPREAD:
        return configuration
    if "market.underlying" in configuration.given or configuration.settings.market.source != "simulated":
        return configuration
    where = f"default of {configuration.settings.trade.strategy}"
    return configuration.filled_in({"market.underlying": Sourced(SHARES_TRADED, where)})


@frozen(eq=False)
class OpenRegimes:
    """What a strategy hears of dealer gamma and macro events (None: it does not ask), and how to let go of it."""

    watch: WatchRegime | None
    close: Callable[[], None]


def open_regimes(
    settings: Settings, mode: Mode, underlying: Underlying, market: MarketData, calendar: Calendar,
    events: Iterable[Event] = (),
) -> OpenRegimes:  # fmt: skip
    """What the hedging desk hears of dealer gamma: by default from the chains it trades on. Rules: DH-402, DH-407.

    Firestore is heard where a project is set, but never in a study: that must come out the same tomorrow. Chains that
    are looked at anyway are measured at every look: with a cache, which look measures would depend on when the process
    began, and a restart would hedge otherwise. What `events` of the ledger tell of the regime is neither journaled
    again after a restart nor forgotten (DH-406).
    """
    if settings.trade.strategy is not StrategyName.DELTA_HEDGE:
        return OpenRegimes(None, lambda: None)
    hedging = evolve(
        settings.hedging, gex_symbols={underlying.hedge_share: underlying.symbol, **settings.hedging.gex_symbols}
    )
    noted = {event.subject: event for event in events if isinstance(event, RegimeNoted)}
    chain = chain_source(settings, underlying, lambda _date: market, calendar)
    if mode is Mode.STUDY or not settings.firestore.project:
        hedging = evolve(hedging, gex_ttl=NO_LONGER_THAN_A_LOOK)
        return OpenRegimes(WatchRegime(hedging, regime_feeds(hedging, chain=chain), noted=noted), lambda: None)
    documents = firestore_documents(settings)
    feeds = regime_feeds(hedging, documents=documents, chain=chain)
    return OpenRegimes(WatchRegime(hedging, feeds, FirestoreRegimeSource(documents, ONE_STORE), noted), documents.close)
