"""What trading one contract of a root costs, dollars, from a day on. Rules: CS-419, brokers.md 7.

Brokers and exchanges change their price lists and group accounts by plans: there is no truth to ship. The one row
here is a default and says so; whoever trades enters his own, and `entered` rows win.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from attrs import frozen

from gammacore.domain.broker_facts.dated import LONG_AGO, Dated, in_force
from gammacore.domain.parameters import parameter

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
