"""Verdicts: what passes, what blocks, and the one sentence a person reads. Rules: CS-300, CS-366."""

from __future__ import annotations

from decimal import Decimal

import pytest

from gammacore.domain.verdicts import Verdict


@pytest.mark.parametrize(
    ("verdict", "passed"),
    [
        (Verdict.ok(), True),
        (Verdict.skip("vix_ceiling"), False),
        (Verdict.unknown("price_missing"), False),  # fails closed unless the rule says open
        (Verdict.unknown("fomc_dates_missing", blocks=False), True),
        (Verdict.not_judged(), False),  # what was not judged is not a yes
    ],
)
def test_only_an_open_unknown_and_a_pass_let_a_trade_through(verdict: Verdict, passed: bool) -> None:
    assert verdict.passed is passed


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        (Verdict.ok(), "pass"),
        (Verdict.ok(Decimal("6900.00"), "<= 30 %"), "pass: 6900 <= 30 %"),
        (Verdict.skip("vix_ceiling", Decimal("21.30"), ">= 20"), "skip vix_ceiling: 21.30 >= 20"),
        (Verdict.unknown("vix_missing", "VIX not known"), "unknown vix_missing: VIX not known"),
        (Verdict.not_judged(), "not_judged"),
    ],
)
def test_a_verdict_reads_as_one_sentence(verdict: Verdict, sentence: str) -> None:
    assert str(verdict) == sentence
