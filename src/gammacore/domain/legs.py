"""Legs of orders and what was filled of them; what a spread's contract can lose; the underlying of a leg at its exit.

Rules: CS-003, CS-006, CS-017.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from attrs import field, frozen

from gammacore.domain.instruments import (
    EQUITY_OPTION_MULTIPLIER,
    Exercise,
    OptionContract,
    Settlement,
    Side,
    Underlying,
)
from gammacore.domain.option_symbols import canonical_symbol
from gammacore.errors import InvalidInput


@frozen
class Leg:
    """One contract of an order: which, and whether it is bought or sold there; `ratio` per spread."""

    contract: OptionContract
    side: Side
    ratio: int = 1

    @property
    def symbol(self) -> str:
        return self.contract.occ

    @property
    def multiplier(self) -> int:
        """Dollars a point of one contract."""
        return EQUITY_OPTION_MULTIPLIER


@frozen
class ShareLeg:
    """Shares as the one leg of an order: bought or sold, to reduce what is held (`closes`) or to open.

    Brokers tell selling from selling short, so an order never crosses zero: who wants both sends two.

    >>> ShareLeg("SPY", Side.SELL, closes=False).symbol
    'SPY'
    """

    symbol: str
    side: Side
    closes: bool

    @property
    def ratio(self) -> int:
        return 1

    @property
    def multiplier(self) -> int:
        """Dollars a point of one share."""
        return 1


@frozen
class LegFill:
    """How many contracts of one leg have been filled so far, and their average price in points.

    `symbol` is the OCC symbol of an option, however the broker spells it. Rule: CS-013.
    """

    symbol: str = field(converter=canonical_symbol)
    side: Side
    quantity: int
    price: Decimal


def maximum_loss(width: Decimal, credit: Decimal) -> Decimal:
    """(W - C) × 100: dollars one contract can lose; W the wider wing, C the credit, both points. Rules: CS-003, CS-006.

    >>> maximum_loss(Decimal(10), Decimal("2.50"))
    Decimal('750.00')

    Raises:
        InvalidInput: a width of nothing, or a credit outside 0 < C < W.
    """
    if not (width.is_finite() and width > 0):
        raise InvalidInput("width", width, "give the wider wing in points, above 0")
    if not (credit.is_finite() and 0 < credit < width):
        raise InvalidInput("credit", credit, f"give points above 0 and below the width {width}")
    return (width - credit) * EQUITY_OPTION_MULTIPLIER


def underlying_at_exit(contract: OptionContract, known: Mapping[str, Underlying]) -> tuple[Underlying, bool]:
    """The underlying of a held contract, and whether it is a stand-in that wants an alarm. Rule: CS-017.

    The stand-in has k = s = 1 and settles in shares as far as anybody knows, so that it is never held for settlement.

    >>> import datetime as dt
    >>> from decimal import Decimal
    >>> from gammacore.domain.instruments import REGISTRY, Right
    >>> odd = OptionContract("DJX", "DJX", dt.date(2026, 1, 12), Right.PUT, Decimal(490))
    >>> stand_in, unknown = underlying_at_exit(odd, REGISTRY)
    >>> unknown, int(stand_in.k), int(stand_in.credit_scale), stand_in.cash_settled
    (True, 1, 1, False)
    """
    if (found := known.get(contract.underlying)) is not None:
        return found, False
    return Underlying(contract.underlying, contract.root, Exercise.AMERICAN, Settlement.PHYSICAL), True
