"""A pause holds until its instant, and one that cannot be read holds too."""

import datetime as dt

import pytest

from builders import at
from gammacore.domain.risk.pause import Pause, UnreadablePause, judge_pause
from gammacore.domain.verdicts import Outcome


@pytest.mark.parametrize(("time", "passes"), [("10:29:59", False), ("10:30", True), ("10:30:01", True)])
def test_a_pause_ends_at_its_instant(time: str, passes: bool) -> None:
    """CS-354."""
    verdict = judge_pause(Pause("CPI", at("10:30")), at(time))

    assert verdict.passed is passes
    assert verdict.reason == (None if passes else "paused")


def test_no_pause_passes() -> None:
    """CS-313: absent is open."""
    assert judge_pause(None, at("10:00")).outcome is Outcome.PASS


def test_a_pause_without_end_holds() -> None:
    """CS-354."""
    verdict = judge_pause(Pause("away"), at("15:59"))

    assert not verdict.passed
    assert str(verdict) == "skip paused: away until removed"


def test_a_pause_that_cannot_be_read_forbids() -> None:
    """CS-313: unreadable is closed."""
    verdict = judge_pause(UnreadablePause("pause.json: no JSON"), at("10:00"))

    assert (verdict.outcome, verdict.reason, verdict.passed) == (Outcome.UNKNOWN, "paused_unknown", False)


def test_a_pause_beyond_today_names_its_date() -> None:
    verdict = judge_pause(Pause("holiday", at("10:00") + dt.timedelta(days=2)), at("10:00"))

    assert verdict.limit == "until 2026-01-07 10:00:00"
