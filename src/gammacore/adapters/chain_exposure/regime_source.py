"""Dealer gamma measured from a market with chains, as a document of the regime. Rule: DH-420."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import numpy as np
from attrs import evolve, frozen

from gammacore.domain.gex.exposure import GammaExposure, measure_exposure
from gammacore.domain.gex.published import published_fields
from gammacore.domain.gex.units import IMPLIED_FORWARD, GreeksSource, Rates, Scope, SettlesAt, regular_settlement
from gammacore.domain.instruments import Underlying
from gammacore.domain.market import OptionChain
from gammacore.domain.regime.documents import GexCause, RegimeDocument, UnreadDocument
from gammacore.domain.sessions import new_york_date
from gammacore.errors import InvalidInput, MarketDataError, MissingData
from gammacore.ports.clock import Calendar
from gammacore.ports.market_data import MarketData


@frozen
class ChainRegimeSource:
    """The exposure of the contracts of a New York date and of the next session, per point, naive sign, all strikes.

    Implements `gammacore.ports.market_data.RegimeSource`. `symbol` is whose gamma is asked for: a market of another
    underlying has none to tell. `market_of` opens the market of a date. Nothing that is missing or old is ever 0: it
    is an `UnreadDocument` that says why. Rules: DH-407, DH-420.
    """

    symbol: str
    underlying: Underlying
    market_of: Callable[[dt.date], MarketData]
    calendar: Calendar
    settles_at: SettlesAt = regular_settlement
    greeks: GreeksSource = GreeksSource.MODEL
    rates: Rates = IMPLIED_FORWARD

    @property
    def name(self) -> str:
        return "chain"

    def read(self, now: dt.datetime) -> RegimeDocument | UnreadDocument:
        """The exposure as of the chain the market shows at `now`. See `RegimeSource.read`."""
        if self.symbol != self.underlying.symbol:
            return UnreadDocument(GexCause.WRONG_SYMBOL, f"the market is of {self.underlying.symbol}")
        today = new_york_date(now)
        try:
            expiries = (today, self.calendar.next_session(today).date)
            snapshot = evolve(self.market_of(today).snapshot(now), at=now)
        except MissingData as gap:
            return UnreadDocument(GexCause.MISSING, str(gap))
        except MarketDataError as outage:
            return UnreadDocument(GexCause.UNREACHABLE, str(outage))
        if snapshot.chain is None:
            return UnreadDocument(GexCause.MISSING, "the market shows no chain")
        if snapshot.spot is None:
            return UnreadDocument(GexCause.MISSING_FIELD, "the market shows no price of the underlying")
        if not (snapshot.fresh(snapshot.chain.as_of) and snapshot.fresh(snapshot.spot_at)):
            return UnreadDocument(GexCause.STALE, f"the quotes are of {snapshot.chain.as_of:%H:%M:%S} UTC")
        exposure = self._measured(snapshot.chain, self.underlying.round_price(snapshot.spot), expiries)
        if exposure.used == 0:
            return UnreadDocument(GexCause.MISSING_FIELD, f"no contract counts: {_counts(exposure.skipped)}")
        try:
            return RegimeDocument("", published_fields(exposure))
        except InvalidInput as wrong:
            return UnreadDocument(GexCause.INVALID_VALUE, str(wrong))

    def _measured(self, chain: OptionChain, spot: Decimal, expiries: tuple[dt.date, dt.date]) -> GammaExposure:
        wanted = np.isin(chain.expiry, np.array(expiries, dtype="datetime64[D]"))
        return measure_exposure(
            chain.select(wanted),
            spot,
            scope=Scope((expiries[1] - expiries[0]).days),
            greeks=self.greeks,
            rates=self.rates,
            settles_at=self.settles_at,
            multiplier=self.underlying.multiplier,
        )


def _counts(skipped: dict[str, int]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in sorted(skipped.items())) or "none of these expiries"
