"""A day on the screen: what was bought, how it was hedged, what it came to, no more rows than one reads."""

from __future__ import annotations

from decimal import Decimal

from rich.console import Console

from builders_hedge_day import a_hedge_day, a_hedge_day_open, decided, hedged
from gammacore.domain.reports.day_report import DayReport, day_report
from gammacore_cli.day_view import LONGEST, day_panel


def screen(report: DayReport, width: int = 80) -> str:
    console = Console(width=width)
    with console.capture() as page:
        console.print(day_panel(report))
    return page.get()


def test_each_hedge_is_a_row_that_fits_a_terminal() -> None:
    """DH-611: delta before and after against the threshold of then."""
    rows = screen(day_report(a_hedge_day()), 80).splitlines()
    (first,) = [row for row in rows if "buy 46" in row]
    (second,) = [row for row in rows if "sell 25" in row]

    assert first.split() == ["│", "10:00", "buy", "46", "600.60", "-0.455", "+0.005", "0.15", "+5m", "known",
                             "$4.60", "$0", "│"]  # fmt: skip
    assert second.split()[4:] == ["601.00", "+0.250", "+0.000", "0.10", "-15k", "known", "$2.50", "$0", "│"]


def test_a_long_day_shows_the_first_hedges_and_counts_the_rest() -> None:
    events = a_hedge_day_open()[:7]
    for number in range(LONGEST + 3):
        shares = 20 if number % 2 else -20
        decision = decided(f"{10 + number // 4}:{number % 4 * 15:02d}", str(-shares), shares, "600")
        events += hedged(decision, number, "600")

    shown = screen(day_report(events))

    assert sum("+5m known" in line for line in shown.splitlines()) == LONGEST
    assert "… 3 more" in shown


def test_an_unknown_dealer_gamma_is_reported_to_be_unknown() -> None:
    events = [*a_hedge_day_open()[:7], *hedged(decided("10:00", "20", -20, "600", gex=None), 1, "600")]

    assert "unknown" in screen(day_report(events))


def test_the_parts_on_the_screen_add_up() -> None:
    (line,) = day_report(a_hedge_day()).trades

    assert line.end is not None
    assert line.end.options + line.end.shares - line.end.fees == line.end.net == Decimal("436.50")
