"""A recorded market as the arrays of the store, and chains out of them again. Rules: ST-106, ST-110."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from attrs import define, field
from numpy.typing import NDArray

from gammacore.adapters.recorded.market import EVER, RecordedMarket, Track
from gammacore.domain.columns import Dates, Floats
from gammacore.domain.judged_chains import judged_chain
from gammacore.domain.market import Bar, OptionChain, Quote
from gammacore.domain.sessions import TradingSession, new_york
from gammacore.errors import InvalidInput
from gammacore.ports.day_store import NO_QUOTE, NOT_LISTED, PRICE_STEP, StoredDay

DAYS_BACK = dt.timedelta(days=45)
EARLIER_OPENINGS = 5
"""How far back bars are kept with a day: as far as the filters and the desks ask for them."""
HALF_AN_HOUR = dt.timedelta(minutes=30)
PRINTS_BACK = dt.timedelta(days=10)
_STEPS = round(1 / PRICE_STEP)
_ONE_DAY = 86_400
MOST_STEPS = 2**31 - 1
MOST_CELLS = 2_000_000
"""From here on a grid that never changes is kept as one row: a day of seconds would not fit a worker's memory."""
T = TypeVar("T")


def day_of(market: RecordedMarket, previous: TradingSession | None, symbols: Iterable[str]) -> StoredDay:
    """Everything a recorded market shows of its day, with the bars of `symbols` that are asked for in it."""
    symbols = tuple(dict.fromkeys(symbols))
    grids = _Grids(market.chains.times, market.chains.build)
    arrays = {**grids.arrays(), **_price_arrays(market), **_bar_arrays(market, previous, symbols)}
    date = market.session.date
    facts = {
        "step_seconds": market.step_seconds,
        "roots": list(grids.roots),
        "defects": list(grids.reasons),
        "bar_symbols": list(symbols),
        "lineage": market.lineage,
        "prints": {
            str(day): [str(each.price), each.estimated, each.source]
            for day, each in sorted(market.prints.items())
            if date - PRINTS_BACK <= day <= date
        },
    }
    return StoredDay(market.underlying, market.session, facts, arrays)


Key = tuple[str, int, bool, float]


@define(eq=False)
class _Grids:
    """The chains of a day laid over one table of its contracts."""

    times: Sequence[dt.datetime]
    build: Callable[[int], OptionChain | None]
    roots: tuple[str, ...] = field(init=False)
    reasons: tuple[str, ...] = field(init=False)
    _contracts: dict[Key, int] = field(init=False)
    _places: list[NDArray[np.int64] | None] = field(init=False)
    _found: list[list[Key]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._found, which = [], []
        reasons: set[str] = set()
        roots: dict[str, None] = {}
        newest: OptionChain | None = None
        for index in range(len(self.times)):
            chain = self.build(index)
            if chain is None:
                which.append(-1)
                continue
            reasons.update(chain.defects)
            roots |= dict.fromkeys(chain.roots)
            if newest is None or not _same_contracts(newest, chain):
                self._found.append(_keys(chain))
            newest = chain
            which.append(len(self._found) - 1)
        self.reasons = tuple(sorted(reasons))
        self._contracts = {key: place for place, key in enumerate(_in_one_order(self._found, list(roots)))}
        self.roots = tuple(roots)
        places = [np.array([self._contracts[key] for key in keys], dtype=np.int64) for keys in self._found]
        self._places = [None if number < 0 else places[number] for number in which]

    def arrays(self) -> dict[str, NDArray[Any]]:
        instants, contracts = len(self.times), len(self._contracts)
        shape = (instants, contracts)
        bid, ask = np.full(shape, NOT_LISTED, np.int32), np.full(shape, NOT_LISTED, np.int32)
        floats = {name: np.full(shape, np.nan) for name in ("age", "open_interest", "iv", "gamma", "volume")}
        defects = np.zeros((instants, len(self.reasons)), np.int32)
        as_of = np.array([time.timestamp() for time in self.times])
        finer: list[tuple[int, int, float, float]] = []
        for index, places in enumerate(self._places):
            if places is None:
                as_of[index] = np.nan
                continue
            chain = self.build(index)
            assert chain is not None
            as_of[index] = chain.as_of.timestamp()
            bid[index, places], ask[index, places] = _steps(chain.bid), _steps(chain.ask)
            for row in np.flatnonzero(_is_finer(chain.bid) | _is_finer(chain.ask)).tolist():
                finer.append((index, int(places[row]), float(chain.bid[row]), float(chain.ask[row])))
            floats["age"][index, places] = as_of[index] - chain.quoted_at
            for name in ("open_interest", "iv", "gamma", "volume"):
                floats[name][index, places] = getattr(chain, name)
            defects[index] = [chain.defects.get(reason, 0) for reason in self.reasons]
        listed = bid != NOT_LISTED
        grids = {name: _collapsed(grid, listed) for name, grid in floats.items()}
        strike = np.array([key[3] for key in self._contracts], dtype=np.float64)
        if _is_finer(strike).any():
            finest = float(strike[_is_finer(strike)][0])
            raise InvalidInput("strike", finest, f"the store keeps strikes to {PRICE_STEP} points")
        return {
            "times": np.array([time.timestamp() for time in self.times]),
            "as_of": as_of,
            "strike": _steps(strike),
            "expiry": np.array([key[1] for key in self._contracts], dtype=np.int32),
            "is_call": np.array([key[2] for key in self._contracts], dtype=np.bool_),
            "root": np.array([self.roots.index(key[0]) for key in self._contracts], dtype=np.int16),
            "bid": bid,
            "ask": ask,
            "defects": defects,
            **{name: grid for name, grid in grids.items() if name != "volume" or not np.isnan(grid).all()},
            **({"finer": np.array(finer, dtype=np.float64)} if finer else {}),
        }


def _same_contracts(one: OptionChain, other: OptionChain) -> bool:
    return one.roots == other.roots and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in ("strike", "expiry", "is_call", "root")
    )


def _keys(chain: OptionChain) -> list[Key]:
    roots = [chain.roots[code] for code in chain.root.tolist()]
    days = chain.expiry.astype(np.int64).tolist()
    return list(zip(roots, days, chain.is_call.tolist(), chain.strike.tolist(), strict=True))


def _in_one_order(found: Sequence[Sequence[Key]], roots: Sequence[str]) -> list[Key]:
    """All contracts in an order in which every chain has its own: sums over rows then come out the same."""
    appeared = list(dict.fromkeys(key for keys in found for key in keys))
    by_contract = sorted(appeared, key=lambda key: (key[1], roots.index(key[0]), key[2], key[3]))
    for order in (appeared, by_contract):
        place = {key: number for number, key in enumerate(order)}
        if all(place[one] < place[other] for keys in found for one, other in pairwise(keys)):
            return order
    return by_contract


def _steps(prices: Floats) -> NDArray[np.int32]:
    """Prices as whole steps, to the nearest; NaN is no quote."""
    with np.errstate(invalid="ignore"):
        whole = np.where(np.isnan(prices), NO_QUOTE, np.rint(prices * _STEPS))
        return np.clip(whole, NOT_LISTED, MOST_STEPS).astype(np.int32)


def _is_finer(prices: Floats) -> NDArray[np.bool_]:
    """Where a price is no whole number of steps, or too many for an int32."""
    steps = np.rint(prices * _STEPS)
    finer: NDArray[np.bool_] = ~np.isnan(prices) & ((steps / _STEPS != prices) | (steps > MOST_STEPS))
    return finer


def _collapsed(grid: Floats, listed: NDArray[np.bool_]) -> Floats:
    """One row where no listed contract's value ever changes, else the grid."""
    if grid.size < MOST_CELLS:
        return grid
    first = grid[np.argmax(listed, axis=0), np.arange(grid.shape[1])]
    same = (grid == first) | (np.isnan(grid) & np.isnan(first)) | ~listed
    return first[None, :] if same.all() else grid


def _text(values: Iterable[object]) -> NDArray[np.bytes_]:
    return np.array([b"" if value is None else str(value).encode() for value in values], dtype=np.bytes_)


def _of_the_day(track: Track[T], session: TradingSession) -> Track[T]:
    """What of a track can be known on the session's New York date: a table of prices may hold years."""
    first, after = new_york(session.date, dt.time()), new_york(session.date + dt.timedelta(days=1), dt.time())
    begin = max(0, bisect_right(track.since, first) - 1)
    end = bisect_left(track.since, after)
    return Track(track.since[begin:end], track.values[begin:end])


def _since(track: Track[Any]) -> Floats:
    return np.array([-np.inf if since == EVER else since.timestamp() for since in track.since], dtype=np.float64)


def _stamps(times: Iterable[dt.datetime | None]) -> Floats:
    return np.array([np.nan if time is None else time.timestamp() for time in times], dtype=np.float64)


def _price_arrays(market: RecordedMarket) -> dict[str, NDArray[Any]]:
    session = market.session
    spots, shares = _of_the_day(market.spots, session), _of_the_day(market.share, session)
    vix, previous_close = _of_the_day(market.vix, session), _of_the_day(market.previous_close, session)
    arrays: dict[str, NDArray[Any]] = {
        "spot_since": _since(spots),
        "spot": _text(None if seen is None else seen.price for seen in spots.values),
        "spot_at": _stamps(None if seen is None else seen.at for seen in spots.values),
        "vix_since": _since(vix),
        "vix": _text(vix.values),
        "previous_close_since": _since(previous_close),
        "previous_close": _text(previous_close.values),
    }
    if market.vix_at is not None:
        arrays |= {"vix_at_since": _since(market.vix_at), "vix_at": _stamps(market.vix_at.values)}
    if market.quote_age_limit.since != (EVER,):
        arrays |= {
            "age_limit_since": _since(market.quote_age_limit),
            "age_limit": np.array(market.quote_age_limit.values, dtype=np.float64),
        }
    if any(shown is not None for shown in shares.values):
        quotes = [shown if isinstance(shown, Quote) else None for shown in shares.values]
        arrays |= {
            "share_since": _since(shares),
            "share_bid": _text(None if quote is None else quote.bid for quote in quotes),
            "share_ask": _text(None if quote is None else quote.ask for quote in quotes),
            "share_at": _stamps(None if quote is None else quote.at for quote in quotes),
            "share_defect": _text(shown if isinstance(shown, str) else None for shown in shares.values),
        }
    return arrays


def _bar_arrays(
    market: RecordedMarket, previous: TradingSession | None, symbols: Sequence[str]
) -> dict[str, NDArray[Any]]:
    """The bars that are asked for in a day: two sessions' minutes, daily ones, and the first half hours before."""
    session = market.session
    begin = (previous or session).open
    found: dict[tuple[int, int, dt.datetime], Bar] = {}
    for number, symbol in enumerate(symbols):
        asked = [(60, begin, session.close), (300, begin, session.close)]
        days = market.bars(symbol, _ONE_DAY, session.open - DAYS_BACK, session.close)
        openings = [bar.start.date() for bar in days if bar.start < session.open][-EARLIER_OPENINGS:]
        asked += [(60, start := TradingSession.of(date).open, start + HALF_AN_HOUR) for date in openings]
        for bar in (*days, *(bar for ask in asked for bar in market.bars(symbol, *ask))):
            found[number, bar.seconds, bar.start] = bar
    bars = [bar for _, bar in sorted(found.items(), key=lambda pair: pair[0])]
    return {
        "bar_symbol": np.array([number for number, _, _ in sorted(found)], dtype=np.int16),
        "bar_start": np.array([bar.start.timestamp() for bar in bars], dtype=np.float64),
        "bar_seconds": np.array([bar.seconds for bar in bars], dtype=np.int32),
        "bar_volume": np.array([-1 if bar.volume is None else bar.volume for bar in bars], dtype=np.int64),
        **{f"bar_{name}": _text(getattr(bar, name) for bar in bars) for name in ("open", "high", "low", "close")},
    }


def instants(seconds: Iterable[float]) -> tuple[dt.datetime, ...]:
    """UTC instants of seconds since the epoch; what was always known is known from `EVER` on."""
    return tuple(EVER if each == -np.inf else dt.datetime.fromtimestamp(each, dt.UTC) for each in seconds)


def moments(seconds: Floats) -> list[dt.datetime | None]:
    return [None if np.isnan(each) else dt.datetime.fromtimestamp(each, dt.UTC) for each in seconds.tolist()]


def decimals(texts: NDArray[Any]) -> list[Decimal | None]:
    return [None if not text else Decimal(text.decode()) for text in texts.tolist()]


BLOCK = 64
"""Instants whose prices are turned into points together: a day of seconds is never whole in memory twice."""

_CONTRACT = ("strike", "is_call", "expiry", "root")
_FIGURES = ("open_interest", "iv", "gamma", "volume")


@define(eq=False)
class StoredChains:
    """Builds the chain of an instant out of a stored day. It was judged when it was stored and is not again.

    Chains of the same contracts share their columns and their table of rows. Rule: ST-106.
    """

    day: StoredDay
    _contracts: Mapping[str, NDArray[Any]] = field(init=False)
    _unknown: Floats = field(init=False)
    _roots: tuple[str, ...] = field(init=False)
    _block: tuple[int, dict[str, NDArray[Any]]] = field(default=(-1, {}), init=False)
    _tables: dict[bytes, OptionChain] = field(factory=dict, init=False)
    _finer: dict[int, list[tuple[int, float, float]]] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        arrays = self.day.arrays
        expiry: Dates = arrays["expiry"].astype("datetime64[D]")
        self._contracts = {
            "strike": arrays["strike"] / _STEPS, "is_call": arrays["is_call"], "expiry": expiry,
            "root": arrays["root"].astype(np.int64),
        }  # fmt: skip
        self._unknown = np.full(len(expiry), np.nan)
        self._roots = tuple(self.day.facts["roots"])
        for index, place, bid, ask in arrays.get("finer", np.empty((0, 4))).tolist():
            self._finer.setdefault(int(index), []).append((int(place), bid, ask))

    def __call__(self, index: int) -> OptionChain | None:
        block, row = self._of_block(index // BLOCK), index % BLOCK
        as_of = float(block["as_of"][row])
        if as_of != as_of:  # noqa: PLR0124 - NaN: nothing was shown then
            return None
        listed = block["listed"][row]
        pattern = b"" if block["whole"][row] else listed.tobytes()
        alike = self._tables.get(pattern)
        columns = {name: block[name][row] for name in ("bid", "ask", "quoted_at")}
        columns |= {name: self._figures(name, index) for name in _FIGURES}
        if pattern:
            columns = {name: column[listed] for name, column in columns.items()}
        if alike is not None:
            columns |= {name: getattr(alike, name) for name in _CONTRACT}
        else:
            columns |= {name: each[listed] if pattern else each for name, each in self._contracts.items()}
        reasons, counts = self.day.facts["defects"], self.day.arrays["defects"][index].tolist()
        chain = judged_chain(
            self.day.symbol, dt.datetime.fromtimestamp(as_of, dt.UTC), self._roots, columns,
            {reason: count for reason, count in zip(reasons, counts, strict=True) if count}, alike=alike,
        )  # fmt: skip
        self._tables.setdefault(pattern, chain)
        return chain

    def _of_block(self, number: int) -> dict[str, NDArray[Any]]:
        """Prices in points and ages as instants, of the instants around the one that is asked for."""
        if self._block[0] != number:
            arrays, rows = self.day.arrays, slice(number * BLOCK, (number + 1) * BLOCK)
            as_of, age = arrays["as_of"][rows], arrays["age"]
            listed = arrays["bid"][rows] != NOT_LISTED
            block = {
                "as_of": as_of, "listed": listed, "whole": listed.all(axis=1),
                "bid": _points(arrays["bid"][rows]), "ask": _points(arrays["ask"][rows]),
                "quoted_at": as_of[:, None] - (age if len(age) == 1 else age[rows]),
            }  # fmt: skip
            for row in range(len(as_of)):
                for place, bid, ask in self._finer.get(number * BLOCK + row, ()):
                    block["bid"][row, place], block["ask"][row, place] = bid, ask
            for array in block.values():
                array.setflags(write=False)
            self._block = (number, block)
        return self._block[1]

    def _figures(self, name: str, index: int) -> Floats:
        grid = self.day.arrays.get(name)
        if grid is None:
            return self._unknown
        row: Floats = grid[0 if len(grid) == 1 else index]
        return row


def _points(steps: NDArray[np.int32]) -> Floats:
    return np.where(steps < 0, np.nan, steps / _STEPS)
