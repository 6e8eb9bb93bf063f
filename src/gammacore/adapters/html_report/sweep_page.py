"""The page of a sweep: what it cannot carry, the verdict and its guards, then the best and the pictures. ST-511."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from gammacore.adapters.html_report.sections import scrolling
from gammacore.adapters.html_report.shell import picture, shell
from gammacore.adapters.html_report.study_page import warnings_section
from gammacore.adapters.html_report.sweep_charts import alone_chart, heat_map, walk_chart
from gammacore.domain.study.sweep_outcome import SweepOutcome
from gammacore.domain.study.sweep_views import COLUMNS, alone, best_of, figure, guard_lines, pairs


def render_sweep(outcome: SweepOutcome) -> str:
    """The whole page; every number of it stands in result.json or results.csv."""
    parts = [
        _heading(outcome),
        warnings_section(outcome.warnings),
        _guards(outcome),
        *_walked(outcome),
        f"<h2>Best {len(best_of(outcome))} of {len(outcome.results)}</h2>",
        _best(outcome),
        "<h2>Each key alone</h2>",
        _side_by_side(_alone(outcome)),
        *(("<h2>Every pair of keys</h2>", _side_by_side(_pairs(outcome))) if len(outcome.grid.axes) > 1 else ()),
        *_troubles(outcome),
        "<h2>Assumptions</h2>",
        _list((*outcome.assumptions, *(f"{note}." for note in outcome.notes), _checked(outcome))),
        "<footer>Net of fees. All results are in results.csv, one line a day and setting in results.ndjson. The best "
        "is never written to a configuration: that is for a person to do.</footer>",
    ]
    return shell(f"Sweep of {', '.join(outcome.grid.keys)}", parts)


def _heading(outcome: SweepOutcome) -> str:
    first, last = outcome.sessions[0], outcome.sessions[-1]
    tone = "win" if outcome.verdict.found else "doubt"
    return (
        f'<header><div><p class="over">{first} to {last} · {len(outcome.sessions)} days · '
        f"{len(outcome.results)} settings</p><h1>Sweep of {escape(', '.join(outcome.grid.keys))}</h1></div>"
        f'<div class="result"><p class="over">Verdict</p><strong class="{tone}">{escape(outcome.verdict.words)}'
        "</strong></div></header>"
    )


def _guards(outcome: SweepOutcome) -> str:
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in outcome.verdict.reasons)
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd><b>{escape(shown)}</b> <span class=muted>{escape(words)}</span></dd>"
        for name, shown, words in guard_lines(outcome)
    )
    listed = f'<ul class="plain">{reasons}</ul>' if reasons else ""
    return f'<h2>Is it more than the search?</h2><div class="card">{listed}<dl class=story>{rows}</dl></div>'


def _walked(outcome: SweepOutcome) -> Iterator[str]:
    walked = outcome.guards.walked
    if walked is None:
        return
    yield "<h2>Walking forward</h2>"
    yield picture(
        walk_chart(walked),
        f"P/L in dollars of what was chosen on the {walked.train} sessions before each window of {walked.test}; no "
        "choice has seen the sessions it is judged by.",
    )


def _best(outcome: SweepOutcome) -> str:
    head = [*outcome.grid.keys, *(name.replace("_", " ") for name in COLUMNS)]
    rows = []
    for one in best_of(outcome):
        shown = one.shown()
        cells = [one.settings[key] for key in outcome.grid.keys] + [figure(shown[name]) for name in COLUMNS]
        is_best = outcome.best is not None and one.index == outcome.best.index
        rows.append(_row("td", [f"<b>{escape(cell)}</b>" if is_best else escape(cell) for cell in cells]))
    table = f"<table class=matrix><thead>{_row('th', map(escape, head))}</thead><tbody>{''.join(rows)}</tbody></table>"
    return f'<div class="card table">{scrolling(table)}</div>'


def _row(tag: str, cells: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{cell}</{tag}>' for cell in cells)}</tr>"


def _alone(outcome: SweepOutcome) -> Iterator[str]:
    for key, spreads in alone(outcome).items():
        words = "Dots: the median of all settings with this value; bars: from the lower to the upper quartile."
        yield picture(alone_chart(key, spreads, outcome.objective.value), words)


def _pairs(outcome: SweepOutcome) -> Iterator[str]:
    for pair in pairs(outcome):
        settings = None if outcome.best is None else outcome.best.settings
        best = None if settings is None else (settings[pair.rows.key], settings[pair.columns.key])
        words = f"Median {outcome.objective.value.replace('_', ' ')} over all other keys; framed: the best."
        yield picture(heat_map(pair, outcome.objective.value, best), words)


def _side_by_side(figures: Iterable[str]) -> str:
    return f'<div class="pair">{"".join(f"<div>{one}</div>" for one in figures)}</div>'


def _troubles(outcome: SweepOutcome) -> Iterator[str]:
    lines = [f"{cell}: failed: {error}" for cell, error in outcome.failed.items()]
    lines += [f"{date}: left out: {why}" for date, why in sorted(outcome.missing.items())]
    if lines:
        yield "<h2>Days that were not traded</h2>"
        yield _list(lines)


def _checked(outcome: SweepOutcome) -> str:
    if not outcome.checked_against_loop:
        return "Computed by the loop alone."
    return f"{outcome.checked_against_loop} days of the columns were traded again by the loop: all trades equal."


def _list(lines: Iterable[str]) -> str:
    return f'<div class="card"><ul class="plain">{"".join(f"<li>{escape(line)}</li>" for line in lines)}</ul></div>'
