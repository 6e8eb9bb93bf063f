"""A broker's late quotes are looked at and never decided on: no day begins over them. CS-418, must-not-regress 29."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest

from counterparts.alpaca_control import endpoints_of
from counterparts.alpaca_dialect import alpaca_app
from counterparts.serving import LoopbackServer, serving
from counterparts.tradier_dialect import tradier_app
from counterparts.world import ACCOUNT, LIVE_TOKEN, SECRET, TOKEN, World, simulated_world
from gammacore.adapters.credentials import Variables
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.tradier import client as tradier_client
from gammacore.adapters.tradier import market as tradier_market
from gammacore.adapters.tradier.client import TradierHosts
from gammacore.configuration import Configuration, Sourced, configure
from gammacore.domain.ledger import Mode
from gammacore.errors import ConfigurationError
from gammacore.wiring import wire_day
from gammacore.wiring.brokers import BROKERS_OWN, BrokerPlaces
from gammacore.wiring.days import WiredDay

DATE = dt.date(2026, 3, 3)
SANDBOX = {"TRADIER_SANDBOX_TOKEN": TOKEN, "TRADIER_SANDBOX_ACCOUNT": ACCOUNT}
ALPACA = {"ALPACA_PAPER_API_KEY": TOKEN, "ALPACA_PAPER_SECRET_KEY": SECRET}


def configuration(broker: str, **more: object) -> Configuration:
    keys = {"account.broker": broker, "market.underlying": "SPY", "market.vix": Decimal(16), **more}
    return configure([{key: Sourced(value, "test") for key, value in keys.items()}])


@pytest.fixture
def world() -> World:
    world = simulated_world(underlying="SPY", date=DATE, step_seconds=300)
    world.advance(45 * 60)
    return world


@contextmanager
def opened(
    world: World, credentials: dict[str, str], configured: Configuration, places: BrokerPlaces
) -> Iterator[WiredDay]:
    day = wire_day(configured, credentials=Variables(credentials, "test"), clock=FakeClock(world.now()), places=places)
    try:
        yield day
    finally:
        day.close()


@pytest.fixture
def tradier(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tradier's own two hosts, both on this machine: which one is asked follows from the credentials alone."""
    with serving(tradier_app(world)) as server:
        live = TradierHosts(f"{server.url}/v1", f"{server.url}/v1", f"{server.websocket_url}/v1")
        named = server.url.replace("127.0.0.1", "localhost")
        sandbox = TradierHosts(f"{named}/v1", f"{named}/v1", f"{server.websocket_url}/v1")
        monkeypatch.setattr(tradier_client, "LIVE", live)
        monkeypatch.setattr(tradier_client, "SANDBOX", sandbox)
        monkeypatch.setattr(tradier_market, "SANDBOX", sandbox)
        yield


@pytest.mark.usefixtures("tradier")
def test_no_day_is_traded_on_the_quotes_of_tradiers_sandbox(world: World) -> None:
    """CS-418: orders may go there, decisions are not made there."""
    with (
        pytest.raises(ConfigurationError, match=r"tradier sandbox.*delayed.*CS-418.*give TRADIER_TOKEN"),
        opened(world, SANDBOX, configuration("tradier"), BROKERS_OWN),
    ):
        pass


@pytest.mark.usefixtures("tradier")
def test_with_a_live_token_paper_orders_go_to_the_sandbox_and_quotes_come_from_the_live_host(world: World) -> None:
    """CS-418: the account's own endpoint for the one, a live source for the other."""
    credentials = {**SANDBOX, "TRADIER_TOKEN": LIVE_TOKEN}
    with opened(world, credentials, configuration("tradier"), BROKERS_OWN) as day:
        assert day.market.label == "tradier live"
        assert day.trade.terms.mode is Mode.PAPER


@pytest.fixture
def alpaca(world: World) -> Iterator[LoopbackServer]:
    with serving(alpaca_app(world)) as server:
        yield server


def test_no_day_is_traded_on_alpacas_free_plan(world: World, alpaca: LoopbackServer) -> None:
    """CS-418: indicative quotes, 15 minutes late."""
    with (
        pytest.raises(ConfigurationError, match=r"15 minutes delayed.*CS-418.*alpaca_full_plan"),
        opened(world, ALPACA, configuration("alpaca"), BrokerPlaces(alpaca=endpoints_of(alpaca))),
    ):
        pass


def test_the_full_plan_is_traded_on(world: World, alpaca: LoopbackServer) -> None:
    paid = configuration("alpaca", **{"market.alpaca_full_plan": True})
    with opened(world, ALPACA, paid, BrokerPlaces(alpaca=endpoints_of(alpaca))) as day:
        assert day.market.label == "alpaca paper, SIP shares, OPRA options"
