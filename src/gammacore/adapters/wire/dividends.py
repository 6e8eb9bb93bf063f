"""Cash dividends as a broker lists them: all that was asked for can be read, or none of it is known. Rule: SC-425."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterable
from decimal import Decimal

from attrs import frozen

from gammacore.adapters.wire.deadline import within
from gammacore.adapters.wire.faults import UnreadableAnswer
from gammacore.domain.pricing.rates import CashDividend
from gammacore.errors import BrokerError

LONGEST_SECONDS = 5.0
"""For all pages and repeats together: the loop that asks also watches what is held, and can assume a yield instead."""
DOLLARS = "USD"
_log = logging.getLogger(__name__)


@frozen
class AskedDividends:
    """Which cash dividends are asked for: those of a share with ex-dates in [since, until], New York dates."""

    symbol: str
    since: dt.date
    until: dt.date

    def covers(self, ex_date: dt.date) -> bool:
        return self.since <= ex_date <= self.until

    def paid(self, vendor: str, ask: Callable[[], Iterable[CashDividend]]) -> tuple[CashDividend, ...] | None:
        """What `ask` finds, oldest first; None, with a warning in the log, where any of it is not known.

        A yield that lacks one payment is wrong and looks right, so one unreadable row spoils the answer. The same
        amount of the same ex-date is one payment, listed twice.
        """
        try:
            with within(LONGEST_SECONDS):
                listed = set(ask())
            for one in listed:
                _require_money(one.amount)
        except BrokerError as fault:
            _log.warning("%s: the cash dividends of %s are not known: %s", vendor, self.symbol, fault)
            return None
        return tuple(sorted(listed, key=lambda one: (one.ex_date, one.amount)))


def _require_money(amount: Decimal) -> None:
    if amount <= 0:
        raise UnreadableAnswer(f"a dividend of {amount} is none")
