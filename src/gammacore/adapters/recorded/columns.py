"""Which column of a table of chains means what, and how its cells are converted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import attrs
from attrs import frozen

from gammacore.adapters.recorded.text_table import UnreadableFile
from gammacore.domain.parameters import parameter
from gammacore.domain.sessions import NEW_YORK
from gammacore.domain.written_dates import read_clock
from gammacore.domain.written_figures import read_figure
from gammacore.errors import InvalidInput

CONTRACT_COLUMNS = ("expiry", "right", "strike")
SIDES = ("call", "put")
WIDE_QUOTES = tuple(f"{side}_{price}" for side in SIDES for price in ("bid", "ask"))
WIDE_OPTIONAL = tuple(f"{side}_{role}" for side in SIDES for role in ("open_interest", "iv", "gamma", "volume"))
OPTIONAL_COLUMNS = (
    "spot", "spot_bid", "spot_ask", "open_interest", "iv", "gamma", "root", "underlying", "volume", *WIDE_OPTIONAL,
)  # fmt: skip


class Unchanged(StrEnum):
    """What an instant without a row of a contract means: it was not listed, or its quote was what it was before."""

    ABSENT = "absent"
    CARRY = "carry"


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

    Wide rows, a call and a put of one strike: `call_bid`, `call_ask`, `put_bid`, `put_ask` in place of `bid`, `ask` and
    `right`, and `call_iv`, `put_gamma`, ... likewise. Prices are divided by `price_scale`, and by `integer_price_scale`
    where a cell is a whole number of six digits and more. `no_price` is the text that means none; `zero_is_none`: bid
    and ask both 0 are no quote; `blank_bid_is_zero`: nobody bids. `unchanged = "carry"`: a contract without a row keeps
    its quote, with the time it was quoted at. `contract_in_name`: a file is of the one contract its name tells.
    `own`: a table as `OptionChain.to_frame` writes it: a blank open interest is unknown, an IV of 0 is one, a quote may
    be of an earlier day. Rules: ST-102, ST-103, OP-804.

    >>> ColumnMap(bid="b", ask="a", time="ts", occ_symbol="sym").required
    ('ts', 'sym', 'b', 'a')
    """

    bid: str | None = None
    ask: str | None = None
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
    call_bid: str | None = attrs.field(default=None, repr=False)
    call_ask: str | None = attrs.field(default=None, repr=False)
    call_open_interest: str | None = attrs.field(default=None, repr=False)
    call_iv: str | None = attrs.field(default=None, repr=False)
    call_gamma: str | None = attrs.field(default=None, repr=False)
    call_volume: str | None = attrs.field(default=None, repr=False)
    put_bid: str | None = attrs.field(default=None, repr=False)
    put_ask: str | None = attrs.field(default=None, repr=False)
    put_open_interest: str | None = attrs.field(default=None, repr=False)
    put_iv: str | None = attrs.field(default=None, repr=False)
    put_gamma: str | None = attrs.field(default=None, repr=False)
    put_volume: str | None = attrs.field(default=None, repr=False)
    price_scale: Decimal = attrs.field(default=Decimal(1), converter=_scale, repr=False)
    integer_price_scale: Decimal = attrs.field(default=Decimal(1), converter=_scale, repr=False)
    no_price: str | None = attrs.field(default=None, repr=False)
    zero_is_none: bool = attrs.field(default=False, repr=False)
    blank_bid_is_zero: bool = attrs.field(default=False, repr=False)
    unchanged: Unchanged = attrs.field(default=Unchanged.ABSENT, converter=Unchanged, repr=False)
    contract_in_name: bool = attrs.field(default=False, repr=False)
    own: bool = attrs.field(default=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.time is None and (self.date is None or self.clock is None):
            raise InvalidInput("time", self.time, "name the column of the time, or a date column and a clock")
        for role in ("bid", "ask") if not self.is_wide else WIDE_QUOTES:
            if getattr(self, role) is None:
                fix = "name the columns of bid and ask, or of call_bid, call_ask, put_bid and put_ask"
                raise InvalidInput(role, None, fix)
        if self.occ_symbol is None and not self.contract_in_name:
            for role in CONTRACT_COLUMNS:
                if getattr(self, role) is None and not (role == "right" and self.is_wide):
                    raise InvalidInput(role, None, f"name the column of the {role}, or an occ_symbol column")

    @property
    def is_wide(self) -> bool:
        """Whether a row is a call and a put."""
        return any(getattr(self, role) is not None for role in WIDE_QUOTES)

    @property
    def content(self) -> str:
        """The map in words, for the fingerprint of a replay; what was not there before stands in it where it is set."""
        later = [a for a in attrs.fields(ColumnMap) if a.repr is False and getattr(self, a.name) != a.default]
        return " ".join([str(self), *(f"{a.name}={getattr(self, a.name)!r}" for a in later)])

    @property
    def required(self) -> tuple[str, ...]:
        """The columns that must be there."""
        when = (self.date, self.time if self.clock is None else None)
        what = (self.occ_symbol,) if self.occ_symbol else (self.expiry, self.right, self.strike)
        prices = (getattr(self, role) for role in (WIDE_QUOTES if self.is_wide else ("bid", "ask")))
        return tuple(name for name in (*when, *what, *prices, *self.filters) if name is not None)

    @property
    def named(self) -> tuple[str, ...]:
        """Every column the map names."""
        optional = (getattr(self, role) for role in OPTIONAL_COLUMNS)
        return (*self.required, *(name for name in optional if name is not None))

    def without_absent(self, header: Iterable[str]) -> ColumnMap:
        """The map less the optional columns a table does not have: how one preset serves a vendor's variants."""
        there = {column_key(name) for name in header}
        absent: dict[str, Any] = {
            role: None for role in OPTIONAL_COLUMNS if column_key(getattr(self, role) or "") not in there
        }
        return attrs.evolve(self, **absent)

    def require_in(self, header: tuple[str, ...], source: str) -> None:
        """Refuse a table that lacks a column the map names, or has two that could be meant.

        Raises:
            InvalidInput: names the column, the nearest one and all that are there.
        """
        there = {column_key(name) for name in header}
        for name in self.named:
            meant = [other for other in header if column_key(other) == column_key(name)]
            if header.count(name) != 1 and len(meant) > 1:
                named = "columns " + ", ".join(meant)
                raise UnreadableFile(f"{source}: column {name}", f"there more than once ({named})",
                                     "give each column a name of its own")  # fmt: skip
            if column_key(name) not in there:
                known = ", ".join(header)[:400]
                raise UnreadableFile(
                    f"{source}: column {name}", "missing", f"it has {known}{nearest_name(name, header)}"
                )


def column_key(name: str) -> str:
    """A column's name as names are compared: case, blanks and the brackets around it do not matter.

    >>> column_key(" [C_BID] ")
    'c_bid'
    """
    return name.strip().removeprefix("[").removesuffix("]").strip().casefold()


def missing_column(name: str, header: tuple[str, ...], source: str) -> UnreadableFile:
    """The refusal of a table for the lack of a column; what it has and the nearest name are told."""
    there = f"it has {', '.join(header)[:400]}{nearest_name(name, header)}"
    return UnreadableFile(f"{source}: column {name}", "missing", there)


def nearest_name(name: str, known: Iterable[str]) -> str:
    by_key = {column_key(other): other for other in known}
    near = get_close_matches(column_key(name), by_key, n=1, cutoff=0.5)
    return f"; did you mean {by_key[near[0]]}?" if near else ""


def column_index(header: tuple[str, ...], name: str) -> int:
    """Where a column stands that is there; exact spelling first, else without regard to case."""
    if name in header:
        return header.index(name)
    return [column_key(other) for other in header].index(column_key(name))
