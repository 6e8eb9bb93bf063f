"""A scheduled entry as it was judged, and what became of it: taken, skipped or never filled. Rule: CS-366."""

from __future__ import annotations

import datetime as dt
import re
from enum import StrEnum

from attrs import frozen

from gammacore.domain.ledger import EntryJudged
from gammacore.domain.orders import Effect, Order
from gammacore.domain.verdicts import FilterVerdict, Outcome

_VERDICT_HEAD = re.compile(r"(?:skip|unknown)(?: \w+)?(?:: |$)")


def skip_line(judged: EntryJudged) -> str:
    """Why a scheduled entry was not taken: the rule and the numbers, always in the same words.

    >>> from gammacore.domain.sessions import new_york
    >>> ten = new_york(dt.date(2026, 1, 5), dt.time(10))
    >>> skip_line(EntryJudged(ten, ten, "vix_ceiling", "VIX 21.3 >= 20.0", (), None, None, None))
    'skip vix_ceiling: VIX 21.3 >= 20.0'
    """
    detail = _VERDICT_HEAD.sub("", judged.explanation, count=1)
    return f"skip {judged.reason}: {detail}" if detail else f"skip {judged.reason}"


class EntryOutcome(StrEnum):
    """What became of a scheduled entry."""

    SKIPPED = "skipped"
    WORKING = "working"
    FILLED = "filled"
    UNFILLED = "unfilled"


@frozen
class JudgedEntry:
    """One scheduled entry: every filter's verdict, and the order it led to, as it stands. Rule: CS-366."""

    record: EntryJudged
    order: Order | None = None

    @property
    def scheduled_at(self) -> dt.datetime:
        return self.record.scheduled_at

    @property
    def at(self) -> dt.datetime:
        return self.record.at

    @property
    def reason(self) -> str | None:
        return self.record.reason

    @property
    def explanation(self) -> str:
        return self.record.explanation

    @property
    def filters(self) -> tuple[FilterVerdict, ...]:
        return self.record.filters

    @property
    def position(self) -> str | None:
        """The position its order was for; None when nothing was ordered."""
        return None if self.order is None else self.order.ticket.holding

    @property
    def outcome(self) -> EntryOutcome:
        if self.reason is not None:
            return EntryOutcome.SKIPPED
        if self.order is None:
            return EntryOutcome.UNFILLED
        if self.order.execution.any:
            return EntryOutcome.FILLED
        return EntryOutcome.WORKING if self.order.is_working else EntryOutcome.UNFILLED

    @property
    def sentence(self) -> str:
        """What happened, in one line."""
        if self.outcome is EntryOutcome.SKIPPED:
            return skip_line(self.record)
        if self.order is None:
            return "every filter passed, but no order is on record"
        ticket, execution = self.order.ticket, self.order.execution
        if self.outcome is EntryOutcome.FILLED:
            price = "an unknown price" if execution.price is None else f"{execution.price:.2f}"
            traded = "sold" if ticket.effect is Effect.CREDIT else "bought"
            return f"{traded} {execution.quantity} of {ticket.quantity} at {price} (limit {ticket.limit})"
        wanted = f"{ticket.quantity} at a limit of {ticket.limit}"
        if self.outcome is EntryOutcome.WORKING:
            return f"order {self.order.state}: {wanted}"
        return f"not filled: {wanted}, {self.order.state}" + (f" ({self.order.reason})" if self.order.reason else "")

    def count(self, outcome: Outcome) -> int:
        """How many filters said that."""
        return sum(entry.verdict.outcome is outcome for entry in self.filters)
