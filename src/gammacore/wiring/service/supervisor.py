"""The service of an account, wired: supervisor, child processes, signals, state, systemd. Rules: OP-201..209."""

from __future__ import annotations

import datetime as dt
import logging
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from shlex import quote

from attrs import evolve, frozen

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.service.armed_file import armed_path, read_armed
from gammacore.adapters.service.children import GAMMACORE, Processes
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
from gammacore.domain.sessions import new_york_date
from gammacore.errors import ConfigurationError, GammacoreError, StorageError, WriteConflict
from gammacore.ports.clock import Calendar, Clock
from gammacore.ports.credentials import CredentialStore
from gammacore.ports.service import Child, Operator
from gammacore.version import __version__
from gammacore.wiring.account_loop import AccountLoop
from gammacore.wiring.alerts.service_operator import ServiceOperator
from gammacore.wiring.brokers import BROKERS_OWN, BrokerPlaces
from gammacore.wiring.checks.doctor import diagnose
from gammacore.wiring.ledgers.storage import account_ledger, local_path, make_folder
from gammacore.wiring.page.serve_page import without_credentials
from gammacore.wiring.service.day_duties import DayDuties
from gammacore.wiring.service.files import service_lock, service_log, session_settings
from gammacore.wiring.service.live_arming import permit_of

NO_PAGE_OF_ITS_OWN = {"GAMMACORE_DASHBOARD__ENABLED": "false"}
"""A loop of the service starts no page: the service has one, and it is served when nothing trades."""
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
    places: BrokerPlaces = BROKERS_OWN,
) -> int:
    """Supervise the account until SIGTERM or SIGINT; the exit code. `again` reads the configuration as it is then.

    `command` stands in for `gammacore trade …`, `check` for the checks before the open, `places` for the brokers' own
    addresses, in tests.

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
        reports_to = operator or (own := ServiceOperator(settings, ask.mode, beside, credentials, log))
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
        loop = KeepLoop(now, children, seen, reports_to, kept, settings.service.stalled_after + silence, permit)
        alive = NotifySocket()
        duty = DayDuties(settings, place, ask.mode, again, credentials, now, days, reports_to, alive.watchdog, places)
        duties = Duties(
            check=check or (lambda: _checks(again(), credentials, ask.mode, now, days)),
            wake=lambda: duty.wake(new_york_date(now.now())),
            day_end=duty.day_end,
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
            reports_to,
            alive,
            StateFile(state_path(beside)),
            wishes,
            settings.service,
            about,
        )
        if own is not None:
            supervisor.read_channels = partial(own.read_again, again)
        if settings.dashboard.enabled:
            supervisor.page = KeepPage(now, lambda: _page(ask.config), reports_to)
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
    """`doctor --before-open` of the loop that would be started. Rule: OP-204."""
    armed = None
    if mode is Mode.LIVE:
        armed = read_armed(armed_path(local_path(configuration.settings, account_ledger(configuration.settings, mode))))
    ask = LiveAsk(switch=True, armed=armed) if mode is Mode.LIVE else LiveAsk()
    checks = diagnose(
        evolve(configuration, live=ask), credentials, clock=clock, calendar=calendar, is_before_open=True
    ).checks
    if mode is Mode.LIVE:  # what is not armed has its own alarm, and exits start without
        return [check for check in checks if check.name not in ("mode", "armed")]
    return checks
