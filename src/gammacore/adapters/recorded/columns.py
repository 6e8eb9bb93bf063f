"""Which column of a table of chains means what: column maps, presets, finding the preset by the header.

When a row was true; and a first look through a table for the days and underlyings it holds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import attrs
from attrs import define, field, frozen

from gammacore.adapters.recorded.text_table import UnreadableFile, open_table
from gammacore.domain.parameters import parameter
from gammacore.domain.sessions import NEW_YORK, new_york_date
from gammacore.domain.written_dates import at_clock, read_clock, read_day, read_instant
from gammacore.domain.written_figures import read_figure
from gammacore.errors import ConfigurationError, InvalidInput

CONTRACT_COLUMNS = ("expiry", "right", "strike")
OPTIONAL_COLUMNS = (
    "spot", "spot_bid", "spot_ask", "open_interest", "iv", "gamma", "root", "underlying", "volume",
)  # fmt: skip


def _zone(name: str | ZoneInfo) -> ZoneInfo:
    if isinstance(name, ZoneInfo):
        return name
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise InvalidInput("zone", name, "give an IANA time zone like America/New_York or UTC") from None


def _clock(time: str | dt.time | None) -> dt.time | None:
    if not isinstance(time, str):
        return time
    if (clock := read_clock(time)) is None:
        raise InvalidInput("clock", time, "give a time of day like 15:45")
    return clock


def _scale(value: object) -> Decimal:
    scale = read_figure(str(value))
    if isinstance(scale, Decimal) and scale > 0:
        return scale
    raise InvalidInput("scale", value, "give a number above 0")


@frozen
class ColumnMap:
    """The names a table gives to what a chain snapshot needs; everything not named here is ignored.

    When: `time` alone holds date and time; or `date` with `time` a time of day; or `date` with the fixed time `clock`.
    Without an offset in the cell they are wall-clock times in `zone`. `seconds_late` is added to every time: 60 where a
    one-minute row is stamped with its start, for its quote is known at its end only.

    What: `expiry`, `right` and `strike` (divided by `strike_scale`), or one `occ_symbol` that says all three. Without a
    `root` column the underlying's 0DTE root is meant. `underlying` keeps the rows of the one asked for; `filters` keeps
    rows whose cell equals the given text.

    How much: `bid`, `ask` in points; `spot`, or the mid of `spot_bid` and `spot_ask` where `spot` is empty or 0;
    `open_interest` in contracts; `iv` (divided by `iv_scale`: 100 for percent); `gamma` per share per point; `volume`,
    contracts traded so far that day.

    >>> ColumnMap(bid="b", ask="a", time="ts", occ_symbol="sym").required
    ('ts', 'sym', 'b', 'a')
    """

    bid: str
    ask: str
    time: str | None = None
    date: str | None = None
    clock: dt.time | None = attrs.field(default=None, converter=_clock)
    zone: ZoneInfo = attrs.field(default=NEW_YORK, converter=_zone)
    seconds_late: float = parameter(0.0, "Added to every time, seconds.", at_least=0, at_most=86_400)
    expiry: str | None = None
    right: str | None = None
    strike: str | None = None
    strike_scale: Decimal = attrs.field(default=Decimal(1), converter=_scale)
    occ_symbol: str | None = None
    root: str | None = None
    underlying: str | None = None
    spot: str | None = None
    spot_bid: str | None = None
    spot_ask: str | None = None
    open_interest: str | None = None
    iv: str | None = None
    iv_scale: Decimal = attrs.field(default=Decimal(1), converter=_scale)
    gamma: str | None = None
    filters: Mapping[str, str] = attrs.field(factory=dict)
    volume: str | None = attrs.field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.time is None and (self.date is None or self.clock is None):
            raise InvalidInput("time", self.time, "name the column of the time, or a date column and a clock")
        if self.occ_symbol is None:
            for role in CONTRACT_COLUMNS:
                if getattr(self, role) is None:
                    raise InvalidInput(role, None, f"name the column of the {role}, or an occ_symbol column")

    @property
    def content(self) -> str:
        """The map in words, for the fingerprint of a replay; as it was before volume was read, where none is named."""
        return str(self) if self.volume is None else f"{self} volume={self.volume!r}"

    @property
    def required(self) -> tuple[str, ...]:
        """The columns that must be there."""
        when = (self.date, self.time if self.clock is None else None)
        what = (self.occ_symbol,) if self.occ_symbol else (self.expiry, self.right, self.strike)
        return tuple(name for name in (*when, *what, self.bid, self.ask, *self.filters) if name is not None)

    @property
    def named(self) -> tuple[str, ...]:
        """Every column the map names."""
        optional = (getattr(self, role) for role in OPTIONAL_COLUMNS)
        return (*self.required, *(name for name in optional if name is not None))

    def without_absent(self, header: Iterable[str]) -> ColumnMap:
        """The map less the optional columns a table does not have: how one preset serves a vendor's variants."""
        there = {_key(name) for name in header}
        absent: dict[str, Any] = {
            role: None for role in OPTIONAL_COLUMNS if _key(getattr(self, role) or "") not in there
        }
        return attrs.evolve(self, **absent)

    def require_in(self, header: tuple[str, ...], source: str) -> None:
        """Refuse a table that lacks a column the map names, or has two that could be meant.

        Raises:
            InvalidInput: names the column, the nearest one and all that are there.
        """
        there = {_key(name) for name in header}
        for name in self.named:
            if header.count(name) != 1 and len(meant := [other for other in header if _key(other) == _key(name)]) > 1:
                named = "columns " + ", ".join(meant)
                raise UnreadableFile(f"{source}: column {name}", f"there more than once ({named})",
                                     "give each column a name of its own")  # fmt: skip
            if _key(name) not in there:
                known = ", ".join(header)[:400]
                raise UnreadableFile(f"{source}: column {name}", "missing", f"it has {known}{_nearest(name, header)}")


def _key(name: str) -> str:
    return name.strip().casefold()


def _nearest(name: str, known: Iterable[str]) -> str:
    by_key = {_key(other): other for other in known}
    near = get_close_matches(_key(name), by_key, n=1, cutoff=0.5)
    return f"; did you mean {by_key[near[0]]}?" if near else ""


def column_index(header: tuple[str, ...], name: str) -> int:
    """Where a column stands that is there; exact spelling first, else without regard to case."""
    if name in header:
        return header.index(name)
    return [_key(other) for other in header].index(_key(name))


PRESETS: dict[str, tuple[ColumnMap, ...]] = {
    "zero-dte-lab": (
        ColumnMap(
            time="quote_ts", expiry="expiry", right="type", strike="strike", bid="bid", ask="ask", spot="spot",
            open_interest="open_interest", iv="iv", gamma="gamma", volume="volume",
        ),
    ),
    "cboe-datashop": (
        ColumnMap(
            time="quote_datetime", underlying="underlying_symbol", root="root", expiry="expiration", strike="strike",
            right="option_type", bid="bid", ask="ask", spot="active_underlying_price", spot_bid="underlying_bid",
            spot_ask="underlying_ask", iv="implied_volatility", gamma="gamma", open_interest="open_interest",
            volume="trade_volume",
        ),
        ColumnMap(
            date="quote_date", clock="15:45", underlying="underlying_symbol", root="root", expiry="expiration",
            strike="strike", right="option_type", bid="bid_1545", ask="ask_1545", spot="active_underlying_price_1545",
            spot_bid="underlying_bid_1545", spot_ask="underlying_ask_1545", iv="implied_volatility_1545",
            gamma="gamma_1545", open_interest="open_interest",
        ),
    ),
}  # fmt: skip
"""Vendors whose layout is known, each with its variants. The times of both are New York wall-clock times.

zero-dte-lab: `quote_ts` is when the quotes were made; `fetched_at_et`, a quarter of an hour later, is never used.
cboe-datashop: the interval file, and the end-of-day file, of which the 15:45 snapshot is read.
"""


def preset(name: str, header: tuple[str, ...], source: str) -> ColumnMap:
    """The variant of a preset that fits a header.

    Raises:
        ConfigurationError: no preset of that name.
        InvalidInput: the table lacks a column the preset needs.
    """
    if name not in PRESETS:
        raise ConfigurationError(f"{name} is no preset{_nearest(name, PRESETS)}; presets: {', '.join(PRESETS)}")
    closest = _closest(PRESETS[name], header).without_absent(header)
    closest.require_in(header, source)
    return closest


def detect(header: tuple[str, ...], source: str) -> ColumnMap:
    """The map of the preset a header belongs to.

    Raises:
        InvalidInput: none is near; the columns that are there and the presets are named. One that is near but for a
            column is refused for the lack of that column.
    """
    complete = [name for name, variants in PRESETS.items() if _share_present(_closest(variants, header), header) == 1]
    if len(complete) > 1:
        raise UnreadableFile(
            f"{source}: the header", f"that of {' and of '.join(complete)}", "name one by market.preset"
        )
    closest = _closest([variant for variants in PRESETS.values() for variant in variants], header)
    if _share_present(closest, header) < RECOGNISED_SHARE:
        unknown = f"of no known vendor: {', '.join(header)[:400]}"
        remedy = f"map its columns, or use a preset ({', '.join(PRESETS)}): [market.columns], market.preset"
        raise UnreadableFile(f"{source}: the header", unknown, remedy)
    closest = closest.without_absent(header)
    closest.require_in(header, source)
    return closest


RECOGNISED_SHARE = 0.7
"""Of a preset's required columns: from here on a table is that vendor's, with a column lost or renamed."""


def _closest(variants: Iterable[ColumnMap], header: tuple[str, ...]) -> ColumnMap:
    return max(variants, key=lambda variant: _share_present(variant, header))


def _share_present(variant: ColumnMap, header: tuple[str, ...]) -> float:
    there = {_key(name) for name in header}
    return sum(_key(name) in there for name in variant.required) / len(variant.required)


def layout(columns: ColumnMap | str | None, header: tuple[str, ...], source: str) -> ColumnMap:
    """The map to read a table by: the one configured, the preset of that name, or the preset its header shows."""
    if isinstance(columns, str):
        return preset(columns, header, source)
    if columns is None:
        return detect(header, source)
    columns.require_in(header, source)
    return columns


@define
class RowClock:
    """Reads the instant of a row; each spelling is understood once."""

    columns: ColumnMap
    header: tuple[str, ...]
    day_first: bool | None = None
    _date: int | None = field(init=False)
    _time: int | None = field(init=False)
    _known: dict[tuple[str, str], tuple[dt.datetime | None, dt.date | None]] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        date, time = self.columns.date, None if self.columns.clock else self.columns.time
        self._date = None if date is None else column_index(self.header, date)
        self._time = None if time is None else column_index(self.header, time)

    def read(self, cells: list[str]) -> tuple[dt.datetime | None, dt.date | None]:
        """The instant and its New York date; (None, None) when the cells do not say."""
        text = ("" if self._date is None else cells[self._date], "" if self._time is None else cells[self._time])
        if text not in self._known:
            instant = self._understand(*text)
            if instant is not None:
                instant += dt.timedelta(seconds=self.columns.seconds_late)
            self._known[text] = (instant, None if instant is None else new_york_date(instant))
        return self._known[text]

    def _understand(self, date_text: str, time_text: str) -> dt.datetime | None:
        if self._date is None:
            return read_instant(time_text, self.columns.zone, self.day_first)
        date, clock = read_day(date_text, self.day_first), self.columns.clock or read_clock(time_text)
        return None if date is None or clock is None else at_clock(date, clock, self.columns.zone)


def symbol_of(text: str) -> str:
    """An underlying as we name it: ^SPX, $SPX, .SPX and I:SPX are SPX."""
    return text.strip().rpartition(":")[2].lstrip("^$.").upper()


@frozen
class TableSurvey:
    """What a table holds: New York dates, and the underlyings its rows name (none when no column says)."""

    dates: tuple[dt.date, ...]
    underlyings: tuple[str, ...]


def survey_csv(path: Path, columns: ColumnMap | str | None = None, *, day_first: bool | None = None) -> TableSurvey:
    """Look through a table without reading its quotes: for choosing a date when none was asked for."""
    with open_table(path) as table:
        columns = layout(columns, table.header, str(path))
        clock = RowClock(columns, table.header, day_first)
        named = None if columns.underlying is None else column_index(table.header, columns.underlying)
        dates: set[dt.date] = set()
        symbols: set[str] = set()
        for _, cells in table:
            if len(cells) == len(table.header):
                dates.update(filter(None, [clock.read(cells)[1]]))
                symbols.update([] if named is None else [symbol_of(cells[named])])
    return TableSurvey(tuple(sorted(dates)), tuple(sorted(symbols)))
