"""`gammacore gex --from --to`: net exposure, flips, walls and pin through a day or several."""

from __future__ import annotations

import datetime as dt
import logging
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from gammacore_cli.frame import Frame
from gammacore_cli.json_values import clock
from gammacore_cli.output import emit

if TYPE_CHECKING:
    from gammacore.domain.gex.walls import Wall
    from gammacore.wiring import ExposureTerms, ExposureView
    from gammacore.wiring.exposure_course import ExposureCourse, When

log = logging.getLogger(__name__)


def emit_course(
    frame: Frame, chain: Path | None, terms: ExposureTerms, begin: When, end: When | None, every: int, plot: Path | None
) -> None:
    """Measure, draw where asked for, and print a row a moment."""
    from gammacore.adapters.html_report.exposure_course_plot import save_course_plot
    from gammacore.wiring.exposure_course import exposure_course

    if end is None:
        end = begin.date() if isinstance(begin, dt.datetime) else begin if isinstance(begin, dt.date) else dt.time.max
    course = exposure_course(frame.configuration, chain, terms, begin, end, every)
    if course.left_out:
        log.warning("%s", course.left_out)
    for gap in course.missing:
        log.info("%s: not measured: %s", clock(gap.at), gap.reason)
    if plot is not None:
        save_course_plot(plot, [(view.survey, view.pin) for view in course.views])
    emit(course_document(course), frame.as_json, lambda: _table(course))


def course_document(course: ExposureCourse) -> dict[str, object]:
    """The course as JSON: exposures and levels as numbers, one entry a moment."""
    exposure = course.views[0].survey.exposure
    return {
        "underlying": course.underlying,
        "from": clock(course.begin),
        "to": clock(course.end),
        "every_seconds": course.every_seconds,
        "scope": str(exposure.scope),
        "unit": exposure.unit.value,
        "sign": exposure.sign.value,
        "greeks": exposure.greeks.value,
        "rates": str(exposure.rates),
        "moments": [_moment(view) for view in course.views],
        "missing": [{"at": clock(gap.at), "reason": gap.reason} for gap in course.missing],
    }


def _moment(view: ExposureView) -> dict[str, object]:
    exposure, flips, walls = view.survey.exposure, view.survey.flips, view.survey.walls
    return {
        "as_of": clock(exposure.as_of),
        "spot": float(exposure.spot),
        "net": exposure.net_total,
        "call": exposure.call_total,
        "put": exposure.put_total,
        "flip": flips.flip,
        "flips": list(flips.roots),
        "call_wall": _strike(walls.call),
        "put_wall": _strike(walls.put),
        "pin": None if view.pin is None else float(view.pin.strike),
        "competing": None if view.pin is None else view.pin.competing,
    }


def _strike(wall: Wall | None) -> float | None:
    return None if wall is None else float(wall.strike)


def _table(course: ExposureCourse) -> object:
    from rich.console import Group
    from rich.table import Table

    from gammacore.domain.sessions import NEW_YORK
    from gammacore_cli.gex import large

    exposure = course.views[0].survey.exposure
    many = len({view.survey.exposure.as_of.astimezone(NEW_YORK).date() for view in course.views}) > 1
    table = Table(title=f"{course.underlying}, {exposure.unit.label}; scope {exposure.scope}", title_justify="left")
    table.add_column("New York", no_wrap=True)
    for name in ("price", "net", "flip", "put wall", "call wall", "pin"):
        table.add_column(name, justify="right")
    for view in course.views:
        moment = _moment(view)
        at = view.survey.exposure.as_of.astimezone(NEW_YORK)
        levels = (moment[name] for name in ("flip", "put_wall", "call_wall", "pin"))
        table.add_row(
            f"{at:%m-%d %H:%M}" if many else f"{at:%H:%M:%S}",
            f"{view.survey.exposure.spot:,.2f}",
            large(view.survey.exposure.net_total),
            *("–" if level is None else f"{level:,.2f}".removesuffix(".00") for level in levels),
        )
    changes = _changes([view.pin.strike if view.pin else None for view in course.views])
    note = f"{len(course.views)} moments; the pin moved {changes} times"
    return Group(table, note + (f"; {len(course.missing)} times without a measurement" if course.missing else ""))


def _changes(levels: list[object]) -> int:
    return sum(one != other for one, other in pairwise(levels))
