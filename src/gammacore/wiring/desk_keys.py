"""The key pair a scalping strategy trades with: its own, else the common one, else the broker's own names. SC-706."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import evolve, field, frozen

from gammacore.adapters.credentials import FirstFound
from gammacore.adapters.scalping_environment import FALLBACK_PAIR, PAIR_OF_STRATEGY, PAIRS, KeyPair
from gammacore.adapters.wire.kit import BrokerKit
from gammacore.configuration import Settings
from gammacore.configuration.brokers import kit_of
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.ledger import Mode
from gammacore.errors import ConfigurationError
from gammacore.ports.credentials import Credential, CredentialStore


@frozen
class UnderOtherNames:
    """Credentials by the names their broker asks for, whatever they were found under. Implements `CredentialStore`."""

    found: Mapping[str, Credential] = field(factory=dict, repr=False)

    def find(self, name: str) -> Credential | None:
        return self.found.get(name)


NO_KEYS: CredentialStore = UnderOtherNames()


def desk_keys(settings: Settings, mode: Mode, credentials: CredentialStore) -> CredentialStore:
    """The strategy's key pair under the names of the brokers this run names; nothing where it takes none, or has none.

    Raises:
        ConfigurationError: half a pair, or the strategy's pair and another one under the broker's own names.
    """
    wanted = PAIR_OF_STRATEGY.get(settings.trade.strategy)
    if wanted is None:
        return NO_KEYS
    found: dict[str, Credential] = {}
    for kit in _kits(settings):
        if names := kit.pairs.get(mode):
            found |= _under(names, wanted, credentials)
    return UnderOtherNames(found)


def with_desk_keys(settings: Settings, mode: Mode, credentials: CredentialStore) -> CredentialStore:
    """The credentials with the strategy's own pair before the broker's names; raises as `desk_keys` does."""
    return FirstFound((desk_keys(settings, mode, credentials), credentials))


def other_names(settings: Settings, kit: BrokerKit, credentials: CredentialStore) -> str:
    """What else would serve where this broker's keys are missing, for a refusal; "" where nothing else would."""
    wanted = PAIR_OF_STRATEGY.get(settings.trade.strategy)
    if wanted is None or not kit.pairs:
        return ""
    strategy = settings.trade.strategy
    others = [pair for pair in PAIRS if pair not in (wanted, FALLBACK_PAIR) and _halves(pair, credentials)]
    unused = "".join(f"; {pair} are there, and {strategy} does not take them" for pair in others)
    return f" (for {strategy} {wanted} serve too, or {FALLBACK_PAIR}{unused})"


def _kits(settings: Settings) -> Iterator[BrokerKit]:
    """The brokers that are traded at and looked at."""
    named = (settings.account.broker.value, settings.market.source)
    yield from (kit_of(broker) for broker in BrokerName if broker.value in named)


def _under(names: tuple[str, str], wanted: KeyPair, credentials: CredentialStore) -> dict[str, Credential]:
    whole = [pair for pair in PAIRS if _is_whole(pair, credentials)]
    chosen = next((pair for pair in (wanted, FALLBACK_PAIR) if pair in whole), None)
    if chosen is None:
        return {}
    found = dict(zip(names, _halves(chosen, credentials), strict=True))
    own = KeyPair(*names)
    if _is_whole(own, credentials):
        for name, credential in found.items():
            house = credentials.find(name)
            if house is not None and not house.secret.matches(credential.secret.reveal()):
                raise ConfigurationError(f"{credential.source} and {house.source} are both there and differ: which "
                                         "account is meant cannot be told; leave one pair out")  # fmt: skip
    return {name: evolve(credential, name=name) for name, credential in found.items()}


def _is_whole(pair: KeyPair, credentials: CredentialStore) -> bool:
    """Whether a pair is there.

    Raises:
        ConfigurationError: only half of it is.
    """
    halves = _halves(pair, credentials)
    if len(halves) == 1:
        missing = next(name for name in pair.names if name != halves[0].name)
        raise ConfigurationError(f"{halves[0].source} is half a pair: {missing} is not there; give both, or neither")
    return bool(halves)


def _halves(pair: KeyPair, credentials: CredentialStore) -> tuple[Credential, ...]:
    return tuple(found for name in pair.names if (found := credentials.find(name)) is not None)
