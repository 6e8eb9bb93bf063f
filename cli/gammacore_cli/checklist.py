"""`gammacore checklist`: the month on paper, point by point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gammacore_cli.frame import Frame, common_options
from gammacore_cli.output import emit

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gammacore.wiring.checks.checklist import Checklist


@click.command("checklist")
@click.option("--live", is_flag=True, help="Of the live account's ledger (default: the paper account's).")
@common_options
def checklist(frame: Frame, live: bool) -> None:
    """Show what of the month on paper is done: sessions, reconciled days, messages, a rehearsal, a restored backup.

    It is advice: a live start prints what is open and goes on. The exit code is 0 whatever is open.
    """
    from gammacore import wiring
    from gammacore.domain.ledger import Mode
    from gammacore.wiring.checks.checklist import checklist as points_of

    found = points_of(frame.settings, Mode.LIVE if live else Mode.PAPER, wiring.system_clock().now())
    band = found.band
    document: dict[str, object] = {
        "mode": found.mode.value,
        "ledger": str(found.place),
        "open": len(found.open),
        "points": [
            {"name": one.name, "ok": one.ok, "detail": one.detail, "fix": one.fix} for one in found.points
        ],
        "band": None if band is None else {
            "actual": float(band.actual), "low": float(band.low), "high": float(band.high), "inside": band.is_inside,
        },
    }  # fmt: skip
    emit(document, frame.as_json, lambda: _view(found))


def _view(found: Checklist) -> RenderableType:
    from rich.console import Group
    from rich.markup import escape
    from rich.table import Table

    from gammacore.wiring.checks.checklist import in_words

    view = Table("", "point", "what was seen", "what to do")
    for point in found.points:
        mark = "[green]ok[/]" if point.ok else "[yellow]open[/]"
        view.add_row(mark, point.name, escape(point.detail), escape(point.fix))
    lines = [in_words(found), *([] if found.band is None else [str(found.band)])]
    return Group(view, *map(escape, lines))
