"""Pictures of a study: equity with its drawdown, P/L by date, how results are spread, groups, the worst moments."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gammacore.adapters.html_report.canvas import PAGE, blank, inline_svg, stacked
from gammacore.domain.dollars import dollars
from gammacore.domain.reports.figures import Section
from gammacore.domain.study.groups import Group
from gammacore.domain.study.histogram import histogram_of
from gammacore.domain.study.record import ClosedTrade
from gammacore.domain.study.statistics import StudyStatistics
from gammacore.domain.study.views import EquityBand

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.ticker import Locator

TICKS = 8
"""Dates named below a picture, at most."""


def equity_chart(statistics: StudyStatistics, band: EquityBand | None) -> str:
    """Equity after every close, a Monte Carlo band behind it; below, the drawdown in dollars."""
    figure, (curve, fall) = stacked(10.6, (3.6, 1.4))
    net = [float(balance) for balance in statistics.net.equity]
    gross = [float(balance) for balance in statistics.gross.equity]
    closes = list(range(len(net)))
    if band is not None:
        _draw_band(curve, band)
    curve.axhline(net[0], color=PAGE.muted, linewidth=0.8, linestyle=(0, (2, 3)))
    if gross != net:
        curve.plot(closes, gross, color=PAGE.muted, linewidth=1.0)
        curve.annotate("gross", (closes[-1], gross[-1]), xytext=(3, 3), textcoords="offset points", color=PAGE.muted,
                       fontsize=8.5, va="bottom", ha="right")  # fmt: skip
    colour = PAGE.win if net[-1] >= net[0] else PAGE.loss
    curve.plot(closes, net, color=colour, linewidth=1.8)
    below, peak = [], net[0]
    for balance in net:
        peak = max(peak, balance)
        below.append(balance - peak)
    fall.fill_between(closes, below, 0, color=PAGE.loss, alpha=0.35, linewidth=0)
    fall.plot(closes, below, color=PAGE.loss, linewidth=0.9)
    fall.margins(x=0.01)
    for axes, name in ((curve, "balance"), (fall, "below its peak")):
        axes.set_ylabel(name, color=PAGE.muted, fontsize=8.5)
        axes.yaxis.set_major_formatter(_in_dollars)
        axes.yaxis.set_label_coords(-0.075, 0.5)
    _label_closes(fall, statistics.record)
    words = (
        f"Balance from {dollars(statistics.net.start)} to {dollars(statistics.net.end)} after each close, with drawdown"
    )
    return inline_svg(figure, "study-equity", words)


def _draw_band(axes: Axes, band: EquityBand) -> None:
    steps = range(len(band.p50))
    axes.fill_between(steps, band.p5, band.p95, color=PAGE.accent, alpha=0.10, linewidth=0)
    axes.fill_between(steps, band.p25, band.p75, color=PAGE.accent, alpha=0.14, linewidth=0)
    axes.plot(steps, band.p50, color=PAGE.accent, linewidth=0.9, linestyle=(0, (4, 3)))


def _label_closes(axes: Axes, record: Sequence[ClosedTrade]) -> None:
    """Dates of some closes below the axis; their numbers where dates are unknown."""
    every = max(1, math.ceil(len(record) / TICKS))
    places = list(range(1, len(record) + 1, every))
    dates = [record[place - 1].booked_on for place in places]
    if any(date is None for date in dates):
        axes.set_xlabel("trades", color=PAGE.muted, fontsize=8.5)
        return
    axes.set_xticks(places, [_short(date) for date in dates if date is not None])


def days_chart(statistics: StudyStatistics) -> str:
    """Net P/L by date, a bar each; empty where dates are unknown."""
    days = [day for day in statistics.net.daily.days if day.trades]
    if not days:
        return ""
    figure, axes = blank(10.6, 2.4)
    amounts = [float(day.pnl) for day in days]
    colours = [PAGE.win if amount >= 0 else PAGE.loss for amount in amounts]
    axes.bar(range(len(days)), amounts, color=colours, width=0.85, linewidth=0)
    axes.axhline(0, color=PAGE.muted, linewidth=0.8)
    every = max(1, math.ceil(len(days) / TICKS))
    axes.set_xticks(range(0, len(days), every), [_short(day.date) for day in days[::every]])
    axes.margins(x=0.01)
    axes.yaxis.set_major_formatter(_in_dollars)
    return inline_svg(figure, "study-days", f"Net P/L of {len(days)} dates with trades")


def spread_chart(statistics: StudyStatistics) -> str:
    """How many trades came to how much, net, with the mean and its interval."""
    histogram = histogram_of([trade.net for trade in statistics.record])
    if not histogram.counts:
        return ""
    figure, axes = blank(5.6, 3.6)
    edges = [float(edge) for edge in histogram.edges]
    width = edges[1] - edges[0]
    colours = [PAGE.loss if edge + width <= 0 else PAGE.win for edge in edges[:-1]]
    axes.bar(edges[:-1], histogram.counts, width=width * 0.94, align="edge", color=colours, alpha=0.75, linewidth=0)
    axes.set_ylim(0, max(histogram.counts) * 1.22)
    mean, interval = statistics.net.counted.mean, statistics.bootstrap.mean
    if interval is not None:
        axes.axvspan(*interval, color=PAGE.accent, alpha=0.22, linewidth=0)
    if mean is not None:
        axes.axvline(float(mean), color=PAGE.accent, linewidth=1.4)
        axes.annotate("mean", (float(mean), 1.0), xycoords=("data", "axes fraction"), xytext=(4, -3),
                      textcoords="offset points", va="top", color=PAGE.accent, fontsize=8.5)  # fmt: skip
    axes.xaxis.set_major_formatter(_in_dollars)
    axes.xaxis.set_major_locator(_few_ticks())
    axes.set_ylabel("trades", color=PAGE.muted, fontsize=8.5)
    return inline_svg(figure, "study-spread", "Trades by net P/L with the mean and its interval")


def groups_chart(section: Section, groups: Sequence[Group]) -> str:
    """The win rate of each group as a bar, with Wilson's interval; grey below 30 trades."""
    figure, axes = blank(10.6, 0.7 + 0.34 * len(groups))
    for place, group in enumerate(groups):
        rate, interval = group.net.win_rate, group.interval
        colour = PAGE.muted if group.is_few else PAGE.accent
        if rate is None or interval is None:
            continue
        axes.barh(place, rate, color=colour, alpha=0.45, height=0.62, linewidth=0)
        axes.plot(interval, [place, place], color=colour, linewidth=1.6, solid_capstyle="butt")
        axes.plot([rate], [place], "|", color=colour, markersize=9, markeredgewidth=1.6)
    names = [
        f"{_shortened(row[0].text)}, n {group.net.trades}" for row, group in zip(section.rows, groups, strict=True)
    ]
    axes.set_yticks(range(len(groups)), names)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.grid(axis="x", color=PAGE.line, linewidth=0.8)
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    return inline_svg(figure, f"study-{section.key}", f"Win rate with interval: {section.title}")


def moments_chart(statistics: StudyStatistics) -> str:
    """Each trade's worst open P/L against what it came to, gross; empty without marks. Rule: ST-308."""
    known = [(float(trade.mae), float(trade.gross)) for trade in statistics.record if trade.mae is not None]
    if not known:
        return ""
    figure, axes = blank(10.6, 3.6)
    for won, colour in ((True, PAGE.win), (False, PAGE.loss)):
        points = [point for point in known if (point[1] > 0) is won]
        if points:
            axes.plot(*zip(*points, strict=True), "o", color=colour, markersize=4, alpha=0.7, markeredgewidth=0)
    axes.axhline(0, color=PAGE.muted, linewidth=0.8)
    axes.axvline(0, color=PAGE.muted, linewidth=0.8)
    axes.set_xlabel("worst moment", color=PAGE.muted, fontsize=8.5)
    axes.set_ylabel("gross P/L", color=PAGE.muted, fontsize=8.5)
    axes.xaxis.set_major_formatter(_in_dollars)
    axes.xaxis.set_major_locator(_few_ticks())
    axes.yaxis.set_major_formatter(_in_dollars)
    return inline_svg(figure, "study-moments", "Worst open P/L of each trade against its result")


def hold_chart(statistics: StudyStatistics) -> str:
    """Minutes held against net P/L; empty where no times are known. Rule: ST-307."""
    known = [(float(trade.minutes), float(trade.net)) for trade in statistics.record if trade.minutes is not None]
    if not known:
        return ""
    figure, axes = blank(5.6, 3.6)
    for won, colour in ((True, PAGE.win), (False, PAGE.loss)):
        points = [point for point in known if (point[1] > 0) is won]
        if points:
            axes.plot(*zip(*points, strict=True), "o", color=colour, markersize=3.5, alpha=0.55, markeredgewidth=0)
    axes.axhline(0, color=PAGE.muted, linewidth=0.8)
    axes.set_xlabel("minutes held", color=PAGE.muted, fontsize=8.5)
    axes.yaxis.set_major_formatter(_in_dollars)
    return inline_svg(figure, "study-hold", "Minutes held against net P/L of each trade")


def _few_ticks() -> Locator:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=6)


def _in_dollars(value: float, _: object) -> str:
    return f"-${-value:,.0f}" if value < 0 else f"${value:,.0f}"


def _short(date: dt.date) -> str:
    return f"{date.day} {date:%b %y}"


def _shortened(name: str) -> str:
    return name if len(name) <= 26 else f"{name[:25]}…"
