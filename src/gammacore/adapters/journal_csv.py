"""The journal as CSV of section 6: one row a credit spread, fourteen columns, then Position_Size; sizing reads it back.

The columns are those of a trade's figures; a figure with a column that section 6 does not know comes after them.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable
from pathlib import Path

from gammacore.adapters.figures_csv import cell
from gammacore.adapters.whole_file import write_whole
from gammacore.domain.book.book import Book
from gammacore.domain.dollars import to_cents
from gammacore.domain.ledger import Event
from gammacore.domain.reports.journal_layouts import FIFTEEN as COLUMNS
from gammacore.domain.reports.trade_figures import trades_once
from gammacore.domain.reports.trade_fold import TradeEvent, TradeFold
from gammacore.domain.reports.trade_views import trade_figures
from gammacore.domain.reports.trades import Trade
from gammacore.domain.sessions import new_york_date


def write_journal(path: Path, account: str, trades: Iterable[Trade], *, every: bool = False) -> None:
    """Write the credit spreads, or `every` trade, to `path`, all or nothing: the old file stays until the new is whole.

    Raises:
        StorageError: the file cannot be written.
    """
    write_whole(path, journal_text(account, trades, every=every))


def journal_text(account: str, trades: Iterable[Trade], *, every: bool = False) -> str:
    """The header and one row a credit spread, or of `every` trade; exit fields are blank while it is open."""
    cells_of = [_cells(account, trade) for trade in trades if every or trade.sold is not None]
    columns = list(dict.fromkeys((*COLUMNS, *(column for cells in cells_of for column in cells))))
    lines = io.StringIO()
    rows = csv.DictWriter(lines, columns, restval="", lineterminator="\n")
    rows.writeheader()
    rows.writerows(cells_of)
    return lines.getvalue()


def _cells(account: str, trade: Trade) -> dict[str, str]:
    figures = {figure.column: cell(figure) for figure in trade_figures(trade) if figure.column}
    return {"Account_ID": account, **figures, **({} if trade.sold is not None else _bought(trade))}


def _bought(trade: Trade) -> dict[str, str]:
    """Of what was bought: the quantity of its entry, which is gone once it is closed, and what it cost and brought."""
    entry, end = trade.entry, trade.end
    return {
        "Position_Size": "" if entry is None else str(entry.execution.quantity),
        "Exit_Value": "",
        "Entry_Price": "" if trade.debit is None else str(trade.debit),
        "Fees_$": f"{to_cents(trade.fees)}",
        "Net_$": "" if end is None else f"{to_cents(end.net) + 0:+.2f}",
    }


WRITTEN_EVERY = dt.timedelta(minutes=1)


class PerformanceFile:
    """Keeps a table of every trade of a ledger beside it: once a minute of the run, where anything happened. SC-707.

    Implements `Notifier` and `LoopWatch` of `gammacore.ports.people`. It folds the events by itself, so that a minute
    costs what came in it and not the whole ledger.
    """

    def __init__(self, path: Path, events: Iterable[Event]) -> None:
        self._path = path
        self._book = Book()
        self._today = TradeFold(self._book)
        self._earlier: tuple[Trade, ...] = ()
        self._date: dt.date | None = None
        self._due_at: dt.datetime | None = None
        self._is_behind = False
        for event in events:
            self._take(event)

    def notify(self, event: Event, book: Book) -> None:
        """What happened is in the next table."""
        self._take(event)
        self._is_behind = True

    def take_up(self, book: Book) -> None:
        """What it holds was read when this was made."""

    def tick(self, now: dt.datetime) -> None:
        """A cycle is over: write, where something is new and the minute is over."""
        if self._is_behind and (self._due_at is None or now >= self._due_at):
            self._due_at = now + WRITTEN_EVERY
            self._write()

    def crashed(self, detail: str, at: dt.datetime) -> None:
        """What happened up to there is written."""
        self.close(at)

    def stalled(self, detail: str, at: dt.datetime) -> None:
        """Nothing new is known."""

    def close(self, now: dt.datetime) -> None:
        if self._is_behind:
            self._write()

    def _take(self, event: Event) -> None:
        date = new_york_date(event.at)
        if date != self._date:
            self._earlier = trades_once((*self._earlier, *self._today.trades))
            self._today.turn(date)
            self._date = date
        self._book.apply(event)
        if isinstance(event, TradeEvent):
            self._today.take(event)

    def _write(self) -> None:
        self._is_behind = False
        account = "" if self._book.opened is None else self._book.opened.account
        write_journal(self._path, account, trades_once((*self._earlier, *self._today.trades)), every=True)
