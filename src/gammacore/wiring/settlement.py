"""When contracts settle, by the exchange's calendar."""

from __future__ import annotations

import datetime as dt

from gammacore.domain.gex.units import SettlesAt, regular_settlement
from gammacore.domain.instruments import SettlementTime
from gammacore.errors import MissingData
from gammacore.ports.calendar import Calendar


def settlement_instants(calendar: Calendar) -> SettlesAt:
    """When contracts settle by the calendar: at the close of their session (13:00 on half days), AM ones at the open.

    A date that is no session, or that the calendar does not know, settles at the regular time.
    """

    def settles_at(expiry: dt.date, when: SettlementTime) -> dt.datetime:
        try:
            session = calendar.session(expiry)
        except MissingData:
            session = None
        if session is None:
            return regular_settlement(expiry, when)
        return session.open if when is SettlementTime.AM else session.close

    return settles_at
