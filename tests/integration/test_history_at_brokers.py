"""What a scalping desk asks of the past, seen through each dialect as the market has it. SC-009, SC-304, SC-309."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import closing

import pytest

from builders import DAY
from counterparts.alpaca_control import clients_of
from counterparts.alpaca_dialect import alpaca_app
from counterparts.serving import serving
from counterparts.tradier_control import tradier_client
from counterparts.tradier_dialect import tradier_app
from counterparts.world import World, simulated_world
from gammacore.adapters.alpaca.market import FULL_PLAN, AlpacaMarket
from gammacore.adapters.simulated.shares import ShareModel
from gammacore.adapters.tradier.market import TradierMarket
from gammacore.application.gather_history import GatherHistory, GatherMinutes
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.market_history import MarketHistory
from gammacore.domain.sessions import TradingSession
from gammacore.ports.market_data import MarketData

pytestmark = pytest.mark.filterwarnings("ignore:websockets.legacy is deprecated:DeprecationWarning")

SPY, SESSION = REGISTRY["SPY"], TradingSession.of(DAY)
BEFORE = TradingSession.of(DAY - dt.timedelta(days=3))  # a Friday
LOOKS = (35, 36, 40)
"""Minutes after the open; the first is a morning's first question."""


def asked(market: MarketData, world: World) -> list[MarketHistory]:
    gather, seen = GatherMinutes(GatherHistory(market, SPY, SESSION, BEFORE)), []
    for minutes in LOOKS:
        world.move_to(now := SESSION.after_open(minutes))
        seen.append(gather(now))
    return seen


def at_tradier(world: World) -> list[MarketHistory]:
    with serving(tradier_app(world)) as server, closing(tradier_client(server, world.clock)) as client:
        return asked(TradierMarket(client, SPY, SESSION, world.clock), world)


def at_alpaca(world: World) -> list[MarketHistory]:
    with serving(alpaca_app(world)) as server, closing(clients_of(server)) as clients:
        return asked(AlpacaMarket(clients, SPY, SESSION, world.clock, FULL_PLAN), world)


@pytest.mark.parametrize("through", [at_tradier, at_alpaca])
def test_minutes_of_the_day_the_night_and_the_openings_of_a_week_are_known_at_the_first_question(
    through: Callable[[World], list[MarketHistory]],
) -> None:
    """One question after the other about the same minutes of other days: none hides another."""
    world, reference = (simulated_world(underlying="SPY", shares=ShareModel()) for _ in range(2))

    expected, seen = asked(reference.markets["SPY"], reference), through(world)

    assert seen == expected
    assert [len(each.one_minute) for each in seen] == list(LOOKS)
    assert len(seen[0].openings) == 5 * 30
    assert seen[0].night[0].start < SESSION.open <= seen[0].night[-1].end
    assert seen[0].days
