"""The fake exchange as one of the brokers: it is part of a simulated day, so nothing opens it."""

from __future__ import annotations

from gammacore.adapters.wire.kit import Access, BrokerKit, MarketAsked, OpenBroker, OpenMarket
from gammacore.domain.broker_facts.dated import LONG_AGO, REAL_BROKERS, BrokerName, Dated
from gammacore.domain.broker_facts.facts import BrokerFacts
from gammacore.errors import ConfigurationError


def _open(_access: Access) -> OpenBroker:
    raise ConfigurationError(f"broker fake: is part of a day and needs no line; name {REAL_BROKERS}")


def _open_market(_access: Access, _asked: MarketAsked) -> OpenMarket:
    raise ConfigurationError("broker fake: has no market of its own; name one with --market")


FAKE = BrokerKit(
    facts=BrokerFacts(BrokerName.FAKE, spread_levels=(Dated(LONG_AGO, 0, "the fake exchange"),), own_closes=()),
    open=_open,
    open_market=_open_market,
)
