"""The picture of a hedged day: bands that say what threshold held when, each named once."""

from __future__ import annotations

from builders_day import day_started, ledger_opened
from builders_hedge_day import bought, decided, hedged
from gammacore.adapters.html_report import render_day
from gammacore.domain.ledger import Event
from gammacore.domain.reports.day_report import day_report


def to_and_fro() -> list[Event]:
    """Dealers are short gamma at every second hedge."""
    hedges: list[Event] = []
    for number in range(8):
        gex = "-15000" if number % 2 else "5200000"
        hedges += hedged(decided(f"10:{number:02}", "-20", 20, "600.50", gex=gex), number, "600.60")
    return [ledger_opened(), day_started(underlying="SPY"), *bought(), *hedges]


def test_each_band_is_named_once_however_often_the_day_goes_to_and_fro() -> None:
    page = render_day(day_report(to_and_fro()))

    assert page.count("dealers short gamma") == 1
    assert page.count("±0.15") == 1
