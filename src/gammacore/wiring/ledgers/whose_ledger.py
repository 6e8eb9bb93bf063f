"""A run and its ledger: the one gate before a command writes. Of its mode, its broker and its account, or refused.

What the ledger recorded of its account (`AccountRecorded`) is compared with the number in the credentials, before
anything is opened to be written; where only the broker knows the number, it is asked. Rules: OP-101, OP-104, CS-609.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from gammacore.adapters.system_clock import SystemClock
from gammacore.configuration import Configuration, Settings, Sourced, configure
from gammacore.configuration.brokers import kit_of
from gammacore.domain.broker_facts.dated import REAL_BROKERS, BrokerName
from gammacore.domain.ledger import AccountMark, Mode
from gammacore.errors import BrokerError, ConfigurationError, InvalidInput, StorageError
from gammacore.ports.broker import Broker
from gammacore.ports.clock import Clock
from gammacore.ports.credentials import HIDDEN, CredentialStore, Secret
from gammacore.wiring.brokers import BROKERS_OWN, BrokerPlaces, open_broker
from gammacore.wiring.ledgers.choice import FoundLedger, whose_ledger
from gammacore.wiring.ledgers.storage import LedgerPlace
from gammacore.wiring.markets import taking_up
from gammacore.wiring.service.arming import Armed, account_number, armed_mode, require_number

OPTION = "option "
"""How the source of a setting begins that the command line gave."""


def armed_for(
    configuration: Configuration,
    credentials: CredentialStore,
    ledger: FoundLedger,
    places: BrokerPlaces = BROKERS_OWN,
) -> tuple[Configuration, Armed]:
    """The configuration and mode in which a ledger is acted on, or a refusal before anything is written. OP-104.

    The ledger says the mode: a study's orders go to the fake exchange, a paper ledger's to the paper account whatever
    `account.paper` says. What the command line said otherwise, and every closed lock of live trading, is refused.

    Raises:
        ConfigurationError: another mode than the ledger's was asked for, a lock is closed, a credential is missing, or
            the ledger is of another account.
    """
    configuration = _trading_its_strategy(in_mode_of(configuration, ledger), ledger)
    armed = armed_mode(configuration, credentials)
    require_ledger(configuration, credentials, ledger, armed, places)
    return configuration, armed


def _trading_its_strategy(configuration: Configuration, ledger: FoundLedger) -> Configuration:
    """The configuration with the built-in strategy a ledger was last traded by, where none is given: a scalping desk
    has keys of its own. Rule: SC-706.
    """
    if "trade.strategy" in configuration.given or not kit_of(configuration.settings.account.broker).pairs:
        return configuration
    with suppress(StorageError):  # a flatten goes on without
        taken = taking_up(configuration, ledger.place, only_to_close=True)
        if (found := taken.given.get("trade.strategy")) is not None:
            return configuration.filled_in({"trade.strategy": found})
    return configuration


def require_ledger(
    configuration: Configuration,
    credentials: CredentialStore,
    ledger: FoundLedger,
    armed: Armed,
    places: BrokerPlaces = BROKERS_OWN,
) -> None:
    """Refuse a ledger of another mode, broker or account than those of the run. Rules: OP-101, OP-104, CS-609.

    Where the credentials do not include the account's number (Alpaca on paper) the broker is asked for it. One that
    does not answer hinders nothing here: a flatten latches all the same, and `wire_day` compares before it trades.

    Raises:
        ConfigurationError: they differ; the fix is named.
        StorageError: the ledger cannot be read.
    """
    _require_mode(ledger, armed)
    if not armed.broker.is_real:
        return
    whose = whose_ledger(configuration.settings, ledger.place)
    if whose.account is None:
        return
    mine = mark_of(armed, whose.lineage)
    refuse_another_account(ledger.place, whose.account, mine)
    if not mine.is_whole:
        asked = _number_at(armed, credentials, places)
        refuse_another_account(ledger.place, whose.account, mark_of(armed, whose.lineage, asked))


def _number_at(armed: Armed, credentials: CredentialStore, places: BrokerPlaces) -> str:
    """The number of the account that the credentials open, as its broker says it; "" without an answer."""
    opened = open_broker(armed, credentials, SystemClock(), places)
    try:
        return opened.broker.account().number
    except BrokerError:
        return ""
    finally:
        opened.close()


@contextmanager
def account_of(
    settings: Settings,
    ledger: FoundLedger,
    credentials: CredentialStore,
    clock: Clock,
    places: BrokerPlaces = BROKERS_OWN,
) -> Iterator[Broker]:
    """The broker of an account's ledger, to be asked; nothing is sent, so no lock is asked.

    Raises:
        ConfigurationError: it is another account than the ledger's, or a credential is missing.
        BrokerError: it does not answer.
    """
    whose = whose_ledger(settings, ledger.place)
    broker = settings.account.broker if whose.account is None else whose.account.broker
    assert ledger.mode is not None
    armed = Armed(ledger.mode, broker, account_number(broker, ledger.mode, credentials))
    opened = open_broker(armed, credentials, clock, places)
    try:
        shown = opened.broker.account().number
        refuse_another_account(ledger.place, whose.account, mark_of(armed, whose.lineage, shown), "nothing was sent")
        yield opened.broker
    finally:
        opened.close()


def mark_of(armed: Armed, lineage: str, number: str = "") -> AccountMark:
    """The mark that a run's account has in a ledger: by the number given, else the one known beforehand, if any."""
    known = "" if armed.number is None else armed.number.reveal()
    return _mark(armed.broker, number or known, lineage)


def _mark(broker: BrokerName, number: str, lineage: str) -> AccountMark:
    try:
        return AccountMark.of(broker, number, lineage, Secret(number).ending)
    except InvalidInput:  # no number, or none that a broker gives: it has no end to show
        return AccountMark.of(broker, number, lineage, HIDDEN)


def refuse_another_account(
    ledger: LedgerPlace | None, recorded: AccountMark | None, mine: AccountMark, done: str = "nothing was written"
) -> None:
    """Refuse a ledger that was recorded as another account's; what is not known of either contradicts nothing.

    `done` is what the message says has been done so far.

    Raises:
        ConfigurationError: they are two accounts; both ends and the fix are named.
    """
    if recorded is None or not recorded.contradicts(mine):
        return
    alike = ", another number that ends alike" if str(recorded) == str(mine) else ""
    raise ConfigurationError(
        f"{ledger or 'this ledger'} is of {recorded}, and this run is of {mine}{alike}; {done}. Give the "
        f"broker and the credentials of {recorded}, or keep the other account apart: another account.id, or a home of "
        "its own (GAMMACORE_HOME)"
    )


def _require_mode(ledger: FoundLedger, armed: Armed) -> None:
    if ledger.mode in (None, armed.mode):
        return
    assert ledger.mode is not None
    raise ConfigurationError(
        f"{ledger.place} is a {ledger.mode} ledger and this run is {armed.mode} ({armed.banner}); nothing was "
        f"written. {_FIX[ledger.mode]}, or name another ledger"
    )


_FIX = {
    Mode.STUDY: "Leave out --live and the broker (or give --broker fake)",
    Mode.PAPER: f"Give --broker {REAL_BROKERS} without --live",
    Mode.LIVE: "Give --live, --broker and --confirm-account N",
}


def require_to_resume(
    configuration: Configuration, credentials: CredentialStore, ledger: FoundLedger, typed: str
) -> None:
    """What a resume must show: the number of a live account typed back, and no other account than the ledger's.

    On paper no broker need be configured; one that is must be the ledger's. Rules: OP-101, OP-105.

    Raises:
        ConfigurationError: the number is missing or another, or the ledger is of another account.
    """
    broker, mode = configuration.settings.account.broker, ledger.mode
    if mode is Mode.LIVE:
        require_number(configuration, credentials, typed, str(ledger.place))
    if mode in (None, Mode.STUDY) or not broker.is_real:
        return
    whose = whose_ledger(configuration.settings, ledger.place)
    mine = mark_of(Armed(mode, broker, account_number(broker, mode, credentials)), whose.lineage)
    refuse_another_account(ledger.place, whose.account, mine)


def in_mode_of(configuration: Configuration, ledger: FoundLedger) -> Configuration:
    """The configuration in the mode of a ledger, where the options ask for none. Rule: OP-104."""
    if configuration.live.switch or configuration.live.account or ledger.mode in (None, Mode.LIVE):
        return configuration
    where = f"ledger {ledger.place}"
    mode = {"account.paper": Sourced(True, where)}
    broker = configuration.given.get("account.broker")
    if ledger.mode is Mode.STUDY and not (broker is not None and broker.source.startswith(OPTION)):
        mode["account.broker"] = Sourced("fake", where)
    return configure([configuration.given, mode], configuration.live)


def refuse_contradiction(configuration: Configuration, ledger: FoundLedger) -> None:
    """Refuse options that mean another mode than that of the ledger a loop writes, where no lock is asked. OP-101.

    Raises:
        ConfigurationError: --confirm-account with a ledger that is not live or is of another account, or a --broker
            that is not its own.
    """
    if ledger.mode is None:
        return
    if configuration.live.account and ledger.mode is not Mode.LIVE:
        raise ConfigurationError(
            f"--confirm-account means a live account, and {ledger.place} is a {ledger.mode} ledger; nothing was "
            "written. Say --live, or leave --confirm-account out"
        )
    broker = configuration.given.get("account.broker")
    if broker is not None and not broker.source.startswith(OPTION):
        broker = None
    _refuse_options_of_another_account(configuration, ledger, is_named=broker is not None)
    if broker is None:
        return
    if (ledger.mode is Mode.STUDY) == configuration.settings.account.broker.is_real:
        raise ConfigurationError(
            f"{broker.source} {broker.value} and {ledger.place}, a {ledger.mode} ledger, do not go together; nothing "
            f"was written. {_FIX[ledger.mode]}, or name another ledger"
        )


def _refuse_options_of_another_account(configuration: Configuration, ledger: FoundLedger, *, is_named: bool) -> None:
    """The number typed back and the broker named, where either is, beside a loop too."""
    broker, typed = configuration.settings.account.broker, configuration.live.account
    if ledger.mode is Mode.STUDY or not (typed or (is_named and broker.is_real)):
        return
    with suppress(StorageError):  # a request is left with a running loop although its ledger cannot be read
        whose = whose_ledger(configuration.settings, ledger.place)
        if whose.account is not None:
            named = broker if is_named and broker.is_real else whose.account.broker
            refuse_another_account(ledger.place, whose.account, _mark(named, typed, whose.lineage))
