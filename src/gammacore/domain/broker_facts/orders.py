"""The option level a broker asks for a spread."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from gammacore.domain.broker_facts.dated import LONG_AGO, BrokerName, Dated, in_force

SPREAD_LEVELS: Mapping[BrokerName, tuple[Dated[int], ...]] = {
    BrokerName.FAKE: (Dated(LONG_AGO, 0, "the fake exchange"),),
    BrokerName.TRADIER: (Dated(LONG_AGO, 3, "Tradier: option level 3, spreads"),),
    BrokerName.ALPACA: (Dated(LONG_AGO, 3, "Alpaca: options level 3, spreads"),),
}
"""The least option level at which a credit spread may be sold."""


def spread_level(broker: BrokerName, date: dt.date) -> int:
    """The least option level for spreads at a broker on a date."""
    return in_force(SPREAD_LEVELS[broker], date).value
