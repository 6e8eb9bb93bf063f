"""One broker as one value: its credentials' names, its facts, how it and its market are opened, its words for people.

A broker's package has one `kit.py`; `configuration/brokers.py` is the table of all of them, and nothing else asks
which broker it is. A kit is cheap to import: the broker's libraries are loaded by the call that opens it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Protocol

from attrs import field, frozen

from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.broker_facts.facts import BrokerFacts
from gammacore.domain.gex.units import Scope
from gammacore.domain.instruments import Underlying
from gammacore.domain.ledger import Mode
from gammacore.domain.loop_limits import RequestDeadlines
from gammacore.domain.sessions import TradingSession
from gammacore.errors import BrokerError, ConfigurationError, CredentialRefused
from gammacore.ports.broker import Broker, OrderNews
from gammacore.ports.clock import Calendar, Clock
from gammacore.ports.credentials import CredentialStore, Secret
from gammacore.ports.market_data import DividendSource, MarketData, QuoteStream


@frozen
class KeyNames:
    """What the credentials of one kind of account (live, or paper) are called in the environment and the keyring.

    `needed` is all that opens it. `account` is the one among them that is the account number; "": the keys do not say
    it, and the broker is asked. That of a live account is needed, so that what is typed back has something to match.
    """

    needed: tuple[str, ...] = ()
    account: str = ""


@frozen(eq=False)
class Access:
    """Whose account is opened, and with what.

    `hosts` stand in for the broker's own servers, in its package's own type; None: its own, live or paper by the mode.
    `number` is the account's, where it is known beforehand. `real_time` is for what waits for the world outside, a
    stream's pauses, whatever `clock` the day keeps.
    """

    mode: Mode
    credentials: CredentialStore
    clock: Clock
    real_time: Clock
    deadlines: RequestDeadlines
    hosts: Any = None
    number: Secret | None = None

    @property
    def is_live(self) -> bool:
        return self.mode is Mode.LIVE

    def secret(self, name: str) -> Secret:
        """The secret of a credential.

        Raises:
            ConfigurationError: it is not there.
        """
        found = self.credentials.find(name)
        if found is None:
            raise ConfigurationError(
                f"{name} is not there; give it in the environment, in .env, or by `keyring set gammacore {name}`"
            )
        return found.secret


class LookSettings(Protocol):
    """What every broker's market reads of the configuration's section [market]; its own keys it names itself."""

    @property
    def look_seconds(self) -> float: ...
    @property
    def live_quote_age_seconds(self) -> float: ...
    @property
    def official_close_minutes(self) -> float: ...
    @property
    def vix(self) -> Decimal | None: ...


@frozen(eq=False)
class MarketAsked:
    """Which market is opened: an underlying's, on one session, with these expiries. `settings` is the section [market].

    Each expiry may cost the broker a request a look.
    """

    underlying: Underlying
    session: TradingSession
    calendar: Calendar | None
    expiries: Scope
    settings: Any


@frozen(eq=False)
class OpenBroker:
    """A broker ready to be asked, and what goes with it.

    `option_level` asks for the level the broker grants, None when it does not say; `news` opens its stream of order
    events, closed by the caller. `secrets` must never be shown in what the broker answers.
    """

    broker: Broker
    option_level: Callable[[], int | None]
    news: Callable[[], OrderNews]
    close: Callable[[], None]
    secrets: tuple[Secret, ...] = ()


@frozen(eq=False)
class OpenMarket:
    """A broker's market, and how to let go of it. `is_delayed`: to be looked at, never to be decided on (CS-418).

    `ask_the_time` is its cheapest question. `quotes` opens its stream of share quotes; None where the underlying is no
    share. `dividends` are asked for over the same connections; None where the broker serves none.
    """

    market: MarketData
    is_delayed: bool
    close: Callable[[], None]
    ask_the_time: Callable[[], object]
    quotes: Callable[[], QuoteStream] | None = None
    dividends: DividendSource | None = None

    def require_access(self) -> None:
        """Whether the token or keys are accepted here; a broker that is out of reach says nothing of them.

        Raises:
            CredentialRefused: they are not: every look would fail. Rule: OP-004.
        """
        try:
            self.ask_the_time()
        except CredentialRefused:
            raise
        except BrokerError:
            return


@frozen(eq=False)
class BrokerKit:
    """All that the library must know of one broker.

    `paper_marks` and `live_marks` are how credentials begin that belong to the other kind of account; `twins` pairs a
    live credential with the paper one it must never be the same as. `readers` open its market to who only looks, each
    with the mode it opens; the first that is there is taken. `complete_alone` opens something by itself, so that alone
    it is no account given by halves. `pairs` are the key and secret of each mode that a strategy's own pair may stand
    for (SC-706), `mode_of_address` tells whose accounts answer at an address of the broker's, and `extra` is the
    optional dependency the broker needs with the module it brings.

    `open` raises ConfigurationError where a credential or a library is missing, `open_market` also where the broker
    serves no such underlying; neither sends anything.
    """

    facts: BrokerFacts
    open: Callable[[Access], OpenBroker]
    open_market: Callable[[Access, MarketAsked], OpenMarket]
    live: KeyNames = KeyNames()
    paper: KeyNames = KeyNames()
    readers: tuple[tuple[str, Mode], ...] = ()
    complete_alone: frozenset[str] = frozenset()
    paper_marks: Mapping[str, str] = field(factory=dict)
    live_marks: Mapping[str, str] = field(factory=dict)
    twins: Mapping[str, str] = field(factory=dict)
    pairs: Mapping[Mode, tuple[str, str]] = field(factory=dict)
    mode_of_address: Callable[[str], Mode | None] = lambda _url: None
    address: Callable[[Any, Mode], str] = lambda _hosts, _mode: ""
    """Where its orders go, by the hosts that stand in for its own, if any, and the mode; "": nowhere."""
    extra: tuple[str, str] | None = None
    delay_remedy: str = ""
    """What turns delayed quotes into ones that may be decided on."""
    delay_check: str = ""
    """The same, as `doctor` says it."""

    @property
    def name(self) -> BrokerName:
        return self.facts.name

    def keys(self, mode: Mode) -> KeyNames:
        """The credentials of an account in a mode."""
        return self.live if mode is Mode.LIVE else self.paper
