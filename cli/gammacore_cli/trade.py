"""`gammacore trade`: a trading day, simulated by default, ending in a readable report."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from gammacore_cli.frame import Frame, common_options
from gammacore_cli.market_options import choose_market, market_options
from gammacore_cli.output import emit


@click.command("trade")
@click.option("--strategy", type=click.Choice(["credit-spread"]), default="credit-spread", show_default=True)
@market_options
@click.option("--broker", type=click.Choice(["fake"]), default="fake", show_default=True)
@click.option("--once", is_flag=True, help="One cycle, then stop; the day can be taken up again.")
@click.option("--ledger", type=click.Path(path_type=Path), metavar="FILE", help="The ledger; else a fresh one.")
@common_options
def trade(frame: Frame, strategy: str, broker: str, once: bool, ledger: Path | None, **market: Any) -> None:
    """Trade a day. Without options: a simulated SPX 0DTE day on the fake broker."""
    import logging

    from gammacore import wiring
    from gammacore.domain.day_report import day_report
    from gammacore_cli.documents import trade_document

    choose_market(frame, market)
    date = wiring.trading_date(frame.settings)
    path = ledger or frame.new_run(f"{frame.settings.market.underlying.lower()}-{date:%Y%m%d}")
    day = wiring.wire_day(frame.configuration, path, logger=logging.getLogger("gammacore"))
    try:
        if once:
            day.trade.once()
        else:
            with progress(frame, day.session.open, day.session.close) as on_cycle:
                day.trade(on_cycle)
        report = day_report(day.storage.events(), date)
    finally:
        day.close()

    def view() -> object:
        from gammacore_cli.day_view import day_panel

        return day_panel(report, path)

    emit(trade_document(report, path), frame.as_json, view)


@contextmanager
def progress(frame: Frame, start: dt.datetime, end: dt.datetime) -> Iterator[Callable[[dt.datetime], None] | None]:
    """A bar over the session on stderr; none when stderr is no terminal or --quiet."""
    if frame.quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("trading"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn(),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip
    with bar:
        task = bar.add_task("trading", total=(end - start).total_seconds())

        def on_cycle(now: dt.datetime) -> None:
            bar.update(task, completed=(now - start).total_seconds())

        yield on_cycle
