"""How many shares bring a net delta back to zero, and when they may be traded: the figures each hedging desk sets.

Rules: DH-301, DH-304, DH-305, DH-308, SC-438..442.
"""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import assert_never

from attrs import frozen

ONE = Decimal(1)


class HedgeRounding(StrEnum):
    """Where half a share goes: to the even number, or away from zero. Rules: DH-304, SC-439."""

    HALF_EVEN = "half_even"
    HALF_AWAY = "half_away"


def rounded(shares: Decimal, rounding: HedgeRounding) -> int:
    """Whole shares.

    >>> [rounded(Decimal(net), HedgeRounding.HALF_AWAY) for net in ("6.5", "-6.5", "2.5")]
    [7, -7, 3]
    >>> [rounded(Decimal(net), HedgeRounding.HALF_EVEN) for net in ("6.5", "-6.5", "2.5")]
    [6, -6, 2]
    """
    match rounding:
        case HedgeRounding.HALF_AWAY:
            return int(shares.quantize(ONE, ROUND_HALF_UP))
        case HedgeRounding.HALF_EVEN:
            return int(shares.quantize(ONE, ROUND_HALF_EVEN))
        case _:
            assert_never(rounding)


def window_ends(last_hedge_at: dt.datetime, interval: dt.timedelta) -> dt.datetime:
    """The first instant at which a book may be hedged again. Rules: DH-305, DH-306."""
    return last_hedge_at + interval


@frozen
class HedgeRule:
    """When a net delta is hedged, and with how many shares.

    `threshold` shares, strict; `min_interval` between two hedges; `cap` the largest single hedge, shares; `most_held`
    the most hedge shares either way; `size` the part of the net that is hedged; `raises` makes less than a share one.

    >>> rule = HedgeRule(Decimal(2), HedgeRounding.HALF_EVEN)
    >>> [(rule.is_beyond(Decimal(net)), rule.wanted(Decimal(net))) for net in ("2.00", "2.01", "7.43")]
    [(False, -2), (True, -2), (True, -7)]
    """

    threshold: Decimal
    rounding: HedgeRounding = HedgeRounding.HALF_AWAY
    min_interval: dt.timedelta = dt.timedelta(0)
    cap: int | None = None
    most_held: int | None = None
    size: Decimal = ONE
    raises: bool = False

    def is_beyond(self, net_shares: Decimal) -> bool:
        """To hedge at all; it is then hedged to zero, not to the edge of the threshold."""
        return abs(net_shares) > self.threshold

    def waits(self, last_hedge_at: dt.datetime | None, now: dt.datetime) -> bool:
        """Whether the last hedge is too recent."""
        return last_hedge_at is not None and now < window_ends(last_hedge_at, self.min_interval)

    def wanted(self, net_shares: Decimal) -> int:
        """Signed shares that bring the net back to zero, before any cap."""
        exact = -net_shares * self.size
        shares = rounded(exact, self.rounding)
        if shares == 0 and exact != 0 and self.raises:
            return 1 if exact > 0 else -1
        return shares

    def capped(self, shares: int) -> int:
        """At most `cap` of it; the rest waits for the next window. Rule: DH-308."""
        return shares if self.cap is None else max(-self.cap, min(self.cap, shares))

    def within(self, shares: int, held: int) -> int:
        """What of signed shares may be added to `held` hedge shares, pending ones included; selling back always may.

        >>> rule = HedgeRule(Decimal(2), most_held=100)
        >>> rule.within(-40, -80), rule.within(40, -80), rule.within(-40, -130)
        (-20, 40, 0)
        """
        if self.most_held is None or (shares * held < 0 and abs(shares) <= abs(held)):
            return shares
        most = max(0, self.most_held - held) if shares > 0 else max(0, self.most_held + held)
        return min(shares, most) if shares > 0 else max(shares, -most)
