"""Credit spreads: legs by role, width, maximum risk, what closing costs now, what settlement is worth.

A credit spread has one side (a vertical) or two (an iron condor; a broken-wing condor when the widths differ).
Prices are points (dollars per share). Rules: CS-001..006, CS-204, CS-503, CS-521.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from attrs import frozen

from gammacore.domain.dollars import to_cents
from gammacore.domain.instruments import OptionContract, Right, Side
from gammacore.domain.legs import Leg, maximum_loss
from gammacore.domain.market import Quote
from gammacore.errors import InvalidInput

Quotes = Callable[[OptionContract], Quote | None]


def clamp(value: Decimal, low: Decimal, high: Decimal) -> Decimal:
    return max(low, min(value, high))


@frozen
class SpreadMark:
    """What closing a spread costs now, points, each side clamped to its width: by mids, at best, at worst. CS-503."""

    mid: Decimal
    best: Decimal
    worst: Decimal


@frozen
class Vertical:
    """A short option covered by a long one further out of the money: worth 0 to its width. Rules: CS-002, CS-022.

    >>> import datetime as dt
    >>> from gammacore.domain.instruments import REGISTRY
    >>> put = lambda k: REGISTRY["SPX"].contract(dt.date(2026, 1, 5), Right.PUT, Decimal(k))
    >>> side = Vertical(short=put(6880), long=put(6870))
    >>> side.width, side.settlement_value(Decimal(6876)), side.settlement_value(Decimal(6000))
    (Decimal('10'), Decimal('4'), Decimal('10'))
    """

    short: OptionContract
    long: OptionContract

    def __attrs_post_init__(self) -> None:
        short, long = self.short, self.long
        if (short.root, short.expiry, short.right) != (long.root, long.expiry, long.right):
            raise InvalidInput("long", long.occ, f"give a leg of the same root, expiry and right as {short.occ}")
        if self.width <= 0:
            raise InvalidInput("long", long.occ, f"give a strike further out of the money than {short.occ}")

    @property
    def right(self) -> Right:
        return self.short.right

    @property
    def width(self) -> Decimal:
        gap = self.long.strike - self.short.strike
        return gap if self.right is Right.CALL else -gap

    def distance(self, price: Decimal) -> Decimal:
        """How far out of the money the short is, points; negative when in the money. Rule: CS-415."""
        gap = self.short.strike - price
        return gap if self.right is Right.CALL else -gap

    def settlement_value(self, price: Decimal) -> Decimal:
        """Intrinsic of the short less that of the long, in [0, width]. Rule: CS-521."""
        return clamp(self.short.intrinsic(price) - self.long.intrinsic(price), Decimal(0), self.width)

    def mark(self, quotes: Quotes) -> SpreadMark | None:
        """Cost to close, unrounded; None when a leg has no usable quote. Rules: CS-015, CS-504."""
        short, long = quotes(self.short), quotes(self.long)
        if short is None or long is None:
            return None
        values = (short.mid - long.mid, short.bid - long.ask, short.ask - long.bid)
        mid, best, worst = (clamp(value, Decimal(0), self.width) for value in values)
        return SpreadMark(mid, best, worst)


@frozen
class CreditSpread:
    """One vertical, or a call and a put vertical of one expiry: what the desk sells. Rules: CS-006, CS-204.

    Legs are named by role, never by position; where an order of legs is needed it is call short, call long,
    put short, put long (CS-402).
    """

    sides: tuple[Vertical, ...]

    def __attrs_post_init__(self) -> None:
        rights = [side.right for side in self.sides]
        if rights not in ([Right.CALL], [Right.PUT], [Right.CALL, Right.PUT]):
            raise InvalidInput("sides", rights, "give one vertical, or a call vertical and then a put vertical")
        if len({(side.short.root, side.short.expiry) for side in self.sides}) > 1:
            raise InvalidInput("sides", self.symbols, "give sides of one root and expiry")

    @classmethod
    def of_legs(cls, legs: Sequence[Leg]) -> CreditSpread:
        """The spread that an order opens with these legs, in the order of CS-402.

        Raises:
            InvalidInput: legs that make no credit spread in that order.
        """
        pairs = list(zip(legs[::2], legs[1::2], strict=False))
        if len(legs) % 2 or any((short.side, long.side) != (Side.SELL, Side.BUY) for short, long in pairs):
            raise InvalidInput("legs", [leg.symbol for leg in legs], "give each short and then the long that covers it")
        return cls(tuple(Vertical(short.contract, long.contract) for short, long in pairs))

    @property
    def underlying(self) -> str:
        return self.sides[0].short.underlying

    @property
    def width(self) -> Decimal:
        """The wider wing, points: only one side can finish in the money. Rule: CS-006."""
        return max(side.width for side in self.sides)

    @property
    def contracts(self) -> tuple[OptionContract, ...]:
        return tuple(contract for side in self.sides for contract in (side.short, side.long))

    @property
    def symbols(self) -> tuple[str, ...]:
        return tuple(contract.occ for contract in self.contracts)

    @property
    def opening_legs(self) -> tuple[Leg, ...]:
        """Shorts sold, longs bought, in the order of CS-402."""
        return tuple(
            leg for side in self.sides for leg in (Leg(side.short, Side.SELL), Leg(side.long, Side.BUY))
        )  # fmt: skip

    @property
    def closing_legs(self) -> tuple[Leg, ...]:
        """Shorts bought back, longs sold. Rule: CS-416."""
        return tuple(Leg(leg.contract, leg.side.opposite) for leg in self.opening_legs)

    @property
    def strikes(self) -> str:
        """Strikes as written in records: "6070/6080/6030/6020", "6880/6870". Rule: CS-204."""
        return "/".join(str(contract.strike) for contract in self.contracts)

    def maximum_risk(self, credit: Decimal) -> Decimal:
        """Dollars lost per contract at worst. Rule: CS-006.

        Raises:
            InvalidInput: a credit outside 0 < C < W (CS-003).
        """
        return maximum_loss(self.width, credit)

    def distance(self, price: Decimal) -> Decimal:
        """Points from price to the nearer short, negative when it is in the money. Rule: CS-415."""
        return min(side.distance(price) for side in self.sides)

    def settlement_value(self, price: Decimal) -> Decimal:
        """What the spread costs its seller at settlement, points: each side in [0, width]. Rule: CS-521."""
        return sum((side.settlement_value(price) for side in self.sides), Decimal(0))

    def mark(self, quotes: Quotes) -> SpreadMark | None:
        """Cost to close to the cent: sides clamped, then summed; None when any leg is unusable. Rule: CS-503."""
        marks = [side.mark(quotes) for side in self.sides]
        usable = [mark for mark in marks if mark is not None]
        if len(usable) < len(marks):
            return None
        return SpreadMark(
            *(to_cents(sum((getattr(m, part) for m in usable), Decimal(0))) for part in ("mid", "best", "worst"))
        )
