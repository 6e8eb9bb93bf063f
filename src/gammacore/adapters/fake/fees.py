"""What trading and expiry cost at the fake exchange."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from attrs import field, frozen

from gammacore.domain.orders import ShareLeg
from gammacore.domain.parameters import parameter
from gammacore.domain.spreads import Leg

FEE_OF_A_LEG = Decimal("0.65")
"""Half of the $1.30 a two-legged spread costs by source 002 (section 4, default fees). Enter your broker's own."""


@frozen
class FeeSchedule:
    """Dollars charged per contract of every leg traded, per share, and at expiry. Rules: CS-419, brokers.md 7.

    `by_root` holds the roots that cost something else than `option_contract`: index roots carry an exchange fee.

    >>> FeeSchedule(by_root={"NDXP": Decimal("0.90")}).of_root("NDXP"), FeeSchedule().of_root("SPXW")
    (Decimal('0.90'), Decimal('0.65'))
    """

    option_contract: Decimal = parameter(FEE_OF_A_LEG, "Dollars a contract of a leg traded (source 002).", at_least=0)
    cash_settlement: Decimal = parameter(Decimal(0), "Dollars a contract settled in cash in the money.", at_least=0)
    share: Decimal = parameter(Decimal(0), "Dollars a share traded.", at_least=0)
    delivery: Decimal = parameter(Decimal(0), "Dollars a contract assigned or exercised into shares.", at_least=0)
    by_root: Mapping[str, Decimal] = field(factory=dict)

    def of_root(self, root: str) -> Decimal:
        return self.by_root.get(root, self.option_contract)

    def trade(self, leg: Leg | ShareLeg, quantity: int) -> Decimal:
        """Dollars for trading a number of contracts or shares of one leg, either way."""
        rate = self.share if isinstance(leg, ShareLeg) else self.of_root(leg.contract.root)
        return rate * abs(quantity)


NO_FEES = FeeSchedule(Decimal(0))
