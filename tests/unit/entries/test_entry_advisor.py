"""An advisor may only forbid, and the weak-pin veto needs all its three reasons."""

from decimal import Decimal

import pytest

from gammacore.domain.advice import EntryOpinion, NoOpinion
from gammacore.domain.entries.entry_advisor import WeakPin, judge_opinion
from gammacore.domain.entries.otm_single_sided import select_otm_single_sided
from gammacore.domain.entries.setup import select_setup
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.verdicts import Outcome, Verdict
from gammacore.domain.words import Setup

SPX = REGISTRY["SPX"]
WEAK = WeakPin(on=True)


def test_a_veto_forbids_and_says_why() -> None:
    """CS-335."""
    assert str(judge_opinion(EntryOpinion(veto=True, why="CPI in 5 minutes"))) == "skip entry_advisor: CPI in 5 minutes"


@pytest.mark.parametrize("opinion", [None, EntryOpinion(veto=False), EntryOpinion(veto=False, why="fine")])
def test_no_advisor_and_no_objection_pass(opinion: EntryOpinion | None) -> None:
    """CS-335."""
    assert judge_opinion(opinion).outcome is Outcome.PASS


def test_an_error_passes_as_unknown() -> None:
    """CS-335: open."""
    verdict = judge_opinion(NoOpinion("time-out after 2 s"))

    assert (verdict.outcome, verdict.reason, verdict.passed) == (Outcome.UNKNOWN, "entry_advisor_unknown", True)


def judged(
    peaks: dict[int, float], *, price: str = "6940", pin: str = "6900", vix: str = "13", rule: WeakPin = WEAK
) -> Verdict:
    """SPX 6940, pin 40 points away, beyond the expected 31.5: calls 6950/6955 are sold. Peaks in $ per 100 % move."""
    setup = select_setup(SPX, Decimal(pin), Decimal(price), Decimal(vix))
    return rule.judge(setup, list(peaks), list(peaks.values()), Decimal(price), Decimal(vix), SPX)


FAINT = {6900: 0.9e9, 6950: -2e9}


def test_off_by_default() -> None:
    """CS-362."""
    assert str(judged(FAINT, rule=WeakPin())) == "pass: off"


def test_a_far_faint_pin_without_support_is_vetoed() -> None:
    """CS-362."""
    verdict = judged(FAINT)

    assert verdict.reason == "weak_pin"
    assert verdict.value == "pin 40 points away > 31.5, largest peak 9e+08, no support at the shorts"


@pytest.mark.parametrize(
    ("peaks", "vix"),
    [({6900: 1.0e9}, "13"), (FAINT, "16.6"), (FAINT | {6940: 1.0}, "13"), (FAINT | {6960: 1.0}, "13")],
    ids=["a peak of 1e9", "within the expected move", "support 10 below the short", "support 10 above"],
)
def test_one_reason_missing_is_no_veto(peaks: dict[int, float], vix: str) -> None:
    """CS-362: all three must hold; the support is inclusive."""
    assert judged(peaks, vix=vix).outcome is Outcome.PASS


@pytest.mark.parametrize("strike", [6935, 6965])
def test_support_further_than_10k_from_the_short_does_not_count(strike: int) -> None:
    """CS-362."""
    assert judged(FAINT | {strike: 1.0}).reason == "weak_pin"


def test_exposure_that_is_only_negative_is_no_peak() -> None:
    """CS-362: a pin taken as fallback has no peak at all."""
    assert judged({6900: -5e9}).reason == "weak_pin"


def a_far_setup() -> Setup:
    too_far = select_setup(SPX, Decimal(6800), Decimal(6940), Decimal(13))
    return select_otm_single_sided(
        too_far, SPX, Decimal(6940), Decimal(13), minutes_since_open=60, hours_to_close=5.5
    ).setup


def test_otm_entries_do_not_live_off_the_pin() -> None:
    """CS-362 is a veto on pins; CS-221 sells where there is none near."""
    assert WEAK.judge(a_far_setup(), [6800], [1e6], Decimal(6940), Decimal(13), SPX).outcome is Outcome.PASS
