"""A person's "not now": the pause that stops entries until it is lifted or runs out. Rules: CS-313, CS-354."""

from __future__ import annotations

import datetime as dt

from attrs import frozen

from gammacore.domain.sessions import NEW_YORK
from gammacore.domain.verdicts import Verdict


@frozen
class Pause:
    """Why entries stand still, and the instant from which they no longer do; None holds until it is removed."""

    reason: str
    expires: dt.datetime | None = None


@frozen
class UnreadablePause:
    """Somebody asked for a pause, and what they wrote cannot be read: `detail` says where and why."""

    detail: str


def judge_pause(pause: Pause | UnreadablePause | None, now: dt.datetime) -> Verdict:
    """No pause, or one that has run out; one that cannot be read forbids. Rules: CS-313, CS-354.

    >>> until = dt.datetime(2026, 1, 5, 15, 30, tzinfo=dt.UTC)
    >>> print(judge_pause(Pause("CPI at 8:30", until), until - dt.timedelta(seconds=1)))
    skip paused: CPI at 8:30 until 10:30:00
    >>> print(judge_pause(Pause("CPI at 8:30", until), until))
    pass: pause ran out at 10:30:00
    """
    if pause is None:
        return Verdict.ok("no pause")
    if isinstance(pause, UnreadablePause):
        return Verdict.unknown("paused_unknown", pause.detail)
    if pause.expires is None:
        return Verdict.skip("paused", pause.reason, "until removed")
    until = _clock(pause.expires, now)
    if now >= pause.expires:
        return Verdict.ok(f"pause ran out at {until}")
    return Verdict.skip("paused", pause.reason, f"until {until}")


def _clock(instant: dt.datetime, now: dt.datetime) -> str:
    local = instant.astimezone(NEW_YORK)
    return f"{local:%H:%M:%S}" if local.date() == now.astimezone(NEW_YORK).date() else f"{local:%Y-%m-%d %H:%M:%S}"
