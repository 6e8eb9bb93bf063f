"""Exits in R: every check alone and in its order, and the path of SC-340 in its three endings. Rules: SC-333..340."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from attrs import evolve

from builders import at
from gammacore.domain.holdings.plans import RWatch
from gammacore.domain.instruments import PENNY, Right, Ticks
from gammacore.domain.market import Quote
from gammacore.domain.orders import THE_DAY, TicketLife
from gammacore.domain.scalping.battle_lines import BattleLines, Range
from gammacore.domain.scalping.r_exits import (
    BreakevenOn,
    ExitOrder,
    RExit,
    RExitRules,
    RLook,
    RPosition,
    RReason,
    exit_order,
)

RULES = RExitRules()
ENTRY = Decimal(590)
FOUR = RPosition(Right.CALL, Decimal("0.62"), 4)
PUTS = RPosition(Right.PUT, Decimal("0.62"), 4)
START = RWatch(ENTRY)
ARMED = RWatch(ENTRY, Decimal(1), armed=True)


def quoted(bid: str, ask: str | None = None) -> Quote:
    return Quote(Decimal(bid), Decimal(ask or bid) + (Decimal(0) if ask else Decimal("0.02")), at("10:30"))


def look(price: str | None, quote: Quote | None = None) -> RLook:
    return RLook(None if price is None else Decimal(price), quote or quoted("0.60"))


def judged(position: RPosition, seen: RLook, watch: RWatch = START, rules: RExitRules = RULES) -> RExit | None:
    return rules.judge(position, rules.watch(position, watch, seen.price), seen)


def reason(position: RPosition, seen: RLook, watch: RWatch = START, rules: RExitRules = RULES) -> str | None:
    found = judged(position, seen, watch, rules)
    return None if found is None else found.reason


@pytest.mark.parametrize(
    ("position", "price", "armed", "found"),
    [
        (FOUR, "589.91", False, None),
        (FOUR, "589.90", False, "r_stop"),
        (FOUR, "590.00", False, None),
        (FOUR, "590.01", True, None),
        (FOUR, "590.00", True, "breakeven_stop"),
        (FOUR, "589.90", True, "r_stop"),
        (FOUR, "590.14", False, None),
        (FOUR, "590.15", False, "scale_out"),
        (FOUR, "590.29", False, "scale_out"),
        (FOUR, "590.30", False, "final_target"),
        (PUTS, "590.09", False, None),
        (PUTS, "590.10", False, "r_stop"),
        (PUTS, "590.00", True, "breakeven_stop"),
        (PUTS, "589.85", False, "scale_out"),
        (PUTS, "589.70", False, "final_target"),
        (evolve(FOUR, scale=Decimal("1.25")), "590.1875", False, "scale_out"),
        (evolve(FOUR, scale=Decimal("1.25")), "590.18", False, None),
    ],
)
def test_each_exit_at_its_r_and_just_before(position: RPosition, price: str, armed: bool, found: str | None) -> None:
    """SC-333, SC-335."""
    assert reason(position, look(price), ARMED if armed else START) == found


@pytest.mark.parametrize(("price", "armed"), [("590.09", False), ("590.10", True)])
def test_one_r_arms_and_stays_armed(price: str, armed: bool) -> None:
    """SC-334, SC-335."""
    after = RULES.watch(FOUR, START, Decimal(price))
    assert after.armed is armed
    back = RULES.watch(FOUR, after, Decimal("589.95"))
    assert (back.armed, back.best) == (armed, (Decimal(price) - ENTRY) * 10)
    assert RULES.watch(FOUR, after, None) == after


def walk(prices: Sequence[str], position: RPosition = FOUR) -> list[tuple[str, int]]:
    """What is sold along a path, each sale filled at once."""
    watch, sold = START, []
    for price in prices:
        seen = look(price)
        watch = RULES.watch(position, watch, seen.price)
        if position.held and (found := RULES.judge(position, watch, seen)) is not None:
            sold.append((str(found.reason), found.contracts))
            scaled = position.is_scaled or found.reason == RReason.SCALE_OUT
            position = evolve(position, held=position.held - found.contracts, is_scaled=scaled)
    return sold


@pytest.mark.parametrize(
    ("path", "sold"),
    [
        (["590.10", "590.15", "590.00"], [("scale_out", 2), ("breakeven_stop", 2)]),
        (["590.10", "590.15", "590.20", "590.30"], [("scale_out", 2), ("final_target", 2)]),
        (["589.90"], [("r_stop", 4)]),
    ],
)
def test_the_example_of_sc_340_in_its_three_endings(path: list[str], sold: list[tuple[str, int]]) -> None:
    assert walk(path) == sold


def test_a_jump_to_three_r_sells_all_at_once() -> None:
    """SC-335, SC-336: a step jumped over is not made up."""
    assert walk(["590.00", "590.30"]) == [("final_target", 4)]
    assert walk(["590.09", "590.14", "589.80"]) == [("r_stop", 4)]


@pytest.mark.parametrize(("held", "sold"), [(1, []), (2, [("scale_out", 1)]), (3, [("scale_out", 1)])])
def test_half_is_sold_once_and_the_larger_part_stays(held: int, sold: list[tuple[str, int]]) -> None:
    """SC-336."""
    assert walk(["590.15", "590.20"], evolve(FOUR, held=held)) == sold


def test_one_contract_skips_the_step_to_what_comes_after_it() -> None:
    """SC-335 (8), SC-336: a step that sells nothing hides no later check."""
    lines = BattleLines(Range(Decimal(600), Decimal("590.50")))
    put_over_the_top = evolve(PUTS, held=1, lines=BattleLines(Range(Decimal("589.80"), Decimal(580))))
    assert reason(put_over_the_top, look("589.84")) is None  # beyond at the entry: never
    assert reason(evolve(FOUR, held=1, lines=lines), look("590.15")) is None


@pytest.mark.parametrize(
    ("bid", "found"), [("0.32", None), ("0.31", "option_stop"), ("0.30", "option_stop"), ("0", "option_stop")]
)
def test_the_option_stops_at_half_its_premium(bid: str, found: str | None) -> None:
    """SC-335 (3), SC-008: a bid of 0 is a price."""
    assert reason(FOUR, look("590", quoted(bid))) == found


def test_the_checks_act_in_their_order() -> None:
    """SC-335."""
    everything = RLook(Decimal("589.90"), quoted("0.10"), flatten="flatten_request", is_time=True)
    assert reason(FOUR, everything) == "flatten_request"
    assert reason(FOUR, evolve(everything, flatten=None)) == "time_exit"
    assert reason(FOUR, evolve(everything, flatten=None, is_time=False)) == "option_stop"
    assert reason(FOUR, look("589.90")) == "r_stop"
    lines = BattleLines(Range(Decimal(600), Decimal("589.99")))
    assert reason(evolve(FOUR, lines=lines), look("589.90"), ARMED) == "r_stop"
    assert reason(evolve(FOUR, lines=lines), look("589.98"), ARMED) == "breakeven_stop"
    assert reason(evolve(FOUR, lines=lines), look("589.98")) == "invalidated"


CALL_LINES = BattleLines(Range(Decimal(600), Decimal("589.97")), Range(Decimal(601), Decimal("589.95")))
PUT_LINES = BattleLines(Range(Decimal("590.03"), Decimal(580)), Range(Decimal("590.05"), Decimal(579)))


@pytest.mark.parametrize(
    ("position", "price", "found"),
    [
        (evolve(FOUR, lines=CALL_LINES), "589.95", None),
        (evolve(FOUR, lines=CALL_LINES), "589.94", "invalidated"),
        (evolve(PUTS, lines=PUT_LINES), "590.05", None),
        (evolve(PUTS, lines=PUT_LINES), "590.06", "invalidated"),
        (FOUR, "589.94", None),
    ],
)
def test_a_trade_is_invalidated_beyond_the_outer_line(position: RPosition, price: str, found: str | None) -> None:
    """SC-335 (8)."""
    assert reason(position, look(price)) == found


def test_breakeven_may_be_judged_on_the_options_mid() -> None:
    """SC-337."""
    by_option = RExitRules(breakeven_on=BreakevenOn.OPTION_MID)
    assert reason(FOUR, look("589.99", quoted("0.62", "0.64")), ARMED, by_option) is None
    assert reason(FOUR, look("590.05", quoted("0.61", "0.63")), ARMED, by_option) == "breakeven_stop"
    assert reason(FOUR, look("590.05", quoted("0.61", "0.63")), START, by_option) is None
    assert reason(FOUR, RLook(Decimal("589.99"), None), ARMED, by_option) is None


@pytest.mark.parametrize(("price", "found"), [("590.13", None), ("590.12", "trail_stop"), ("590.00", "breakeven_stop")])
def test_a_trailing_stop_follows_the_best_r(price: str, found: str | None) -> None:
    """SC-337."""
    best = RWatch(ENTRY, Decimal(2), armed=True)
    assert reason(evolve(FOUR, is_scaled=True), look(price), best, RExitRules(trail_r=Decimal("0.8"))) == found


def test_without_a_share_quote_r_waits_and_the_rest_goes_on() -> None:
    """SC-339."""
    assert reason(FOUR, look(None), ARMED) is None
    assert reason(FOUR, look(None, quoted("0.31"))) == "option_stop"
    assert reason(FOUR, RLook(None, quoted("0.60"), is_time=True)) == "time_exit"


@pytest.mark.parametrize(
    ("age", "lost_after", "found"), [(59.9, 60, None), (60, 60, "feed_lost_exit"), (60, 900, None)]
)
def test_a_lost_feed_sells(age: float, lost_after: float, found: str | None) -> None:
    """SC-016, SC-339."""
    assert reason(FOUR, RLook(None, quoted("0.60"), age, lost_after=lost_after)) == found
    assert reason(FOUR, RLook(ENTRY, quoted("0.60"), age, lost_after=lost_after)) is None


AT_MARKET = ExitOrder(None, THE_DAY)
NICKELS = Ticks(Decimal("0.05"), Decimal("0.05"), Decimal("0.10"))


@pytest.mark.parametrize(
    ("why", "bid", "sent", "ticks", "order"),
    [
        (RReason.R_STOP, "0.58", 0, PENNY, ExitOrder(Decimal("0.58"), TicketLife(5))),
        (RReason.SCALE_OUT, "0.58", 3, PENNY, ExitOrder(Decimal("0.58"), TicketLife(5))),
        (RReason.R_STOP, "0.58", 4, PENNY, AT_MARKET),
        (RReason.TIME, "0.58", 0, PENNY, AT_MARKET),
        (RReason.OPTION_STOP, "0.58", 0, PENNY, AT_MARKET),
        ("kill_switch", "0.58", 0, PENNY, AT_MARKET),
        (RReason.FEED_LOST, "0.58", 0, PENNY, AT_MARKET),
        (RReason.R_STOP, "0", 0, PENNY, AT_MARKET),  # the house offers it at a tick: CS-420
        (RReason.R_STOP, None, 0, PENNY, AT_MARKET),
        (RReason.R_STOP, "0.58", 0, NICKELS, ExitOrder(Decimal("0.55"), TicketLife(5))),
        (RReason.R_STOP, "0.03", 0, NICKELS, ExitOrder(Decimal("0.05"), TicketLife(5))),
    ],
)
def test_how_an_exit_is_sent(why: str, bid: str | None, sent: int, ticks: Ticks, order: ExitOrder) -> None:
    """SC-006, SC-338."""
    assert exit_order(RExit(why, 4, ""), None if bid is None else quoted(bid), sent, ticks) == order


def test_r_is_of_the_underlying() -> None:
    """SC-333."""
    assert FOUR.r(Decimal("590.15"), ENTRY) == Decimal("1.5")
    assert PUTS.r(Decimal("590.15"), ENTRY) == Decimal("-1.5")
