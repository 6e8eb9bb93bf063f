"""`gammacore status`: positions, orders, balance and whether trading is halted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from gammacore.domain.holdings.holding import without_plan
from gammacore.errors import StorageError
from gammacore_cli.frame import Frame, common_options
from gammacore_cli.output import emit, show
from gammacore_cli.which_ledger import head_of, ledger_options, means, others_document, show_others

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gammacore.adapters.kill_file import KillFile
    from gammacore.domain.book.book import Book
    from gammacore.domain.holdings.holding import AnyHolding
    from gammacore.wiring import FoundLedger, LedgerChoice, LedgerPlace


@click.command("status")
@common_options
@ledger_options()
def status(frame: Frame, asked: LedgerChoice) -> None:
    """Show mode, holdings, working orders, balance and halt state of a ledger.

    Without a choice: the one loop that runs, else the only account ledger, else the configured account's, else the
    newest study.
    """
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
    document = {**head.document, **status_document(book, day_pnl, path), **beside}
    emit(document, frame.as_json, lambda: _view(book, day_pnl, path))
    _show_kill_files(frame, standing)
    show_others(frame, chosen.others)


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


def _view(book: Book, day_pnl: Decimal, path: LedgerPlace) -> RenderableType:
    from rich.console import Group
    from rich.markup import escape

    from gammacore.domain.dollars import dollars
    from gammacore_cli.numbers_view import amount, hour

    halted = f"[bold red]halted: {escape(book.halted)}[/]" if book.halted is not None else "[green]not halted[/]"
    if book.breaker_tripped_at is not None:
        halted += f"  [bold red]circuit breaker tripped at {hour(book.breaker_tripped_at)} New York[/]"
    day = "no day yet" if book.day is None else f"{book.day.underlying} {book.day.strategy} {book.day.date}"
    as_of = "" if book.last_at is None else f", as of {hour(book.last_at)} New York"
    parts: list[RenderableType] = [
        f"[bold]{dollars(book.balance)}[/]  today {amount(day_pnl)} after fees  {halted}",
        f"[dim]{escape(day)}{as_of} · {escape(str(path))}[/]",
        *_holdings(book),
        _orders(book) if book.working_orders else "no working order",
    ]
    for symbol, held in book.quarantined.items():
        parts.append(f"[yellow]quarantined[/] {held:+d} {escape(symbol)}")
    return Group(*parts)


def _holdings(book: Book) -> Iterator[RenderableType]:
    held = [holding for holding in without_plan(book.live_holdings) if holding.has_filled]
    if book.live_spreads:
        yield _positions(book)
    if held:
        yield _inventories(held)
    if not (book.live_spreads or held):
        yield "no open position"


def _inventories(held: Sequence[AnyHolding]) -> RenderableType:
    """Quantities by symbol; what they are worth now is not in a ledger."""
    from rich.markup import escape
    from rich.table import Column, Table

    from gammacore.domain.dollars import dollars
    from gammacore.domain.reports.inventory_words import symbol_in_words
    from gammacore_cli.numbers_view import amount, hour

    table = Table(Column("inventory", no_wrap=True), "strategy", "holds", Column("cost", justify="right"),
                  Column("realised", justify="right"), "since",
                  box=None, padding=(0, 2, 0, 0), header_style="dim")  # fmt: skip
    for one in held:
        holds = "\n".join(f"{quantity:+,d} {symbol_in_words(symbol)}" for symbol, quantity in one.quantities.items())
        cost = sum((lots.cost for lots in one.lots.values()), Decimal(0))
        realised = one.options_realised + one.shares_realised
        table.add_row(escape(one.id), one.owner, holds or "flat, not booked yet", dollars(cost), amount(realised),
                      hour(one.opened_at))  # fmt: skip
    return table


def _positions(book: Book) -> RenderableType:
    from rich.table import Column, Table

    from gammacore.domain.dollars import dollars
    from gammacore_cli.numbers_view import hour

    table = Table(Column("position", no_wrap=True), "sold", Column("credit", justify="right", no_wrap=True),
                  Column("at risk", justify="right", no_wrap=True), "since", "state",
                  box=None, padding=(0, 2, 0, 0), header_style="dim")  # fmt: skip
    for position in book.live_spreads:
        table.add_row(
            position.id, f"{position.open_contracts} × {position.plan.strategy.value} {position.spread.strikes}",
            f"{position.credit:.2f}", dollars(position.maximum_risk), hour(position.opened_at),
            f"{position.state} {position.exit_reason}".strip(),
        )  # fmt: skip
    return table


def _orders(book: Book) -> RenderableType:
    from rich.table import Column, Table

    from gammacore_cli.numbers_view import hour

    table = Table(Column("working order", no_wrap=True), "filled", "limit", "since", "state",
                  box=None, padding=(0, 2, 0, 0), header_style="dim")  # fmt: skip
    for order in book.working_orders:
        ticket = order.ticket
        limit = "market" if ticket.limit is None else f"{ticket.limit} {ticket.effect}"
        filled = f"{order.execution.quantity} of {ticket.quantity}"
        table.add_row(f"{ticket.purpose.value} {ticket.holding}\n[dim]{order.id}[/]", filled, limit,
                      hour(order.intended_at), order.state.value)  # fmt: skip
    return table
