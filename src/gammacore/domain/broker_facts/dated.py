"""A fact that holds from a day on, and who says so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from enum import StrEnum
from typing import Generic, TypeVar

from attrs import frozen

from gammacore.domain.dated_table import Horizon
from gammacore.errors import MissingData

Value = TypeVar("Value")

LONG_AGO = dt.date(2000, 1, 1)
"""Since before any day we trade or replay; the day itself is of no interest."""
REVIEWED_TO = dt.date(2027, 12, 31)
"""The tables were read in 2026. To here they are taken as known; later they go on holding, with a warning: a broker
whose rules are not read again is not one without rules."""


class BrokerName(StrEnum):
    """Who takes the orders."""

    FAKE = "fake"
    TRADIER = "tradier"
    ALPACA = "alpaca"

    @property
    def is_real(self) -> bool:
        """Whether an account there can hold money; the fake exchange has no rules of its own and holds no money."""
        return self is not BrokerName.FAKE


def _listed(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}"


ALL_BROKERS = _listed(BrokerName)
"""For messages: "fake, tradier or alpaca"."""
REAL_BROKERS = _listed(broker for broker in BrokerName if broker.is_real)


@frozen
class Dated(Generic[Value]):
    """A value in force from `since` (a New York date, inclusive) until a later one of its table; `source` says so."""

    since: dt.date
    value: Value
    source: str


def in_force(table: Iterable[Dated[Value]], date: dt.date) -> Dated[Value]:
    """The newest entry of a table that holds on a date.

    Raises:
        MissingData: the table begins later; no rule is guessed for a day before it.

    >>> fees = (Dated(dt.date(2025, 1, 1), "old", "page"), Dated(dt.date(2026, 1, 1), "new", "page"))
    >>> in_force(fees, dt.date(2025, 12, 31)).value, in_force(fees, dt.date(2026, 1, 1)).value
    ('old', 'new')
    """
    holding = [fact for fact in table if fact.since <= date]
    if not holding:
        raise MissingData(f"nothing is known for {date}: enter what held then")
    return max(holding, key=lambda fact: fact.since)


def reviewed(broker: BrokerName) -> Horizon:
    """From when to when the rules of a broker are known: option level, changes of orders, expiry days, own closes.

    >>> reviewed(BrokerName.ALPACA).warning(dt.date(2028, 1, 3))
    'rules of alpaca are not known after 2027-12-31 (brokers.md 7): on 2028-01-03 the last known ones hold'
    """
    return Horizon(
        f"rules of {broker}",
        LONG_AGO,
        REVIEWED_TO,
        "brokers.md 7",
        before="the run is refused",
        after="the last known ones hold",
        fix="compare docs/brokers.md with what the broker publishes, and update gammacore",
    )
