"""The brokers there are, a kit each. A new one is its package, a member of `BrokerName` and a case here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from gammacore.adapters.alpaca.kit import ALPACA
from gammacore.adapters.fake.kit import FAKE
from gammacore.adapters.scalping_environment import PAIRS
from gammacore.adapters.tradier.kit import TRADIER
from gammacore.adapters.wire.kit import BrokerKit
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.ledger import Mode


def kit_of(broker: BrokerName) -> BrokerKit:
    """All that is known of a broker.

    >>> kit_of(BrokerName.TRADIER).keys(Mode.PAPER).account
    'TRADIER_SANDBOX_ACCOUNT'
    """
    match broker:
        case BrokerName.FAKE:
            return FAKE
        case BrokerName.TRADIER:
            return TRADIER
        case BrokerName.ALPACA:
            return ALPACA
        case _:
            assert_never(broker)


def needed_credentials() -> Iterator[tuple[BrokerKit, Mode, tuple[str, ...]]]:
    """What opens an account, by broker and mode: live before paper."""
    for kit in map(kit_of, BrokerName):
        for mode in (Mode.LIVE, Mode.PAPER):
            if needed := kit.keys(mode).needed:
                yield kit, mode, needed


def credential_names() -> list[str]:
    """What every credential is called in the environment, in `.env` and in the keyring.

    >>> credential_names()[:2]
    ['TRADIER_TOKEN', 'TRADIER_ACCOUNT']
    """
    own = [name for _, _, needed in needed_credentials() for name in needed]
    return [*own, *(name for pair in PAIRS for name in pair.names)]
