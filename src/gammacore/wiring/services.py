"""The service of an account, wired: supervisor, child processes, signals, state, systemd. Rules: OP-201..209."""

from __future__ import annotations

import datetime as dt
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from shlex import quote

from attrs import evolve, frozen

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.service.armed_file import armed_path, read_armed
from gammacore.adapters.service.children import Processes
from gammacore.adapters.service.notify_socket import NotifySocket
from gammacore.adapters.service.settings_copy import SettingsCopy
from gammacore.adapters.service.signals import SignalWishes
from gammacore.adapters.service.state_file import StateFile, state_path
from gammacore.adapters.sqlite.lock import WriterLock
from gammacore.adapters.sqlite.lock import writer_of as holder_of
from gammacore.adapters.system_clock import SystemClock
from gammacore.application.diagnose import Check
from gammacore.application.service.keep_loop import GRANTED, KeepLoop, Permit
from gammacore.application.service.keep_page import KeepPage
from gammacore.application.service.supervise import Duties, Supervisor
from gammacore.configuration import Configuration, LiveAsk, Settings
from gammacore.configuration.settings import StorageKind
from gammacore.domain.broker_facts.dated import REAL_BROKERS
from gammacore.domain.ledger import Mode
from gammacore.domain.service.day_plan import DayPlan, ServiceTimes
from gammacore.errors import ConfigurationError, GammacoreError, StorageError, WriteConflict
from gammacore.ports.clock import Calendar, Clock
from gammacore.ports.credentials import CredentialStore
from gammacore.ports.service import Child, Operator
from gammacore.version import __version__
from gammacore.wiring.account_loop import AccountLoop
from gammacore.wiring.doctor import LEAST_FREE_BYTES, diagnose
from gammacore.wiring.live_arming import permit_of
from gammacore.wiring.notices import operator_of
from gammacore.wiring.serve_page import without_credentials
from gammacore.wiring.service_files import service_lock, service_log, session_settings
from gammacore.wiring.storage import LedgerPlace, account_ledger, ledger_exists, local_path, make_folder

DUTY_SECONDS = 100.0
"""So long one duty of the day's end may take; systemd's watchdog waits 120 s (ours)."""
NO_PAGE_OF_ITS_OWN = {"GAMMACORE_DASHBOARD__ENABLED": "false"}
"""A loop of the service starts no page: the service has one, and it is served when nothing trades."""
GAMMACORE = (sys.executable, "-m", "gammacore")
log = logging.getLogger("gammacore")


@frozen
class ServiceAsk:
    """What the command line said: the mode, a strategy other than the configured one, the configuration file."""

    mode: Mode = Mode.PAPER
    strategy: str | None = None
    config: Path | None = None


def plan_days(times: ServiceTimes, first: dt.date, days: int, calendar: Calendar | None = None) -> Iterator[DayPlan]:
    """The plans of so many New York dates. Rule: OP-205."""
    known = calendar or NyseCalendar()
    for number in range(days):
        date = first + dt.timedelta(days=number)
        yield DayPlan(date, known.session(date), times)


def service_running(settings: Settings, mode: Mode) -> str | None:
    """The process that is the service of an account, "process 4711"; None when none runs."""
    return holder_of(service_lock(settings, account_ledger(settings, mode)))


def ensure_service(settings: Settings, ask: ServiceAsk) -> bool:
    """Start the service in the background unless it runs; whether it was started. For cron. Rule: OP-205."""
    if service_running(settings, ask.mode) is not None:
        return False
    folder = settings.storage.home / "logs"
    make_folder(folder)
    descriptor = os.open(folder / f"service-{ask.mode}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        subprocess.Popen(
            [*GAMMACORE, "service", f"--{ask.mode}", *_chosen(ask, ask.config)],
            stdin=subprocess.DEVNULL, stdout=descriptor, stderr=descriptor, start_new_session=True,
        )  # fmt: skip
    finally:
        os.close(descriptor)
    return True


def _chosen(ask: ServiceAsk, config: Path | None) -> list[str]:
    strategy = [] if ask.strategy is None else ["--strategy", ask.strategy]
    return [*strategy, *([] if config is None else ["--config", str(config)])]


def run_service(
    configuration: Configuration,
    credentials: CredentialStore,
    ask: ServiceAsk,
    *,
    again: Callable[[], Configuration],
    clock: Clock | None = None,
    calendar: Calendar | None = None,
    operator: Operator | None = None,
    command: Sequence[str] | None = None,
    check: Callable[[], Sequence[Check]] | None = None,
) -> int:
    """Supervise the account until SIGTERM or SIGINT; the exit code. `again` reads the configuration as it is then.

    `command` stands in for `gammacore trade …` and `check` for the checks before the open, in tests.

    Raises:
        ConfigurationError: no broker is configured at which the account could trade, or the ledger has no folder.
        WriteConflict: another service of this account runs.
    """
    settings = configuration.settings
    if not settings.account.broker.is_real:
        raise ConfigurationError(
            f"a service trades an account at a broker every day; set account.broker to {REAL_BROKERS} in the file, or "
            "trade one simulated day with `gammacore trade`"
        )
    place, now, days = account_ledger(settings, ask.mode), clock or SystemClock(), calendar or NyseCalendar()
    beside = local_path(settings, place)
    make_folder(beside.parent)
    try:
        lock = WriterLock.take(service_lock(settings, place))
    except WriteConflict as other:
        raise WriteConflict(f"a service of {place} runs already ({service_running(settings, ask.mode)})") from other
    wishes, own = SignalWishes(), None
    try:
        told = operator or (own := operator_of(settings, ask.mode, beside, credentials, log))
        seen, kept = AccountLoop(settings, place), SettingsCopy(ask.config, session_settings(settings, place))

        def line(seconds: float) -> list[str]:
            if command is not None:
                return list(command)
            live = ["--live", "--armed"] if ask.mode is Mode.LIVE else []
            log_file = ["--log-file", str(service_log(settings, ask.mode, ".loop")), "--log-format", "json"]
            return [
                *GAMMACORE, "trade", *live, "--wait-for-network", f"{seconds:.0f}", *log_file, *_chosen(ask, kept.path)
            ]  # fmt: skip

        def permit() -> Permit:
            if ask.mode is not Mode.LIVE:
                return GRANTED
            try:
                return permit_of(again(), credentials, clock=now, calendar=days)
            except GammacoreError as wrong:  # settings that cannot be read: the loop itself refuses them, exit code 2
                log.warning("the arming is not compared: %s", wrong)
                return GRANTED

        silence = settings.firestore.outage_seconds if settings.storage.kind is StorageKind.FIRESTORE else 0.0
        children = Processes(line, lambda pid: _is_writer(seen, pid), {**os.environ, **NO_PAGE_OF_ITS_OWN})
        loop = KeepLoop(now, children, seen, told, kept, settings.service.stalled_after + silence, permit)
        duties = Duties(
            check=check or (lambda: _checks(again(), credentials, ask.mode, now, days)),
            wake=lambda: tuple(_wake(settings, place)),
            day_end=lambda date: _day_end(settings, place, ask.mode, date),
            resume_line=f"gammacore resume --ledger {quote(str(place))}"
            + (" --confirm-account N" if ask.mode is Mode.LIVE else ""),
        )
        about = {
            "pid": os.getpid(), "version": __version__, "mode": ask.mode.value, "account": settings.account.id,
            "strategy": str(ask.strategy or settings.trade.strategy), "ledger": str(place),
        }  # fmt: skip
        supervisor = Supervisor(
            now,
            days,
            loop,
            duties,
            told,
            NotifySocket(),
            StateFile(state_path(beside)),
            wishes,
            settings.service,
            about,
        )
        if settings.dashboard.enabled:
            supervisor.page = KeepPage(now, lambda: _page(ask.config), told)
        with wishes.listening():
            return supervisor.run()
    finally:
        if own is not None:
            own.close()
        lock.release()


def _is_writer(seen: AccountLoop, pid: int) -> bool:
    """Whether a process holds the ledger; one of which that cannot be seen is taken to go on."""
    try:
        return seen.writer() == pid
    except StorageError:
        return True


def _page(config: Path | None) -> Child:
    """The page as a process that sees no credential. Rule: OP-501."""
    arguments = [] if config is None else ["--config", str(config)]
    line = [*GAMMACORE, "dashboard", "--quiet", *arguments]
    return Processes(lambda _seconds: line, lambda _pid: False, without_credentials(os.environ)).start(0)


def _checks(
    configuration: Configuration, credentials: CredentialStore, mode: Mode, clock: Clock, calendar: Calendar
) -> Sequence[Check]:
    """`doctor` of the loop that would be started. Rule: OP-204."""
    armed = None
    if mode is Mode.LIVE:
        armed = read_armed(armed_path(local_path(configuration.settings, account_ledger(configuration.settings, mode))))
    ask = LiveAsk(switch=True, armed=armed) if mode is Mode.LIVE else LiveAsk()
    checks = diagnose(evolve(configuration, live=ask), credentials, clock=clock, calendar=calendar).checks
    if mode is Mode.LIVE:  # what is not armed has its own alarm, and exits start without
        return [check for check in checks if check.name != "mode"]
    return checks


def _wake(settings: Settings, place: LedgerPlace) -> Iterator[str]:
    """Version, disk and ledger before the day; what is wrong, in words. Rule: OP-204."""
    log.info("gammacore %s", __version__)
    free = shutil.disk_usage(local_path(settings, place).parent).free
    if free < LEAST_FREE_BYTES:
        yield f"{free // 2**20} MB are free on the disk of {place}; below 200 MB a day may end in a full disk"
    if ledger_exists(settings, place):
        yield from _performed("the ledger is not verified", "ledger", "verify", "--ledger", str(place))


def _day_end(settings: Settings, place: LedgerPlace, mode: Mode, date: dt.date) -> str:
    """The page of the day in HOME/reports, and the day in one sentence. Rule: OP-204.

    Raises:
        GammacoreError: the ledger cannot be read.
    """
    from gammacore.domain.dollars import dollars
    from gammacore.domain.reports.day_report import day_report
    from gammacore.wiring.controls import events_of

    if not ledger_exists(settings, place):
        return f"{date}: no ledger, nothing was traded"
    events = events_of(settings, place)
    report = day_report(events, date)
    folder = settings.storage.home / "reports"
    make_folder(folder)
    page = folder / f"{mode}-{settings.account.id}-{date}.html"
    for wrong in _performed(
        "the page of the day is not written", "report", "--ledger", str(place), "--day", str(date), "--html", str(page)
    ):
        log.warning("%s", wrong)
    net = dollars(report.pnl - report.fees)
    return f"{date}: {len(report.trades)} trades, net {net}, balance {dollars(report.balance)}"


def _performed(failed: str, *arguments: str) -> Iterator[str]:
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
