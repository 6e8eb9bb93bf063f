"""The tear sheet of a study: what it cannot carry first, then pictures, tables and every trade. ST-006, ST-313."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from gammacore.adapters.html_report import sections
from gammacore.adapters.html_report.shell import picture, shell
from gammacore.adapters.html_report.study_charts import (
    days_chart,
    equity_chart,
    groups_chart,
    hold_chart,
    moments_chart,
    spread_chart,
)
from gammacore.domain.reports.figures import Section
from gammacore.domain.study.statistics import StudyStatistics
from gammacore.domain.study.views import EquityBand, StudyView, study_view
from gammacore.domain.study.warnings import StudyWarning

MOST_BARS = 14
"""A cut into more groups is shown as a table alone."""


def render_study(statistics: StudyStatistics, title: str, band: EquityBand | None = None) -> str:
    """The page of a record's statistics; `title` names what was studied, `band` is drawn behind the equity."""
    view = study_view(statistics, title)
    parts = [
        _heading(view),
        warnings_section(view.warnings),
        sections.figures(view.headline),
        "<h2>Equity</h2>",
        picture(equity_chart(statistics, band), _equity_caption(band)),
        *_days(statistics),
        _pair(
            ("How trades are spread", spread_chart(statistics), "Trades by net P/L; the shaded band is the 95 % "
             "interval of the mean, whole dates drawn."),
            ("Time held", hold_chart(statistics), "Each trade: minutes held and net P/L."),
        ),
        "<h2>How sure</h2>",
        _card(view.intervals, "narrow"),
        "<h2>Net and gross</h2>",
        _card(view.figures, "matrix narrow"),
        *_groups(statistics, view),
        "<h2>Costs</h2>",
        _card(view.costs, "narrow"),
        *_moments(statistics, view),
        *(("<h2>Entries not taken</h2>", _card(view.skipped, "narrow")) if view.skipped.rows else ()),
        "<h2>Assumptions</h2>",
        _assumptions(view),
        *(("<h2>Every trade</h2>", _trades(view.trades)) if view.trades.rows else ()),
        "<footer>Net is after fees and is what is judged. Times are New York's. Every number here stands in "
        "result.json.</footer>",
    ]  # fmt: skip
    return shell(title, parts)


def _heading(view: StudyView) -> str:
    return (
        f'<header><div><p class="over">{escape(view.subtitle)}</p><h1>{escape(view.title)}</h1></div>'
        f'<div class="result"><p class="over">{escape(view.result.label)}</p>'
        f"{sections.toned('strong', view.result)}</div></header>"
    )


def warnings_section(warnings: tuple[StudyWarning, ...]) -> str:
    """Every warning with its code, before any figure; a sentence where none applies. Rule: ST-006."""
    if not warnings:
        return '<p class="card warnings muted">No warning applies to this record.</p>'
    rows = "".join(f"<dt>{escape(one.code)}</dt><dd>{escape(one.text)}.</dd>" for one in warnings)
    return f'<section class="card warnings"><h2>What these figures cannot carry</h2><dl>{rows}</dl></section>'


def _equity_caption(band: EquityBand | None) -> str:
    said = "After every close, in order of closing; below, how far under its highest balance so far."
    if band is None:
        return said
    return f"{said} Shaded: half and nine tenths of the paths of a Monte Carlo run, its median dashed. {band.caption}"


def _days(statistics: StudyStatistics) -> Iterator[str]:
    if chart := days_chart(statistics):
        yield "<h2>P/L by date</h2>"
        yield picture(chart, "Net of fees; dates without trades are left out.")


def _groups(statistics: StudyStatistics, view: StudyView) -> Iterator[str]:
    for section in view.groups:
        groups = statistics.groups[section.key]
        yield f"<h2>{escape(section.title)}</h2>"
        if 1 < len(groups) <= MOST_BARS:
            yield picture(
                groups_chart(section, groups),
                "Win rate with its 95 % interval (Wilson), and the number of trades; grey: fewer than 30.",
            )
        yield _card(section, "matrix")


def _moments(statistics: StudyStatistics, view: StudyView) -> Iterator[str]:
    if not view.excursions:
        return
    yield "<h2>Worst and best moments</h2>"
    yield sections.figures(view.excursions)
    if chart := moments_chart(statistics):
        yield picture(chart, "Each trade: its worst open P/L at usable mids, and what it came to.")


def _pair(*pictures: tuple[str, str, str]) -> str:
    shown = [(title, chart, caption) for title, chart, caption in pictures if chart]
    cells = "".join(f"<div><h2>{title}</h2>{picture(chart, caption)}</div>" for title, chart, caption in shown)
    return f'<div class="pair">{cells}</div>' if cells else ""


def _card(section: Section, kind: str = "") -> str:
    return f'<div class="card table">{sections.table(section, kind)}</div>'


def _trades(section: Section) -> str:
    folded = f"<details><summary>{len(section.rows):,} trades</summary>{sections.table(section, 'matrix')}</details>"
    return f'<div class="card">{folded}</div>'


def _assumptions(view: StudyView) -> str:
    lines = "".join(f"<li>{escape(line)}</li>" for line in view.assumptions)
    return f'<div class="card"><ul class="plain">{lines}</ul></div>'
