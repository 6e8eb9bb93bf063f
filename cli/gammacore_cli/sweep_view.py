"""A sweep on the screen: what it cannot carry and the verdict first, then the best twenty. Rules: ST-006, ST-511."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from gammacore.domain.study.sweep_outcome import SweepOutcome
from gammacore.domain.study.sweep_views import COLUMNS, alone, best_of, figure, guard_lines
from gammacore_cli.study_view import warning_lines

if TYPE_CHECKING:
    from rich.console import RenderableType


def sweep_screen(outcome: SweepOutcome, folder: Path) -> RenderableType:
    """Warnings, verdict with its guards, the best, each key alone, where the rest stands."""
    found = outcome.verdict.found
    parts: list[RenderableType] = [warning_lines(outcome.warnings), ""]
    parts.append(Text.assemble("Verdict: ", (outcome.verdict.words, "bold green" if found else "bold yellow")))
    parts += [Text(f"  {reason}") for reason in outcome.verdict.reasons]
    parts += ["", _guards(outcome), "", _best(outcome)]
    parts += [part for table in _alone(outcome) for part in ("", table)]
    for note in outcome.notes:
        parts += ["", Text(f"Note: {note}.")]
    if outcome.checked_against_loop:
        checked = f"{outcome.checked_against_loop} days of the columns were traded again by the loop: all trades equal."
        parts += ["", Text(checked)]
    parts += ["", *(Text(line, style="dim") for line in outcome.assumptions)]
    parts += ["", Text(f"All results: {folder / 'results.csv'}; page: {folder / 'report.html'}")]
    return Group(*parts)


def seeds_screen(found: Mapping[int, SweepOutcome], folder: Path) -> RenderableType:
    """Warnings, then a line a simulated history: its best and what that is worth; where the rest stands."""
    first = next(iter(found.values()))
    table = Table("seed", "best", str(first.objective), "net", "verdict", box=None)
    for seed, one in found.items():
        shown = {} if one.best is None else one.best.shown()
        best = "none" if one.best is None else ", ".join(f"{key} {value}" for key, value in one.best.settings.items())
        figures = (figure(shown.get(name)) for name in (str(one.objective), "net"))
        table.add_row(str(seed), best, *figures, one.verdict.words)
    words = f"{len(found)} histories, never added up. Each: {folder / 'seed-N' / 'report.html'}"
    return Group(warning_lines(first.warnings), "", table, "", Text(words))


def _guards(outcome: SweepOutcome) -> Table:
    table = Table(title="Is it more than the search?", title_justify="left", box=None, show_header=False)
    for name, shown, words in guard_lines(outcome):
        table.add_row(name, Text(shown, justify="right"), Text(words, style="dim"))
    return table


def _best(outcome: SweepOutcome) -> Table:
    days = f"{len(outcome.sessions)} days"
    table = Table(title=f"Best {len(best_of(outcome))} of {len(outcome.results)} by {outcome.objective}, net, {days}",
                  title_justify="left", box=None)  # fmt: skip
    for key in outcome.grid.keys:
        table.add_column(key.rpartition(".")[2], justify="right")
    for name in COLUMNS:
        table.add_column(name.replace("_", " "), justify="right")
    for one in best_of(outcome):
        shown = one.shown()
        is_best = outcome.best is not None and one.index == outcome.best.index
        table.add_row(
            *(one.settings[key] for key in outcome.grid.keys), *(figure(shown[name]) for name in COLUMNS),
            style="bold" if is_best else "",
        )  # fmt: skip
    return table


def _alone(outcome: SweepOutcome) -> list[Table]:
    tables = []
    for key, spreads in alone(outcome).items():
        table = Table(title=f"{key}: {outcome.objective} over all others", title_justify="left", box=None)
        for name in ("value", "count", "quartile", "median", "quartile "):
            table.add_column(name, justify="right")
        for one in spreads:
            table.add_row(one.value, str(one.count), figure(one.low), figure(one.median), figure(one.high))
        tables.append(table)
    return tables
