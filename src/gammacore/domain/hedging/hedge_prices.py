"""The prices a decision needs: of the underlying, of its hedge share, and their ratio. Rules: DH-220, DH-230..232."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from gammacore.domain.hedging.book import DeskBook
from gammacore.domain.hedging.decision import Prices
from gammacore.domain.hedging.settings import HedgeRatio, HedgingSettings
from gammacore.domain.hedging.universe import Universe


class HedgePrices:
    """Reads the book's price marks under the age limit of the settings."""

    def __init__(self, settings: HedgingSettings, universe: Universe, book: DeskBook) -> None:
        self._universe = universe
        self._book = book
        self._max_age = dt.timedelta(seconds=float(settings.underlying_max_age))
        self.live_ratio = self._ratio_now if settings.hedge_ratio is HedgeRatio.LIVE else None
        """What replaces the registry's ratio in the exposure, if anything does."""

    def of_decision(self, share: str, underlying: str, now: dt.datetime) -> Prices | None:
        """P_u and P_h; None when the underlying's is not known or too old. Rules: DH-231, DH-232."""
        price = self._fresh(underlying, now)
        if price is None:
            return None
        ratio = self._universe.listing(underlying).ratio
        if self.live_ratio is not None:
            ratio = self.live_ratio(underlying, ratio)
        hedge_price = price if underlying == share else self._fresh(share, now)
        return Prices(price, price / ratio if hedge_price is None else hedge_price, ratio)

    def last_of_share(self, share: str) -> Decimal | None:
        """P_h, or the newest there is however old: an exit never waits for a price. Rule: DH-232."""
        if self._book.clock is not None and (fresh := self._fresh(share, self._book.clock)) is not None:
            return fresh
        newest = self._book.last_underlying(share)
        mark = self._book.prices.get(newest)
        return None if mark is None else mark[0] / self._universe.listing(newest).ratio

    def _fresh(self, symbol: str, now: dt.datetime) -> Decimal | None:
        mark = self._book.prices.get(symbol)
        return mark[0] if mark is not None and now - mark[1] <= self._max_age else None

    def _ratio_now(self, underlying: str, registered: Decimal) -> Decimal:
        """Index price / share price while both are fresh, else the registry's ratio. Rule: DH-220."""
        share, now = self._universe.listing(underlying).book, self._book.clock
        if share is None or share == underlying or now is None:
            return registered
        index_price, share_price = self._fresh(underlying, now), self._fresh(share, now)
        return registered if index_price is None or share_price is None else index_price / share_price
