"""The simulated market as a `MarketData`: one underlying, one session, everything from a seed."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import partial

import numpy as np
from attrs import define, field

from gammacore.adapters.simulated.feed_faults import FaultKind, FeedFault, last_good
from gammacore.adapters.simulated.later import LaterQuotes, later_expiries
from gammacore.adapters.simulated.model import STARTING_PRICES, Shock, SimulationModel
from gammacore.adapters.simulated.moods import MOODS, Mood, Temper
from gammacore.adapters.simulated.path import (
    DAY_SECONDS,
    Cents,
    SessionPath,
    bars_inside,
    cut_bars,
    day_bar,
    day_figures,
    points,
    session_path,
)
from gammacore.adapters.simulated.quotes import ChainQuotes, listed_strikes, open_interest
from gammacore.adapters.simulated.shares import (
    MORNING_OPENS,
    ExtendedHours,
    ShareModel,
    ShareTape,
    extended_hours,
    share_tape,
    volume_course,
)
from gammacore.adapters.simulated.walk import FIRST_DAY, WalkDay, walk_day
from gammacore.domain.columns import Floats
from gammacore.domain.gex.units import TODAY, Scope
from gammacore.domain.instruments import Underlying
from gammacore.domain.market import Bar, MarketSnapshot, OptionChain, Quote
from gammacore.domain.sessions import TradingSession, new_york, new_york_date, require_aware
from gammacore.errors import InvalidInput
from gammacore.ports.clock import Calendar
from gammacore.ports.market_data import Expiries, SettlementPrint

VIX = "VIX"
_VERSION = 1
"""Raised whenever the same figures give another market, so that no ledger takes it for the old one."""

_FORMAT_2 = 2
"""Format 2 adds to the figures of format 1; a market that uses nothing of it is format 1, byte for byte."""

_SILENT = frozenset({FaultKind.SILENCE})
_LEGS_STAND = frozenset({FaultKind.SILENCE, FaultKind.STALE_LEGS})
_CROSSED = frozenset({FaultKind.CROSSED})


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

    Format 2, each part for itself and none of it a change of the price: `shares` has the share quoted, gives bars and
    chains volume, bars before and after the bells; `expiries` lists the next Friday and monthlies up to 90 days;
    `mood` is a kind of day, `vix` being constant there where the mood says so; `faults` are those of the feed. The
    chain of a snapshot is made when it is read.

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
    shares: ShareModel | None = field(default=None, kw_only=True)
    mood: Mood = field(default=Mood.NORMAL, converter=Mood, kw_only=True)
    faults: tuple[FeedFault, ...] = field(default=(), kw_only=True)
    expiries: Scope = field(default=TODAY, kw_only=True)
    _start: Decimal = field(init=False)
    _day: WalkDay = field(init=False)
    _path: SessionPath = field(init=False)
    _quotes: ChainQuotes = field(init=False)
    _previous_close: Decimal = field(init=False)
    _last_shown: MarketSnapshot | None = field(default=None, init=False)
    _later: LaterQuotes | None = field(default=None, init=False)
    _listing: OptionChain | None = field(default=None, init=False)
    _traded_part: Floats | None = field(default=None, init=False)
    _tapes: dict[dt.date, ShareTape] = field(factory=dict, init=False)
    _bars_cut: dict[tuple[dt.date, str, int], list[Bar]] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        if self.seed < 0:
            raise InvalidInput("seed", self.seed, "give a whole number from 0 on")
        if self.step_seconds < 1:
            raise InvalidInput("step_seconds", self.step_seconds, "give at least 1")
        if self.vix is not None and not (self.vix.is_finite() and 1 <= self.vix <= 200):
            raise InvalidInput("vix", self.vix, "give VIX points between 1 and 200")
        quoted = self.shares is not None and not self.underlying.cash_settled
        if not quoted and any(fault.kind is FaultKind.CROSSED for fault in self.faults):
            raise InvalidInput("faults", "crossed", "give the shares of the underlying quotes first")
        self._start = _starting_price(self.start_price, self.underlying.symbol)
        self._day = self._walk_day(self.session.date)
        self._path = self._session_path(self.session, self.shocks)
        self._quotes = self._lay_out_chain()
        if later := later_expiries(self.session.date, self.expiries, self.calendar):
            opened = int(self._path.price[0]) / 100
            self._later = LaterQuotes.of(
                self.model, self.shares or ShareModel(), self.underlying, self.seed, opened, self.session.date, later
            )
        earlier = self._session_before(self.session.date)
        log = self._day.previous_log if earlier is None else self._walk_day(earlier.date).close_log
        self._previous_close = points(round(math.exp(log) * 100))

    @property
    def label(self) -> str:
        """Seed and step, and any mood but the ordinary: what the day was made of."""
        mood = "" if self.mood is Mood.NORMAL else f", {self.mood}"
        return f"simulated (seed {self.seed}, every {self.step_seconds} s{mood})"

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
            self.shocks, self._session_before(self.session.date),
        )  # fmt: skip
        added = (self.shares, self.mood, self._temper, self.faults, self.expiries)
        if added != (None, Mood.NORMAL, MOODS[Mood.NORMAL].temper, (), TODAY):
            return hashlib.sha256(repr((*figures, _FORMAT_2, self._vix, *added)).encode()).hexdigest()
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
        shown = last_good(self.faults, _SILENT, second)
        if shown < 0:
            return MarketSnapshot(at, symbol, None, None, None, None, age_limit, self._previous_close)
        legs = last_good(self.faults, _LEGS_STAND, second)
        priced = last_good(self.faults, _CROSSED, shown)
        seen, share = self._at(shown), self._share(priced)
        spot = None if priced < 0 else points(int(path.price[priced])) if share is None else share.mid
        return MarketSnapshot(
            at, symbol, spot, None if spot is None else self._at(priced),
            partial(self._chain, legs) if second < path.seconds and legs >= 0 else None,
            points(int(path.vix[shown])), age_limit, self._previous_close, share if priced == shown else None, seen,
            None if priced == shown else "crossed",
        )  # fmt: skip

    def _at(self, second: int) -> dt.datetime:
        return self.session.open + dt.timedelta(seconds=second)

    def _share(self, second: int) -> Quote | None:
        """The quote of the underlying's shares between the bells; None of an index, and in format 1."""
        if self.shares is None or self.underlying.cash_settled or not 0 <= second < self._path.seconds:
            return None
        bid, ask = self._tape(self.session).quote_at(self._path.price, second)
        return Quote(points(bid), points(ask), self._at(second))

    def _chain(self, second: int) -> OptionChain:
        """The chain as it is quoted at a second of the session."""
        path, at = self._path, self._at(second)
        spot, vix = int(path.price[second]) / 100, int(path.vix[second]) / 100
        left = path.seconds - second
        if self._later is None and self.shares is None:
            return self._quotes.chain(at, spot, float(path.root_variance[second]), left, vix)
        bid, ask, volatility = self._quotes.quotes(spot, float(path.root_variance[second]), left, vix)
        if self._later is not None:
            later = self._later.quotes(at, spot, vix)
            bid, ask, volatility = (
                np.concatenate(both) for both in zip((bid, ask, volatility), later, strict=True)
            )  # fmt: skip
        listing = self._whole_listing()
        traded = None
        if self.shares is not None:
            traded = np.floor(listing.open_interest * self.shares.turnover * self._traded(self.shares, second))
        return listing.requoted(at, bid, ask, volatility, np.full(len(listing), at.timestamp()), traded)

    def _whole_listing(self) -> OptionChain:
        """Every contract listed, today's first; laid out once, so that a contract keeps its row."""
        if self._listing is None:
            today, later = self._quotes.listing, self._later
            self._listing = today if later is None else later.listed_after(today)
        return self._listing

    def _traded(self, shares: ShareModel, second: int) -> float:
        """The part of a day's volume that has been traded by a second."""
        if self._traded_part is None:
            course = volume_course(shares, self._path.seconds)
            self._traded_part = np.concatenate(([0.0], np.cumsum(course) / course.sum()))
        return float(self._traded_part[second])

    def _tape(self, session: TradingSession) -> ShareTape:
        """The share's quotes and volume of a session of format 2."""
        assert self.shares is not None
        known = self._tapes.get(session.date)
        if known is None:
            path = self._path if session is self.session else self._session_path(session)
            known = self._tapes[session.date] = share_tape(self.shares, self.seed, session.date, path)
        return known

    def _lay_out_chain(self) -> ChainQuotes:
        increment = float(self.underlying.strike_increment)
        ladder = listed_strikes(self.model, int(self._path.price[0]) / 100, increment)
        calls, puts = open_interest(self.model, self.seed, self.session.date, self._day, ladder, increment)
        return ChainQuotes.of(self.model, self.underlying, self.session.date, ladder, calls, puts)

    def _walk_day(self, date: dt.date) -> WalkDay:
        increment = self.underlying.strike_increment
        return walk_day(self.model, self.seed, self._start, increment, self._vix, date, self._temper)

    @property
    def _vix(self) -> Decimal | None:
        """The VIX of every day: as configured, else as the mood says; None: it wanders."""
        return MOODS[self.mood].vix if self.vix is None else self.vix

    @property
    def _temper(self) -> Temper:
        return MOODS[self.mood].temper

    def _session_path(self, session: TradingSession, shocks: tuple[Shock, ...] = ()) -> SessionPath:
        return session_path(*self._inputs(session), shocks, self._temper)

    def _inputs(self, session: TradingSession) -> tuple[SimulationModel, int, dt.date, WalkDay, int, float | None]:
        seconds = int((session.close - session.open).total_seconds())
        vix = None if self._vix is None else float(self._vix)
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

    def _session_before(self, date: dt.date) -> TradingSession | None:
        while (date := date - dt.timedelta(days=1)) >= FIRST_DAY:
            if (session := self._session_on(date)) is not None:
                return session
        return None

    def _bars_of(self, session: TradingSession, symbol: str, seconds: int) -> list[Bar]:
        """All bars of a session's date, cut once; none for a symbol this market does not have."""
        known = self._bars_cut.get((session.date, symbol, seconds))
        if known is not None:
            return known
        course = self._course(session, symbol, whole_day=seconds == DAY_SECONDS)
        volume = None if self.shares is None or symbol not in self._traded_symbols else self._tape(session).volume
        if course is None:
            bars = []
        elif seconds == DAY_SECONDS:
            bars = [day_bar(course, session.date, None if volume is None else int(volume.sum()))]
        else:
            bars = cut_bars(course, session.open, seconds, volume)
            if volume is not None and symbol == self.underlying.symbol:
                bars = self._with_extended_hours(session, seconds, bars)
        return self._bars_cut.setdefault((session.date, symbol, seconds), bars)

    @property
    def _traded_symbols(self) -> tuple[str, ...]:
        """What is traded and so has a volume: the hedge share, and the underlying where it is no index."""
        own = () if self.underlying.cash_settled else (self.underlying.symbol,)
        return (*own, self.underlying.hedge_share)

    def _with_extended_hours(self, session: TradingSession, seconds: int, bars: list[Bar]) -> list[Bar]:
        """The bars of a date with those from 4:00 to the open, and those of 4 hours after the close if it is past."""
        morning: list[Bar] = []
        evening: list[Bar] = []
        if (dawn := self._extended(session)) is not None:
            begin = new_york(session.date, MORNING_OPENS)
            morning = cut_bars(dawn.morning, begin, seconds, dawn.morning_volume)
        following = next(self._sessions(session.date + dt.timedelta(days=1), self.session.date), None)
        if following is not None and (dusk := self._extended(following)) is not None:
            evening = cut_bars(dusk.evening, session.close, seconds, dusk.evening_volume)
        return [*morning, *bars, *evening]

    def _extended(self, session: TradingSession) -> ExtendedHours | None:
        """From the close before a session to its open; None for the first there is."""
        before = self._session_before(session.date)
        if before is None or self.shares is None:
            return None
        opened = self._path if session is self.session else self._session_path(session)
        begin = new_york(session.date, MORNING_OPENS)
        return extended_hours(
            self.shares, self.seed, session.date, int(self._session_path(before).price[-1]), int(opened.price[0]),
            self._walk_day(session.date).move_deviation, int((session.open - begin).total_seconds()),
        )  # fmt: skip

    def _course(self, session: TradingSession, symbol: str, whole_day: bool) -> Cents | None:
        """What is asked for, second by second or as four daily figures; None for a symbol this market does not have."""
        if session is self.session:
            price, vix = self._path.price, self._path.vix
        elif whole_day:
            price, vix = day_figures(*self._inputs(session), self._temper)
        else:
            price, vix = (path := self._session_path(session)).price, path.vix
        if symbol == VIX:
            return vix
        if symbol == self.underlying.symbol:
            return price
        if symbol == self.underlying.hedge_share:
            return np.rint(price / float(self.underlying.hedge_ratio)).astype(np.int64)
        return None
