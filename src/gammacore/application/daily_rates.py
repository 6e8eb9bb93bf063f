"""Rates and dividends of a day: asked once, kept until the next New York date. Rules: SC-424, SC-425."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from attrs import define, field

from gammacore.domain.pricing.rates import TRAILING, CashDividend, MarketRates, RateCurve, dividend_yield, newest_curve
from gammacore.domain.sessions import new_york_date
from gammacore.ports.market_data import DividendSource, RateSource

ASKED_AGAIN = dt.timedelta(hours=1)
"""After an answer that had nothing, so that a source that was down at the open does not cost the day (ours)."""


@define(eq=False)
class DailyRates:
    """What the pricing of one underlying needs of the world outside; without a source it is assumed.

    Raises nothing: a source that does not answer is the fallback, marked.
    """

    symbol: str
    rates: RateSource | None
    dividends: DividendSource | None
    fallback_rate: float
    _date: dt.date | None = field(default=None, init=False)
    _asked_at: dt.datetime | None = field(default=None, init=False)
    _curve: RateCurve | None = field(default=None, init=False)
    _paid: Sequence[CashDividend] | None = field(default=None, init=False)

    def __call__(self, now: dt.datetime, price: Decimal | None) -> MarketRates:
        """The rates of this date, and the dividends of the last 365 days over the price of now, points."""
        date = new_york_date(now)
        if self._must_ask(date, now):
            self._ask(date, now)
        curve = self._curve or RateCurve.constant(self.fallback_rate)
        paid = self._paid if price is not None else None
        return MarketRates(curve, dividend_yield(paid, date, price or Decimal(1)))

    def _must_ask(self, date: dt.date, now: dt.datetime) -> bool:
        if self._date != date or self._asked_at is None:
            return True
        lacks_rates = self.rates is not None and (self._curve is None or self._curve.assumed)
        lacks_dividends = self.dividends is not None and self._paid is None
        return (lacks_rates or lacks_dividends) and now - self._asked_at >= ASKED_AGAIN

    def _ask(self, date: dt.date, now: dt.datetime) -> None:
        is_new = self._date != date
        self._date, self._asked_at = date, now
        if self.rates is not None and (is_new or self._curve is None or self._curve.assumed):
            self._curve = newest_curve(self.rates.par_yields(date), self.fallback_rate)
        if self.dividends is not None and (is_new or self._paid is None):
            self._paid = self.dividends.cash_dividends(self.symbol, date - TRAILING, date)
