"""The configured broker and its market, opened behind the ports: which host, with which credentials. Nothing is sent.

The adapters are loaded here, late: alpaca-py alone costs half a second.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, assert_never

from attrs import frozen

from gammacore.adapters.redacting_broker import RedactingBroker
from gammacore.adapters.system_clock import SystemClock
from gammacore.adapters.wire import Repeats
from gammacore.configuration import Settings
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.gex.units import TODAY, Scope
from gammacore.domain.instruments import Underlying
from gammacore.domain.ledger import Mode
from gammacore.domain.loop_limits import RequestDeadlines
from gammacore.domain.sessions import TradingSession
from gammacore.errors import BrokerError, ConfigurationError, CredentialRefused, missing_extra
from gammacore.ports.broker import Broker
from gammacore.ports.calendar import Calendar
from gammacore.ports.clock import Clock
from gammacore.ports.credentials import CredentialName, CredentialStore, Secret
from gammacore.ports.market_data import MarketData
from gammacore.ports.order_news import OrderNews
from gammacore.wiring.arming import Armed

if TYPE_CHECKING:
    from gammacore.adapters.alpaca import AlpacaClients, AlpacaKeys, Endpoints
    from gammacore.adapters.tradier.client import TradierHosts
    from gammacore.adapters.tradier.pacing import PacingLimits


@frozen
class BrokerPlaces:
    """Servers that stand in for a broker's own, on this machine; None: the broker's own, live or paper by the mode."""

    tradier: TradierHosts | None = None
    alpaca: Endpoints | None = None


BROKERS_OWN = BrokerPlaces()


@frozen(eq=False)
class OpenBroker:
    """A broker ready to be asked, and what goes with it.

    `option_level` asks for the level the broker grants, None when it does not say; `news` opens its stream of order
    events, to be closed by whoever opened it.
    """

    broker: Broker
    option_level: Callable[[], int | None]
    news: Callable[[], OrderNews]
    close: Callable[[], None]


@frozen(eq=False)
class OpenMarket:
    """A broker's market, and how to let go of it. `is_delayed`: to be looked at, never to be decided on (CS-418).

    `ask_the_time` is its cheapest question.
    """

    market: MarketData
    is_delayed: bool
    close: Callable[[], None]
    ask_the_time: Callable[[], object]

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


def open_broker(
    armed: Armed,
    credentials: CredentialStore,
    clock: Clock,
    places: BrokerPlaces = BROKERS_OWN,
    deadlines: RequestDeadlines = RequestDeadlines(),  # noqa: B008  frozen
) -> OpenBroker:
    """The armed broker: a live host with live credentials in mode LIVE, else the paper host with the paper ones.

    `deadlines` is how long it may take over a whole request.

    Raises:
        ConfigurationError: a credential or the broker's library is missing; the fake exchange is not opened here.
    """
    match armed.broker:
        case BrokerName.TRADIER:
            return _tradier(armed, credentials, clock, places.tradier, deadlines)
        case BrokerName.ALPACA:
            return _alpaca(armed, credentials, clock, places.alpaca, deadlines)
        case BrokerName.FAKE:
            raise ConfigurationError("broker fake: is part of a day and needs no line; name tradier or alpaca")
        case _:
            assert_never(armed.broker)


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
    market = settings.market
    match armed.broker:
        case BrokerName.TRADIER:
            from gammacore.adapters.tradier.client import LIVE, SANDBOX, Patience, TradierClient
            from gammacore.adapters.tradier.market import TradierMarket, TradierMarketSettings

            token, hosts = credentials.find(CredentialName.TRADIER_TOKEN), LIVE
            if token is None and armed.mode is not Mode.LIVE:
                token, hosts = credentials.find(CredentialName.TRADIER_SANDBOX_TOKEN), SANDBOX
            secret = _secret(credentials, CredentialName.TRADIER_TOKEN) if token is None else token.secret
            patience = Patience(settings.tradier)
            client = TradierClient(places.tradier or hosts, secret, clock, limits=_limits(hosts), patience=patience)
            looks = TradierMarketSettings(
                market.look_seconds,
                market.live_quote_age_seconds,
                expiries=expiries,
                settlement_minutes=market.official_close_minutes,
            )
            shown = TradierMarket(client, underlying, session, clock, looks)
            return OpenMarket(shown, shown.is_delayed, client.close, client.markets.clock)
        case BrokerName.ALPACA:
            from gammacore.adapters.alpaca import AlpacaBroker, AlpacaMarket
            from gammacore.adapters.alpaca.market import FREE_PLAN, FULL_PLAN, AlpacaMarketSettings

            feeds = FULL_PLAN if market.alpaca_full_plan else FREE_PLAN
            glances = AlpacaMarketSettings(
                market.look_seconds,
                market.live_quote_age_seconds,
                settlement_minutes=market.official_close_minutes,
                expiries=expiries,
            )
            repeats = Repeats(settings.alpaca)
            clients = _alpaca_clients(_alpaca_keys(armed.mode, credentials), _endpoints(armed.mode, places.alpaca))
            looked_at = AlpacaMarket(
                clients,
                underlying,
                session,
                clock,
                feeds,
                settings=glances,
                patience=repeats,
                vix=_constant_vix(market.vix),
                calendar=calendar,
            )
            return OpenMarket(
                looked_at, looked_at.is_delayed, clients.close, AlpacaBroker(clients, clock, repeats).clock
            )
        case BrokerName.FAKE:
            raise ConfigurationError("broker fake: has no market of its own; name one with --market")
        case _:
            assert_never(armed.broker)


def _tradier(
    armed: Armed,
    credentials: CredentialStore,
    clock: Clock,
    hosts: TradierHosts | None,
    deadlines: RequestDeadlines,
) -> OpenBroker:
    from gammacore.adapters.tradier.broker import TradierBroker
    from gammacore.adapters.tradier.client import LIVE, SANDBOX, Patience, TradierClient
    from gammacore.adapters.tradier.news import TradierOrderNews

    live = armed.mode is Mode.LIVE
    token = CredentialName.TRADIER_TOKEN if live else CredentialName.TRADIER_SANDBOX_TOKEN
    number = CredentialName.TRADIER_ACCOUNT if live else CredentialName.TRADIER_SANDBOX_ACCOUNT
    key, hidden_number = _secret(credentials, token), _secret(credentials, number)
    own = LIVE if live else SANDBOX
    client = TradierClient(hosts or own, key, clock, limits=_limits(own), patience=Patience(deadlines))
    account = hidden_number.reveal()
    broker = RedactingBroker(TradierBroker(client, account), (key, hidden_number))

    def option_level() -> int | None:
        accounts = client.user.profile().account
        return next((each.option_level for each in accounts if each.account_number == account), None)

    return OpenBroker(
        broker,
        lambda: broker.redacted(option_level),
        lambda: TradierOrderNews(TradierClient(hosts or own, key, SystemClock()), account),
        client.close,
    )


def _limits(hosts: TradierHosts) -> PacingLimits:
    """How often a host may be asked: the sandbox allows half of what live does."""
    from gammacore.adapters.tradier.client import SANDBOX
    from gammacore.adapters.tradier.pacing import SANDBOX_LIMITS, PacingLimits

    return SANDBOX_LIMITS if hosts == SANDBOX else PacingLimits()


def _constant_vix(vix: Decimal | None) -> Callable[[dt.datetime], Decimal | None] | None:
    """The configured VIX, for a feed that has none."""
    return None if vix is None else lambda _now: vix


def _alpaca(
    armed: Armed,
    credentials: CredentialStore,
    clock: Clock,
    endpoints: Endpoints | None,
    deadlines: RequestDeadlines,
) -> OpenBroker:
    from gammacore.adapters.alpaca import AlpacaBroker, AlpacaOrderNews

    keys, where = _alpaca_keys(armed.mode, credentials), _endpoints(armed.mode, endpoints)
    clients = _alpaca_clients(keys, where)
    alpaca = AlpacaBroker(clients, clock, Repeats(deadlines))
    number = () if armed.number is None else (armed.number,)
    broker = RedactingBroker(alpaca, (keys.key, keys.secret, *number))
    return OpenBroker(
        broker,
        lambda: broker.redacted(alpaca.option_level),
        lambda: AlpacaOrderNews(keys, where),
        clients.close,
    )


def _alpaca_clients(keys: AlpacaKeys, where: Endpoints) -> AlpacaClients:
    from gammacore.adapters.alpaca import connect

    try:
        return connect(keys, where)
    except ImportError as wrong:
        raise missing_extra("alpaca", f"broker alpaca: its library ({wrong.name})") from None


def _alpaca_keys(mode: Mode, credentials: CredentialStore) -> AlpacaKeys:
    from gammacore.adapters.alpaca import AlpacaKeys

    if mode is Mode.LIVE:
        names = CredentialName.ALPACA_API_KEY, CredentialName.ALPACA_SECRET_KEY
    else:
        names = CredentialName.ALPACA_PAPER_API_KEY, CredentialName.ALPACA_PAPER_SECRET_KEY
    return AlpacaKeys(_secret(credentials, names[0]), _secret(credentials, names[1]))


def _endpoints(mode: Mode, given: Endpoints | None) -> Endpoints:
    from gammacore.adapters.alpaca import Endpoints

    return given or Endpoints(paper=mode is not Mode.LIVE)


def _secret(credentials: CredentialStore, name: CredentialName) -> Secret:
    found = credentials.find(name)
    if found is None:
        raise ConfigurationError(
            f"{name} is not there; give it in the environment, in .env, or by `keyring set gammacore {name}`"
        )
    return found.secret
