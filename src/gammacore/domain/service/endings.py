"""What a supervisor makes of a loop that ended, by its exit code. Rules: OP-201, OP-207."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from enum import StrEnum

from attrs import frozen

DONE, FAULT, REFUSED, HALTED, INTERRUPTED = 0, 1, 2, 3, 130
FIRST_PAUSE, LONGEST_PAUSE = 10, 300
"""Seconds before a loop that failed is started again: 10, 20, 40 … 300 (ours)."""
AFTER_INTERRUPT, AFTER_KILL = 60, 10
"""Seconds before a loop is started again that somebody else interrupted, or killed."""
MANY_FAULTS, WITHIN = 3, dt.timedelta(minutes=10)
"""So many faults in so long are critical."""


class Level(StrEnum):
    """How loudly a person is told. Section 4 of the operator's desk."""

    CRITICAL = "critical"
    WARNING = "warning"
    NOTICE = "notice"
    INFO = "info"


class Then(StrEnum):
    """What follows an ending."""

    DAY_END = "day_end"
    """The day is over: reconcile, report, back up, wait for the next session."""
    START_AGAIN = "start_again"
    """The same ledger, after `pause` seconds, while the session lasts."""
    WAIT_FOR_SETTINGS = "wait_for_settings"
    """Nothing is started until the configuration file changes or SIGHUP comes."""
    END = "end"
    """The supervisor was asked to end."""


@frozen
class Ending:
    """What follows, after how many seconds, and what is told of it."""

    then: Then
    code: str
    level: Level
    pause: int = 0


def after_ending(
    exit_code: int, at: dt.datetime, faults: Sequence[dt.datetime] = (), *, was_asked: bool = False, holds: bool = False
) -> Ending:
    """What a supervisor does when its loop ended with this code at this instant.

    `faults` are when earlier loops of the session failed, oldest first; `was_asked`: by the supervisor itself, that is
    ending; `holds`: something is held, or not known. A code below 0 is the signal that killed it.

    >>> nine = dt.datetime(2026, 3, 3, 14, tzinfo=dt.UTC)
    >>> [after_ending(1, nine, [nine] * earlier).pause for earlier in range(7)]
    [10, 20, 40, 80, 160, 300, 300]
    """
    if exit_code == DONE:
        return Ending(Then.DAY_END, "day_done", Level.NOTICE)
    if was_asked:
        return Ending(Then.END, "asked_to_end", Level.NOTICE)
    if exit_code == FAULT:
        recent = sum(at - fault <= WITHIN for fault in faults) + 1
        pause = min(FIRST_PAUSE * 2 ** len(faults), LONGEST_PAUSE)
        return Ending(
            Then.START_AGAIN, "loop_failed", Level.CRITICAL if recent >= MANY_FAULTS else Level.WARNING, pause
        )  # fmt: skip
    if exit_code == REFUSED:
        return Ending(Then.WAIT_FOR_SETTINGS, "loop_refused", Level.CRITICAL)
    if exit_code == HALTED:
        return Ending(Then.DAY_END, "day_halted", Level.WARNING)
    if exit_code == INTERRUPTED:
        return Ending(Then.START_AGAIN, "loop_interrupted", Level.WARNING, AFTER_INTERRUPT)
    return Ending(Then.START_AGAIN, "loop_killed", Level.CRITICAL if holds else Level.WARNING, AFTER_KILL)
