"""Which day-trading rule a broker applies on a date: the pattern-day-trader rule, or the margin rule that replaces it.

FINRA 4210: the SEC approved the replacement on 2026-04-14, it is in effect from 2026-06-04, and brokers may take until
2027-10-20 to change over. When one did, only it can say: until its user enters the day, the old rule is assumed to
hold to the last one, which refuses too much and never too little.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from gammacore.domain.broker_facts.dated import LONG_AGO, BrokerName, Dated, in_force
from gammacore.domain.dated_table import Horizon
from gammacore.errors import InvalidInput

REPLACED_FROM = dt.date(2026, 6, 4)
REPLACED_BY_ALL = dt.date(2027, 10, 20)
SOURCE = "FINRA 4210; SEC approval 2026-04-14; brokers phase in 2026-06-04 to 2027-10-20"


class DayTradingRegime(StrEnum):
    """What limits opening and closing on one day in a margin account."""

    NONE = "none"
    PATTERN_DAY_TRADER = "pattern_day_trader"
    INTRADAY_MARGIN = "intraday_margin"


@frozen
class PatternDayTrader:
    """Four day trades within five sessions make a pattern; below this equity, dollars, a pattern may not be made."""

    minimum_equity: Decimal
    day_trades: int
    sessions: int


PATTERN = Dated(LONG_AGO, PatternDayTrader(Decimal(25_000), day_trades=4, sessions=5), SOURCE)


def day_trading_regime(
    broker: BrokerName, date: dt.date, changed_over: dt.date | None = None
) -> Dated[DayTradingRegime]:
    """The regime of a broker's margin accounts on a New York date; `changed_over` is when it left the old rule.

    Raises:
        InvalidInput: no broker could change over before 2026-06-04.

    >>> day_trading_regime(BrokerName.TRADIER, dt.date(2026, 7, 1)).value.value
    'pattern_day_trader'
    >>> day_trading_regime(BrokerName.TRADIER, dt.date(2026, 7, 1), changed_over=dt.date(2026, 6, 4)).value.value
    'intraday_margin'
    """
    if not broker.is_real:
        return Dated(LONG_AGO, DayTradingRegime.NONE, "the fake exchange")
    if changed_over is not None and changed_over < REPLACED_FROM:
        raise InvalidInput("intraday_margin_since", changed_over, f"give {REPLACED_FROM} or later, or leave it out")
    last = REPLACED_BY_ALL if changed_over is None else min(changed_over, REPLACED_BY_ALL)
    table = (
        Dated(LONG_AGO, DayTradingRegime.PATTERN_DAY_TRADER, SOURCE),
        Dated(last, DayTradingRegime.INTRADAY_MARGIN, SOURCE if changed_over is None else "entered by the user"),
    )
    return in_force(table, date)


def assumed_to_the_last(broker: BrokerName) -> Horizon:
    """How long the old rule is assumed where the day a broker left it is not configured."""
    return Horizon(
        f"pattern-day-trader rules of {broker}",
        LONG_AGO,
        REPLACED_BY_ALL - dt.timedelta(days=1),
        SOURCE,
        before="the run is refused",
        after="the intraday-margin rule is taken to hold",
        fix="enter the day the broker changed over as account.intraday_margin_since",
    )
