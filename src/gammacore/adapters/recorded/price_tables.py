"""Tables of one price over time: bars or prices of an underlying, VIX, daily closes; each with what became of its rows.

A row that gives no figure or cannot be read is counted by reason. The same row twice counts once. Of two figures for
one date neither is taken: a settlement is never chosen between two. A table of which nothing could be read is an error.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TypeVar

from attrs import define, field, frozen

from gammacore.adapters.recorded.market import Intake, Seen, Track
from gammacore.adapters.recorded.source_files import files_state, source_files
from gammacore.adapters.recorded.text_table import (
    PRICE,
    TIME_COLUMNS,
    VIX,
    TableOpener,
    UnreadableFile,
    Wanted,
    open_table,
    pick_bars,
    pick_closes,
    pick_column,
    pick_date,
    pick_time,
    pick_volume,
    read_price,
    row_defect,
    words_of,
)
from gammacore.domain.market import Bar
from gammacore.domain.sessions import NEW_YORK, TradingSession, new_york
from gammacore.domain.written_dates import at_clock, days_of, find_days, read_clock, read_day, read_instant
from gammacore.domain.written_figures import Unread, read_figure
from gammacore.errors import InvalidInput, MissingData
from gammacore.ports.market_data import SettlementPrint

T = TypeVar("T")

OLDEST_PREVIOUS_DAYS = 5
"""A daily figure older than this many days is not "the session before": a long weekend is four."""


@frozen
class SideFile:
    """Tables beside a recording: a file, folder or pattern, the column that was named, how 03/04/2026 is meant."""

    path: Path
    column: str | None = None
    day_first: bool | None = None
    opener: TableOpener = open_table


@frozen
class PriceTable:
    """Bars, where the table has them, and the price with the instant from which it was known."""

    bars: tuple[Bar, ...]
    seen: Track[Seen | None]
    intake: Intake = field(factory=Intake)


@frozen
class VixTable:
    """VIX with the instant from which it was known."""

    known: Track[Decimal | None]
    intake: Intake = field(factory=Intake)


@frozen
class CloseTable:
    """Daily closes by date."""

    closes: Mapping[dt.date, SettlementPrint]
    intake: Intake = field(factory=Intake)


@define
class _Rows:
    """The complete rows of a table by their line; what they give is counted in `intake`."""

    file: SideFile
    header: tuple[str, ...]
    rows: list[tuple[int, list[str]]]
    intake: Intake

    @classmethod
    def of(cls, file: SideFile) -> _Rows:
        known = _complete_rows(file, files_state(file.path))
        intake = Intake(known.intake.rows, reasons=dict(known.intake.reasons), first_line=dict(known.intake.first_line))
        return cls(file, known.header, known.rows, intake)

    def price(self, line: int, text: str) -> Decimal | None:
        price = read_price(text)
        if isinstance(price, Decimal):
            return price
        self.intake.count("no_price" if price is Unread.NOT_GIVEN else "unreadable_price", line)
        return None

    def day(self, line: int, text: str) -> dt.date | None:
        day = read_day(text, self.file.day_first)
        if day is None:
            self.intake.count("ambiguous_date" if days_of(text) else "unreadable_date", line)
        return day

    def require_used(self) -> Intake:
        """What became of the rows.

        Raises:
            MissingData: none of them was used; the reasons are named.
        """
        if not self.intake.used:
            raise MissingData(f"{self.file.path}: no usable row: {self.intake}")
        return self.intake


@lru_cache(maxsize=8)
def _complete_rows(file: SideFile, _state: object) -> _Rows:
    """The rows of all files in the order of the first one's columns, read once while they stay as they are."""
    intake = Intake()
    rows: list[tuple[int, list[str]]] = []
    header: tuple[str, ...] = ()
    for path in source_files(file.path):
        with file.opener(path) as table:
            of_name = None if _has_date(table.header) else find_days(path.name)
            own = table.header if of_name is None or len(of_name[0]) != 1 else (*table.header, "date")
            day = [] if len(own) == len(table.header) or of_name is None else [of_name[0][0].isoformat()]
            header = header or own
            order = _order(path, own, header)
            for line, cells in table:
                intake.rows += 1
                if (broken := row_defect(cells, table.header)) is not None:
                    intake.count(broken, line)
                elif order is None:
                    rows.append((line, [*cells[: len(table.header)], *day]))
                else:
                    whole = [*cells[: len(table.header)], *day]
                    rows.append((line, [whole[index] for index in order]))
    if not rows:
        raise MissingData(f"{file.path}: a header and no complete row below it")
    return _Rows(file, header, rows, intake)


def _has_date(header: Sequence[str]) -> bool:
    """Whether rows say their day by themselves; a time of day alone is of the day in the file's name."""
    return any("date" in words_of(name) for name in header)


def _order(path: Path, own: tuple[str, ...], wanted: tuple[str, ...]) -> list[int] | None:
    """Where the columns of the first file stand in another one; None where they stand alike."""
    if own == wanted:
        return None
    names = [name.strip().casefold() for name in own]
    for name in wanted:
        if name.strip().casefold() not in names:
            raise UnreadableFile(f"{path}: column {name}", f"missing; it has {', '.join(own)[:200]}",
                                 "give files of one layout")  # fmt: skip
    return [names.index(name.strip().casefold()) for name in wanted]


def read_prices(file: SideFile, date: dt.date) -> PriceTable:
    """Bars (time, open, high, low, close) or prices (time, price) of one underlying; New York times unless offset.

    A bar carries its start and is known at its end: its length is the median distance of neighbours. A time of day
    without a date is of `date`. Of two prices at one instant the later in the file holds; both are counted.

    Raises:
        MissingData: no file, or no row that could be used.
        InvalidInput: no column of a time or a price, or two that could be the price.
    """
    state = files_state(file.path)
    return _price_table(file, state, None if _tells_days(_complete_rows(file, state)) else date)


@lru_cache(maxsize=4)
def _price_table(file: SideFile, _state: object, date: dt.date | None) -> PriceTable:
    """The prices of all files, made once while they stay as they are; `date` where their rows tell no day."""
    return _prices(_Rows.of(file), date or dt.date.min, PRICE)


def _tells_days(rows: _Rows) -> bool:
    """Whether the rows say their days: a column does, or their times do."""
    time = pick_time(rows.file.path, rows.header)
    dated = any(name.strip().casefold() == "date" for name in rows.header)
    return dated or (
        time is not None and read_instant(rows.rows[0][1][time], NEW_YORK, rows.file.day_first) is not None
    )


def _prices(rows: _Rows, date: dt.date, wanted: Wanted) -> PriceTable:
    when = _instants(rows, date)
    columns = pick_bars(rows.header) if rows.file.column is None else None
    if columns is not None:
        return _bar_table(rows, when, columns, pick_volume(rows.header))
    column = pick_column(rows.file.path, rows.header, wanted, rows.file.column)
    seen: dict[dt.datetime, Decimal] = {}
    for line, cells in rows.rows:
        at = when(line, cells)
        price = None if at is None else rows.price(line, cells[column])
        if at is not None and price is not None:
            if at in seen:
                rows.intake.count("exact_duplicate" if seen[at] == price else "conflicting_duplicate", line)
            seen[at] = price
    rows.intake.used = len(seen)
    intake = rows.require_used()
    return PriceTable((), Track.of((at, Seen(price, at)) for at, price in seen.items()), intake)


def _instants(rows: _Rows, date: dt.date) -> Callable[[int, list[str]], dt.datetime | None]:
    """How to read the instant of a row: date and time in one cell, in two, or a time of day alone."""
    path, header = rows.file.path, rows.header
    time = pick_time(path, header)
    if time is None:
        raise UnreadableFile(
            f"{path}: the header", ", ".join(header)[:200], f"name one of its columns {' or '.join(TIME_COLUMNS)}"
        )
    dated = pick_date(path, header) if any(name.strip().casefold() == "date" for name in header) else None

    def instant(line: int, cells: list[str]) -> dt.datetime | None:
        if (whole := read_instant(cells[time], NEW_YORK, rows.file.day_first)) is not None:
            return whole
        clock = read_clock(cells[time])
        if clock is None:
            rows.intake.count("unreadable_time", line)
            return None
        day = date if dated is None else rows.day(line, cells[dated])
        return None if day is None else at_clock(day, clock, NEW_YORK)

    return instant


def _bar_table(
    rows: _Rows,
    when: Callable[[int, list[str]], dt.datetime | None],
    columns: tuple[int, ...],
    volume_column: int | None,
) -> PriceTable:
    starts: dict[dt.datetime, tuple[int, list[str]]] = {}
    volumes: dict[dt.datetime, int | None] = {}
    for line, cells in rows.rows:
        if (start := when(line, cells)) is not None:
            figures = [cells[column] for column in columns]
            if start in starts:
                same = starts[start][1] == figures
                rows.intake.count("exact_duplicate" if same else "conflicting_duplicate", line)
            starts[start] = (line, figures)
            volumes[start] = None if volume_column is None else _volume(cells[volume_column])
    ordered = sorted(starts)
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(ordered)]
    seconds = int(median(gaps)) if gaps else 60
    read = (_bar(rows, start, seconds, *starts[start], volumes[start]) for start in ordered)
    bars = tuple(bar for bar in read if bar is not None)
    rows.intake.used = len(bars)
    intake = rows.require_used()
    return PriceTable(bars, Track.of((bar.end, Seen(bar.close, bar.end)) for bar in bars), intake)


def _volume(text: str) -> int | None:
    """Shares traded; None where the cell does not say: the bar holds without it. Rule: SC-009."""
    volume = read_figure(text)
    return int(volume) if isinstance(volume, Decimal) and volume >= 0 else None


def _bar(
    rows: _Rows, start: dt.datetime, seconds: int, line: int, figures: list[str], volume: int | None
) -> Bar | None:
    prices: list[Decimal] = []
    for text in figures:
        if (price := rows.price(line, text)) is None:
            return None
        prices.append(price)
    try:
        return Bar(start, seconds, *prices, volume=volume)
    except InvalidInput:
        rows.intake.count("unusable_bar", line)
        return None


def read_vix(file: SideFile, session: TradingSession) -> VixTable:
    """VIX as it was known during a session, from an intraday table or a daily one.

    A daily table knows the last close before the session from midnight on, and the session's own open, when it has one,
    from the opening bell. The session's high, low and close are the future and not used.

    Raises:
        MissingData: no file, or no row that could be used.
        InvalidInput: no column of a date or of VIX, or two that could be meant.
    """
    rows = _Rows.of(file)
    if pick_time(file.path, rows.header) is not None:
        table = _prices(rows, session.date, VIX)
        values = tuple(value.price for value in table.seen.values if value is not None)
        return VixTable(Track(table.seen.since, values), table.intake)
    column = pick_column(file.path, rows.header, VIX, file.column)
    opens = [index for index, name in enumerate(rows.header) if name.strip().casefold() == "open"]
    days = _by_day(rows, lambda line, cells: _daily_vix(rows, line, cells, column, opens, session.date))
    known: list[tuple[dt.datetime, Decimal | None]] = []
    earlier = max((day for day in days if day < session.date), default=None)
    if earlier is not None and (session.date - earlier).days <= OLDEST_PREVIOUS_DAYS:
        known.append((new_york(session.date, dt.time()), days[earlier][0]))
    opening = days[session.date][1] if session.date in days else None
    if opening is not None:
        known.append((session.open, opening))
    return VixTable(Track.of(known), rows.require_used())


def _daily_vix(
    rows: _Rows, line: int, cells: list[str], column: int, opens: list[int], today: dt.date
) -> tuple[Decimal | None, Decimal | None] | None:
    """Close and open of a row; on the day itself the open alone will do."""
    opening = read_price(cells[opens[0]]) if len(opens) == 1 else Unread.NOT_GIVEN
    opened = opening if isinstance(opening, Decimal) else None
    if opened is not None and read_day(cells[pick_date(rows.file.path, rows.header)], rows.file.day_first) == today:
        close = read_price(cells[column])
        return (close if isinstance(close, Decimal) else None), opened
    price = rows.price(line, cells[column])
    return None if price is None else (price, opened)


def read_closes(file: SideFile) -> CloseTable:
    """Daily closes by date. A column whose name says "estimate" is taken only where no other gives a price, flagged.

    Raises:
        MissingData: no file, or no row that could be used.
        InvalidInput: no column of a date or a close, or two that could be the close.
    """
    rows = _Rows.of(file)
    columns = pick_closes(file.path, rows.header, file.column)

    def close(line: int, cells: list[str]) -> SettlementPrint | None:
        for column, estimated in columns:
            price = read_price(cells[column])
            if isinstance(price, Decimal):
                return SettlementPrint(price, estimated, f"{file.path.name}, column {rows.header[column].casefold()}")
            if price is Unread.UNREADABLE or column == columns[-1][0]:
                rows.price(line, cells[column])  # counts why
                return None
        return None

    return CloseTable(_by_day(rows, close), rows.require_used())


def _by_day(rows: _Rows, read: Callable[[int, list[str]], T | None]) -> dict[dt.date, T]:
    """What each date gives; a date with two different figures gives none, and both are counted."""
    dated = pick_date(rows.file.path, rows.header)
    found: dict[dt.date, T] = {}
    contested: set[dt.date] = set()
    for line, cells in rows.rows:
        day = rows.day(line, cells[dated])
        value = None if day is None else read(line, cells)
        if day is None or value is None:
            continue
        if day in contested or (day in found and found[day] != value):
            rows.intake.count("conflicting_duplicate", line, times=1 if day in contested else 2)
            contested.add(day)
            found.pop(day, None)
        elif day in found:
            rows.intake.count("exact_duplicate", line)
        else:
            found[day] = value
    rows.intake.used = len(found)
    return found
