"""`gammacore journal`: each trade and each skip, with every filter's verdict."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gammacore_cli.day_options import day_options
from gammacore_cli.frame import Frame, common_options
from gammacore_cli.output import emit
from gammacore_cli.which_ledger import head_of, ledger_options, means, show_others

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from gammacore.domain.reports.day_range import DayRange
    from gammacore.domain.reports.day_report import DayReport
    from gammacore.wiring import LedgerChoice, LedgerPlace

log = logging.getLogger(__name__)


@click.command("journal")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Also write the credit spreads as the journal CSV.")  # fmt: skip
@click.option("--brief", is_flag=True, help="One line for each trade and each skip; --json stays the same.")
@common_options
@day_options
@ledger_options()
def journal(frame: Frame, asked: LedgerChoice, days: DayRange, csv_file: Path | None, brief: bool) -> None:
    """List each trade and each skip of the days meant (default: every day), with its reason; --brief: a line each.

    Of a hedging ledger every intent, halt, alarm and change of the regime is listed.
    """
    from gammacore import wiring
    from gammacore.domain.reports.day_report import day_reports
    from gammacore_cli import hedge_ledger, hedge_ledger_view
    from gammacore_cli.documents import journal_document

    chosen = means(frame, asked, wiring.Use.READ, "journal")
    path = chosen.one.place
    events = wiring.events_of(frame.settings, path)
    head = head_of(frame, chosen.one)
    if hedge_ledger.is_hedge_ledger(events):
        hedged = hedge_ledger.HedgeLedger(events, frame.settings)
        if csv_file is not None:
            _write(csv_file, ())
            log.warning("%s has no credit spread of this ledger; `gammacore journal --json` has its intents", csv_file)
        head.show(frame)
        emit(
            {**head.document, **hedge_ledger.journal_document(hedged, days, path)}, frame.as_json,
            lambda: (hedge_ledger_view.brief_view if brief else hedge_ledger_view.journal_view)(hedged, days, path),
        )  # fmt: skip
        show_others(frame, chosen.others)
        return
    reports = day_reports(events)
    if days.is_given:
        reports = days.of(reports)
    if csv_file is not None:
        _write(csv_file, reports)
    head.show(frame)
    document = {**head.document, **journal_document(reports, path)}
    emit(document, frame.as_json, lambda: _shown(reports, path, brief=brief))
    show_others(frame, chosen.others)


def _write(csv_file: Path, reports: Sequence[DayReport]) -> None:
    from gammacore.adapters.journal_csv import write_journal
    from gammacore.domain.reports.day_report import trades_of

    trades = trades_of(reports)
    write_journal(csv_file, reports[-1].account if reports else "", trades)
    log.info("%d trades written to %s", sum(trade.sold is not None for trade in trades), csv_file)
    if left_out := [trade.id for trade in trades if trade.sold is None]:
        log.warning(
            "left out of %s, whose columns are those of credit spreads: %s (`gammacore journal --json` has them)",
            csv_file, ", ".join(left_out),
        )  # fmt: skip


def _shown(reports: Sequence[DayReport], path: LedgerPlace, *, brief: bool) -> RenderableType:
    from gammacore_cli import day_view

    return day_view.journal_lines(reports, path) if brief else day_view.journal_view(reports, path)
