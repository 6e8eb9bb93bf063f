"""`gammacore import-legacy DIR`: what the files of an older desk hold, and a new paper ledger made of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gammacore.errors import ConfigurationError, MissingData
from gammacore_cli.frame import Frame, common_options
from gammacore_cli.options import LEDGER
from gammacore_cli.output import emit

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gammacore.adapters.legacy.importer import LegacyImport
    from gammacore.adapters.legacy.orders import LegacyOrder
    from gammacore.wiring import LedgerPlace


@click.command("import-legacy")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--write", is_flag=True, help="Write the new ledger (default: preview only).")
@click.option("--without-refused", is_flag=True, help="Write what could be read, also when some of it was refused.")
@click.option("--ledger", type=LEDGER, metavar="LEDGER",
              help="New ledger, which must not exist (default: the configured paper ledger).")  # fmt: skip
@common_options
def import_legacy(frame: Frame, folder: Path, write: bool, without_refused: bool, ledger: LedgerPlace | None) -> None:
    """Read old orders.json, account_balance.json and trades.csv in DIR; report what is refused, and why."""
    from gammacore.adapters.legacy.importer import read_legacy
    from gammacore.wiring import account_ledger

    preview = read_legacy(folder)
    written = None
    if write and not preview.is_empty:
        written = _write(frame, preview, ledger or account_ledger(frame.settings), without_refused)
    emit(legacy_document(preview, written), frame.as_json, lambda: _view(preview, written))
    if preview.is_empty:
        raise MissingData(f"{folder}: nothing in it could be read; {preview.refused[0]}")


def _write(frame: Frame, preview: LegacyImport, path: LedgerPlace, without_refused: bool) -> LedgerPlace:
    """Make the ledger; nothing is written over."""
    import secrets

    from gammacore.domain.book.book import Book
    from gammacore.wiring import ledger_exists, open_storage, system_clock

    settings = frame.settings
    if ledger_exists(settings, path):
        raise ConfigurationError(f"{path} exists already; name a new one with --ledger")
    if preview.refused and not without_refused:
        count, first = len(preview.refused), preview.refused[0]
        raise MissingData(f"{count} refused, first {first}; correct the files, or add --without-refused")
    events = preview.events(
        system_clock().now(),
        account=settings.account.id,
        lineage=secrets.token_hex(8),
        policy=settings.stops,
        starting_capital=settings.sizing.starting_capital,
    )
    Book.of(events)  # what does not fold is not written
    try:
        if isinstance(path, Path):
            path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as wrong:
        raise ConfigurationError(f"{path}: cannot be written ({wrong.strerror}); name another --ledger") from wrong
    storage = open_storage(settings, path)
    try:
        storage.append(events, 0)
    finally:
        storage.close()
    return path


def legacy_document(preview: LegacyImport, written: LedgerPlace | None) -> dict[str, object]:
    """The preview as JSON: money as strings, prices as numbers; `ledger` null until one is written."""
    from gammacore_cli.json_values import clock, money

    balance, journal = preview.balance, preview.journal
    return {
        "found": list(preview.found),
        "balance": None if balance is None else money(balance.balance),
        "balance_updated": None if balance is None or balance.updated is None else clock(balance.updated),
        "positions": [_position(order) for order in preview.positions],
        "history": {
            "source": preview.history_source or None,
            "trades": len(preview.history),
            "total_trades": preview.total_trades,
            "wins": sum(result > 0 for result in preview.history),
            "losses": sum(result <= 0 for result in preview.history),
            "pl_per_contract": [money(result) for result in preview.history],
        },
        "journal": None if journal is None else {
            "columns": journal.columns, "trades": len(journal.trades), "open": journal.open,
        },
        "refused": [
            {"file": each.file, "line": each.line, "index": each.index, "field": each.field, "reason": each.reason}
            for each in preview.refused
        ],
        "notes": list(preview.notes),
        "ledger": None if written is None else str(written),
    }  # fmt: skip


def _position(order: LegacyOrder) -> dict[str, object]:
    from gammacore_cli.json_values import clock, leg, money, number

    watch = order.watch
    return {
        "id": order.order_id,
        "strategy": order.strategy.value,
        "underlying": order.spread.underlying,
        "strikes": order.spread.strikes,
        "legs": [leg(one) for one in order.spread.opening_legs],
        "contracts": order.contracts,
        "credit": money(order.credit),
        "opened": clock(order.opened_at),
        "best_profit": None if watch.best_profit is None else number(watch.best_profit),
        "trailing_armed": watch.trailing_armed,
        "hold": watch.hold,
        "closing": order.closing or None,
        "orphan": order.orphan,
        "unknown_underlying": order.unknown_underlying,
    }


def _view(preview: LegacyImport, written: LedgerPlace | None) -> RenderableType:
    from rich.console import Group

    from gammacore.domain.dollars import dollars

    balance = "not known" if preview.balance is None else dollars(preview.balance.balance)
    source = f" from {preview.history_source}" if preview.history else ""
    parts: list[RenderableType] = [
        f"found {', '.join(preview.found)}",
        f"balance {balance}; {len(preview.history)} trades of record{source}, {preview.total_trades} in all",
        _positions_table(preview) if preview.positions else "no open position",
    ]
    if preview.refused:
        parts.append(_refused_table(preview))
    parts += list(preview.notes)
    parts.append(f"written to {written}" if written else "nothing is written; add --write to make the ledger")
    return Group(*parts)


def _positions_table(preview: LegacyImport) -> RenderableType:
    from rich.table import Table

    table = Table(title="open positions")
    for column in ("id", "strategy", "strikes", "expiry", "contracts", "credit", "remembered"):
        table.add_column(column)
    for order in preview.positions:
        watch = order.watch
        remembered = [
            "" if watch.best_profit is None else f"best profit {watch.best_profit:.0%}",
            "trailing armed" if watch.trailing_armed else "",
            "held for settlement" if watch.hold else "",
            f"closing: {order.closing}" if order.closing else "",
        ]
        table.add_row(
            order.order_id, order.strategy.value, order.spread.strikes, str(order.spread.sides[0].short.expiry),
            str(order.contracts), f"{order.credit:.2f}", ", ".join(filter(None, remembered)),
        )  # fmt: skip
    return table


def _refused_table(preview: LegacyImport) -> RenderableType:
    from rich.table import Table

    table = Table(title="refused")
    for column in ("file", "where", "field", "reason"):
        table.add_column(column, overflow="fold")
    for each in preview.refused:
        where = f"entry {each.index}" if each.index is not None else f"line {each.line}" if each.line else ""
        table.add_row(each.file, where, each.field, each.reason)
    return table
