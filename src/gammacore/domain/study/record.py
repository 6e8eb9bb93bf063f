"""A record of closed trades, in order of closing: what statistics, draws and comparisons are made of.

Rules: ST-002, ST-003.

Every figure of a trade that a source does not give is None, never zero.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from gammacore.domain.sessions import new_york_date
from gammacore.errors import InvalidInput


class TradeFlag(StrEnum):
    """What must be known of a trade before its figures are believed. Rule: ST-214."""

    SETTLED = "settled"
    """Ended by its expiry, in cash or shares: one way of fees."""
    ESTIMATED = "estimated"
    """Its settlement is not official."""
    UNVERIFIED = "unverified"
    """The broker never confirmed a figure of it."""
    IMPLAUSIBLE = "implausible"
    """Beyond the bounds of CS-623; it counts all the same."""
    UNWATCHED = "unwatched"
    """No usable quote for more than 600 s before its end: a record cut short must not make a held winner."""


@frozen
class ClosedTrade:
    """One closed trade: what it was and what it came to. Money in dollars of the whole position, prices in points.

    `gross` is before fees; `date` the New York date of the entry, None where the source gives no time. `mid_pnl` is the
    P/L at the mids of the filling snapshots; `mae` and `mfe` the least and greatest open P/L at usable mids (ST-308);
    `credit` and `debit` are a share; `max_risk` is dollars a contract.
    """

    id: str
    gross: Decimal
    fees: Decimal
    contracts: int
    date: dt.date | None = None
    opened: dt.datetime | None = None
    closed: dt.datetime | None = None
    underlying: str = ""
    strategy: str = ""
    direction: str = ""
    confidence: str = ""
    strikes: str = ""
    credit: Decimal | None = None
    debit: Decimal | None = None
    mid_pnl: Decimal | None = None
    spread_cost: Decimal | None = None
    slippage: Decimal | None = None
    max_risk: Decimal | None = None
    vix: Decimal | None = None
    price: Decimal | None = None
    pin: Decimal | None = None
    exit_reason: str = ""
    minutes: Decimal | None = None
    mae: Decimal | None = None
    mfe: Decimal | None = None
    flags: frozenset[TradeFlag] = frozenset()

    def __attrs_post_init__(self) -> None:
        if self.contracts < 1:
            raise InvalidInput("contracts", self.contracts, "give 1 contract or more")

    @property
    def net(self) -> Decimal:
        """Dollars after fees. Rule: ST-003."""
        return self.gross - self.fees

    @property
    def per_contract(self) -> Decimal:
        """Gross dollars a contract: what a size is judged by. Rule: CS-603."""
        return self.gross / self.contracts

    @property
    def booked_on(self) -> dt.date | None:
        """The New York date its P/L is booked on: of its close, else of its entry; None where no time is known."""
        return self.date if self.closed is None else new_york_date(self.closed)


def in_order_of_closing(trades: Iterable[ClosedTrade]) -> tuple[ClosedTrade, ...]:
    """The trades by time of closing; ties and records without times keep the order they came in. Rule: ST-002.

    >>> one, two = (ClosedTrade(name, Decimal(5), Decimal(0), 1) for name in ("a", "b"))
    >>> [trade.id for trade in in_order_of_closing([two, one])]
    ['b', 'a']
    """
    listed = tuple(trades)
    if any(trade.closed is None for trade in listed):
        return listed
    return tuple(sorted(listed, key=_closing))


def _closing(trade: ClosedTrade) -> dt.datetime:
    assert trade.closed is not None
    return trade.closed
