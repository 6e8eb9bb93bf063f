"""A chain from a frame or from rows of a program, through the intake of vendors' tables. Rule: OP-804."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import attrs
from attrs import frozen

from gammacore.adapters.recorded.columns import ColumnMap, column_index, column_key, nearest_name
from gammacore.adapters.recorded.day_rows import DayRows
from gammacore.adapters.recorded.presets import is_known, layout
from gammacore.adapters.recorded.row_clock import RowClock, symbol_of
from gammacore.adapters.recorded.row_reader import RowReader
from gammacore.adapters.recorded.survey import NAMING, UNSAID, underlying_named
from gammacore.adapters.recorded.text_table import UnreadableFile
from gammacore.domain.instruments import REGISTRY, Exercise, Settlement, Underlying
from gammacore.domain.market import OptionChain
from gammacore.domain.sessions import NEW_YORK, new_york_date, require_aware
from gammacore.domain.written_dates import read_instant
from gammacore.errors import InvalidInput, MissingData
from gammacore.frames import from_frame, plain_or_none, rows_as_columns

SHOWN = ("root", "expiry", "strike", "right", "bid", "ask", "open_interest", "iv", "gamma", "volume")
"""The columns `OptionChain.to_frame` writes, besides the time."""

NEEDED = ("expiry", "strike", "right", "bid", "ask")
"""Those a table must have."""

SEEN = "quoted_at"
"""The column of the time: in a table without one every row is of `as_of`."""

NEVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""Stands for a row that says of no time: its contract is listed, its quote is undated."""

Columns = ColumnMap | Mapping[str, Any] | None
Cells = dict[str, list[Any]]


def chain_from_frame(
    frame: Any,
    *,
    underlying: str | Underlying | None = None,
    as_of: dt.datetime | None = None,
    columns: Columns = None,
    preset: str | None = None,
) -> OptionChain:
    """The chain a frame of pandas or polars shows at `as_of` (default: its newest time)."""
    return _Table("the table", from_frame(frame)).chain(underlying, as_of, columns, preset)


def chain_from_rows(
    rows: Iterable[Any],
    *,
    underlying: str | Underlying | None = None,
    as_of: dt.datetime | None = None,
    columns: Columns = None,
    preset: str | None = None,
) -> OptionChain:
    """The chain that rows show, each a mapping of column to value."""
    listed = list(rows)
    for row in listed:
        if not isinstance(row, Mapping):
            raise InvalidInput("rows", type(row).__name__, "give mappings of column to value")
        if wrong := [name for name in row if not isinstance(name, str)]:
            raise InvalidInput("rows", f"a column named {wrong[0]!r}", "give every column a name")
    cells = {name: [plain_or_none(value) for value in column] for name, column in rows_as_columns(listed).items()}
    return _Table("the table", cells).chain(underlying, as_of, columns, preset)


@frozen
class _Table:
    """Values by column, of equal length; `source` is its name in messages."""

    source: str
    values: Cells

    def chain(
        self, underlying: str | Underlying | None, as_of: dt.datetime | None, columns: Columns, preset: str | None
    ) -> OptionChain:  # fmt: skip
        if as_of is not None:
            require_aware("as_of", as_of)
        if not any(self.values.values()):
            raise MissingData(f"{self.source}: no rows")
        known, timed = self._layout(columns, preset, as_of)
        zone_is_told = known.own is False and not (isinstance(columns, Mapping) and "zone" not in columns)
        header = tuple(timed)
        table = [list(row) for row in zip(*(_texts(timed, name, known, zone_is_told) for name in header), strict=True)]
        if as_of is None:
            as_of = self._newest(known, header, table)
        day = DayRows(self._underlying(underlying, known, header, table), new_york_date(as_of))
        reader = RowReader(known, header, day)
        for line, cells in enumerate(table, 1):
            reader.take(line, cells)
        chain = day.chains.chain_as_of(as_of, day.intake) if len(day.chains) else None
        if chain is None:
            raise MissingData(f"{self.source}, until {as_of.isoformat()}: {day.why_empty()}")
        return chain

    def _layout(self, columns: Columns, preset: str | None, as_of: dt.datetime | None) -> tuple[ColumnMap, Cells]:
        """The map to read by, and the table with a column of times.

        Raises:
            InvalidInput: a column is missing, or is none that is known.
        """
        if columns is not None and preset is not None:
            raise InvalidInput("preset", preset, "give columns or a preset, not both")
        header = tuple(self.values)
        if isinstance(columns, ColumnMap) or preset is not None:
            return layout(columns if preset is None else preset, header, self.source), self.values  # type: ignore[arg-type]
        if columns is None and not self._is_as_shown():
            return layout(None, header, self.source), self.values
        roles: dict[str, Any] = dict(self._as_shown() if columns is None else columns)
        if columns is not None:
            _require_roles(roles)
        timed = self.values
        if not {"time", "date"} & set(roles):
            if as_of is None:
                raise InvalidInput("as_of", None, f"give as_of=, for {self.source} has no column of times")
            roles["time"] = SEEN
            timed = {**self.values, SEEN: [as_of] * len(next(iter(self.values.values())))}
        own: dict[str, Any] = {"own": True, "unchanged": "carry"} if columns is None else {}
        known = ColumnMap(**roles, **own)
        known.require_in(tuple(timed), self.source)
        return known, timed

    def _is_as_shown(self) -> bool:
        """Whether it is meant to be a table as `to_frame` writes it, and of no vendor."""
        there = {column_key(name) for name in self.values}
        return not is_known(tuple(self.values)) and len(there.intersection(NEEDED)) >= len(NEEDED) - 1

    def _as_shown(self) -> dict[str, str]:
        """The roles of its columns, each named as `to_frame` names it.

        Raises:
            InvalidInput: a column that `to_frame` does not write.
        """
        there, known = {column_key(name): name for name in self.values}, (*SHOWN, SEEN)
        for key, name in there.items():
            if key not in known:
                fix = f"known are {', '.join(known)}{nearest_name(name, known)}; leave it out, or give columns="
                raise UnreadableFile(f"{self.source}: column {name}", "unknown", fix)
        roles = {role: role for role in SHOWN if role in there or role in NEEDED}
        return roles | ({"time": SEEN} if SEEN in there else {})

    def _newest(self, known: ColumnMap, header: tuple[str, ...], table: list[list[str]]) -> dt.datetime:
        clock = RowClock(known, header)
        times = [at for at, _ in map(clock.read, table) if at is not None and at != NEVER]
        if not times:
            raise InvalidInput("as_of", None, f"give as_of=, for no time of {self.source} can be read")
        return max(times)

    def _underlying(
        self, given: str | Underlying | None, known: ColumnMap, header: tuple[str, ...], table: list[list[str]]
    ) -> Underlying:  # fmt: skip
        if isinstance(given, Underlying):
            return given
        if given is None:
            role = next((role for role in NAMING if getattr(known, role) is not None), None)
            place = None if role is None else column_index(header, getattr(known, role))
            texts = set() if place is None else {cells[place] for cells in table}
            named = {underlying_named(role, text) for text in texts} - {UNSAID} if role else set()
            if len(named) != 1:
                there = ", ".join(sorted(named)) or None
                raise InvalidInput("underlying", there, f"give underlying=, like 'SPX': {self.source} does not tell it")
            given = named.pop()
        symbol = symbol_of(given)
        return REGISTRY.get(symbol) or Underlying(symbol, symbol, Exercise.AMERICAN, Settlement.PHYSICAL)


def _require_roles(roles: Iterable[str]) -> None:
    """Refuse a role that a map does not have; the nearest is named."""
    known = [field.name for field in attrs.fields(ColumnMap) if field.name != "own"]
    for role in roles:
        if role not in known:
            fix = f"known are {', '.join(known)}{nearest_name(role, known)}"
            raise UnreadableFile(f"columns: {role}", "unknown", fix)


def _texts(values: Cells, name: str, known: ColumnMap, zone_is_told: bool) -> Iterator[str]:
    """The cells of a column as a table has them.

    Raises:
        InvalidInput: a time without a zone.
    """
    is_time = known.time is not None and column_key(name) == column_key(known.time)
    is_instant = is_time and known.date is None
    for value in values[name]:
        if is_instant and value is None and known.own:
            yield NEVER.isoformat()
            continue
        if is_instant and _is_naive(value, zone_is_told=zone_is_told):
            fix = f"make it aware, as by frame[{name!r}].dt.tz_localize('America/New_York') in pandas"
            raise InvalidInput(name, f"{value} (a time without a zone)", fix)
        yield _text(value, is_time=is_time)


def _is_naive(value: Any, *, zone_is_told: bool) -> bool:
    """Whether it says a time of day of no place: one that another zone would make another instant."""
    if isinstance(value, dt.datetime):
        return value.tzinfo is None
    if zone_is_told or not isinstance(value, str):
        return False
    return read_instant(value, NEW_YORK) != read_instant(value, ZoneInfo("UTC"))


def _text(value: Any, *, is_time: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat() if is_time else value.date().isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else str(value)
