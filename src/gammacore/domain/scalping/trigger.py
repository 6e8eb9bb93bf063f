"""When a straddle's hedge is decided anew: the price has moved, or time has passed.

Pure: a fold of accepted prices and of the clock. Rules: SC-402, SC-435..437.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import StrEnum
from typing import assert_never

from attrs import evolve, field, frozen

from gammacore.errors import OrderTooOld


class Fired(StrEnum):
    """What asks for a hedge decision."""

    PRICE = "price"
    HEARTBEAT = "heartbeat"


class TriggerProfile(StrEnum):
    """Two sets of the three figures. Rule: SC-402."""

    ST0CK = "st0ck"
    ALPACA = "alpaca"


@frozen
class TriggerRules:
    """How far the price must move, points; seconds of a heartbeat; seconds a command may be old when it is sent.

    >>> TriggerRules.of(TriggerProfile.ST0CK, Decimal(1))
    TriggerRules(price=Decimal('0.02'), heartbeat=2.0, command_ttl=3.0)
    """

    price: Decimal = Decimal("0.02")
    heartbeat: float = 2.0
    command_ttl: float = 3.0

    @classmethod
    def of(cls, profile: TriggerProfile, dollar_scale: Decimal) -> TriggerRules:
        """The figures of a profile, the price's in dollars of SPY times the underlying's scale."""
        match profile:
            case TriggerProfile.ST0CK:
                rules = cls()
            case TriggerProfile.ALPACA:
                rules = cls(Decimal("0.05"), 5.0, 5.0)
            case _:
                assert_never(profile)
        return rules if dollar_scale == 1 else evolve(rules, price=rules.price * dollar_scale)

    def has_expired(self, decided_at: dt.datetime, now: dt.datetime) -> bool:
        """Whether a command is too old to be sent: exactly the time to live passes. Rule: SC-443.

        >>> noon = dt.datetime(2026, 3, 3, 17, tzinfo=dt.UTC)
        >>> [TriggerRules().has_expired(noon, noon + dt.timedelta(seconds=age)) for age in (3, 3.001)]
        [False, True]
        """
        return (now - decided_at).total_seconds() > self.command_ttl

    def require_alive(self, decided_at: dt.datetime, now: dt.datetime) -> None:
        """The gate of a hedge, asked next to the wire. Rule: SC-443.

        Raises:
            OrderTooOld: `command_expired`; the next look decides anew.
        """
        if self.has_expired(decided_at, now):
            age = (now - decided_at).total_seconds()
            raise OrderTooOld(f"command_expired: {age:g} s old when it was about to leave, > {self.command_ttl:g} s")


@frozen
class Trigger:
    """The price that a move counts from, and when the heartbeat's clock began; both None before the first price.

    `fired` is what the last look fired, `taken` whether a hedge decision could be made on it: with a price missing it
    is not, and the reference stays.

    >>> noon = dt.datetime(2026, 3, 3, 17, tzinfo=dt.UTC)
    >>> first = Trigger().after(Decimal("590.00"), noon, complete=True)
    >>> moved = first.after(Decimal("590.02"), noon, complete=True)
    >>> first.fired, moved.fired, moved.reference
    (None, <Fired.PRICE: 'price'>, Decimal('590.02'))
    """

    rules: TriggerRules = TriggerRules()
    reference: Decimal | None = None
    at: dt.datetime | None = None
    fired: Fired | None = field(default=None, kw_only=True)
    taken: bool = field(default=False, kw_only=True)

    def after(self, price: Decimal | None, now: dt.datetime, *, complete: bool) -> Trigger:
        """After one more look: an accepted price, None without one, and whether share, call and put have theirs."""
        if self.reference is None:
            return evolve(self, reference=price, at=None if price is None else now, fired=None, taken=False)
        has_moved = price is not None and abs(price - self.reference) >= self.rules.price
        if has_moved and complete:
            return evolve(self, reference=price, at=now, fired=Fired.PRICE, taken=True)
        if self.due_at is not None and now >= self.due_at:
            return evolve(self, at=now, fired=Fired.HEARTBEAT, taken=complete)
        return evolve(self, fired=Fired.PRICE if has_moved else None, taken=False)

    @property
    def due_at(self) -> dt.datetime | None:
        """When the heartbeat fires next, by the clock; None before the first price."""
        return None if self.at is None else self.at + dt.timedelta(seconds=self.rules.heartbeat)

    @property
    def refusal(self) -> str | None:
        """Why what fired was not taken; `blind` on a heartbeat. Rule: SC-437."""
        if self.fired is None or self.taken:
            return None
        return "blind" if self.fired is Fired.HEARTBEAT else "state_incomplete"
