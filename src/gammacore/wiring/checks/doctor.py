"""The checks of `doctor`: what the configured broker, market and ledger need, looked at part by part."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from attrs import frozen

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.disk_space import LEAST_FREE_BYTES
from gammacore.adapters.system_clock import SystemClock
from gammacore.adapters.wire.kit import OpenBroker
from gammacore.application.diagnose import (
    NO_ANSWER,
    Check,
    ExamineBroker,
    ExamineMarket,
    check_calendar,
    failed,
    not_asked,
    passed,
    probed,
)
from gammacore.configuration import Configuration, Settings
from gammacore.configuration.brokers import kit_of, needed_credentials
from gammacore.configuration.settings import StorageKind
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.instruments import Underlying
from gammacore.domain.ledger import Mode
from gammacore.domain.sessions import new_york_date
from gammacore.errors import BrokerError, ConfigurationError, GammacoreError, missing_extra
from gammacore.ports.broker import Broker
from gammacore.ports.clock import Calendar, Clock
from gammacore.ports.credentials import CredentialStore
from gammacore.wiring.brokers import BROKERS_OWN, BrokerPlaces, open_broker, open_broker_market
from gammacore.wiring.checks.growth import check_growth
from gammacore.wiring.days import wire_day
from gammacore.wiring.desk_keys import other_names, with_desk_keys
from gammacore.wiring.ledgers.choice import whose_ledger
from gammacore.wiring.ledgers.storage import account_ledger, ledger_exists, open_storage
from gammacore.wiring.ledgers.whose_ledger import mark_of, refuse_another_account
from gammacore.wiring.markets import naming_underlying
from gammacore.wiring.service.arming import Armed, armed_mode, look_up
from gammacore.wiring.session_rules import dated_tables
from gammacore.wiring.venues import for_market

FIRESTORE_EXTRA = ("firestore", "google.cloud.firestore")
BROKER_CHECKS = ("broker", "clock", "account", "buying_power", "option_level", "market_data")


@frozen
class Diagnosis:
    """All checks, and the banner of the run they were made for; "" where there can be none."""

    checks: tuple[Check, ...]
    banner: str


def diagnose(
    configuration: Configuration,
    credentials: CredentialStore,
    *,
    clock: Clock | None = None,
    calendar: Calendar | None = None,
    places: BrokerPlaces = BROKERS_OWN,
    is_before_open: bool = False,
) -> Diagnosis:
    """Look at everything a run with this configuration needs. Orders are neither sent nor changed.

    `is_before_open` looks at the morning of a trading day besides. Rule: OP-706.
    """
    settings, now = configuration.settings, clock or SystemClock()
    days = calendar or NyseCalendar()
    checks = [_credentials(configuration, credentials)]
    armed: Armed | None = None
    try:
        armed = armed_mode(configuration, credentials)
        checks.append(passed("mode", armed.banner))
    except GammacoreError as refusal:
        checks.append(
            failed(
                "mode",
                str(refusal),
                "fix what is named; without --live it is paper, with --broker fake no credential is needed",
            )
        )
    checks.append(_extras(settings))
    broker = settings.account.broker if armed is None else armed.broker
    tables = dated_tables(settings, broker, days, new_york_date(now.now()))
    probe = partial(check_calendar, days, now.now(), tables)
    checks.append(probed("calendar", probe, "install exchange-calendars anew"))
    if armed is None:
        checks += [not_asked(name, "the mode is not settled", "fix the mode first") for name in BROKER_CHECKS]
    elif armed.broker.is_real:
        checks += _real(settings, armed, credentials, now, days, places)
    else:
        checks += _fake(configuration)
    if settings.protective_stop.on:
        checks.append(_protective_stop(broker))
    checks.append(probed("disk", lambda: _disk(settings.storage.home), "set GAMMACORE_HOME to a folder you may write"))
    checks.append(probed("ledger", lambda: _ledger(settings, armed), "gammacore ledger verify, then ledger repair"))
    mode = _mode_of(configuration)
    fix = "gammacore ledger verify, then ledger repair"
    checks.append(probed("growth", lambda: check_growth(settings, account_ledger(settings, mode)), fix))
    if is_before_open:
        # with the channels' library: a scalping day that begins with the checks of the doctor needs none of it
        from gammacore.wiring.checks.before_open import before_open

        checks += before_open(configuration, mode, credentials, now, days, places)
    return Diagnosis(tuple(checks), "" if armed is None else armed.banner)


def _mode_of(configuration: Configuration) -> Mode:
    """The kind of account that is meant, whether its locks are open or not."""
    live = configuration.live.switch or bool(configuration.live.account) or not configuration.settings.account.paper
    return Mode.LIVE if live else Mode.PAPER


def _protective_stop(broker: BrokerName) -> Check:
    """Whether the broker takes the stop that the settings ask for; the day is traded without where it does not."""
    if refusal := kit_of(broker).facts.refuses_stops:
        return failed("protective_stop", refusal, "set protective_stop.on to false, or trade at a broker that takes it")
    return passed("protective_stop", f"{broker} takes a stop order on the short of a spread")


def _credentials(configuration: Configuration, credentials: CredentialStore) -> Check:
    """Which credentials the run needs, and where each comes from; never what they are."""
    account, mode = configuration.settings.account, _mode_of(configuration)
    kit = kit_of(account.broker)
    needed = kit.keys(mode).needed
    halves = "".join(f"; {half}" for half in _halves(credentials, account.broker, mode))
    if not needed:
        return passed("credentials", f"broker {account.broker} needs none{halves}")
    try:
        store = with_desk_keys(configuration.settings, mode, credentials)
    except ConfigurationError as wrong:
        return failed("credentials", str(wrong), "give one whole pair in the environment, in .env, or by `keyring set`")
    found = [look_up(store, name) for name in needed]
    seen = "; ".join(
        f"{each.name} *** from {each.credential.source}"
        if each.credential is not None
        else each.problem or f"{each.name} is missing"
        for each in found
    )
    if all(each.credential is not None for each in found):
        return passed("credentials", f"{seen}{halves}")
    seen += other_names(configuration.settings, kit, credentials)
    state = "incomplete: " if any(each.credential is not None for each in found) else ""
    fix = "give what is missing in the environment, in .env, or by `keyring set gammacore NAME`"
    return failed("credentials", f"{state}{seen}{halves}", fix)


def _extras(settings: Settings) -> Check:
    """Whether the optional libraries are there that this configuration uses."""
    wanted = {kit_of(broker).extra for broker in (settings.account.broker, *_broker_looked_at(settings))} - {None}
    if settings.storage.kind is StorageKind.FIRESTORE:
        wanted.add(FIRESTORE_EXTRA)
    pairs = sorted(pair for pair in wanted if pair is not None)
    if missing := [extra for extra, module in pairs if not _is_installed(module)]:
        fix = str(missing_extra(",".join(missing), "")).partition("; ")[2]
        return failed("extras", f"{', '.join(missing)}: not installed", fix)
    return passed("extras", f"{', '.join(extra for extra, _ in pairs)} installed" if pairs else "none needed")


def _broker_looked_at(settings: Settings) -> Iterator[BrokerName]:
    yield from (broker for broker in BrokerName if broker.is_real and broker.value == settings.market.source)


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package it would be in
        return False


def _halves(credentials: CredentialStore, broker: BrokerName, mode: Mode) -> Iterator[str]:
    """Credentials of other brokers and modes that are there in part, and open nothing as they are.

    A live Tradier token alone is complete: it opens the market data.
    """
    for kit, its_mode, names in needed_credentials():
        found = [name for name in names if look_up(credentials, name).credential is not None]
        if (kit.name, its_mode) == (broker, mode) or kit.complete_alone.issuperset(found):
            continue
        if found and (missing := [name for name in names if name not in found]):
            yield f"{kit.name} {its_mode} is incomplete: {', '.join(found)} without {', '.join(missing)}"


def _real(
    settings: Settings,
    armed: Armed,
    credentials: CredentialStore,
    clock: Clock,
    calendar: Calendar,
    places: BrokerPlaces,
) -> Iterator[Check]:
    try:
        line = open_broker(armed, credentials, clock, places, settings.deadlines(armed.broker))
    except ConfigurationError as wrong:
        yield failed("broker", str(wrong), "install or give what is missing")
        yield from (not_asked(name, NO_ANSWER, "fix the broker first") for name in BROKER_CHECKS[1:])
        return
    try:
        underlying = settings.underlying(settings.market.underlying)
        yield from _examine(settings, armed, line.broker, line.option_level, clock, underlying)
        look = _MarketLook(settings, armed, credentials, clock, calendar, places, line)
        yield probed("market_data", lambda: look(underlying), "check the underlying, the connection and the data plan")
    finally:
        line.close()


def _examine(
    settings: Settings,
    armed: Armed,
    broker: Broker,
    option_level: Callable[[], int | None],
    clock: Clock,
    underlying: Underlying,
) -> tuple[Check, ...]:
    return ExamineBroker(
        name=armed.broker.value,
        broker=broker,
        clock=clock,
        require_account=lambda number: _require_account(settings, armed, number),
        option_level=option_level,
        needed_level=kit_of(armed.broker).facts.spread_level(new_york_date(clock.now())),
        most_skew_seconds=settings.entries.most_clock_skew,
        play_money=armed.mode is Mode.PAPER,
        needed=smallest_risk(underlying),
    )()


@frozen
class _MarketLook:
    """One look at a real broker's market, of today's session or the next one."""

    settings: Settings
    armed: Armed
    credentials: CredentialStore
    clock: Clock
    calendar: Calendar
    places: BrokerPlaces
    line: OpenBroker

    def __call__(self, underlying: Underlying) -> Check:
        today = new_york_date(self.clock.now())
        session = self.calendar.session(today) or self.calendar.next_session(today)
        looked_at = for_market(self.settings, self.armed)
        shown = open_broker_market(
            self.settings, looked_at, self.credentials, self.clock, underlying, session, self.calendar, self.places
        )
        try:
            is_open = session.is_trading(self.clock.now()) and self._says_open()
            remedy = kit_of(looked_at.broker).delay_check
            return ExamineMarket(shown.market, self.clock, shown.is_delayed, is_open, remedy)()
        finally:
            shown.close()

    def _says_open(self) -> bool:
        try:
            return self.line.broker.clock().is_open
        except BrokerError:
            return True  # silence is not "closed": the price must then be fresh


def _fake(configuration: Configuration) -> Iterator[Check]:
    """The fake exchange over the configured market, in memory: opened as a day would, and asked the same."""
    fix = "check the market options: --market, --date, --underlying"
    try:
        day = wire_day(naming_underlying(configuration))
    except GammacoreError as wrong:
        yield failed("broker", str(wrong), fix)
        yield from (not_asked(name, "the market does not open", "fix the market first") for name in BROKER_CHECKS[1:])
        return
    try:
        settings, trade = configuration.settings, day.trade
        armed, clock = Armed(Mode.STUDY, BrokerName.FAKE), trade.clock
        yield from _examine(settings, armed, trade.broker, _any_level, clock, trade.underlying)
        examine = ExamineMarket(day.market, clock, is_delayed=False, is_open=True, fix_delay="")
        yield probed("market_data", examine, fix)
    finally:
        day.close()


def _any_level() -> int:
    """The fake exchange asks for no option level."""
    return 0


def smallest_risk(underlying: Underlying) -> Decimal:
    """Dollars the smallest spread of an underlying may lose: one contract of the base width, for nothing."""
    return underlying.base_width * underlying.multiplier


def _require_account(settings: Settings, armed: Armed, number: str) -> None:
    """The account that was meant, and the one its ledger is of, where there is a ledger already."""
    armed.require_account(number)
    place = account_ledger(settings, armed.mode)
    if armed.broker.is_real and ledger_exists(settings, place):
        whose = whose_ledger(settings, place)
        refuse_another_account(place, whose.account, mark_of(armed, whose.lineage, number))


def _disk(home: Path) -> Check:
    folder = next(each for each in (home.absolute(), *home.absolute().parents) if each.is_dir())
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"gammacore")
    except OSError as wrong:
        return failed(
            "disk", f"{folder} cannot be written ({wrong.strerror})", "set GAMMACORE_HOME to a folder you may write"
        )
    free = shutil.disk_usage(folder).free
    detail = f"{home} can be written, {free / 2**30:.1f} GB free"
    if free < LEAST_FREE_BYTES:
        return failed("disk", detail, "make room, or set GAMMACORE_HOME to another disk")
    return passed("disk", detail)


def _ledger(settings: Settings, armed: Armed | None) -> Check:
    """The ledger the run would write to: paper and live never share one."""
    is_live = armed is not None and armed.mode is Mode.LIVE
    place = account_ledger(settings, Mode.LIVE if is_live else Mode.PAPER)
    if not ledger_exists(settings, place):
        return passed("ledger", f"{place}: none yet, the first run makes it")
    storage = open_storage(settings, place, read_only=True)
    try:
        return passed("ledger", f"{place}: {sum(1 for _ in storage.events())} events, all read")
    finally:
        storage.close()
