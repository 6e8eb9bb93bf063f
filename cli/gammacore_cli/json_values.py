"""Values as JSON: money as strings in cents, counts and prices as numbers, times with New York's offset (cli.md)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from gammacore.domain.dollars import exact, to_cents
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.sessions import NEW_YORK

if TYPE_CHECKING:
    from gammacore.ports.driving import LoopStats

Document = dict[str, object]


def money(amount: Decimal | Fraction) -> str:
    """Cents as a string, half to even (CS-012)."""
    whole = amount if isinstance(amount, Decimal) else exact(amount)
    return f"{to_cents(whole) + 0}"


def fill_price(price: Decimal | None) -> str | None:
    """What one share or contract changed hands at: in cents, or as exact as an average is; null where it is unknown.

    >>> fill_price(Decimal("558.4")), fill_price(Decimal("558.4025")), fill_price(None)
    ('558.40', '558.4025', None)
    """
    if price is None:
        return None
    cents = money(price)
    return cents if Decimal(cents) == price else f"{price.quantize(Decimal('0.000001')).normalize():f}"


def number(value: Decimal) -> int | float:
    """A price or distance as the JSON number a person would write: 6080, not 6080.0."""
    return int(value) if value == value.to_integral_value() else float(value)


def known_number(value: Decimal | None) -> int | float | None:
    """Null for what was not recorded."""
    return None if value is None else number(value)


def clock(instant: dt.datetime) -> str:
    """ISO 8601 with New York's offset."""
    return instant.astimezone(NEW_YORK).isoformat()


def leg(one: Leg | ShareLeg) -> Document:
    if isinstance(one, ShareLeg):
        return {"side": one.side.value, "symbol": one.symbol}
    contract = one.contract
    return {
        "side": one.side.value,
        "right": contract.right.value,
        "strike": number(contract.strike),
        "symbol": contract.occ,
    }


def loop_stats(stats: LoopStats) -> Document:
    """How a loop kept up with its feed, as the dashboard and `trade --json` show it. Rule: SC-908."""
    return {
        "quotes_per_second": stats.quotes_per_second,
        "decision_ms_p50": stats.decision_ms_p50,
        "decision_ms_p99": stats.decision_ms_p99,
        "slots": {
            name: {"put": one.put, "overwritten": one.overwritten, "taken": one.taken}
            for name, one in stats.slots.items()
        },
    }
