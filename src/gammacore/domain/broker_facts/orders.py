"""What a broker lets change on a working order, and the option level it asks for a spread."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from gammacore.domain.broker_facts.dated import LONG_AGO, BrokerName, Dated, in_force

NOTHING: frozenset[str] = frozenset()

MULTILEG_CHANGES: Mapping[BrokerName, tuple[Dated[frozenset[str]], ...]] = {
    BrokerName.FAKE: (Dated(LONG_AGO, NOTHING, "the fake exchange: cancel and send again"),),
    BrokerName.TRADIER: (Dated(LONG_AGO, frozenset({"type", "duration", "price", "stop"}), "docs.tradier.com"),),
    BrokerName.ALPACA: (Dated(LONG_AGO, NOTHING, "not verified: cancel and send again"),),
}
"""Fields of a working order of several legs that may be changed in place: never its quantity, never its legs."""

SPREAD_LEVELS: Mapping[BrokerName, tuple[Dated[int], ...]] = {
    BrokerName.FAKE: (Dated(LONG_AGO, 0, "the fake exchange"),),
    BrokerName.TRADIER: (Dated(LONG_AGO, 3, "Tradier: option level 3, spreads"),),
    BrokerName.ALPACA: (Dated(LONG_AGO, 3, "Alpaca: options level 3, spreads"),),
}
"""The least option level at which a credit spread may be sold."""


def changeable(broker: BrokerName, date: dt.date) -> frozenset[str]:
    """What may be changed on a working order of several legs; whatever else is to change: cancel, verify, send again.

    >>> sorted(changeable(BrokerName.TRADIER, dt.date(2026, 8, 19)))
    ['duration', 'price', 'stop', 'type']
    """
    return in_force(MULTILEG_CHANGES[broker], date).value


def spread_level(broker: BrokerName, date: dt.date) -> int:
    """The least option level for spreads at a broker on a date."""
    return in_force(SPREAD_LEVELS[broker], date).value
