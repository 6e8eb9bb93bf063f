"""`doctor --before-open`: what else must be right on the morning of a trading day. Each failure with its fix. OP-706.

None of these keeps a loop from being started by itself: that is what the checks of `doctor` are for (OP-204).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial
from pathlib import Path
from shlex import quote

from attrs import frozen

from gammacore.adapters.machine import is_clock_kept, is_port_taken, readable_by_others, why_unreachable
from gammacore.adapters.sqlite.lock import writer_of as holder_of
from gammacore.application.diagnose import Check, failed, passed, probed
from gammacore.configuration import Configuration, Settings
from gammacore.configuration.brokers import kit_of
from gammacore.domain.book.book import Book
from gammacore.domain.ledger import Mode
from gammacore.domain.sessions import new_york_date
from gammacore.ports.clock import Calendar, Clock
from gammacore.ports.credentials import CredentialStore
from gammacore.version import __version__
from gammacore.wiring.alerts.channel_tests import channel_check
from gammacore.wiring.brokers import BROKERS_OWN, BrokerPlaces
from gammacore.wiring.checks.rehearsals import why_not_rehearsed
from gammacore.wiring.controls import book_of
from gammacore.wiring.ledgers.backup_keeping import OLDEST_SESSIONS, last_backup, unsaved_sessions
from gammacore.wiring.ledgers.storage import LedgerPlace, account_ledger, ledger_exists, writer_of
from gammacore.wiring.service.files import service_lock
from gammacore.wiring.service.live_arming import COMMAND, arming_left
from gammacore.wiring.session_rules import dated_tables

HORIZON_DAYS = 90
SHOWN = 3
"""So many files are named of those that others may read."""


@frozen(eq=False)
class _Morning:
    configuration: Configuration
    mode: Mode
    place: LedgerPlace
    credentials: CredentialStore
    clock: Clock
    calendar: Calendar
    places: BrokerPlaces

    @property
    def settings(self) -> Settings:
        return self.configuration.settings

    @property
    def ledger(self) -> str:
        """The option that names the account's ledger."""
        return f"--{self.mode}"


def before_open(
    configuration: Configuration,
    mode: Mode,
    credentials: CredentialStore,
    clock: Clock,
    calendar: Calendar,
    places: BrokerPlaces = BROKERS_OWN,
) -> tuple[Check, ...]:
    """Every check of a morning, of the configured account in this mode. Nothing is sent or changed."""
    morning = _Morning(
        configuration, mode, account_ledger(configuration.settings, mode), credentials, clock, calendar, places
    )
    of_the_book: dict[str, Callable[[_Morning, Book], Check]] = {
        "halted": _halted, "quarantine": _quarantine, "unfinished_day": _unfinished,
    }  # fmt: skip
    probes: dict[str, Callable[[], Check]] = {
        "network": partial(_network, morning),
        "time_service": _time_service,
        "horizon": partial(_horizon, morning),
        "permissions": partial(_permissions, morning.settings.storage.home),
        "port": partial(_port, morning),
        "channels": partial(_channels, morning),
        "backup": partial(_backup, morning),
        "rehearsal": partial(_rehearsal, morning),
        "armed": partial(_armed, morning),
        **{name: partial(_of_book, name, check, morning) for name, check in of_the_book.items()},
        "ledger_format": partial(_ledger_format, morning),
        "version": partial(_version, morning),
    }
    return tuple(probed(name, probe, f"gammacore ledger verify {morning.ledger}") for name, probe in probes.items())


# -- the machine --------------------------------------------------------------------------------------------------


def _network(morning: _Morning) -> Check:
    broker = morning.settings.account.broker
    given = morning.settings.address(broker)
    url = given or kit_of(broker).address(morning.places.of(broker), morning.mode)
    if not url:
        return passed("network", f"{broker} needs none")
    if wrong := why_unreachable(url):
        return failed("network", wrong, "check the network connection, its DNS server and the machine's certificates")
    return passed("network", f"{broker}'s name is resolved and its connection opens")


def _time_service() -> Check:
    kept = is_clock_kept()
    if kept is False:
        return failed(
            "time_service", "no time service keeps this machine's clock", "systemctl enable --now systemd-timesyncd"
        )
    return passed("time_service", "the clock is kept" if kept else "this machine does not say; see the check of clock")


def _horizon(morning: _Morning) -> Check:
    today = new_york_date(morning.clock.now())
    tables = dated_tables(morning.settings, morning.settings.account.broker, morning.calendar, today)
    short = [table for table in tables if (table.last - today).days < HORIZON_DAYS]
    if short:
        ends = "; ".join(f"{table.table} known to {table.last}" for table in short)
        return failed("horizon", f"{ends}: less than {HORIZON_DAYS} days", "; ".join(table.fix for table in short))
    last = min((table.last for table in tables), default=None)
    return passed("horizon", "no table ends" if last is None else f"every table of dates reaches {last} or later")


def _permissions(home: Path) -> Check:
    if not home.is_dir():
        return passed("permissions", f"{home}: none yet")
    found = list(readable_by_others(home))
    if found:
        named = ", ".join(str(one) for one in found[:SHOWN])
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        return failed(
            "permissions", f"others of this machine may read {named}{more}", f"chmod -R go-rwx {quote(str(home))}"
        )
    return passed("permissions", f"{home} is its owner's alone")


def _port(morning: _Morning) -> Check:
    page = morning.settings.dashboard
    if not page.enabled:
        return passed("port", "the page is off (dashboard.enabled)")
    where = f"{page.host}, port {page.port}"
    if not is_port_taken(page.host, page.port):
        return passed("port", f"{where} is free")
    if holder_of(service_lock(morning.settings, morning.place)) is not None:
        return passed("port", f"{where} is taken, and a service of this account runs")
    return failed("port", f"{where} is taken by another program", "end it, or set dashboard.port to a free one")


def _channels(morning: _Morning) -> Check:
    """Each can be opened, and none failed its last messages. Rule: OP-404."""
    if (found := channel_check(morning.settings, morning.credentials)) is not None:
        return found
    if morning.mode is Mode.LIVE:
        fix = "set [[alerts.channels]] or alerts.webhook_url: an alarm must reach a person"
        return failed("channels", "alarms go to the log alone", fix)
    return passed("channels", "none: alarms go to the log alone")


# -- what was kept ------------------------------------------------------------------------------------------------


def _backup(morning: _Morning) -> Check:
    if not ledger_exists(morning.settings, morning.place):
        return passed("backup", f"{morning.place}: no ledger yet")
    sessions = unsaved_sessions(morning.settings, morning.place, morning.clock.now(), morning.calendar)
    kept = last_backup(morning.settings, morning.place)
    last = "never backed up" if kept is None else f"last backup {kept.made_at:%Y-%m-%d %H:%M}Z"
    detail = f"{last}, {sessions} sessions since"
    if sessions > OLDEST_SESSIONS:
        return failed("backup", detail, f"gammacore ledger backup {morning.ledger}")
    return passed("backup", detail)


def _rehearsal(morning: _Morning) -> Check:
    why = why_not_rehearsed(morning.settings.storage.home, morning.clock.now())
    if why and morning.mode is Mode.LIVE:
        return failed("rehearsal", why, "gammacore rehearse")
    return passed("rehearsal", why or "one passed within 30 days")


def _armed(morning: _Morning) -> Check:
    if morning.mode is not Mode.LIVE:
        return passed("armed", "paper needs no arming")
    left = arming_left(morning.configuration, clock=morning.clock, calendar=morning.calendar)
    if left is None:
        return failed("armed", "the live account is not armed", COMMAND)
    if left.void:
        return failed("armed", left.void, COMMAND)
    return passed("armed", f"until the session of {left.armed.last_session}, {left.sessions_left} left")


# -- the ledger ---------------------------------------------------------------------------------------------------


def _of_book(name: str, check: Callable[[_Morning, Book], Check], morning: _Morning) -> Check:
    if not ledger_exists(morning.settings, morning.place):
        return passed(name, f"{morning.place}: no ledger yet")
    return check(morning, book_of(morning.settings, morning.place))


def _halted(morning: _Morning, book: Book) -> Check:
    if book.halted is None:
        return passed("halted", "not halted")
    typed = " --confirm-account N" if morning.mode is Mode.LIVE else ""
    return failed(
        "halted", f"trading is halted ({book.halted}): exits only",
        f"once the cause is known: gammacore resume {morning.ledger}{typed}",
    )  # fmt: skip


def _quarantine(morning: _Morning, book: Book) -> Check:
    if not book.quarantined:
        return passed("quarantine", "nothing is quarantined")
    held = ", ".join(f"{count:+d} {symbol}" for symbol, count in book.quarantined.items())
    return failed(
        "quarantine", f"the account holds {held}, which is in no book",
        f"close or keep it by hand, then gammacore reconcile {morning.ledger}",
    )  # fmt: skip


def _unfinished(morning: _Morning, book: Book) -> Check:
    today = new_york_date(morning.clock.now())
    day, finished = book.day, book.finished
    is_over = day is None or (finished is not None and finished.date >= day.date)
    if day is None or is_over or day.date >= today:
        return passed("unfinished_day", "every day before today is finished")
    held = f", {len(book.live_holdings)} holdings are not booked" if book.live_holdings else ""
    fix = f"gammacore reconcile {morning.ledger}; the next day begins by settling it"
    return failed("unfinished_day", f"{day.date} was begun and not finished{held}", fix)


def _ledger_format(morning: _Morning) -> Check:
    if not ledger_exists(morning.settings, morning.place):
        return passed("ledger_format", f"{morning.place}: no ledger yet")
    holder = writer_of(morning.settings, morning.place)
    return passed("ledger_format", "the newest layout" + (f", written by {holder}" if holder else ""))


def _version(morning: _Morning) -> Check:
    kept = last_backup(morning.settings, morning.place)
    if kept is None or kept.version == __version__:
        return passed("version", __version__)
    day: dt.date = new_york_date(kept.made_at)
    return passed("version", f"{__version__}, and {kept.version} on {day}: read CHANGELOG before the open")
