"""The day shown first is drawn by a rule, not for its result: decision 0061, and the pages that tell of it."""

from __future__ import annotations

from functools import cache
from itertools import count

from conftest import ROOT
from gammacore.configuration import Settings, configure
from gammacore.domain.reports.day_report import DayReport, day_report
from gammacore.wiring import wire_day


@cache
def reported(seed: int) -> DayReport:
    """The default day under the default rules, on a seed."""
    day = wire_day(configure([{"market.seed": seed}]))
    try:
        day.trade()
        return day_report(day.storage.events())
    finally:
        day.close()


def test_the_default_seed_is_the_first_on_which_the_default_rules_trade() -> None:
    assert next(seed for seed in count(1) if reported(seed).trades) == Settings().market.seed


def test_the_pages_tell_what_that_day_came_to() -> None:
    day = reported(Settings().market.seed)
    net = day.pnl - day.fees

    assert net < 0, "README says that the day lost"
    assert f"lost ${-net}" in " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert f"-${-net} after fees" in (ROOT / "docs" / "does-it-pay.md").read_text(encoding="utf-8")
