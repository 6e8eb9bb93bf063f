"""Enter a trade: the record of the judgement and the intent in one append, then the wire. The guard decides."""

from __future__ import annotations

from decimal import Decimal

from gammacore.application.day_ledger import DayLedger
from gammacore.application.order_desk import OrderDesk
from gammacore.application.order_ids import next_order_id
from gammacore.domain.ledger import AlarmRaised
from gammacore.domain.orders import Effect, OrderTicket, Purpose
from gammacore.domain.positions import EntryPlan
from gammacore.domain.risk.guard import Refused
from gammacore.domain.strategy import Open, Reprice, Stand
from gammacore.errors import InvalidInput
from gammacore.ports.clock import Clock


class EnterTrade:
    """Turns an Open decision into an order, or into the reason there is none. Rules: CS-338..344, CS-402, R1."""

    def __init__(self, ledger: DayLedger, desk: OrderDesk, clock: Clock, strategy: str) -> None:
        self._ledger = ledger
        self._desk = desk
        self._clock = clock
        self._strategy = strategy
        self._stopped: set[str] = set()

    def stand(self, decision: Stand) -> None:
        """Record why a scheduled entry was not taken."""
        self._ledger.record(decision.judgement)

    def __call__(self, decision: Open) -> None:
        """Intend and send, or record which limit forbids it now.

        Raises:
            InvalidInput: the name is taken: a spread is opened once, under a name of its own.
        """
        self._refuse_taken_name(decision.plan.position)
        now = self._clock.now()
        warned = (AlarmRaised(now, each.code, each.detail, each.position) for each in decision.warnings)
        ticket = self._ticket(decision.plan, decision.limit or decision.plan.limit)
        self._desk.send(ticket, decision.plan, first=(decision.judgement, *warned))

    def reprice(self, decision: Reprice) -> None:
        """Send the next order of an entry that walks, if the limits still allow it; a refusal is an alarm. CS-421."""
        plan = decision.plan
        sent = self._desk.send(self._ticket(plan, decision.limit), plan)
        if isinstance(sent, Refused) and plan.position not in self._stopped:
            self._stopped.add(plan.position)
            self._ledger.record(AlarmRaised(self._clock.now(), "walk_stopped", str(sent.verdict), plan.position))

    def _refuse_taken_name(self, name: str) -> None:
        book = self._ledger.book
        works = any(order.is_working for order in book.orders_of(name))
        if works or book.position(name) is not None or name in book.inventories:
            raise InvalidInput("position", name, "this name is taken; open each spread under a name of its own")

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
