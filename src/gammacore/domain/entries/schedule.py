"""When the desk may look for an entry: times, window, cut-off, half days, Fridays.

Rules: CS-305..308, CS-320, CS-351.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from functools import lru_cache

from attrs import frozen

from gammacore.domain.parameters import parameter
from gammacore.domain.sessions import NEW_YORK, TradingSession
from gammacore.domain.verdicts import Verdict
from gammacore.errors import InvalidInput


class EarlyClosePolicy(StrEnum):
    """What a half day does: skip it, or trade it with every time kept relative to its open and close."""

    SKIP = "skip"
    RELATIVE = "relative"


@frozen
class Schedule:
    """Entries are judged once at each scheduled time, inside [open + 30 min, open + 150 min), at most 600 s late.

    Times are New York wall clock on a full day; they keep their distance from the open (CS-351).

    >>> day = TradingSession.of(dt.date(2026, 8, 19))
    >>> [f"{slot.astimezone(NEW_YORK):%H:%M}" for slot in Schedule().slots(day)]
    ['10:00', '10:30', '11:00', '11:30']
    """

    times: tuple[dt.time, ...] = parameter(
        (dt.time(10), dt.time(10, 30), dt.time(11), dt.time(11, 30)), "Entry times, New York."
    )
    lateness_seconds: int = parameter(600, "A scheduled time is missed when the first look is later.", at_least=0)
    window_from_minutes: int = parameter(30, "Minutes after the open from which entries are allowed.", at_least=0)
    window_to_minutes: int = parameter(150, "Minutes after the open from which they no longer are.", above=0)
    cutoff_minutes: int = parameter(210, "Minutes after the open; holds whatever the window.", above=0)
    least_minutes_to_close: int = parameter(60, "Minutes that must remain to the close.", at_least=0)
    early_close: EarlyClosePolicy = parameter(EarlyClosePolicy.SKIP, "Half days: skip or relative.")

    def __attrs_post_init__(self) -> None:
        if len(set(self.times)) < len(self.times):
            raise InvalidInput("times", ", ".join(f"{time:%H:%M}" for time in self.times), "give each time once")

    def slots(self, session: TradingSession) -> tuple[dt.datetime, ...]:
        """The scheduled instants of a session, UTC, counted from its open."""
        return _slots(tuple(self.times), session.open)

    def judge_early_close(self, session: TradingSession) -> Verdict:
        """A full session, or a half day that may be traded. Rule: CS-305."""
        if session.early_close and self.early_close is EarlyClosePolicy.SKIP:
            close = session.close.astimezone(NEW_YORK)
            return Verdict.skip("early_close", f"closes {close:%H:%M}", "early_close = relative to trade half days")
        return Verdict.ok(f"closes {session.close.astimezone(NEW_YORK):%H:%M}")

    def judge_slot(self, slot: dt.datetime, now: dt.datetime) -> Verdict:
        """The first look at or after the slot, not more than `lateness_seconds` late. Rule: CS-306."""
        late = (now - slot).total_seconds()
        limit = f"<= {self.lateness_seconds} s late"
        if late > self.lateness_seconds:
            return Verdict.skip("schedule_missed", f"{late:.0f} s late", limit)
        return Verdict.ok(f"{late:.0f} s late", limit)

    def judge_window(self, session: TradingSession, now: dt.datetime) -> Verdict:
        """Inside [open + 30 min, open + 150 min). Rule: CS-307."""
        begin = session.after_open(self.window_from_minutes)
        end = session.after_open(self.window_to_minutes)
        limit = f"[{_clock(begin)}, {_clock(end)})"
        if begin <= now < end:
            return Verdict.ok(_clock(now), limit)
        return Verdict.skip("entry_window", _clock(now), limit)

    def cutoff(self, session: TradingSession) -> dt.datetime:
        """The instant from which nothing is opened: open + 210 min, or 60 min to the close if that is earlier. CS-308.

        (At 60 min to the close itself an entry is still allowed.)
        """
        return min(session.after_open(self.cutoff_minutes), session.before_close(self.least_minutes_to_close))

    def judge_cutoff(self, session: TradingSession, now: dt.datetime) -> Verdict:
        """Before open + 210 min and at least 60 min to the close. Rule: CS-308."""
        last = self.cutoff(session)
        early_enough = now < session.after_open(self.cutoff_minutes)
        if early_enough and session.minutes_to_close(now) >= self.least_minutes_to_close:
            return Verdict.ok(_clock(now), f"before {_clock(last)}")
        return Verdict.skip("entry_cutoff", _clock(now), f"before {_clock(last)}")


@lru_cache(maxsize=64)
def _slots(times: tuple[dt.time, ...], opens: dt.datetime) -> tuple[dt.datetime, ...]:
    """Asked for in every cycle, the same all day."""
    opening = dt.datetime.combine(dt.date.min, dt.time(9, 30))
    gaps = (dt.datetime.combine(dt.date.min, time) - opening for time in sorted(times))
    return tuple(opens + gap for gap in gaps)


def _clock(instant: dt.datetime) -> str:
    return f"{instant.astimezone(NEW_YORK):%H:%M:%S}"


FRIDAY = 4


@frozen
class FridayOff:
    """When on, nothing is sold live on a Friday; paper, replay and simulation trade it. Rule: CS-320.

    >>> FridayOff(on=True).judge(dt.date(2026, 1, 9), live=True).reason
    'friday'
    """

    on: bool = parameter(False, "Skip Fridays in live trading.")

    def judge(self, date: dt.date, *, live: bool) -> Verdict:
        """`date` is the session's New York date."""
        if not self.on:
            return Verdict.ok("off")
        if not live:
            return Verdict.ok("live only")
        return Verdict.skip("friday", date) if date.weekday() == FRIDAY else Verdict.ok(f"{date:%A}")
