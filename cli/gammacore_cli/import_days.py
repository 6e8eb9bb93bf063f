"""`gammacore import SOURCE --store DIR`: a vendor's days read once, judged and kept. Rules: ST-108, ST-109."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gammacore.errors import MissingData
from gammacore_cli.frame import Frame, common_options, leaving_by_sigterm
from gammacore_cli.output import emit

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gammacore.application.study.import_days import ImportedDay, ImportReport

log = logging.getLogger("gammacore")


@click.command("import")
@click.argument("source", metavar="SOURCE")
@click.option("--store", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder of the store.")
@click.option("--underlying", metavar="U", help="Keep the rows of this one; needed where the tables do not say.")
@click.option("--scope", default="0dte", show_default=True, metavar="S", help="Expiries to keep: 0dte, 7d or all.")
@click.option("--preset", metavar="P", help="The vendor, where the header does not tell, like optionsdx.")
@click.option("--workers", type=click.IntRange(min=1), metavar="N", help="Processes (default: processors less one).")
@click.option("--check", is_flag=True, help="Write nothing: read everything again and compare with the store.")
@common_options
def import_days(
    frame: Frame,
    source: str,
    store: Path,
    underlying: str | None,
    scope: str,
    preset: str | None,
    workers: int | None,
    check: bool,
) -> None:
    """Import recorded days from SOURCE (csv:, lean: or recording: and a file, a folder or a pattern in quotes).

    Each day is read, judged and kept in DIR, from where `--market store:DIR` trades it. A day whose files have not
    changed is left alone; an import that was interrupted goes on where it was.
    """
    from gammacore.application.study.import_days import Action
    from gammacore.wiring.study.imports import import_days as importing

    frame.choose({"market.underlying": underlying, "market.preset": preset}, {"market.preset": "--preset"})

    def tell(day: ImportedDay) -> None:
        log.info("%s %s: %s", day.symbol, day.date, day.action)
        if day.error:
            log.warning("%s %s: %s", day.symbol, day.date, day.error)

    with leaving_by_sigterm():
        report = importing(
            source, store, configuration=frame.configuration, scope=scope, workers=workers, check=check, tell=tell
        )  # fmt: skip
    emit({"store": str(store), **report.document()}, frame.as_json, lambda: _view(store, report))
    if report.has_fault:
        wrong = [day for day in report.days if day.action.is_fault]
        first = f"{wrong[0].symbol} {wrong[0].date}: {wrong[0].error}"
        raise MissingData(f"{len(wrong)} of {len(report.days)} days {'differ' if check else 'failed'}, first {first}")
    if not any(day.report is not None and day.action is not Action.EMPTY for day in report.days):
        first = f"{report.days[0].date}: {report.days[0].error}" if report.days else "it holds none"
        raise MissingData(f"{source}: no day could be used; {first}")


MOST_NOTES = 30
"""Days whose notes are printed; a year's are in the JSON."""


def _view(store: Path, report: ImportReport) -> RenderableType:
    from rich.console import Group
    from rich.table import Table

    table = Table(title=f"days in {store}")
    for column in ("day", "action", "rows used", "looks", "step", "holes"):
        table.add_column(column, justify="left" if column in ("day", "action") else "right", no_wrap=True)
    for day in report.days:
        table.add_row(*_cells(day))
    notes = [f"{day.date}: {words}" for day in report.days if (words := _notes(day))]
    more = [f"and {len(notes) - MOST_NOTES} days more; --json has all"] if len(notes) > MOST_NOTES else []
    parts: list[RenderableType] = [table, *notes[:MOST_NOTES], *more, f"{report}; {report.bytes:,} bytes"]
    if report.missing:
        dates = ", ".join(map(str, report.missing[:20])) + (" and more" if len(report.missing) > 20 else "")
        parts.append(f"{len(report.missing)} sessions without data: {dates}")
    return Group(*parts)


def _cells(day: ImportedDay) -> list[str]:
    name = f"{day.symbol} {day.date}"
    if (report := day.report) is None:
        return [name, day.action.value, *[""] * 4]
    step = "" if report.step_seconds is None else f"{report.step_seconds:g} s"
    used = f"{report.counts.used:,} of {report.counts.rows:,}"
    return [name, day.action.value, used, str(report.instants), step, str(report.holes)]


def _notes(day: ImportedDay) -> str:
    """What of a day was left out, and what flags it bears."""
    if (report := day.report) is None:
        return day.error
    left_out = [f"{count:,} {reason}" for reason, count in report.counts.reasons.items() if count]
    gap = [f"largest gap {report.largest_gap_seconds:,.0f} s"] if report.holes else []
    return ", ".join([*left_out, *gap, *(flag.value for flag in report.flags), *filter(None, [day.error])])
