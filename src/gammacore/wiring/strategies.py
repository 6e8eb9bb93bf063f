"""Which strategy trades the day, with the configured figures, and what it hears of the regime."""

from __future__ import annotations

from attrs import evolve

from gammacore.application.watch_regime import WatchRegime
from gammacore.configuration import Configuration, Settings, Sourced, StrategyName
from gammacore.domain.credit_spread_desk import CreditSpreadDesk
from gammacore.domain.delta_hedge.desk import DeltaHedgeDesk
from gammacore.domain.instruments import Underlying
from gammacore.domain.strategy import Strategy
from gammacore.ports.calendar import Calendar
from gammacore.ports.market_data import MarketData
from gammacore.wiring.regime_feeds import chain_source, regime_feeds

SHARES_TRADED = "SPY"
"""The underlying of strategies that hold shares, where nobody names one: an index has none."""


def credit_spread_desk(settings: Settings) -> CreditSpreadDesk:
    """The credit-spread desk with the configured figures."""
    return CreditSpreadDesk(settings.entries, settings.limits, settings.sizing, settings.stops)


def open_strategy(settings: Settings) -> Strategy:
    """The configured strategy with its configured figures."""
    if settings.trade.strategy is StrategyName.DELTA_HEDGE:
        return DeltaHedgeDesk(settings.hedging, settings.straddle, settings.limits)
    return credit_spread_desk(settings)


def naming_its_underlying(configuration: Configuration) -> Configuration:
    """The configuration with the underlying a share-holding strategy trades, where nobody named one."""
    if configuration.settings.trade.strategy is StrategyName.CREDIT_SPREAD:
        return configuration
    if "market.underlying" in configuration.given or configuration.settings.market.source != "simulated":
        return configuration
    where = f"default of {configuration.settings.trade.strategy}"
    return configuration.filled_in({"market.underlying": Sourced(SHARES_TRADED, where)})


def open_regimes(
    settings: Settings, underlying: Underlying, market: MarketData, calendar: Calendar
) -> WatchRegime | None:
    """What the hedging desk hears of dealer gamma: by default from the chains it trades on. Rules: DH-402, DH-407.

    None for strategies that do not ask.
    """
    if settings.trade.strategy is not StrategyName.DELTA_HEDGE:
        return None
    hedging = settings.hedging
    own = {underlying.hedge_share: underlying.symbol}
    chain = chain_source(settings, underlying, lambda _date: market, calendar)
    return WatchRegime(evolve(hedging, gex_symbols={**own, **hedging.gex_symbols}), regime_feeds(hedging, chain=chain))
