"""Tradier as one of the brokers: what opens it, what it forbids, how it is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gammacore.adapters.wire.kit import Access, BrokerKit, KeyNames, LookSettings, MarketAsked, OpenBroker, OpenMarket
from gammacore.domain.broker_facts.dated import LONG_AGO, BrokerName, Dated
from gammacore.domain.broker_facts.facts import BrokerFacts, OwnClose
from gammacore.domain.ledger import Mode

if TYPE_CHECKING:
    from gammacore.adapters.tradier.client import TradierClient, TradierHosts
    from gammacore.ports.clock import Clock
    from gammacore.ports.credentials import Secret

TOKEN, ACCOUNT = "TRADIER_TOKEN", "TRADIER_ACCOUNT"
SANDBOX_TOKEN, SANDBOX_ACCOUNT = "TRADIER_SANDBOX_TOKEN", "TRADIER_SANDBOX_ACCOUNT"


def _open(access: Access) -> OpenBroker:
    from gammacore.adapters.tradier.broker import TradierBroker
    from gammacore.adapters.tradier.news import TradierOrderNews

    key, number = (access.secret(name) for name in TRADIER.keys(access.mode).needed)
    client = _client(access, key, is_live=access.is_live)
    account = number.reveal()

    def option_level() -> int | None:
        accounts = client.user.profile().account
        return next((each.option_level for each in accounts if each.account_number == account), None)

    def news() -> TradierOrderNews:
        return TradierOrderNews(_client(access, key, is_live=access.is_live, clock=access.real_time), account)

    return OpenBroker(TradierBroker(client, account), option_level, news, client.close, (key, number))


def _open_market(access: Access, asked: MarketAsked) -> OpenMarket:
    """From the live host whenever its token is there, also on paper; each expiry costs a request a look."""
    from gammacore.adapters.tradier.dividends import TradierDividends
    from gammacore.adapters.tradier.market import TradierMarket, TradierMarketSettings
    from gammacore.adapters.tradier.quote_stream import TradierQuotes

    token, is_live = access.credentials.find(TOKEN), True
    if token is None and not access.is_live:
        token, is_live = access.credentials.find(SANDBOX_TOKEN), False
    client = _client(access, access.secret(TOKEN) if token is None else token.secret, is_live=is_live)
    settings: LookSettings = asked.settings
    looks = TradierMarketSettings(
        settings.look_seconds,
        settings.live_quote_age_seconds,
        expiries=asked.expiries,
        settlement_minutes=settings.official_close_minutes,
    )
    market = TradierMarket(client, asked.underlying, asked.session, access.clock, looks)

    def quotes() -> TradierQuotes:
        return TradierQuotes((asked.underlying.symbol,), access.clock, client=client)

    is_share = not asked.underlying.cash_settled
    dividends = TradierDividends(client) if is_share and is_live else None
    return OpenMarket(
        market, market.is_delayed, client.close, client.markets.clock, quotes if is_share else None, dividends
    )


def _client(access: Access, key: Secret, *, is_live: bool, clock: Clock | None = None) -> TradierClient:
    """The sandbox allows half of the requests that live does."""
    from gammacore.adapters.tradier.client import LIVE, SANDBOX, Patience, TradierClient
    from gammacore.adapters.tradier.pacing import SANDBOX_LIMITS, PacingLimits

    return TradierClient(
        access.hosts or (LIVE if is_live else SANDBOX),
        key,
        clock or access.clock,
        limits=PacingLimits() if is_live else SANDBOX_LIMITS,
        patience=Patience(access.deadlines),
    )


def _address(hosts: TradierHosts | None, mode: Mode) -> str:
    from gammacore.adapters.tradier.client import LIVE, SANDBOX

    return (hosts or (LIVE if mode is Mode.LIVE else SANDBOX)).rest


TRADIER = BrokerKit(
    facts=BrokerFacts(
        BrokerName.TRADIER,
        spread_levels=(Dated(LONG_AGO, 3, "Tradier: option level 3, spreads"),),
        own_closes=(
            Dated(
                LONG_AGO,
                OwnClose(None, "may close short options near the strike before the close", frozenset({"SPY"})),
                "Tradier support",
            ),
        ),
    ),
    open=_open,
    open_market=_open_market,
    address=_address,
    live=KeyNames((TOKEN, ACCOUNT), ACCOUNT),
    paper=KeyNames((SANDBOX_TOKEN, SANDBOX_ACCOUNT), SANDBOX_ACCOUNT),
    readers=((TOKEN, Mode.PAPER), (SANDBOX_TOKEN, Mode.PAPER)),
    complete_alone=frozenset({TOKEN}),
    paper_marks={ACCOUNT: "VA"},
    twins={TOKEN: SANDBOX_TOKEN, ACCOUNT: SANDBOX_ACCOUNT},
    delay_remedy="give TRADIER_TOKEN, and market data comes from the live host while orders stay on paper",
    delay_check="give TRADIER_TOKEN, the token of a live account: quotes then come in real time",
)
