"""What a day's data is worth: its rows by what became of them, its instants and gaps, and flags. Rule: ST-109."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import pairwise
from statistics import median
from typing import Any

from attrs import field, frozen

from gammacore.domain.sessions import TradingSession

EDGE_SECONDS = 900.0
"""A day that begins so much after the open, or ends so much before the close, is flagged; seconds. Ours."""

HOLE_STEPS = 2.0
"""A gap of more median steps than this is a hole."""

REASONS = (
    "unreadable", "other_expiry", "exact_duplicate", "conflicting_duplicate", "crossed", "no_ask", "negative",
    "missing", "no_bid",
)  # fmt: skip
"""What became of rows that were not used; those of `no_bid` were: nobody bids, and the quote is usable."""


class DayFlag(StrEnum):
    """Why a day is not whole."""

    LATE_START = "late_start"
    EARLY_END = "early_end"
    HOLES = "holes"
    CROSSED = "crossed"
    NO_OPEN_INTEREST = "no_open_interest"
    NO_PRICE = "no_price"
    NO_VIX = "no_vix"
    NO_SETTLEMENT = "no_settlement"


@frozen
class RowCounts:
    """Rows of a day's chain, one a contract and time: `used` have a usable quote, the others a reason."""

    rows: int
    used: int
    reasons: Mapping[str, int]
    contracts: int


@frozen
class Known:
    """What stands beside the quotes of a day."""

    open_interest: bool
    price: bool
    vix: bool
    settlement: bool


@frozen
class DayIntegrity:
    """The report of one day. Gaps in seconds; `step_seconds` None where there are not two instants."""

    counts: RowCounts
    instants: int
    step_seconds: float | None
    holes: int
    largest_gap_seconds: float
    head_seconds: float
    tail_seconds: float
    flags: tuple[DayFlag, ...] = field(default=())

    def document(self) -> dict[str, Any]:
        """As it stands in documents and in the store's index; keys of ST-801."""
        counts = self.counts
        return {
            "rows": counts.rows, "used": counts.used, "reasons": dict(counts.reasons), "instants": self.instants,
            "contracts": counts.contracts, "step_seconds": self.step_seconds, "holes": self.holes,
            "largest_gap_seconds": self.largest_gap_seconds, "head_seconds": self.head_seconds,
            "tail_seconds": self.tail_seconds, "flags": [flag.value for flag in self.flags],
        }  # fmt: skip

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> DayIntegrity:
        """The report that `to_json` told."""
        counts = RowCounts(told["rows"], told["used"], told["reasons"], told["contracts"])
        return cls(
            counts, told["instants"], told["step_seconds"], told["holes"], told["largest_gap_seconds"],
            told["head_seconds"], told["tail_seconds"], tuple(map(DayFlag, told["flags"])),
        )  # fmt: skip


def day_integrity(
    session: TradingSession, times: Sequence[dt.datetime], counts: RowCounts, known: Known
) -> DayIntegrity:
    """The report of a day whose instants are `times`, ascending.

    >>> session = TradingSession.of(dt.date(2026, 7, 23))
    >>> times = [session.open + dt.timedelta(minutes=minutes) for minutes in (20, 25, 30, 45)]
    >>> report = day_integrity(session, times, RowCounts(4, 4, {}, 1), Known(True, True, True, True))
    >>> report.step_seconds, report.holes, report.largest_gap_seconds, [str(flag) for flag in report.flags]
    (300.0, 1, 900.0, ['late_start', 'early_end', 'holes'])
    """
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    step = median(gaps) if gaps else None
    holes = sum(gap > HOLE_STEPS * step for gap in gaps) if step is not None else 0
    whole = (session.close - session.open).total_seconds()
    head = max(0.0, (times[0] - session.open).total_seconds()) if times else whole
    tail = max(0.0, (session.close - times[-1]).total_seconds()) if times else whole
    flags = {
        DayFlag.LATE_START: head > EDGE_SECONDS,
        DayFlag.EARLY_END: tail > EDGE_SECONDS,
        DayFlag.HOLES: holes > 0,
        DayFlag.CROSSED: counts.reasons.get("crossed", 0) > 0,
        DayFlag.NO_OPEN_INTEREST: not known.open_interest,
        DayFlag.NO_PRICE: not known.price,
        DayFlag.NO_VIX: not known.vix,
        DayFlag.NO_SETTLEMENT: not known.settlement,
    }
    return DayIntegrity(
        counts, len(times), step, holes, max(gaps, default=0.0), head, tail,
        tuple(flag for flag, raised in flags.items() if raised),
    )  # fmt: skip
