"""What one broker asks and does by itself, dated: the option level of a spread, its own closes on an expiry day."""

from __future__ import annotations

import datetime as dt

from attrs import frozen

from gammacore.domain.broker_facts.dated import BrokerName, Dated, in_force


@frozen
class OwnClose:
    """A broker's right to close what expires today without being asked, one leg of a spread included.

    `minutes_before_close` is when its process starts, counted from the regular close of the session (16:00 New York,
    13:00 on a half day); None: it does not say when, only "before the close". `roots` it holds for; none named: all.
    """

    minutes_before_close: int | None
    what: str
    roots: frozenset[str] = frozenset()

    def concerns(self, root: str) -> bool:
        return not self.roots or root in self.roots


@frozen
class BrokerFacts:
    """The rules of one broker. They stand in its kit.

    >>> may_close = Dated(dt.date(2020, 1, 1), OwnClose(30, "may close one leg"), "its support")
    >>> facts = BrokerFacts(BrokerName.ALPACA, (), (may_close,))
    >>> facts.own_close("SPXW", dt.date(2026, 8, 19)).value.minutes_before_close
    30
    """

    name: BrokerName
    spread_levels: tuple[Dated[int], ...]
    """The least option level at which a credit spread may be sold."""
    own_closes: tuple[Dated[OwnClose], ...]
    refuses_stops: str = ""
    """Why no stop order of ours rests on one leg of a spread there; "" where one does. Decision 0058."""

    def spread_level(self, date: dt.date) -> int:
        """The least option level for spreads on a date."""
        return in_force(self.spread_levels, date).value

    def own_close(self, root: str, date: dt.date) -> Dated[OwnClose] | None:
        """What the broker may do to an expiring contract of this root by itself; None: nothing we know of.

        Raises:
            MissingData: its rules for the root begin later; that is not "nothing".
        """
        concerned = [fact for fact in self.own_closes if fact.value.concerns(root)]
        return in_force(concerned, date) if concerned else None
