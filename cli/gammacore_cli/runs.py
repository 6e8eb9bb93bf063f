"""`gammacore runs prune`: old studies, listed and removed."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import click

from gammacore_cli.frame import Frame, common_options
from gammacore_cli.output import emit

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gammacore.wiring.ledgers.pruning import OldStudy


class _Age(click.ParamType[dt.timedelta]):
    name = "age"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> dt.timedelta:
        found = re.fullmatch(r"(\d{1,5})d", str(value))
        if found is None:
            self.fail(f"{value!r} is no age; give days, like 90d", param, ctx)
        return dt.timedelta(days=int(found[1]))


@click.group("runs")
def runs() -> None:
    """Studies below HOME/runs and HOME/studies."""


@runs.command("prune")
@click.option("--older", type=_Age(), required=True, metavar="DAYS", help="Last written to before so long, like 90d.")
@click.option("--yes", is_flag=True, help="Remove them; without it they are only listed.")
@common_options
def prune(frame: Frame, older: dt.timedelta, yes: bool) -> None:
    """List studies that are old, and with --yes remove them. An account's ledger is never removed, nor one in use."""
    from gammacore import wiring
    from gammacore.wiring.ledgers.pruning import old_studies, remove

    found = old_studies(frame.settings, wiring.system_clock().now() - older)
    if yes:
        for study in found:
            remove(study)
    document: dict[str, object] = {
        "studies": [
            {"path": str(one.path), "written_at": one.written_at.isoformat(timespec="seconds"), "bytes": one.size}
            for one in found
        ],
        "bytes": sum(one.size for one in found),
        "removed": yes,
    }
    emit(document, frame.as_json, lambda: _view(found, removed=yes))


def _view(found: tuple[OldStudy, ...], *, removed: bool) -> RenderableType:
    from rich.console import Group
    from rich.table import Table

    size = sum(one.size for one in found) / 2**20
    if not found:
        return "no study is that old"
    table = Table("study", "last written", "MB")
    for one in found:
        table.add_row(str(one.path), f"{one.written_at:%Y-%m-%d}", f"{one.size / 2**20:.1f}")
    done = "removed" if removed else "nothing was removed; say --yes to remove them"
    return Group(table, f"{len(found)} studies, {size:.1f} MB: {done}")
