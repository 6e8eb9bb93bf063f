"""Legs of orders, and what was filled of them."""

from __future__ import annotations

from decimal import Decimal

from attrs import field, frozen

from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER, OptionContract, Side
from gammacore.domain.option_symbols import canonical_symbol


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
