"""Tradier's market data by its resources: one call each, typed values back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from attrs import frozen

from gammacore.adapters.tradier.exchange_hours import read_calendar, read_clock
from gammacore.adapters.tradier.listed_options import ListedOption, read_options
from gammacore.adapters.tradier.listings import ListedExpiry, read_expirations, read_strikes
from gammacore.adapters.tradier.orders import Asks
from gammacore.adapters.tradier.price_history import INTERVALS, read_daily, read_intraday, wall_clock
from gammacore.adapters.tradier.quotes import VendorQuote, read_quotes
from gammacore.domain.market import Bar
from gammacore.domain.sessions import BrokerClock, TradingSession


@frozen
class Markets:
    """The resources under `markets/`. Every method is one request.

    Raises of each: BrokerUnavailable (nobody answered; UnreadableAnswer: not in a way that can be read).
    """

    tradier: Asks

    def quotes(self, symbols: Iterable[str]) -> dict[str, VendorQuote]:
        """The quotes of several symbols at once; the unknown ones are left out."""
        return read_quotes(self.tradier.get("markets/quotes", {"symbols": ",".join(symbols), "greeks": "false"}))

    def chain(self, symbol: str, expiry: dt.date) -> tuple[list[ListedOption], int]:
        """The contracts of all roots of an expiry, and how many rows cannot be read. Without the vendor's greeks."""
        asked = {"symbol": symbol, "expiration": expiry.isoformat(), "greeks": "false"}
        return read_options(self.tradier.get("markets/options/chains", asked))

    def expirations(self, symbol: str) -> list[ListedExpiry]:
        """The expiries of all roots: weeklies are listed under another root than the monthlies."""
        asked = {"symbol": symbol, "includeAllRoots": "true", "expirationType": "true"}
        return read_expirations(self.tradier.get("markets/options/expirations", asked))

    def strikes(self, symbol: str, expiry: dt.date) -> list[float]:
        """The strikes of an expiry, points, of all roots."""
        asked = {"symbol": symbol, "expiration": expiry.isoformat(), "includeAllRoots": "true"}
        return read_strikes(self.tradier.get("markets/options/strikes", asked))

    def clock(self) -> BrokerClock:
        return read_clock(self.tradier.get("markets/clock", {}))

    def calendar(self, year: int, month: int) -> dict[dt.date, TradingSession | None]:
        """The dates of a month with their sessions, None = closed."""
        return read_calendar(self.tradier.get("markets/calendar", {"month": f"{month:02d}", "year": f"{year}"}))

    def intraday(self, symbol: str, seconds: int, start: dt.datetime, end: dt.datetime) -> list[Bar]:
        """Bars of the regular hours, of one of the lengths in `INTERVALS`; the last one may still be growing."""
        asked = {
            "symbol": symbol, "interval": INTERVALS[seconds], "start": wall_clock(start), "end": wall_clock(end),
            "session_filter": "open",
        }  # fmt: skip
        return read_intraday(self.tradier.get("markets/timesales", asked), seconds)

    def daily(self, symbol: str, first: dt.date, last: dt.date) -> list[Bar]:
        """A bar for each session of the dates first..last; that of today may still be growing."""
        asked = {"symbol": symbol, "interval": "daily", "start": first.isoformat(), "end": last.isoformat()}
        return read_daily(self.tradier.get("markets/history", asked))
