"""Premium is sold while VIX is in [13, 20), and only when it is known. Rules: CS-310..312."""

from __future__ import annotations

from decimal import Decimal

import pytest

from gammacore.domain.entries.rules import EntryRules
from gammacore.domain.entries.setup import SetupRules
from gammacore.domain.entries.volatility import VixBand
from gammacore.domain.verdicts import Outcome, Verdict
from gammacore.errors import InvalidInput

BAND = VixBand()
CEILING = Decimal("20.0")


def verdicts(vix: str | None) -> tuple[Verdict, Verdict, Verdict]:
    reading = None if vix is None else Decimal(vix)
    return BAND.judge_presence(reading), BAND.judge_floor(reading), BAND.judge_ceiling(reading, CEILING)


@pytest.mark.parametrize(
    ("vix", "reason"),
    [("12.99", "vix_floor"), ("13", None), ("13.0", None), ("19.99", None), ("20", "vix_ceiling"),
     ("20.0", "vix_ceiling"), ("85", "vix_ceiling"), (None, "vix_missing"), ("4.99", "vix_missing"),
     ("5", "vix_floor"), ("200", "vix_ceiling"), ("1520", "vix_missing")],
)  # fmt: skip
def test_the_band_is_half_open_and_a_missing_vix_is_not_calm(vix: str | None, reason: str | None) -> None:
    """CS-310..312; must not regress 28: numbers, compared as numbers. 1520 is 15.20 sent in cents."""
    assert next((verdict.reason for verdict in verdicts(vix) if not verdict.passed), None) == reason


def test_a_missing_vix_fails_closed_and_the_band_has_nothing_to_judge() -> None:
    """CS-310: closed."""
    presence, floor, ceiling = verdicts(None)

    assert presence.blocks
    assert presence.outcome is Outcome.UNKNOWN
    assert floor.outcome is ceiling.outcome is Outcome.NOT_JUDGED


@pytest.mark.parametrize(("floor", "ceiling"), [("20", "20"), ("25", "20"), ("13", "12.5")])
def test_a_band_that_holds_no_vix_is_refused(floor: str, ceiling: str) -> None:
    """CS-311, CS-312; must not regress 28: [20, 20) never trades."""
    with pytest.raises(InvalidInput) as refusal:
        EntryRules(vix=VixBand(floor=Decimal(floor)), setup=SetupRules(vix_ceiling=Decimal(ceiling)))

    assert refusal.value.field == "vix.floor"
    assert f"setup.vix_ceiling = {ceiling}" in str(refusal.value)


def test_a_verdict_shows_the_figures_a_person_compares() -> None:
    assert [str(verdict) for verdict in verdicts("12.5")[:2]] == ["pass: VIX 12.5", "skip vix_floor: VIX 12.5 < 13.0"]
