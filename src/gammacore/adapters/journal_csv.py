"""The journal as CSV of section 6: one row a trade, fourteen columns, then Position_Size; sizing reads it back."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

from gammacore.domain.reports.trade_record import TradeLine
from gammacore.domain.sessions import NEW_YORK
from gammacore.domain.spreads import to_cents
from gammacore.errors import StorageError

COLUMNS = (
    "Timestamp_ET", "Trade_ID", "Account_ID", "Strategy", "Strikes", "Entry_Credit", "Confidence", "TP%", "Exit_Time",
    "Exit_Value", "P/L_$", "P/L_%", "Exit_Reason", "Duration_Min", "Position_Size",
)  # fmt: skip


def write_journal(path: Path, account: str, trades: Iterable[TradeLine]) -> None:
    """Write the trades to `path`, all or nothing: the old file stays until the new one is whole.

    Raises:
        StorageError: the file cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(journal_text(account, trades), encoding="utf-8", newline="")
        os.replace(draft, path)
    except OSError as refusal:
        draft.unlink(missing_ok=True)
        raise StorageError(f"{path}: cannot be written ({refusal.strerror or refusal})") from refusal


def journal_text(account: str, trades: Iterable[TradeLine]) -> str:
    """The header and one row a trade; exit fields are blank while it is open."""
    lines = io.StringIO()
    rows = csv.writer(lines, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerows(_row(account, trade) for trade in trades)
    return lines.getvalue()


def _row(account: str, trade: TradeLine) -> list[str]:
    plan, ended = trade.plan, trade.exit
    entry = [
        _new_york(trade.opened), trade.id, account, str(plan.strategy), trade.strikes, f"{to_cents(trade.credit)}",
        str(plan.confidence), _target(trade),
    ]  # fmt: skip
    if ended is None:
        return [*entry, "", "", "", "", "", "", str(trade.contracts)]
    return [
        *entry, _new_york(ended.at), f"{to_cents(ended.value) + 0}", _signed(ended.gross), _return(trade), ended.reason,
        str(trade.minutes), str(trade.contracts),
    ]  # fmt: skip


def _new_york(instant: dt.datetime) -> str:
    return f"{instant.astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S}"


def _target(trade: TradeLine) -> str:
    """The target at the entry; blank for a trade that is held for settlement and has none (CS-551)."""
    if trade.advertised_target is None:
        return ""
    return f"{float(trade.plan.policy.target(0, trade.plan.confidence)):.0%}"


def _signed(amount: Decimal) -> str:
    return f"{to_cents(amount) + 0:+.2f}"


def _return(trade: TradeLine) -> str:
    part = trade.return_on_credit
    return "" if part is None else f"{float(part) * 100 + 0.0:+.1f}%"
