"""Every inventory of a ledger: the part of the book that folds what strategies hold besides credit spreads."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from attrs import evolve

from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER, parse_occ
from gammacore.domain.inventory import Inventory
from gammacore.domain.inventory_events import (
    InventoryAdjusted,
    InventoryClosed,
    InventoryOpened,
    InventorySettled,
    SharesDelivered,
)
from gammacore.domain.orders import Execution, OrderTicket
from gammacore.errors import InvalidInput

DELIVERED = "delivered"
"""Whose inventory shares are that exercise or assignment moved. Rule: CS-529."""
STRANDED = "stranded"
"""Whose inventory a naked short of ours is that no book has: it is bought back. Rules: CS-413, CS-574."""


class Inventories:
    """Folds the events of inventories; `live` are those not yet booked, oldest first."""

    def __init__(self) -> None:
        self._all: dict[str, Inventory] = {}
        self._live: dict[str, None] = {}

    @property
    def by_id(self) -> Mapping[str, Inventory]:
        return MappingProxyType(self._all)

    @property
    def live(self) -> tuple[Inventory, ...]:
        return tuple(self._all[inventory] for inventory in self._live)

    def held(self) -> dict[str, int]:
        """Signed contracts and shares in all live inventories, by symbol."""
        total: dict[str, int] = {}
        for inventory in self.live:
            for symbol, quantity in inventory.quantities.items():
                total[symbol] = total.get(symbol, 0) + quantity
        return total

    def opened(self, event: InventoryOpened) -> None:
        if event.inventory in self._all:
            raise InvalidInput("inventory", event.inventory, "an inventory is opened once, under a name of its own")
        inventory = Inventory(event.inventory, event.strategy, event.underlying, event.at)
        for symbol, quantity in event.symbols.items():
            inventory = inventory.traded(symbol, multiplier_of(symbol), quantity, event.price)
        self._put(inventory)

    def delivered(self, event: SharesDelivered) -> None:
        """Shares that settlement moved are an inventory of their own, at the settlement price. Rule: CS-529."""
        inventory = Inventory(f"shares-{event.position}", DELIVERED, event.symbol, event.at)
        self._put(inventory.traded(event.symbol, 1, event.shares, event.basis))

    def filled(self, ticket: OrderTicket, before: Execution, now: Execution) -> None:
        """Take a fill in; one of an inventory already booked opens it again, flat books it once more."""
        self._put(self._alive(ticket.position).filled(ticket, before, now))

    def settled(self, event: InventorySettled) -> None:
        inventory = self._open(event.inventory)
        inventory = inventory.traded(event.symbol, EQUITY_OPTION_MULTIPLIER, -event.quantity, event.worth)
        if event.shares:
            inventory = inventory.traded(event.underlying, 1, event.shares, event.price)
        self._put(inventory)

    def adjusted(self, event: InventoryAdjusted) -> None:
        """Take in what went, or came back; what comes back after the booking opens the inventory again."""
        inventory, multiplier = self._alive(event.inventory), multiplier_of(event.symbol)
        self._put(inventory.adjusted(event.symbol, multiplier, event.change, event.price, event.at))

    def closed(self, event: InventoryClosed) -> None:
        self._all[event.inventory] = evolve(self._open(event.inventory), closed_at=event.at)
        self._live.pop(event.inventory)

    def _put(self, inventory: Inventory) -> None:
        self._all[inventory.id] = inventory
        self._live[inventory.id] = None

    def _alive(self, inventory: str) -> Inventory:
        """An inventory that takes something in; one already booked begins anew under its name."""
        if (known := self._all.get(inventory)) is None:
            raise InvalidInput("inventory", inventory, "no such inventory was ever opened in this ledger")
        return known if known.is_live else known.anew()

    def _open(self, inventory: str) -> Inventory:
        if (known := self._all.get(inventory)) is None or not known.is_live:
            raise InvalidInput("inventory", inventory, "no such inventory is open in this ledger")
        return known


def multiplier_of(symbol: str) -> int:
    """Dollars a point: 100 for an OCC option symbol, 1 for shares.

    >>> multiplier_of("SPY260123C00480000"), multiplier_of("SPY")
    (100, 1)
    """
    try:
        parse_occ(symbol)
    except InvalidInput:
        return 1
    return EQUITY_OPTION_MULTIPLIER
