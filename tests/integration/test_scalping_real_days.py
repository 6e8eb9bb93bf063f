"""The rows of docs/real-days.md on scalping: every mode on every recorded day. SC-007, SC-008, SC-016, SC-305, SC-405.

Of SPY the day with a session before it; GAMMACORE_SWEEP=whole replays all five.
"""

from __future__ import annotations

import runpy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT
from extent import WHOLE

SCRIPT: dict[str, Any] = runpy.run_path(str(ROOT / "benchmarks" / "scalping_days.py"))
PAGE = (ROOT / "docs" / "real-days.md").read_text(encoding="utf-8")
DAYS = SCRIPT["SPY_DAYS"] if WHOLE else ("2026-07-24",)


@pytest.mark.parametrize("mode", SCRIPT["MODES"])
def test_the_goog_half_day_comes_out_as_the_page_has_it(mode: str, shared_data: Path) -> None:
    """SC-405, SC-453: what was bought is gone 15 minutes before 13:00."""
    run = SCRIPT["goog"](shared_data, mode)

    assert run.row in PAGE
    assert run.report.finished
    assert all(end.at <= run.report.session_close for end in run.report.ends)
    assert not run.report.open
    assert run.net == sum((end.net for end in run.report.ends), Decimal(0))


@pytest.mark.parametrize("mode", SCRIPT["MODES"])
@pytest.mark.parametrize("day", DAYS)
def test_without_a_quote_of_the_share_no_mode_enters(day: str, mode: str, shared_data: Path) -> None:
    """SC-008: a study stretches the age of a quote (SC-016); it does not make one."""
    run = SCRIPT["spy"](shared_data, day, mode)

    assert (run.trades, run.net, run.reasons) == ("none", 0, "`quote_missing`")
    assert day in PAGE


@pytest.mark.parametrize("mode", SCRIPT["MODES"])
@pytest.mark.parametrize("day", DAYS)
def test_with_assumed_quotes_the_rules_behind_that_gate_are_reached(
    day: str, mode: str, shared_data: Path, tmp_path: Path
) -> None:
    """SC-305: the session before is recorded for 2026-07-24 alone."""
    run = SCRIPT["spy_with_shares"](shared_data, day, mode, tmp_path)

    assert run.row in PAGE
    assert not run.report.open
    if mode == "st0ckg":
        assert ("battle_lines_missing" in run.report.refusals) is (day != "2026-07-24")
