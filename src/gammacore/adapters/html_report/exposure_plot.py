"""The exposure profile: net dealer gamma by strike around the spot, with spot, flips, walls and pin marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen

from gammacore.adapters.html_report.canvas import PAGE, PRINT, Palette, blank, inline_svg, picture_kind, save_picture
from gammacore.domain.columns import Floats
from gammacore.domain.gex.exposure import GammaExposure
from gammacore.domain.gex.pin import Pin
from gammacore.domain.gex.survey import GammaSurvey
from gammacore.domain.gex.units import SignModel
from gammacore.domain.gex.walls import find_walls
from gammacore.domain.sessions import NEW_YORK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

REACH, FURTHEST = 0.02, 0.06
"""Parts of spot: strikes this near are always shown; flips, walls and the pin widen the view up to the second."""

FEWEST = 4
"""Strikes shown on either side of spot where the chain has them, however far."""

TICKS = 9
"""Labels of the strike axis, at most about."""

NICE = tuple(base * 10.0**power for power in range(-3, 6) for base in (1.0, 2.0, 2.5, 5.0))

SIGNS = {
    SignModel.NAIVE: "dealers long calls, short puts",
    SignModel.INVERTED: "dealers short calls, long puts",
    SignModel.UNSIGNED: "calls and puts both positive",
}

STYLES: dict[str, Any] = {
    "spot": "solid", "flip": (0, (5, 2)), "call wall": (0, (1, 3)), "put wall": (2, (1, 3)), "pin": (0, (6, 2, 1, 2)),
}  # fmt: skip
"""The dots of the two walls stand in each other's gaps, so that both are seen where they share a strike."""

ROW = 1.45
"""Height of a row of labels, in sizes of its letters."""


def exposure_chart(exposure: GammaExposure, pin: Decimal | None, flips: Sequence[float]) -> str:
    """The picture as inline SVG."""
    figure, axes = blank(5.6, 3.9)
    _draw(figure, axes, exposure, pin, flips, PAGE, size=8.5)
    return inline_svg(figure, "exposure", f"Net gamma exposure by strike, {exposure.unit.label}")


def save_exposure_plot(path: Path, survey: GammaSurvey, pin: Pin | None) -> None:
    """The picture as a file of its own, legible on a phone; the name's ending chooses the kind.

    Raises:
        InvalidInput: an ending that is no kind of picture we draw.
        StorageError: the file cannot be written.
    """
    picture_kind(path)
    save_picture(exposure_figure(survey.exposure, pin, survey.flips.roots), path)


def exposure_figure(exposure: GammaExposure, pin: Pin | None = None, flips: Sequence[float] = ()) -> Figure:
    """The picture as a figure of its own, with what was measured in its title."""
    figure, axes = blank(8, 5.6, PRINT)
    figure.patch.set(alpha=1, facecolor=PRINT.card)
    at = exposure.as_of.astimezone(NEW_YORK)
    terms = f"scope {exposure.scope}, greeks {exposure.greeks}, sign {exposure.sign}: {SIGNS[exposure.sign]}"
    title = f"{exposure.underlying} {at:%Y-%m-%d %H:%M} New York\n{terms}"
    figure.suptitle(title, x=0.01, ha="left", color=PRINT.ink, fontsize=11.5)
    _draw(figure, axes, exposure, None if pin is None else pin.strike, flips, PRINT, size=10.5)
    return figure


def _draw(
    figure: Figure, axes: Axes, exposure: GammaExposure, pin: Decimal | None, flips: Sequence[float],
    palette: Palette, *, size: float,
) -> None:  # fmt: skip
    levels = _levels(exposure, pin, flips)
    low, high = _view(exposure, [level.at for level in levels])
    spacing = _spacing(exposure.strikes[(exposure.strikes >= low) & (exposure.strikes <= high)])
    bar = 0.8 * spacing or (high - low) / 40
    whole = (exposure.strikes - bar / 2 >= low) & (exposure.strikes + bar / 2 <= high)
    strikes, net = exposure.strikes[whole], exposure.net[whole]
    unsigned = exposure.sign is SignModel.UNSIGNED
    colours = [palette.accent if unsigned else palette.positive if one > 0 else palette.negative for one in net]
    axes.bar(strikes, net, width=bar, color=colours, alpha=0.85, linewidth=0, zorder=2)
    axes.axhline(0, color=palette.muted, linewidth=0.8)
    axes.set_xlim(low, high)
    _label_axes(axes, strikes, exposure, palette, size, step=tick_step(high - low, spacing))
    _draw_legend(figure, levels, palette, size, unsigned=unsigned)
    figure.draw_without_rendering()  # the layout, before what depends on the size it leaves
    box = axes.get_window_extent()
    width, height = box.width * 72 / figure.dpi, box.height * 72 / figure.dpi
    rows = _draw_levels(axes, levels, palette, size, width, height)
    _make_room(axes, net, (ROW * size * rows + 8) / height)


# -- the levels --------------------------------------------------------------------------------------------------------


@frozen
class _Level:
    """Where a vertical line stands, points, and all that stands there: a strike may be both walls and the pin."""

    at: float
    names: tuple[str, ...]

    @property
    def words(self) -> str:
        """Prices to the cent, strikes as they are listed."""
        where = points(self.at) if {"spot", "flip"}.isdisjoint(self.names) else f"{self.at:,.2f}"
        return f"{', '.join(self.names)} {where}"


def _levels(exposure: GammaExposure, pin: Decimal | None, flips: Sequence[float]) -> list[_Level]:
    """Spot, walls, pin and every flip, ascending; what shares a level, to the cent, shares a label."""
    walls = find_walls(exposure)
    marks = [("spot", float(exposure.spot)), *(("flip", root) for root in flips)]
    marks += [("call wall", float(walls.call.strike))] if walls.call else []
    marks += [("put wall", float(walls.put.strike))] if walls.put else []
    marks += [] if pin is None else [("pin", float(pin))]
    ascending = sorted(marks, key=lambda mark: round(mark[1], 2))
    return [
        _Level(at, tuple(dict.fromkeys(name for name, _ in same)))
        for at, same in groupby(ascending, key=lambda mark: round(mark[1], 2))
    ]


def _colour(name: str, palette: Palette) -> str:
    return {
        "spot": palette.ink, "flip": palette.flip, "call wall": palette.positive, "put wall": palette.negative,
        "pin": palette.pin,
    }[name]  # fmt: skip


def _view(exposure: GammaExposure, levels: Iterable[float]) -> tuple[float, float]:
    """The strikes to show, points: near spot, the fewest on either side, and as far as levels up to the furthest."""
    spot = float(exposure.spot)
    below, above = exposure.strikes[exposure.strikes < spot], exposure.strikes[exposure.strikes > spot]
    nearest = [spot, *below[-FEWEST:].tolist(), *above[:FEWEST].tolist()]
    least, most = min(*nearest, spot * (1 - FURTHEST)), max(*nearest, spot * (1 + FURTHEST))
    wanted = [*nearest, spot * (1 - REACH), spot * (1 + REACH), *levels]
    within = [level for level in wanted if least <= level <= most]
    low, high = min(within), max(within)
    between = exposure.strikes[(exposure.strikes >= low) & (exposure.strikes <= high)]
    margin = max(0.03 * (high - low), 0.6 * _spacing(between))  # room for half a bar
    return low - margin, high + margin


def _spacing(strikes: Floats) -> float:
    """Points between the nearest two; 0 where there are not two."""
    return float(np.diff(strikes).min()) if len(strikes) > 1 else 0.0


def _draw_levels(
    axes: Axes, levels: Sequence[_Level], palette: Palette, size: float, width: float, height: float
) -> int:  # fmt: skip
    """Lines and labels, what lies outside the view with an arrow at its edge; the rows that the labels take.

    `width` and `height` are those of the axes, typographic points. A line ends at its own label.
    """
    low, high = axes.get_xlim()
    rows: list[list[tuple[float, float]]] = []
    for level in levels:
        words, at = level.words, min(max(level.at, low), high)
        if at != level.at:
            words = f"← {words}" if level.at < low else f"{words} →"
        length = 0.6 * size * (len(words) + 1) * (high - low) / width
        to_the_left = at + length > high
        row = _free_row(rows, (at - length, at) if to_the_left else (at, at + length))
        axes.annotate(
            words, (at, 1.0), xycoords=("data", "axes fraction"),
            xytext=(-4 if to_the_left else 4, -3 - ROW * size * row), textcoords="offset points",
            ha="right" if to_the_left else "left", va="top", fontsize=size, zorder=5,
            color=_colour(level.names[0], palette) if len(level.names) == 1 else palette.ink,
            bbox={"boxstyle": "round,pad=0.1", "facecolor": palette.card, "edgecolor": "none"},
        )  # fmt: skip
        if at == level.at:
            top = 1 - ROW * size * row / height
            for name in level.names:
                axes.axvline(
                    at, ymax=top, color=_colour(name, palette), linewidth=1.8, linestyle=STYLES[name], zorder=3
                )
    return len(rows)


def _free_row(rows: list[list[tuple[float, float]]], span: tuple[float, float]) -> int:
    """The row below every label that it would touch; the label is entered."""
    touched = [number for number, row in enumerate(rows) if any(span[1] >= one[0] and one[1] >= span[0] for one in row)]
    number = max(touched, default=-1) + 1
    if number == len(rows):
        rows.append([])
    rows[number].append(span)
    return number


def _make_room(axes: Axes, net: Floats, part: float) -> None:
    """Bars end below the labels, which take this part of the height."""
    low, high = min(0.0, float(net.min(initial=0))), max(0.0, float(net.max(initial=0)))
    span = (high - low) or 2.0
    part = min(part, 0.6)
    axes.set_ylim(low - 0.06 * span, high + span * (0.03 + 1.1 * part / (1 - part)))


# -- axes and legend ---------------------------------------------------------------------------------------------------


def _label_axes(
    axes: Axes, shown: Floats, exposure: GammaExposure, palette: Palette, size: float, *, step: float
) -> None:  # fmt: skip
    """Ticks at whole steps of the strikes' own spacing, labelled with every digit they have."""
    from matplotlib.ticker import MultipleLocator

    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.xaxis.set_major_formatter(lambda value, _: points(value))
    axes.yaxis.set_major_formatter(lambda value, _: short_number(value))
    axes.tick_params(labelsize=size)
    every = len(exposure.strikes)
    strike = "strike" if len(shown) == every else f"strike, {len(shown)} of {every} shown"
    net = "" if exposure.sign is SignModel.UNSIGNED else "net "
    axes.set_xlabel(strike, color=palette.muted, fontsize=size)
    axes.set_ylabel(f"{net}gamma exposure, {exposure.unit.label}", color=palette.muted, fontsize=size)


def tick_step(width: float, spacing: float) -> float:
    """The smallest round number of points that gives few enough ticks and falls on strikes; 0 is an unknown spacing.

    >>> tick_step(18, 0.5), tick_step(18, 1), tick_step(25, 2.5), tick_step(180, 5), tick_step(470, 25)
    (2.0, 2.0, 5.0, 20.0, 100.0)
    """
    roomy = [step for step in NICE if width / step <= TICKS] or [NICE[-1]]
    on_strikes = [step for step in roomy if spacing and abs(step / spacing - round(step / spacing)) < 1e-6]
    return min(on_strikes[:1] or roomy[:1])


def points(value: float) -> str:
    """A level to the cent, without trailing zeros.

    >>> points(442.5), points(4505.1001), points(6000.0), points(0.5)
    ('442.5', '4,505.1', '6,000', '0.5')
    """
    text = f"{value:,.2f}"
    return text.rstrip("0").rstrip(".")


def _draw_legend(figure: Figure, levels: Sequence[_Level], palette: Palette, size: float, *, unsigned: bool) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    if unsigned:
        bars = [(palette.accent, "gamma of calls and puts, without a sign")]
    else:
        bars = [(palette.positive, "positive: dealers long gamma"), (palette.negative, "negative: dealers short gamma")]
    keys: list[Any] = [Patch(facecolor=colour, alpha=0.85, label=label) for colour, label in bars]
    present = {name for level in levels for name in level.names}
    keys += [
        Line2D([], [], color=_colour(name, palette), linewidth=1.8, linestyle=STYLES[name], label=name)
        for name in STYLES
        if name in present
    ]
    figure.legend(
        handles=keys, loc="outside lower left", ncols=4, frameon=False, fontsize=size, labelcolor=palette.ink,
        columnspacing=1.2, handlelength=1.8,
    )  # fmt: skip


def short_number(value: float) -> str:
    for size, letter in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g} {letter}"
    return f"{value:g}"
