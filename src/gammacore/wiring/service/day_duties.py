"""What the service does around a session: the wake before it, and the day's end after it. OP-204, OP-702, OP-708.

Each part fails by itself: what goes wrong is reported, and the next part is done all the same.
"""

from __future__ import annotations

import datetime as dt
import logging
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence

from attrs import frozen

from gammacore.adapters.disk_space import LEAST_FREE_BYTES
from gammacore.adapters.service.children import GAMMACORE
from gammacore.configuration import Configuration, Settings
from gammacore.domain.dollars import dollars, signed_dollars
from gammacore.domain.ledger import Event, Mode
from gammacore.domain.reports.day_report import day_report, day_reports, trades_of
from gammacore.domain.reports.review import Period, reviews
from gammacore.domain.service.alerts import ServiceAlert
from gammacore.domain.service.endings import Level
from gammacore.errors import GammacoreError, StorageError
from gammacore.ports.clock import Calendar, Clock
from gammacore.ports.credentials import CredentialStore
from gammacore.ports.service import Operator
from gammacore.version import __version__
from gammacore.wiring.brokers import BROKERS_OWN, BrokerPlaces
from gammacore.wiring.controls import events_of
from gammacore.wiring.ledgers.backup_keeping import OLDEST_SESSIONS, keep_backup, unsaved_sessions
from gammacore.wiring.ledgers.choice import FoundLedger
from gammacore.wiring.ledgers.storage import LedgerPlace, ledger_exists, local_path, make_folder, writer_of
from gammacore.wiring.ledgers.whose_ledger import account_of
from gammacore.wiring.service.day_ends import end_day, morning_cash, reconciled

DUTY_SECONDS = 100.0
"""So long one part of the day's end may take in a process of its own; systemd's watchdog waits 120 s (ours)."""
log = logging.getLogger("gammacore")


@frozen(eq=False)
class DayDuties:
    """The duties of one account. `again` reads the configuration as it is then, `is_alive` feeds a watchdog."""

    settings: Settings
    place: LedgerPlace
    mode: Mode
    again: Callable[[], Configuration]
    credentials: CredentialStore
    clock: Clock
    calendar: Calendar
    operator: Operator
    is_alive: Callable[[], None] = lambda: None
    places: BrokerPlaces = BROKERS_OWN

    # -- before the session -------------------------------------------------------------------------------------------

    def wake(self, date: dt.date) -> Sequence[str]:
        """Version, disk, age of the backup, the ledger, the opening balance; what is wrong, in words."""
        return tuple(self._wake(date))

    def _wake(self, date: dt.date) -> Iterator[str]:
        log.info("gammacore %s", __version__)
        free = shutil.disk_usage(local_path(self.settings, self.place).parent).free
        if free < LEAST_FREE_BYTES:
            yield f"{free // 2**20} MB are free on the disk of {self.place}; below 200 MB nothing is entered"
        if not ledger_exists(self.settings, self.place):
            return
        yield from performed("the ledger is not verified", "ledger", "verify", "--ledger", str(self.place))
        yield from self._backup_age()
        try:
            with account_of(self.settings, self._ledger, self.credentials, self.clock, self.places) as broker:
                if difference := morning_cash(self.settings, self._ledger, broker, date, self.clock):
                    self._warn("day_end_difference", difference)
        except GammacoreError as fault:
            yield f"the opening balance is not compared: {fault}"

    def _backup_age(self) -> Iterator[str]:
        try:
            sessions = unsaved_sessions(self.settings, self.place, self.clock.now(), self.calendar)
        except StorageError as fault:
            yield f"the age of the backup is not known: {fault}"
            return
        if sessions > OLDEST_SESSIONS:
            yield f"{sessions} sessions of {self.place} are in no backup; gammacore ledger backup --{self.mode}"

    # -- after it -----------------------------------------------------------------------------------------------------

    def day_end(self, date: dt.date) -> str:
        """Reconcile in dollars, write the page of the day, back up; the day in one sentence.

        Raises:
            GammacoreError: the ledger cannot be read.
        """
        if not ledger_exists(self.settings, self.place):
            return f"{date}: no ledger, nothing was traded"
        self._reconcile(date)
        self.is_alive()
        self._page(date)
        self.is_alive()
        self._back_up()
        events = events_of(self.settings, self.place)
        self._review(events, date)
        report = day_report(events, date)
        net = dollars(report.pnl - report.fees)
        return f"{date}: {len(report.trades)} trades, net {net}, balance {dollars(report.balance)}"

    def _reconcile(self, date: dt.date) -> None:
        try:
            with account_of(self.settings, self._ledger, self.credentials, self.clock, self.places) as broker:
                found = end_day(self.settings, self._ledger, broker, date, self.clock)
            for line in found.differences:
                self._warn("day_end_difference", line)
            if found.needs_reconcile and writer_of(self.settings, self.place) is None:
                for line in reconciled(self.again(), self._ledger, self.credentials, self.clock, self.places):
                    self._warn("day_end_difference", f"after reconciling, {line}")
        except GammacoreError as fault:
            self._warn("day_end_difference", f"{date} is not reconciled: {fault}")

    def _page(self, date: dt.date) -> None:
        folder = self.settings.storage.home / "reports"
        page = folder / f"{self.mode}-{self.settings.account.id}-{date}.html"
        try:
            make_folder(folder)
        except GammacoreError as fault:
            log.warning("the page of the day is not written: %s", fault)
            return
        failed, ledger = "the page of the day is not written", str(self.place)
        for wrong in performed(failed, "report", "--ledger", ledger, "--day", str(date), "--html", str(page)):
            log.warning("%s", wrong)

    def _review(self, events: Sequence[Event], date: dt.date) -> None:
        """After the last session of a week, and of a month: what it came to. Rules: OP-204, CS-624."""
        following = self.calendar.next_session(date).date
        for period in (Period.WEEK, Period.MONTH):
            if following <= period.span(date)[1]:
                continue
            found = [one for one in reviews(trades_of(day_reports(events)), period) if one.first <= date <= one.last]
            came_to = "no trade" if not found else f"{signed_dollars(found[-1].actual)} gross"
            text = f"the {period} of {period.span(date)[0]}: {came_to}; gammacore report --{self.mode}"
            self.operator.report(ServiceAlert(f"{period}ly_review", Level.NOTICE, text, self.clock.now()))

    def _back_up(self) -> None:
        try:
            _, wrong = keep_backup(self.settings, self._ledger, self.clock, self.is_alive)
        except GammacoreError as fault:
            wrong = (str(fault),)
        for one in wrong:
            self._warn("backup_failed", one)

    @property
    def _ledger(self) -> FoundLedger:
        return FoundLedger(self.place, self.mode)

    def _warn(self, code: str, text: str) -> None:
        self.operator.report(ServiceAlert(code, Level.WARNING, text, self.clock.now()))


def performed(failed: str, *arguments: str) -> Iterator[str]:
    """Run a command of ours in a process of its own, so that the supervisor's memory stays what it is."""
    try:
        done = subprocess.run(
            [*GAMMACORE, *arguments, "--quiet"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, timeout=DUTY_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as fault:
        yield f"{failed} ({type(fault).__name__})"
        return
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        yield f"{failed}: {said[-1] if said else f'exit code {done.returncode}'}"
