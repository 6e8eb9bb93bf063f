"""The one gate before every order: the order desk asks it, whatever desk or user's strategy the order came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from attrs import evolve, frozen

from gammacore.application.day_ledger import DayLedger
from gammacore.domain.book.book import Book
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.instruments import Underlying
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.orders import Order, OrderTicket, Purpose
from gammacore.domain.risk.broker_limits import BrokerEntryRules
from gammacore.domain.risk.guard import Allowed, Refused, Risk, classify, risk_of
from gammacore.domain.risk.limits import AddedRisk, RiskLimits, judge_halted
from gammacore.domain.risk.pause import judge_breaker
from gammacore.domain.verdicts import Verdict
from gammacore.errors import BrokerError
from gammacore.ports.broker import Broker
from gammacore.ports.clock import Clock


@frozen
class Checks:
    """What the loop itself may have against an order: nothing, unless it is given one.

    `openings` are asked in turn, the dearest last, once every limit is passed; `any_order` holds back reductions too.
    """

    openings: tuple[Callable[[], Verdict], ...] = ()
    any_order: Callable[[], Verdict] = Verdict.ok

    def judge_opening(self) -> Verdict:
        """The first refusal, else ok."""
        verdicts = (check() for check in self.openings)
        return next((verdict for verdict in verdicts if not verdict.passed), Verdict.ok())


class Guard:
    """Judges an order against the book as it is at this moment. Rules: CS-302, CS-338..344, DH-1001, R10.

    `broker_rules` is what the broker forbids on top of our own limits; None where no broker does. `is_reconciled` says
    whether the holdings of the account were compared and settled in this session: until then nothing is opened.
    """

    def __init__(
        self, ledger: DayLedger, broker: Broker, clock: Clock, limits: RiskLimits,
        underlyings: Mapping[str, Underlying], *,
        broker_rules: BrokerEntryRules | None = None, is_reconciled: Callable[[], bool] = lambda: True,
        checks: Checks | None = None,
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._broker = broker
        self._clock = clock
        self._limits = limits
        self._underlyings = underlyings
        self._broker_rules = broker_rules
        self._is_reconciled = is_reconciled
        self._checks = checks or Checks()
        self._market: MarketSnapshot | None = None

    def saw(self, market: MarketSnapshot) -> None:
        """The market that this cycle's decisions look at: what an order without a limit may cost is read off it."""
        self._market = market

    def __call__(self, ticket: OrderTicket, plan: SpreadPlan | None = None) -> Allowed | Refused:
        """Whether an order may be intended, and for how much of what it asks."""
        judged = classify(ticket, self._ledger.book, self._underlyings)
        if isinstance(judged, Refused):
            return judged
        held_back = self._checks.any_order()
        if not held_back.passed:
            return Refused(judged.risk, held_back)
        if judged.risk is Risk.REDUCES:
            return judged
        hedges = judged.risk is Risk.HEDGES
        verdict = judge_halted(self._ledger.book) if hedges else self.judge_opening(ticket, plan)
        if verdict.passed and not hedges:
            verdict = self._checks.judge_opening()
        return judged if verdict.passed else Refused(judged.risk, verdict)

    def again(self, order: Order) -> Refused | None:
        """Why an order that never left before a restart may not leave now; None where it may, exactly as intended."""
        book = self._ledger.book
        judged = classify(order.ticket, book, self._underlyings)
        if isinstance(judged, Refused):
            return judged
        if judged.risk is Risk.REDUCES:
            left, asked = judged.ticket.quantity, order.ticket.quantity
            less = Verdict.skip("less_is_left", f"{left} of {asked} are left to close")
            return Refused(judged.risk, less) if left < asked else None
        verdict = judge_halted(book)
        if verdict.passed and judged.risk is Risk.ADDS:
            verdict = judge_breaker(book.breaker_tripped_at)
        if verdict.passed and judged.risk is Risk.ADDS:
            verdict = self._checks.judge_opening()
        return None if verdict.passed else Refused(judged.risk, verdict)

    def judge_opening(self, ticket: OrderTicket, plan: SpreadPlan | None) -> Verdict:
        """The first limit that forbids an opening now, ours before the broker's, else ok."""
        if not self._is_reconciled():
            return Verdict.unknown("not_reconciled", "holdings were not compared with the broker in this session")
        if plan is not None:
            return self.judge_plan(plan, self._buying_power())
        now = self._clock.now()
        risk = risk_of(ticket, self._market)
        if not risk:  # unknown, or nothing at all: no order that opens something can lose nothing
            return Verdict.unknown("price_unknown", f"no price shows what {', '.join(ticket.symbols)} can lose")
        opening = AddedRisk(ticket.holding, 1, risk, self._risk_at_work())
        verdict = self._limits.guard(opening, self._ledger.book, now, self._buying_power())
        if self._broker_rules is None or not verdict.passed:
            return verdict
        return self._broker_rules.judge_hedged(self._ledger.book, now)

    def judge_plan(self, plan: SpreadPlan, buying_power: Decimal | None, book: Book | None = None) -> Verdict:
        """The first limit that forbids a planned spread; `book` is another than the ledger's in a preview."""
        known, now = book or self._ledger.book, self._clock.now()
        opening = evolve(AddedRisk.of(plan), beside=self._risk_at_work())
        verdict = self._limits.guard(opening, known, now, buying_power)
        if self._broker_rules is None or not verdict.passed:
            return verdict
        return self._broker_rules.judge_spread(known, now)

    def _risk_at_work(self) -> Decimal:
        """Dollars that openings without a plan will have at risk if all that is left of them fills."""
        book, total = self._ledger.book, Decimal(0)
        for order in book.working_orders:
            ticket, left = order.ticket, order.ticket.quantity - order.execution.quantity
            opens = not ticket.closes and not (ticket.purpose is Purpose.HEDGE and ticket.is_shares)
            if left > 0 and opens and book.holdings[ticket.holding].plan is None:
                total += risk_of(evolve(ticket, quantity=left), self._market) or Decimal(0)
        return total

    def _buying_power(self) -> Decimal | None:
        try:
            return self._broker.account().option_buying_power
        except BrokerError:
            return None  # unknown is no (CS-343)
