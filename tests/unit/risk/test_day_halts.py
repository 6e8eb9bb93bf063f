"""Halts of the day through the loop, under ST0CKA: what ends them, and what goes on. Rules: SC-603..611, SC-1308."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

from builders import DAY, a_session, at
from builders_scalping import ShareWorld, a_share_world, a_share_world_holding
from gammacore.domain.ledger import DayHalted, Halted, OrderIntended
from gammacore.domain.orders import OrderState
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.scalping.st0cka import St0ckaRules

NO_STOP = St0ckaRules(stop_per_share=None, use_volatility_sizing=False)
"""One share, whose risk counts as 5.90."""
TEN = RiskLimits(daily_loss=Decimal(10))


def halts(world: ShareWorld) -> list[str]:
    return [event.reason for event in world.all(DayHalted)]


def a_world_at_a_loss(*, flattens: bool = True, bid: str = "580.01") -> ShareWorld:
    """One share bought at 590.01; at 580.01 it has lost the ten dollars of the day."""
    limits = evolve(TEN, flatten_on_daily_loss=flattens)
    world = a_share_world_holding(NO_STOP, limits=limits)
    world.tick(bid)
    return world


def test_an_open_loss_alone_halts_the_day_and_closes_what_is_held_at_that_look() -> None:
    """SC-604, SC-611."""
    spared = a_world_at_a_loss(bid="580.02")
    assert halts(spared) == []
    world = a_world_at_a_loss()
    assert halts(world) == ["daily_loss"]
    assert world.sent("profit_target")[0].called_back == "daily_loss"
    world.tick(times=5)
    assert world.closed == [("daily_loss", Decimal("-10.00"))]
    assert world.alarms().count("daily_loss") == 1


def test_a_loss_that_shrinks_again_leaves_the_day_halted_and_told_once() -> None:
    """SC-609."""
    world = a_world_at_a_loss()
    world.tick("589.00", times=50)
    assert [reason for reason, _ in world.closed] == ["daily_loss"]
    assert halts(world) == ["daily_loss"]
    assert world.refusals[-1] == "halted"
    assert len(world.sent("st0cka")) == 1


def test_where_a_daily_loss_closes_nothing_what_is_held_is_managed_on() -> None:
    """SC-611, SC-610."""
    world = a_world_at_a_loss(flattens=False)
    assert halts(world) == ["daily_loss"]
    world.tick(times=3)
    assert world.sent("profit_target")[0].state is OrderState.ACCEPTED
    world.tick("590.02", times=5)
    assert [reason for reason, _ in world.closed] == ["profit_target"]
    world.tick(times=40)
    assert len(world.sent("st0cka")) == 1


def a_streak(*, losses: int = 3) -> ShareWorld:
    """So many stops of 0.05 in a row, one share each."""
    rules = St0ckaRules(stop_per_share=Decimal("0.05"), use_volatility_sizing=False)
    world = a_share_world(rules, start="09:30:00")
    world.look()
    world.tick()
    for _ in range(losses):
        world.tick("589.90", times=8)
        world.tick("590.00", times=25)
    return world


def test_three_losses_in_a_row_halt_and_two_do_not() -> None:
    """SC-608."""
    two = a_streak(losses=2)
    assert halts(two) == []
    assert len(two.sent("st0cka")) == 3
    three = a_streak()
    assert halts(three) == ["loss_streak"]
    three.tick(times=40)
    assert len(three.sent("st0cka")) == 3
    assert three.refusals[-1] == "halted"


def test_a_restart_the_same_day_keeps_a_halt_and_halts_no_second_time() -> None:
    """SC-609."""
    world = a_streak()
    world.restart()
    world.tick(times=40)
    assert halts(world) == ["loss_streak"]
    assert len(world.sent("st0cka")) == 3


def test_the_next_session_clears_a_halt_and_the_count() -> None:
    """SC-609."""
    world, tomorrow = a_streak(), DAY.replace(day=6)
    world.session = a_session(date=tomorrow)
    world.restart()
    world.clock.set(at("09:30:00", tomorrow))
    world.seed()
    world.look()
    world.tick(times=2)
    assert len(world.sent("st0cka")) == 4
    assert world.held == 1
    assert halts(world) == ["loss_streak"]


def test_a_day_halted_for_its_losses_in_a_row_is_halted_again_for_its_loss() -> None:
    """SC-611: the second closes what is held."""
    world = a_share_world_holding(NO_STOP, limits=TEN)
    world.day.ledger.record(DayHalted(world.clock.now(), DAY, "loss_streak", "3 losses in a row"))
    world.tick("580.02", times=3)
    assert world.sent("profit_target")[0].state is OrderState.ACCEPTED
    world.tick("580.01", times=5)
    assert halts(world) == ["loss_streak", "daily_loss"]
    assert [reason for reason, _ in world.closed] == ["daily_loss"]


def test_exits_go_on_while_the_day_is_halted() -> None:
    """SC-610: target and time exit at full pace."""
    for price, reason in (("590.02", "profit_target"), ("589.90", "time_exit")):
        world = a_share_world_holding(NO_STOP, start="09:59:50")
        world.day.ledger.record(DayHalted(world.clock.now(), DAY, "loss_streak", "3 losses in a row"))
        world.tick(price, times=15)
        assert [why for why, _ in world.closed] == [reason]


def test_a_kill_switch_stays_over_a_restart_and_the_night() -> None:
    """SC-609."""
    world, tomorrow = a_share_world_holding(NO_STOP), DAY.replace(day=6)
    world.day.ledger.record(Halted(world.clock.now(), "by hand"))
    world.tick(times=5)
    assert [reason for reason, _ in world.closed] == ["kill_switch"]
    world.session = a_session(date=tomorrow)
    world.restart()
    world.clock.set(at("09:30:00", tomorrow))
    world.seed()
    world.look()
    world.tick(times=5)
    assert len(world.sent("st0cka")) == 1
    assert world.refusals[-1] == "kill_switch"


def test_an_entry_that_a_crash_kept_from_leaving_does_not_leave_on_a_halted_day() -> None:
    """SC-602: the order desk asks again before an order exists."""
    world = a_share_world(NO_STOP, start="09:45:00")
    world.exchange.next_submit(unavailable=True)
    world.look()
    intent = next(event for event in world.events if isinstance(event, OrderIntended))
    del world.medium.events[world.events.index(intent) + 1 :]
    world.medium.events.append(DayHalted(world.clock.now(), DAY, "loss_streak", "3 losses in a row"))
    world.restart()
    world.tick(times=3)
    assert [order.state for order in world.sent("st0cka")] == [OrderState.NOT_SENT]
    assert "halted" in world.sent("st0cka")[0].reason
    assert world.exchange.received == []


def test_an_old_mark_goes_on_counting_and_is_reported() -> None:
    """SC-603."""
    world = a_share_world_holding(NO_STOP, limits=TEN)
    world.tick("580.02")
    world.silence(8)
    assert "mark_stale" in world.alarms()
    worth = world.day.guard.worth()
    assert worth == Decimal(60_000) - Decimal("9.99")
