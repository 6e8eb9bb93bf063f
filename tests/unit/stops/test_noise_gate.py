"""The noise filter against textbook matrices, and how long noise may delay the regular stop. Section 5.3."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from decimal import Decimal

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from builders import a_mark, a_plan, a_position, a_session, at
from gammacore.domain.holdings.holding import SoldSpread
from gammacore.domain.holdings.noise_gate import Delays, NoiseFilter, NoiseGate, Passage
from gammacore.domain.holdings.plans import SpreadWatch
from gammacore.domain.holdings.policy import StopPolicy, stop_policy
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.spreads import SpreadMark
from gammacore.domain.stops.exits import Judgement, judge_exit
from gammacore.domain.stops.rules import update_watch
from gammacore.domain.words import StrategyTag
from gammacore.errors import InvalidInput

STANDARD = stop_policy("standard")
SPX = REGISTRY["SPX"]
TEN = at("10:00")

Mids = list[tuple[float, Decimal]]
"""Seconds after the mid before, and the mid, points."""


def filtered(mids: Mids, credit: str = "2.50", underlying: str = "SPX") -> NoiseFilter:
    known: NoiseFilter | None = None
    now = TEN
    for span, mid in mids:
        now += dt.timedelta(seconds=span)
        known = NoiseGate().fed(known, mid, now, Decimal(credit), REGISTRY[underlying])
    assert known is not None
    return known


# The filter -----------------------------------------------------------------------------------------------------------


def textbook(mids: Mids, credit: float, s: float) -> tuple[np.ndarray, np.ndarray, float]:
    """The filter as CS-542 and CS-543 write it, in matrices: state, covariance, e."""
    q = (3.0 * max(0.10 * credit, 0.10 * s) / 60) ** 2
    noise = (0.05 * s) ** 2
    seen = np.array([[1.0, 0.0]])
    state, covariance, e = np.zeros((2, 1)), np.zeros((2, 2)), math.nan
    for dt_seconds, mid in mids:
        if math.isnan(e) or dt_seconds > 60:
            state, covariance, e = np.array([[float(mid)], [0.0]]), np.diag([noise, q * 1.0]), 1.0
            continue
        if dt_seconds <= 0:
            continue
        step = np.array([[1.0, dt_seconds], [0.0, 1.0]])
        unrest = q * np.array([[dt_seconds**3 / 3, dt_seconds**2 / 2], [dt_seconds**2 / 2, dt_seconds]])
        state, covariance = step @ state, step @ covariance @ step.T + unrest
        innovation = float(mid) - float((seen @ state).item())
        variance = float((seen @ covariance @ seen.T).item()) + noise
        e = 0.9 * e + 0.1 * innovation**2 / variance
        gain = covariance @ seen.T / variance
        state = state + gain * innovation
        covariance = (np.eye(2) - gain @ seen) @ covariance
    return state, covariance, e


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 1.0, 3.0, 3.0, 3.0, 15.0, 59.5, 60.0, 60.5, 300.0]),
            st.decimals("0.01", "10", places=2),
        ),
        min_size=1,
        max_size=60,
    ),
    st.sampled_from([("0.60", "SPX"), ("2.50", "SPX"), ("14.00", "NDX"), ("0.40", "SPY")]),
)
def test_the_filter_is_the_textbook_filter(mids: Mids, sold: tuple[str, str]) -> None:
    """CS-542, CS-543."""
    credit, underlying = sold
    ours = filtered(mids, credit, underlying)

    state, covariance, e = textbook(mids, float(credit), float(REGISTRY[underlying].credit_scale))

    ours_covariance = [ours.price_variance, ours.covariance, ours.covariance, ours.drift_variance]
    assert [ours.price, ours.drift] == pytest.approx(state.ravel().tolist(), rel=1e-9, abs=1e-9)
    assert ours_covariance == pytest.approx(covariance.ravel().tolist(), rel=1e-7, abs=1e-12)
    assert ours.level == pytest.approx(math.sqrt(e), rel=1e-9)


def test_the_filter_starts_at_the_first_mid_with_the_usual_noise() -> None:
    """CS-543: p = mid, v = 0, P = diag(R, q × 1 s), e = 1; q = (3 × .25/60)², R = .05²."""
    first = filtered([(0, Decimal("2.50"))])

    assert (first.price, first.drift, first.covariance, first.level) == (2.5, 0.0, 0.0, 1.0)
    assert first.price_variance == pytest.approx(0.0025)
    assert first.drift_variance == pytest.approx(0.0125**2)


def test_one_step_by_hand() -> None:
    """CS-543: after 3 s P predicted is R + q × 9 + q × 9, so S = .0025 + 18 q + .0025."""
    second = filtered([(0, Decimal("2.50")), (3, Decimal("2.80"))])

    q = 0.0125**2
    variance = 0.0025 + 9 * q + 9 * q + 0.0025
    assert variance == pytest.approx(0.0078125)
    assert second.level == pytest.approx(math.sqrt(0.9 + 0.1 * 0.09 / variance))  # √2.052
    assert second.level == pytest.approx(1.4325, abs=5e-5)


@pytest.mark.parametrize(
    ("span", "afresh"), [(60.0, False), (60.000001, True)]
)  # fmt: skip
def test_the_filter_starts_afresh_after_more_than_a_minute(span: float, afresh: bool) -> None:
    """CS-543: dt > 60 s."""
    after = filtered([(0, Decimal("2.50")), (3, Decimal("3.50")), (span, Decimal("2.00"))])

    assert (after.level == 1.0) is afresh


@pytest.mark.parametrize("span", [0.0, -3.0])
def test_a_mid_that_is_not_newer_changes_nothing(span: float) -> None:
    """CS-543: dt <= 0 is ignored."""
    before = [(0.0, Decimal("2.50")), (3.0, Decimal("2.60"))]

    assert filtered([*before, (span, Decimal("9.00"))]) == filtered(before)


def test_a_steady_mid_is_quiet_and_a_flickering_one_loud() -> None:
    """CS-541: what the two limits are for, at the live cycle of 3 s."""
    steady = filtered([(3, Decimal("2.50"))] * 40)
    flickering = filtered([(3, Decimal("2.50") if beat % 2 else Decimal("3.40")) for beat in range(40)])

    assert steady.level < 0.7
    assert flickering.level > 3.0


def test_noise_of_a_small_credit_is_measured_against_the_floor() -> None:
    """CS-542: the range is at least .10 × s, so a credit of .60 counts as 1.00."""
    gate = NoiseGate()

    assert gate.drift_noise(Decimal("0.60"), SPX) == gate.drift_noise(Decimal("1.00"), SPX)
    assert gate.drift_noise(Decimal("14"), REGISTRY["NDX"]) == pytest.approx((3 * 1.4 / 60) ** 2)
    assert gate.quote_variance(REGISTRY["NDX"]) == pytest.approx(0.3**2)


# The gate -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "passage"),
    [
        (None, Passage.OPEN),  # no filter yet: the stop acts, an advisor may hold it
        (0.699999, Passage.AT_ONCE),
        (0.7, Passage.OPEN),
        (3.0, Passage.OPEN),
        (3.000001, Passage.SUPPRESSED),
    ],
)
def test_the_limits_of_the_gate_belong_to_the_middle(level: float | None, passage: Passage) -> None:
    """CS-541."""
    assert NoiseGate().passage(level, Delays(), TEN) is passage


def test_the_figures_of_the_gate_are_checked() -> None:
    with pytest.raises(InvalidInput, match="quiet"):
        NoiseGate(loud=1.0, quiet=1.1)


STOPPED = a_mark("2.60", worst="2.80")
RECOVERED = a_mark("2.50", worst="2.74")
WILD = 3.5


def cycle(
    position: SoldSpread, now: dt.datetime, mark: SpreadMark | None = STOPPED, noise: float | None = WILD
) -> Judgement:
    """One cycle of the desk: the watch brought up to date, then the rules."""
    policy = position.plan.policy
    watch = update_watch(policy, position, mark, now, a_session(), Decimal(15), SPX)
    return judge_exit(policy, evolve(position, watch=watch), watch, mark, now, a_session(), SPX, noise)


def cycles(
    seconds: Iterable[float], position: SoldSpread | None = None, **conditions: float | SpreadMark | None
) -> list[str | None]:
    """What each cycle decides, so many seconds after 10:30, each remembering the one before."""
    position = position or a_position()
    spoken: list[str | None] = []
    for second in seconds:
        judgement = cycle(position, at("10:30") + dt.timedelta(seconds=second), **conditions)  # type: ignore[arg-type]
        position = evolve(position, watch=judgement.watch)
        spoken.append(None if judgement.verdict is None else str(judgement.verdict.reason))
    return spoken


def test_noise_delays_the_regular_stop_five_cycles_at_most() -> None:
    """CS-541, must not regress 35: at the live cycle of 3 s the count runs out first."""
    assert cycles(range(0, 18, 3)) == [None] * 5 + ["stop_loss"]


@pytest.mark.parametrize(
    ("seconds", "spoken"),
    [
        ([0, 10, 20, 29.999999], [None] * 4),
        ([0, 10, 20, 30], [None, None, None, "stop_loss"]),  # 30 s were waited
        ([0, 60], [None, "stop_loss"]),  # recorded steps of a minute
    ],
)
def test_noise_delays_the_regular_stop_thirty_seconds_at_most(
    seconds: list[float], spoken: list[str | None]
) -> None:  # fmt: skip
    """CS-541, must not regress 35."""
    assert cycles(seconds) == spoken


@pytest.mark.parametrize("noise", [None, 0.1, 1.0, 3.0])
def test_without_noise_the_stop_acts_in_the_same_cycle(noise: float | None) -> None:
    """CS-525, CS-541."""
    assert cycles([0], noise=noise) == ["stop_loss"]


def test_without_the_gate_the_stop_acts() -> None:
    """CS-541: the switch."""
    ungated = a_position(a_plan(policy=evolve(STANDARD, noise_gate=False)))

    assert cycles([0], ungated) == ["stop_loss"]


def test_a_loss_short_of_the_stop_starts_the_count_again() -> None:
    """CS-513."""
    waiting = cycle(a_position(), at("10:30"))
    assert waiting.watch.suppressions.count == 1

    recovered = cycle(a_position(watch=waiting.watch), at("10:30:03"), RECOVERED)

    assert recovered.watch.suppressions == Delays()
    assert cycles(range(6, 24, 3), a_position(watch=recovered.watch)) == [None] * 5 + ["stop_loss"]


def test_a_cycle_without_a_mark_neither_counts_nor_resets() -> None:
    """CS-504: no stop and no update of the count."""
    waiting = cycle(a_position(), at("10:30"))

    blind = cycle(a_position(watch=waiting.watch), at("10:30:03"), mark=None)

    assert blind.watch.suppressions == waiting.watch.suppressions


def test_a_cycle_repeated_after_a_restart_counts_once() -> None:
    """Must not regress 35: what was remembered before the crash is neither counted twice nor cut short."""
    position = a_position()
    for second in (0, 3, 6, 9, 12):
        once = cycle(position, at("10:30") + dt.timedelta(seconds=second))
        again = cycle(evolve(position, watch=once.watch), at("10:30") + dt.timedelta(seconds=second))
        assert again == once
        position = evolve(position, watch=once.watch)

    assert cycles([15], position) == ["stop_loss"]


@pytest.mark.parametrize(
    ("mark", "time", "reason"),
    [
        (a_mark("3.40", worst="3.50"), "10:30", "emergency_stop"),
        (STOPPED, "15:30", "soft_close"),
        (STOPPED, "15:55", "hard_close"),
        (
            a_mark("1.00", worst="2.75"),
            "10:30",
            "profit_target",
        ),  # a stop seen through wide quotes, a target at the mid
    ],
)
def test_noise_delays_nothing_but_the_regular_stop(mark: SpreadMark, time: str, reason: str) -> None:
    """CS-541."""
    verdict = cycle(a_position(), at(time), mark).verdict

    assert verdict is not None
    assert str(verdict.reason) == reason


def test_the_stop_of_an_otm_position_waits_too() -> None:
    """CS-551: it is the stop of CS-525."""
    otm = a_position(a_plan(strategy=StrategyTag.OTM_SINGLE_SIDED))

    assert cycles(range(0, 18, 3), otm) == [None] * 5 + ["stop_loss"]


@given(
    st.lists(st.tuples(st.integers(1, 20), st.sampled_from([0.2, 1.0, 3.1, 9.0, None])), min_size=1, max_size=40),
    st.integers(0, 7),
)
def test_a_loss_at_the_stop_never_outlasts_the_bounds(beats: list[tuple[int, float | None]], most: int) -> None:
    """Must not regress 35: whatever the levels and the cycles, `cycles` are the most that wait."""
    policy: StopPolicy = evolve(STANDARD, gate=NoiseGate(cycles=most))
    position, now, waited = a_position(a_plan(policy=policy)), at("10:30"), 0
    for span, noise in beats:
        now += dt.timedelta(seconds=span)
        judgement = cycle(position, now, noise=noise)
        if judgement.verdict is not None:
            break
        waited += 1
        position = evolve(position, watch=judgement.watch)
        assert now - (judgement.watch.suppressions.since or now) < dt.timedelta(seconds=30)

    assert waited <= most


def test_counters_start_at_nothing() -> None:
    assert (SpreadWatch().suppressions, SpreadWatch().advisor_holds) == (Delays(), Delays())
