"""Prices as a vendor dates them, and the columns of a chain that are made of them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypeGuard

from attrs import frozen

from gammacore.domain.market import OptionChain


@frozen
class SeenPrice:
    """A price in points, and when it was seen."""

    price: Decimal
    at: dt.datetime

    def age_seconds(self, now: dt.datetime) -> float:
        return (now - self.at).total_seconds()


def seen_by(at: dt.datetime | None, now: dt.datetime, tolerance: dt.timedelta) -> dt.datetime | None:
    """When something was seen, never later than `now`; None when unknown.

    A vendor's clock a little ahead of ours, or an answer faster than our question, is seen now. Further ahead the date
    is wrong, and the time is unknown.

    >>> noon = dt.datetime(2026, 3, 3, 12)
    >>> seen_by(noon + dt.timedelta(seconds=2), noon, dt.timedelta(seconds=5)) == noon
    True
    """
    return None if at is None or at > now + tolerance else min(at, now)


def is_price(value: Decimal | None) -> TypeGuard[Decimal]:
    """Whether a figure is one: zero is how a vendor writes "none"."""
    return value is not None and value > 0


def shares_traded(volume: Decimal | None) -> int | None:
    """The volume of a bar as a vendor gives it, shares; None where it gives none.

    A bar has prices because something was traded: 0 is what a vendor writes of an index, which is not. Rule: SC-009.

    >>> shares_traded(Decimal("1200")), shares_traded(Decimal("0"))
    (1200, None)
    """
    return int(volume) if is_price(volume) else None


@frozen
class ShownContract:
    """One contract as a look shows it: points, NaN = no such quote; `seen_at` in epoch seconds, NaN = unknown.

    `volume` in contracts traded today, NaN = not given.
    """

    root: str
    strike: float
    is_call: bool
    expiry: dt.date
    bid: float
    ask: float
    open_interest: float
    seen_at: float
    volume: float = math.nan


def chain_shown(
    underlying: str, contracts: Sequence[ShownContract], defects: Mapping[str, int]
) -> OptionChain | None:  # fmt: skip
    """The chain of these contracts as of the newest quote; None when none was ever quoted at a known time.

    Volatility and gamma are not given: where they are needed they are implied from the quotes. `defects` counts what
    was left out, by reason.
    """
    dated = [each.seen_at for each in contracts if not math.isnan(each.seen_at)]
    if not dated:
        return None
    roots = tuple(sorted({each.root for each in contracts}))
    missing = [math.nan] * len(contracts)
    chain = OptionChain(
        underlying=underlying,
        as_of=dt.datetime.fromtimestamp(max(dated), dt.UTC),
        roots=roots,
        strike=[each.strike for each in contracts],
        is_call=[each.is_call for each in contracts],
        expiry=[each.expiry.isoformat() for each in contracts],
        root=[roots.index(each.root) for each in contracts],
        bid=[each.bid for each in contracts],
        ask=[each.ask for each in contracts],
        open_interest=[each.open_interest for each in contracts],
        iv=missing,
        gamma=missing,
        quoted_at=[each.seen_at for each in contracts],
        volume=[each.volume for each in contracts],
    )
    chain.defects.update({reason: count for reason, count in defects.items() if count})
    return chain
