"""What all desks share is written once; scalping desks are small modules. Rules: SC-005, SC-225, SC-439, SC-449."""

from __future__ import annotations

import re

import pytest

from conftest import ROOT

DOMAIN = ROOT / "src" / "gammacore" / "domain"
SOURCES = {file.relative_to(DOMAIN).as_posix(): file.read_text(encoding="utf-8") for file in DOMAIN.rglob("*.py")}
LONGEST = 199
"""Lines of a module of a scalping desk."""
ONCE = {
    "a cent, half to even": (r"quantize\(CENT, ROUND_HALF_EVEN", {"dollars.py"}),
    "whole shares": (r"quantize\(ONE, ROUND_HALF", {"hedging/rule.py"}),
    "a model's figure": (r"\"1e-8\"", {"pricing/option_model.py"}),
    "RSI": (r"def \w*rsi\(closes: Sequence\[Decimal\], period", {"indicators.py"}),
    "FIFO lots": (r"class Lots\b", {"holdings/lots.py"}),
    "crossing zero by two orders": (r"def orderable\b", {"hedging/share_hedge.py"}),
    "the flip of dealer gamma": (r"def find_flips\b", {"gex/flips.py"}),
    "VWAP": (r"def session_vwap\b", {"scalping/vwap.py"}),
    "what a scalping desk owes the account": (r"def must_go_flat\b", {"desks/scalp_duties.py"}),
}


@pytest.mark.parametrize("rule", ONCE)
def test_a_rule_is_written_once(rule: str) -> None:
    pattern, places = ONCE[rule]

    assert {name for name, text in SOURCES.items() if re.search(pattern, text)} == places


def test_each_module_of_a_scalping_desk_is_short() -> None:
    desks = [name for name in SOURCES if re.match(r"desks/(gamma|hybrid|scalp|st0ck)\w*\.py", name)]

    assert len(desks) > 10
    assert {name: lines for name in desks if (lines := SOURCES[name].count("\n")) > LONGEST} == {}
