"""Every table with dates in it that a run looks into, with what it knows. Rules: CS-304, CS-352, CS-367."""

from __future__ import annotations

import datetime as dt

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.configuration import Settings
from gammacore.domain.broker_facts.dated import BrokerName, reviewed
from gammacore.domain.broker_facts.day_trading import assumed_to_the_last
from gammacore.domain.dated_table import Horizon
from gammacore.ports.calendar import Calendar
from gammacore.wiring.strategies import spec_of


def dated_tables(settings: Settings, broker: BrokerName, calendar: Calendar, date: dt.date) -> tuple[Horizon, ...]:
    """What the tables in use know around a date; the fake exchange has no rules of its own that could end."""
    tables: list[Horizon] = [calendar.horizon] if isinstance(calendar, NyseCalendar) else []
    tables += spec_of(settings.trade.strategy).dated_tables(settings, date)
    if broker.is_real:
        tables.append(reviewed(broker))
        if settings.account.intraday_margin_since is None:
            tables.append(assumed_to_the_last(broker))
    return tuple(tables)
