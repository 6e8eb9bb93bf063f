"""The last day of a contract: until when it trades, what it settles on, and when a broker may close it by itself.

Minutes are counted from the regular close of the session (16:00 New York, 13:00 on a half day), so that a half day
needs no second table. Source of every row: brokers.md 7 and what it names.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from attrs import frozen

from gammacore.domain.broker_facts.dated import LONG_AGO, BrokerName, Dated, in_force
from gammacore.domain.instruments import Exercise, Settlement, SettlementTime
from gammacore.domain.sessions import TradingSession


@frozen
class ExpiryDay:
    """How a root ends. `trades_past_close` minutes after the regular close; None: not traded on its expiry day at all.

    `exercised_at_close`: an ETF option trades on to 16:15, but who is exercised is decided by the price of 16:00.
    """

    settlement: Settlement
    settles: SettlementTime
    exercise: Exercise
    trades_past_close: int | None
    exercised_at_close: bool = False

    def last_trade(self, session: TradingSession) -> dt.datetime | None:
        """The instant trading ends on the day it expires; None where it ended the day before."""
        if self.trades_past_close is None:
            return None
        return session.close + dt.timedelta(minutes=self.trades_past_close)


INDEX_PM = ExpiryDay(Settlement.CASH, SettlementTime.PM, Exercise.EUROPEAN, trades_past_close=0)
INDEX_AM = ExpiryDay(Settlement.CASH, SettlementTime.AM, Exercise.EUROPEAN, trades_past_close=None)
ETF = ExpiryDay(
    Settlement.PHYSICAL, SettlementTime.PM, Exercise.AMERICAN, trades_past_close=15, exercised_at_close=True
)
STOCK = ExpiryDay(
    Settlement.PHYSICAL, SettlementTime.PM, Exercise.AMERICAN, trades_past_close=0, exercised_at_close=True
)

_INDEX_HOURS = "Tradier support, index hours; Cboe"
_ETF_HOURS = "Cboe, OCC"
EXPIRY_DAYS: Mapping[str, tuple[Dated[ExpiryDay], ...]] = {
    **{root: (Dated(LONG_AGO, INDEX_PM, _INDEX_HOURS),) for root in ("SPXW", "XSP", "RUTW", "NDXP")},
    **{root: (Dated(LONG_AGO, INDEX_AM, "Cboe: opening print (SET)"),) for root in ("SPX", "NDX", "RUT")},
    **{root: (Dated(LONG_AGO, ETF, _ETF_HOURS),) for root in ("SPY", "QQQ", "IWM")},
}


def expiry_day(root: str, date: dt.date) -> ExpiryDay:
    """How contracts of a root end on a date; a root of no table is a stock: American, physical, to the close.

    >>> expiry_day("SPXW", dt.date(2026, 8, 19)).trades_past_close, expiry_day("SPY", dt.date(2026, 8, 19)).settlement
    (0, <Settlement.PHYSICAL: 'physical'>)
    """
    table = EXPIRY_DAYS.get(root)
    return STOCK if table is None else in_force(table, date).value


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
