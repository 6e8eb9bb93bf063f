"""The journal as CSV of section 6: one row a credit spread, fourteen columns, then Position_Size; sizing reads it back.

The columns are those of a trade's figures; a figure with a column that section 6 does not know comes after them.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable
from pathlib import Path

from gammacore.domain.reports.figures import Figure, Unit
from gammacore.domain.reports.trade_views import trade_figures
from gammacore.domain.reports.trades import Trade
from gammacore.domain.sessions import NEW_YORK
from gammacore.domain.spreads import to_cents
from gammacore.errors import StorageError

COLUMNS = (
    "Timestamp_ET", "Trade_ID", "Account_ID", "Strategy", "Strikes", "Entry_Credit", "Confidence", "TP%", "Exit_Time",
    "Exit_Value", "P/L_$", "P/L_%", "Exit_Reason", "Duration_Min", "Position_Size",
)  # fmt: skip


def write_journal(path: Path, account: str, trades: Iterable[Trade]) -> None:
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


def journal_text(account: str, trades: Iterable[Trade]) -> str:
    """The header and one row a credit spread; exit fields are blank while it is open."""
    spreads = [_cells(account, trade) for trade in trades if trade.sold is not None]
    columns = list(dict.fromkeys((*COLUMNS, *(column for cells in spreads for column in cells))))
    lines = io.StringIO()
    rows = csv.DictWriter(lines, columns, restval="", lineterminator="\n")
    rows.writeheader()
    rows.writerows(spreads)
    return lines.getvalue()


def _cells(account: str, trade: Trade) -> dict[str, str]:
    figures = {figure.column: _cell(figure) for figure in trade_figures(trade) if figure.column}
    return {"Account_ID": account, **figures}


def _cell(figure: Figure) -> str:
    value = figure.value
    if value is None:
        return ""
    match figure.unit:
        case Unit.INSTANT:
            return f"{value.astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S}"
        case Unit.POINTS | Unit.DOLLARS:
            return f"{to_cents(value) + 0}"
        case Unit.GAIN:
            return f"{to_cents(value) + 0:+.2f}"
        case Unit.PART:
            return f"{float(value):.0%}"
        case Unit.RETURN:
            return f"{float(value) * 100 + 0.0:+.1f}%"
        case _:
            return str(value)
