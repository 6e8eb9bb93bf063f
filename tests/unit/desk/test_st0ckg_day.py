"""ST0CKG through the real day loop, second by second, over the fake exchange. Rules: SC-330..340, SC-606."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from builders_st0ckg import OptionWorld, an_option_world, call
from gammacore.domain.holdings.plans import RWatch
from gammacore.domain.orders import OrderState
from gammacore.domain.reports.day_report import day_report
from gammacore.domain.reports.scalp_views import signal_tallies
from gammacore.domain.scalping.signals.signal import SignalName

CALL = call(593).occ


def holding_four() -> OptionWorld:
    """Bought at the first look, filled at the second, with the share at 592.00."""
    world = an_option_world()
    world.look()
    world.tick()
    assert world.newest.held(CALL) == 4
    return world


def sales(world: OptionWorld) -> list[tuple[str, int]]:
    """What was sold, why and how many filled."""
    return [(order.ticket.reason, order.execution.quantity) for order in world.every_order if order.ticket.closes]


def test_an_entry_is_filled_at_no_more_than_its_limit_and_remembers_the_underlying() -> None:
    """SC-330, SC-333."""
    world = holding_four()
    (entry,) = world.sent("OPENING_DRIVE")
    assert entry.state is OrderState.FILLED
    assert entry.ticket.limit is not None
    assert entry.execution.price is not None
    assert entry.execution.price <= entry.ticket.limit
    world.tick()
    memory = world.newest.memory
    assert isinstance(memory, RWatch)
    assert memory.price == Decimal("592.00")


@pytest.mark.parametrize(
    ("bids", "sold", "r"),
    [
        (["592.09", "592.14", "592.14", "591.99", "591.99"], [("scale_out", 2), ("breakeven_stop", 2)], 0),
        (["592.09", "592.14", "592.14", "592.29", "592.29"], [("scale_out", 2), ("final_target", 2)], 3),
        (["591.89", "591.89"], [("r_stop", 4)], -1),
        (["592.29", "592.29"], [("final_target", 4)], 3),
    ],
)
def test_the_example_of_sc_340_in_its_three_endings_and_a_jump(
    bids: list[str], sold: list[tuple[str, int]], r: int
) -> None:
    """R at the last exit is what its signal is judged by. Rules: SC-324, SC-340."""
    world = holding_four()
    world.tick()
    for bid in bids:
        world.tick(bid)
    world.tick(times=3)
    assert sales(world) == sold
    assert [reason for reason, _ in world.closed] == [sold[-1][0]]
    assert world.book.expected_holdings() == {}
    tally = signal_tallies([day_report(world.events)])[SignalName.OPENING_DRIVE]
    assert (tally.traded, tally.closed, tally.mean_r) == (1, 1, Fraction(r))


def test_a_restart_knows_what_was_armed() -> None:
    """SC-334: best R and the arming are in the ledger."""
    world = holding_four()
    world.tick()
    world.tick("592.09")
    world.restart()
    world.tick("591.99", times=3)
    assert sales(world) == [("breakeven_stop", 4)]


def test_an_entry_without_a_fill_is_called_back_after_ten_seconds() -> None:
    """SC-330: the rest is given up."""
    world = an_option_world()
    world.exchange.next_submit(delay=60)
    world.look()
    world.tick(times=9)
    assert world.sent("OPENING_DRIVE")[0].state is OrderState.ACCEPTED
    world.tick(times=4)
    assert world.sent("OPENING_DRIVE")[0].state is OrderState.CANCELED
    assert world.book.expected_holdings() == {}
    assert "signal_repeat" in world.refusals


def test_an_exit_that_finds_no_taker_ends_at_market() -> None:
    """SC-338: four limits of five seconds, then at market."""
    world = holding_four()
    world.tick()
    for _ in range(4):
        world.exchange.next_submit(delay=60)
    world.tick("591.89")
    world.tick(times=60)
    orders = world.sent("r_stop")
    assert [order.ticket.is_market for order in orders] == [False, False, False, False, True]
    assert [order.execution.quantity for order in orders] == [0, 0, 0, 0, 4]
    assert [reason for reason, _ in world.closed] == ["r_stop"]


def test_what_lost_half_of_its_premium_goes_at_market_whatever_the_share_does() -> None:
    """SC-335 (3): hours later the option is worth little, at the same price of the share."""
    world = holding_four()
    world.tick()
    world.until("15:49:59")
    world.tick(times=2)
    assert sales(world) == [("option_stop", 4)]
    assert world.sent("option_stop")[0].ticket.is_market
    assert world.book.expected_holdings() == {}
