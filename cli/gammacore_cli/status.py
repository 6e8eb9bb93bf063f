"""`gammacore status`: positions, orders, balance and whether trading is halted."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from gammacore.errors import ConfigurationError, StorageError
from gammacore_cli.frame import Frame, common_options
from gammacore_cli.marks import current_view, marks_document, marks_lines
from gammacore_cli.output import emit, show
from gammacore_cli.which_ledger import head_of, ledger_options, means, others_document, show_others

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gammacore.adapters.kill_file import KillFile
    from gammacore.domain.book.book import Book
    from gammacore.wiring import FoundLedger, LedgerChoice, LedgerPlace


@click.command("status")
@click.option("--watch", type=click.FloatRange(0.5, 3600), metavar="S", help="Show it again every S seconds.")
@common_options
@ledger_options()
def status(frame: Frame, asked: LedgerChoice, watch: float | None) -> None:
    """Show mode, holdings with mark, stop and target, orders, balance and halt state of a ledger.

    Marks and levels are those the loop published last; without a loop they are named with their time. Without a
    choice: the one loop that runs, else the only account ledger, else the configured account's, else the newest study.
    """
    from gammacore_cli.frame import leaving_by_sigterm

    if watch is None:
        _show(frame, asked)
        return
    from gammacore import wiring

    clock = wiring.system_clock()
    with leaving_by_sigterm():
        while True:
            if not frame.as_json:
                click.clear()
            _show(frame, asked)
            clock.wait_until(clock.now() + dt.timedelta(seconds=watch))


def _show(frame: Frame, asked: LedgerChoice) -> None:
    from gammacore import wiring
    from gammacore.domain.book.book import Book
    from gammacore_cli import hedge_ledger, hedge_ledger_view
    from gammacore_cli.documents import status_document

    chosen = means(frame, asked, wiring.Use.READ, "status")
    path = chosen.one.place
    events = wiring.events_of(frame.settings, path)
    head = head_of(frame, chosen.one)
    head.show(frame)
    standing = _standing_kill_files(frame, chosen.one)
    beside: dict[str, object] = {"others": others_document(chosen.others), "kill_files": standing}
    if hedge_ledger.is_hedge_ledger(events):
        hedged = hedge_ledger.HedgeLedger(events, frame.settings)
        document = hedge_ledger.status_document(hedged, path)
        emit(
            {**head.document, **document, **beside}, frame.as_json, lambda: hedge_ledger_view.status_view(hedged, path)
        )
        _show_kill_files(frame, standing)
        show_others(frame, chosen.others)
        return
    book = Book.of(events)
    day_pnl = Decimal(0) if (date := _date(book)) is None else book.realised_on(date)
    now = current_view(wiring.now_of(frame.settings, path), book)
    shown = marks_document(now, events, book, wiring.system_clock().now(), running=chosen.one.writer is not None)
    armed, armed_words = _arming(frame, chosen.one)
    document = {**head.document, **status_document(book, day_pnl, path), **shown, **armed, **beside}
    emit(document, frame.as_json, lambda: status_view(book, day_pnl, path, shown))
    if armed_words and not frame.as_json:
        show(armed_words)
    _show_kill_files(frame, standing)
    show_others(frame, chosen.others)


def _arming(frame: Frame, ledger: FoundLedger) -> tuple[dict[str, object], str]:
    """What is left of a live account's arming, for JSON and in words; nothing for other ledgers. OP-208."""
    from gammacore.domain.ledger import Mode

    if ledger.mode is not Mode.LIVE:
        return {}, ""
    from gammacore.wiring.service.live_arming import arming_left

    try:
        left = arming_left(frame.configuration)
    except ConfigurationError as wrong:
        return {"armed": {"void": str(wrong), "sessions_left": 0}}, str(wrong)
    if left is None:
        return {"armed": None}, "not armed: the service starts no loop on this account"
    document = {
        "account": left.armed.ending, "armed_at": left.armed.armed_at, "last_session": left.armed.last_session,
        "sessions_left": left.sessions_left, "void": left.void or None,
    }  # fmt: skip
    words = left.void or f"armed through {left.armed.last_session}, {left.sessions_left} sessions left"
    return {"armed": document}, words


def _standing_kill_files(frame: Frame, ledger: FoundLedger) -> list[str]:
    """The kill files of a ledger that exist; one that cannot be looked for counts, for a loop stops at it too. R10."""
    from gammacore import wiring

    return [str(file.path) for file in wiring.kill_files(frame.settings, ledger.place, ledger.mode) if _exists(file)]


def _exists(file: KillFile) -> bool:
    try:
        return file.stands()
    except StorageError:
        return True


def _show_kill_files(frame: Frame, standing: list[str]) -> None:
    if not frame.as_json:
        for path in standing:
            show(f"kill file {path}: a loop closes everything and halts, at every start, until the file is removed")


def _date(book: Book) -> dt.date | None:
    """The day the ledger is at: that of its newest event, so that a replayed day is its own."""
    from gammacore.domain.sessions import new_york_date

    return None if book.last_at is None else new_york_date(book.last_at)


def status_view(book: Book, day_pnl: Decimal, path: LedgerPlace, shown: dict[str, Any] | None = None) -> RenderableType:
    """What is held and ordered, marks and levels, the balance, and whether trading is halted."""
    from rich.console import Group
    from rich.markup import escape

    from gammacore.domain.dollars import dollars
    from gammacore.domain.reports.book_views import book_sections
    from gammacore.domain.reports.figures import clock_text
    from gammacore_cli.figures_view import SectionTable, amount

    halted = f"[bold red]halted: {escape(book.halted)}[/]" if book.halted is not None else "[green]not halted[/]"
    if book.breaker_tripped_at is not None:
        halted += f"  [bold red]circuit breaker tripped at {clock_text(book.breaker_tripped_at)} New York[/]"
    day = "no day yet" if book.day is None else f"{book.day.underlying} {book.day.strategy} {book.day.date}"
    as_of = "" if book.last_at is None else f", as of {clock_text(book.last_at)} New York"
    positions, holdings, orders = book_sections(book)
    held: list[RenderableType] = [SectionTable(section) for section in (positions, holdings) if section.rows]
    parts: list[RenderableType] = [
        f"[bold]{dollars(book.balance)}[/]  today {amount(day_pnl)} after fees  {halted}",
        f"[dim]{escape(day)}{as_of} · {escape(str(path))}[/]",
        *(held or ["no open position"]),
        *([] if shown is None else marks_lines(shown)),
        SectionTable(orders) if orders.rows else "no working order",
    ]
    for symbol, quantity in book.quarantined.items():
        parts.append(f"[yellow]quarantined[/] {quantity:+d} {escape(symbol)}")
    return Group(*parts)
