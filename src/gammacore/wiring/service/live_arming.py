"""Arming a live account for the service: written by a person, read by the service and its loop. Rule: OP-208."""

from __future__ import annotations

import datetime as dt
import os
import secrets

from attrs import evolve, frozen

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.service.armed_file import armed_path, read_armed, write_armed
from gammacore.adapters.sqlite.lock import writer_of as holder_of
from gammacore.adapters.system_clock import SystemClock
from gammacore.application.service.keep_loop import Permit
from gammacore.configuration import Configuration, LiveAsk, OwnStrategy
from gammacore.configuration.brokers import kit_of
from gammacore.configuration.conversion import show
from gammacore.configuration.layers import SECRET
from gammacore.configuration.settings import flatten
from gammacore.domain.ledger import Mode
from gammacore.domain.service.armed import NOT_TRADING, ArmedAccount
from gammacore.domain.sessions import new_york_date
from gammacore.errors import ConfigurationError
from gammacore.ports.clock import Calendar, Clock
from gammacore.ports.credentials import CredentialStore
from gammacore.ports.storage import Request, RequestKind
from gammacore.wiring.account_loop import AccountLoop
from gammacore.wiring.controls import leave_request
from gammacore.wiring.ledgers.storage import account_ledger, ledger_exists, local_path, make_folder
from gammacore.wiring.own_strategies import code_of
from gammacore.wiring.service.arming import account_number, require_number
from gammacore.wiring.service.files import service_lock

COMMAND = "gammacore arm --live --confirm-account N"


def arm_account(
    configuration: Configuration,
    credentials: CredentialStore,
    typed: str,
    sessions: int,
    *,
    clock: Clock | None = None,
    calendar: Calendar | None = None,
) -> ArmedAccount:
    """Write the arming of the configured live account, for so many sessions from the one that is not over yet.

    Raises:
        ConfigurationError: the number typed is not that of the credentials, or there is none.
    """
    settings, now, days = configuration.settings, (clock or SystemClock()).now(), calendar or NyseCalendar()
    require_number(configuration, credentials, typed, "the account to arm")
    number = account_number(settings.account.broker, Mode.LIVE, credentials)
    assert number is not None  # compared just now
    armed = ArmedAccount.of(
        number.reveal(), number.ending, secrets.token_hex(16), now, _last_of(sessions, now, days),
        trading_settings(configuration), strategy_code(configuration),
    )  # fmt: skip
    path = armed_path(local_path(settings, account_ledger(settings, Mode.LIVE)))
    make_folder(path.parent)
    try:
        before = read_armed(path)
    except ConfigurationError:
        before = None  # one that cannot be read vouches for nothing
    same = before is not None and before.is_of(number.reveal())
    armed = armed.following(before if same else None)
    write_armed(path, armed)
    return armed


def disarm_account(configuration: Configuration, clock: Clock | None = None) -> ArmedAccount | None:
    """End the arming; None where there is none. What was opened under it is still watched."""
    path = armed_path(local_path(configuration.settings, account_ledger(configuration.settings, Mode.LIVE)))
    if (armed := read_armed(path)) is None:
        return None
    if armed.disarmed_at is None:
        armed = armed.ended((clock or SystemClock()).now())
        write_armed(path, armed)
    return armed


def trading_settings(configuration: Configuration) -> dict[str, str]:
    """Every setting that trades, as it is shown: an arming holds for these and no others; no secrets. Rule: OP-208.

    That the account is a live one is no setting of them.
    """
    return {
        key: show(value)
        for key, value in flatten(configuration.settings)
        if key != "account.paper" and not key.startswith(NOT_TRADING) and not SECRET.search(key)
    }


def strategy_code(configuration: Configuration) -> str:
    """The digest of a user's own strategy, "" for a built-in one, whose code is gammacore's."""
    strategy = configuration.settings.trade.strategy
    return code_of(strategy) if isinstance(strategy, OwnStrategy) else ""


@frozen
class ArmingLeft:
    """How an arming stands: `void` says why it does not hold, "" while it does."""

    armed: ArmedAccount
    void: str
    sessions_left: int


def arming_left(
    configuration: Configuration, *, clock: Clock | None = None, calendar: Calendar | None = None
) -> ArmingLeft | None:
    """What `status` shows; None where the account was never armed.

    Raises:
        ConfigurationError: the arming cannot be read.
    """
    settings, now, days = configuration.settings, (clock or SystemClock()).now(), calendar or NyseCalendar()
    armed = read_armed(armed_path(local_path(settings, account_ledger(settings, Mode.LIVE))))
    if armed is None:
        return None
    date = _trading_date(now, days)
    try:
        code = strategy_code(configuration)
    except ConfigurationError:
        code = "not readable"
    void = armed.void(date, trading_settings(configuration), code)
    return ArmingLeft(armed, void, 0 if void else _sessions(date, armed.last_session, days))


def permit_of(
    configuration: Configuration,
    credentials: CredentialStore,
    *,
    clock: Clock | None = None,
    calendar: Calendar | None = None,
) -> Permit:
    """Whether a live loop may be started without a person: armed; else only to exit what was opened under an arming."""
    settings = configuration.settings
    try:
        left = arming_left(configuration, clock=clock, calendar=calendar)
    except ConfigurationError as wrong:
        return Permit(granted=False, why=str(wrong))
    if left is None:
        return Permit(granted=False, why=f"the live account is not armed ({COMMAND})")
    number = account_number(settings.account.broker, Mode.LIVE, credentials)
    if number is None:
        name = kit_of(settings.account.broker).live.account or "the account's number"
        return Permit(granted=False, why=f"{name} is not there to compare the arming with")
    if not left.armed.is_of(number.reveal()):
        return Permit(
            granted=False, why=f"the arming is of account {left.armed.ending}, the credentials are of another"
        )
    if not left.void:
        return Permit()
    why = f"{left.void}; arm anew: {COMMAND}"
    place = account_ledger(settings, Mode.LIVE)
    held = ledger_exists(settings, place) and AccountLoop(settings, place).held_since(left.armed.since)
    return Permit(latched=True, why=why) if held else Permit(granted=False, why=why)


def armed_by_the_service(
    configuration: Configuration,
    credentials: CredentialStore,
    *,
    clock: Clock | None = None,
    calendar: Calendar | None = None,
) -> Configuration:
    """The configuration of a service's own loop, whose third lock is the arming; void, it is latched first. OP-208.

    Raises:
        ConfigurationError: no service of this account has started this process, or the account is not armed.
    """
    settings = configuration.settings
    place = account_ledger(settings, Mode.LIVE)
    if holder_of(service_lock(settings, place)) != f"process {os.getppid()}":
        raise ConfigurationError(
            "--armed is for the loop of `gammacore service --live` alone; type --confirm-account N"
        )
    permit = permit_of(configuration, credentials, clock=clock, calendar=calendar)
    if not permit.granted:
        raise ConfigurationError(f"live trading is refused: {permit.why}. Nothing was sent [not_armed]")
    if permit.latched:
        leave_request(settings, place, Request(RequestKind.HALT, (clock or SystemClock()).now(), permit.why))
    armed = read_armed(armed_path(local_path(settings, place)))
    return evolve(configuration, live=LiveAsk(switch=True, armed=armed))


def _trading_date(now: dt.datetime, days: Calendar) -> dt.date:
    """The date of the session that is on or comes next: an evening belongs to the next one."""
    date = new_york_date(now)
    session = days.session(date)
    return date if session is not None and now < session.close else days.next_session(date).date


def _last_of(sessions: int, now: dt.datetime, days: Calendar) -> dt.date:
    last = _trading_date(now, days)
    for _ in range(sessions - 1):
        last = days.next_session(last).date
    return last


def _sessions(first: dt.date, last: dt.date, days: Calendar) -> int:
    count = 0
    while first <= last:
        count, first = count + 1, days.next_session(first).date
    return count
