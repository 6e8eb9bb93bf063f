"""What a page is shown from: ledgers and what loops published, for reading; and requests a person leaves. OP-501."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from attrs import field, frozen

from gammacore.domain.book.book import Book
from gammacore.domain.reports.day_report import DayReport
from gammacore.domain.reports.halt_origin import HaltOrigin
from gammacore.domain.reports.open_alarms import OpenAlarm, open_alarms
from gammacore.domain.sessions import TradingSession
from gammacore.domain.study.views import EquityBand
from gammacore.ports.storage import RequestKind

FEWEST = 20
"""Below so many closed trades nothing is forecast. Rule: SC-902."""


@frozen
class LedgerCard:
    """One ledger under the home: `name` is how a page asks for it, `loop` the process that writes it."""

    name: str
    mode: str
    loop: str = ""

    @property
    def running(self) -> bool:
        return bool(self.loop)


@frozen(eq=False)
class LedgerReading:
    """A ledger as it stands. `error` says why it cannot be read, with the command that repairs it; "" where it can.

    `is_hedge` is one that the hedging filter keeps: its days are no trading days here.
    """

    card: LedgerCard | None
    book: Book = field(factory=Book)
    reports: tuple[DayReport, ...] = ()
    error: str = ""
    is_hedge: bool = False
    account: str = ""
    origin: HaltOrigin = HaltOrigin()

    @property
    def version(self) -> int:
        return self.book.version

    @property
    def mode(self) -> str | None:
        return None if self.card is None else self.card.mode

    @property
    def open_alarms(self) -> tuple[OpenAlarm, ...]:
        """What still asks for something, the newest last. Rule: OP-106."""
        return open_alarms((alarm for report in self.reports for alarm in report.alarms), self.book)

    def report(self, date: dt.date) -> DayReport | None:
        return next((one for one in reversed(self.reports) if one.date == date), None)


@frozen
class ControlAnswer:
    """What became of a request: when it was obeyed (None: it waits), by which loop, what is still open."""

    at: dt.datetime | None = None
    loop: str = ""
    open: tuple[str, ...] = ()
    refusal: str = ""


class DeskSource(Protocol):
    """Reads beside the loops; never writes a ledger. Called from many threads."""

    def cards(self) -> tuple[LedgerCard, ...]:
        """The ledgers a page may ask for; the one meant without a choice first."""
        ...

    def read(self, name: str | None) -> LedgerReading:
        """One ledger, by default the first; an empty reading where there is none, never an exception."""
        ...

    def now(self, name: str | None) -> Mapping[str, Any] | None:
        """What its loop published last, whether it runs or not; None without."""
        ...

    def course(self, name: str | None, date: dt.date) -> list[dict[str, Any]]:
        """The published lines of a day."""
        ...

    def tracked(self) -> tuple[Mapping[str, Any], list[dict[str, Any]]] | None:
        """What `gex --track` measured last, with the course of its day; None where it keeps nothing."""
        ...

    def days(self, name: str | None) -> tuple[list[Mapping[str, Any]], str]:
        """A line a day, oldest first, and why the ledger cannot be read ("" where it can)."""
        ...

    def band(self, name: str | None) -> tuple[EquityBand, Sequence[float]] | None:
        """What chance alone makes of a ledger's closed trades, beside its own equity after each; None below FEWEST."""
        ...

    def time(self) -> dt.datetime:
        """Now, UTC."""
        ...

    def session(self) -> TradingSession | None:
        """Today's session; None on a day without one."""
        ...

    def next_session(self) -> dt.date:
        """The next date with a session, after today."""
        ...

    def system(self, name: str | None) -> Mapping[str, Any]:
        """Figures of the machine: version, ledger_bytes, disk_free_bytes, backup_age_seconds, alerts."""
        ...

    def ask(self, name: str, kind: RequestKind, reason: str) -> ControlAnswer:
        """Leave the same request as the command line does, and wait some seconds for the loop to obey. Rule: OP-510."""
        ...
