"""What a figure of gamma exposure means: its unit, sign model, scope, source of greeks and rates.

Units are the commonest defect in this field, so an exposure carries all of them and prints them.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from attrs import frozen

from gammacore.domain.instruments import SettlementTime
from gammacore.domain.parameters import parameter
from gammacore.domain.sessions import new_york
from gammacore.errors import InvalidInput

SettlesAt = Callable[[dt.date, SettlementTime], dt.datetime]
"""The instant (aware, UTC) at which contracts of an expiry stop living; half days are the calendar's to know."""

CLOCK = "calendar seconds / (365 × 86400), at least one minute"


def regular_settlement(expiry: dt.date, when: SettlementTime) -> dt.datetime:
    """16:00 New York for PM contracts, 09:30 for AM contracts: right on every day that is not a half day.

    >>> regular_settlement(dt.date(2023, 9, 15), SettlementTime.AM).isoformat()
    '2023-09-15T13:30:00+00:00'
    """
    return new_york(expiry, dt.time(9, 30) if when is SettlementTime.AM else dt.time(16))


class ExposureUnit(StrEnum):
    """Share gamma γ = s·G·OI·M, and what it is multiplied by.

    per-1pct: $ delta per 1 % move (γ·S²/100, the default); per-point: $ delta per point (γ·S); shares: shares per
    point (γ); per-100pct: $ per 100 % move (γ·S², the unit of the pin, CS-101).
    """

    PER_1PCT = "per-1pct"
    PER_POINT = "per-point"
    SHARES = "shares"
    PER_100PCT = "per-100pct"

    def factor(self, spot: Decimal) -> Fraction:
        """What share gamma is multiplied by to be in this unit; exact.

        >>> ExposureUnit.PER_1PCT.factor(Decimal(450)) / ExposureUnit.PER_POINT.factor(Decimal(450))
        Fraction(9, 2)
        """
        price = Fraction(spot)
        return {
            ExposureUnit.SHARES: Fraction(1),
            ExposureUnit.PER_POINT: price,
            ExposureUnit.PER_1PCT: price * price / 100,
            ExposureUnit.PER_100PCT: price * price,
        }[self]

    @property
    def label(self) -> str:
        """The unit in words, as printed beside every figure."""
        return {
            ExposureUnit.SHARES: "shares per point",
            ExposureUnit.PER_POINT: "$ per point",
            ExposureUnit.PER_1PCT: "$ per 1 % move",
            ExposureUnit.PER_100PCT: "$ per 100 % move",
        }[self]


class SignModel(StrEnum):
    """Who is thought to hold what. naive: dealers are long calls, short puts; inverted: the reverse; unsigned: mass."""

    NAIVE = "naive"
    INVERTED = "inverted"
    UNSIGNED = "unsigned"

    @property
    def call(self) -> int:
        return -1 if self is SignModel.INVERTED else 1

    @property
    def put(self) -> int:
        return -1 if self is SignModel.NAIVE else 1


class GreeksSource(StrEnum):
    """feed: the gamma in the data; model: our own from each row's implied volatility."""

    FEED = "feed"
    MODEL = "model"


@frozen
class Scope:
    """Which expiries count: today's (0 days), those up to N days from today, or all (None). Days are New York dates.

    >>> str(Scope.parse("0DTE")), Scope.parse("7d"), str(Scope.parse("all"))
    ('0dte', Scope(days=7), 'all')
    """

    days: int | None = parameter(None, "Expiries at most this many days away; none: all.", at_least=0)

    @classmethod
    def parse(cls, text: str) -> Scope:
        """Read `0dte`, `<N>d` or `all`.

        Raises:
            InvalidInput: anything else.
        """
        word = text.strip().lower()
        if word == "all":
            return ALL
        if word == "0dte":
            return TODAY
        if match := re.fullmatch(r"(\d{1,5})d", word):
            return cls(int(match[1]))
        raise InvalidInput("scope", repr(text), "give 0dte, a number of days like 7d, or all")

    def until(self, today: dt.date) -> dt.date | None:
        """The last expiry that counts, None when all do."""
        return None if self.days is None else today + dt.timedelta(days=self.days)

    def __str__(self) -> str:
        return "all" if self.days is None else "0dte" if self.days == 0 else f"{self.days}d"


TODAY = Scope(0)
ALL = Scope(None)


@frozen
class Rates:
    """Continuous yearly rate and dividend yield, fractions; both None: each expiry's implied forward.

    Naming one of the two switches the implied forward off, and the other is then 0. Where quotes imply no forward
    both are 0 as well.

    >>> Rates().implied, Rates(rate=0.05).figures, str(Rates(rate=0.05))
    (True, (0.05, 0.0), 'rate 5 %, dividend 0 %')
    """

    rate: float | None = parameter(None, "Interest a year, fraction, continuous.", at_least=-0.5, at_most=1.0)
    dividend: float | None = parameter(None, "Dividend yield a year, fraction, continuous.", at_least=-0.5, at_most=1.0)

    @property
    def implied(self) -> bool:
        return self.rate is None and self.dividend is None

    @property
    def figures(self) -> tuple[float, float]:
        return self.rate or 0.0, self.dividend or 0.0

    def __str__(self) -> str:
        if self.implied:
            return "implied forward of each expiry"
        rate, dividend = self.figures
        return f"rate {rate * 100:g} %, dividend {dividend * 100:g} %"


IMPLIED_FORWARD = Rates()
