"""The configured broker and its market, opened behind the ports: which host, with which credentials. Nothing is sent.

What differs from broker to broker stands in their kits, which `configuration/brokers.py` lists.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve

from gammacore.adapters.credentials import FirstFound
from gammacore.adapters.redacting_broker import RedactingBroker
from gammacore.adapters.system_clock import SystemClock
from gammacore.adapters.wire.kit import Access, MarketAsked, OpenBroker, OpenMarket
from gammacore.configuration import Settings
from gammacore.configuration.brokers import kit_of
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.gex.units import TODAY, Scope
from gammacore.domain.instruments import Underlying
from gammacore.domain.loop_limits import RequestDeadlines
from gammacore.domain.sessions import TradingSession
from gammacore.ports.clock import Calendar, Clock
from gammacore.ports.credentials import CredentialStore
from gammacore.wiring.service.arming import Armed


class BrokerPlaces:
    """Servers that stand in for a broker's own, on this machine, each in the type its package has for them.

    >>> BrokerPlaces(tradier="http://127.0.0.1:8000").of(BrokerName.TRADIER)
    'http://127.0.0.1:8000'
    """

    def __init__(self, **hosts: Any) -> None:
        self._hosts = {BrokerName(name): place for name, place in hosts.items()}

    def of(self, broker: BrokerName) -> Any:
        """Those of a broker; None: its own, live or paper by the mode."""
        return self._hosts.get(broker)


BROKERS_OWN = BrokerPlaces()


def open_broker(
    armed: Armed,
    credentials: CredentialStore,
    clock: Clock,
    places: BrokerPlaces = BROKERS_OWN,
    deadlines: RequestDeadlines = RequestDeadlines(),  # noqa: B008  frozen
) -> OpenBroker:
    """The armed broker: a live host with live credentials in mode LIVE, else the paper host with the paper ones.

    `deadlines` is how long it may take over a whole request. What it answers never shows its secrets.

    Raises:
        ConfigurationError: a credential or the broker's library is missing; the fake exchange is not opened here.
    """
    opened = kit_of(armed.broker).open(_access(armed, credentials, clock, places, deadlines))
    broker = RedactingBroker(opened.broker, opened.secrets)
    return evolve(opened, broker=broker, option_level=lambda: broker.redacted(opened.option_level))


def open_broker_market(
    settings: Settings,
    armed: Armed,
    credentials: CredentialStore,
    clock: Clock,
    underlying: Underlying,
    session: TradingSession,
    calendar: Calendar | None = None,
    places: BrokerPlaces = BROKERS_OWN,
    expiries: Scope = TODAY,
) -> OpenMarket:
    """The armed broker's market. Tradier's comes from the live host whenever its token is there, also on paper.

    `expiries` says which are shown; each one costs a request a look at Tradier.

    Raises:
        ConfigurationError: a credential or the broker's library is missing, or the broker serves no such underlying.
    """
    access = _access(armed, credentials, clock, places, settings.deadlines(armed.broker))
    asked = MarketAsked(underlying, session, calendar, expiries, settings.market)
    return kit_of(armed.broker).open_market(access, asked)


def _access(
    armed: Armed, credentials: CredentialStore, clock: Clock, places: BrokerPlaces, deadlines: RequestDeadlines
) -> Access:
    hosts = places.of(armed.broker)
    credentials = FirstFound((armed.keys, credentials))
    return Access(armed.mode, credentials, clock, SystemClock(), deadlines, hosts, armed.number)
