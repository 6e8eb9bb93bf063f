"""The market endpoints: quotes, chains, expirations, strikes, clock, calendar, history, time and sales, dividends."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable, Mapping
from itertools import groupby

import numpy as np

from counterparts.tradier_quotes import QuoteBoard, expiration_type, new_york_text
from counterparts.tradier_words import Json, bad_parameter, collected, figure
from counterparts.world import PAID_AFTER, World
from gammacore.domain.instruments import SettlementTime, settlement_time
from gammacore.domain.market import Bar, OptionChain
from gammacore.domain.market_history import total_volume
from gammacore.domain.pricing.rates import CashDividend
from gammacore.domain.sessions import NEW_YORK, TradingSession, new_york, new_york_date

Asked = Mapping[str, str]

PREMARKET, POSTMARKET = (dt.time(7), dt.time(9, 24)), (dt.time(16), dt.time(19, 55))
DAY_SECONDS = 86_400
SECONDS = {"tick": 60, "1min": 60, "5min": 300, "15min": 900}
"""Length of the bars; ticks are not known here, the last price of each minute stands for them."""


def is_true(asked: Asked, name: str) -> bool:
    return asked.get(name, "false").lower() == "true"


class MarketDesk:
    """Answers every question under /markets. Call it under the world's lock."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.board = QuoteBoard(world)

    # -- quotes and options -------------------------------------------------------------------------------------------

    def quotes(self, asked: Asked) -> Json:
        symbols = [symbol.strip().upper() for symbol in _needed(asked, "symbols").split(",") if symbol.strip()]
        rows, unmatched = [], []
        for symbol in symbols:
            row = self.board.quote(symbol, greeks=is_true(asked, "greeks"))
            if row is None:
                unmatched.append(symbol)
            else:
                rows.append(row)
        quotes: dict[str, object] = {}
        if rows:
            quotes["quote"] = rows if len(rows) > 1 else rows[0]
        if unmatched:
            quotes["unmatched_symbols"] = {"symbol": unmatched if len(unmatched) > 1 else unmatched[0]}
        return {"quotes": quotes}

    def chains(self, asked: Asked) -> Json:
        rows = self.board.options(
            _needed(asked, "symbol").upper(), _date(asked, "expiration"), greeks=is_true(asked, "greeks")
        )
        return {"options": collected("option", rows or [])}

    def expirations(self, asked: Asked) -> Json:
        """Dates, or with any of the flags rows; without includeAllRoots only of the root named like the symbol."""
        symbol = _needed(asked, "symbol").upper()
        listed = self._listed(symbol, all_roots=is_true(asked, "includeAllRoots"))
        if not any(is_true(asked, flag) for flag in ("strikes", "contractSize", "expirationType")):
            dates = sorted({expiry for expiry, _, _ in listed})
            return {"expirations": collected("date", [date.isoformat() for date in dates])}
        rows = []
        for (expiry, is_standard), members in groupby(sorted(listed), key=lambda one: one[:2]):
            row: dict[str, object] = {"date": expiry.isoformat()}
            if is_true(asked, "contractSize"):
                row["contract_size"] = 100
            if is_true(asked, "expirationType"):
                row["expiration_type"] = expiration_type(is_standard)
            if is_true(asked, "strikes"):
                row["strikes"] = collected("strike", sorted({strike for _, _, strike in members}))
            rows.append(row)
        return {"expirations": collected("expiration", rows)}

    def strikes(self, asked: Asked) -> Json:
        symbol, expiry = _needed(asked, "symbol").upper(), _date(asked, "expiration")
        listed = self._listed(symbol, all_roots=True)
        return {"strikes": collected("strike", sorted({strike for date, _, strike in listed if date == expiry}))}

    def lookup(self, asked: Asked) -> Json:
        """Every option symbol of an underlying, by root."""
        symbol = _needed(asked, "underlying").upper()
        chain = self.board.chain(symbol)
        if chain is None or not len(chain):
            return {"symbols": None}
        dates = np.unique(chain.expiry).tolist()
        rows = [row for date in dates for row in self.board.options(symbol, date, greeks=False) or []]
        roots = {root: [row["symbol"] for row in rows if row["root_symbol"] == root] for root in chain.roots}
        return {"symbols": [{"rootSymbol": root, "options": options} for root, options in roots.items() if options]}

    # -- time ---------------------------------------------------------------------------------------------------------

    def clock(self) -> Json:
        now = self._world.exchange.clock().at
        local = now.astimezone(NEW_YORK)
        states = _states(self._world.calendar.session(local.date()))
        state, until, following = next(
            ((state, until, following) for until, state, following in states if local.time() < until),
            ("closed", PREMARKET[0], "premarket"),
        )
        described = f"Market is open from 09:30 to {until:%H:%M}" if state == "open" else f"Market is in {state}"
        return {
            "clock": {
                "date": local.date().isoformat(),
                "description": "Market is closed" if state == "closed" else described,
                "state": state, "timestamp": int(now.timestamp()), "next_change": f"{until:%H:%M}",
                "next_state": following,
            }
        }  # fmt: skip

    def calendar(self, asked: Asked) -> Json:
        today = new_york_date(self._world.now())
        month, year = int(asked.get("month", today.month)), int(asked.get("year", today.year))
        if not 1 <= month <= 12:
            raise bad_parameter("month", f"{month} is not valid.")
        days = [dt.date(year, month, day) for day in range(1, calendar.monthrange(year, month)[1] + 1)]
        rows = [_calendar_row(day, self._world.calendar.session(day)) for day in days]
        return {"calendar": {"month": month, "year": year, "days": {"day": rows}}}

    # -- the past -----------------------------------------------------------------------------------------------------

    def history(self, asked: Asked) -> Json:
        """Bars of days, weeks or months, with the date they begin at."""
        symbol, interval = _needed(asked, "symbol").upper(), asked.get("interval") or "daily"
        keys = {"daily": lambda bar: bar.start, "weekly": _week, "monthly": _month}
        if interval not in keys:
            raise bad_parameter("interval", f"{interval} is not valid.")
        newest = self._newest_whole_day()
        start = _date(asked, "start", newest - dt.timedelta(days=31))
        end = min(_date(asked, "end", newest), newest)
        first, last = new_york(start, dt.time()), new_york(end + dt.timedelta(days=1), dt.time())
        bars = self._bars(symbol, DAY_SECONDS, first, last)
        rows = [_history_row(list(members)) for _, members in groupby(bars, key=keys[interval])]
        return {"history": collected("day", rows)}

    def timesales(self, asked: Asked) -> Json:
        symbol, interval = _needed(asked, "symbol").upper(), asked.get("interval") or "tick"
        if interval not in SECONDS:
            raise bad_parameter("interval", f"{interval} is not valid.")
        now = self.board.shown_at()
        start = _instant(asked, "start", new_york(new_york_date(now), dt.time(9, 30)))
        end = min(_instant(asked, "end", now), now)
        bars = self._bars(symbol, SECONDS[interval], start, end)
        if asked.get("session_filter") == "open":
            bars = [bar for bar in bars if self._is_open(bar)]
        return {"series": collected("data", [_sale(bar, interval) for bar in bars])}

    def dividends(self, asked: Asked) -> list[Json]:
        """The whole history of each symbol, newest first: true JSON, a list, with no rows beside the company."""
        return [self._paid_by(symbol) for symbol in _needed(asked, "symbols").upper().split(",")]

    # -- inside -------------------------------------------------------------------------------------------------------

    def _paid_by(self, symbol: str) -> Json:
        if symbol not in self._world.markets and symbol not in self._world.dividends:
            return {"request": symbol, "type": "Symbol", "error": "not found"}
        paid = sorted(self._world.dividends.get(symbol, ()), key=lambda one: one.ex_date, reverse=True)
        tables = {"cash_dividends": [_dividend_row(one) for one in paid]}
        company = {"type": "Company", "id": "0C0000TEST", "tables": {"cash_dividends": None}}
        share = {"type": "Stock", "id": "0P0000TEST", "tables": tables}
        return {"request": symbol, "type": "Symbol", "results": [company, share]}

    def _newest_whole_day(self) -> dt.date:
        """Today once its session is over: a day that still grows has no row."""
        shown_at = self.board.shown_at()
        today = new_york_date(shown_at)
        session = self._world.calendar.session(today)
        return today if session is not None and shown_at >= session.close else today - dt.timedelta(days=1)

    def _is_open(self, bar: Bar) -> bool:
        session = self._world.calendar.session(new_york_date(bar.start))
        return session is not None and session.open <= bar.start and bar.end <= session.close

    def _listed(self, symbol: str, *, all_roots: bool) -> list[tuple[dt.date, bool, float]]:
        """Expiry, whether it is a standard one, and strike of each contract."""
        chain: OptionChain | None = self.board.chain(symbol)
        if chain is None:
            return []
        roots = [chain.roots[code] for code in chain.root.tolist()]
        return [
            (expiry, settlement_time(root) is SettlementTime.AM, strike)
            for expiry, root, strike in zip(chain.expiry.tolist(), roots, chain.strike.tolist(), strict=True)
            if all_roots or root == symbol
        ]

    def _bars(self, symbol: str, seconds: int, start: dt.datetime, end: dt.datetime) -> list[Bar]:
        for market in self._world.markets.values():
            if bars := list(market.bars(symbol, seconds, start, end)):
                return bars
        return []


def _states(session: TradingSession | None) -> Iterable[tuple[dt.time, str, str]]:
    """Until when the market is in a state, and what comes then; New York times of one day."""
    if session is None:
        return ()
    close = session.close.astimezone(NEW_YORK).time()
    return (
        (PREMARKET[0], "closed", "premarket"), (dt.time(9, 30), "premarket", "open"), (close, "open", "postmarket"),
        (dt.time(20), "postmarket", "closed"),
    )  # fmt: skip


def _calendar_row(day: dt.date, session: TradingSession | None) -> Json:
    if session is None:
        return {"date": day.isoformat(), "status": "closed", "description": "Market is closed"}
    close = session.close.astimezone(NEW_YORK).time()
    return {
        "date": day.isoformat(), "status": "open",
        "description": "Market is closing early" if session.early_close else "Market is open",
        "premarket": {"start": f"{PREMARKET[0]:%H:%M}", "end": f"{PREMARKET[1]:%H:%M}"},
        "open": {"start": "09:30", "end": f"{close:%H:%M}"},
        "postmarket": {"start": f"{close:%H:%M}", "end": f"{POSTMARKET[1]:%H:%M}"},
    }  # fmt: skip


def _dividend_row(paid: CashDividend) -> Json:
    day = paid.ex_date.isoformat()
    return {
        "share_class_id": "0P0000TEST", "dividend_type": "CD", "ex_date": day, "cash_amount": figure(paid.amount),
        "currency_i_d": "USD", "declaration_date": day, "frequency": 4, "record_date": day,
        "pay_date": (paid.ex_date + PAID_AFTER).isoformat(),
    }  # fmt: skip


def _week(bar: Bar) -> dt.datetime:
    return bar.start - dt.timedelta(days=new_york_date(bar.start).weekday())


def _month(bar: Bar) -> tuple[int, int]:
    return new_york_date(bar.start).year, new_york_date(bar.start).month


def _history_row(bars: list[Bar]) -> Json:
    return {
        "date": new_york_date(bars[0].start).isoformat(), "open": figure(bars[0].open),
        "high": figure(max(bar.high for bar in bars)), "low": figure(min(bar.low for bar in bars)),
        "close": figure(bars[-1].close), "volume": total_volume(bars) or 0,
    }  # fmt: skip


def _sale(bar: Bar, interval: str) -> Json:
    when = {"time": new_york_text(bar.start), "timestamp": int(bar.start.timestamp())}
    if interval == "tick":
        return {**when, "price": figure(bar.close), "volume": bar.volume or 0}
    middle = figure((bar.high + bar.low) / 2)
    return {
        **when, "price": middle, "open": figure(bar.open), "high": figure(bar.high), "low": figure(bar.low),
        "close": figure(bar.close), "volume": bar.volume or 0, "vwap": middle,
    }  # fmt: skip


def _needed(asked: Asked, name: str) -> str:
    if not (value := asked.get(name, "")):
        raise bad_parameter(name)
    return value


def _date(asked: Asked, name: str, default: dt.date | None = None) -> dt.date:
    if default is not None and not asked.get(name):
        return default
    try:
        return dt.date.fromisoformat(_needed(asked, name)[:10])
    except ValueError:
        raise bad_parameter(name, f"{asked[name]} is not valid.") from None


def _instant(asked: Asked, name: str, default: dt.datetime) -> dt.datetime:
    if not asked.get(name):
        return default
    try:
        return dt.datetime.fromisoformat(asked[name]).replace(tzinfo=NEW_YORK).astimezone(dt.UTC)
    except ValueError:
        raise bad_parameter(name, f"{asked[name]} is not valid.") from None
