"""`gammacore dashboard`: the page on this machine, and its control token."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import click

from gammacore_cli.frame import Frame, common_options
from gammacore_cli.output import emit, show
from gammacore_cli.which_ledger import ledger_options, means

if TYPE_CHECKING:
    from gammacore.wiring import LedgerChoice

log = logging.getLogger("gammacore")


@click.group("dashboard", invoke_without_command=True)
@click.option("--port", type=click.IntRange(1, 65535), metavar="P", help="Port (default: 10000).")
@click.option(
    "--host", metavar="H", help="Address (default: 127.0.0.1); another needs a token and dashboard.allow_hosts."
)
@common_options
@ledger_options()
def dashboard(frame: Frame, asked: LedgerChoice, port: int | None, host: str | None) -> None:
    """Serve the page: the day, positions with live marks and stops, filters, dealer gamma, journal, performance.

    It reads ledgers and what loops publish beside them, holds no credential and writes nothing. Ctrl-C ends it.
    """
    if click.get_current_context().invoked_subcommand is not None:
        return
    from gammacore import wiring

    frame.choose(
        {"dashboard.port": port, "dashboard.host": host}, {"dashboard.port": "--port", "dashboard.host": "--host"}
    )
    chosen = None
    if asked.place is not None or asked.mode is not None:
        chosen = means(frame, asked, wiring.Use.READ, "dashboard").one
    server = wiring.page_server(frame.settings, chosen)
    if not frame.quiet:
        show(f"{server.address}  Ctrl-C ends it{server.advice}")
    server.run()


@dashboard.command("token")
@click.option("--new", is_flag=True, help="Make a new token; the old one is worth nothing any more.")
@common_options
def token(frame: Frame, new: bool) -> None:
    """Show whether there is a control token, or make one: it is shown once, and only its SHA-256 is kept."""
    from gammacore import wiring

    if not new:
        there = bool(wiring.token_hash(frame.settings))
        emit({"token": there}, frame.as_json, lambda: "there is a token" if there else "no token; make one with --new")
        return
    made = wiring.new_token(frame.settings)
    emit({"token": made}, frame.as_json, lambda: f"{made}\nshown this once; set dashboard.controls = true to use it")
