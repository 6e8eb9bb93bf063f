"""What a look-ahead check alters and finds: nothing decided up to t may depend on what lies after. ST-601, ST-602."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from enum import StrEnum

from attrs import frozen


class MarketInput(StrEnum):
    """What a market shows, each of which may be looked at too early."""

    CHAINS = "chains"
    """Quotes, volatility, greeks and volume of options."""
    PRICE = "price"
    BARS = "bars"
    """Bars shorter than a day, of any symbol."""
    VIX = "vix"
    OPEN_INTEREST = "open_interest"
    CLOSES = "closes"
    """Daily bars of any symbol."""
    SETTLEMENT = "settlement"


class Change(StrEnum):
    """What is done to the rows after t."""

    ABSENT = "absent"
    SCALED = "scaled"
    """Times 1.01."""
    DEALT = "dealt"
    """In another order."""


EVERYTHING = frozenset(MarketInput)


@frozen
class Alteration:
    """Rows of these inputs that were known only after an instant, changed."""

    after: dt.datetime
    change: Change
    inputs: frozenset[MarketInput] = EVERYTHING


@frozen
class Recorded:
    """One event of a day: when it was recorded, and its record, byte for byte."""

    at: dt.datetime
    record: str


@frozen
class LookAheadDifference:
    """A day decided otherwise up to t because what lies after t was changed. Rule: ST-602.

    `as_it_was` and `as_altered` are the first events that differ, "" where one day has none there; `inputs` are those
    that make a difference when they alone are altered, empty where only several together do.
    """

    date: dt.date
    t: dt.datetime
    change: Change
    at: dt.datetime
    as_it_was: str
    as_altered: str
    inputs: tuple[MarketInput, ...] = ()


def first_difference(
    before: Sequence[Recorded], after: Sequence[Recorded], t: dt.datetime
) -> tuple[Recorded | None, Recorded | None] | None:
    """The first events up to t that are not the same, byte for byte; None where all are.

    >>> noon = dt.datetime(2026, 3, 3, 17, tzinfo=dt.UTC)
    >>> first_difference([Recorded(noon, "a")], [Recorded(noon, "b")], noon)[1].record
    'b'
    >>> first_difference([Recorded(noon, "a")], [Recorded(noon, "b")], noon - dt.timedelta(seconds=1)) is None
    True
    """
    left, right = ([event for event in events if event.at <= t] for events in (before, after))
    for place in range(max(len(left), len(right))):
        pair = (left[place] if place < len(left) else None, right[place] if place < len(right) else None)
        if pair[0] != pair[1]:
            return pair
    return None
