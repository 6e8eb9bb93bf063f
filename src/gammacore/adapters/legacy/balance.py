"""Read the old `account_balance.json`: the balance, and the last trades per contract. Section 6, Legacy balance."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

from attrs import frozen

from gammacore.adapters.legacy.records import Fields, Refusal, load_json
from gammacore.errors import InvalidInput

LARGEST_BALANCE = Decimal(1_000_000_000)


@frozen
class LegacyBalance:
    """What the old desk knew of its account: dollars, and its last trades (gross P/L per contract, oldest first).

    `total_trades` counts all it ever closed. `updated` is None where the file does not say.
    """

    balance: Decimal
    results: tuple[Decimal, ...]
    total_trades: int
    updated: dt.datetime | None = None


def read_balance(path: Path) -> tuple[LegacyBalance | None, tuple[Refusal, ...]]:
    """The balance with its trades; None when the file does not say it: nothing stands in for it. Rule: CS-609.

    Raises:
        MissingData: the file cannot be read.
    """
    refused: list[Refusal] = []
    try:
        fields = Fields(load_json(path))
        balance = fields.number("balance")
        if not 0 <= balance < LARGEST_BALANCE:
            raise InvalidInput("balance", balance, f"give dollars from 0 to below {LARGEST_BALANCE}")
        rows = fields.rows("trades") if "trades" in fields else []
        results = _results(rows, path.name, refused)
        total = fields.count("total_trades", len(rows)) if "total_trades" in fields else len(rows)
        updated = fields.time("last_updated") if "last_updated" in fields else None
    except InvalidInput as wrong:
        return None, (*refused, Refusal.of(wrong, path.name))
    return LegacyBalance(balance, results, total, updated), tuple(refused)


def _results(rows: list[Any], file: str, refused: list[Refusal]) -> tuple[Decimal, ...]:
    """P/L per contract of each trade, in order of time; one without a number or a time is refused."""
    timed: list[tuple[dt.datetime, Decimal]] = []
    for index, row in enumerate(rows):
        try:
            trade = Fields(row)
            timed.append((trade.time("timestamp"), trade.number("pnl")))
        except InvalidInput as wrong:
            refused.append(Refusal.of(wrong, file, index=index))
    return tuple(pnl for _, pnl in sorted(timed, key=lambda pair: pair[0]))
