"""`gammacore days`: one line a day of every ledger under the home. Rule: OP-108."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gammacore_cli.day_options import day_options
from gammacore_cli.frame import Frame, common_options
from gammacore_cli.output import emit

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gammacore.domain.reports.day_range import DayRange
    from gammacore.domain.reports.figures import Figures
    from gammacore.wiring.ledgers.day_list import DayList

log = logging.getLogger(__name__)


@click.command("days")
@click.option("--paper", is_flag=True, help="Days of the paper accounts.")
@click.option("--live", is_flag=True, help="Days of the live accounts.")
@click.option("--study", is_flag=True, help="Days of studies.")
@click.option("--all", "every", is_flag=True, help="Of every ledger (the default).")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Also write them as a table.")  # fmt: skip
@common_options
@day_options
def days(
    frame: Frame, days: DayRange, paper: bool, live: bool, study: bool, every: bool, csv_file: Path | None
) -> None:  # fmt: skip
    """List the days of every ledger under the home: what was traded, what it came to, whether anything went wrong."""
    from gammacore.domain.ledger import Mode
    from gammacore.wiring.ledgers.day_list import list_days
    from gammacore_cli.documents import document

    asked = [mode for mode, on in ((Mode.PAPER, paper), (Mode.LIVE, live), (Mode.STUDY, study)) if on]
    found = list_days(frame.settings, asked if asked and not every else list(Mode), days)
    if csv_file is not None:
        from gammacore.adapters.figures_csv import figures_text
        from gammacore.adapters.whole_file import write_whole

        write_whole(csv_file, figures_text(found.lines))
        log.info("%d days written to %s", len(found.lines), csv_file)
    for place, reason in found.unread.items():
        log.warning("%s is left out: %s", place, reason)
    emit(
        {"days": [document(line) for line in found.lines], "unread": found.unread}, frame.as_json, lambda: _shown(found)
    )  # fmt: skip


def _shown(found: DayList) -> RenderableType:
    """A table a ledger, under its name."""
    from rich.console import Group
    from rich.markup import escape

    from gammacore.domain.reports.figures import Section
    from gammacore_cli.figures_view import SectionTable

    if not found.lines:
        return "no trading day under the home; `gammacore trade` makes one"
    tables: dict[str, list[Figures]] = {}
    for line in found.lines:
        named = {figure.key: figure.text for figure in line}
        shown = tuple(figure for figure in line if figure.key not in ("mode", "ledger"))
        tables.setdefault(f"{named['mode']}  {named['ledger']}", []).append(shown)
    parts: list[RenderableType] = []
    for title, lines in tables.items():
        parts += [f"[bold]{escape(title)}[/]", SectionTable(Section("days", tuple(lines))), ""]
    return Group(*parts[:-1])
