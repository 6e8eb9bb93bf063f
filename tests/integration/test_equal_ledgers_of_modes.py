"""Each mode on one recorded stream, by events and in the plain loop: the same ledger, byte for byte. SC-1001, SC-1311.

One morning a mode; in `make sweep` ten seeded days of each.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from builders import DAY, a_session
from builders_modes import MODES, mode_settings
from builders_runner import BEGIN, SHARE, ShareDay, in_the_plain_loop, running, seconds
from extent import WHOLE, many
from fakes import FakeCalendar
from gammacore.adapters.codec.records import encode
from gammacore.adapters.simulated.market import SimulatedMarket
from gammacore.adapters.simulated.moods import Mood
from gammacore.adapters.simulated.shares import ShareModel
from gammacore.configuration import Settings, StrategyName
from gammacore.domain.ledger import OrderFilled, OrderIntended
from gammacore.domain.sessions import TradingSession
from gammacore.wiring.looks import expiries_of
from gammacore.wiring.strategies import open_strategy

BEFORE = TradingSession.of(DAY - dt.timedelta(days=3))  # a Friday
MOODS = {
    StrategyName.ST0CKA: Mood.VOLATILE, StrategyName.ST0CKG: Mood.TRENDING, StrategyName.GAMMA_SCALPING: Mood.GAPPING,
    StrategyName.HYBRID: Mood.VOLATILE,
}  # fmt: skip
MORNING, THE_DAY = 5_400, 23_400
DAYS = [(mode, seed) for mode in MODES for seed in range(many(1, 10))]
EVERY, POLLS = 10, 30.0
"""Seconds between two quotes, and between two looks."""


def a_market(settings: Settings, mood: Mood, seed: int) -> SimulatedMarket:
    calendar = FakeCalendar()
    return SimulatedMarket(
        settings.underlying(SHARE), a_session(), seed=seed, step_seconds=EVERY, calendar=calendar,
        shares=ShareModel(), mood=mood, expiries=expiries_of(settings, a_session(), calendar),
    )  # fmt: skip


def ledger_of(world: ShareDay, until: float) -> list[str]:
    """The records up to an instant: what ends a run by events is not of the stream."""
    return [encode(event) for event in world.events if event.at <= seconds(until)]


@pytest.mark.parametrize(("mode", "seed"), DAYS, ids=str)
def test_a_recorded_stream_gives_one_ledger_by_events_and_in_the_plain_loop(mode: StrategyName, seed: int) -> None:
    until = THE_DAY if WHOLE else MORNING
    settings = mode_settings(mode, MOODS[mode], seed, EVERY, {
        "scalping.gamma.tree_steps": 20, "scalping.gamma.max_dte": 50, "sizing.starting_capital": Decimal(100_000),
    })  # fmt: skip
    told: dict[str, Any] = {
        "settings": settings,
        "polls": POLLS,
        "previous": BEFORE,
        "limits": settings.scalping.runner,
    }

    plain = in_the_plain_loop(a_market(settings, MOODS[mode], seed), open_strategy(settings), until, **told)
    driven = running(a_market(settings, MOODS[mode], seed), open_strategy(settings), **told)
    driven.until(until + 0.15)

    assert ledger_of(driven.world, until) == ledger_of(plain, until)
    assert len(plain.all(OrderFilled)) >= 2
    between = [order for order in plain.all(OrderIntended) if (order.at - BEGIN).total_seconds() % POLLS]
    assert between, "nothing was decided on a quote between two looks"
