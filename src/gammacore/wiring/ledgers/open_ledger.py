"""A ledger opened for reading from a notebook or a program, beside a loop that writes it. Rule: OP-806."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from attrs import frozen

from gammacore.configuration import Settings
from gammacore.domain.book.book import Book
from gammacore.domain.briefly import briefly
from gammacore.domain.ledger import Event
from gammacore.domain.reports.api_documents import JOURNAL, journal_rows
from gammacore.domain.reports.day_report import DayReport, day_report, day_reports
from gammacore.frames import Columns, Framed, Table
from gammacore.wiring.controls import events_of
from gammacore.wiring.ledgers.storage import LedgerPlace, ledger_named


@frozen(eq=False)
class OpenedLedger(Framed):
    """A ledger as it stands each time it is asked; nothing is locked and nothing written."""

    place: LedgerPlace
    settings: Settings

    def __repr__(self) -> str:
        return briefly(self, self.place)

    def events(self) -> list[Event]:
        """Every event, oldest first."""
        return events_of(self.settings, self.place)

    def book(self) -> Book:
        """What the account holds, ordered and came to: the fold of its events."""
        return Book.of(self.events())

    def reports(self) -> tuple[DayReport, ...]:
        """Every day that was begun, oldest first."""
        return day_reports(self.events())

    def report(self, date: dt.date | None = None) -> DayReport:
        """One day, by default the newest.

        Raises:
            MissingData: the ledger has no such day.
        """
        return day_report(self.events(), date)

    def days(self) -> tuple[dt.date, ...]:
        """The dates of its days, oldest first."""
        return tuple(report.date for report in self.reports())

    def journal(self) -> Table:
        """Every trade, check, alarm and refusal, newest first: date, at, kind, strategy, code, text. Rule: OP-803."""
        rows = journal_rows(self.reports())
        return Table("journal", {name: [row[name] for row in rows] for name in JOURNAL})

    def equity(self) -> Table:
        """The balance in dollars at the begin of each day and after each trade: date, at, balance. Rule: OP-803."""
        steps = [(report.date, at, balance) for report in self.reports() for at, balance in report.equity]
        names = ("date", "at", "balance")
        return Table("equity", {name: [step[place] for step in steps] for place, name in enumerate(names)})

    def columns(self) -> Columns:
        """A row a day: date, trades, gross, fees, net, balance (dollars, at its end), finished. Rule: OP-803."""
        reports = self.reports()
        return {
            "date": [report.date for report in reports],
            "trades": [len(report.closed) for report in reports],
            "gross": [report.pnl for report in reports],
            "fees": [report.fees for report in reports],
            "net": [report.net for report in reports],
            "balance": [report.balance for report in reports],
            "finished": [report.finished for report in reports],
        }


def open_ledger(place: str | Path, settings: Settings | None = None) -> OpenedLedger:
    """The ledger of a file, or of `firestore:NAME` by the given settings (their defaults otherwise).

    Raises:
        StorageError: there is none, or it cannot be read.
        CorruptLedger: it is damaged; the message has the repair command.
    """
    opened = OpenedLedger(ledger_named(str(place)), settings or Settings())
    opened.events()
    return opened
