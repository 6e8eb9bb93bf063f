"""What goes wrong around a fake exchange until the next cycle, drawn at random: shared by the random fault runs."""

from __future__ import annotations

import datetime as dt
from random import Random

from builders_world import World


def draw_trouble(rng: Random, world: World, share: float, step_seconds: float) -> None:
    """In a `share` of the cycles questions, cancels or the market fail once or twice, or answers come late."""
    faults = world.exchange.faults
    if not has_just_filled(world, step_seconds):
        faults.holdings_lag(0)
    if rng.random() >= share:
        return
    trouble = rng.choice((faults.queries_fail, faults.cancels_fail, faults.holdings_lag, faults.reports_lag, None))
    if trouble is None:
        world.market.fails(1)
    elif trouble != faults.holdings_lag or has_just_filled(world, step_seconds):
        trouble(rng.randint(1, 2))


def has_just_filled(world: World, step_seconds: float) -> bool:
    """Holdings lag behind a fill, not behind nothing: later than a minute two looks are believed (CS-572)."""
    since = world.clock.now() - dt.timedelta(seconds=step_seconds)
    return any(order.execution.any and order.at > since for order in world.exchange.every_order)
