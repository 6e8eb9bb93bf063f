"""What a loop notices of its own time, and what it does about it. Rules: R7, R10."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from attrs import define, evolve, field

from builders import at
from builders_exchange import an_entry
from builders_holdings import sell
from builders_world import World, a_scripted_plan, a_world, a_world_holding, relayed
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.application.keep_time import KeepTime
from gammacore.domain.ledger import AlarmRaised, OrderNotSent
from gammacore.domain.loop_limits import LoopLimits
from gammacore.domain.orders import OrderState, OrderTicket
from gammacore.domain.sessions import BrokerClock
from gammacore.ports.broker import BrokerDecorator, Receipt, SendGate, always_open
from gammacore.ports.clock import ClockJump


class JumpyClock(FakeClock):
    """A simulated clock whose wall clock a test may set; `settle` believes whichever is nearer to what it is given."""

    pending: ClockJump | None = None

    def jump(self, seconds: float) -> None:
        self.pending = ClockJump(self.now(), self.now() + dt.timedelta(seconds=seconds))

    def doubt(self) -> ClockJump | None:
        return self.pending

    def settle(self, broker_time: dt.datetime) -> dt.datetime:
        jump, self.pending = self.pending, None
        if jump is not None and abs(broker_time - jump.wall) < abs(broker_time - self.now()):
            self.wait_until(jump.wall)
        return self.now()


@define
class Stopwatch:
    """Says how long each cycle took."""

    seconds: float = 1.0
    begun: list[dt.datetime] = field(factory=list)

    def begin(self, at: dt.datetime) -> None:
        self.begun.append(at)

    def end(self) -> float:
        return self.seconds


@define
class Loop:
    """A day over a clock that may jump, with a broker that says its time, or does not."""

    world: World
    clock: JumpyClock
    broker_time: Callable[[], dt.datetime | None]
    watch: Stopwatch = field(factory=Stopwatch)
    time: KeepTime = field(init=False)

    def __attrs_post_init__(self) -> None:
        def broker_time() -> BrokerClock | None:
            return None if (now := self.broker_time()) is None else BrokerClock(now, is_open=True)

        self.time = KeepTime(self.world.day.ledger, self.clock, LoopLimits(), broker_time, self.watch)

    def cycle(self) -> None:
        with self.time.cycle():
            pass

    @property
    def alarms(self) -> list[tuple[str, str]]:
        return [(event.code, event.detail) for event in self.world.events if isinstance(event, AlarmRaised)]


def a_loop(broker_time: dt.datetime | None = None) -> Loop:
    world = a_world()
    world.day.begin()
    return Loop(world, JumpyClock(world.clock.now()), lambda: broker_time)


# --- a wall clock that jumps ---


def test_a_clock_that_goes_on_is_no_alarm_and_the_broker_is_not_asked() -> None:
    loop = a_loop()
    loop.broker_time = lambda: pytest.fail("nobody asked for the time")

    loop.cycle()

    assert loop.alarms == []


def test_a_jump_is_an_alarm_with_both_times_and_the_brokers_verdict() -> None:
    loop = a_loop(at("10:00"))
    loop.clock.jump(3600)

    loop.cycle()
    loop.cycle()

    ((code, detail),) = loop.alarms
    assert code == "clock_jumped"
    assert detail == (
        "this machine's clock said 11:00:00 New York, by the time that went by it was 10:00:00: +3600 s (it was set, "
        "or the machine was suspended); the broker's clock says 10:00:00: ours was right and goes on"
    )
    assert loop.clock.now() == at("10:00")


def test_a_jump_that_the_broker_confirms_is_taken_over() -> None:
    """A virtual machine that was suspended for two hours."""
    loop = a_loop(at("12:00"))
    loop.clock.jump(7200)

    loop.cycle()

    assert "the broker's clock agrees with it, 12:00:00: taken over" in loop.alarms[0][1]
    assert loop.clock.now() == at("12:00")


def test_a_clock_that_is_ahead_of_the_broker_says_to_start_again() -> None:
    loop = a_loop(at("09:00"))
    loop.clock.jump(-3600)

    loop.cycle()

    assert "the broker's clock says 09:00:00, and time never goes back: start the loop again" in loop.alarms[0][1]


def test_without_an_answer_it_is_one_alarm_and_asked_every_cycle_until_there_is_one() -> None:
    loop, answers = a_loop(), iter([None, None, at("10:00")])
    loop.broker_time = lambda: next(answers)
    loop.clock.jump(3600)

    for _ in range(4):
        loop.cycle()

    assert [code for code, _ in loop.alarms] == ["clock_jumped", "clock_jumped"]
    assert "the broker does not say which is right; ours goes on, asked again every cycle" in loop.alarms[0][1]
    assert "ours was right and goes on" in loop.alarms[1][1]


def test_time_is_doubted_only_until_the_next_cycle_has_looked() -> None:
    """So that a broker without a clock keeps no exit from leaving."""
    loop = a_loop()
    loop.clock.jump(3600)

    assert loop.time.is_doubted()
    loop.cycle()
    assert not loop.time.is_doubted()


# --- sleep ---


@pytest.mark.parametrize(("late", "alarmed"), [(0, False), (30, False), (31, True), (7200, True)])
def test_waking_much_later_than_meant_is_an_alarm(late: float, alarmed: bool) -> None:
    loop = a_loop()
    meant = loop.clock.now()
    loop.clock.advance(late)

    assert loop.time.woke(meant) is alarmed
    assert [code for code, _ in loop.alarms] == ["asleep"] * alarmed
    if alarmed:
        assert f"{late:.0f} s longer than it meant to" in loop.alarms[0][1]


def test_after_sleep_every_working_order_is_looked_up_at_once() -> None:
    """Its last look was a moment ago by the count of looks, and hours ago by the clock: a poll is due all the same."""
    world = a_world()
    world.day.begin()
    world.exchange.next_submit(never=True)
    sell(world.day.desk, an_entry("gc-entry", contracts=3), a_scripted_plan(3, "p1"))
    world.day.desk.advance()

    class Oversleeping(FakeClock):
        def wait_until(self, instant: dt.datetime) -> None:
            world.clock.wait_until(instant)
            world.clock.advance(45)

        def now(self) -> dt.datetime:
            return world.clock.now()

    clock = Oversleeping(world.clock.now())
    time = KeepTime(world.day.ledger, clock, LoopLimits(), lambda: None, Stopwatch())
    day = evolve(world.day, clock=clock, time=time)

    day._rest_until(world.clock.now() + dt.timedelta(seconds=3))

    assert world.day.desk._stirred == {"gc-entry"}
    assert "asleep" in world.alarms()


# --- slow cycles ---


def test_a_cycle_that_took_too_long_is_journaled_with_how_long() -> None:
    loop = a_loop()
    loop.watch.seconds = 95

    loop.cycle()

    detail = "the cycle of 10:00:00 New York took 95 s (at most 15 s); what it decided on was that old"
    assert loop.alarms == [("cycle_slow", detail)]


def test_a_slow_cycle_that_failed_is_journaled_by_the_next_one() -> None:
    loop = a_loop()
    loop.watch.seconds = 95
    with pytest.raises(RuntimeError), loop.time.cycle():
        raise RuntimeError("unforeseen")
    assert loop.alarms == []
    loop.watch.seconds = 1

    loop.cycle()

    assert [code for code, _ in loop.alarms] == ["cycle_slow"]


def test_cycles_that_are_all_slow_are_an_alarm_every_five_minutes() -> None:
    loop = a_loop()
    loop.watch.seconds = 20
    for _ in range(15):
        loop.clock.advance(30)
        loop.cycle()

    assert [code for code, _ in loop.alarms] == ["cycle_slow", "cycle_slow"]


def test_every_cycle_is_timed_from_its_begin() -> None:
    loop = a_loop()
    loop.cycle()
    loop.clock.advance(3)
    loop.cycle()

    assert loop.watch.begun == [at("10:00"), at("10:00") + dt.timedelta(seconds=3)]


# --- orders that grow old on their way ---


def asleep_before_the_wire(seconds: float) -> tuple[World, OrderState]:
    """An entry whose process sleeps between the look-up and the first byte."""
    world = a_world()

    class Sleepy(BrokerDecorator):
        def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
            world.clock.advance(seconds)
            return super().submit(ticket, gate)

    world.wrap_broker = relayed(Sleepy)
    world.day.begin()
    state = sell(world.day.desk, an_entry("gc-entry", contracts=3), a_scripted_plan(3, "p1"))
    assert isinstance(state, OrderState)
    return world, state


@pytest.mark.parametrize(("seconds", "arrived"), [(0, 1), (30, 1), (31, 0), (7200, 0)])
def test_an_entry_of_a_process_that_was_continued_hours_later_does_not_leave(seconds: float, arrived: int) -> None:
    world, state = asleep_before_the_wire(seconds)

    assert state is (OrderState.ACCEPTED if arrived else OrderState.NOT_SENT)
    assert len(world.exchange.every_order) == arrived
    not_sent = [event.detail for event in world.events if isinstance(event, OrderNotSent)]
    assert not_sent == [] if arrived else [f"{seconds:.0f} s old when it was about to leave: to be decided anew"]


def test_an_order_kept_here_is_no_failure_of_the_broker() -> None:
    world, _ = asleep_before_the_wire(7200)
    assert world.book.breaker_tripped_at is None
    assert world.alarms() == []


def test_an_order_on_its_way_while_the_clock_jumps_does_not_leave() -> None:
    """How old it is cannot be said then: a virtual machine that was suspended knows only by its wall clock."""
    world = a_world()
    world.day.begin()
    world.day.desk._time_is_doubted = lambda: True

    assert sell(world.day.desk, an_entry("gc-entry", contracts=3), a_scripted_plan(3, "p1")) is OrderState.NOT_SENT
    assert world.exchange.every_order == ()
    assert world.book.orders["gc-entry"].reason == "the clock jumped while it was on its way: to be decided anew"


def test_an_exit_kept_here_is_decided_anew_by_the_next_cycle() -> None:
    """The gate closes once, the risk stays: the same reason to close sends another order."""
    doubts = iter([True])
    world = a_world_holding(closes={"p1": "10:05"})
    world.day.desk._time_is_doubted = lambda: next(doubts, False)

    world.cycle(12, seconds=60)

    _, kept, *later = world.orders()
    assert (kept.state, later[-1].state) == (OrderState.NOT_SENT, OrderState.FILLED)
    assert world.book.live_spreads == ()
