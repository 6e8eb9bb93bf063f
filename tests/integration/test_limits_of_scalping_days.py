"""What the limits of an account make of a day of each mode, in the real loop. SC-602..611, SC-1308.

Each mode meets its limit with what the account lost before it: then, and while something is held.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from itertools import islice

import pytest

from builders_holdings import holding_began, holding_closed
from builders_modes import MODES, Keys, a_mode_world, check_ended_flat, check_never_oversold, cycles
from builders_world import World
from gammacore.adapters.simulated.moods import Mood
from gammacore.configuration import StrategyName
from gammacore.domain.holding_events import HoldingClosed
from gammacore.domain.ledger import DayHalted, EntryJudged, Event, OrderIntended
from gammacore.domain.orders import Purpose

MOOD = {
    StrategyName.ST0CKA: Mood.VOLATILE, StrategyName.ST0CKG: Mood.TRENDING, StrategyName.GAMMA_SCALPING: Mood.GAPPING,
    StrategyName.HYBRID: Mood.SPIKE,
}  # fmt: skip
STEP = 60
TWO_HOURS = 120
"""Looks; each mode enters within them on its day."""
KEYS: Keys = {"scalping.gamma.tree_steps": 20, "scalping.gamma.max_dte": 50, "scalping.gamma.straddle_order": "market"}


def a_day(mode: StrategyName, **more: object) -> World:
    keys = {name.replace("__", "."): value for name, value in more.items()}
    return a_mode_world(mode, MOOD[mode], 0, STEP, {**KEYS, **keys})


def lost(at: dt.datetime, number: int, dollars: str) -> tuple[Event, Event]:
    """What another trade of the day lost, or won."""
    name = f"earlier-{number}"
    return (
        holding_began(at, name, "another", "SPY", {}, Decimal(0)),
        holding_closed(at, name, "sold", Decimal(0), -Decimal(dollars), Decimal(0)),
    )


def never(_world: World) -> bool:
    return False


def after(mode: StrategyName, *losses: str, until: Callable[[World], bool] = never, **more: object) -> World:
    """So many looks of a day whose account has lost before; fewer where what is waited for has come."""
    world = a_day(mode, **more)
    days = cycles(world)
    world.day.begin()
    for number, dollars in enumerate(losses):
        world.day.ledger.record(*lost(world.clock.now(), number, dollars))
    for _ in islice(days, TWO_HOURS):
        if until(world):
            break
    return world


def has_entered(world: World) -> bool:
    return bool(entries(world))


def entries(world: World) -> list[OrderIntended]:
    return [event for event in world.all(OrderIntended) if event.ticket.purpose is Purpose.ENTRY]


def halts(world: World) -> list[str]:
    return [event.reason for event in world.all(DayHalted)]


def reasons(world: World) -> set[str | None]:
    return {event.reason for event in world.all(EntryJudged)}


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_two_losses_in_a_row_let_a_mode_enter_and_three_do_not(mode: StrategyName) -> None:
    """SC-608: a win in between begins anew, and nothing won or lost changes nothing."""
    for losses in (("1", "1"), ("1", "1", "-1", "1"), ("1", "0", "1")):
        world = after(mode, *losses, until=has_entered)
        assert (halts(world), bool(entries(world))) == ([], True), losses

    for losses in (("1", "1", "1"), ("1", "0", "1", "1")):
        world = after(mode, *losses)
        assert (halts(world), entries(world)) == (["loss_streak"], []), losses
        assert "halted" in reasons(world)


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_a_day_is_halted_at_its_limit_and_not_a_cent_before(mode: StrategyName) -> None:
    """SC-604, SC-609: at -499.99 only what an entry risks is too much."""
    before, at_limit = after(mode, "499.99"), after(mode, "500.00")

    assert (halts(before), entries(before)) == ([], [])
    assert reasons(before) & {"daily_budget", "budget_thin"}
    assert (halts(at_limit), entries(at_limit)) == (["daily_loss"], [])
    assert "halted" in reasons(at_limit)


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_what_is_held_when_the_limit_is_reached_is_sold_and_nothing_is_bought_again(mode: StrategyName) -> None:
    """SC-604, SC-610, SC-611: exits and hedges go on while halted."""
    world = a_day(mode)
    held_at: dt.datetime | None = None
    for now in cycles(world):
        if held_at is None and world.exchange.holdings():
            held_at = now
            world.day.ledger.record(*lost(now, 0, "5000"))

    assert held_at is not None
    halted = next(event for event in world.all(DayHalted) if event.reason == "daily_loss")
    assert dt.timedelta(0) <= halted.at - held_at <= dt.timedelta(seconds=2 * STEP)
    assert [event for event in entries(world) if event.at > halted.at] == []
    closed = [event for event in world.all(HoldingClosed) if event.at > held_at]
    assert closed
    assert max(event.at for event in closed) - held_at <= dt.timedelta(seconds=10 * STEP)
    check_ended_flat(world)
    check_never_oversold(world.exchange.every_order)


SMALL: Mapping[StrategyName, tuple[int, int]] = {
    StrategyName.ST0CKA: (2_500, 2_900), StrategyName.ST0CKG: (120, 220), StrategyName.GAMMA_SCALPING: (8_000, 14_000),
    StrategyName.HYBRID: (2_300, 2_700),
}  # fmt: skip
"""Dollars of an account whose quarter does not pay a share, contract or straddle, and of one whose does."""


def with_cash(mode: StrategyName, cash: int, **more: object) -> World:
    return after(mode, until=has_entered, sizing__starting_capital=Decimal(cash), **more)


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_a_position_is_a_quarter_of_the_account_at_most(mode: StrategyName) -> None:
    """SC-606, SC-215."""
    too_small, enough = SMALL[mode]
    refused, bought = with_cash(mode, too_small, limits__heat=1), with_cash(mode, enough, limits__heat=1)

    assert entries(refused) == []
    assert reasons(refused) & {"size_zero", "position_cap"}
    (entry,) = entries(bought)
    assert entry.ticket.quantity == 1


HOT: Mapping[StrategyName, tuple[int, int]] = {
    StrategyName.ST0CKA: (900, 1_200), StrategyName.ST0CKG: (120, 900), StrategyName.GAMMA_SCALPING: (5_000, 12_000),
    StrategyName.HYBRID: (900, 1_200),
}  # fmt: skip
"""Dollars of an account of which one share, contract or straddle would risk more than 6 %, and of one that bears it."""


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_what_a_stop_would_cost_is_six_percent_of_the_account_at_most(mode: StrategyName) -> None:
    """SC-605, SC-607: 60 dollars a share; half a premium; a fifth of a straddle's."""
    cold, hot = HOT[mode]
    more = {"limits__position_share": 1, "scalping__st0cka__stop_per_share": Decimal(60)}
    refused, bought = with_cash(mode, cold, **more), with_cash(mode, hot, **more)

    assert entries(refused) == []
    assert "heat" in reasons(refused)
    assert entries(bought)
