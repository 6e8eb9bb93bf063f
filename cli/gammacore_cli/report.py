"""`gammacore report`: the figures of a ledger, and one page with its pictures."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from gammacore_cli.frame import Frame, common_options
from gammacore_cli.market_options import choose_market, market_options
from gammacore_cli.output import emit
from gammacore_cli.which_ledger import head_of, ledger_options, means, show_others

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gammacore.domain.reports.day_report import DayReport
    from gammacore.domain.reports.trade_figures import TradeFigures
    from gammacore.wiring import LedgerChoice, LedgerPlace

log = logging.getLogger(__name__)


@click.command("report")
@click.option("--html", "page", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write the newest day as one self-contained page.")  # fmt: skip
@market_options
@common_options
@ledger_options()
def report(frame: Frame, asked: LedgerChoice, page: Path | None, **market: Any) -> None:
    """Show the figures of a ledger, or write its newest day as a page with charts."""
    from gammacore import wiring
    from gammacore.domain.reports.day_report import day_reports
    from gammacore.errors import MissingData
    from gammacore_cli.documents import report_document, trades_of
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
    head = head_of(frame, chosen.one)
    if page is not None:
        _write(frame, page, reports[-1])
    head.show(frame)
    document = {**head.document, **report_document(reports, path), "reviews": reviews_document(trades_of(reports))}
    emit(document, frame.as_json, lambda: _view(reports, path))
    show_others(frame, chosen.others)


def _write(frame: Frame, page: Path, newest: DayReport) -> None:
    from gammacore.adapters.html_report import render_day, write_page
    from gammacore_cli.traded_market import traded_market

    market = traded_market(frame.settings, newest)
    if not market.prices:
        log.info("market %s is not at hand; the picture joins the prices of the ledger (see --market)", newest.market)
    survey = market.survey
    exposure, flips = (None, ()) if survey is None else (survey.exposure, survey.flips.roots)
    write_page(page, render_day(newest, market.prices, exposure, flips=flips))
    log.info("report of %s written to %s", newest.date, page)


def _view(reports: Sequence[DayReport], path: LedgerPlace) -> RenderableType:
    from rich.console import Group

    from gammacore.domain.reports.trade_figures import TradeFigures, by_strategy
    from gammacore_cli.day_view import day_panel
    from gammacore_cli.documents import trades_of
    from gammacore_cli.reviews import reviews_table

    trades = trades_of(reports)
    parts: list[RenderableType] = [day_panel(reports[-1], path)]
    if len(reports) > 1:
        parts += ["", _days_table(reports)]
    if trades:
        groups = {"all": TradeFigures.of(trades), **by_strategy(trades)}
        parts += ["", _statistics_table(groups, reports), "", reviews_table(trades)]
    return Group(*parts)


def _days_table(reports: Sequence[DayReport]) -> RenderableType:
    from rich.table import Table

    from gammacore.domain.dollars import dollars
    from gammacore_cli.numbers_view import amount

    table = Table(title="Days", title_justify="left")
    for column in ("date", "entries", "exits", "skipped", "P/L", "fees", "balance"):
        table.add_column(column, justify="left" if column == "date" else "right")
    for day in reports:
        table.add_row(str(day.date), str(day.entries), str(day.ended), str(sum(day.skipped.values())),
                      amount(day.pnl), dollars(day.fees), dollars(day.balance))  # fmt: skip
    return table


COLUMNS = ("strategy", "trades", "open", "won", "lost", "rate", "win", "loss", "factor", "P/L")


def _statistics_table(groups: Mapping[str, TradeFigures], reports: Sequence[DayReport]) -> RenderableType:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from gammacore.domain.dollars import dollars
    from gammacore_cli.documents import ledger_drawdown
    from gammacore_cli.numbers_view import amount, factor, fall_text, percent

    fall = fall_text(ledger_drawdown(reports))
    caption = f"win and loss are averages, gross of fees; drawdown from the running peak: {fall}"
    table = Table(title="Statistics", title_justify="left", box=SIMPLE_HEAD, caption=caption, caption_justify="left",
                  collapse_padding=True, pad_edge=False)  # fmt: skip
    for column in COLUMNS:
        table.add_column(column, justify="left" if column == "strategy" else "right", no_wrap=True)
    for tag, figures in groups.items():
        table.add_row(
            tag, str(figures.trades), str(figures.open), str(figures.wins), str(figures.losses),
            percent(figures.win_rate), dollars(figures.average_win or Decimal(0)),
            dollars(figures.average_loss or Decimal(0)), factor(figures), amount(figures.pnl),
        )  # fmt: skip
    return table
