"""Smart entries: every signal at and just past its edge, and what they change. Rules: SC-225..232."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from attrs import evolve

from builders import at
from builders_scalping import Figure, in_a_row, minutes, sampled
from gammacore.domain.instruments import Side
from gammacore.domain.scalping.smart_entry import SmartEntry, SmartReading, SmartRules, SmartView
from gammacore.domain.verdicts import Verdict

BARS, QUOTES, TICKS = (SmartRules(kind) for kind in (SmartEntry.BARS, SmartEntry.QUOTES, SmartEntry.TICKS))
NOON = at("12:00")
QUIET = SmartView(
    NOON, Decimal(600), minutes(*[600] * 20), sampled(*[600] * 60, until="12:00"), Decimal("601.5"), Decimal("598.5"),
    Fraction(600),
)  # fmt: skip


def quiet(prices: dict[str, str]) -> SmartView:
    changes: dict[str, Any] = {field: Decimal(price) for field, price in prices.items()}
    return evolve(QUIET, **changes)


def reading(rules: SmartRules, view: SmartView, side: Side = Side.BUY) -> SmartReading:
    found = rules.read(view, side)
    assert isinstance(found, SmartReading), found
    return found


def names(rules: SmartRules, view: SmartView, side: Side = Side.BUY) -> list[str]:
    return [name for name, _ in reading(rules, view, side).found]


def closes_of(changes: Sequence[str]) -> tuple[str, ...]:
    """20 closes from 600 on: flat, then these changes."""
    levels = [Decimal(600)] * (20 - len(changes))
    for change in changes:
        levels.append(levels[-1] + Decimal(change))
    return tuple(str(level) for level in levels)


def seen(*mids: Figure) -> SmartView:
    """The quiet view with these samples, the oldest repeated."""
    padded = [mids[0]] * (60 - len(mids)) + list(mids)
    return evolve(QUIET, samples=sampled(*padded, until="12:00"))


@pytest.mark.parametrize("rules", [BARS, QUOTES, TICKS])
def test_a_quiet_market_has_no_signal(rules: SmartRules) -> None:
    for side in Side:
        assert names(rules, QUIET, side) == []
        assert rules.judge(rules.read(QUIET, side)).reason == "signals_weak"


# -- bars: SC-226 ------------------------------------------------------------------------------------------------------

LOSSES = ["-0.01"] * 7 + ["0"] * 4


@pytest.mark.parametrize(
    ("changes", "turns"),
    [
        (["0.02", *LOSSES, "0.01"], False),  # the RSI is 30 now
        (["0.02", *LOSSES, "0.0101"], True),
        (["0.03", *LOSSES, "0.01"], False),  # it was 30 before
        (["0.0299", *LOSSES, "0.01"], True),
    ],
)
def test_bars_turn_where_the_rsi_crosses_30(changes: list[str], turns: bool) -> None:
    view = evolve(QUIET, bars=minutes(*closes_of(changes)))
    assert ("rsi_turn" in names(BARS, view)) is turns
    mirrored = evolve(QUIET, bars=minutes(*closes_of([str(-Decimal(change)) for change in changes])))
    assert ("rsi_turn" in names(BARS, mirrored, Side.SELL)) is turns


@pytest.mark.parametrize(
    ("change", "name", "has"),
    [
        ({"price": "598.80", "low": "590"}, "beyond_vwap", False),
        ({"price": "598.79", "low": "590"}, "beyond_vwap", True),
        ({"price": "600.60", "low": "600"}, "at_extreme", True),
        ({"price": "600.61", "low": "600"}, "at_extreme", False),
        ({"price": "598.20", "high": "600"}, "off_high", False),
        ({"price": "598.19", "high": "600"}, "off_high", True),
    ],
)
def test_bars_signals_at_their_edges(change: dict[str, str], name: str, has: bool) -> None:
    view = quiet(change)
    assert (name in names(BARS, view)) is has


@pytest.mark.parametrize(
    ("change", "name", "has"),
    [
        ({"price": "601.20"}, "beyond_vwap", False),
        ({"price": "601.21"}, "beyond_vwap", True),
        ({"price": "599.40", "high": "600"}, "at_extreme", True),
        ({"price": "599.39", "high": "600"}, "at_extreme", False),
        ({"price": "601.80", "low": "600"}, "off_high", False),
        ({"price": "601.81", "low": "600"}, "off_high", True),
    ],
)
def test_bars_signals_are_mirrored_for_a_short(change: dict[str, str], name: str, has: bool) -> None:
    """SC-224."""
    view = quiet(change)
    assert (name in names(BARS, view, Side.SELL)) is has


@pytest.mark.parametrize(("step", "has"), [("0.335", False), ("0.337", True)])
def test_bars_are_volatile_above_18_percent(step: str, has: bool) -> None:
    closes = [600, Decimal(600) + Decimal(step)] * 10
    assert ("volatile" in names(BARS, evolve(QUIET, bars=minutes(*map(str, closes))))) is has


def test_bars_score_nothing_for_an_optional_input_and_name_it() -> None:
    """SC-010."""
    assert reading(BARS, evolve(QUIET, vwap=None)).missing == ("vwap",)
    hole = in_a_row(QUIET.bars[:10]) + in_a_row(QUIET.bars[10:], "09:41")
    assert reading(BARS, evolve(QUIET, bars=hole)).missing == ("volatility",)


def test_bars_need_twenty_and_the_edges_of_the_session() -> None:
    assert refusal(BARS, evolve(QUIET, bars=minutes(*[600] * 19))) == "bars_missing"
    assert refusal(BARS, evolve(QUIET, high=None)) == "indicator_missing"
    assert refusal(BARS, evolve(QUIET, low=None)) == "indicator_missing"


def refusal(rules: SmartRules, view: SmartView) -> str | None:
    verdict = rules.read(view)
    assert isinstance(verdict, Verdict)
    assert rules.judge(verdict) is verdict
    return verdict.reason


# -- quotes: SC-227 ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mids", "name", "has"),
    [
        ([600, 606, 618, 624, 624, "623.688"], "falling_fast", False),  # m = -0.0005
        ([600, 606, 618, 624, 624, "623.68"], "falling_fast", True),
        ([1000, 1018, 1018, "1016.982"], "falling_fast", False),  # 0.1 % a change in the mean
        ([1000, 1018, 1018, "1016.98"], "falling_fast", True),
        ([1000, 1037, 1037, "1038.037"], "turning_in_a_wild_market", False),  # 0.2 %
        ([1000, 1037, 1037, "1038.04"], "turning_in_a_wild_market", True),
        ([1000, 1060, 1060], "turning_in_a_wild_market", False),  # m = 0
    ],
)
def test_quotes_signals_of_changes(mids: list[Figure], name: str, has: bool) -> None:
    assert (name in names(QUOTES, seen(*mids))) is has


@pytest.mark.parametrize(
    ("price", "last", "name", "has"),
    [
        ("598.20", "600", "off_high", True),
        ("598.21", "600", "off_high", False),
        ("590.59", "600", "at_extreme", True),
        ("590.60", "600", "at_extreme", False),
        ("592.95", "600.01", "turning_near_extreme", True),
        ("592.96", "600.01", "turning_near_extreme", False),
        ("592.95", "600", "turning_near_extreme", False),
    ],
)
def test_quotes_signals_of_the_price(price: str, last: str, name: str, has: bool) -> None:
    view = evolve(seen(600, 600, last), price=Decimal(price), high=Decimal(600), low=Decimal(590))
    assert (name in names(QUOTES, view)) is has


def test_quotes_need_twenty_samples() -> None:
    assert refusal(QUOTES, evolve(QUIET, samples=sampled(*[600] * 19))) == "indicator_missing"
    assert names(QUOTES, evolve(QUIET, samples=sampled(*[600] * 20))) == []


def test_quotes_are_mirrored_for_a_short() -> None:
    view = evolve(seen(600, 606, 600, 606, 600, 599), price=Decimal(600), high=Decimal(601), low=Decimal(598))
    assert names(QUOTES, view, Side.SELL) == ["off_high", "turning_near_extreme", "turning_in_a_wild_market"]


# -- ticks: SC-228 -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mids", "price", "name", "has"),
    [
        (["601.20", *[600] * 50], "600", "wide_range", True),
        (["601.19", *[600] * 50], "600", "wide_range", False),
        ([*[600] * 9, 599, *[599] * 9, "598.8203"], "599", "slowing_fall", False),  # v = -0.0003
        ([*[600] * 9, 599, *[599] * 9, "598.82"], "599", "slowing_fall", True),
        ([*[600] * 9, 597, *[600] * 9, 597], "597", "slowing_fall", False),  # no faster, no slower
        ([*[600, "600.88"] * 16], "600", "volatile", False),
        ([*[600, "600.90"] * 16], "600", "volatile", True),
        ([600], "599.40", "beyond_average", False),
        ([600], "599.39", "beyond_average", True),
    ],
)
def test_ticks_signals_at_their_edges(mids: list[Figure], price: str, name: str, has: bool) -> None:
    assert (name in names(TICKS, evolve(seen(*mids), price=Decimal(price)))) is has


def test_ticks_are_mirrored_for_a_short() -> None:
    view = evolve(seen(*[600] * 9, 601, *[601] * 9, "601.19"), price=Decimal(602))
    assert names(TICKS, view, Side.SELL) == ["slowing_fall", "beyond_average"]
    assert "slowing_fall" not in names(TICKS, view)


def test_ticks_need_sixty_samples() -> None:
    assert refusal(TICKS, evolve(QUIET, samples=sampled(*[600] * 59))) == "indicator_missing"


@pytest.mark.parametrize(
    ("spreads", "seconds", "scale", "reason"),
    [
        (["0.05"] * 5, 2.0, "1", None),
        (["0.06", *["0.05"] * 5], 2.0, "1", None),
        (["0.06", *["0.05"] * 4], 2.0, "1", "spread_wide"),
        (["0.05"] * 5, 2.001, "1", "spread_wide"),
        (["0.06"] * 5, 0.0, "1.25", None),
    ],
)
def test_ticks_need_five_narrow_spreads_and_a_new_quote(
    spreads: list[str], seconds: float, scale: str, reason: str | None
) -> None:
    samples = list(QUIET.samples)
    for place, spread in enumerate(reversed(spreads), start=1):
        samples[-place] = (*samples[-place][:2], Decimal(spread))
    view = evolve(QUIET, samples=tuple(samples), now=NOON + dt.timedelta(seconds=seconds), scale=Decimal(scale))
    seen_as = TICKS.read(view)
    assert (seen_as.reason if isinstance(seen_as, Verdict) else None) == reason


# -- what they change --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "strengths", "enters"),
    [
        (BARS, (1, 1), True),
        (BARS, (3,), True),
        (BARS, (2,), False),
        (QUOTES, (2, 1), True),
        (QUOTES, (2,), False),
        (TICKS, (3, 2), True),
        (TICKS, (4,), False),
        (TICKS, (2, 2), False),
    ],
)
def test_two_signals_or_enough_strength_enter(rules: SmartRules, strengths: tuple[int, ...], enters: bool) -> None:
    """SC-229."""
    verdict = rules.judge(SmartReading(tuple(("signal", strength) for strength in strengths)))
    assert verdict.reason == (None if enters else "signals_weak")


def test_the_cooldown_is_the_longer_one() -> None:
    """SC-229."""
    assert [rules.cooldown(30) for rules in (SmartRules(), BARS, QUOTES, TICKS)] == [30, 60, 60, 30]
    assert TICKS.cooldown(45) == 45


def test_the_size_is_small_unless_the_signals_are_strong() -> None:
    """SC-230."""
    strong, weak = (SmartReading((("one", strength),)) for strength in (5, 4))
    assert (BARS.size(3, strong), BARS.size(3, weak), BARS.size(1, strong)) == (2, 1, 1)
    assert (QUOTES.size(3, strong), TICKS.size(3, strong), SmartRules().size(3, weak)) == (2, 1, 3)


@pytest.mark.parametrize(
    ("entry", "target"),
    [
        ("590", "0.767"),
        ("500", "0.65"),
        ("499.99", "0.65"),
        ("1153.84", "1.499992"),
        ("1153.85", "1.50"),
        ("2000", "1.50"),
    ],
)
def test_the_target_is_a_part_of_the_entry_within_its_bounds(entry: str, target: str) -> None:
    """SC-231."""
    assert BARS.target(Decimal(entry)) == Decimal(target)


def test_the_bounds_of_the_target_are_dollars_of_spy() -> None:
    assert BARS.target(Decimal(300), Decimal("0.5")) == Decimal("0.39")
    assert BARS.target(Decimal(200), Decimal("0.5")) == Decimal("0.325")


def test_the_stop_is_one_and_a_half_targets_away() -> None:
    """SC-232."""
    assert BARS.stop(Decimal("0.767")) == Decimal("1.1505")


ENTRY, ABOVE = Decimal(600), Decimal("600.01")


@pytest.mark.parametrize(
    ("gained", "lost", "exits"), [("0.07", "0.03", False), ("0.0701", "0.03", True)]
)  # an RSI of 70 and more
def test_bars_leave_above_an_rsi_of_70(gained: str, lost: str, exits: bool) -> None:
    """SC-232."""
    view = evolve(QUIET, bars=minutes(*closes_of([gained, f"-{lost}"])))
    assert BARS.early_exit(view, ENTRY, ABOVE) == ("rsi_exit" if exits else None)
    mirrored = evolve(QUIET, bars=minutes(*closes_of([f"-{gained}", lost])))
    assert BARS.early_exit(mirrored, ENTRY, Decimal("599.99"), Side.SELL) == ("rsi_exit" if exits else None)


@pytest.mark.parametrize(
    ("rules", "mids", "exits"),
    [
        (QUOTES, [600, "599.40"], False),
        (QUOTES, [600, "599.39"], True),
        (TICKS, [*[600] * 9, "600.36"], False),
        (TICKS, [*[600] * 9, "600.37"], True),
        (TICKS, [*[600] * 9, "599.63"], True),
    ],
)
def test_quotes_and_ticks_leave_on_momentum(rules: SmartRules, mids: list[Figure], exits: bool) -> None:
    """SC-232."""
    assert rules.early_exit(seen(*mids), ENTRY, ABOVE) == ("momentum_exit" if exits else None)


def test_an_early_exit_is_taken_in_profit_only() -> None:
    """SC-232."""
    falling = seen(600, 590)
    assert QUOTES.early_exit(falling, ENTRY, ENTRY) is None
    assert QUOTES.early_exit(falling, ENTRY, ABOVE) == "momentum_exit"
    assert QUOTES.early_exit(falling, ENTRY, Decimal(590), Side.SELL) is None
    assert QUOTES.early_exit(seen(600, 610), ENTRY, Decimal(590), Side.SELL) == "momentum_exit"
    assert SmartRules().early_exit(falling, ENTRY, ABOVE) is None
    assert TICKS.early_exit(evolve(QUIET, samples=()), ENTRY, ABOVE) is None


def test_off_it_reads_nothing() -> None:
    assert SmartRules().read(QUIET) == Verdict.ok("off")
