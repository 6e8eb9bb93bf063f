"""The integrity report of a recorded market: its intake's reasons under the report's names. Rule: ST-109."""

from __future__ import annotations

import numpy as np

from gammacore.adapters.recorded.market import Intake, RecordedMarket
from gammacore.domain.study.integrity import REASONS, DayIntegrity, Known, RowCounts, day_integrity

OF_ANOTHER_DAY = ("other_date", "other_underlying", "filtered")
"""Rows that are none of the day's."""

UNREADABLE = (
    "short_row", "long_row", "unreadable_row", "unreadable_time", "unreadable_occ_symbol", "unreadable_expiry",
    "ambiguous_expiry", "unreadable_right", "unusable_strike", "expiry_before_quote", "expiry_beyond_ten_years",
)  # fmt: skip
"""Rows of which not even the contract or the time could be read."""

UNUSABLE = ("unreadable", "crossed", "no_ask", "negative", "missing")


def row_counts(intake: Intake) -> RowCounts:
    """The rows of a day: used, and by reason. Every row is used or has one reason; those of `no_bid` are used."""
    reasons = dict.fromkeys(REASONS, 0)
    reasons["unreadable"] = sum(intake[reason] for reason in UNREADABLE)
    for reason in ("other_expiry", "exact_duplicate", "conflicting_duplicate"):
        reasons[reason] = intake[reason]
    for reason, count in intake.quality.items():
        reasons[reason] += count
    if intake["adjusted"]:
        reasons["adjusted"] = intake["adjusted"]
    rows = intake.rows - sum(intake[reason] for reason in OF_ANOTHER_DAY)
    used = intake.used - sum(intake.quality.get(reason, 0) for reason in UNUSABLE)
    return RowCounts(rows, used, reasons, intake.contracts)


def integrity(market: RecordedMarket) -> DayIntegrity:
    """The report of a recorded day."""
    session = market.session
    priced = [
        since
        for since, seen in zip(market.spots.since, market.spots.values, strict=True)
        if seen is not None and session.open <= since <= session.close
    ]
    known = Known(
        open_interest=_has_interest(market),
        price=bool(priced),
        vix=market.vix.at(session.close) is not None,
        settlement=session.date in market.prints,
    )
    return day_integrity(session, market.times, row_counts(market.intake), known)


def _has_interest(market: RecordedMarket) -> bool:
    chains = (market.chains.build(index) for index in range(len(market.times)))
    return any(chain is not None and bool(np.any(chain.open_interest > 0)) for chain in chains)
