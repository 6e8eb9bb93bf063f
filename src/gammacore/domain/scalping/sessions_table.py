"""How busy a part of the day is: a rank, and the delta ST0CKG aims at. Rules: SC-003, SC-459.

Times from 15:00 on count back from the real close; a row that moved wins over one that did not.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import IntEnum

from attrs import frozen

from gammacore.domain.sessions import TradingSession, new_york
from gammacore.domain.verdicts import Verdict

MOVES_FROM = dt.time(15)
REGULAR_CLOSE = dt.time(16)
DAY_OF_THE_FED = dt.time(13, 45), dt.time(14, 15)


class Rank(IntEnum):
    """From the quietest part of a session to the wildest."""

    VERY_LOW = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    EXTREME = 4


@frozen
class SessionPart:
    """A row of the table: [start, end) as wall-clock times of a whole day, its rank, and |delta| of ST0CKG's option."""

    start: dt.time
    end: dt.time
    rank: Rank
    delta: Decimal


def _row(start: str, end: str, rank: Rank, delta: str) -> SessionPart:
    return SessionPart(dt.time.fromisoformat(start), dt.time.fromisoformat(end), rank, Decimal(delta))


TABLE = (
    _row("09:30", "11:00", Rank.HIGH, "0.45"),
    _row("11:00", "11:30", Rank.MEDIUM, "0.40"),
    _row("11:30", "13:00", Rank.LOW, "0.35"),
    _row("13:00", "14:30", Rank.VERY_LOW, "0.30"),
    _row("14:30", "15:00", Rank.MEDIUM, "0.40"),
    _row("15:00", "15:45", Rank.HIGH, "0.50"),
    _row("15:45", "16:00", Rank.HIGH, "0.45"),
)
FED_PART = _row("13:45", "14:15", Rank.EXTREME, "0.50")


def session_part(now: dt.datetime, session: TradingSession, *, fed_day: bool = False) -> SessionPart | None:
    """The row of an instant; None outside the session.

    >>> half = TradingSession.of(dt.date(2025, 12, 24), close=dt.time(13))
    >>> session_part(new_york(half.date, dt.time(12, 0)), half).rank
    <Rank.HIGH: 3>
    """
    if not session.is_trading(now):
        return None
    rows = (*((FED_PART,) if fed_day else ()), *sorted(TABLE, key=lambda row: row.start < MOVES_FROM))
    return next((row for row in rows if _placed(row.start, session) <= now < _placed(row.end, session)), None)


def judge_session(now: dt.datetime, session: TradingSession, *, fed_day: bool = False) -> Verdict:
    """`session_quiet` below the middle rank. Rule: SC-459."""
    part = session_part(now, session, fed_day=fed_day)
    if part is None or part.rank < Rank.MEDIUM:
        return Verdict.skip("session_quiet", "closed" if part is None else part.rank.name, f"< {Rank.MEDIUM.name}")
    return Verdict.ok(part.rank.name)


def _placed(time: dt.time, session: TradingSession) -> dt.datetime:
    """A wall-clock time of a whole day on this one."""
    if time < MOVES_FROM:
        return new_york(session.date, time)
    return session.close - (
        dt.datetime.combine(session.date, REGULAR_CLOSE) - dt.datetime.combine(session.date, time)
    )  # fmt: skip
