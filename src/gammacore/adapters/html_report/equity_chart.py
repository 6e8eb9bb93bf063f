"""The equity curve of a day: the balance after every close."""

from __future__ import annotations

from gammacore.adapters.html_report.canvas import PAGE, blank, inline_svg
from gammacore.adapters.html_report.price_chart import hours_into, label_hours
from gammacore.domain.dollars import dollars
from gammacore.domain.reports.day_report import DayReport

FLAT = 100
"""Dollars shown either side of a balance that never moved."""


def equity_chart(report: DayReport, *, wide: bool = False) -> str:
    """The picture as inline SVG; it starts at the open and holds its last value to the close."""
    figure, axes = blank(10.6, 2.6) if wide else blank(5.6, 3.9)
    length = hours_into(report, report.session_close)
    hours = [min(max(hours_into(report, when), 0.0), length) for when, _ in report.equity] + [length]
    balances = [float(balance) for _, balance in report.equity] + [float(report.balance)]
    colour = PAGE.win if report.net >= 0 else PAGE.loss
    axes.axhline(balances[0], color=PAGE.muted, linewidth=0.8, linestyle=(0, (2, 3)))
    axes.step(hours, balances, where="post", color=colour, linewidth=1.8)
    axes.fill_between(hours, balances, balances[0], step="post", color=colour, alpha=0.12, linewidth=0)
    axes.plot(hours[1:-1], balances[1:-1], "o", color=colour, markersize=4)
    label_hours(axes, report, every=1.0 if wide else 2.0)
    axes.margins(y=0.15)
    if len(set(balances)) == 1:
        axes.set_ylim(balances[0] - FLAT, balances[0] + FLAT)
    axes.yaxis.set_major_formatter(lambda value, _: f"${value:,.0f}")
    return inline_svg(figure, "equity", f"Balance from {dollars(report.starting_balance)} to {dollars(report.balance)}")
