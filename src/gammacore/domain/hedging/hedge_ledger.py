"""Intents and what became of them; hedge shares first in, first out. Rules: DH-240..243."""

from __future__ import annotations

import datetime as dt
from collections import deque
from decimal import Decimal

from attrs import define, field, frozen

from gammacore.domain.hedging_events import IntentKind, UpdateStatus
from gammacore.domain.instruments import Side


@define(eq=False)
class Intent:
    """One intent and the newest of it. Belongs to the book that folds it; read it, do not change it."""

    intent_id: str
    event_id: str
    kind: IntentKind
    book: str
    subject: str
    side: Side
    quantity: int
    attempt: int
    price: Decimal | None
    counts: str
    line: str
    recorded_at: dt.datetime
    status: UpdateStatus = UpdateStatus.RECORDED
    filled: int = 0
    average_price: Decimal | None = None
    fees: Decimal = Decimal(0)
    repeats: int = 0
    given_up: bool = False
    slippage: Decimal = Decimal(0)
    shown: int = 0
    """Contracts that the host's quantity showed before their fill was told."""

    @property
    def trades_option(self) -> bool:
        """An option is traded, not the hedge share of the book."""
        return self.subject != self.book

    @property
    def expected(self) -> int:
        """Signed contracts of an option order that the positions do not show yet. Rules: DH-511, DH-804."""
        return self.in_flight - self.side.sign * self.shown if not self.status.is_over else 0

    def show(self, change: int) -> int:
        """The host's quantity moved by signed contracts: how many of them are fills of this order."""
        if change * self.expected <= 0:
            return 0
        seen = min(abs(change), abs(self.expected))
        self.shown += seen
        return self.side.sign * seen

    def unshown(self, filled: int) -> int:
        """How many of newly filled contracts the host's quantity has not shown; what it has is used up."""
        covered = min(filled, self.shown)
        self.shown -= covered
        return filled - covered

    @property
    def has_news(self) -> bool:
        return self.status is not UpdateStatus.RECORDED

    @property
    def in_flight(self) -> int:
        """Signed quantity that may still be filled; unknown is never assumed dead. Rules: DH-240, DH-241."""
        return 0 if self.status.is_over else self.side.sign * (self.quantity - self.filled)

    def cost_of(self, filled: int, average_price: Decimal) -> Decimal:
        """Price × quantity of what is new in a cumulative fill, points times shares.

        >>> i = Intent("i", "e", IntentKind.HEDGE, "SPY", "SPY", Side.BUY, 10, 1, None, "", "", dt.datetime.min)
        >>> i.filled, i.average_price = 4, Decimal(100)
        >>> i.cost_of(10, Decimal("100.6"))
        Decimal('606.0')
        """
        before = Decimal(0) if self.average_price is None else self.average_price * self.filled
        return average_price * filled - before


@frozen
class ShareLot:
    """Hedge shares bought (positive) or sold together, at one price, points."""

    shares: int
    price: Decimal


@define(eq=False)
class HedgeShares:
    """Hedge shares of one book: lots first in, first out, and what they have earned and cost, dollars. Rule: DH-243.

    `working` are the intents of this session that may still be filled.

    >>> shares = HedgeShares()
    >>> shares.fill(-100, Decimal(500)); shares.fill(150, Decimal(499))
    >>> shares.filled, shares.realised, shares.open_profit(Decimal(500))
    (50, Decimal('100'), Decimal('50'))
    """

    filled: int = 0
    in_flight: int = 0
    realised: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    slippage: Decimal = Decimal(0)
    working: set[str] = field(factory=set)
    _lots: deque[ShareLot] = field(factory=deque)

    @property
    def held(self) -> int:
        """Filled and in flight: what exposure counts. Rule: DH-240."""
        return self.filled + self.in_flight

    @property
    def is_flat(self) -> bool:
        """Nothing filled, and no order of this session that may still be: opposite ones in flight are not flat."""
        return not (self.filled or self.in_flight or self.working)

    @property
    def lots(self) -> tuple[ShareLot, ...]:
        return tuple(self._lots)

    def fill(self, shares: int, price: Decimal) -> None:
        """Take signed shares in at a price: the oldest lots of the other sign are closed first."""
        self.filled += shares
        while shares and self._lots and (self._lots[0].shares > 0) != (shares > 0):
            oldest = self._lots.popleft()
            closed = min(abs(shares), abs(oldest.shares))
            sign = 1 if oldest.shares > 0 else -1
            self.realised += (price - oldest.price) * (sign * closed)
            shares += sign * closed
            if rest := oldest.shares - sign * closed:
                self._lots.appendleft(ShareLot(rest, oldest.price))
        if shares:
            self._lots.append(ShareLot(shares, price))

    def open_profit(self, price: Decimal) -> Decimal:
        """What the open lots would earn at a price, dollars."""
        return sum(((price - lot.price) * lot.shares for lot in self._lots), Decimal(0))

    def forget(self) -> None:
        """Start from nothing: the shares are no longer counted."""
        self.filled = self.in_flight = 0
        self.working.clear()
        self._lots.clear()
