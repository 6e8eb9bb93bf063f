"""The market as Alpaca's data service shows it: options with greeks, shares, bars, all from the markets of the world.

`World.settings` switch what a plan allows: "plan" = "basic" refuses the paid feeds; "quote_delay_seconds" shows quotes
as old as that; "greeks" = "none" leaves greeks and volatility out, as the service does for contracts it cannot solve.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from math import isnan
from typing import Any

from attrs import frozen

from counterparts.alpaca_greeks import greeks_of
from counterparts.alpaca_words import MALFORMED, Refusal, read_time, utc
from counterparts.world import World
from gammacore.domain.dollars import CENT
from gammacore.domain.instruments import REGISTRY, OptionContract, parse_occ
from gammacore.domain.market import Bar, MarketSnapshot, OptionChain
from gammacore.domain.market_history import total_volume
from gammacore.domain.sessions import new_york, new_york_date
from gammacore.errors import InvalidInput

Words = dict[str, Any]

MINUTE_SECONDS = 60
DAY_SECONDS = 86_400
_UNIT_SECONDS = {"Min": 60, "T": 60, "Hour": 3600, "H": 3600, "Day": DAY_SECONDS, "D": DAY_SECONDS}
_TIMEFRAME = re.compile(r"(\d{1,2})(Min|T|Hour|H|Day|D)")
_LATELY = dt.timedelta(minutes=15)
_A_WEEK = dt.timedelta(days=7)


@frozen
class Shown:
    """What the data service has to show now; called with the world's lock held."""

    world: World

    # -- options ------------------------------------------------------------------------------------------------------

    def contracts(self, underlying: str) -> list[tuple[OptionContract, OptionChain, int]]:
        """Every listed contract with its row; before the open those of the open, for the listing is known by then."""
        chain = self._listed(underlying)
        if chain is None or underlying not in REGISTRY:
            return []
        line = REGISTRY[underlying]
        return sorted(
            ((chain.contract(row, line), chain, row) for row in range(len(chain))), key=lambda listed: listed[0].occ
        )

    def option_snapshots(self, contracts: Sequence[OptionContract]) -> dict[str, Words]:
        """Quotes by symbol, with greeks where they can be had; contracts that are not listed are left out."""
        words: dict[str, Words] = {}
        for underlying in {contract.underlying for contract in contracts} & self.world.markets.keys():
            seen = self._seen(underlying)
            without = self.world.settings.get("greeks") == "none"
            greeks = {} if without else greeks_of(seen, self.world.calendar)
            for contract in contracts:
                row = None if seen.chain is None else seen.chain.row(contract)
                if seen.chain is not None and row is not None and not isnan(seen.chain.quoted_at[row]):
                    quoted = {"latestQuote": _quote(seen.chain, row), **_day_of(seen.chain, row)}
                    words[contract.occ] = {**quoted, **greeks.get(row, {})}
        return words

    def option_quotes(self, symbols: Sequence[str]) -> dict[str, Words]:
        shown = self.option_snapshots(list(self._known(symbols)))
        return {symbol: words["latestQuote"] for symbol, words in shown.items()}

    def snapshots_of(self, symbols: Sequence[str]) -> dict[str, Words]:
        return self.option_snapshots(list(self._known(symbols)))

    def _listed(self, underlying: str) -> OptionChain | None:
        chain = self._seen(underlying).chain if underlying in self.world.markets else None
        if chain is not None or underlying not in self.world.markets:
            return chain
        session = self.world.calendar.session(new_york_date(self.world.now()))
        return None if session is None else self.world.markets[underlying].snapshot(session.open).chain

    def _known(self, symbols: Sequence[str]) -> Iterator[OptionContract]:
        for symbol in symbols:
            try:
                yield parse_occ(symbol)
            except InvalidInput:
                raise Refusal(400, MALFORMED, f"invalid symbol: {symbol}") from None

    # -- shares -------------------------------------------------------------------------------------------------------

    def price(self, symbol: str) -> tuple[Decimal, dt.datetime] | None:
        """The last price of a share and when it was seen; None when nobody here knows it."""
        if symbol in self.world.markets:
            seen = self._seen(symbol)
            return None if seen.spot is None or seen.spot_at is None else (seen.spot, seen.spot_at)
        now = self._looked_at()
        bars = self._bars_of(symbol, MINUTE_SECONDS, now - _LATELY, now)
        return (bars[-1].close, bars[-1].end) if bars else None

    def share_quote(self, symbol: str) -> Words | None:
        """The quote the market shows; of one that shows none a quote whose middle is the price itself."""
        if (known := self.price(symbol)) is None:
            return None
        price, at = known
        bid, ask = price - CENT, price + CENT
        if symbol in self.world.markets and (share := self._seen(symbol).share) is not None:
            bid, ask, at = share.bid, share.ask, share.at
        return {
            "t": utc(at), "ax": "V", "ap": float(ask), "as": 2, "bx": "V", "bp": float(bid), "bs": 2, "c": ["R"],
            "z": "B",
        }  # fmt: skip

    def share_trade(self, symbol: str) -> Words | None:
        if (known := self.price(symbol)) is None:
            return None
        price, at = known
        return {"t": utc(at), "x": "V", "p": float(price), "s": 100, "c": ["@"], "i": 1, "z": "B"}

    def share_snapshot(self, symbol: str) -> Words | None:
        """What is known of a share; before the first trade the daily bar still is that of the day before."""
        now = self._looked_at()
        minutes = self._bars_of(symbol, MINUTE_SECONDS, now - _LATELY, now)
        days = self._days(symbol, now - _A_WEEK, now)
        known: dict[str, Words | None] = {
            "latestTrade": self.share_trade(symbol),
            "latestQuote": self.share_quote(symbol),
            "minuteBar": _words(minutes[-1]) if minutes else None,
            "dailyBar": _words(days[-1]) if days else None,
            "prevDailyBar": _words(days[-2]) if len(days) > 1 else None,
        }
        return {name: words for name, words in known.items() if words is not None} or None

    def share_bars(self, symbol: str, timeframe: str, start: str | None, end: str | None) -> list[Words]:
        """Bars that begin in [start, end]; nothing of the future, by default those of today."""
        match = _TIMEFRAME.fullmatch(timeframe)
        if match is None:
            raise Refusal(400, MALFORMED, f"invalid timeframe: {timeframe}")
        seconds = int(match[1]) * _UNIT_SECONDS[match[2]]
        now = self._looked_at()
        first = new_york(new_york_date(now), dt.time()) if start is None else read_time(start)
        last = now if end is None else min(read_time(end), now)
        if end is not None and first > read_time(end):
            raise Refusal(400, MALFORMED, "end should not be before start")
        until = min(last + dt.timedelta(seconds=seconds), now)
        bars = (
            self._days(symbol, first, until) if seconds == DAY_SECONDS else self._bars_of(symbol, seconds, first, until)
        )
        return [_words(bar) for bar in bars if first <= bar.start <= last]

    def _days(self, symbol: str, start: dt.datetime, now: dt.datetime) -> list[Bar]:
        """The bars of whole days, and that of today as far as it has come."""
        whole = [bar for bar in self._bars_of(symbol, DAY_SECONDS, start, now) if bar.end <= now]
        midnight = new_york(new_york_date(now), dt.time())
        minutes = self._bars_of(symbol, MINUTE_SECONDS, midnight, now)
        return [*whole, _merged(midnight, minutes)] if minutes else whole

    def _bars_of(self, symbol: str, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
        for market in self.world.markets.values():
            if bars := market.bars(symbol, seconds, start, end):
                return bars
        return []

    # -- both ---------------------------------------------------------------------------------------------------------

    def _seen(self, symbol: str) -> MarketSnapshot:
        return self.world.markets[symbol].snapshot(self._looked_at())

    def _looked_at(self) -> dt.datetime:
        return self.world.now() - dt.timedelta(seconds=float(self.world.settings.get("quote_delay_seconds", 0)))


def _day_of(chain: OptionChain, row: int) -> Words:
    """The bar of an option's day, of which its volume alone is known here."""
    volume, price = float(chain.volume[row]), float(chain.ask[row])
    if isnan(volume) or isnan(price):
        return {}
    midnight = new_york(new_york_date(chain.as_of), dt.time())
    return {"dailyBar": {"t": utc(midnight), "o": price, "h": price, "l": price, "c": price, "v": int(volume), "n": 1}}


def _quote(chain: OptionChain, row: int) -> Words:
    at = dt.datetime.fromtimestamp(float(chain.quoted_at[row]), dt.UTC)
    bid, ask = float(chain.bid[row]), float(chain.ask[row])
    return {
        "t": utc(at), "ax": "C", "ap": _or_nobody(ask), "as": 10, "bx": "C", "bp": _or_nobody(bid),
        "bs": 10 if bid > 0 else 0, "c": "A",
    }  # fmt: skip


def _or_nobody(price: float) -> float:
    """A quote, or the 0 that stands for none."""
    return 0 if isnan(price) else price


def _merged(start: dt.datetime, bars: Sequence[Bar]) -> Bar:
    """The day's bar so far, out of its minutes."""
    highest, lowest = max(bar.high for bar in bars), min(bar.low for bar in bars)
    return Bar(start, DAY_SECONDS, bars[0].open, highest, lowest, bars[-1].close, volume=total_volume(bars))


def _words(bar: Bar) -> Words:
    return {
        "t": f"{bar.start.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}", "o": float(bar.open), "h": float(bar.high),
        "l": float(bar.low), "c": float(bar.close), "v": 1000 if bar.volume is None else bar.volume, "n": 10,
        "vw": float((bar.high + bar.low + bar.close) / 3),
    }  # fmt: skip
