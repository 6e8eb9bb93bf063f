"""Dealer gamma through the day: price among pin, walls and flips above, net exposure below."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen

from gammacore.adapters.html_report.canvas import PAGE, PRINT, Palette, inline_svg, picture_kind, save_picture, stacked
from gammacore.adapters.html_report.exposure_plot import FURTHEST, SIGNS, STYLES, short_number
from gammacore.domain.columns import Floats
from gammacore.domain.gex.exposure import GammaExposure
from gammacore.domain.gex.pin import Pin
from gammacore.domain.gex.survey import GammaSurvey
from gammacore.domain.gex.units import ExposureUnit, SignModel
from gammacore.domain.sessions import NEW_YORK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DAY = 390
"""Minutes between the opens of two days on the axis: nights take no room."""
OPEN = dt.timedelta(hours=9, minutes=30)
HOLE = 3.0
"""Usual steps between two moments from which a line is broken: what was not seen is not drawn."""


@frozen
class Moment:
    """Price, net exposure in `unit`, and the levels at one instant, in points; None is what was not found."""

    at: dt.datetime
    price: float
    net: float
    unit: ExposureUnit
    sign: SignModel
    flips: tuple[float, ...] = ()
    call_wall: float | None = None
    put_wall: float | None = None
    pin: float | None = None

    @classmethod
    def of(cls, survey: GammaSurvey, pin: Pin | None) -> Moment:
        """That of a survey, and the pin of its day."""
        exposure, walls = survey.exposure, survey.walls
        return cls(
            exposure.as_of, float(exposure.spot), exposure.net_total, exposure.unit, exposure.sign,
            tuple(survey.flips.roots), None if walls.call is None else float(walls.call.strike),
            None if walls.put is None else float(walls.put.strike), None if pin is None else float(pin.strike),
        )  # fmt: skip


def published_moments(lines: Iterable[Mapping[str, Any]], sign: SignModel) -> tuple[Moment, ...]:
    """The course of a day as its loop published it (OP-502); lines without an exposure are left out."""
    return tuple(
        Moment(
            dt.datetime.fromisoformat(one["at"]), one["price"], one["net"], ExposureUnit(one["unit"]), sign,
            tuple(one.get("flips") or ()), one.get("call_wall"), one.get("put_wall"), one.get("pin"),
        )
        for one in lines
        if one.get("net") is not None and one.get("price") is not None
    )  # fmt: skip


def course_chart(moments: Sequence[Moment]) -> str:
    """The picture as inline SVG."""
    figure, (levels, net) = stacked(10.6, (3.4, 1.8))
    _draw(figure, levels, net, moments, PAGE)
    return inline_svg(figure, "course", "Dealer gamma through the day: price, pin, walls and flips, net exposure below")


def save_course_plot(path: Path, surveys: Sequence[tuple[GammaSurvey, Pin | None]]) -> None:
    """The picture as a file, of each survey and the pin of its day; the name's ending chooses the kind.

    Raises:
        InvalidInput: an ending that is no kind of picture we draw.
        StorageError: the file cannot be written.
    """
    picture_kind(path)
    figure, (levels, net) = stacked(8, (4.0, 2.2), PRINT)
    figure.patch.set(alpha=1, facecolor=PRINT.card)
    beyond = _draw(figure, levels, net, [Moment.of(survey, pin) for survey, pin in surveys], PRINT)
    title = _title(surveys[0][0].exposure, surveys[-1][0].exposure, beyond)
    figure.suptitle(title, x=0.01, ha="left", color=PRINT.ink, fontsize=11.5)
    save_picture(figure, path)


def _draw(figure: Figure, levels: Axes, net: Axes, moments: Sequence[Moment], palette: Palette) -> int:
    minutes = _minutes(moments)
    beyond = _draw_levels(levels, minutes, moments, palette)
    _draw_net(net, minutes, moments, palette)
    _label_times(net, moments, minutes, palette)
    _draw_legend(figure, levels, moments[0].sign, palette)
    return beyond


def _title(first: GammaExposure, last: GammaExposure, beyond: int) -> str:
    begin, end = (one.as_of.astimezone(NEW_YORK) for one in (first, last))
    until = f"{end:%H:%M}" if begin.date() == end.date() else f"{end:%Y-%m-%d %H:%M}"
    lines = [
        f"{first.underlying} {begin:%Y-%m-%d %H:%M} to {until} New York",
        f"scope {first.scope}, greeks {first.greeks}, sign {first.sign}: {SIGNS[first.sign]}",
    ]
    if beyond:
        lines.append(f"{beyond} flips further than {FURTHEST:.0%} from the price are not shown")
    return "\n".join(lines)


def _minutes(moments: Sequence[Moment]) -> Floats:
    """Where each moment stands on the axis: minutes since the open, days one after the other."""
    local = [one.at.astimezone(NEW_YORK) for one in moments]
    days = {date: place for place, date in enumerate(dict.fromkeys(at.date() for at in local))}
    since = (dt.timedelta(hours=at.hour, minutes=at.minute, seconds=at.second) - OPEN for at in local)
    return np.array([DAY * days[at.date()] + one.total_seconds() / 60 for at, one in zip(local, since, strict=True)])


def _draw_levels(axes: Axes, minutes: Floats, moments: Sequence[Moment], palette: Palette) -> int:
    """Price, pin, walls and flips; the number of flips that are too far to be shown."""
    lines: list[tuple[str, str, Callable[[Moment], float | None]]] = [
        ("call wall", palette.positive, lambda one: one.call_wall),
        ("put wall", palette.negative, lambda one: one.put_wall),
        ("pin", palette.pin, lambda one: one.pin),
    ]
    for name, colour, level in lines:
        values = np.array([np.nan if (at := level(one)) is None else at for one in moments])
        if not np.isnan(values).all():
            axes.plot(
                *_broken(minutes, values), color=colour, linestyle=STYLES[name], linewidth=1.6, label=name,
                drawstyle="steps-post", marker="_", markersize=4,
            )  # fmt: skip
    flips = [(at, root) for at, one in zip(minutes, moments, strict=True) for root in one.flips]
    prices = np.array([one.price for one in moments])
    lowest, highest = prices.min() * (1 - FURTHEST), prices.max() * (1 + FURTHEST)
    shown = [flip for flip in flips if lowest <= flip[1] <= highest]
    if shown:
        axes.plot(
            *zip(*shown, strict=True), color=palette.flip, marker=".", markersize=4, linestyle="none", label="flip"
        )
    axes.plot(*_broken(minutes, prices), color=palette.ink, linewidth=1.6, marker=".", markersize=3, label="price")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    axes.tick_params(labelsize=9.5)
    axes.set_ylabel("points", color=palette.muted, fontsize=9.5)
    return len(flips) - len(shown)


def _draw_net(axes: Axes, minutes: Floats, moments: Sequence[Moment], palette: Palette) -> None:
    net = np.array([one.net for one in moments])
    unsigned = moments[0].sign is SignModel.UNSIGNED
    colours = [palette.accent if unsigned else palette.positive if one > 0 else palette.negative for one in net]
    axes.bar(minutes, net, width=0.8 * _step(minutes), color=colours, alpha=0.85, linewidth=0)
    axes.axhline(0, color=palette.muted, linewidth=0.8)
    axes.yaxis.set_major_formatter(lambda value, _: short_number(value))
    axes.tick_params(labelsize=9.5)
    label = f"net gamma exposure,\n{moments[0].unit.label}"
    axes.set_ylabel(label, color=palette.muted, fontsize=9.5)


def _label_times(axes: Axes, moments: Sequence[Moment], minutes: Floats, palette: Palette) -> None:
    """Whole hours of one day, else the dates at their opens."""
    dates = list(dict.fromkeys(one.at.astimezone(NEW_YORK).date() for one in moments))
    if len(dates) == 1:
        hours = [hour for hour in range(10, 17) if minutes[0] - 1 <= 60 * hour - 570 <= minutes[-1] + 1]
        axes.set_xticks([60 * hour - 570 for hour in hours], [f"{hour}:00" for hour in hours])
    else:
        every = -(-len(dates) // 10)
        axes.set_xticks(
            [DAY * place for place in range(0, len(dates), every)], [f"{date:%d %b}" for date in dates[::every]]
        )
    margin = _step(minutes)
    axes.set_xlim(minutes[0] - margin, minutes[-1] + margin)
    axes.set_xlabel("New York", color=palette.muted, fontsize=9.5)


def _draw_legend(figure: Figure, axes: Axes, sign: SignModel, palette: Palette) -> None:
    from matplotlib.patches import Patch

    handles, _ = axes.get_legend_handles_labels()
    keys: list[Any] = list(handles)
    if sign is not SignModel.UNSIGNED:
        keys += [
            Patch(facecolor=palette.positive, alpha=0.85, label="positive: dealers long gamma"),
            Patch(facecolor=palette.negative, alpha=0.85, label="negative: dealers short gamma"),
        ]
    figure.legend(
        handles=keys, loc="outside lower left", ncols=4, frameon=False, fontsize=9.5, labelcolor=palette.ink,
        columnspacing=1.2, handlelength=2.2,
    )  # fmt: skip


def _broken(minutes: Floats, values: Floats) -> tuple[Floats, Floats]:
    """The line with gaps where nothing was measured, and from one day to the next."""
    holes = np.flatnonzero(np.diff(minutes) > HOLE * _step(minutes)) + 1
    days = np.flatnonzero(np.diff(np.floor((minutes + 1e-9) / DAY)) > 0) + 1
    breaks = np.union1d(holes, days)
    return np.insert(minutes, breaks, np.nan), np.insert(values, breaks, np.nan)


def _step(minutes: Floats) -> float:
    """Minutes that usually lie between two moments; 5 for a single one."""
    return float(np.median(np.diff(minutes))) if len(minutes) > 1 else 5.0
