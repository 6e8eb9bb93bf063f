"""Tables of one price over time: bars or prices of an underlying, VIX, daily closes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from statistics import median

from attrs import frozen

from gammacore.adapters.recorded.cells import at_clock, read_clock, read_day, read_instant, read_price
from gammacore.adapters.recorded.text_table import open_table
from gammacore.adapters.recorded.tracks import Seen, Track
from gammacore.adapters.recorded.unreadable import UnreadableFile
from gammacore.domain.market import Bar
from gammacore.domain.sessions import NEW_YORK, TradingSession, new_york
from gammacore.errors import InvalidInput, MissingData
from gammacore.ports.market_data import SettlementPrint

TIME_COLUMNS = ("datetime", "timestamp", "quote_datetime", "time", "t")
PRICE_COLUMNS = ("close", "price", "spot", "last", "value", "vix")
OHLC = ("open", "high", "low", "close")
OLDEST_PREVIOUS_DAYS = 5
"""A daily figure older than this many days is not "the session before": a long weekend is four."""

Row = Mapping[str, str]


@frozen
class PriceTable:
    """Bars, where the table has them, and the price with the instant from which it was known."""

    bars: tuple[Bar, ...]
    seen: Track[Seen | None]


def _rows(path: Path) -> Iterator[Row]:
    with open_table(path) as table:
        names = [name.casefold() for name in table.header]
        for _, cells in table:
            if len(cells) == len(names):
                yield dict(zip(names, cells, strict=True))


def _all_rows(path: Path) -> list[Row]:
    rows = list(_rows(path))
    if not rows:
        raise MissingData(f"{path}: a header and no complete row below it")
    return rows


def _require(path: Path, row: Row, names: tuple[str, ...]) -> str:
    for name in names:
        if name in row:
            return name
    raise UnreadableFile(f"{path}: the header", ", ".join(row)[:200], f"name one of its columns {' or '.join(names)}")


def read_prices(path: Path, date: dt.date) -> PriceTable:
    """Bars (time, open, high, low, close) or prices (time, price) of one underlying; New York times unless offset.

    A bar carries its start and is known at its end: its length is the median distance of neighbours. A time of day
    without a date is of `date`. Rows that say no time or no price are left out.

    Raises:
        MissingData: no file or no row.
        InvalidInput: no column of a time or a price.
    """
    rows = _all_rows(path)
    when = _instants(path, rows[0], date)
    if all(name in rows[0] for name in OHLC):
        return _bar_table(rows, when)
    name = _require(path, rows[0], PRICE_COLUMNS)
    seen = ((when(row), read_price(row[name])) for row in rows)
    return PriceTable((), Track.of((at, Seen(price, at)) for at, price in seen if at is not None and price is not None))


def _instants(path: Path, row: Row, date: dt.date) -> Callable[[Row], dt.datetime | None]:
    """How to read the instant of a row: date and time in one cell, in two, or a time of day alone."""
    name = _require(path, row, TIME_COLUMNS)

    def instant(row: Row) -> dt.datetime | None:
        if (whole := read_instant(row[name], NEW_YORK)) is not None:
            return whole
        day, clock = (read_day(row["date"]) if "date" in row else date), read_clock(row[name])
        return None if day is None or clock is None else at_clock(day, clock, NEW_YORK)

    return instant


def _bar_table(rows: list[Row], when: Callable[[Row], dt.datetime | None]) -> PriceTable:
    starts = {start: row for row in rows if (start := when(row)) is not None}
    ordered = sorted(starts)
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(ordered)]
    seconds = int(median(gaps)) if gaps else 60
    bars = tuple(bar for start in ordered if (bar := _bar(start, seconds, starts[start])) is not None)
    return PriceTable(bars, Track.of((bar.end, Seen(bar.close, bar.end)) for bar in bars))


def _bar(start: dt.datetime, seconds: int, row: Row) -> Bar | None:
    prices = [price for name in OHLC if (price := read_price(row[name])) is not None]
    try:
        return Bar(start, seconds, *prices) if len(prices) == len(OHLC) else None
    except InvalidInput:
        return None


def read_vix(path: Path, session: TradingSession) -> Track[Decimal | None]:
    """VIX as it was known during a session, from an intraday table or a daily one.

    A daily table knows the last close before the session from midnight on, and the session's own open, when it has one,
    from the opening bell. The session's high, low and close are the future and not used.
    """
    rows = _all_rows(path)
    if any(name in rows[0] for name in TIME_COLUMNS):
        seen = read_prices(path, session.date).seen
        return Track(seen.since, tuple(value.price for value in seen.values if value is not None))
    name = _require(path, rows[0], PRICE_COLUMNS)
    _require(path, rows[0], ("date",))
    days = {day: row for row in rows if (day := read_day(row["date"])) is not None}
    known: list[tuple[dt.datetime, Decimal | None]] = []
    earlier = max((day for day in days if day < session.date), default=None)
    if earlier is not None and (session.date - earlier).days <= OLDEST_PREVIOUS_DAYS:
        known.append((new_york(session.date, dt.time()), read_price(days[earlier][name])))
    opening = read_price(days.get(session.date, {}).get("open", ""))
    if opening is not None:
        known.append((session.open, opening))
    return Track.of(known)


def read_closes(path: Path) -> dict[dt.date, SettlementPrint]:
    """Daily closes by date. A column whose name says "estimate" is taken only where no other says a price, flagged."""
    closes: dict[dt.date, SettlementPrint] = {}
    for row in _all_rows(path):
        _require(path, row, ("date",))
        columns = [name for name in row if any(word in name for word in ("close", "settle", "price"))]
        if not columns:
            raise UnreadableFile(f"{path}: the header", ", ".join(row)[:200], "name one of its columns close")
        columns.sort(key=lambda name: "estimate" in name)
        day = read_day(row["date"])
        found = [(name, price) for name in columns if (price := read_price(row[name])) is not None]
        if day is not None and found:
            name, price = found[0]
            closes[day] = SettlementPrint(price, "estimate" in name, f"{path.name}, column {name}")
    return closes
