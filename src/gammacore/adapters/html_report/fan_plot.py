"""The fan of simulated equity: between which balances paths run, the middle one, the record's own. Rule: ST-408."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gammacore.adapters.html_report.canvas import PRINT, Palette, blank, picture_kind, save_picture
from gammacore.domain.study.equity import EquityStudy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def save_fan_plot(path: Path, study: EquityStudy) -> None:
    """The picture as a file of its own, legible on a phone; the name's ending chooses the kind.

    Raises:
        InvalidInput: an ending that is no kind of picture we draw.
        StorageError: the file cannot be written.
    """
    picture_kind(path)
    figure, axes = blank(8, 5.6, PRINT)
    figure.patch.set(alpha=1, facecolor=PRINT.card)
    costs = f", costs {study.cost:,.2f} a contract" if study.cost else ""
    costs += "" if study.stress is None else ", stress"
    title = (
        f"{study.runs:,} paths of {study.trades:,} drawn trades, mode {study.found.mode}, "
        f"policy {study.policy}{costs}\n"
        "draws repeat the record: what it lacks is in no path"
    )
    figure.suptitle(title, x=0.01, ha="left", color=PRINT.ink, fontsize=11.5)
    _draw(figure, axes, study, PRINT, size=10.5)
    save_picture(figure, path)


def _draw(figure: Figure, axes: Axes, study: EquityStudy, palette: Palette, *, size: float) -> None:
    rows, start = study.fan.rows, float(study.starting_capital)
    steps = np.arange(len(rows))
    axes.fill_between(steps, rows[:, 0], rows[:, 4], color=palette.accent, alpha=0.18, linewidth=0, label="5 to 95 %")
    axes.fill_between(steps, rows[:, 1], rows[:, 3], color=palette.accent, alpha=0.34, linewidth=0, label="25 to 75 %")
    axes.plot(steps, rows[:, 2], color=palette.accent, linewidth=1.8, label="median")
    if study.rank is not None:
        axes.plot(
            steps,
            study.own,
            color=palette.ink,
            linewidth=1.1,
            label="the record itself" if study.stress is None else "the record itself, not stressed",
        )
    axes.axhline(start, color=palette.muted, linewidth=0.8, linestyle=(0, (5, 2)), label=f"start {start:,.0f}")
    low, _ = axes.get_ylim()
    if low <= study.halt_at:
        axes.axhline(study.halt_at, color=palette.loss, linewidth=1.2, linestyle=(0, (1, 2)),
                     label=f"halt below {study.halt_at:,.0f}")  # fmt: skip
    axes.set_xlim(0, len(rows) - 1)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.tick_params(labelsize=size)
    axes.set_xlabel("trades", color=palette.muted, fontsize=size)
    axes.set_ylabel("balance, dollars", color=palette.muted, fontsize=size)
    _name_the_ends(axes, rows[-1].tolist(), palette, size)
    figure.legend(
        loc="outside lower left", ncols=3, frameon=False, fontsize=size, labelcolor=palette.ink, columnspacing=1.2,
        handlelength=1.8,
    )  # fmt: skip


def _name_the_ends(axes: Axes, ends: list[float], palette: Palette, size: float) -> None:
    """The 5th, the middle and the 95th percentile at the right edge, where their labels do not touch."""
    low, high = axes.get_ylim()
    room = 0.055 * (high - low)
    middle = ends[2]
    for name, end, at in (
        ("5 %", ends[0], min(ends[0], middle - room)),
        ("50 %", middle, middle),
        ("95 %", ends[4], max(ends[4], middle + room)),
    ):
        axes.annotate(
            f"{name} {end:,.0f}", (1.0, at), xycoords=("axes fraction", "data"), xytext=(4, 0),
            textcoords="offset points", ha="left", va="center", fontsize=size, color=palette.ink, annotation_clip=False,
        )  # fmt: skip
