"""Which backups are kept, and where they go. Rule: OP-702."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from attrs import frozen

from gammacore.domain.parameters import parameter
from gammacore.domain.sessions import new_york_date


@frozen
class BackupSettings:
    """Where backups are written after each day's end, how long they are kept, and what copies them off the machine."""

    folder: str = parameter("", "Folder of the backups; empty = HOME/backups.")
    keep_days: int = parameter(30, "Days of which every backup is kept.", at_least=1)
    keep_months: int = parameter(12, "Months of which the last backup is kept.", at_least=0)
    command: tuple[str, ...] = parameter(
        (), "Program and arguments that copy a backup off the machine, without a shell; its path is added at the end."
    )


def superseded(made: Iterable[tuple[str, dt.datetime]], now: dt.datetime, days: int, months: int) -> tuple[str, ...]:
    """The backups that need not be kept: older than so many days, and not the last of one of so many months.

    `made` are backups of one ledger by name, with when they were made. Months are New York's, this one is the first.

    >>> at = lambda month, day: dt.datetime(2026, month, day, 21, tzinfo=dt.UTC)
    >>> made = [(f"{month}-{day}", at(month, day)) for month, day in ((1, 5), (1, 30), (2, 2), (3, 3))]
    >>> superseded(made, at(3, 31), days=30, months=12)
    ('1-5',)
    """
    last: dict[int, tuple[dt.datetime, str]] = {}
    ordered = sorted(made, key=lambda one: one[1])
    for name, at in ordered:
        last[_month(at)] = at, name
    kept = {name for month, (_, name) in last.items() if _month(now) - month < months}
    since = now - dt.timedelta(days=days)
    newest = {name for name, _ in ordered[-1:]}
    return tuple(name for name, at in ordered if at < since and name not in kept | newest)


def _month(at: dt.datetime) -> int:
    date = new_york_date(at)
    return date.year * 12 + date.month
