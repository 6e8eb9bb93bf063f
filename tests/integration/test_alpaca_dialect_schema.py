"""Both sides at once: Prism stands between our adapter and our counterpart, and holds each against Alpaca's OpenAPI.

What the adapter sends must fit, or it is answered 422; what the counterpart answers must fit, or it becomes a 500. So a
life of orders shows that neither is only our own reading of the wire.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

import httpx
import pytest
from attrs import define, frozen
from starlette.types import ASGIApp, Receive, Scope, Send

from builders import DAY, a_put_spread
from builders_exchange import a_single, an_entry, an_exit, put
from counterparts.alpaca_control import SPOT, SPY_QUOTES, spy_world
from counterparts.alpaca_dialect import alpaca_app
from counterparts.serving import serving
from counterparts.world import SECRET, TOKEN, Asked, WireFault, World, simulated_world
from gammacore.adapters.alpaca.broker import AlpacaBroker
from gammacore.adapters.alpaca.client import AlpacaClients, AlpacaKeys, Endpoints, connect
from gammacore.adapters.alpaca.dividends import AlpacaDividends
from gammacore.adapters.alpaca.market import FULL_PLAN, AlpacaMarket
from gammacore.adapters.alpaca.questions import Questions
from gammacore.domain.instruments import REGISTRY, Side
from gammacore.domain.legs import ShareLeg
from gammacore.domain.orders import Effect, OrderState, OrderTicket, Purpose
from gammacore.domain.pricing.rates import CashDividend
from gammacore.domain.sessions import TradingSession
from gammacore.errors import BrokerError, OrderRejected
from gammacore.ports.credentials import Secret
from prism.loosen_specs import MARKET_DATA, TRADING
from prism_server import loosened_specs, prism_proxy, skip_without_prism

pytestmark = [
    pytest.mark.xdist_group("prism"),
    pytest.mark.filterwarnings("ignore:websockets.legacy is deprecated:DeprecationWarning"),
]

SPREAD = a_put_spread(688, 687, "SPY")


@define
class WhicheverWorld:
    """The app behind both gates, which stay while the worlds change from test to test."""

    app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        await self.app(scope, receive, send)


@frozen
class Gates:
    """The addresses of both Prisms, and what is behind them."""

    behind: WhicheverWorld
    trading: str
    data: str

    def clients(self, world: World) -> AlpacaClients:
        self.behind.app = alpaca_app(world)
        return connect(AlpacaKeys(Secret(TOKEN), Secret(SECRET)), Endpoints(trading=self.trading, data=self.data))


@pytest.fixture(scope="module")
def gates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gates]:
    skip_without_prism()
    specs, behind = loosened_specs(tmp_path_factory.mktemp("alpaca_specs")), WhicheverWorld()
    with (
        serving(behind) as server,
        prism_proxy(specs / TRADING, server.url) as trading,
        prism_proxy(specs / MARKET_DATA, server.url) as data,
    ):
        yield Gates(behind, trading, data)


@frozen
class Desk:
    """A SPY morning behind the gates, and the adapter before them."""

    world: World
    broker: AlpacaBroker

    def step(self) -> None:
        self.world.show(SPY_QUOTES, spot=SPOT)

    def state(self, order_id: str) -> OrderState:
        report = self.broker.order(order_id)
        assert report is not None
        return report.state


@pytest.fixture
def desk(gates: Gates) -> Iterator[Desk]:
    world = spy_world()
    clients = gates.clients(world)
    yield Desk(world, AlpacaBroker(clients, world.clock))
    clients.close()


def shares(side: Side, *, closes: bool, limit: str | None = None) -> OrderTicket:
    return OrderTicket(
        f"gc-{side}-{closes}", Purpose.HEDGE, "SPY", "", (ShareLeg("SPY", side, closes),), 3,
        Effect.CREDIT if side is Side.SELL else Effect.DEBIT, None if limit is None else Decimal(limit),
    )  # fmt: skip


def test_a_spread_is_opened_and_closed(desk: Desk) -> None:
    desk.broker.submit(an_entry("gc-1", SPREAD, limit="0.23", contracts=3))
    assert desk.state("gc-1") is OrderState.ACCEPTED
    desk.step()
    assert desk.state("gc-1") is OrderState.FILLED
    assert dict(desk.broker.holdings()) == {put(688, "SPY").occ: -3, put(687, "SPY").occ: 3}

    desk.broker.submit(an_exit("gc-2", SPREAD, limit="0.30", contracts=1))
    desk.broker.submit(an_exit("gc-3", SPREAD, contracts=2))
    desk.step()
    assert not desk.broker.holdings()
    assert [(report.id, report.execution.price) for report in desk.broker.orders()] == [
        ("gc-1", Decimal("0.25")), ("gc-2", Decimal("0.28")), ("gc-3", Decimal("0.28")),
    ]  # fmt: skip


def test_an_order_is_filled_in_parts_and_called_back(desk: Desk) -> None:
    desk.world.exchange.next_submit(parts=(1,))
    desk.broker.submit(an_entry("gc-1", SPREAD, limit="0.23", contracts=3))
    desk.step()
    assert desk.state("gc-1") is OrderState.PARTIALLY_FILLED
    desk.broker.cancel("gc-1")
    assert desk.state("gc-1") is OrderState.CANCELED
    with pytest.raises(BrokerError):
        desk.broker.cancel("gc-1")


@pytest.mark.parametrize("limit", ["0.25", None])
def test_a_single_option_is_bought_and_sold(desk: Desk, limit: str | None) -> None:
    bought = put(687, "SPY")
    desk.broker.submit(a_single(bought, Side.BUY, order_id="gc-1", limit=limit, purpose=Purpose.ENTRY))
    desk.step()
    desk.broker.submit(a_single(bought, Side.SELL, order_id="gc-2", limit=None if limit is None else "0.20"))
    desk.step()
    assert [desk.state(order_id) for order_id in ("gc-1", "gc-2")] == [OrderState.FILLED] * 2


@pytest.mark.parametrize("limit", ["700.00", None])
def test_shares_are_bought_and_sold_again(desk: Desk, limit: str | None) -> None:
    desk.broker.submit(shares(Side.BUY, closes=False, limit=limit))
    desk.step()
    assert dict(desk.broker.holdings()) == {"SPY": 3}
    desk.broker.submit(shares(Side.SELL, closes=True))
    desk.step()
    assert not desk.broker.holdings()


def test_a_known_id_and_a_refusal_go_through(desk: Desk) -> None:
    receipt = desk.broker.submit(an_entry("gc-1", SPREAD, limit="0.23"))
    assert desk.broker.submit(an_entry("gc-1", SPREAD, limit="0.23")) == receipt
    with pytest.raises(OrderRejected, match="buying power"):
        desk.broker.submit(an_entry("gc-2", SPREAD, limit="0.23", contracts=9_999))
    assert desk.broker.order("gc-2") is None


def test_account_and_clock_go_through(desk: Desk) -> None:
    assert desk.broker.account().option_buying_power > 0
    assert desk.broker.clock().is_open


def test_a_day_of_market_data_goes_through(gates: Gates) -> None:
    world, session = simulated_world(underlying="SPY"), TradingSession.of(DAY)
    clients = gates.clients(world)
    market = AlpacaMarket(clients, REGISTRY["SPY"], session, world.clock, FULL_PLAN)
    try:
        for minutes in (-10, 0, 45, 389, 420):
            world.move_to(now := session.after_open(minutes))
            snapshot, there = market.snapshot(now), world.markets["SPY"].snapshot(now)
            assert (snapshot.spot, snapshot.previous_close) == (there.spot, there.previous_close)
            assert (snapshot.chain is None) == (there.chain is None)
            for seconds in (60, 86_400):
                market.bars("SPY", seconds, session.open - dt.timedelta(days=5), now)
        assert market.settlement("SPY", DAY) is not None
    finally:
        clients.close()


def test_a_year_of_dividends_goes_through(gates: Gates) -> None:
    """SC-425."""
    world = spy_world()
    world.dividends["SPY"] = [CashDividend(DAY - dt.timedelta(days=91 * ago), Decimal("1.76")) for ago in range(4)]
    world.settings["actions_a_page"] = "3"
    clients = gates.clients(world)
    try:
        source = AlpacaDividends(clients, Questions(world.clock))
        assert source.cash_dividends("SPY", DAY - dt.timedelta(days=365), DAY) == tuple(world.dividends["SPY"][::-1])
        assert source.cash_dividends("QQQ", DAY - dt.timedelta(days=365), DAY) == ()
    finally:
        clients.close()


@pytest.mark.parametrize(
    "path",
    [
        "/v2/assets/SPY", "/v2/options/contracts?limit=5", "/v2/positions/{sold}", "/v2/options/contracts/{sold}",
        "/v2/orders?status=all", "/v2/orders?status=all&nested=true",
    ],
)  # fmt: skip
def test_what_else_is_served_fits(gates: Gates, desk: Desk, path: str) -> None:
    desk.broker.submit(an_entry("gc-1", SPREAD, limit="0.23"))
    desk.step()
    keys = {"APCA-API-KEY-ID": TOKEN, "APCA-API-SECRET-KEY": SECRET}
    answer = httpx.get(gates.trading + path.format(sold=put(688, "SPY").occ), headers=keys, trust_env=False)
    assert answer.status_code == 200, answer.text


def test_the_gate_closes_both_ways(gates: Gates, desk: Desk) -> None:
    """What does not fit does not come through, so what came through did fit."""
    keys = {"APCA-API-KEY-ID": TOKEN, "APCA-API-SECRET-KEY": SECRET}
    sent = httpx.post(f"{gates.trading}/v2/orders", json={"type": "limit"}, headers=keys, trust_env=False)
    assert sent.status_code == 422
    assert "must have required property 'time_in_force'" in sent.text

    half_a_clock = WireFault(status=200, body='{"is_open": true}', content_type="application/json")
    desk.world.faults.plan(Asked.READ, half_a_clock)
    answered = httpx.get(f"{gates.trading}/v2/clock", headers=keys, trust_env=False)
    assert answered.status_code == 500
    assert "must have required property 'timestamp'" in answered.text
