"""CBOE delayed-quote tables: one file, one option chain with its spot.

Layout: a blank line or none; `<name>,Last: x,Change: y`; the quoted date; a header; then a line a strike with 22
columns: expiry, ten of the call, strike, ten of the put.
"""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import itertools
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define, field, frozen

from gammacore.adapters.cboe.quote_time import at_zone, dated, mentions_date, quoted_at, shown
from gammacore.domain.instruments import UNDERLYING_OF_ROOT, Right, is_adjusted
from gammacore.domain.market import OptionChain
from gammacore.domain.option_symbols import read_option_symbol
from gammacore.domain.sessions import NEW_YORK
from gammacore.domain.written_dates import days_of, within_listing
from gammacore.domain.written_figures import Unread, read_figure, read_fraction, read_model_figure
from gammacore.errors import InvalidInput, MissingData

_PREAMBLE_LINES = 8
_ADJUSTED = -1  # what stands for the code of a root that is left out
_LARGEST_VOLATILITY = 100.0  # 10,000 % a year
_LAST = re.compile(r"last\s*:(.*)", re.IGNORECASE)
_DIGITS = re.compile(r"[0-9]+(?:\.[0-9]*)?")
_LISTED_BEFORE = dt.timedelta(days=7)
"""Tables of a weekend still list the contracts of the week before."""
_COLUMNS = {
    "expirationdate": "expiry", "expiration": "expiry", "expiry": "expiry", "calls": "symbol", "puts": "symbol",
    "strike": "strike", "strikeprice": "strike", "bid": "bid", "ask": "ask", "iv": "iv", "impliedvolatility": "iv",
    "gamma": "gamma", "openinterest": "open_interest", "openint": "open_interest", "oi": "open_interest",
}  # fmt: skip
_SIDE_COLUMNS = ("symbol", "bid", "ask", "iv", "gamma", "open_interest")
_WRITTEN = {
    "symbol": "option symbol", "bid": "Bid", "ask": "Ask", "iv": "IV", "gamma": "Gamma",
    "open_interest": "Open Interest", "strike": "Strike", "expiry": "Expiration Date",
}  # fmt: skip


@frozen
class _Layout:
    """Where the columns stand: the one of the expiry, the one of the strike, and those of calls and puts."""

    expiry: int
    strike: int
    call: dict[str, int]
    put: dict[str, int]
    width: int


@define
class _Columns:
    """The chain while it is read."""

    strike: list[float] = field(factory=list)
    is_call: list[bool] = field(factory=list)
    expiry: list[dt.date] = field(factory=list)
    root: list[int] = field(factory=list)
    bid: list[float] = field(factory=list)
    ask: list[float] = field(factory=list)
    open_interest: list[float] = field(factory=list)
    iv: list[float] = field(factory=list)
    gamma: list[float] = field(factory=list)


def sniff(first_bytes: bytes) -> bool:
    """Whether a file that begins like this is a CBOE table, whatever its name.

    >>> sniff(b"\\r\\nS&P 500,Last: 1,Change: 0\\r\\nDate: ...\\r\\nExpiration Date,Calls,Last Sale,Net")
    True
    """
    squeezed = re.sub(r"[\s\"_]", "", _text(first_bytes)).lower()
    return re.search(r"expirationdate,calls,", squeezed) is not None


def read_chain(
    source: str | Path | bytes,
    name: str | None = None,
    *,
    as_of: dt.datetime | dt.time | None = None,
    spot: Decimal | None = None,
    roots: Mapping[str, str] = UNDERLYING_OF_ROOT,
) -> tuple[OptionChain, Decimal]:
    """The chain and the spot (points) of a CBOE table; a quote that cannot be used is counted in `chain.defects`.

    `as_of` stands in for a quoted date that is missing or cannot be read (a time of day, New York's, for one without a
    time), `spot` for a price that is; neither replaces what the table gives. A line given twice counts once. `roots`
    are those whose underlying is known: a root that is not among them and ends in a digit is that of adjusted
    contracts, which are left out and counted in `chain.defects` too.

    Raises:
        MissingData: no such file, an empty one, or a table without a contract.
        InvalidInput: not a CBOE table, or a line that breaks its layout; file, line and column are named.
    """
    label, content = _content(source, name)
    lines = list(_lines(content, label))
    head = _header_position(lines, label)
    preamble = [",".join(cells) for _, cells in lines[:head]]
    if spot is None or any(_LAST.search(line) for line in preamble):
        spot = _spot([cells for _, cells in lines[:head]], label, spot)
    layout = _layout(lines[head][1], f"{label}: line {lines[head][0]}")
    reader = _Reader(label, layout, roots)
    for number, cells in lines[head + 1 :]:
        reader.read(number, cells)
    return reader.chain(preamble, as_of), spot


def _content(source: str | Path | bytes, name: str | None) -> tuple[str, str]:
    if isinstance(source, bytes):
        label, raw = name or "table", source
    else:
        path = Path(source)
        label = name or path.name
        if path.is_dir():
            raise InvalidInput("table", str(path), "give a file, this is a directory")
        try:
            raw = path.read_bytes()
        except OSError as trouble:
            raise MissingData(f"{path}: cannot be read ({trouble.strerror or trouble})") from trouble
    if not raw.strip():
        raise MissingData(f"{label}: the file is empty")
    return label, _text(raw)


def _text(raw: bytes) -> str:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _lines(content: str, label: str) -> Iterator[tuple[int, list[str]]]:
    """Lines that hold something, with their numbers from 1; trailing empty cells are dropped later."""
    reader = csv.reader(content.splitlines())
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, [cell.strip() for cell in cells]
    except csv.Error as trouble:
        raise InvalidInput(f"{label}: line {reader.line_num}", str(trouble), "give a CBOE quote table") from trouble


def _header_position(lines: Sequence[tuple[int, list[str]]], label: str) -> int:
    for position, (_, cells) in enumerate(lines[:_PREAMBLE_LINES]):
        names = [_squeezed(cell) for cell in cells]
        if "calls" in names and "puts" in names:
            return position
    start = ",".join(lines[0][1])[:40]
    raise InvalidInput(f"{label}: header", repr(start), "give a CBOE quote table: a line with Calls, Strike and Puts")


def _squeezed(cell: str) -> str:
    return re.sub(r"[^a-z]", "", cell.lower())


def _spot(preamble: Sequence[Sequence[str]], label: str, stand_in: Decimal | None) -> Decimal:
    """The price behind `Last:`; its thousands may stand in cells of their own."""
    for cells in preamble:
        for position, cell in enumerate(cells):
            if match := _LAST.search(cell):
                parts = [match[1].strip(), *itertools.takewhile(_DIGITS.fullmatch, cells[position + 1 :])]
                spot = read_figure(",".join(parts))
                if isinstance(spot, Decimal) and spot > 0:
                    return spot
    if stand_in is not None:
        return stand_in
    first = shown(",".join(preamble[0])) if preamble else "''"
    raise InvalidInput(f"{label}: Last", first, "give a name line with 'Last: ' and a price above 0, or --spot")


def _layout(header: Sequence[str], place: str) -> _Layout:
    names = [_column(cell) for cell in header]
    if "strike" not in names or "expiry" not in names:
        missing = "Strike" if "strike" not in names else "Expiration Date"
        raise InvalidInput(f"{place}, {missing}", "missing", "give all 22 columns of a CBOE table")
    middle = names.index("strike")
    sides = []
    for side, start, end in (("calls", 0, middle), ("puts", middle + 1, len(names))):
        places = {known: start + names[start:end].index(known) for known in _SIDE_COLUMNS if known in names[start:end]}
        for known in _SIDE_COLUMNS:
            if known not in places:
                raise InvalidInput(f"{place}, {_WRITTEN[known]} of the {side}", "missing", "give all 22 columns")
        sides.append(places)
    width = max(position for position, cell in enumerate(header) if cell) + 1
    return _Layout(names.index("expiry"), middle, sides[0], sides[1], width)


def _column(cell: str) -> str:
    """Which column a header cell names: `Open Interest`, `CallOpenInt` and `Open Interest.1` are one."""
    squeezed = _squeezed(cell)
    bare = re.sub(r"^(?:call|put)(?!s$)", "", squeezed)
    return _COLUMNS.get(squeezed) or _COLUMNS.get(bare, "")


class _Reader:
    """Reads the lines below the header into columns."""

    def __init__(self, label: str, layout: _Layout, roots: Mapping[str, str]) -> None:
        self._known = roots
        self._adjusted = 0
        self._label = label
        self._layout = layout
        self._columns = _Columns()
        self._roots: dict[str, int] = {}
        self._series: dict[str, tuple[int, dt.date, Right]] = {}
        self._expiries: dict[str, tuple[dt.date, ...]] = {}
        self._lines: dict[tuple[str, ...], list[str]] = {}
        self._repeats = 0

    def read(self, number: int, cells: list[str]) -> None:
        layout, place = self._layout, f"{self._label}: line {number}"
        if len(cells) < layout.width or any(cells[layout.width :]):
            raise InvalidInput(place, f"{len(cells)} columns", f"give {layout.width}; the file may be cut off")
        strike = _number(cells[layout.strike], place, "Strike")
        if not 0 < strike < 100_000:
            raise InvalidInput(f"{place}, Strike", cells[layout.strike], "give a price above 0 and below 100,000")
        if self._is_repeat(cells, place):
            return
        expiries = self._expiry(cells[layout.expiry], place)
        for side, right in ((layout.call, Right.CALL), (layout.put, Right.PUT)):
            self._contract(cells, side, right, expiries, strike, place)

    def _is_repeat(self, cells: list[str], place: str) -> bool:
        """Whether a line of the same contracts was read already; one that differs from it is refused."""
        contracts = (cells[self._layout.call["symbol"]], cells[self._layout.put["symbol"]])
        earlier = self._lines.setdefault(contracts, cells)
        if earlier is cells:
            return False
        if earlier[: self._layout.width] != cells[: self._layout.width]:
            raise InvalidInput(f"{place}, option symbol", contracts[0], "give each contract once: another line differs")
        self._repeats += 1
        return True

    def _contract(
        self,
        cells: list[str],
        side: dict[str, int],
        right: Right,
        expiries: tuple[dt.date, ...],
        strike: float,
        place: str,
    ) -> None:
        symbol = cells[side["symbol"]]
        root, day, shown, thousandths = self._identity(symbol, place)
        if shown is not right or day not in expiries or round(strike * 1000) != thousandths:
            raise InvalidInput(
                f"{place}, option symbol", symbol, f"it is not the {strike:g} {right.name} of {expiries[0]}"
            )
        if root == _ADJUSTED:
            self._adjusted += 1
            return
        columns = self._columns
        columns.strike.append(strike)
        columns.is_call.append(right is Right.CALL)
        columns.expiry.append(day)
        columns.root.append(root)
        columns.bid.append(_quote(cells[side["bid"]], place, "Bid"))
        columns.ask.append(_quote(cells[side["ask"]], place, "Ask"))
        columns.open_interest.append(_contracts(cells[side["open_interest"]], place))
        columns.iv.append(_number(cells[side["iv"]], place, "IV", at_most=_LARGEST_VOLATILITY, read=read_fraction))
        columns.gamma.append(_number(cells[side["gamma"]], place, "Gamma"))

    def _identity(self, symbol: str, place: str) -> tuple[int, dt.date, Right, int]:
        """Root, expiry, right and strike × 1000; all but the strike of an OCC symbol is read once a series."""
        known = self._series.get(symbol[:-8])
        if known is not None and symbol[-8:].isdecimal():
            return *known, int(symbol[-8:])
        try:
            contract = read_option_symbol(symbol)
        except InvalidInput as wrong:
            raise InvalidInput(f"{place}, option symbol", repr(symbol), wrong.fix) from wrong
        if is_adjusted(contract.root, *self._known):
            code = _ADJUSTED
        else:
            code = self._roots.setdefault(contract.root, len(self._roots))
        series = self._series.setdefault(contract.occ[:-8], (code, contract.expiry, contract.right))
        return *series, int(contract.strike * 1000)

    def _expiry(self, text: str, place: str) -> tuple[dt.date, ...]:
        """The days an expiry may be: of an ambiguous one the option symbol beside it tells which."""
        if text not in self._expiries:
            self._expiries[text] = days_of(text)
        if days := self._expiries[text]:
            return days
        raise InvalidInput(f"{place}, Expiration Date", repr(text), "give a date like Fri Jun 10 2022")

    def chain(self, preamble: Sequence[str], stand_in: dt.datetime | dt.time | None) -> OptionChain:
        columns = self._columns
        if not columns.strike and self._adjusted:
            raise MissingData(f"{self._label}: all {self._adjusted} contracts are adjusted ones; give the table of "
                              "standard contracts")  # fmt: skip
        if not columns.strike:
            raise MissingData(f"{self._label}: no contract below the header")
        as_of = self._quoted(preamble, stand_in)
        body: dict[str, Any] = {name: getattr(columns, name) for name in _Columns.__annotations__}
        size = len(columns.strike)
        chain = OptionChain(
            self._underlying(), as_of, tuple(self._roots), **body, quoted_at=np.full(size, as_of.timestamp())
        )
        counts = {"exact_duplicate": 2 * self._repeats, "adjusted": self._adjusted}
        chain.defects.update({reason: count for reason, count in counts.items() if count})
        return chain

    def _quoted(self, preamble: Sequence[str], stand_in: dt.datetime | dt.time | None) -> dt.datetime:
        """The quoted date of the table; what stands in for it where the table gives none that can be read."""
        field, expiries = f"{self._label}: quoted date", self._columns.expiry
        line = next((line for line in reversed(preamble) if mentions_date(line)), None)
        line = line or next((line for line in preamble if "date" in line.lower()), preamble[-1] if preamble else "")
        try:
            as_of = quoted_at(line, expiries, field)
            first, last, day = min(expiries), max(expiries), as_of.astimezone(NEW_YORK).date()
            if first < day - _LISTED_BEFORE or not within_listing(max(last, day), day):
                raise InvalidInput(field, shown(line), f"it does not belong to expiries from {first} to {last}")
        except InvalidInput as wrong:
            if isinstance(stand_in, dt.datetime):
                return (stand_in if stand_in.tzinfo else stand_in.replace(tzinfo=NEW_YORK)).astimezone(dt.UTC)
            if isinstance(stand_in, dt.time):
                return at_zone(dated(line, expiries, field), stand_in, "")
            raise InvalidInput(field, wrong.value, f"{wrong.fix}, or give --as-of") from wrong
        return as_of

    def _underlying(self) -> str:
        """SPX and SPXW are both SPX."""
        names = Counter(self._known.get(root, root) for root in self._roots)
        if len(names) > 1:
            raise InvalidInput(f"{self._label}: option roots", ", ".join(names), "give the table of one underlying")
        return next(iter(names))


def _number(
    text: str,
    place: str,
    column: str,
    at_most: float = math.inf,
    read: Callable[[str], float | Unread] = read_model_figure,
) -> float:
    """A finite number at least 0; anything else is refused with its line and column."""
    value = read(text)
    if isinstance(value, Unread) or not 0 <= value < math.inf or value > at_most:
        raise InvalidInput(f"{place}, {column}", repr(text), "give a finite number at least 0")
    return value


def _contracts(text: str, place: str) -> float:
    """Open interest: a whole number of contracts, for 2.500 may mean 2500 and never two and a half."""
    contracts = _number(text, place, "Open Interest")
    if not contracts.is_integer():
        raise InvalidInput(f"{place}, Open Interest", repr(text), "give a whole number of contracts")
    return contracts


def _quote(text: str, place: str, column: str) -> float:
    """A price in points; a cell that gives none is no quote."""
    return math.nan if read_model_figure(text) is Unread.NOT_GIVEN else _number(text, place, column)
