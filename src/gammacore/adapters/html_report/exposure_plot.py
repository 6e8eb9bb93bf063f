"""The exposure profile: net dealer gamma by strike around the spot, with spot, pin and flip marked."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gammacore.adapters.html_report.canvas import PAGE, PRINT, Palette, blank, inline_svg
from gammacore.domain.gex.exposure import GammaExposure
from gammacore.domain.gex.pin import Pin
from gammacore.domain.gex.survey import GammaSurvey
from gammacore.domain.sessions import NEW_YORK
from gammacore.errors import InvalidInput, StorageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

REACH = 0.02
"""Strikes this near to spot are shown, part of it."""

FORMATS = ("png", "svg", "pdf")


def exposure_chart(exposure: GammaExposure, pin: Decimal | None, flip: float | None) -> str:
    """The picture as inline SVG."""
    figure, axes = blank(5.6, 3.0)
    _draw(axes, exposure, pin, flip, PAGE)
    return inline_svg(figure, "exposure", f"Net gamma exposure by strike, {exposure.unit.label}")


def save_exposure_plot(path: Path, survey: GammaSurvey, pin: Pin | None) -> None:
    """The picture as a file of its own; the name's ending says which kind.

    Raises:
        InvalidInput: an ending that is no kind of picture we draw.
        StorageError: the file cannot be written.
    """
    kind = path.suffix.lstrip(".").lower()
    if kind not in FORMATS:
        raise InvalidInput("plot", path, f"end the name in one of {', '.join('.' + one for one in FORMATS)}")
    exposure = survey.exposure
    figure, axes = blank(10, 5, PRINT)
    figure.patch.set(alpha=1, facecolor=PRINT.card)
    _draw(axes, exposure, None if pin is None else pin.strike, survey.flips.flip, PRINT)
    at = exposure.as_of.astimezone(NEW_YORK)
    axes.set_title(f"{exposure.underlying} {at:%Y-%m-%d %H:%M} New York", loc="left", color=PRINT.ink)
    axes.set_xlabel("strike", color=PRINT.muted)
    axes.set_ylabel(f"net, {exposure.unit.label} ({exposure.sign}, {exposure.scope})", color=PRINT.muted)
    try:
        figure.savefig(path, format=kind, dpi=150)
    except OSError as refusal:
        raise StorageError(f"{path}: cannot be written ({refusal.strerror or refusal})") from refusal


def _draw(axes: Axes, exposure: GammaExposure, pin: Decimal | None, flip: float | None, palette: Palette) -> None:
    spot = float(exposure.spot)
    near = np.abs(exposure.strikes - spot) <= REACH * spot
    strikes, net = exposure.strikes[near], exposure.net[near]
    width = 0.8 * float(np.diff(strikes).min()) if len(strikes) > 1 else 1.0
    colours = [palette.call if one > 0 else palette.put for one in net]
    axes.bar(strikes, net, width=width, color=colours, alpha=0.85, linewidth=0)
    axes.axhline(0, color=palette.muted, linewidth=0.8)
    marks = [("spot", spot, palette.ink), ("pin", None if pin is None else float(pin), palette.pin),
             ("flip", flip, palette.accent)]  # fmt: skip
    shown = [(name, level, colour) for name, level, colour in marks if level is not None and _is_near(level, spot)]
    for row, (name, level, colour) in enumerate(sorted(shown, key=lambda mark: mark[1])):
        axes.axvline(level, color=colour, linewidth=1.2, linestyle=(0, (4, 2)))
        axes.annotate(
            f"{name} {level:,.0f}", (level, 1.0), xycoords=("data", "axes fraction"), xytext=(4, -9 - 12 * row),
            textcoords="offset points", color=colour, fontsize=8.5, zorder=5,
            bbox={"boxstyle": "round,pad=0.1", "facecolor": palette.card, "edgecolor": "none", "alpha": 0.8},
        )  # fmt: skip
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.yaxis.set_major_formatter(lambda value, _: _short_number(value))
    axes.margins(y=0.25)


def _is_near(level: float, spot: float) -> bool:
    return abs(level - spot) <= REACH * spot


def _short_number(value: float) -> str:
    for size, letter in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g} {letter}"
    return f"{value:g}"
