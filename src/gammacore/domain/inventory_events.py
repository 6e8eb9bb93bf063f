"""The ledger's events of inventories: opened, settled, adjusted, booked, and what was said of hedging them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from attrs import frozen


@frozen
class SharesDelivered:
    """Assignment or exercise moved shares: signed quantity at the strike. Rule: CS-529.

    `basis` is the settlement price: the loss up to it is the option position's, what follows is the shares'.
    """

    at: dt.datetime
    position: str
    symbol: str
    shares: int
    strike: Decimal
    basis: Decimal


@frozen
class InventoryOpened:
    """A strategy begins to hold something under one name; its fills follow, under that name as the orders' position.

    `symbols` are what it already holds when nobody chose it: a naked short of ours that a crash left (CS-574), each at
    `price` points.
    """

    at: dt.datetime
    inventory: str
    strategy: str
    underlying: str
    symbols: dict[str, int]
    price: Decimal


@frozen
class InventorySettled:
    """Options of an inventory expired: `quantity` signed contracts at their worth, points; shares that moved with it.

    `price` is the settlement price of the underlying, at which delivered `shares` are taken in. Rules: CS-521, CS-529.
    """

    at: dt.datetime
    inventory: str
    symbol: str
    quantity: int
    worth: Decimal
    underlying: str
    shares: int
    price: Decimal
    estimated: bool


@frozen
class InventoryAdjusted:
    """The broker holds less of an inventory than its fills brought: `change` signed, taken at `price` points, a guess.

    What it brought is not known and is booked as no gain and no loss; a change the other way takes it back at the same
    price, because the broker shows it again. Rules: R5, CS-572.
    """

    at: dt.datetime
    inventory: str
    symbol: str
    change: int
    price: Decimal
    detail: str


@frozen
class InventoryClosed:
    """An inventory is flat and booked, exactly once: gross dollars from options and from shares, and the fees."""

    at: dt.datetime
    inventory: str
    reason: str
    options: Decimal
    shares: Decimal
    fees: Decimal

    @property
    def gross(self) -> Decimal:
        return self.options + self.shares


@frozen
class BookGreeks:
    """Σ greek × contracts × multiplier of the options of a book. Rule: DH-1004.

    `gamma` in shares a point, `theta` in dollars a calendar day, `vega` in dollars a volatility point; `missing` counts
    the options whose greeks are unknown and count 0.
    """

    gamma: Decimal
    theta: Decimal
    vega: Decimal
    missing: int = 0


@frozen
class HedgeDecided:
    """What the hedging desk said of an inventory: a hedge of signed `shares`, or none (0) and why. Rule: DH-611.

    `net_shares` is the delta before it in shares, hedge shares in flight included; `unit` shares per contract-delta;
    `threshold` in contract-deltas; prices in points, `hedge_price` that of the hedge share at the decision. A "no" is
    journaled when its reason changes, or when the delta begins or ceases to be unusual; `unusual_since` is the first
    decision at which it was. Rules: DH-1004, DH-1005.
    """

    at: dt.datetime
    inventory: str
    reason: str
    symbol: str
    shares: int
    net_shares: Decimal
    unit: Decimal
    threshold: Decimal
    gex: Decimal | None
    gex_status: str
    underlying_price: Decimal | None
    hedge_price: Decimal | None
    ratio: Decimal
    greeks: BookGreeks | None = None
    unusual_since: dt.datetime | None = None

    @property
    def delta_before(self) -> Decimal:
        """Contract-deltas."""
        return self.net_shares / self.unit

    @property
    def delta_after(self) -> Decimal:
        """Contract-deltas once the hedge is filled."""
        return (self.net_shares + self.shares) / self.unit


InventoryEvent = (
    SharesDelivered | InventoryOpened | InventorySettled | InventoryAdjusted | InventoryClosed | HedgeDecided
)
"""Every kind of event of an inventory."""
