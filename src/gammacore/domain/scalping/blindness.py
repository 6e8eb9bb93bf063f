"""The delta a straddle is hedged on while its quotes are missing: the last good one, for a while. Rule: SC-445."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from gammacore.domain.holdings.plans import DeltaWatch
from gammacore.domain.pricing.option_model import exact_figure


class Sight(StrEnum):
    """Whether the delta is measured, estimated, not to be known, or missing for too long."""

    SEEN = "seen"
    ESTIMATED = "blind"
    UNKNOWN = "blind_unknown"
    EXIT = "blind_exit"


@frozen
class KnownDelta:
    """The options' delta, shares, and how it is known; None where it is not."""

    sight: Sight
    shares: Decimal | None = None


def known_delta(
    measured: Decimal | None,
    last: DeltaWatch | None,
    price: Decimal | None,
    now: dt.datetime,
    since: dt.datetime,
    blind_limit: float,
) -> KnownDelta:
    """`measured` where there is one; else the last good delta moved along by its gamma, for `blind_limit` seconds.

    `last` is what was remembered, `price` a usable price of now, points; `since` is when the straddle was held, from
    which it counts where no delta was ever good.

    >>> noon = dt.datetime(2026, 3, 3, 17, tzinfo=dt.UTC)
    >>> last = DeltaWatch(Decimal(7), Decimal("2.2"), Decimal(590), noon)
    >>> known_delta(None, last, Decimal(591), noon + dt.timedelta(seconds=29), noon, 30).shares
    Decimal('9.20000000')
    """
    if measured is not None:
        return KnownDelta(Sight.SEEN, measured)
    good_until = since if last is None else last.at
    if (now - good_until).total_seconds() > blind_limit:
        return KnownDelta(Sight.EXIT)
    if last is None or price is None:
        return KnownDelta(Sight.UNKNOWN)
    return KnownDelta(Sight.ESTIMATED, exact_figure(last.delta + last.gamma * (price - last.price)))
