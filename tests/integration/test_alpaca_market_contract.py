"""Alpaca's market over the dialect server: the contract of a live market, and a simulated SPY day seen through HTTP."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest
from attrs import evolve

from builders import DAY
from builders_quotes_only import QuotesOnly
from contracts.live_market_contract import Build, LiveMarketContract, See
from counterparts.alpaca_control import clients_of
from counterparts.alpaca_dialect import alpaca_app
from counterparts.alpaca_words import FAULTS
from counterparts.serving import serving
from counterparts.world import Asked, World, simulated_world
from gammacore.adapters.alpaca.client import AlpacaClients
from gammacore.adapters.alpaca.market import FULL_PLAN, AlpacaMarket, AlpacaMarketSettings, Feeds
from gammacore.adapters.simulated.shares import ShareModel
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.sessions import TradingSession
from gammacore.errors import MissingData
from gammacore.ports.market_data import MarketData

pytestmark = pytest.mark.filterwarnings("ignore:websockets.legacy is deprecated:DeprecationWarning")

SESSION = TradingSession.of(DAY)
SPY = REGISTRY["SPY"]
FIVE_MINUTES = AlpacaMarketSettings(step_seconds=300)


@pytest.fixture
def world() -> World:
    return simulated_world(underlying="SPY", step_seconds=300)


@pytest.fixture
def clients(world: World) -> Iterator[AlpacaClients]:
    with serving(alpaca_app(world)) as server:
        clients = clients_of(server)
        yield clients
        clients.close()


def live(world: World, clients: AlpacaClients, feeds: Feeds = FULL_PLAN) -> AlpacaMarket:
    return AlpacaMarket(clients, SPY, SESSION, world.clock, feeds, settings=FIVE_MINUTES)


@pytest.fixture
def market(world: World, clients: AlpacaClients) -> AlpacaMarket:
    return live(world, clients)


class TestAlpacaMarket(LiveMarketContract):
    underlying = "SPY"

    @pytest.fixture
    def session(self) -> TradingSession:
        return SESSION

    @pytest.fixture
    def build(self, world: World, clients: AlpacaClients) -> Build:
        return lambda: live(world, clients)

    @pytest.fixture
    def see(self, world: World, market: MarketData) -> See:
        def see(now: dt.datetime) -> MarketSnapshot:
            world.move_to(now)
            return market.snapshot(now)

        return see


def test_the_simulated_day_is_seen_through_http_as_it_is(world: World, market: AlpacaMarket) -> None:
    """What decisions are made of is the same value by value; VIX is what Alpaca does not have."""
    simulated, now = QuotesOnly(world.markets["SPY"]), SESSION.open

    while now <= SESSION.close:
        world.move_to(now)
        there, here = simulated.snapshot(now), market.snapshot(now)
        for name in ("at", "spot", "spot_at", "previous_close"):
            assert getattr(here, name) == getattr(there, name), name
        if there.chain is None or here.chain is None:
            assert there.chain is here.chain
            assert now == SESSION.close
        else:
            rows = [here.chain.row(there.chain.contract(row, SPY)) for row in range(len(there.chain))]
            assert len(here.chain) == len(rows)
            for name in ("bid", "ask", "open_interest", "quoted_at"):
                column = getattr(here.chain, name)[rows]
                np.testing.assert_array_equal(column, getattr(there.chain, name), err_msg=name)
            assert (here.chain.roots, here.chain.as_of) == (there.chain.roots, there.chain.as_of)
        assert market.next_at(now) == simulated.next_at(now)
        now = simulated.next_at(now)


def test_the_close_of_the_day_is_its_settlement(world: World, market: AlpacaMarket) -> None:
    """CS-528."""
    world.move_to(SESSION.close)
    assert market.settlement("SPY", DAY) is None
    world.move_to(SESSION.close + dt.timedelta(minutes=30))
    here, there = market.settlement("SPY", DAY), world.markets["SPY"].settlement("SPY", DAY)
    assert here is not None
    assert there is not None
    assert (here.price, here.estimated) == (there.price, there.estimated)


@pytest.mark.parametrize(("seconds", "days"), [(60, 0), (300, 0), (60, 3), (86_400, 20)])
def test_bars_are_the_ones_of_the_simulation(world: World, market: AlpacaMarket, seconds: int, days: int) -> None:
    world.move_to(now := SESSION.after_open(200))
    start = SESSION.open - dt.timedelta(days=days)
    bars = market.bars("SPY", seconds, start, now)
    assert bars
    simulated = world.markets["SPY"].bars("SPY", seconds, start, now)
    assert [evolve(bar, volume=None) for bar in bars] == list(simulated)  # Alpaca's bars always have one


@pytest.mark.parametrize("fault", sorted(FAULTS.keys() - {"no_answer", "no_answer_but_taken"}))
def test_no_trouble_of_the_wire_is_a_quiet_market(world: World, market: AlpacaMarket, fault: str) -> None:
    """Each is missing data, and the next look sees again."""
    world.move_to(SESSION.after_open(10))
    world.faults.always(Asked.READ, FAULTS[fault])

    with pytest.raises(MissingData):
        market.snapshot(world.now())

    world.faults.lift()
    assert market.snapshot(world.now()).spot is not None


def test_a_feed_the_plan_has_not_is_missing_data_and_the_free_one_is_seen_to_be_late(
    world: World, clients: AlpacaClients
) -> None:
    """CS-014, CS-418."""
    world.settings.update(plan="basic", quote_delay_seconds="900")
    world.move_to(now := SESSION.after_open(60))
    with pytest.raises(MissingData, match="SIP"):
        live(world, clients).snapshot(now)

    free = live(world, clients, Feeds())
    snapshot = free.snapshot(now)
    assert free.is_delayed
    assert snapshot.spot_at == SESSION.after_open(45)
    assert not snapshot.fresh(snapshot.spot_at)


def test_share_quotes_and_volumes_are_seen_through_http_as_they_are() -> None:
    """SC-008, SC-009, SC-108."""
    world = simulated_world(underlying="SPY", step_seconds=300, shares=ShareModel())
    simulated, now = world.markets["SPY"], SESSION.after_open(35)
    world.move_to(now)
    with serving(alpaca_app(world)) as server, closing(clients_of(server)) as clients:
        opened = live(world, clients)
        seen, minutes = opened.snapshot(now), opened.bars("SPY", 60, SESSION.open, now)
    there = simulated.snapshot(now)

    assert seen.share == there.share is not None
    assert seen.vix is None
    assert seen.chain is not None
    assert there.chain is not None
    np.testing.assert_array_equal(np.sort(seen.chain.volume), np.sort(there.chain.volume))
    assert [bar.volume for bar in minutes] == [bar.volume for bar in simulated.bars("SPY", 60, SESSION.open, now)]
