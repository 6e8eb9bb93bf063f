"""A day of the store behind the market-data port: the same as the files it was imported from. Rules: ST-106, ST-110."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gammacore.adapters.recorded.market import BarSource, ChainTape, RecordedMarket, Seen, Track, bars_within
from gammacore.adapters.recorded.stored import StoredChains, decimals, instants, moments
from gammacore.adapters.recorded.surroundings import ReplaySettings, session_words
from gammacore.adapters.recorded.text_table import content_hash
from gammacore.domain.columns import Floats
from gammacore.domain.market import Bar, Quote, share_shown
from gammacore.domain.sessions import TradingSession
from gammacore.ports.day_store import StoredDay
from gammacore.ports.market_data import SettlementPrint


def stored_market(
    day: StoredDay, *, settings: ReplaySettings | None = None, previous: TradingSession | None = None
) -> RecordedMarket:
    """A stored day as a market. What the settings name (VIX, closes, prices) wins over what was stored."""
    settings = settings or ReplaySettings()
    arrays, session = day.arrays, day.session
    step = float(day.facts["step_seconds"])
    own_vix = settings.vix is None and settings.vix_file is None
    named_close = settings.previous_close(previous)
    return RecordedMarket(
        underlying=day.symbol,
        session=session,
        chains=ChainTape(instants(arrays["times"].tolist()), StoredChains(day)),
        spots=settings.spots(session) or _spots(arrays),
        step_seconds=step,
        quote_age_limit=_age_limit(arrays, settings, step),
        vix=_figures(arrays, "vix") if own_vix else settings.vix_track(session),
        vix_at=_moments(arrays, "vix_at") if own_vix else None,
        previous_close=named_close if named_close.since else _figures(arrays, "previous_close"),
        prints={**_prints(day), **settings.prints(session.date)},
        bar_source=_bars(day) if settings.price_file is None else settings.bar_source(session, day.symbol),
        content=content_hash(day.hash, *session_words(session, previous), *settings.content()),
        label=f"store:{day.symbol}",
        lineage=str(day.facts["lineage"]),
        beside=settings.intakes(session),
        share=_shares(arrays),
    )


def _age_limit(arrays: Any, settings: ReplaySettings, step: float) -> Track[float]:
    if "age_limit" not in arrays:
        return Track.constant(settings.quote_age_steps * step)
    return Track(instants(arrays["age_limit_since"].tolist()), tuple(arrays["age_limit"].tolist()))


def _figures(arrays: Any, name: str) -> Track[Decimal | None]:
    return Track(instants(arrays[f"{name}_since"].tolist()), tuple(decimals(arrays[name])))


def _moments(arrays: Any, name: str) -> Track[dt.datetime | None] | None:
    if name not in arrays:
        return None
    return Track(instants(arrays[f"{name}_since"].tolist()), tuple(moments(arrays[name])))


def _spots(arrays: Any) -> Track[Seen | None]:
    prices, seen = decimals(arrays["spot"]), moments(arrays["spot_at"])
    values = (None if price is None else Seen(price, at) for price, at in zip(prices, seen, strict=True))
    return Track(instants(arrays["spot_since"].tolist()), tuple(values))


def _shares(arrays: Any) -> Track[Quote | str | None]:
    if "share_since" not in arrays:
        return Track()
    shown: list[Quote | str | None] = []
    columns = (decimals(arrays["share_bid"]), decimals(arrays["share_ask"]), moments(arrays["share_at"]))
    for bid, ask, at, defect in zip(*columns, arrays["share_defect"].tolist(), strict=True):
        shown.append(defect.decode() or None if at is None else share_shown(bid, ask, at))
    return Track(instants(arrays["share_since"].tolist()), tuple(shown))


def _prints(day: StoredDay) -> dict[dt.date, SettlementPrint]:
    told: dict[str, tuple[str, bool, str]] = day.facts["prints"]
    return {
        dt.date.fromisoformat(date): SettlementPrint(Decimal(price), estimated, source)
        for date, (price, estimated, source) in told.items()
    }


def _bars(day: StoredDay) -> BarSource:
    """The bars that were stored, made when they are first asked for. Rule: ST-902."""
    symbols: list[str] = day.facts["bar_symbols"]
    kept: dict[str, _StoredBars] = {}

    def bars(symbol: str, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
        if symbol not in symbols:
            return ()
        if symbol not in kept:
            kept[symbol] = _StoredBars(day.arrays, symbols.index(symbol))
        return bars_within(kept[symbol].near(seconds, start, end), seconds, start, end)

    return bars


class _StoredBars:
    """The bars of one symbol as columns, by start: an entry asks for some hundred of some thousand of a day."""

    def __init__(self, arrays: Any, symbol: int) -> None:
        rows = np.flatnonzero(arrays["bar_symbol"] == symbol)
        self._arrays = arrays
        self._rows = rows[np.argsort(arrays["bar_start"][rows], kind="stable")]
        self._start: Floats = arrays["bar_start"][self._rows]
        self._seconds: NDArray[np.int32] = arrays["bar_seconds"][self._rows]
        self._made: dict[int, Bar] = {}

    def near(self, seconds: int, start: dt.datetime, end: dt.datetime) -> list[Bar]:
        """Bars that start in [start, end), oldest first: of that length where the day has such, else of every one."""
        first, last = np.searchsorted(self._start, [start.timestamp(), end.timestamp()])
        asked = self._seconds == seconds
        places = slice(first, last)
        rows = self._rows[places][asked[places]] if asked.any() else self._rows[places]
        return [self._bar(row) for row in rows.tolist()]

    def _bar(self, row: int) -> Bar:
        if row not in self._made:
            self._made[row] = _bar(self._arrays, row)
        return self._made[row]


def _bar(arrays: Any, row: int) -> Bar:
    def price(name: str) -> Decimal:
        texts: NDArray[Any] = arrays[f"bar_{name}"]
        return Decimal(texts[row].decode())

    volume = int(arrays["bar_volume"][row])
    return Bar(
        dt.datetime.fromtimestamp(float(arrays["bar_start"][row]), dt.UTC), int(arrays["bar_seconds"][row]),
        price("open"), price("high"), price("low"), price("close"), volume=None if volume < 0 else volume,
    )  # fmt: skip
