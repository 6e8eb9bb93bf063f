"""What money costs and what a share pays until an expiry: the par curve, the dividend yield. SC-406, SC-424, SC-425."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal

import numpy as np
from attrs import field, frozen
from numpy.typing import ArrayLike

from gammacore.domain.columns import Floats
from gammacore.domain.pricing.option_model import Carry
from gammacore.errors import InvalidInput

NODES: Mapping[str, int] = {
    "1m": 30, "1.5m": 45, "2m": 60, "3m": 90, "4m": 120, "6m": 180, "1y": 365, "2y": 730, "3y": 1095, "5y": 1825,
    "7y": 2555, "10y": 3650, "20y": 7300, "30y": 10_950,
}  # fmt: skip
"""The maturities of the Treasury's par curve, in days. Rule: SC-424."""
ParYields = Mapping[str, Decimal | None]
"""Percents of one date by the names of `NODES`; None where the table has no figure."""
FEWEST_NODES = 2
RATE_PLACES = 4
TRAILING = dt.timedelta(days=365)


@frozen
class RateCurve:
    """A rate for every number of days: par yields in percent at `nodes`, by days; `assumed` where no source gave them.

    >>> curve = RateCurve({30: Decimal("4.30"), 60: Decimal("4.40")}, dt.date(2026, 6, 1))
    >>> curve.rate([10, 45, 60, 400]).tolist()
    [0.043, 0.0435, 0.044, 0.044]
    """

    nodes: Mapping[int, Decimal]
    date: dt.date | None
    assumed: bool = False

    def __attrs_post_init__(self) -> None:
        if not self.nodes:
            raise InvalidInput("nodes", self.nodes, "give the yield of one maturity at least")

    @classmethod
    def constant(cls, fallback_rate: float) -> RateCurve:
        """The curve where nobody answers: one rate, a fraction, marked assumed."""
        return cls({NODES["1m"]: Decimal(str(fallback_rate)) * 100}, None, assumed=True)

    def rate(self, days: ArrayLike) -> Floats:
        """A fraction a year, at 4 places: linear between the nodes, flat outside them."""
        known = sorted(self.nodes)
        percent = np.interp(np.asarray(days, dtype=np.float64), known, [float(self.nodes[one]) for one in known])
        return np.asarray(np.round(percent / 100, RATE_PLACES))


def newest_curve(rows: Mapping[dt.date, ParYields], fallback_rate: float) -> RateCurve:
    """The curve of the newest date; nodes without a figure are skipped, and fewer than two make no curve. SC-424.

    `rows` has the percents of each date by the names of `NODES`.

    >>> row = {"1m": Decimal("4.31"), "1.5m": None, "2m": Decimal("4.33")}
    >>> newest_curve({dt.date(2026, 6, 1): row}, 0.05).nodes
    {30: Decimal('4.31'), 60: Decimal('4.33')}
    >>> newest_curve({}, 0.05).rate(45).item(), newest_curve({}, 0.05).assumed
    (0.05, True)
    """
    if not rows:
        return RateCurve.constant(fallback_rate)
    date = max(rows)
    nodes = {NODES[name]: percent for name, percent in rows[date].items() if percent is not None and name in NODES}
    return RateCurve(nodes, date) if len(nodes) >= FEWEST_NODES else RateCurve.constant(fallback_rate)


@frozen
class CashDividend:
    """Dollars a share that was paid to whoever held it before `ex_date`."""

    ex_date: dt.date
    amount: Decimal


@frozen
class DividendYield:
    """A fraction of the price a year; `assumed` where no source knew of a dividend, 0 then."""

    value: float
    assumed: bool = False


NO_DIVIDEND = DividendYield(0.0, assumed=True)


def dividend_yield(paid: Iterable[CashDividend] | None, today: dt.date, mid: Decimal) -> DividendYield:
    """Cash dividends of the trailing 365 days, today included, over the price. Rule: SC-425.

    >>> paid = [CashDividend(dt.date(2026, 3, 20), Decimal("1.77")), CashDividend(dt.date(2025, 3, 20), Decimal("9"))]
    >>> dividend_yield(paid, dt.date(2026, 6, 1), Decimal(590))
    DividendYield(value=0.003, assumed=False)
    """
    recent = [one.amount for one in paid or () if today - TRAILING < one.ex_date <= today]
    if not recent or mid <= 0:
        return NO_DIVIDEND
    return DividendYield(float(sum(recent, Decimal(0)) / mid))


@frozen
class MarketRates:
    """The rates and the dividends of a day."""

    curve: RateCurve
    dividend: DividendYield = field(default=NO_DIVIDEND)

    def carry(self, days: ArrayLike) -> Carry:
        """Rate of each expiry at its own days, one dividend yield. Rule: SC-406."""
        return Carry(self.curve.rate(days), self.dividend.value)

    @property
    def assumed(self) -> tuple[str, ...]:
        """What no source gave: named in the rationale."""
        parts = (("rate", self.curve.assumed), ("dividend", self.dividend.assumed))
        return tuple(name for name, is_assumed in parts if is_assumed)
