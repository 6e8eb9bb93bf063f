"""The store of days: what a source showed on one session, kept as arrays so that it is read in milliseconds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from gammacore.domain.sessions import TradingSession

PRICE_STEP = 1e-4
"""Points: prices and strikes are whole numbers of it."""

NO_QUOTE, NOT_LISTED = -1, -2
"""In place of a bid or ask: no usable quote; the contract was not listed then."""


@frozen(eq=False)
class StoredDay:
    """One session of one underlying as arrays, and the facts they need to be read.

    `arrays`: times (T,) UTC seconds; per contract (N,) strike int32 in 1e-4 points, expiry int32 days since the epoch,
    is_call, root (index into `facts["roots"]`); (T, N) bid and ask int32 in 1e-4 points (-1 no usable quote, -2 not
    listed then), age seconds, open_interest, iv, gamma, volume float64 (one row in a very large day where it never
    changed; volume left out where none is given); (T, K) defects; spot, VIX and the others as text with their times.
    `facts` is JSON. Rules: ST-106, ST-110.
    """

    symbol: str
    session: TradingSession
    facts: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]
    hash: str = ""

    @property
    def times(self) -> NDArray[np.float64]:
        return self.arrays["times"]


class DayStore(Protocol):
    """Keeps days by underlying and date, and beside each what was told of it when it was imported."""

    def index(self) -> Mapping[str, Any]:
        """Everything told of the days: `days` by underlying and date, `files` by name.

        Raises:
            InvalidInput: another format or version; it says to import again.
        """
        ...

    def read(self, symbol: str, date: dt.date) -> StoredDay:
        """A day, proven to be what was written.

        Raises:
            MissingData: there is no such day; those that are there are named.
            InvalidInput: it is not what was written, or of another version; the day is named.
        """
        ...

    def write(self, day: StoredDay) -> tuple[str, int]:
        """Keep a day, durably or not at all; its hash and size in bytes. The same day gives the same bytes."""
        ...

    def has(self, symbol: str, date: dt.date, told_hash: str) -> bool:
        """Whether the day is there and what its hash says."""
        ...

    def note(self, index: Mapping[str, Any]) -> None:
        """Keep what is told of the days, durably or not at all."""
        ...
