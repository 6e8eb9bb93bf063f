"""CBOE delayed-quote tables: one file, one option chain with its spot.

Layout: a blank line or none; `<name>,Last: x,Change: y`; the quoted date; a header; then a line a strike with 22
columns: expiry, ten of the call, strike, ten of the put.
"""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define, field, frozen

from gammacore.adapters.cboe.quote_time import mentions_date, quoted_at
from gammacore.domain.instruments import UNDERLYING_OF_ROOT, Right, is_adjusted, parse_occ
from gammacore.domain.market import OptionChain
from gammacore.errors import InvalidInput, MissingData

_PREAMBLE_LINES = 8
_ADJUSTED = -1  # what stands for the code of a root that is left out
_LARGEST_VOLATILITY = 100.0  # 10,000 % a year
_LAST = re.compile(r"last\s*:\s*\$?\s*(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?![\d.])", re.IGNORECASE)
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
_EXPIRY_FORMATS = ("%a %b %d %Y", "%b %d %Y", "%d %b %Y", "%Y-%m-%d", "%m/%d/%Y", "%B %d, %Y", "%b %d, %Y")


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
    return "last:" in squeezed and re.search(r"expirationdate,calls,", squeezed) is not None


def read_chain(
    source: str | Path | bytes, name: str | None = None, *, roots: Mapping[str, str] = UNDERLYING_OF_ROOT
) -> tuple[OptionChain, Decimal]:
    """The chain and the spot (points) of a CBOE table; a quote that cannot be used is counted in `chain.defects`.

    `roots` are those whose underlying is known. A root that is not among them and ends in a digit is that of adjusted
    contracts: they are left out and counted in `chain.defects` too.

    Raises:
        MissingData: no such file, an empty one, or a table without a contract.
        InvalidInput: not a CBOE table, or a line that breaks its layout; file, line and column are named.
    """
    label, content = _content(source, name)
    lines = list(_lines(content, label))
    head = _header_position(lines, label)
    preamble = [",".join(cells) for _, cells in lines[:head]]
    spot = _spot(preamble, label)
    layout = _layout(lines[head][1], f"{label}: line {lines[head][0]}")
    reader = _Reader(label, layout, roots)
    for number, cells in lines[head + 1 :]:
        reader.read(number, cells)
    return reader.chain(preamble), spot


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


def _spot(preamble: Sequence[str], label: str) -> Decimal:
    match = _LAST.search("\n".join(preamble))
    if match is None or (spot := Decimal(match[1].replace(",", ""))) <= 0:
        first = preamble[0][:60] if preamble else ""
        raise InvalidInput(f"{label}: Last", repr(first), "give a name line with 'Last: ' and a price above 0")
    return spot


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
        self._expiries: dict[str, dt.date] = {}

    def read(self, number: int, cells: list[str]) -> None:
        layout, place = self._layout, f"{self._label}: line {number}"
        if len(cells) < layout.width or any(cells[layout.width :]):
            raise InvalidInput(place, f"{len(cells)} columns", f"give {layout.width}; the file may be cut off")
        strike = _number(cells[layout.strike], place, "Strike")
        if not 0 < strike < 100_000:
            raise InvalidInput(f"{place}, Strike", cells[layout.strike], "give a price above 0 and below 100,000")
        expiry = self._expiry(cells[layout.expiry], place)
        for side, right in ((layout.call, Right.CALL), (layout.put, Right.PUT)):
            self._contract(cells, side, right, expiry, strike, place)

    def _contract(
        self, cells: list[str], side: dict[str, int], right: Right, expiry: dt.date, strike: float, place: str
    ) -> None:
        symbol = cells[side["symbol"]]
        root, day, told = self._identity(symbol, place)
        if told is not right or day != expiry or round(strike * 1000) != int(symbol[-8:]):
            raise InvalidInput(f"{place}, option symbol", symbol, f"it is not the {strike:g} {right.name} of {expiry}")
        if root == _ADJUSTED:
            self._adjusted += 1
            return
        columns = self._columns
        columns.strike.append(strike)
        columns.is_call.append(right is Right.CALL)
        columns.expiry.append(expiry)
        columns.root.append(root)
        columns.bid.append(_quote(cells[side["bid"]], place, "Bid"))
        columns.ask.append(_quote(cells[side["ask"]], place, "Ask"))
        columns.open_interest.append(_number(cells[side["open_interest"]], place, "Open Interest"))
        columns.iv.append(_number(cells[side["iv"]], place, "IV", at_most=_LARGEST_VOLATILITY))
        columns.gamma.append(_number(cells[side["gamma"]], place, "Gamma"))

    def _identity(self, symbol: str, place: str) -> tuple[int, dt.date, Right]:
        """Root, expiry and right: all of the symbol but its last eight digits, read once a series."""
        known = self._series.get(symbol[:-8])
        if known is not None and symbol[-8:].isdecimal():
            return known
        try:
            contract = parse_occ(symbol)
        except InvalidInput as wrong:
            raise InvalidInput(f"{place}, option symbol", repr(symbol), wrong.mend) from wrong
        if is_adjusted(contract.root, *self._known):
            code = _ADJUSTED
        else:
            code = self._roots.setdefault(contract.root, len(self._roots))
        return self._series.setdefault(symbol[:-8], (code, contract.expiry, contract.right))

    def _expiry(self, text: str, place: str) -> dt.date:
        if (known := self._expiries.get(text)) is not None:
            return known
        for form in _EXPIRY_FORMATS:
            try:
                return self._expiries.setdefault(text, dt.datetime.strptime(text, form).date())  # noqa: DTZ007  a date
            except ValueError:
                continue
        raise InvalidInput(f"{place}, Expiration Date", repr(text), "give a date like Fri Jun 10 2022")

    def chain(self, preamble: Sequence[str]) -> OptionChain:
        columns = self._columns
        if not columns.strike and self._adjusted:
            raise MissingData(f"{self._label}: all {self._adjusted} contracts are adjusted ones; give the table of "
                              "standard contracts")  # fmt: skip
        if not columns.strike:
            raise MissingData(f"{self._label}: no contract below the header")
        dated = next((line for line in reversed(preamble) if mentions_date(line)), "")
        as_of = quoted_at(dated, columns.expiry, f"{self._label}: quoted date")
        body: dict[str, Any] = {name: getattr(columns, name) for name in _Columns.__annotations__}
        size = len(columns.strike)
        return OptionChain(
            self._underlying(), as_of, tuple(self._roots), **body, quoted_at=np.full(size, as_of.timestamp()),
            defects={"adjusted": self._adjusted} if self._adjusted else {},
        )  # fmt: skip

    def _underlying(self) -> str:
        """SPX and SPXW are both SPX."""
        names = Counter(self._known.get(root, root) for root in self._roots)
        if len(names) > 1:
            raise InvalidInput(f"{self._label}: option roots", ", ".join(names), "give the table of one underlying")
        return next(iter(names))


def _number(text: str, place: str, column: str, at_most: float = math.inf) -> float:
    """A finite number at least 0; anything else is refused with its line and column."""
    try:
        value = float(text)
    except ValueError:
        value = _grouped(text)
    if not 0 <= value < math.inf or value > at_most:
        raise InvalidInput(f"{place}, {column}", repr(text), "give a finite number at least 0")
    return value


def _grouped(text: str) -> float:
    return float(text.replace(",", "")) if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", text) else math.nan


def _quote(text: str, place: str, column: str) -> float:
    """A price in points; an empty cell is no quote."""
    return math.nan if text in {"", "-", "--"} else _number(text, place, column)
