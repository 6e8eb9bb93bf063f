"""The figures: presets, advertised levels, targets, trailing levels, and the sentences that say them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from attrs import evolve, fields
from hypothesis import example, given
from hypothesis import strategies as st

from gammacore.domain.holdings.policy import PRESETS, StopPolicy, cost_at_profit, stop_policy
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.stops.describe import describe
from gammacore.domain.words import Confidence, StrategyTag
from gammacore.errors import InvalidInput

STANDARD = stop_policy("standard")
CREDIT = Decimal("2.50")


@pytest.mark.parametrize(
    ("preset", "stop", "grace", "emergency"),
    [
        ("standard", "0.10", 60, "0.40"),
        ("swept", "0.10", 180, "0.40"),
        ("head", "0.15", 540, "0.25"),
        ("source-000", "0.10", 60, "0.40"),
    ],
)
def test_presets_are_those_of_the_table(preset: str, stop: str, grace: int, emergency: str) -> None:
    """CS-531, CS-534."""
    policy = stop_policy(preset)

    assert policy.preset == preset
    assert (policy.stop, policy.grace_seconds, policy.emergency) == (Decimal(stop), grace, Decimal(emergency))


def test_standard_is_what_a_bare_policy_is() -> None:
    """CS-531."""
    assert StopPolicy() == STANDARD


def test_an_unknown_preset_is_refused_with_the_known_ones_named() -> None:
    with pytest.raises(InvalidInput, match="standard, swept, head, source-000"):
        stop_policy("brave")


def test_every_figure_of_the_policy_explains_itself() -> None:
    assert all(field.metadata.get("doc") for field in fields(StopPolicy))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stop", Decimal(0)),
        ("emergency", Decimal("0.09")),  # below the regular stop
        ("grace_seconds", -1),
        ("trailing_lock", Decimal("0.31")),  # above its trigger
        ("hard_close_minutes", 31),  # before the soft close
        ("progressive_targets", ()),
        ("progressive_targets", (Decimal("1.01"),)),
        ("fixed_target", Decimal("1.01")),
        ("stale_cycles", 0),
    ],
)
def test_a_figure_that_makes_no_sense_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(InvalidInput) as refusal:
        evolve(STANDARD, **{field: value})

    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("field", "value"), [("emergency", Decimal("0.10")), ("trailing_lock", Decimal("0.30")), ("hard_close_minutes", 30)]
)
def test_a_figure_may_be_as_far_as_its_neighbour(field: str, value: Any) -> None:
    """An emergency at the stop, a lock at its trigger, a hard close with the soft one: odd, and no contradiction."""
    assert getattr(evolve(STANDARD, **{field: value}), field) == value


def test_a_fixed_target_and_time_weighted_targets_exclude_each_other() -> None:
    with pytest.raises(InvalidInput, match="fixed_target"):
        StopPolicy(fixed_target=Decimal("0.60"), time_weighted_targets=True)


@pytest.mark.parametrize(
    ("preset", "credit", "stop", "emergency"),
    [
        ("head", "2.50", "2.88", "3.13"),  # section 6: stop 2.88 (-38)
        ("standard", "2.50", "2.75", "3.50"),  # CS-511: at 10 % 2.75 (-25)
        ("standard", "2.51", "2.77", "3.52"),  # 2.761 and 3.514, up
        ("standard", "0.01", "0.02", "0.02"),
    ],
)
def test_advertised_stops_are_rounded_up_to_the_cent(preset: str, credit: str, stop: str, emergency: str) -> None:
    """CS-511."""
    policy = stop_policy(preset)

    assert policy.advertised_stop(Decimal(credit)) == Decimal(stop)
    assert policy.advertised_emergency(Decimal(credit)) == Decimal(emergency)


@pytest.mark.parametrize(
    ("credit", "confidence", "cost"),
    [
        ("2.50", Confidence.HIGH, "1.25"),  # section 6: target 1.25 (+125)
        ("2.50", Confidence.MEDIUM, "1.00"),  # CS-004: 60 % closes at 0.40 C
        ("2.51", Confidence.HIGH, "1.25"),  # 1.255, down
        ("0.01", Confidence.HIGH, "0.00"),
    ],
)
def test_advertised_targets_are_rounded_down_to_the_cent(credit: str, confidence: Confidence, cost: str) -> None:
    """CS-512."""
    assert STANDARD.advertised_target(Decimal(credit), confidence) == Decimal(cost)


def test_a_profit_of_sixty_percent_is_a_value_of_forty() -> None:
    """CS-004, must not regress 2: a profit fraction is never used as a value fraction."""
    assert cost_at_profit(CREDIT, Decimal("0.60")) == Fraction(40, 100) * Fraction(CREDIT)
    assert stop_policy("source-000").advertised_target(CREDIT, Confidence.HIGH) == Decimal("1.00")


@pytest.mark.parametrize(
    ("hours", "high", "medium"),
    [
        ("0", "0.50", "0.60"),
        ("1/2", "0.525", "0.60"),
        ("1", "0.55", "0.60"),
        ("4/3", "17/30", "0.60"),
        ("2", "0.60", "0.60"),
        ("5/2", "0.65", "0.65"),
        ("3", "0.70", "0.70"),
        ("7/2", "0.75", "0.75"),
        ("4", "0.80", "0.80"),
        ("6", "0.80", "0.80"),
        ("-1", "0.50", "0.60"),
    ],
)
def test_the_target_grows_with_the_hours_since_the_entry(hours: str, high: str, medium: str) -> None:
    """CS-507, must not regress 25; exact."""
    assert STANDARD.target(Fraction(hours), Confidence.HIGH) == Fraction(high)
    assert STANDARD.target(Fraction(hours), Confidence.MEDIUM) == Fraction(medium)


def test_low_confidence_asks_for_nothing_beyond_the_hours() -> None:
    policy = evolve(STANDARD, progressive_targets=(Decimal("0.20"),))

    assert policy.target(0, Confidence.LOW) == Fraction("0.20")
    assert policy.target(0, Confidence.HIGH) == Fraction("0.50")


@pytest.mark.parametrize("hours", [0, 1, 6])
def test_source_000_has_one_target_all_day(hours: int) -> None:
    """CS-534."""
    assert stop_policy("source-000").target(hours, Confidence.HIGH) == Fraction("0.60")


@pytest.mark.parametrize(
    ("to_close", "target"),
    [(None, "0.50"), ("2", "0.50"), ("7199/3600", "0.40"), ("1", "0.40"), ("3599/3600", "0.30"), ("-1", "0.30")],
)
def test_time_weighted_targets_replace_the_others(to_close: str | None, target: str) -> None:
    """CS-533; MEDIUM confidence and 5 hours since the entry no longer matter."""
    policy = evolve(STANDARD, time_weighted_targets=True)

    assert policy.target(5, Confidence.MEDIUM, None if to_close is None else Fraction(to_close)) == Fraction(target)


@pytest.mark.parametrize(
    ("vix", "stop"), [("14.99", "0.10"), ("15", "0.15"), ("19.99", "0.15"), ("20", "0.20"), ("40", "0.20")]
)
def test_volatility_stops_follow_the_vix_at_entry(vix: str, stop: str) -> None:
    """CS-532: only the regular stop changes, and it is the one advertised."""
    policy = evolve(stop_policy("swept"), volatility_stops=True).at_entry(Decimal(vix))

    assert policy == evolve(stop_policy("swept"), volatility_stops=True, stop=Decimal(stop))
    assert policy.advertised_stop(Decimal(1)) == 1 + Decimal(stop)


def test_volatility_stops_are_off_by_default() -> None:
    """CS-532."""
    assert STANDARD.at_entry(Decimal(19)) is STANDARD


@pytest.mark.parametrize(
    ("figures", "best", "level"),
    [
        ("0.30/0.20/0.10", "0.30", "0.20"),
        ("0.30/0.20/0.10", "0.45", "0.35"),  # level = best - .10
        ("0.25/0.10/0.08", "0.40", "0.31"),
        ("0.25/0.10/0.08", "0.25", "0.10"),  # locks .10 when it arms
        ("0.25/0.10/0.08", "0.60", "0.52"),  # the minimum
        ("0.20/0.12/0.08", "0.20", "0.12"),
    ],
)
def test_trailing_level(figures: str, best: str, level: str) -> None:
    """CS-508."""
    trigger, lock, least = (Decimal(part) for part in figures.split("/"))
    policy = evolve(STANDARD, trailing_trigger=trigger, trailing_lock=lock, trailing_min=least)

    assert policy.trailing_level(Decimal(best)) == Decimal(level)


@given(st.integers(2, 5000), st.integers(0, 4999), st.integers(0, 5000))
@example(60, 1, 7)  # level .07 exactly; the quotient 59/60 makes it 2e-29 more
@example(70, 2, 9)
def test_the_default_trailing_cost_gives_back_a_tenth_of_the_credit_exactly(
    credit_cents: int, best_cents: int, mid_cents: int
) -> None:
    """CS-508: best profits like 2/3 have no last digit; the level must not tremble with it."""
    credit, best_mid, mid = (Decimal(cents) / 100 for cents in (credit_cents, best_cents, mid_cents))
    best = (credit - best_mid) / credit
    if best < STANDARD.trailing_trigger:
        return

    exact = Fraction(best_mid) + Fraction(credit) / 10

    assert (mid >= STANDARD.trailing_cost(credit, best)) == (Fraction(mid) >= exact)


@pytest.mark.parametrize(
    ("underlying", "band"), [("SPX", "0.05"), ("NDX", "0.30"), ("RUT", "0.05"), ("SPY", "0.01"), ("XSP", "0.01")]
)
def test_the_stable_band_scales_with_the_credit_and_is_a_tick_at_least(underlying: str, band: str) -> None:
    """CS-509."""
    assert STANDARD.stable_band(REGISTRY[underlying]) == Fraction(band)
    assert evolve(STANDARD, stable_move=Decimal("0.001")).stable_band(REGISTRY["SPX"]) == Fraction("0.05")


@pytest.mark.parametrize("preset", PRESETS)
def test_what_is_described_is_what_the_policy_advertises(preset: str) -> None:
    """CS-512, must not regress 13: one source for the stop percentage."""
    policy = stop_policy(preset)

    stop, emergency, target, *_ = describe(policy, CREDIT, Confidence.HIGH, StrategyTag.PUT_SPREAD)

    assert f"{policy.advertised_stop(CREDIT)} or more" in stop
    assert f"from {policy.grace_seconds} s" in stop
    assert f"{policy.advertised_emergency(CREDIT)} or more" in emergency
    assert f"{policy.advertised_target(CREDIT, Confidence.HIGH)} or less" in target


def test_the_example_of_source_002_is_described_in_dollars() -> None:
    """Section 6: C 2.50, stop 2.88 (-38)."""
    stop = describe(stop_policy("head"), CREDIT, Confidence.HIGH, StrategyTag.IRON_CONDOR)[0]

    assert "2.88 or more to close (15 %, -38 $ a contract)" in stop


def test_targets_are_described_as_they_will_change() -> None:
    def target(policy: StopPolicy) -> str:
        return describe(policy, CREDIT, Confidence.HIGH, StrategyTag.PUT_SPREAD)[2]

    assert target(STANDARD).endswith("(50 %), rising to 80 % 4 h after the entry.")
    assert target(stop_policy("source-000")).endswith("(60 %), all day.")
    assert "40 % with less than 2 h" in target(evolve(STANDARD, time_weighted_targets=True))


def test_an_otm_position_is_not_promised_a_target() -> None:
    """CS-551: no target or trailing; the lock-in stop is described instead."""
    text = " ".join(describe(STANDARD, Decimal("0.60"), Confidence.MEDIUM, StrategyTag.OTM_SINGLE_SIDED))

    assert "Lock-in stop: armed at 0.30 or less" in text
    assert "Profit target" not in text
    assert "railing stop" not in text
