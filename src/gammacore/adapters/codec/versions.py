"""How old records become today's: one upcaster per change of an event type, applied in order.

A field that is added to an event (or to anything inside it) with a default needs nothing here: where a record lacks it,
the default is what it means. For any other change append a function that turns the body written before into the body
written now. Records on disk are never rewritten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from gammacore.adapters.codec.format_1 import (
    inventory_adjusted,
    inventory_closed,
    inventory_opened,
    order_intended,
    position_adopted,
    position_closed,
    position_missing,
    renamed,
    unchanged,
    watch_changed,
)

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
"""Turns the JSON body of one version into that of the next; it may change the body it is given."""

UPCASTERS: Mapping[str, Sequence[Upcaster]] = MappingProxyType(
    {
        "AlarmRaised": (renamed(position="holding"),),
        "EntryJudged": (unchanged,),
        "CloseDecided": (renamed(position="holding"),),
        "HedgeDecided": (renamed(inventory="holding"),),
        "OrderIntended": (order_intended,),
        "SettlementAwaited": (renamed(position="holding"),),
        "SharesDelivered": (renamed(position="holding"),),
        "WatchChanged": (watch_changed,),
    }
)
"""By event type: the first lifts version 1 to 2, the second 2 to 3. No entry: version 1 is today's."""

RETIRED: Mapping[str, tuple[str, Upcaster]] = MappingProxyType(
    {
        "InventoryAdjusted": ("HoldingAdjusted", inventory_adjusted),
        "InventoryClosed": ("HoldingClosed", inventory_closed),
        "InventoryOpened": ("HoldingAdopted", inventory_opened),
        "InventorySettled": ("HoldingSettled", renamed(inventory="holding")),
        "PositionAdjusted": ("HoldingAdjusted", renamed(position="holding")),
        "PositionAdopted": ("HoldingAdopted", position_adopted),
        "PositionClosed": ("HoldingClosed", position_closed),
        "PositionMissing": ("DifferenceSeen", position_missing),
    }
)
"""Event types that are written no more: the type each is read as, and how its body becomes version 1 of that."""
