"""Pictures of a sweep: a heat map of every pair of keys, each key alone, what walking forward came to. Rule: ST-511."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from gammacore.adapters.html_report.canvas import PAGE, blank, inline_svg
from gammacore.domain.dollars import dollars
from gammacore.domain.study.overfitting import WalkForward
from gammacore.domain.study.sweep_views import Pair, Spread, figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Rectangle

NAMED = 14
"""Values named along an axis, at most; of more every second, third ... is."""
WRITTEN = 144
"""Cells of a heat map that still have their figure written in."""


def heat_map(pair: Pair, objective: str, best: tuple[str, str] | None) -> str:
    """The median objective by two keys: the deeper the colour the further from 0, blue above and red below it.

    `best` are the two values of the best configuration, framed.
    """
    rows, columns = pair.rows.values, pair.columns.values
    height = min(9.0, max(2.2, 0.9 + 0.42 * len(rows)))
    figure_, axes = blank(5.6, height)
    known = [abs(cell) for row in pair.medians for cell in row if cell is not None]
    furthest = max(known, default=0.0) or 1.0
    for at_row, row in enumerate(pair.medians):
        for at_column, cell in enumerate(row):
            _cell(axes, at_column, at_row, cell, furthest, written=len(rows) * len(columns) <= WRITTEN)
    if best is not None:
        place = (columns.index(best[1]) - 0.5, rows.index(best[0]) - 0.5)
        axes.add_patch(_square(place, PAGE.ink, fill=False))
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.grid(visible=False)
    _name(axes.set_xticks, columns)
    _name(axes.set_yticks, rows)
    axes.set_xlabel(pair.columns.key, color=PAGE.muted, fontsize=8.5)
    axes.set_ylabel(pair.rows.key, color=PAGE.muted, fontsize=8.5)
    words = f"Heat map of {objective} by {pair.rows.key} and {pair.columns.key}"
    return inline_svg(figure_, f"sweep-{pair.rows.key}-{pair.columns.key}", words)


def _cell(axes: Axes, x: int, y: int, cell: float | None, furthest: float, *, written: bool) -> None:
    if cell is not None:
        colour = PAGE.positive if cell >= 0 else PAGE.negative
        square = _square((x - 0.5, y - 0.5), colour, fill=True)
        square.set_alpha(0.06 + 0.5 * abs(cell) / furthest)
        axes.add_patch(square)
    if written:
        axes.text(x, y, _short(cell), ha="center", va="center", fontsize=8, color=PAGE.ink)


def _square(place: tuple[float, float], colour: str, *, fill: bool) -> Rectangle:
    from matplotlib.patches import Rectangle

    return Rectangle(place, 1, 1, facecolor=colour if fill else "none", edgecolor="none" if fill else colour,
                     linewidth=0 if fill else 1.8)  # fmt: skip


def _short(cell: float | None) -> str:
    if cell is None:
        return "-"
    return f"{cell:.2f}" if abs(cell) < 100 else f"{cell:,.0f}"


def _name(setter: Callable[..., Any], values: Sequence[str]) -> None:
    every = max(1, math.ceil(len(values) / NAMED))
    setter(range(0, len(values), every), [_cut(value) for value in values[::every]])


def _cut(value: str) -> str:
    return value if len(value) <= 12 else f"{value[:11]}…"


def alone_chart(key: str, spreads: Sequence[Spread], objective: str) -> str:
    """One key by itself: the median objective of all configurations with a value, and their quartiles."""
    figure_, axes = blank(5.6, 2.6)
    places, middle = [], []
    for place, one in enumerate(spreads):
        if one.low is not None and one.median is not None and one.high is not None:
            axes.plot([place, place], [one.low, one.high], color=PAGE.accent, linewidth=5, alpha=0.25)
            places.append(place)
            middle.append(one.median)
    axes.plot(places, middle, "o-", color=PAGE.accent, markersize=4, linewidth=1.4)
    axes.axhline(0, color=PAGE.muted, linewidth=0.8, linestyle=(0, (2, 3)))
    axes.margins(x=0.04)
    _name(axes.set_xticks, [one.value for one in spreads])
    axes.set_xlabel(key, color=PAGE.muted, fontsize=8.5)
    axes.set_ylabel(objective.replace("_", " "), color=PAGE.muted, fontsize=8.5)
    shown = ", ".join(f"{one.value}: {figure(one.median)}" for one in spreads[:NAMED])
    return inline_svg(figure_, f"sweep-{key}", f"Median {objective} by {key}: {shown}")


def walk_chart(walked: WalkForward) -> str:
    """Equity out of sample, window after window."""
    figure_, axes = blank(10.6, 2.6)
    equity = [0.0, *walked.equity]
    colour = PAGE.win if walked.total > 0 else PAGE.loss
    axes.axhline(0, color=PAGE.muted, linewidth=0.8, linestyle=(0, (2, 3)))
    axes.plot(range(len(equity)), equity, color=colour, linewidth=1.8)
    for start in range(walked.test, len(equity) - 1, walked.test):
        axes.axvline(start, color=PAGE.line, linewidth=0.8)
    axes.margins(x=0.01)
    axes.set_xlabel("sessions out of sample", color=PAGE.muted, fontsize=8.5)
    axes.set_ylabel("dollars", color=PAGE.muted, fontsize=8.5)
    words = f"Out of sample {len(walked.choices)} choices came to {dollars(Decimal(f'{walked.total:.2f}'))}"
    return inline_svg(figure_, "sweep-walk", words)
