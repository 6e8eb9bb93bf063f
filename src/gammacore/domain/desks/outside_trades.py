"""What was traded outside this desk: which positions and inventories lost what, at what price, and what came back.

Pure. A person at the broker's own page, or the broker's risk desk before the close, may buy back a short or sell a
cover: whatever is left is ours to watch, and a short without its cover ours to repair. A broker that showed too little
for a while shows it again: it is taken up where it left. Rules: CS-572, CS-413, R5.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from gammacore.domain.instruments import Side
from gammacore.domain.inventory import Inventory
from gammacore.domain.inventory_events import InventoryAdjusted
from gammacore.domain.ledger import PositionAdjusted
from gammacore.domain.legs import LegFill
from gammacore.domain.orders import OrderReport
from gammacore.domain.positions import Position
from gammacore.domain.sessions import new_york_date
from gammacore.domain.spreads import to_cents


def adjustments(
    positions: Iterable[Position], symbol: str, gap: int, reports: Iterable[OrderReport], at: dt.datetime
) -> tuple[PositionAdjusted, ...]:
    """What `gap` signed contracts, held less expected, changes in positions of this symbol, oldest first.

    No position is brought beyond zero, nor beyond what its own orders left: the rest of the gap is somebody else's.
    `reports` are the broker's orders that no book knows.
    """
    price = outside_price(symbol, gap, reports)
    events: list[PositionAdjusted] = []
    for position in positions:
        ours = position.holdings.get(symbol, 0)
        is_back = gap * ours >= 0
        most = -position.vanished.get(symbol, 0) if is_back else -ours
        if not (change := _part(gap, most)):
            continue
        gap -= change
        paid = None if is_back else price
        events.append(PositionAdjusted(at, position.id, symbol, change, paid, _words(change, symbol, paid, is_back)))
    return tuple(events)


def inventory_adjustments(
    inventories: Iterable[Inventory], symbol: str, gap: int, at: dt.datetime
) -> Iterator[InventoryAdjusted]:
    """What `gap` signed contracts or shares, held less expected, changes in inventories of this symbol.

    What is missing since earlier today comes back first, also where its inventory was booked meanwhile; then live ones
    are brought down, never beyond zero. The rest of the gap belongs to another trader.
    """
    known = tuple(inventories)
    for inventory in known:
        if change := _part(gap, returnable(inventory, symbol, at)):
            gap -= change
            detail = f"{change:+d} {symbol} of {inventory.id} are at the broker again"
            yield InventoryAdjusted(at, inventory.id, symbol, change, inventory.missing[symbol].price, detail)
    for inventory in known:
        ours = inventory.quantities.get(symbol, 0) if inventory.is_live else 0
        if change := _part(gap, -ours):
            gap -= change
            detail = f"{-change:+d} {symbol} of {inventory.id} are gone from the broker; what they brought is not known"
            yield InventoryAdjusted(at, inventory.id, symbol, change, inventory.average_price(symbol), detail)


def returnable(inventory: Inventory, symbol: str, at: dt.datetime) -> int:
    """Signed contracts or shares that went missing earlier on this New York date and may be shown again.

    On a later day what is at the broker beyond ours is taken for another trader's (ours).
    """
    missing = inventory.missing.get(symbol)
    if missing is None or new_york_date(missing.since) != new_york_date(at):
        return 0
    return -missing.change


def taken_back(
    owner: Position | Inventory | None, gained: Mapping[str, int], order: str, at: dt.datetime
) -> Iterator[PositionAdjusted | InventoryAdjusted]:
    """What was taken for traded outside at an unknown price, and a late fill of our own `order` now explains.

    The fill brings the true price; without this it would count twice. Rules: CS-410, CS-572.
    """
    for symbol, change in gained.items():
        detail = f"{change:+d} {symbol} were the fill of {order}, not traded outside"
        if isinstance(owner, Position):
            if back := _part(-change, -owner.vanished.get(symbol, 0)):
                yield PositionAdjusted(at, owner.id, symbol, back, None, detail)
        elif owner is not None and (missing := owner.missing.get(symbol)) and (back := _part(-change, -missing.change)):
            yield InventoryAdjusted(at, owner.id, symbol, back, missing.price, detail)


def outside_price(symbol: str, gap: int, reports: Iterable[OrderReport]) -> Decimal | None:
    """The average price, points, of the newest fills that make up exactly this gap; None where none do.

    >>> outside_price("SPXW260105P06880000", 2, []) is None
    True
    """
    side = Side.BUY if gap > 0 else Side.SELL
    newest_first = sorted(reports, key=lambda report: report.at, reverse=True)
    fills = (fill for report in newest_first for fill in report.execution.legs)
    taken: list[LegFill] = []
    for fill in fills:
        if fill.symbol != symbol or fill.side is not side or not fill.quantity:
            continue
        taken.append(fill)
        if sum(one.quantity for one in taken) >= abs(gap):
            break
    return _average(taken) if sum(one.quantity for one in taken) == abs(gap) else None


def _average(fills: Sequence[LegFill]) -> Decimal:
    paid = sum((fill.price * fill.quantity for fill in fills), Decimal(0))
    return paid / sum(fill.quantity for fill in fills)


def _part(gap: int, most: int) -> int:
    """As much of the gap as goes the way of `most`, and no further."""
    if gap * most <= 0:
        return 0
    return min(gap, most) if gap > 0 else max(gap, most)


def _words(change: int, symbol: str, price: Decimal | None, is_back: bool) -> str:
    if is_back:
        return f"{change:+d} {symbol} are at the broker again"
    verb = "bought back" if change > 0 else "sold"
    if price is not None:
        return f"{abs(change)} {symbol} were {verb} outside this desk at {to_cents(price)}"
    worst = "the width of its side" if change > 0 else "nothing"
    return f"{abs(change)} {symbol} were {verb} outside this desk at a price nobody told, counted at {worst}"
