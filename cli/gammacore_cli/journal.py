"""`gammacore journal`: each trade and each skip, with every filter's verdict."""

from __future__ import annotations

import datetime as dt
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gammacore_cli.frame import Frame, common_options
from gammacore_cli.options import DATE
from gammacore_cli.output import emit
from gammacore_cli.which_ledger import head_of, ledger_options, means, show_others

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from gammacore.domain.reports.day_report import DayReport
    from gammacore.domain.reports.trade_figures import TradeRecord
    from gammacore.wiring import LedgerChoice, LedgerPlace

log = logging.getLogger(__name__)


@click.command("journal")
@click.option(
    "--day", type=DATE, metavar="D", help="One New York date, like 2026-08-19 (default: every day of the ledger)."
)
@click.option("--csv", "csv_file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Also write the credit spreads as the journal CSV.")  # fmt: skip
@click.option("--brief", is_flag=True, help="One line for each trade and each skip; --json stays the same.")
@common_options
@ledger_options()
def journal(frame: Frame, asked: LedgerChoice, day: dt.date | None, csv_file: Path | None, brief: bool) -> None:
    """List each trade and each skip with its reason, and with --brief in one line each.

    Of a hedging ledger every intent, halt, alarm and change of the regime is listed.
    """
    from gammacore import wiring
    from gammacore.domain.reports.day_report import day_report, day_reports
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
            {**head.document, **hedge_ledger.journal_document(hedged, day, path)}, frame.as_json,
            lambda: (hedge_ledger_view.brief_view if brief else hedge_ledger_view.journal_view)(hedged, day, path),
        )  # fmt: skip
        show_others(frame, chosen.others)
        return
    reports = day_reports(events) if day is None else (day_report(events, day),)
    if csv_file is not None:
        _write(csv_file, reports)
    head.show(frame)
    document = {**head.document, **journal_document(reports, path)}
    emit(document, frame.as_json, lambda: (_lines if brief else _view)(reports, path))
    show_others(frame, chosen.others)


def _write(csv_file: Path, reports: Sequence[DayReport]) -> None:
    from gammacore.adapters.journal_csv import write_journal
    from gammacore.domain.reports.trade_record import TradeLine
    from gammacore_cli.documents import trades_of

    records = trades_of(reports)
    spreads = [record for record in records if isinstance(record, TradeLine)]
    write_journal(csv_file, reports[-1].account if reports else "", spreads)
    log.info("%d trades written to %s", len(spreads), csv_file)
    if left_out := [record.id for record in records if not isinstance(record, TradeLine)]:
        log.warning(
            "left out of %s, whose columns are those of credit spreads: %s (`gammacore journal --json` has them)",
            csv_file, ", ".join(left_out),
        )  # fmt: skip


def _view(reports: Sequence[DayReport], path: LedgerPlace) -> RenderableType:
    from rich.console import Group

    from gammacore_cli.day_view import day_panel, filters_table

    if not reports:
        return f"{path}: no trading day yet"
    parts: list[RenderableType] = []
    for report in reports:
        parts.append(day_panel(report))
        for entry in report.scheduled:
            parts += ["", filters_table(entry)]
    return Group(*parts)


def _lines(reports: Sequence[DayReport], path: LedgerPlace) -> str:
    """A line for each trade, as it last stood, and for each scheduled entry that was not filled, by time."""
    from gammacore.domain.judged_entry import EntryOutcome
    from gammacore_cli.documents import trades_of
    from gammacore_cli.numbers_view import date_hour

    lines = [(record.opened, _trade_line(record)) for record in trades_of(reports)]
    lines += [
        (entry.scheduled_at, entry.sentence)
        for report in reports
        for entry in report.scheduled
        if entry.outcome is not EntryOutcome.FILLED
    ]
    if not lines:
        return f"{path}: no trade and no scheduled entry yet"
    return "\n".join(f"{date_hour(at)}  {words}" for at, words in sorted(lines))


def _trade_line(record: TradeRecord) -> str:
    """What was traded, how it ended and what it came to, dollars gross."""
    from gammacore.domain.dollars import signed_dollars
    from gammacore.domain.reports.inventory_words import title
    from gammacore.domain.reports.trade_record import TradeLine

    if isinstance(record, TradeLine):
        plan, ended = record.plan, record.exit
        what = f"{plan.strategy} {record.strikes}  {record.contracts} x ${record.credit:.2f}"
        return what + ("  open" if ended is None else _end(ended.at, ended.reason, signed_dollars(ended.gross)))
    what, end = title(record), record.end
    return what + ("  open" if end is None else _end(end.at, end.reason, signed_dollars(end.gross)))


def _end(at: dt.datetime, reason: str, gross: str) -> str:
    from gammacore_cli.numbers_view import date_hour

    return f"  closed {date_hour(at)} {reason}  {gross}"
