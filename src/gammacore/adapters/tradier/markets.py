"""Tradier's market data by its resources: one call each, typed values back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from attrs import frozen

from gammacore.adapters.tradier.listed_options import ListedOption, read_options
from gammacore.adapters.tradier.orders import Asks
from gammacore.adapters.tradier.price_history import (
    INTERVALS,
    read_daily,
    read_intraday,
    wall_clock,
    within_regular_hours,
)
from gammacore.adapters.tradier.quotes import VendorQuote, read_quotes
from gammacore.adapters.tradier.wire import inside, many, read, read_many
from gammacore.adapters.wire.live_market import MINUTE_SECONDS
from gammacore.domain.market import Bar
from gammacore.domain.sessions import BrokerClock


@frozen
class ListedExpiry:
    """One expiry of an underlying: its New York date, contract size and kind (standard, weeklys, quarterlys, ...)."""

    date: dt.date
    contract_size: int | None = None
    expiration_type: str = ""


def read_expirations(answer: object) -> list[ListedExpiry]:
    """The expiries, soonest first, in both shapes: dates alone, or objects; none when nothing is listed.

    A date that several kinds of contract share stands there once for each kind.

    >>> [expiry.date.day for expiry in read_expirations({"expirations": {"date": ["2024-01-19", "2024-01-12"]}})]
    [12, 19]
    """
    if inside(answer, "expirations") is None:
        return []
    dates = [read(ListedExpiry, {"date": date}) for date in many(answer, "expirations", "date")]
    detailed = read_many(ListedExpiry, answer, "expirations", "expiration")
    return sorted(dates or detailed, key=lambda expiry: (expiry.date, expiry.expiration_type))


@frozen
class _ExchangeClock:
    timestamp: dt.datetime
    state: str


def read_clock(answer: object) -> BrokerClock:
    """Tradier's time, and whether the regular session is on: premarket and postmarket are not. Rule: CS-303.

    >>> read_clock({"clock": {"timestamp": 1557171657, "state": "postmarket"}}).is_open
    False
    """
    clock = read(_ExchangeClock, inside(answer, "clock"))
    return BrokerClock(clock.timestamp, is_open=clock.state == "open")


@frozen
class Markets:
    """The resources under `markets/`. Every method is one request.

    Raises of each: BrokerUnavailable (no answer; UnreadableAnswer: none that can be read).
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

    def clock(self) -> BrokerClock:
        return read_clock(self.tradier.get("markets/clock", {}))

    def intraday(self, symbol: str, seconds: int, start: dt.datetime, end: dt.datetime) -> list[Bar]:
        """Bars of one of the lengths in `INTERVALS`; the last one may still be growing.

        Minutes before the open and after the close where the question reaches there, longer ones of regular hours.
        """
        filtered = "all" if seconds == MINUTE_SECONDS and not within_regular_hours(start, end) else "open"
        asked = {
            "symbol": symbol, "interval": INTERVALS[seconds], "start": wall_clock(start), "end": wall_clock(end),
            "session_filter": filtered,
        }  # fmt: skip
        return read_intraday(self.tradier.get("markets/timesales", asked), seconds)

    def daily(self, symbol: str, first: dt.date, last: dt.date) -> list[Bar]:
        """A bar for each session of the dates first..last; that of today may still be growing."""
        asked = {"symbol": symbol, "interval": "daily", "start": first.isoformat(), "end": last.isoformat()}
        return read_daily(self.tradier.get("markets/history", asked))
