"""A day of a backtest as its run keeps it: what was traded and judged, or why not. Rules: ST-201, ST-209."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from gammacore.domain.study.record import ClosedTrade


class DayStatus(StrEnum):
    """What became of a session that the run asked for."""

    TRADED = "traded"
    """By the loop, to its end; also without an entry."""
    FAILED = "failed"
    """Something was raised, or its worker died thrice: never a day without trades."""
    LEFT_OUT = "left_out"
    """Its data has a flag, and only whole days were asked for."""


@frozen
class DayResult:
    """One finished day. `error` is "" of a day that was traded; balances in dollars, None where none was reached.

    `carry_in` and `carry_out` are hashes of what was taken over and handed on, "" where nothing is. `ledger_events` is
    how many events the run's ledger has after it. `skipped` counts entries by the code of their reason, `unknown`
    verdicts by filter, `entries` all that were judged.
    `decisions` are the judged entries as plain values, one a line of decisions.ndjson. `account` is the account at the
    exchange as the day left it.
    """

    date: dt.date
    status: DayStatus
    error: str = ""
    market: str = ""
    data_hash: str = ""
    carry_in: str = ""
    carry_out: str = ""
    opening_balance: Decimal | None = None
    balance: Decimal | None = None
    trades: tuple[ClosedTrade, ...] = ()
    skipped: Mapping[str, int] = field(factory=dict)
    unknown: Mapping[str, int] = field(factory=dict)
    entries: int = 0
    flags: tuple[str, ...] = ()
    decisions: tuple[Mapping[str, Any], ...] = ()
    account: Mapping[str, Any] | None = None
    ledger_events: int = 0

    @property
    def net(self) -> Decimal:
        """Dollars after fees of the trades that ended on the day."""
        return sum((trade.net for trade in self.trades), Decimal(0))
