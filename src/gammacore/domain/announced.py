"""An announced event of the market as people write it: what, when in New York, announced by whom. CS-367, DH-454."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from attrs import frozen

_WRITTEN = re.compile(r"(?P<name>\S.*?) (?P<date>\d{4}-\d\d-\d\d)(?: (?P<time>\d\d:\d\d))? (?P<source>\S.*)")


@frozen
class MarketEvent:
    """One event: what it is, its New York date, its New York time (None: the whole day), and who announced it.

    >>> print(MarketEvent.read("CPI 2026-12-10 08:30 bls.gov"))
    CPI 2026-12-10 08:30 bls.gov
    """

    name: str
    date: dt.date
    time: dt.time | None
    source: str

    @classmethod
    def read(cls, written: str | Mapping[str, Any] | MarketEvent) -> MarketEvent:
        """An event as people write it: one line of text, or a table with name, date, time (if any) and source.

        Raises:
            ValueError: it is neither, or a part is missing or cannot be.
        """
        if isinstance(written, MarketEvent):
            return written
        if isinstance(written, str):
            if (found := _WRITTEN.fullmatch(" ".join(written.split()))) is None:
                raise ValueError(written)
            return cls._of(**found.groupdict())
        parts = dict(written)
        if not _FIELDS - {"time"} <= parts.keys() <= _FIELDS:
            raise ValueError(written)
        return cls._of(**{"time": None, **parts})

    @classmethod
    def _of(cls, name: object, date: object, time: object, source: object) -> MarketEvent:
        at = None if time is None else time if isinstance(time, dt.time) else dt.time.fromisoformat(str(time))
        day = dt.date.fromisoformat(str(date))  # an instant is refused: its time belongs into `time`
        if at is not None and at.tzinfo is not None:
            raise ValueError(time)
        if not (str(name).strip() and str(source).strip()) or not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ValueError(name, source, day)
        return cls(str(name).strip(), day, at, str(source).strip())

    def __str__(self) -> str:
        at = "" if self.time is None else f" {self.time:%H:%M}"
        return f"{self.name} {self.date}{at} {self.source}"


_FIELDS = {"name", "date", "time", "source"}
FIRST_YEAR, LAST_YEAR = 1990, 2100
