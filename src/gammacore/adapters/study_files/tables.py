"""Tables of past trades from a CSV: trades.csv of a study, any table with its column names, or our own journal.

One reader for sizing, statistics, Monte Carlo and comparisons: a cell that cannot be read is refused by file, line and
column. Rules: ST-214, ST-803, CS-603, section 6.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

from attrs import field, frozen

from gammacore.domain.reports.journal_layouts import LAYOUTS as JOURNAL_LAYOUTS
from gammacore.domain.reports.journal_layouts import SIZE as JOURNAL_SIZE
from gammacore.domain.sessions import NEW_YORK, new_york, new_york_date
from gammacore.domain.study.record import COLUMNS, ClosedTrade, TradeFlag, in_order_of_closing
from gammacore.domain.written_dates import read_clock, read_day
from gammacore.domain.written_figures import read_figure
from gammacore.errors import InvalidInput, MissingData

ALSO_KNOWN_AS = {
    "contracts": "position_size", "credit": "entry_credit", "debit": "exit_credit", "pnl": "pl",
    "exit_reason": "reason", "minutes": "duration_min",
}  # fmt: skip
"""Names of the one-year table for ours; its `time` is the New York time of the entry."""

TRADES = "trades.csv"
PER_CONTRACT = "pl_per_contract"
PNL = "pnl"
JOURNAL_PL = "P/L_$"
JOURNAL_EXIT = "Exit_Time"
DOLLARS = (PER_CONTRACT, PNL, JOURNAL_PL)
JOURNAL_TIME = "%Y-%m-%d %H:%M:%S"
YEARS = range(1900, 2200)
"""Others are a damaged file."""
FLAG_MARK = ";"
"""Between the flags of one cell; others are read too."""
BETWEEN_FLAGS = re.compile(r"[;,|\s]+")

LARGEST_PL = Decimal(10_000_000)
"""Dollars beyond which a figure is a damaged file, not a trade."""
CENT = Decimal("0.01")


@frozen
class _Row:
    """One row with where it stands, so that a complaint can name it. Keys are our names of columns."""

    path: Path
    line: int
    cells: dict[str, str]
    written: dict[str, str] = field(factory=dict)
    """The file's own names of the columns that it names otherwise."""

    def has(self, column: str) -> bool:
        return column in self.cells

    def text(self, column: str) -> str:
        return self.cells.get(column, "").strip()

    def number(self, column: str) -> Decimal:
        text = self.text(column)
        value = read_figure(text)
        fix = f"give a finite {'dollar amount' if column in DOLLARS else 'number'}"
        if not isinstance(value, Decimal):
            raise self.wrong(column, text or "an empty cell", fix)
        if value.copy_abs() > LARGEST_PL or int(value.as_tuple().exponent) < -30:
            raise self.wrong(column, text, fix)
        return value

    def figure(self, column: str) -> Decimal | None:
        """A figure that need not be there: None where the column is absent or its cell empty."""
        return self.number(column) if self.text(column) else None

    def contracts(self, column: str) -> int:
        """Whole contracts; 1 where the table has no such column."""
        if not self.has(column):
            return 1
        size = self.number(column)
        if size < 1 or size != size.to_integral_value():
            raise self.wrong(column, str(size), "give whole contracts, 1 or more")
        return int(size)

    def day(self, column: str) -> dt.date | None:
        text = self.text(column)
        if not text:
            return None
        day = read_day(text)
        if day is None or day.year not in YEARS:
            raise self.wrong(column, text, "give a date as 2026-03-02, of the years 1900 to 2199")
        return day

    def instant(self, column: str) -> dt.datetime | None:
        text = self.text(column)
        if not text:
            return None
        try:
            instant = dt.datetime.fromisoformat(text)
            if instant.tzinfo is not None and instant.year in YEARS:
                return instant.astimezone(dt.UTC)
        except (ValueError, OverflowError):
            pass
        raise self.wrong(column, text, "give ISO 8601 with its offset, as 2026-03-02T10:30:05-05:00")

    def journal_time(self, column: str) -> dt.datetime | None:
        text = self.text(column)
        try:
            return dt.datetime.strptime(text, JOURNAL_TIME).replace(tzinfo=NEW_YORK).astimezone(dt.UTC)
        except (ValueError, OverflowError):
            return self.instant(column)

    def flags(self) -> frozenset[TradeFlag]:
        found = []
        for name in filter(None, BETWEEN_FLAGS.split(self.text("flags"))):
            try:
                found.append(TradeFlag(name))
            except ValueError:
                raise self.wrong("flags", name, f"give some of {', '.join(TradeFlag)}") from None
        return frozenset(found)

    def wrong(self, column: str, value: str, fix: str) -> InvalidInput:
        name = self.written.get(column, column)
        return InvalidInput(f"{self.path}, line {self.line}, column {name}", value, fix)


# -- what is read ------------------------------------------------------------------------------------------------------


def read_record(path: Path) -> tuple[ClosedTrade, ...]:
    """The closed trades of a table in order of closing; those still open in a journal are left out. ST-002, ST-214.

    A folder that a run left stands for its trades.csv.

    Raises:
        MissingData: there is no such file, or no closed trade in it.
        InvalidInput: no known layout, or a cell that cannot be read; file, line and column are named.
    """
    if (path / TRADES).is_file():
        path /= TRADES
    return _record(path, _rows(path))


def record_of_columns(columns: Mapping[str, Sequence[Any]], name: str = "frame") -> tuple[ClosedTrade, ...]:
    """The closed trades of columns by their names, as a frame gives them; read by the same rules as a file.

    Raises:
        MissingData, InvalidInput: as of a file; lines are rows, from 1.
    """
    path, header = Path(name), list(columns)
    names = _names(path, header)
    written = {ours: own for ours, own in zip(names, header, strict=True) if ours != own}
    rows = (
        _Row(path, number, dict(zip(names, map(_text, cells), strict=True)), written)
        for number, cells in enumerate(zip(*columns.values(), strict=True), 1)
    )
    return _record(path, rows)


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case dt.date():
            return value.isoformat()
        case list() | tuple() | set() | frozenset():
            return FLAG_MARK.join(map(str, value))
        case _:
            return str(value)


def _record(path: Path, rows: Iterable[_Row]) -> tuple[ClosedTrade, ...]:
    trades: list[ClosedTrade] = []
    seen: dict[tuple[str, ...], int] = {}
    for row in rows:
        trade = _journal_trade(row) if row.has(JOURNAL_PL) else _trade(row, len(trades) + 1)
        if trade is None:
            continue
        cells = tuple(row.cells.values())
        if row.text("id") and cells in seen:
            raise row.wrong("id", trade.id, f"all of it stands in line {seen[cells]} already: take the repeat out")
        seen[cells] = row.line
        trades.append(trade)
    if not trades:
        raise MissingData(f"{path}: a record without a closed trade; give a table with one trade a row")
    return in_order_of_closing(trades)


def read_pl_history(path: Path) -> list[Decimal]:
    """Gross P/L per contract, dollars, in file order: exact decimals of the text. Rules: CS-603, section 6.

    Only the columns of P/L and contracts are read. In a journal export P/L is of the whole position and is divided by
    Position_Size; trades still open are left out. A table without rows is an empty history.

    Raises:
        MissingData: there is no such file, or it is empty.
        InvalidInput: no known layout, or a cell that is no number; file, line and column are named.
    """
    return [result for row in _rows(path) if (result := _per_contract(row)) is not None]


def _per_contract(row: _Row) -> Decimal | None:
    if row.has(JOURNAL_PL):
        return None if _is_open(row) else row.number(JOURNAL_PL) / row.contracts(JOURNAL_SIZE)
    if row.has(PER_CONTRACT):
        return row.number(PER_CONTRACT)
    return row.number(PNL) / row.contracts("contracts")


# -- a row of each layout ----------------------------------------------------------------------------------------------


def _trade(row: _Row, number: int) -> ClosedTrade:
    contracts = row.contracts("contracts")
    fees = row.figure("fees") or Decimal(0)
    opened, closed = row.instant("opened"), row.instant("closed")
    date = row.day("date")
    if opened is None and date is not None and row.text("time"):
        clock = read_clock(row.text("time"))
        if clock is None:
            raise row.wrong("time", row.text("time"), "give the New York time of the entry as 10:30")
        opened = new_york(date, clock).astimezone(dt.UTC)
    if opened is not None and date is not None and new_york_date(opened) != date:
        raise row.wrong("date", str(date), f"give the New York date of the entry, {new_york_date(opened)}")
    if opened is not None and closed is not None and closed < opened:
        raise row.wrong("closed", row.text("closed"), "give a time after the entry")
    if date is None and opened is not None:
        date = new_york_date(opened)
    return ClosedTrade(
        id=row.text("id") or str(number),
        gross=_gross(row, contracts, fees),
        fees=fees,
        contracts=contracts,
        date=date,
        opened=opened,
        closed=closed,
        underlying=row.text("underlying"),
        strategy=row.text("strategy"),
        direction=row.text("direction"),
        confidence=row.text("confidence"),
        strikes=row.text("strikes"),
        credit=row.figure("credit"),
        debit=row.figure("debit"),
        mid_pnl=row.figure("mid_pnl"),
        spread_cost=row.figure("spread_cost"),
        slippage=row.figure("slippage"),
        max_risk=row.figure("max_risk"),
        vix=row.figure("vix"),
        price=row.figure("price"),
        pin=row.figure("pin"),
        exit_reason=row.text("exit_reason"),
        minutes=_minutes(row.figure("minutes"), opened, closed),
        mae=row.figure("mae"),
        mfe=row.figure("mfe"),
        flags=row.flags(),
        written_per_contract=row.figure(PER_CONTRACT),
    )


def _gross(row: _Row, contracts: int, fees: Decimal) -> Decimal:
    """Dollars of the whole position before fees.

    Where pl_per_contract stands beside `pnl` they must agree to the cent a contract. A table whose pnl is after fees
    says so by that: its fees are added back.
    """
    if not row.has(PNL) or (row.has(PER_CONTRACT) and not row.text(PNL)):
        return row.number(PER_CONTRACT) * contracts
    pnl = row.number(PNL)
    if not row.text(PER_CONTRACT):
        return pnl
    whole, rounding = row.number(PER_CONTRACT) * contracts, CENT * contracts
    if abs(pnl - whole) <= rounding:
        return pnl
    if abs(pnl + fees - whole) <= rounding:
        return pnl + fees
    raise row.wrong(PNL, row.text(PNL), f"pl_per_contract and contracts make it {whole}")


def _journal_trade(row: _Row) -> ClosedTrade | None:
    if _is_open(row):
        return None
    opened, closed = row.journal_time("Timestamp_ET"), row.journal_time(JOURNAL_EXIT)
    if opened is None or closed is None or closed < opened:
        column = "Timestamp_ET" if opened is None else JOURNAL_EXIT
        raise row.wrong(column, row.text(column) or "an empty cell", "give entry and exit, the exit not before it")
    return ClosedTrade(
        id=row.text("Trade_ID") or str(row.line),
        gross=row.number(JOURNAL_PL),
        fees=row.figure("Fees_$") or Decimal(0),
        contracts=row.contracts(JOURNAL_SIZE),
        date=new_york_date(opened),
        opened=opened,
        closed=closed,
        strategy=row.text("Strategy"),
        confidence=row.text("Confidence"),
        strikes=row.text("Strikes"),
        credit=row.figure("Entry_Credit"),
        debit=row.figure("Exit_Value"),
        exit_reason=row.text("Exit_Reason"),
        minutes=_minutes(row.figure("Duration_Min"), opened, closed),
    )


def _is_open(row: _Row) -> bool:
    """Without an exit: neither a win nor a loss. Rule: CS-624."""
    return not row.text(JOURNAL_EXIT) and not row.text(JOURNAL_PL)


def _minutes(given: Decimal | None, opened: dt.datetime | None, closed: dt.datetime | None) -> Decimal | None:
    if given is not None or opened is None or closed is None:
        return given
    return Decimal((closed - opened) // dt.timedelta(seconds=1)) / 60


# -- the file ----------------------------------------------------------------------------------------------------------


def _rows(path: Path) -> Iterator[_Row]:
    if path.is_dir():
        raise InvalidInput(str(path), "a directory", "give a CSV file")
    try:
        with path.open(encoding="utf-8-sig", newline="") as table:
            yield from _rows_of(path, table)
    except FileNotFoundError:
        raise MissingData(f"{path}: no such file; give a CSV with the column {PER_CONTRACT}") from None
    except OSError as refusal:
        raise MissingData(f"{path}: cannot be read ({refusal.strerror or refusal})") from refusal
    except UnicodeDecodeError as wrong:
        raise InvalidInput(str(path), "no UTF-8 text", "give a CSV file") from wrong


def _rows_of(path: Path, table: TextIO) -> Iterator[_Row]:
    lines = csv.reader(table, strict=True)
    try:
        header = [name.strip() for name in next(lines, [])]
        if not header:
            raise MissingData(f"{path}: the file is empty; give a CSV with the column {PER_CONTRACT}")
        names = _names(path, header)
        written = {name: own for name, own in zip(names, header, strict=True) if name != own}
        for cells in lines:
            if not cells:
                continue
            row = _Row(path, lines.line_num, dict(zip(names, cells, strict=False)), written)
            if len(cells) != len(header):
                raise row.wrong(names[-1], f"a row of {len(cells)} cells", f"give {len(header)}, as in the header")
            yield row
    except csv.Error as wrong:
        raise InvalidInput(f"{path}, line {lines.line_num}", str(wrong), "give a CSV file") from wrong


def _names(path: Path, header: list[str]) -> list[str]:
    """Our name of each column: of the journal as they stand, of other tables in lower case and by their other names."""
    if _is_journal(header):
        return header
    names = [name.lower() for name in header]
    for ours, theirs in ALSO_KNOWN_AS.items():
        if ours not in names:
            names = [ours if name == theirs else name for name in names]
    twice = sorted({name for name in names if name in {*COLUMNS, "time"} and names.count(name) > 1})
    if twice:
        raise InvalidInput(f"{path}, line 1", f"header with {twice[0]} twice", _wanted())
    if PER_CONTRACT in names or (PNL in names and "contracts" in names):
        return names
    found = ", ".join(header)[:200]
    raise InvalidInput(f"{path}, line 1", f"header {found}", _wanted())


def _is_journal(header: list[str]) -> bool:
    if PER_CONTRACT in header:
        return False
    return tuple(header) in JOURNAL_LAYOUTS or tuple(header[: len(JOURNAL_LAYOUTS[0])]) == JOURNAL_LAYOUTS[0]


def _wanted() -> str:
    return (
        f"give one column {PER_CONTRACT}, or pnl with contracts, or a journal export ({', '.join(JOURNAL_LAYOUTS[0])})"
    )
