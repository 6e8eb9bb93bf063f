"""Mean reversion and smart entry of ST0CKA through the day loop. Rules: SC-221..233, SC-1303, SC-1304."""

from __future__ import annotations

from decimal import Decimal

import pytest

from builders_scalping import ShareWorld, a_minute, a_share_world, minutes
from gammacore.domain.instruments import Side
from gammacore.domain.orders import Effect, OrderState
from gammacore.domain.scalping.smart_entry import SmartEntry, SmartRules
from gammacore.domain.scalping.st0cka import St0ckaRules
from gammacore.domain.scalping.vwap import MeanReversion, ReversionTarget

REVERTS = St0ckaRules(use_mean_reversion=True)
FOLLOWS = St0ckaRules(use_mean_reversion=True, reversion=MeanReversion(reversion_target=ReversionTarget.VWAP))
SHORTS = St0ckaRules(allow_short=True, use_mean_reversion=True)
FIVE = minutes(600, 600, 600, 600, 600)
"""A VWAP of 600.00: 597.00 is half a percent below it, 603.00 above."""


def refused(world: ShareWorld) -> list[str]:
    world.look()
    return world.refusals


# -- mean reversion ---------------------------------------------------------------------------------------------------


def test_an_ask_exactly_at_the_deviation_is_bought_and_a_tick_above_is_not() -> None:
    """SC-222."""
    at_it = a_share_world(REVERTS, start="09:35:00", quote=("596.99", "597.00"), bars=FIVE)
    assert refused(at_it) == []
    assert at_it.sent("st0cka")[0].ticket.limit == Decimal("597.00")
    off = a_share_world(REVERTS, start="09:35:00", quote=("597.00", "597.01"), bars=FIVE)
    assert refused(off) == ["not_below_vwap"]


def test_without_a_vwap_nothing_is_bought() -> None:
    """SC-221: four bars; a bar without a volume; none traded."""
    few, unknown, none = FIVE[:4], (*FIVE[:4], a_minute(600, volume=None, start="09:34")), minutes(*[600] * 5, volume=0)
    for bars in (few, unknown, none):
        world = a_share_world(REVERTS, start="09:35:00", quote=("590.00", "590.01"), bars=bars)
        assert refused(world) == ["vwap_missing"]


def test_a_target_at_vwap_moves_with_it_once_a_minute() -> None:
    """SC-224: from 600.00 to 599.75 by the sixth bar, 60 s after it was placed."""
    bars = (*FIVE, a_minute(598, volume=715, start="09:35"))
    world = a_share_world(FOLLOWS, start="09:35:30", quote=("596.99", "597.00"), bars=bars)
    world.look()
    world.tick()
    (first,) = world.sent("profit_target")
    assert first.ticket.limit == Decimal("600.00")
    world.until("09:36:30")
    assert first.id in {order.id for order in world.book.working_orders}
    world.tick(times=3)
    assert [order.ticket.limit for order in world.sent("profit_target")] == [Decimal("600.00"), Decimal("599.75")]
    assert world.sent("profit_target")[0].called_back == "target_moved"
    assert world.held == 3


def test_a_move_of_the_target_is_no_exit() -> None:
    bars = (*FIVE, a_minute(598, volume=715, start="09:35"))
    world = a_share_world(FOLLOWS, start="09:35:30", quote=("596.99", "597.00"), bars=bars)
    world.look()
    world.tick()
    world.until("09:36:31")
    world.tick(times=5)
    assert {order.ticket.reason for order in world.every_order} == {"st0cka", "profit_target"}


def test_back_at_vwap_it_leaves_where_its_target_is_vwap() -> None:
    """SC-224: the entry is above the VWAP by now, so the target rests above it too."""
    bars = (*FIVE, a_minute(580, volume=100_000, start="09:35"))
    for rules, reason in ((FOLLOWS, "vwap_exit"), (REVERTS, "")):
        world = a_share_world(rules, start="09:35:30", quote=("596.99", "597.00"), bars=bars)
        world.look()
        world.tick()
        world.until("09:36:00", "596.98")
        assert world.sent("profit_target")[0].called_back == reason


def test_a_short_mirrors_every_rule() -> None:
    """SC-201, SC-224: opened at the bid, well above VWAP, its target below, its stop above."""
    world = a_share_world(SHORTS, start="09:35:00", quote=("603.00", "603.01"), bars=FIVE)
    world.look()
    (entry,) = world.sent("st0cka")
    assert (entry.ticket.legs[0].side, entry.ticket.effect) == (Side.SELL, Effect.CREDIT)
    assert entry.ticket.limit == Decimal("603.00")
    world.tick()
    assert world.held == -3
    assert world.sent("profit_target")[0].ticket.limit == Decimal("602.99")
    world.tick("603.98", times=2)
    assert not world.sent("stop")
    world.tick("603.99", times=6)
    assert [order.ticket.legs[0].side for order in world.sent("stop")] == [Side.BUY]
    assert world.closed == [("stop", Decimal("-3.00"))]


def test_a_short_is_refused_a_tick_below_its_deviation() -> None:
    """SC-224; the reason of the first side is the one journaled."""
    world = a_share_world(SHORTS, start="09:35:00", quote=("602.99", "603.00"), bars=FIVE)
    assert refused(world) == ["not_below_vwap"]


# -- smart entry ------------------------------------------------------------------------------------------------------

BARS = St0ckaRules(smart=SmartRules(SmartEntry.BARS))


def strengths(world: ShareWorld) -> str:
    """What the smart gate said."""
    gates = [step for step in world.decide() if hasattr(step, "record") or hasattr(step, "judgement")]
    record = getattr(gates[0], "record", None) or getattr(gates[0], "judgement", None)
    assert record is not None
    return next(str(one.verdict.value) for one in record.filters if one.name == "smart_entry")


def test_two_signals_of_one_each_enter() -> None:
    """SC-229, SC-1304: volatile 1 and off the high 1; near no low, above VWAP x 0.998."""
    swings = ["600", "600.6"] * 10
    world = a_share_world(BARS, start="09:50:00", quote=("599.50", "599.51"), bars=minutes(*swings))
    seed_extremes(world, "601.40", "595")
    assert strengths(world) == "volatile 1, off_high 1"
    world.look()
    assert world.sent("st0cka")[0].ticket.quantity == 1


def test_one_signal_of_three_enters() -> None:
    """SC-229: the RSI turned up through 30."""
    falling = ["600", *[str(Decimal(600) - Decimal("0.01") * step) for step in range(1, 19)], "599.90"]
    world = a_share_world(BARS, start="09:50:00", quote=("599.80", "599.81"), bars=minutes(*falling))
    seed_extremes(world, "600", "590")
    assert strengths(world) == "rsi_turn 3"
    world.look()
    assert len(world.sent("st0cka")) == 1


def test_one_signal_of_two_does_not() -> None:
    """SC-229: at the low of the session, and nothing else."""
    world = a_share_world(BARS, start="09:50:00", quote=("600.00", "600.01"), bars=minutes(*[600] * 20))
    seed_extremes(world, "600.10", "599.90")
    assert strengths(world) == "at_extreme 2"
    assert refused(world) == ["signals_weak"]


def test_no_signal_does_not() -> None:
    world = a_share_world(BARS, start="09:50:00", quote=("600.00", "600.01"), bars=minutes(*[600] * 20))
    seed_extremes(world, "600.10", "590")
    assert strengths(world) == "no signal"


def seed_extremes(world: ShareWorld, high: str, low: str) -> None:
    """The session's high and low mids, seen in the seconds before; then the quote of now again."""
    quote = str(world.bid), str(world.ask)
    tape = world.day.recall.memory.tape
    assert tape is not None
    assert tape.accepted is not None
    for micro, bid in ((1, high), (2, low), (3, quote[0])):
        shown = world.shows(tape.accepted.at.replace(microsecond=micro), bid)
        world.day.recall(shown)
    world.shows(world.clock.now(), *quote)


def test_short_of_bars_or_of_samples_nothing_is_bought() -> None:
    """SC-226..228."""
    few = a_share_world(BARS, start="09:49:00", bars=minutes(*[600] * 19))
    assert refused(few) == ["bars_missing"]
    for kind in (SmartEntry.QUOTES, SmartEntry.TICKS):
        world = a_share_world(St0ckaRules(smart=SmartRules(kind)), start="09:50:00")
        assert refused(world) == ["indicator_missing"]


def test_quotes_enter_well_below_the_high_after_twenty_samples() -> None:
    """SC-227, SC-230, SC-231: size 2 by a strength of 5, target 0.13 %, stop 1.5 targets."""
    rules = St0ckaRules(smart=SmartRules(SmartEntry.QUOTES))
    world = a_share_world(rules, start="09:40:00", quote=("600.00", "600.01"))
    world.look()
    world.tick("598.00", times=35)
    assert set(world.refusals) == {"indicator_missing"}
    world.tick()
    (entry,) = world.sent("st0cka")
    assert entry.ticket.quantity == 2  # the high at its distance, and the low: strength 5
    terms = world.newest.terms
    assert terms is not None
    assert (terms.target, terms.stop) == (Decimal("0.777413"), Decimal("1.1661195"))
    world.tick()
    assert world.sent("profit_target")[-1].ticket.limit == Decimal("598.79")


@pytest.mark.parametrize(("kind", "wait"), [(SmartEntry.BARS, 60), (SmartEntry.QUOTES, 60), (SmartEntry.TICKS, 30)])
def test_the_cooldown_of_a_smart_entry_replaces_a_shorter_one(kind: SmartEntry, wait: int) -> None:
    """SC-229."""
    assert SmartRules(kind).cooldown(30) == wait
    assert SmartRules(kind).cooldown(90) == 90


def test_a_smart_stop_is_one_and_a_half_targets_of_what_was_paid() -> None:
    """SC-232: 598.01 less 1.1661195 is 596.8438805."""
    rules = St0ckaRules(smart=SmartRules(SmartEntry.QUOTES))
    world = a_share_world(rules, start="09:40:00", quote=("600.00", "600.01"))
    world.look()
    world.tick("598.00", times=41)
    assert world.held == 2
    world.tick("596.85", times=2)
    assert not world.sent("stop")
    world.tick("596.84", times=5)
    assert [reason for reason, _ in world.closed] == ["stop"]


def test_momentum_turned_while_in_profit_ends_it() -> None:
    """SC-232: a fall of more than 0.1 % from one sample to the next, still above what was paid."""
    rules = St0ckaRules(smart=SmartRules(SmartEntry.QUOTES))
    world = a_share_world(rules, start="09:40:00", quote=("600.00", "600.01"))
    world.look()
    world.tick("598.00", times=41)
    world.exchange.next_submit(never=True)
    world.tick("598.70", times=2)
    assert world.sent("profit_target")[0].state is OrderState.ACCEPTED
    world.tick("598.05", times=2)
    assert world.sent("profit_target")[0].called_back == "momentum_exit"
