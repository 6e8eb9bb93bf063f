"""The three locks, asked of a configuration and its credentials: in which mode this run is, or why it may not be."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from attrs import field, frozen

from gammacore.adapters.credentials import (
    FirstFound,
    NamedFiles,
    SecretFiles,
    SystemdCredentials,
    SystemKeyring,
    Variables,
)
from gammacore.adapters.wire.kit import BrokerKit
from gammacore.configuration import Configuration, LiveAsk
from gammacore.configuration.brokers import credential_names, kit_of
from gammacore.domain.broker_facts.dated import REAL_BROKERS, BrokerName
from gammacore.domain.ledger import Mode
from gammacore.domain.risk.arming import LiveRequest, Lock, Typed, arm
from gammacore.errors import ConfigurationError, InvalidInput
from gammacore.ports.credentials import Credential, CredentialStore, Secret
from gammacore.wiring.desk_keys import NO_KEYS, desk_keys, other_names


@frozen
class Armed:
    """Whose money this run trades, and where. `number` is the account's, where it is known beforehand.

    `keys` are the strategy's own, under the broker's names for them: they come before all others (SC-706).
    """

    mode: Mode
    broker: BrokerName
    number: Secret | None = None
    keys: CredentialStore = field(default=NO_KEYS, eq=False, repr=False)

    @property
    def banner(self) -> str:
        """One line for the start of a run and of every log: mode, broker, the end of the account number.

        >>> Armed(Mode.LIVE, BrokerName.TRADIER, Secret("6YA12345")).banner
        'LIVE: real money at tradier, account ***345'
        """
        where = f"{_WHOSE[self.mode]} at {self.broker}" if self.broker.is_real else _WHOSE[self.mode]
        account = "" if self.number is None else f", account {self.number.ending}"
        return f"{self.mode.value.upper()}: {where}{account}"

    def require_account(self, number: str) -> None:
        """Refuse a broker that answers for another account than the one that was meant: asked once, after connecting.

        Raises:
            ConfigurationError: the keys open another account.
        """
        if self.number is not None and not self.number.matches(number):
            raise ConfigurationError(
                f"{self.broker} opened the account {Secret(number or '?').ending}, not {self.number.ending}: "
                f"the keys belong to another account than {kit_of(self.broker).keys(self.mode).account}"
            )


_WHOSE = {
    Mode.STUDY: "no money, simulated or replayed",
    Mode.PAPER: "play money",
    Mode.LIVE: "real money",
}


def armed_mode(configuration: Configuration, credentials: CredentialStore) -> Armed:
    """The mode to run in: a study on the fake exchange, paper at a broker, or live with all three locks open.

    Nothing is sent. Rules: cli.md, CS-609, SC-704..706.

    Raises:
        ConfigurationError: live was asked for and something is missing, all of which is named; or credentials stand
            where they do not belong or are half a pair; or the account's name in ledgers would be its number.
    """
    broker, paper = configuration.settings.account.broker, configuration.settings.account.paper
    asked = configuration.live
    wants_live = bool(asked.switch or asked.account or asked.armed is not None or not paper)
    kit = kit_of(broker)
    wanted_mode = Mode.LIVE if wants_live else Mode.PAPER
    keys = kit.keys(wanted_mode)
    own = desk_keys(configuration.settings, wanted_mode, credentials)
    credentials = FirstFound((own, credentials))
    found = {name: credentials.find(name) for name in keys.needed}
    missing = [name for name, credential in found.items() if credential is None]
    number = found.get(keys.account)
    misplaced = _misplaced(kit, found, credentials)
    address = configuration.settings.address(broker)
    is_elsewhere = bool(address) and kit.mode_of_address(address) is not wanted_mode
    lacking = ", ".join(missing) + (other_names(configuration.settings, kit, credentials) if missing else "")
    request = LiveRequest(
        broker=broker,
        switch=asked.switch,
        setting=not paper,
        typed=_typed(asked, number),
        vetoed=bool(configuration.live_veto),
        credentials=bool(found) and not missing,
        misplaced=bool(misplaced),
        elsewhere=is_elsewhere,
    )
    arming = arm(request)
    if arming.refused:
        at = f"{configuration.given[f'{broker}.base_url'].source} {address}" if is_elsewhere else ""
        raise ConfigurationError(_refusal(arming.locks, configuration, lacking, misplaced, at))
    if broker.is_real and missing:
        raise ConfigurationError(f"{broker} on paper needs {lacking}: {_WHERE}; or say --broker fake")
    _require_a_name(configuration.settings.account.id, [each for each in found.values() if each is not None])
    return Armed(arming.mode, broker, None if number is None else number.secret, own)


def account_number(broker: BrokerName, mode: Mode, credentials: CredentialStore) -> Secret | None:
    """The number of an account where the credentials have it; else its broker must be asked."""
    name = kit_of(broker).keys(mode).account
    found = credentials.find(name) if name else None
    return None if found is None else found.secret


def require_number(configuration: Configuration, credentials: CredentialStore, typed: str, what: str) -> None:
    """Compare the number typed back with that of the configured broker's live account. Rules: OP-101, OP-105.

    Raises:
        ConfigurationError: none was typed, there is none to compare it with, or it is another.
    """
    broker = configuration.settings.account.broker
    if not typed:
        raise ConfigurationError(f"{what} is live: type its account number back (--confirm-account N)")
    account = kit_of(broker).live.account
    if not account:
        raise ConfigurationError(f"{what} is live: give --broker {REAL_BROKERS}, whose credentials have the "
                                 "number that --confirm-account is compared with")  # fmt: skip
    number = credentials.find(account)
    if number is None:
        raise ConfigurationError(f"{what} is live: {account} is not there to compare --confirm-account with ({_WHERE})")
    if not number.secret.matches(typed):
        raise ConfigurationError(f"{what} is live: --confirm-account is not the number of this account; nothing was "
                                 "written")  # fmt: skip


_WHERE = "give them in the environment, in .env, or by `keyring set gammacore NAME`"


def _typed(asked: LiveAsk, number: Credential | None) -> Typed:
    """What was typed back, or what an arming stands for: the number of the credentials, or another. Rule: OP-208."""
    if not asked.account and asked.armed is None:
        return Typed.NOTHING
    if number is None:
        return Typed.UNPROVEN
    if asked.account:
        return Typed.THE_ACCOUNT if number.secret.matches(asked.account) else Typed.ANOTHER
    assert asked.armed is not None
    return Typed.THE_ACCOUNT if asked.armed.is_of(number.secret.reveal()) else Typed.ANOTHER


def _misplaced(kit: BrokerKit, found: Mapping[str, Credential | None], credentials: CredentialStore) -> str:
    """Which credential stands where it does not belong, and why that is known; "" for none."""
    for name, credential in found.items():
        if credential is None:
            continue
        text = credential.secret.reveal()
        if (mark := kit.paper_marks.get(name)) and text.startswith(mark):
            return f"{credential.source} begins with {mark} as a paper account's do"
        if (mark := kit.live_marks.get(name)) and text.startswith(mark):
            return f"{credential.source} begins with {mark} as a live account's do"
        twin = next((b if name is a else a for a, b in kit.twins.items() if name in (a, b)), None)
        other = None if twin is None else credentials.find(twin)
        if other is not None and other.secret.matches(text):
            return f"{credential.source} and {other.source} are the same"
    return ""


def _require_a_name(account_id: str, found: list[Credential]) -> None:
    if any(credential.secret.matches(account_id) for credential in found):
        raise ConfigurationError(
            "account.id is a credential, and would stand in every ledger; give the account a name of your own"
        )


def _refusal(locks: tuple[Lock, ...], configuration: Configuration, missing: str, misplaced: str, address: str) -> str:
    """Every lock by what opens it, in one sentence."""
    words = {
        Lock.NO_LIVE_ACCOUNT: f"the fake exchange has no live account (account.broker, or --broker {REAL_BROKERS})",
        Lock.PAPER_SWITCH: f"{configuration.live_veto} says paper, which vetoes the rest (set it to false)",
        Lock.SWITCH_MISSING: "the option --live is missing",
        Lock.CREDENTIALS_MISSING: f"{missing} is not there ({_WHERE})",
        Lock.MISPLACED: misplaced,
        Lock.ANOTHER_ADDRESS: f"{address} is not the address of this run's accounts (leave it out)",
        Lock.ACCOUNT_NOT_TYPED: "the account number is not typed back (--confirm-account N)",
        Lock.ACCOUNT_UNPROVEN: "there is no account number to compare --confirm-account with",
        Lock.ANOTHER_ACCOUNT: "--confirm-account is not the number of this account",
    }
    on_paper: dict[tuple[Lock, ...], str] = {
        (Lock.MISPLACED,): "credentials are misplaced",
        (Lock.ANOTHER_ADDRESS,): "the broker's address is not this run's",
    }
    head = on_paper.get(locks, "live trading is refused")
    return f"{head}: {'; '.join(words[lock] for lock in locks)}. Nothing was sent [{', '.join(locks)}]"


DOTENV = Path(".env")


def open_credentials(
    environment: Mapping[str, str | None] | None = None, dotenv: Mapping[str, str | None] | None = None
) -> CredentialStore:
    """The credentials of this process; given mappings stand in for its environment and for `.env`.

    In this order: the environment, the file NAME_FILE names, /run/secrets/NAME, systemd's credentials, `.env`, the
    keyring. Rule: OP-003.

    Raises:
        ConfigurationError: `.env` is there and cannot be read.
    """
    given = os.environ if environment is None else environment
    return FirstFound((
        Variables(given, "environment"), NamedFiles(given), SecretFiles(), SystemdCredentials(given),
        Variables(_read_dotenv() if dotenv is None else dotenv, ".env"), SystemKeyring(),
    ))  # fmt: skip


def _read_dotenv() -> Mapping[str, str | None]:
    if not DOTENV.is_file():
        return {}
    from dotenv import dotenv_values

    try:
        return dotenv_values(DOTENV)
    except (OSError, UnicodeDecodeError) as wrong:
        raise ConfigurationError(f".env: cannot be read ({type(wrong).__name__}); give lines like NAME=value") from None


@frozen
class Found:
    """What a store said of one name: the credential, nothing, or why it cannot be had."""

    name: str
    credential: Credential | None
    problem: str = ""


def look_up(credentials: CredentialStore, name: str) -> Found:
    """One credential, with what is wrong with it as a value."""
    try:
        return Found(name, credentials.find(name))
    except (ConfigurationError, InvalidInput) as wrong:
        return Found(name, None, str(wrong))


def credential_rows(credentials: CredentialStore) -> Iterator[tuple[str, str, str]]:
    """(name, ***, source) of every credential there is, as `config show` prints them; one that is defective says so."""
    for name in credential_names():
        found = look_up(credentials, name)
        if found.credential is not None:
            yield name, str(found.credential.secret), found.credential.source
        elif found.problem:
            yield name, "***", found.problem
