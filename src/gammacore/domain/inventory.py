"""An inventory: options and shares held under one name by a strategy that trades them freely, as the fold of fills.

Credit spreads are `positions`; everything else that fills lands here: bought options and the shares that hedge them,
shares an assignment delivered, a naked short of ours that a crash left behind. P/L is exact, first in first out.
Rules: CS-413, CS-529, CS-574, DH-243.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from attrs import evolve, field, frozen

from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.orders import Execution, OrderTicket

ZERO = Decimal(0)


@frozen
class Lot:
    """Signed contracts or shares taken in at one price, points."""

    quantity: int
    price: Decimal


@frozen
class Holding:
    """What is held of one symbol, oldest lot first; `multiplier` dollars a point, `realised` dollars, gross.

    >>> held = Holding("SPY", 1).traded(100, Decimal("600")).traded(-40, Decimal("601.50"))
    >>> held.quantity, held.realised
    (60, Decimal('60.00'))
    """

    symbol: str
    multiplier: int
    lots: tuple[Lot, ...] = ()
    realised: Decimal = ZERO

    @property
    def quantity(self) -> int:
        return sum(lot.quantity for lot in self.lots)

    @property
    def is_option(self) -> bool:
        return self.multiplier == EQUITY_OPTION_MULTIPLIER

    @property
    def cost(self) -> Decimal:
        """Dollars paid (negative: received) for what is open."""
        return sum((lot.quantity * lot.price for lot in self.lots), ZERO) * self.multiplier

    def open_profit(self, price: Decimal) -> Decimal:
        """What closing everything at `price` points would earn, dollars, gross."""
        return self.quantity * price * self.multiplier - self.cost

    def traded(self, quantity: int, price: Decimal) -> Holding:
        """After so many more (negative: fewer) were traded at a price; the oldest lots of the other sign close first.

        >>> Holding("SPY", 1, (Lot(10, Decimal(5)),)).traded(-15, Decimal(6)).lots
        (Lot(quantity=-5, price=Decimal('6')),)
        """
        lots, realised, left = list(self.lots), self.realised, quantity
        while left and lots and (lots[0].quantity > 0) != (left > 0):
            oldest = lots.pop(0)
            closed = min(abs(left), abs(oldest.quantity))
            sign = 1 if oldest.quantity > 0 else -1
            realised += (price - oldest.price) * sign * closed * self.multiplier
            left += sign * closed
            if rest := oldest.quantity - sign * closed:
                lots.insert(0, Lot(rest, oldest.price))
        if left:
            lots.append(Lot(left, price))
        return evolve(self, lots=tuple(lots), realised=realised)


@frozen
class Missing:
    """Signed contracts or shares that left without an order of ours, and the price they were taken out at, points.

    Rules: R5, CS-572.
    """

    change: int
    price: Decimal
    since: dt.datetime


@frozen
class Inventory:
    """All that one strategy holds under one name, from its first lot until it is flat and booked.

    `fees` in dollars. `strategy` is its owner: a strategy's name, or `delivered`, `stranded` for what no strategy
    chose. `missing` is what the broker ceased to show, by symbol, until it shows it again.
    """

    id: str
    strategy: str
    underlying: str
    opened_at: dt.datetime
    holdings: dict[str, Holding] = field(factory=dict)
    fees: Decimal = ZERO
    closed_at: dt.datetime | None = None
    missing: dict[str, Missing] = field(factory=dict)

    @property
    def is_live(self) -> bool:
        return self.closed_at is None

    @property
    def is_flat(self) -> bool:
        return not any(holding.lots for holding in self.holdings.values())

    @property
    def quantities(self) -> dict[str, int]:
        """Signed contracts and shares held, by symbol; what is flat is left out."""
        return {symbol: held for symbol, holding in self.holdings.items() if (held := holding.quantity)}

    @property
    def in_words(self) -> str:
        """What is held, as a message says it: "+1 SPY260303C00559000, -30 SPY"."""
        return ", ".join(f"{quantity:+d} {symbol}" for symbol, quantity in self.quantities.items())

    @property
    def options_realised(self) -> Decimal:
        """Dollars, gross."""
        return sum((holding.realised for holding in self.holdings.values() if holding.is_option), ZERO)

    @property
    def shares_realised(self) -> Decimal:
        """Dollars, gross."""
        return sum((holding.realised for holding in self.holdings.values() if not holding.is_option), ZERO)

    def traded(self, symbol: str, multiplier: int, quantity: int, price: Decimal, fees: Decimal = ZERO) -> Inventory:
        """After a trade of one symbol at a price in points."""
        held = self.holdings.get(symbol) or Holding(symbol, multiplier)
        return evolve(
            self, holdings={**self.holdings, symbol: held.traded(quantity, price)}, fees=self.fees + fees
        )  # fmt: skip

    def adjusted(self, symbol: str, multiplier: int, change: int, price: Decimal, at: dt.datetime) -> Inventory:
        """After the broker showed less of a symbol than its fills brought, or showed what was missing again.

        >>> noon = dt.datetime(2026, 1, 5, 17, tzinfo=dt.UTC)
        >>> held = Inventory("i", "desk", "SPY", noon).traded("SPY", 1, 10, Decimal(600))
        >>> gone = held.adjusted("SPY", 1, -3, Decimal(600), noon)
        >>> gone.quantities, gone.adjusted("SPY", 1, 3, Decimal(600), noon).missing
        ({'SPY': 7}, {})
        """
        known = self.missing.get(symbol)
        total = change + (known.change if known is not None else 0)
        rest = {name: one for name, one in self.missing.items() if name != symbol}
        if total:
            rest[symbol] = Missing(total, price, at)
        return evolve(self.traded(symbol, multiplier, change, price), missing=rest)

    def anew(self) -> Inventory:
        """The same inventory after it was booked: what fills or returns from now on is booked once more."""
        return Inventory(self.id, self.strategy, self.underlying, self.opened_at, missing=self.missing)

    def average_price(self, symbol: str) -> Decimal:
        """What is open of a symbol was taken in at, points, on average."""
        holding = self.holdings[symbol]
        return holding.cost / holding.multiplier / holding.quantity

    def filled(self, ticket: OrderTicket, before: Execution, now: Execution) -> Inventory:
        """After more of one of its orders was filled; both executions are cumulative.

        Each leg counts at its own price; a net price without those of the legs is split evenly, so the sum is exact.
        """
        inventory = evolve(self, fees=self.fees + now.fees - before.fees)
        for leg in ticket.legs:
            had, has = _filled(ticket, leg, before), _filled(ticket, leg, now)
            if (more := has[0] - had[0]) != 0:
                price = (has[1] - had[1]) / more
                inventory = inventory.traded(leg.symbol, leg.multiplier, leg.side.sign * more, price)
        return inventory


def _filled(ticket: OrderTicket, leg: Leg | ShareLeg, execution: Execution) -> tuple[int, Decimal]:
    """Quantity filled of a leg so far, and points × quantity paid or received for it."""
    for fill in execution.legs:
        if fill.symbol == leg.symbol:
            return fill.quantity, fill.quantity * fill.price
    if execution.legs:
        return 0, ZERO
    share = -leg.side.sign * ticket.effect.sign * (execution.price or ZERO) / len(ticket.legs)
    return execution.quantity * leg.ratio, execution.quantity * share
