"""Why no order was sent: journaled once, until the reason changes."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve, frozen

from gammacore.application.day_ledger import DayLedger
from gammacore.domain.ledger import AlarmRaised, EntryJudged, Event, TicketRefused
from gammacore.domain.orders import OrderTicket, Purpose
from gammacore.domain.risk.guard import Refused, Risk
from gammacore.domain.verdicts import Verdict
from gammacore.ports.clock import Clock


@frozen
class Refusals:
    """Records refusals of the guard, and of what no order can be made of."""

    ledger: DayLedger
    clock: Clock

    def of(self, ticket: OrderTicket, refused: Refused, first: Sequence[Event]) -> None:
        """Journal a refusal once until its reason changes: in the judgement it came with, else by itself.

        An alarm that came with a reduction is of what is held, not of the order: it is recorded all the same.
        """
        book, verdict = self.ledger.book, refused.verdict
        if refused.risk is Risk.REDUCES:
            self.ledger.record(*(event for event in first if isinstance(event, AlarmRaised)))
        judgement = next((event for event in first if isinstance(event, EntryJudged)), None)
        if judgement is not None:
            known = book.judgement(judgement.scheduled_at)
            if known is None or known.reason != verdict.reason:
                self.ledger.record(evolve(judgement, reason=verdict.reason, explanation=str(verdict)))
            return
        self(ticket.holding, ticket.purpose, ticket.symbols, verdict)

    def __call__(self, holding: str, purpose: Purpose, symbols: tuple[str, ...], verdict: Verdict) -> None:
        """Journal why no order was made for a holding, once until the reason changes."""
        event = TicketRefused(self.clock.now(), holding, purpose, symbols, verdict.reason or "refused", str(verdict))
        if self.ledger.book.refusal(event.subject) != event.reason:
            self.ledger.record(event)
