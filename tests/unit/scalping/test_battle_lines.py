"""Battle lines and bias: from real bars only. Rules: SC-304..307, SC-335 (8)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from builders import a_session, at
from builders_history import DAY_BEFORE
from builders_scalping import a_minute, in_a_row
from gammacore.domain.instruments import Right
from gammacore.domain.market import Bar
from gammacore.domain.scalping.battle_lines import BattleLines, Range, first_five_minute_close
from gammacore.domain.words import Direction

BEFORE, TODAY = a_session(date=DAY_BEFORE), a_session()
BULLISH, BEARISH, NEUTRAL = Direction.BULLISH, Direction.BEARISH, Direction.NEUTRAL


def a_day_before(bars: int = 78) -> tuple[Bar, ...]:
    """Five-minute bars of the session before, from 590 to 594."""
    bar = a_minute(592, high=594, low=590, seconds=300)
    return in_a_row([bar] * bars, "09:30", DAY_BEFORE)


def a_range(high: str, low: str) -> Range:
    return Range(Decimal(high), Decimal(low))


NIGHT = a_minute(593, high=597, low=589, start="18:00", seconds=300, date=DAY_BEFORE)
MORNING = a_minute(593, high=595, low=588, start="04:00", seconds=300)
LINES = BattleLines(a_range("594", "590"), a_range("597", "588"), a_range("595", "588"))


def test_lines_are_those_of_the_bars_of_their_hours() -> None:
    """SC-304: the night includes the morning."""
    assert BattleLines.of([*a_day_before(), NIGHT, MORNING], BEFORE, TODAY) == LINES


def test_hours_without_bars_have_no_line() -> None:
    """SC-305."""
    lines = BattleLines.of(a_day_before(), BEFORE, TODAY)
    assert lines is not None
    assert (lines.overnight, lines.premarket) == (None, None)


def test_the_daily_bar_of_the_session_before_says_its_high_and_low() -> None:
    """SC-304: with it no other bar of that session is needed; that of an older one is another line."""
    daily = a_minute(592, high=596, low=584, start="00:00", seconds=86_400, date=DAY_BEFORE)
    lines = BattleLines.of([daily, *a_day_before(10), NIGHT], BEFORE, TODAY)
    assert lines == BattleLines(a_range("596", "584"), a_range("597", "589"))
    older = a_minute(592, start="00:00", seconds=86_400, date=DAY_BEFORE - dt.timedelta(days=1))
    assert BattleLines.of([older], BEFORE, TODAY) is None


@pytest.mark.parametrize(("bars", "known"), [(65, True), (64, False), (0, False)])
def test_a_session_before_is_known_by_five_sixths_of_its_bars(bars: int, known: bool) -> None:
    """SC-305: no line is invented from an afternoon."""
    assert (BattleLines.of(a_day_before(bars), BEFORE, TODAY) is not None) is known


def test_a_bar_before_04_00_is_the_nights_alone() -> None:
    bars = [*a_day_before(), a_minute(593, high=597, low=589, start="03:55", seconds=300)]
    lines = BattleLines.of(bars, BEFORE, TODAY)
    assert lines is not None
    assert (lines.overnight, lines.premarket) == (a_range("597", "589"), None)


def test_bars_of_today_are_no_line() -> None:
    today = a_minute(600, high=610, low=580, start="09:30", seconds=300)
    lines = BattleLines.of([*a_day_before(), today], BEFORE, TODAY)
    assert lines == BattleLines(a_range("594", "590"))


@pytest.mark.parametrize(
    ("lines", "opened", "reason"),
    [
        (LINES, "593", None),
        (LINES, None, "battle_lines_missing"),
        (BattleLines(a_range("594", "594")), "594", "battle_lines_bad"),
        (BattleLines(a_range("594", "590"), a_range("594", "594")), "594", "battle_lines_bad"),
        (BattleLines(a_range("594", "590"), None, a_range("593", "594")), "594", "battle_lines_bad"),
        (BattleLines(a_range("660", "600")), "620", None),
        (BattleLines(a_range("660.01", "600")), "620", "battle_lines_bad"),
        (BattleLines(a_range("600", "590")), "500", None),
        (BattleLines(a_range("600.01", "590")), "500", "battle_lines_bad"),
        (BattleLines(a_range("410", "400")), "500", None),
        (BattleLines(a_range("410", "399.99")), "500", "battle_lines_bad"),
    ],
)
def test_lines_that_cannot_be_true_are_bad(lines: BattleLines, opened: str | None, reason: str | None) -> None:
    """SC-306, at and past each edge."""
    assert lines.judge(Decimal(opened) if opened else None).reason == reason


@pytest.mark.parametrize(
    ("close", "scale", "bias"),
    [
        ("594.10", "1", NEUTRAL),
        ("594.11", "1", BULLISH),
        ("589.90", "1", NEUTRAL),
        ("589.89", "1", BEARISH),
        (None, "1", NEUTRAL),
        ("594.15", "2", NEUTRAL),
        ("594.21", "2", BULLISH),
    ],
)
def test_the_bias_is_beyond_the_session_before_and_a_dime(close: str | None, scale: str, bias: Direction) -> None:
    """SC-307."""
    assert LINES.bias(Decimal(close) if close else None, Decimal(scale)) is bias


def test_the_first_five_minute_close_is_that_of_09_35() -> None:
    """SC-301, SC-307: of a bar of five minutes, or the fifth of one."""
    five = in_a_row([a_minute(593, seconds=300), a_minute(594, seconds=300)])
    ones = in_a_row([a_minute(590 + number) for number in range(8)])
    assert first_five_minute_close(five, TODAY) == 593
    assert first_five_minute_close(ones, TODAY) == 594
    assert first_five_minute_close(ones[:4], TODAY) is None


@pytest.mark.parametrize(
    ("right", "price", "invalid"),
    [
        (Right.CALL, "588", False),
        (Right.CALL, "587.99", True),
        (Right.PUT, "597", False),
        (Right.PUT, "597.01", True),
    ],
)
def test_a_trade_is_invalid_beyond_the_outer_line(right: Right, price: str, invalid: bool) -> None:
    """SC-335 (8)."""
    assert LINES.is_invalid(right, Decimal(price)) is invalid


def test_lines_that_are_missing_invalidate_nothing() -> None:
    """SC-335 (8): of the lines present."""
    lines = BattleLines(a_range("594", "590"))
    assert (lines.invalidation(Right.CALL), lines.invalidation(Right.PUT)) == (Decimal(590), Decimal(594))
    assert at("04:00") < TODAY.open
