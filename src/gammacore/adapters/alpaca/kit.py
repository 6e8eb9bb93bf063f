"""Alpaca as one of the brokers: what opens it, what it forbids, how it is opened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from attrs import frozen

from gammacore.adapters.wire import Repeats
from gammacore.adapters.wire.kit import Access, BrokerKit, KeyNames, LookSettings, MarketAsked, OpenBroker, OpenMarket
from gammacore.domain.broker_facts.dated import LONG_AGO, BrokerName, Dated
from gammacore.domain.broker_facts.facts import BrokerFacts, OwnClose
from gammacore.domain.ledger import Mode
from gammacore.domain.loop_limits import RequestDeadlines
from gammacore.domain.parameters import parameter
from gammacore.errors import InvalidInput, missing_extra

if TYPE_CHECKING:
    from gammacore.adapters.alpaca.client import AlpacaClients, AlpacaKeys, Endpoints

KEY, SECRET, ACCOUNT = "ALPACA_API_KEY", "ALPACA_SECRET_KEY", "ALPACA_ACCOUNT"
PAPER_KEY, PAPER_SECRET = "ALPACA_PAPER_API_KEY", "ALPACA_PAPER_SECRET_KEY"

ADDRESSES: Mapping[str, Mode] = {
    "https://paper-api.alpaca.markets": Mode.PAPER,
    "https://api.alpaca.markets": Mode.LIVE,
}


def mode_of_address(url: str) -> Mode | None:
    """Whose accounts answer there; None: it is not Alpaca's.

    >>> mode_of_address("https://paper-api.alpaca.markets/v2/").value
    'paper'
    """
    return ADDRESSES.get(url.rstrip("/").removesuffix("/v2"))


@frozen
class AlpacaSettings(RequestDeadlines):
    """How long Alpaca may take over a whole request, and the address that was given for it."""

    base_url: str = parameter("", "Alpaca's address, that of the mode or refused; empty = by mode. ALPACA_BASE_URL.")

    def __attrs_post_init__(self) -> None:
        if self.base_url and mode_of_address(self.base_url) is None:
            raise InvalidInput("base_url", self.base_url, f"give {' or '.join(ADDRESSES)}, or leave it out")


class _LookSettings(LookSettings, Protocol):
    @property
    def alpaca_full_plan(self) -> bool: ...


def _open(access: Access) -> OpenBroker:
    from gammacore.adapters.alpaca.broker import AlpacaBroker
    from gammacore.adapters.alpaca.news import AlpacaOrderNews

    keys, where = _keys(access), _endpoints(access)
    clients = _clients(keys, where)
    broker = AlpacaBroker(clients, access.clock, Repeats(access.deadlines))
    number = () if access.number is None else (access.number,)
    secrets = (keys.key, keys.secret, *number)
    return OpenBroker(broker, broker.option_level, lambda: AlpacaOrderNews(keys, where), clients.close, secrets)


def _open_market(access: Access, asked: MarketAsked) -> OpenMarket:
    from gammacore.adapters.alpaca.broker import AlpacaBroker
    from gammacore.adapters.alpaca.dividends import AlpacaDividends
    from gammacore.adapters.alpaca.market import FREE_PLAN, FULL_PLAN, AlpacaMarket, AlpacaMarketSettings
    from gammacore.adapters.alpaca.questions import Questions
    from gammacore.adapters.alpaca.quote_stream import HOST, AlpacaQuotes

    settings: _LookSettings = asked.settings
    looks = AlpacaMarketSettings(
        settings.look_seconds,
        settings.live_quote_age_seconds,
        settlement_minutes=settings.official_close_minutes,
        expiries=asked.expiries,
    )
    repeats, vix = Repeats(access.deadlines), settings.vix
    clients = _clients(_keys(access), _endpoints(access))
    market = AlpacaMarket(
        clients,
        asked.underlying,
        asked.session,
        access.clock,
        FULL_PLAN if settings.alpaca_full_plan else FREE_PLAN,
        settings=looks,
        patience=repeats,
        vix=None if vix is None else lambda _now: vix,
        calendar=asked.calendar,
    )

    def quotes() -> AlpacaQuotes:
        host = _endpoints(access).quotes or HOST
        return AlpacaQuotes(
            (asked.underlying.symbol,), access.clock, keys=_keys(access), feed=market.feeds.shares, host=host
        )  # fmt: skip

    ask_the_time = AlpacaBroker(clients, access.clock, repeats).clock
    dividends = AlpacaDividends(clients, Questions(access.clock, repeats))
    return OpenMarket(market, market.is_delayed, clients.close, ask_the_time, quotes, dividends)


def _clients(keys: AlpacaKeys, where: Endpoints) -> AlpacaClients:
    from gammacore.adapters.alpaca.client import connect

    try:
        return connect(keys, where)
    except ImportError as wrong:
        raise missing_extra("alpaca", f"broker alpaca: its library ({wrong.name})") from None


def _keys(access: Access) -> AlpacaKeys:
    from gammacore.adapters.alpaca.client import AlpacaKeys

    names = (KEY, SECRET) if access.is_live else (PAPER_KEY, PAPER_SECRET)
    return AlpacaKeys(*(access.secret(name) for name in names))


def _endpoints(access: Access) -> Endpoints:
    from gammacore.adapters.alpaca.client import Endpoints

    given: Endpoints | None = access.hosts
    return given or Endpoints(paper=not access.is_live)


def _address(hosts: Endpoints | None, mode: Mode) -> str:
    own = next(url for url, its_mode in ADDRESSES.items() if its_mode is mode)
    return (None if hosts is None else hosts.trading) or own


ALPACA = BrokerKit(
    facts=BrokerFacts(
        BrokerName.ALPACA,
        spread_levels=(Dated(LONG_AGO, 3, "Alpaca: options level 3, spreads"),),
        own_closes=(
            Dated(
                LONG_AGO,
                OwnClose(30, "may close one leg of an expiring spread and leave the other"),
                "alpaca-py issue 774",
            ),
        ),
        refuses_stops="Alpaca takes no stop order in an order of several legs, and none of ours beside one",
    ),
    open=_open,
    open_market=_open_market,
    address=_address,
    live=KeyNames((KEY, SECRET, ACCOUNT), ACCOUNT),
    paper=KeyNames((PAPER_KEY, PAPER_SECRET)),
    readers=((PAPER_KEY, Mode.PAPER), (KEY, Mode.LIVE)),
    paper_marks={ACCOUNT: "PA", KEY: "PK"},
    live_marks={PAPER_KEY: "AK"},
    twins={KEY: PAPER_KEY, SECRET: PAPER_SECRET},
    pairs={Mode.LIVE: (KEY, SECRET), Mode.PAPER: (PAPER_KEY, PAPER_SECRET)},
    mode_of_address=mode_of_address,
    extra=("alpaca", "alpaca"),
    delay_remedy="with a full data plan set market.alpaca_full_plan = true, or say --market tradier",
    delay_check="subscribe to the data plan with SIP and OPRA, then set market.alpaca_full_plan = true",
)
