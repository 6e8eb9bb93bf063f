"""Read the old journal `trades.csv` in each of its layouts, and the old `account_balance.json`.

Any other header is refused. Section 6, Journal CSV and Legacy balance.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from attrs import frozen

from gammacore.adapters.legacy.records import Fields, Refusal, load_json, new_york_time
from gammacore.domain.reports.journal_layouts import LAYOUTS
from gammacore.domain.reports.trade_figures import LARGEST_CREDIT
from gammacore.domain.written_figures import read_figure
from gammacore.errors import InvalidInput, MissingData

EXIT_COLUMNS = ("Exit_Time", "Exit_Value", "P/L_$")
LARGEST_PL = Decimal(10_000_000)


@frozen
class LegacyTrade:
    """One row. Prices in points; `pnl` gross dollars of the whole position, None with `closed` while it was open."""

    line: int
    trade_id: str
    account: str
    strategy: str
    strikes: str
    opened: dt.datetime
    credit: Decimal
    contracts: int = 1
    closed: dt.datetime | None = None
    exit_value: Decimal | None = None
    pnl: Decimal | None = None
    exit_reason: str = ""

    @property
    def per_contract(self) -> Decimal | None:
        """Gross dollars a contract; None while it was open."""
        return None if self.pnl is None else self.pnl / self.contracts


@frozen
class LegacyTrades:
    """A journal: its layout by the number of columns, and its rows in file order."""

    columns: int
    trades: tuple[LegacyTrade, ...] = ()

    @property
    def results(self) -> tuple[Decimal, ...]:
        """Gross P/L per contract of what is closed, oldest close first. Rule: CS-603."""
        ended = [
            (trade.closed, trade.per_contract)
            for trade in self.trades
            if trade.closed is not None and trade.per_contract is not None
        ]
        return tuple(result for _, result in sorted(ended, key=lambda pair: pair[0]))

    @property
    def open(self) -> int:
        """Trades without an exit: neither won nor lost. Rule: CS-624."""
        return sum(trade.pnl is None for trade in self.trades)

    @property
    def accounts(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(trade.account for trade in self.trades if trade.account))


def read_trades(path: Path) -> tuple[LegacyTrades | None, tuple[Refusal, ...]]:
    """The journal, None when it is none or of more than one account; and every row that is refused, with the reason.

    Raises:
        MissingData: the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as refusal:
        raise MissingData(f"{path}: cannot be read ({refusal.strerror or refusal})") from refusal
    except UnicodeDecodeError:
        return None, (Refusal(path.name, "file", "no UTF-8 text; give a CSV file"),)
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = tuple(name.strip() for name in next(lines, []))
        if header not in LAYOUTS:
            return None, (_unknown_layout(header, path.name),)
        numbered = ((lines.line_num, cells) for cells in lines)
        rows, refused = _rows(numbered, header, path.name)
    except csv.Error as wrong:
        return None, (Refusal(path.name, "file", f"no CSV ({wrong}); fix the line", line=lines.line_num),)
    journal = LegacyTrades(len(header), tuple(rows))
    if len(journal.accounts) > 1:
        reason = f"trades of the accounts {', '.join(journal.accounts)}; give one account a file: they share no history"
        return None, (*refused, Refusal(path.name, "Account_ID", f"{reason} (CS-603)"))
    return journal, tuple(refused)


def _unknown_layout(header: tuple[str, ...], file: str) -> Refusal:
    found = ", ".join(header)[:240] or "nothing"
    reason = (
        f"{len(header)} columns ({found}) are none of the journal's layouts: 15 with Position_Size, 14, "
        "13 without Account_ID, 11 also without Confidence and TP%"
    )
    if "Entry_Time_ET" in header:
        reason += "; the Entry_Time_ET of such tables has been seen to hold UTC, so its times could not be trusted"
    return Refusal(file, "header", reason, line=1)


def _rows(
    lines: Iterator[tuple[int, list[str]]], header: tuple[str, ...], file: str
) -> tuple[list[LegacyTrade], list[Refusal]]:
    trades: list[LegacyTrade] = []
    refused: list[Refusal] = []
    seen: dict[tuple[str, ...], int] = {}  # line of each row
    for number, cells in lines:
        if not cells:
            continue
        try:
            if len(cells) != len(header):
                raise InvalidInput("row", f"a row of {len(cells)} cells", f"give {len(header)}, as in the header")
            row = tuple(map(str.strip, cells))
            trade = _trade(dict(zip(header, row, strict=True)), number)
            if trade.trade_id and row in seen:
                reason = f"all of it stands in line {seen[row]} already: a trade counts once, take the repeat out"
                raise InvalidInput("Trade_ID", trade.trade_id, f"{reason} (CS-610)")
        except InvalidInput as wrong:
            refused.append(Refusal.of(wrong, file, line=number))
            continue
        trades.append(trade)
        seen[row] = number
    return trades, refused


def _trade(row: dict[str, str], line: int) -> LegacyTrade:
    opened = new_york_time("Timestamp_ET", row["Timestamp_ET"])
    credit = _number(row, "Entry_Credit")
    if not 0 <= credit <= LARGEST_CREDIT:
        raise InvalidInput("Entry_Credit", credit, f"give points from 0 to {LARGEST_CREDIT}")
    trade = LegacyTrade(
        line=line,
        trade_id=row["Trade_ID"],
        account=row.get("Account_ID", ""),
        strategy=row["Strategy"],
        strikes=row["Strikes"],
        opened=opened,
        credit=credit,
        contracts=_contracts(row),
    )
    if not any(row[column] for column in EXIT_COLUMNS):
        return trade
    closed = new_york_time("Exit_Time", row["Exit_Time"])
    if closed < opened:
        raise InvalidInput("Exit_Time", row["Exit_Time"], f"give a time after the entry, {row['Timestamp_ET']}")
    return LegacyTrade(
        line, trade.trade_id, trade.account, trade.strategy, trade.strikes, opened, credit, trade.contracts,
        closed, _number(row, "Exit_Value"), _number(row, "P/L_$"), row["Exit_Reason"],
    )  # fmt: skip


def _contracts(row: dict[str, str]) -> int:
    """Whole contracts; a journal without the column is of one contract a position. Section 6."""
    if "Position_Size" not in row:
        return 1
    size = _number(row, "Position_Size")
    if size < 1 or size != size.to_integral_value():
        raise InvalidInput("Position_Size", row["Position_Size"], "give whole contracts, 1 or more")
    return int(size)


def _number(row: dict[str, str], column: str) -> Decimal:
    value = read_figure(row[column])
    if not isinstance(value, Decimal):
        raise InvalidInput(column, row[column] or "an empty cell", "give a number")
    if value.copy_abs() > LARGEST_PL or int(value.as_tuple().exponent) < -30:
        raise InvalidInput(column, row[column], "give a finite number of dollars or points")
    return value


LARGEST_BALANCE = Decimal(1_000_000_000)


@frozen
class LegacyBalance:
    """What the old desk knew of its account: dollars, and its last trades (gross P/L per contract, oldest first).

    `total_trades` counts all it ever closed. `updated` is None where the file does not say.
    """

    balance: Decimal
    results: tuple[Decimal, ...]
    total_trades: int
    updated: dt.datetime | None = None


def read_balance(path: Path) -> tuple[LegacyBalance | None, tuple[Refusal, ...]]:
    """The balance with its trades; None when the file does not say it: nothing stands in for it. Rule: CS-609.

    Raises:
        MissingData: the file cannot be read.
    """
    refused: list[Refusal] = []
    try:
        fields = Fields(load_json(path))
        balance = fields.number("balance")
        if not 0 <= balance < LARGEST_BALANCE:
            raise InvalidInput("balance", balance, f"give dollars from 0 to below {LARGEST_BALANCE}")
        rows = fields.rows("trades") if "trades" in fields else []
        results = _results(rows, path.name, refused)
        total = fields.count("total_trades", len(rows)) if "total_trades" in fields else len(rows)
        updated = fields.time("last_updated") if "last_updated" in fields else None
    except InvalidInput as wrong:
        return None, (*refused, Refusal.of(wrong, path.name))
    return LegacyBalance(balance, results, total, updated), tuple(refused)


def _results(rows: list[Any], file: str, refused: list[Refusal]) -> tuple[Decimal, ...]:
    """P/L per contract of each trade, in order of time; one without a number or a time is refused."""
    timed: list[tuple[dt.datetime, Decimal]] = []
    for index, row in enumerate(rows):
        try:
            trade = Fields(row)
            timed.append((trade.time("timestamp"), trade.number("pnl")))
        except InvalidInput as wrong:
            refused.append(Refusal.of(wrong, file, index=index))
    return tuple(pnl for _, pnl in sorted(timed, key=lambda pair: pair[0]))
