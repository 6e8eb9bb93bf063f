"""The last day of a contract: when a broker may close it by itself.

Minutes are counted from the regular close of the session (16:00 New York, 13:00 on a half day), so that a half day
needs no second table.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from attrs import frozen

from gammacore.domain.broker_facts.dated import LONG_AGO, BrokerName, Dated, in_force


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
