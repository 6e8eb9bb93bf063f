"""What trading one contract of a root costs, dollars, from a day on. Rules: CS-419, brokers.md 7.

Brokers and exchanges change their price lists and group accounts by plans: there is no truth to ship. The one row
here is a default and says so; users enter their own, and `entered` rows win.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal

from attrs import frozen

from gammacore.domain.broker_facts.dated import LONG_AGO, Dated, in_force
from gammacore.domain.instruments import parse_occ
from gammacore.domain.legs import Leg, LegFill, ShareLeg
from gammacore.domain.parameters import parameter
from gammacore.errors import InvalidInput

ANY_ROOT = "*"


@frozen
class ContractFee:
    """Dollars a contract of a leg traded, commission and exchange fee together; `root` * holds for every other root."""

    root: str
    dollars: Decimal = parameter(Decimal(0), "Dollars a contract of a leg traded.", at_least=0)
    is_default: bool = False


DEFAULT_FEES = (
    Dated(LONG_AGO, ContractFee(ANY_ROOT, Decimal("0.65"), is_default=True),
          "default of source 002 ($1.30 a two-legged spread): enter your broker's own"),
)  # fmt: skip


def contract_fee(root: str, date: dt.date, entered: Iterable[Dated[ContractFee]] = ()) -> Dated[ContractFee]:
    """The fee of a root on a date: entered for the root, else entered for all, else the default.

    >>> own = Dated(dt.date(2026, 1, 1), ContractFee("SPXW", Decimal("1.10")), "price list of January")
    >>> contract_fee("SPXW", dt.date(2026, 8, 19), [own]).value.dollars
    Decimal('1.10')
    >>> contract_fee("SPXW", dt.date(2025, 8, 19), [own]).value.is_default
    True
    """
    own = [fact for fact in entered if fact.since <= date]
    for wanted in (root, ANY_ROOT):
        if rows := [fact for fact in own if fact.value.root == wanted]:
            return in_force(rows, date)
    return in_force(DEFAULT_FEES, date)


FEE_OF_A_LEG = contract_fee(ANY_ROOT, dt.date.max).value.dollars
"""Dollars a contract of a leg, where the user entered none: the newest default of the table."""


@frozen
class FeeSchedule:
    """Dollars charged per contract of every leg traded, per share, and at expiry. Rules: CS-419, brokers.md 7.

    What the fake exchange charges, and what is booked as an estimate where a real broker's order names no fee.
    `by_root` holds the roots that cost something else than `option_contract`: index roots carry an exchange fee.

    >>> FeeSchedule(by_root={"NDXP": Decimal("0.90")}).of_root("NDXP"), FeeSchedule().of_root("SPXW")
    (Decimal('0.90'), Decimal('0.65'))
    """

    option_contract: Decimal = parameter(FEE_OF_A_LEG, "Dollars a contract of a leg traded (source 002).", at_least=0)
    cash_settlement: Decimal = parameter(Decimal(0), "Dollars a contract settled in cash in the money.", at_least=0)
    share: Decimal = parameter(Decimal(0), "Dollars a share traded.", at_least=0)
    delivery: Decimal = parameter(Decimal(0), "Dollars a contract assigned or exercised into shares.", at_least=0)
    by_root: Mapping[str, Decimal] = parameter({}, "Dollars a contract of roots that cost another fee: NDXP = 0.90.")

    def of_root(self, root: str) -> Decimal:
        return self.by_root.get(root, self.option_contract)

    def trade(self, leg: Leg | ShareLeg, quantity: int) -> Decimal:
        """Dollars for trading a number of contracts or shares of one leg, either way."""
        rate = self.share if isinstance(leg, ShareLeg) else self.of_root(leg.contract.root)
        return rate * abs(quantity)

    def of_fills(self, fills: Iterable[LegFill]) -> Decimal:
        """Dollars for what was filled, by symbol: an OCC symbol is a contract, any other a share.

        >>> from gammacore.domain.instruments import Side
        >>> print(FeeSchedule().of_fills([LegFill("SPXW260819C06040000", Side.BUY, 3, Decimal("2.50"))]))
        1.95
        """
        return sum((self._of_symbol(fill.symbol) * fill.quantity for fill in fills), Decimal(0))

    def _of_symbol(self, symbol: str) -> Decimal:
        try:
            return self.of_root(parse_occ(symbol).root)
        except InvalidInput:
            return self.share
