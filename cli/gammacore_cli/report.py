"""`gammacore report`: the figures of a ledger, and one page with its pictures."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from gammacore_cli.day_options import day_options
from gammacore_cli.frame import Frame, common_options
from gammacore_cli.market_options import choose_market, market_options
from gammacore_cli.output import emit
from gammacore_cli.which_ledger import head_of, ledger_options, means, show_others

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gammacore.domain.reports.day_range import DayRange
    from gammacore.domain.reports.day_report import DayReport
    from gammacore.wiring import LedgerChoice, LedgerPlace

log = logging.getLogger(__name__)


@click.command("report")
@click.option("--html", "page", type=click.Path(path_type=Path), metavar="FILE|DIR",
              help="Write one day (the newest, or --day) as one self-contained page; of several a page each, and an "
                   "index.")  # fmt: skip
@market_options
@common_options
@day_options
@ledger_options()
def report(frame: Frame, asked: LedgerChoice, days: DayRange, page: Path | None, **market: Any) -> None:
    """Show the figures of a ledger, of every day or of those meant, or write them as pages with charts."""
    from gammacore import wiring
    from gammacore.domain.reports.day_report import day_reports, trades_of
    from gammacore.errors import MissingData
    from gammacore_cli.documents import report_document
    from gammacore_cli.hedge_ledger import is_hedge_ledger
    from gammacore_cli.reviews import reviews_document

    choose_market(frame, market)
    chosen = means(frame, asked, wiring.Use.READ, "report")
    path = chosen.one.place
    events = wiring.events_of(frame.settings, path)
    if is_hedge_ledger(events):
        raise MissingData(
            f"{path}: kept by `gammacore hedge`, whose host has the money: there are no trading days to report; "
            f"`gammacore status --ledger {quote(str(path))}` shows what is held, `gammacore journal` each intent"
        )
    reports = day_reports(events)
    if not reports:
        raise MissingData(f"{path}: no trading day yet; run `gammacore trade` first")
    if days.is_given:
        reports = days.of(reports)
    head = head_of(frame, chosen.one)
    if page is not None:
        _write(frame, page, reports if days.is_given and not days.is_one_day else reports[-1:])
    head.show(frame)
    document = {**head.document, **report_document(reports, path), "reviews": reviews_document(trades_of(reports))}
    emit(document, frame.as_json, lambda: _shown(reports, path))
    show_others(frame, chosen.others)


def _write(frame: Frame, page: Path, reports: Sequence[DayReport]) -> None:
    """One page into a file; several, or one into a folder that is there, beside an index."""
    from gammacore import wiring
    from gammacore.adapters.html_report import render_index, write_page

    if len(reports) == 1 and not page.is_dir():
        _write_day(frame, page, reports[0])
        return
    wiring.make_folder(page)
    for report in reports:
        _write_day(frame, page / f"{report.date}.html", report)
    write_page(page / "index.html", render_index(reports))
    log.info("index of %d days written to %s", len(reports), page / "index.html")


def _write_day(frame: Frame, page: Path, day: DayReport) -> None:
    from gammacore.adapters.html_report import render_day, write_page
    from gammacore_cli.traded_market import traded_market

    market = traded_market(frame.settings, day)
    if not market.prices:
        log.info("market %s is not at hand; the picture joins the prices of the ledger (see --market)", day.market)
    survey = market.survey
    exposure, flips = (None, ()) if survey is None else (survey.exposure, survey.flips.roots)
    write_page(page, render_day(day, market.prices, exposure, flips=flips))
    log.info("report of %s written to %s", day.date, page)


def _shown(reports: Sequence[DayReport], path: LedgerPlace) -> RenderableType:
    from gammacore_cli.reviews import report_view

    return report_view(reports, path)
