"""Statistics of a study on the screen: warnings first, then the tables of the view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from gammacore.domain.reports.figures import Section
from gammacore.domain.study.views import StudyView
from gammacore.domain.study.warnings import StudyWarning
from gammacore_cli.figures_view import FiguresGrid, SectionTable, value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

MOST_GROUPS = 14


def warning_lines(warnings: Sequence[StudyWarning]) -> RenderableType:
    """Each warning in its own paragraph, the code in front. Rule: ST-006."""
    if not warnings:
        return Text("No warning applies.", style="dim")
    lines = (Text.assemble((one.code, "bold yellow"), "  ", one.text) for one in warnings)
    return Group(*(Padding(line, (0, 0, 0, 0)) for line in lines))


def study_screen(view: StudyView) -> RenderableType:
    """The whole view but the single trades: the page and the CSV have those."""
    parts: list[RenderableType] = [
        warning_lines(view.warnings),
        "",
        Text.assemble((view.title, "bold"), f"  {view.subtitle}"),
        Text.from_markup(f"{value(view.result)} {view.result.label}"),
        "",
        FiguresGrid(view.headline),
        "",
        SectionTable(view.figures),
        "",
        SectionTable(view.intervals),
    ]
    for section in (*view.groups, view.costs, view.skipped):
        parts += _titled(section)
    if view.excursions:
        parts += ["", FiguresGrid(view.excursions)]
    parts += ["", *(Text(line, style="dim") for line in view.assumptions)]
    return Group(*parts)


def _titled(section: Section, most: int = MOST_GROUPS) -> list[RenderableType]:
    return ["", SectionTable(section, most=most, title=section.title)] if section.rows else []
