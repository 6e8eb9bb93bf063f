"""Quotes and option rows as Tradier shows them: field by field what its documents list, figures as floats."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np

from counterparts.tradier_words import Json, figure, milliseconds
from counterparts.world import World
from gammacore.adapters.fake.trading_floor import shares_quote
from gammacore.domain.instruments import (
    REGISTRY,
    UNDERLYING_OF_ROOT,
    OptionContract,
    Right,
    Settlement,
    SettlementTime,
    parse_occ,
    settlement_time,
)
from gammacore.domain.market import Bar, MarketSnapshot, OptionChain
from gammacore.domain.pricing import black_scholes
from gammacore.domain.sessions import NEW_YORK, new_york_date
from gammacore.errors import InvalidInput
from gammacore.ports.market_data import MarketData

VIX = "VIX"
DESCRIPTIONS = {
    "SPX": "S&P 500 Index", "NDX": "Nasdaq 100 Index", "RUT": "Russell 2000 Index", "XSP": "Mini-SPX Index",
    VIX: "CBOE Volatility Index", "SPY": "SPDR S&P 500", "QQQ": "Invesco QQQ Trust", "IWM": "iShares Russell 2000 ETF",
}  # fmt: skip
SIZE = 10
"""Contracts or round lots at bid and ask: this market has no depth."""

_OTHER = {"average_volume": 0, "last_volume": 0, "week_52_high": 0.0, "week_52_low": 0.0}


class QuoteBoard:
    """Rows of quotes by symbol, as old as `settings["delay_seconds"]` says. Call it under the world's lock."""

    def __init__(self, world: World) -> None:
        self._world = world

    def shown_at(self) -> dt.datetime:
        """The instant whose market is shown: now, less the delay of a sandbox."""
        return self._world.now() - dt.timedelta(seconds=float(self._world.settings.get("delay_seconds", "0")))

    def quote(self, symbol: str, *, greeks: bool) -> Json | None:
        """The row of a share, an index or an option; None for a symbol nobody knows."""
        try:
            contract = parse_occ(symbol)
        except InvalidInput:
            return self._underlying(symbol)
        rows = [row for row in self.options(contract.underlying, contract.expiry, greeks=greeks) or []
                if row["symbol"] == contract.occ]  # fmt: skip
        return rows[0] if rows else None

    def options(self, symbol: str, expiry: dt.date, *, greeks: bool) -> list[dict[str, Any]] | None:
        """The rows of one expiry, all roots; None when nobody lists the underlying."""
        chain = self.chain(symbol)
        if chain is None:
            return None
        day = chain.expiring(expiry)
        columns = self._greeks(symbol, day, expiry) if greeks else None
        underlying = REGISTRY[UNDERLYING_OF_ROOT.get(symbol, symbol)]
        return [
            {**_option(day, row, day.contract(row, underlying)),
             **({} if columns is None else {"greeks": columns[row]})}
            for row in range(len(day))
        ]  # fmt: skip

    def chain(self, symbol: str) -> OptionChain | None:
        market = self._world.markets.get(symbol)
        return None if market is None else market.snapshot(self.shown_at()).chain

    # -- inside -------------------------------------------------------------------------------------------------------

    def _underlying(self, symbol: str) -> Json | None:
        for name, market in self._world.markets.items():
            snapshot = market.snapshot(self.shown_at())
            if name == symbol and snapshot.spot is not None:
                return self._row(symbol, snapshot.spot, snapshot, market)
        if symbol == VIX:
            for market in self._world.markets.values():
                snapshot = market.snapshot(self.shown_at())
                if snapshot.vix is not None:
                    return self._row(VIX, snapshot.vix, snapshot, market)
        return None

    def _row(self, symbol: str, last: Decimal, snapshot: MarketSnapshot, market: MarketData) -> Json:
        listed = REGISTRY.get(symbol)
        is_share = listed is not None and listed.settlement is Settlement.PHYSICAL
        seen = milliseconds(snapshot.spot_at or snapshot.at)
        before = snapshot.previous_close if symbol == snapshot.underlying else None
        bars = self._bars_today(symbol, market)
        quote = shares_quote(snapshot, symbol) if is_share else None
        change = None if before is None else last - before
        roots = sorted({root for root, name in UNDERLYING_OF_ROOT.items() if name == symbol} | ({symbol} - {VIX}))
        return {
            "symbol": symbol, "description": DESCRIPTIONS.get(symbol, symbol), "exch": "P" if is_share else "C",
            "type": "etf" if is_share else "index", "last": figure(last), "change": figure(change), "volume": 0,
            "open": figure(bars[0].open) if bars else None,
            "high": figure(max(bar.high for bar in bars)) if bars else None,
            "low": figure(min(bar.low for bar in bars)) if bars else None,
            "close": figure(self._close_today(symbol, market)),
            "bid": figure(quote.bid if quote else last), "ask": figure(quote.ask if quote else last),
            "change_percentage": round(float(100 * change / before), 2) if change is not None and before else None,
            **_OTHER, "trade_date": seen, "prevclose": figure(before),
            "bidsize": SIZE if is_share else 0, "bidexch": "P" if is_share else None, "bid_date": seen if quote else 0,
            "asksize": SIZE if is_share else 0, "askexch": "P" if is_share else None, "ask_date": seen if quote else 0,
            **({"root_symbols": ",".join(roots)} if roots else {}),
        }  # fmt: skip

    def _bars_today(self, symbol: str, market: MarketData) -> list[Bar]:
        session = self._world.calendar.session(new_york_date(self.shown_at()))
        return [] if session is None else list(market.bars(symbol, 60, session.open, self.shown_at()))

    def _close_today(self, symbol: str, market: MarketData) -> Decimal | None:
        """The day's close once the session is over and there is a print; null before, as Tradier has it."""
        shown_at = self.shown_at()
        session = self._world.calendar.session(new_york_date(shown_at))
        if session is None or shown_at < session.close:
            return None
        printed = market.settlement(symbol, session.date)
        return None if printed is None else printed.price

    def _greeks(self, symbol: str, chain: OptionChain, expiry: dt.date) -> list[Json | None]:
        """As the vendor's source gives them: of the last full hour, for contracts whose volatility was known then."""
        hour = self.shown_at().replace(minute=0, second=0, microsecond=0)
        session = self._world.calendar.session(expiry)
        then = self._world.markets[symbol].snapshot(hour)
        if then.chain is None or then.spot is None or session is None:
            return [None] * len(chain)
        known = then.chain.expiring(expiry)
        years = black_scholes.years_from_seconds(max((session.close - hour).total_seconds(), 0))
        terms = black_scholes.Terms.from_rates(then.spot, known.strike, known.is_call, years)
        columns = {
            name: np.broadcast_to(getattr(black_scholes, name)(terms, known.iv), known.iv.shape)
            for name in ("delta", "gamma", "theta", "vega")
        }
        underlying = REGISTRY[UNDERLYING_OF_ROOT.get(symbol, symbol)]
        rows: list[Json | None] = []
        for row in range(len(chain)):
            place = known.row(chain.contract(row, underlying))
            if place is None or not np.isfinite(known.iv[place]):
                rows.append(None)
                continue
            iv = round(float(known.iv[place]), 6)
            rows.append({
                **{name: float(column[place]) for name, column in columns.items()}, "rho": 0.0, "phi": 0.0,
                "bid_iv": iv, "mid_iv": iv, "ask_iv": iv, "smv_vol": round(iv, 3),
                "updated_at": f"{hour:%Y-%m-%d %H:%M:%S}",
            })  # fmt: skip
        return rows


def _option(chain: OptionChain, row: int, contract: OptionContract) -> dict[str, Any]:
    bid, ask, seen = float(chain.bid[row]), float(chain.ask[row]), float(chain.quoted_at[row])
    quoted = not np.isnan(bid)
    date = round(seen * 1000) if quoted and not np.isnan(seen) else 0
    right = "Call" if contract.right is Right.CALL else "Put"
    is_standard = settlement_time(contract.root) is SettlementTime.AM
    day = contract.expiry
    return {
        "symbol": contract.occ,
        "description": f"{contract.root} {day:%b} {day.day} {day.year} ${contract.strike:.2f} {right}",
        "exch": "Z", "type": "option", "last": None, "change": None,
        "volume": 0 if np.isnan(chain.volume[row]) else int(chain.volume[row]), "open": None, "high": None,
        "low": None, "close": None, "bid": bid if quoted else 0.0, "ask": ask if quoted else 0.0,
        "underlying": contract.underlying, "strike": float(contract.strike), "change_percentage": None,
        **_OTHER, "trade_date": 0, "prevclose": None,
        "bidsize": SIZE if quoted else 0, "bidexch": "C", "bid_date": date,
        "asksize": SIZE if quoted else 0, "askexch": "C", "ask_date": date,
        "open_interest": int(chain.open_interest[row]), "contract_size": 100, "expiration_date": day.isoformat(),
        "expiration_type": expiration_type(is_standard), "option_type": right.lower(),
        "root_symbol": contract.root,
    }  # fmt: skip


def expiration_type(is_standard: bool) -> str:
    return "standard" if is_standard else "weeklys"


def new_york_text(instant: dt.datetime) -> str:
    """A naive New York time, as time and sales are dated."""
    return f"{instant.astimezone(NEW_YORK):%Y-%m-%dT%H:%M:%S}"
