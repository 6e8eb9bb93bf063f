"""Enter a trade: guards first, then the record of the judgement and the intent in one append, then the wire."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

from gammacore.application.day_ledger import DayLedger
from gammacore.application.order_desk import OrderDesk
from gammacore.application.order_ids import next_order_id
from gammacore.domain.book.book import Book
from gammacore.domain.ledger import AlarmRaised
from gammacore.domain.orders import Effect, OrderTicket, Purpose
from gammacore.domain.positions import EntryPlan
from gammacore.domain.risk.broker_limits import EntryDecrees
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.strategy import Open, Reprice, Stand
from gammacore.domain.verdicts import Verdict
from gammacore.ports.clock import Clock


class EnterTrade:
    """Turns an Open decision into an order, or into the reason there is none. Rules: CS-338..344, CS-402, R1.

    `decrees` is what the broker forbids on top of our own limits; None where no broker does.
    """

    def __init__(
        self,
        ledger: DayLedger,
        desk: OrderDesk,
        clock: Clock,
        limits: RiskLimits,
        strategy: str,
        decrees: EntryDecrees | None = None,
    ) -> None:
        self._ledger = ledger
        self._desk = desk
        self._clock = clock
        self._limits = limits
        self._strategy = strategy
        self._decrees = decrees
        self._stopped: set[str] = set()

    def stand(self, decision: Stand) -> None:
        """Record why a scheduled entry was not taken."""
        self._ledger.record(decision.judgement)

    def __call__(self, decision: Open, buying_power: Decimal | None) -> None:
        """Judge the limits once more against the book as it is now, then intend and send."""
        verdict = self.guard(decision.plan, self._ledger.book, buying_power)
        if not verdict.passed:
            self._ledger.record(evolve(decision.judgement, reason=verdict.reason, explanation=str(verdict)))
            return
        now = self._clock.now()
        warned = (AlarmRaised(now, each.code, each.detail, each.position) for each in decision.warnings)
        ticket = self._ticket(decision.plan, decision.limit or decision.plan.limit)
        self._desk.send(ticket, decision.plan, first=(decision.judgement, *warned))

    def reprice(self, decision: Reprice, buying_power: Decimal | None) -> None:
        """Send the next order of an entry that walks, if the limits still allow it; a refusal is an alarm. CS-421."""
        plan, now = decision.plan, self._clock.now()
        if (verdict := self.guard(plan, self._ledger.book, buying_power)).passed:
            self._desk.send(self._ticket(plan, decision.limit), plan)
        elif plan.position not in self._stopped:
            self._stopped.add(plan.position)
            self._ledger.record(AlarmRaised(now, "walk_stopped", str(verdict), plan.position))

    def guard(self, plan: EntryPlan, book: Book, buying_power: Decimal | None) -> Verdict:
        """The first limit that says no to a plan now, ours before the broker's, else ok."""
        now = self._clock.now()
        verdict = self._limits.guard(plan, book, now, buying_power)
        if self._decrees is None or not verdict.passed:
            return verdict
        return self._decrees.judge_spread(book, now)

    def _ticket(self, plan: EntryPlan, limit: Decimal) -> OrderTicket:
        book, underlying = self._ledger.book, plan.spread.underlying
        order_id = next_order_id(book, self._strategy, underlying, plan.position, "entry", self._clock.now())
        return OrderTicket(
            id=order_id,
            purpose=Purpose.ENTRY,
            underlying=plan.spread.underlying,
            position=plan.position,
            legs=plan.spread.opening_legs,
            quantity=plan.contracts,
            effect=Effect.CREDIT,
            limit=limit,
            reason=str(plan.strategy),
        )
