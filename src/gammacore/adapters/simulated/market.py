"""The simulated market as a `MarketData`: one underlying, one session, everything from a seed."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from collections.abc import Iterator, Sequence
from decimal import Decimal

import numpy as np
from attrs import define, field

from gammacore.adapters.simulated.model import STARTING_PRICES, Shock, SimulationModel
from gammacore.adapters.simulated.path import (
    DAY_SECONDS,
    Cents,
    SessionPath,
    bars_inside,
    cut_bars,
    day_figures,
    points,
    session_path,
)
from gammacore.adapters.simulated.quotes import ChainQuotes, listed_strikes, open_interest
from gammacore.adapters.simulated.walk import FIRST_DAY, WalkDay, walk_day
from gammacore.domain.instruments import Underlying
from gammacore.domain.market import Bar, MarketSnapshot
from gammacore.domain.sessions import TradingSession, new_york_date, require_aware
from gammacore.errors import InvalidInput
from gammacore.ports.clock import Calendar
from gammacore.ports.market_data import Expiries, SettlementPrint

VIX = "VIX"
_VERSION = 1
"""Raised whenever the same figures give another market, so that no ledger takes it for the old one."""


def _starting_price(given: Decimal | None, symbol: str) -> Decimal:
    price = given if given is not None else STARTING_PRICES.get(symbol)
    if price is None or not (price.is_finite() and price > 0):
        raise InvalidInput("start_price", given, f"give the level {symbol} trades around, points")
    return price


@define(eq=False)
class SimulatedMarket:
    """One session of one underlying, the same for the same seed, date and figures, however it is asked.

    The price is fixed to the second before the day begins; `step_seconds` only says how often it is looked at. Days of
    one seed fit together: each opens with a gap from the last one's close. `start_price` is the level the price wanders
    around over the years; `vix` holds VIX constant, on all days. With a `calendar`, earlier sessions are its sessions;
    without, every weekday from 9:30 to 16:00. A model, and no evidence of profit. Rule: R14.

    Raises:
        InvalidInput: a weekend, a date outside 2015..2049, an unlisted underlying without `start_price`, or a figure
            out of bounds.
    """

    underlying: Underlying
    session: TradingSession
    seed: int = field(kw_only=True)
    step_seconds: int = field(default=60, kw_only=True)
    model: SimulationModel = field(factory=SimulationModel, kw_only=True)
    start_price: Decimal | None = field(default=None, kw_only=True)
    vix: Decimal | None = field(default=None, kw_only=True)
    shocks: tuple[Shock, ...] = field(default=(), kw_only=True)
    calendar: Calendar | None = field(default=None, kw_only=True)
    _start: Decimal = field(init=False)
    _day: WalkDay = field(init=False)
    _path: SessionPath = field(init=False)
    _quotes: ChainQuotes = field(init=False)
    _previous_close: Decimal = field(init=False)
    _last_shown: MarketSnapshot | None = field(default=None, init=False)
    _bars_cut: dict[tuple[dt.date, str, int], list[Bar]] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        if self.seed < 0:
            raise InvalidInput("seed", self.seed, "give a whole number from 0 on")
        if self.step_seconds < 1:
            raise InvalidInput("step_seconds", self.step_seconds, "give at least 1")
        if self.vix is not None and not (self.vix.is_finite() and 1 <= self.vix <= 200):
            raise InvalidInput("vix", self.vix, "give VIX points between 1 and 200")
        self._start = _starting_price(self.start_price, self.underlying.symbol)
        self._day = self._walk_day(self.session.date)
        self._path = self._session_path(self.session, self.shocks)
        self._quotes = self._lay_out_chain()
        earlier = self._session_before()
        log = self._day.previous_log if earlier is None else self._walk_day(earlier.date).close_log
        self._previous_close = points(round(math.exp(log) * 100))

    @property
    def label(self) -> str:
        """Seed and step: what the day was made of."""
        return f"simulated (seed {self.seed}, every {self.step_seconds} s)"

    def snapshot(self, now: dt.datetime) -> MarketSnapshot:
        """The last step at or before `now`: before the open only the previous close, from the close on no chain."""
        at = self._step_at(require_aware("now", now))
        if self._last_shown is None or self._last_shown.at != at:
            self._last_shown = self._look(at)
        return self._last_shown

    def attend(self, expiries: Expiries | None) -> None:
        """Everything is shown at no cost."""

    def next_at(self, after: dt.datetime) -> dt.datetime:
        """The next step: the open when it is still to come, the close as the last one, then a step on and on."""
        after = require_aware("after", after)
        if after < self.session.open:
            return self.session.open
        following = self._step_at(after) + dt.timedelta(seconds=self.step_seconds)
        return min(following, self.session.close) if after < self.session.close else following

    def settlement(self, underlying: str, date: dt.date) -> SettlementPrint | None:
        """The last price of a session up to this one, the official print of the simulation; None for later dates.

        It does not ask what time it is: the caller that settles a position waits for the close.
        """
        if underlying != self.underlying.symbol:
            return None
        if date == self.session.date:
            return SettlementPrint(points(int(self._path.price[-1])), estimated=False, source="simulated")
        if date > self.session.date or (earlier := self._session_on(date)) is None:
            return None
        close = self._session_path(earlier).price[-1]
        return SettlementPrint(points(int(close)), estimated=False, source="simulated")

    def bars(self, underlying: str, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
        """Bars of the underlying, of its hedge share or of VIX, up to this session; 86,400 seconds are a New York date.

        Intraday bars count from the open. Nothing after `end` goes into them.
        """
        if seconds < 1:
            raise InvalidInput("seconds", seconds, "give at least 1")
        start, end = require_aware("start", start), require_aware("end", end)
        bars: list[Bar] = []
        for session in self._sessions(new_york_date(start), new_york_date(end)):
            bars.extend(bars_inside(self._bars_of(session, underlying, seconds), start, end))
        return bars

    def fingerprint(self) -> str:
        """A hash of every figure the day depends on."""
        figures = (
            _VERSION, self.underlying, self.session, self.seed, self.step_seconds, self.model, self._start, self.vix,
            self.shocks, self._session_before(),
        )  # fmt: skip
        return hashlib.sha256(repr(figures).encode()).hexdigest()

    def _step_at(self, now: dt.datetime) -> dt.datetime:
        """Steps count from the open, from the close on from the close: the last print is always seen."""
        origin = self.session.close if now >= self.session.close else self.session.open
        steps = (now - origin) // dt.timedelta(seconds=self.step_seconds)
        return origin + steps * dt.timedelta(seconds=self.step_seconds)

    def _look(self, at: dt.datetime) -> MarketSnapshot:
        symbol, age_limit = self.underlying.symbol, 2.0 * self.step_seconds
        if at < self.session.open:
            return MarketSnapshot(at, symbol, None, None, None, None, age_limit, self._previous_close)
        path = self._path
        second = min(int((at - self.session.open).total_seconds()), path.seconds)
        cents, vix_cents = int(path.price[second]), int(path.vix[second])
        chain = None
        if second < path.seconds:
            deviation = float(path.root_variance[second])
            chain = self._quotes.chain(at, cents / 100, deviation, path.seconds - second, vix_cents / 100)
        seen = min(at, self.session.close)
        return MarketSnapshot(
            at, symbol, points(cents), seen, chain, points(vix_cents), age_limit, self._previous_close
        )

    def _lay_out_chain(self) -> ChainQuotes:
        increment = float(self.underlying.strike_increment)
        ladder = listed_strikes(self.model, int(self._path.price[0]) / 100, increment)
        calls, puts = open_interest(self.model, self.seed, self.session.date, self._day, ladder, increment)
        return ChainQuotes.of(self.model, self.underlying, self.session.date, ladder, calls, puts)

    def _walk_day(self, date: dt.date) -> WalkDay:
        return walk_day(self.model, self.seed, self._start, self.underlying.strike_increment, self.vix, date)

    def _session_path(self, session: TradingSession, shocks: tuple[Shock, ...] = ()) -> SessionPath:
        return session_path(*self._inputs(session), shocks)

    def _inputs(self, session: TradingSession) -> tuple[SimulationModel, int, dt.date, WalkDay, int, float | None]:
        seconds = int((session.close - session.open).total_seconds())
        vix = None if self.vix is None else float(self.vix)
        return self.model, self.seed, session.date, self._walk_day(session.date), seconds, vix

    def _session_on(self, date: dt.date) -> TradingSession | None:
        """The session of a date up to today."""
        if date == self.session.date:
            return self.session
        if date.weekday() >= 5 or date < FIRST_DAY:
            return None
        return TradingSession.of(date) if self.calendar is None else self.calendar.session(date)

    def _sessions(self, first: dt.date, last: dt.date) -> Iterator[TradingSession]:
        """The sessions of the dates first..last, none after today."""
        date = max(first, FIRST_DAY)
        while date <= min(last, self.session.date):
            if (session := self._session_on(date)) is not None:
                yield session
            date += dt.timedelta(days=1)

    def _session_before(self) -> TradingSession | None:
        date = self.session.date
        while (date := date - dt.timedelta(days=1)) >= FIRST_DAY:
            if (session := self._session_on(date)) is not None:
                return session
        return None

    def _bars_of(self, session: TradingSession, symbol: str, seconds: int) -> list[Bar]:
        """All bars of a session, cut once; none for a symbol this market does not have."""
        known = self._bars_cut.get((session.date, symbol, seconds))
        if known is not None:
            return known
        course = self._course(session, symbol, whole_day=seconds == DAY_SECONDS)
        bars = [] if course is None else cut_bars(course, session, seconds)
        return self._bars_cut.setdefault((session.date, symbol, seconds), bars)

    def _course(self, session: TradingSession, symbol: str, whole_day: bool) -> Cents | None:
        """What is asked for, second by second or as four daily figures; None for a symbol this market does not have."""
        if session is self.session:
            price, vix = self._path.price, self._path.vix
        elif whole_day:
            price, vix = day_figures(*self._inputs(session))
        else:
            price, vix = (path := self._session_path(session)).price, path.vix
        if symbol == VIX:
            return vix
        if symbol == self.underlying.symbol:
            return price
        if symbol == self.underlying.hedge_share:
            return np.rint(price / float(self.underlying.hedge_ratio)).astype(np.int64)
        return None
