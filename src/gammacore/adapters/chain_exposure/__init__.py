"""Exposure measured from chains: of the snapshot itself for the pin, of a market for the hedging regime."""

from __future__ import annotations

from attrs import frozen

from gammacore.adapters.chain_exposure.regime_source import ChainRegimeSource
from gammacore.domain.gex.exposure import GammaExposure, measure_exposure
from gammacore.domain.gex.units import IMPLIED_FORWARD, TODAY, GreeksSource, Rates, SignModel
from gammacore.domain.instruments import Underlying
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.sessions import TradingSession

__all__ = ["ChainExposure", "ChainRegimeSource"]


@frozen
class ChainExposure:
    """Implements ports.market_data: today's expiry of the 0DTE root, price rounded to its unit. Rules: CS-101..103.

    A stale price or a snapshot without a chain has no exposure: a pin is never invented.
    """

    underlying: Underlying
    session: TradingSession
    greeks: GreeksSource = GreeksSource.MODEL
    sign: SignModel = SignModel.NAIVE
    rates: Rates = IMPLIED_FORWARD

    def exposure(self, snapshot: MarketSnapshot) -> GammaExposure | None:
        if snapshot.chain is None or snapshot.spot is None or not snapshot.fresh(snapshot.spot_at):
            return None
        if not snapshot.fresh(snapshot.chain.as_of):
            return None
        today = snapshot.chain.expiring(self.session.date, (self.underlying.option_root,))
        measured = measure_exposure(
            today,
            self.underlying.round_price(snapshot.spot),
            sign=self.sign,
            scope=TODAY,
            greeks=self.greeks,
            rates=self.rates,
            settles_at=lambda _expiry, _when: self.session.close,
            multiplier=self.underlying.multiplier,
        )
        return measured if measured.used else None
