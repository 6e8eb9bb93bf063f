"""Tradier's market over the dialect server: the contract of a live market, and the simulated day seen through HTTP."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from builders import DAY
from builders_quotes_only import QuotesOnly
from contracts.live_market_contract import Build, LiveMarketContract, See
from counterparts.serving import serving
from counterparts.tradier_control import tradier_client
from counterparts.tradier_dialect import FAULTS, tradier_app
from counterparts.world import Asked, World, simulated_world
from gammacore.adapters.chain_exposure import ChainExposure
from gammacore.adapters.simulated.shares import ShareModel
from gammacore.adapters.tradier.client import TradierClient
from gammacore.adapters.tradier.market import TradierMarket, TradierMarketSettings
from gammacore.application.gather_history import GatherHistory
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.sessions import TradingSession
from gammacore.errors import MissingData
from gammacore.ports.market_data import MarketData

SESSION = TradingSession.of(DAY)
FIVE_MINUTES = TradierMarketSettings(step_seconds=300, settlement_minutes=0)


@pytest.fixture
def world() -> World:
    return simulated_world(step_seconds=300)


@pytest.fixture
def client(world: World) -> Iterator[TradierClient]:
    with serving(tradier_app(world)) as server:
        client = tradier_client(server, world.clock)
        yield client
        client.close()


@pytest.fixture
def market(world: World, client: TradierClient) -> TradierMarket:
    return TradierMarket(client, REGISTRY["SPX"], SESSION, world.clock, FIVE_MINUTES)


class TestTradierMarket(LiveMarketContract):
    @pytest.fixture
    def session(self) -> TradingSession:
        return SESSION

    @pytest.fixture
    def build(self, world: World, client: TradierClient) -> Build:
        return lambda: TradierMarket(client, REGISTRY["SPX"], SESSION, world.clock, FIVE_MINUTES)

    @pytest.fixture
    def see(self, world: World, market: MarketData) -> See:
        def see(now: dt.datetime) -> MarketSnapshot:
            world.move_to(now)
            return market.snapshot(now)

        return see


def test_the_simulated_day_is_seen_through_http_as_it_is(world: World, market: TradierMarket) -> None:
    """What decisions are made of is the same value by value."""
    simulated, now = QuotesOnly(world.markets["SPX"]), SESSION.open

    while now <= SESSION.close:
        world.move_to(now)
        there, here = simulated.snapshot(now), market.snapshot(now)
        for name in ("at", "spot", "spot_at", "vix", "previous_close"):
            assert getattr(here, name) == getattr(there, name), name
        if there.chain is None or here.chain is None:
            assert there.chain is here.chain
            assert now == SESSION.close
        else:
            for name in ("strike", "is_call", "expiry", "bid", "ask", "open_interest", "iv", "quoted_at"):
                np.testing.assert_array_equal(getattr(here.chain, name), getattr(there.chain, name), err_msg=name)
            assert (here.chain.roots, here.chain.as_of) == (there.chain.roots, there.chain.as_of)
        assert market.next_at(now) == simulated.next_at(now)
        now = simulated.next_at(now)

    print_, official = market.settlement("SPX", DAY), simulated.settlement("SPX", DAY)
    assert print_ is not None
    assert official is not None
    assert (print_.price, print_.estimated) == (official.price, False)


def test_the_history_a_filter_sees_is_the_same(world: World, market: TradierMarket) -> None:
    """CS-355, CS-356, CS-358."""
    simulated, spx = world.markets["SPX"], REGISTRY["SPX"]
    before = world.calendar.session(DAY - dt.timedelta(days=3))

    for now in (SESSION.after_open(minutes) for minutes in (1, 5, 31, 90, 91, 389)):
        world.move_to(now)
        price = simulated.snapshot(now).spot
        here, there = (GatherHistory(one, spx, SESSION, before)(now, price) for one in (market, simulated))
        assert here == there
    assert here.five_minute
    assert here.vix_five_minute
    assert here.daily is not None


def test_what_is_asked_of_the_past_is_asked_once(world: World, market: TradierMarket) -> None:
    spx, before = REGISTRY["SPX"], world.calendar.session(DAY - dt.timedelta(days=3))
    gather, now = GatherHistory(market, spx, SESSION, before), SESSION.after_open(31)
    world.move_to(now)
    gather(now, None)
    asked = world.faults.counted[Asked.READ]

    for seconds in (1, 2, 3):
        gather(now + dt.timedelta(seconds=seconds), None)

    assert world.faults.counted[Asked.READ] == asked


@pytest.mark.parametrize("fault", sorted(FAULTS.keys() - {"no_answer", "no_answer_but_taken", "connection_refused"}))
def test_no_trouble_of_the_wire_is_a_quiet_market(world: World, market: TradierMarket, fault: str) -> None:
    """Each fault of the table is missing data, and the next look sees again."""
    world.move_to(SESSION.after_open(10))
    world.faults.always(Asked.READ, FAULTS[fault])

    with pytest.raises(MissingData):
        market.snapshot(world.now())

    world.faults.lift()
    assert market.snapshot(world.now()).spot is not None


def test_a_delayed_server_is_seen_to_be_late(world: World, market: TradierMarket) -> None:
    """CS-014, CS-418."""
    world.settings["delay_seconds"] = "900"
    world.move_to(now := SESSION.after_open(60))

    snapshot = market.snapshot(now)

    assert snapshot.spot_at == SESSION.after_open(45)
    assert not snapshot.fresh(snapshot.spot_at)
    assert ChainExposure(REGISTRY["SPX"], SESSION).exposure(snapshot) is None


def test_share_quotes_and_volumes_are_seen_through_http_as_they_are() -> None:
    """SC-008, SC-009, SC-108."""
    world = simulated_world(underlying="SPY", step_seconds=300, shares=ShareModel())
    simulated, now = world.markets["SPY"], SESSION.after_open(35)
    world.move_to(now)
    with serving(tradier_app(world)) as server, closing(tradier_client(server, world.clock)) as client:
        live = TradierMarket(client, REGISTRY["SPY"], SESSION, world.clock, FIVE_MINUTES)
        seen, minutes = live.snapshot(now), live.bars("SPY", 60, SESSION.open, now)
    there = simulated.snapshot(now)

    assert seen.share == there.share is not None
    assert seen.vix_at == there.vix_at
    assert seen.chain is not None
    assert there.chain is not None
    np.testing.assert_array_equal(np.sort(seen.chain.volume), np.sort(there.chain.volume))
    assert [bar.volume for bar in minutes] == [bar.volume for bar in simulated.bars("SPY", 60, SESSION.open, now)]
