"""What a broker asks of an account: option level, day-trading rule, and when it may close a contract by itself.

FINRA 4210: the SEC approved the replacement of the pattern-day-trader rule on 2026-04-14, it is in effect from
2026-06-04, and brokers may take until 2027-10-20 to change over. Only the broker can say when it did: until its user
enters the day, the old rule is assumed to hold to the last one, which refuses too much and never too little.

Minutes on the last day of a contract are counted from the regular close of the session (16:00 New York, 13:00 on a
half day), so that a half day needs no second table.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
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


SPREAD_LEVELS: Mapping[BrokerName, tuple[Dated[int], ...]] = {
    BrokerName.FAKE: (Dated(LONG_AGO, 0, "the fake exchange"),),
    BrokerName.TRADIER: (Dated(LONG_AGO, 3, "Tradier: option level 3, spreads"),),
    BrokerName.ALPACA: (Dated(LONG_AGO, 3, "Alpaca: options level 3, spreads"),),
}
"""The least option level at which a credit spread may be sold."""


def spread_level(broker: BrokerName, date: dt.date) -> int:
    """The least option level for spreads at a broker on a date."""
    return in_force(SPREAD_LEVELS[broker], date).value


@frozen
class OwnClose:
    """A broker's right to close what expires today without being asked, one leg of a spread included.

    `minutes_before_close` is when its process starts; None: it does not say when, only "before the close".
    `roots` it holds for; none named: all.
    """

    minutes_before_close: int | None
    what: str
    roots: frozenset[str] = frozenset()

    def concerns(self, root: str) -> bool:
        return not self.roots or root in self.roots


OWN_CLOSES: Mapping[BrokerName, tuple[Dated[OwnClose], ...]] = {
    BrokerName.FAKE: (),
    BrokerName.TRADIER: (
        Dated(LONG_AGO, OwnClose(None, "may close short options near the strike before the close", frozenset({"SPY"})),
              "Tradier support"),
    ),
    BrokerName.ALPACA: (
        Dated(LONG_AGO, OwnClose(30, "may close one leg of an expiring spread and leave the other"),
              "alpaca-py issue 774"),
    ),
}  # fmt: skip


def own_close(broker: BrokerName, root: str, date: dt.date) -> Dated[OwnClose] | None:
    """What this broker may do to an expiring contract of this root by itself; None: nothing we know of.

    Raises:
        MissingData: its rules for the root begin later; that is not "nothing".

    >>> own_close(BrokerName.ALPACA, "SPXW", dt.date(2026, 8, 19)).value.minutes_before_close
    30
    """
    concerned = [fact for fact in OWN_CLOSES[broker] if fact.value.concerns(root)]
    return in_force(concerned, date) if concerned else None
