"""How fast a ledger grows, and how long the disk takes it. Rule: OP-705."""

from __future__ import annotations

import datetime as dt
import shutil
from contextlib import suppress
from pathlib import Path

from attrs import frozen

from gammacore.application.diagnose import Check, failed, passed
from gammacore.configuration import Settings
from gammacore.domain.ledger import DayStarted
from gammacore.errors import StorageError
from gammacore.wiring.controls import events_of
from gammacore.wiring.ledgers.storage import LedgerPlace, ledger_exists, local_path

LEAST_DAYS, LEAST_BYTES = 30, 2**30
FIRST_BYTES = 600_000
"""Taken for a day of a ledger that has none yet: its events, and its view before it is zipped (OP-705)."""
FIX = "make room: gammacore runs prune --older 90d, or move old backups away; see docs/keeping.md"


@frozen
class Growth:
    """A ledger with its view, bytes, the days it has, and what is free on its disk."""

    size: int
    days: int
    free: int

    @property
    def a_day(self) -> int:
        """Bytes a day of trading takes, so far."""
        return max(1, self.size // self.days) if self.days else FIRST_BYTES

    @property
    def days_left(self) -> int:
        return self.free // self.a_day

    def __str__(self) -> str:
        grows = f"{self.a_day / 1000:,.0f} kB a day" + ("" if self.days else " expected")
        left = "years" if self.days_left > 3650 else f"{self.days_left} days"
        return f"{grows} over {self.days} days, room for {left}, {self.free / 2**30:.1f} GB free"


def growth_of(settings: Settings, place: LedgerPlace) -> Growth:
    """The days of a ledger that cannot be read are not known; that it cannot be is another check's finding."""
    path = local_path(settings, place)
    dates: set[dt.date] = set()
    with suppress(StorageError):
        if ledger_exists(settings, place):
            dates = {event.date for event in events_of(settings, place) if isinstance(event, DayStarted)}
    there = next(one for one in (path.absolute().parent, *path.absolute().parents) if one.is_dir())
    size = sum(_size(one) for one in there.glob(f"{path.name}*"))
    return Growth(size, len(dates), shutil.disk_usage(there).free)


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(one.stat().st_size for one in files if one.is_file())


def check_growth(settings: Settings, place: LedgerPlace) -> Check:
    """A failure below 30 days or 1 GB."""
    growth = growth_of(settings, place)
    if growth.days_left < LEAST_DAYS or growth.free < LEAST_BYTES:
        return failed("growth", str(growth), FIX)
    return passed("growth", str(growth))
