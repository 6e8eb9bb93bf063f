"""The one gate before every order: the order desk asks it, whatever desk or user's strategy the order came from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import chain
from types import MappingProxyType

from attrs import evolve, frozen

from gammacore.application.day_ledger import DayLedger
from gammacore.application.watch_equity import AccountWorth
from gammacore.domain.book.book import Book
from gammacore.domain.holdings.plans import EntryTerms, Opening, SpreadPlan
from gammacore.domain.instruments import Underlying
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.orders import Order, OrderState, OrderTicket, Purpose
from gammacore.domain.risk.broker_limits import BrokerEntryRules
from gammacore.domain.risk.day_profit import Marks
from gammacore.domain.risk.entry_limits import EntryAccount, EntryBounds, SizedEntry, scalping_limits
from gammacore.domain.risk.guard import Allowed, Refused, Risk, classify, risk_of
from gammacore.domain.risk.limits import AddedRisk, RiskLimits, judge_halted
from gammacore.domain.risk.pause import judge_breaker
from gammacore.domain.sessions import TradingSession
from gammacore.domain.verdicts import FilterVerdict, Verdict
from gammacore.errors import BrokerError
from gammacore.ports.broker import Broker
from gammacore.ports.clock import Clock

REFUSED_AGAIN = dt.timedelta(seconds=2)
"""So long after a refusal the same order is not sent again (ours). Rules: SC-016, SC-1010."""


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
    `worth` and `session` are what the gates of SC-602 need; with `is_scalping` they have their own defaults (SC-601).
    `bounds` are those of each strategy by its name.
    """

    def __init__(
        self, ledger: DayLedger, broker: Broker, clock: Clock, limits: RiskLimits,
        underlyings: Mapping[str, Underlying], *,
        broker_rules: BrokerEntryRules | None = None, is_reconciled: Callable[[], bool] = lambda: True,
        checks: Checks | None = None, worth: AccountWorth | None = None, session: TradingSession | None = None,
        is_scalping: bool = False, bounds: Mapping[str, EntryBounds] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._broker = broker
        self._clock = clock
        self._limits = limits
        self._underlyings = underlyings
        self._broker_rules = broker_rules
        self._is_reconciled = is_reconciled
        self._checks = checks or Checks()
        self._worth = worth or AccountWorth(ledger, broker, is_study=True)
        self._session = session
        self._is_scalping = is_scalping
        self._bounds = bounds
        self._market: MarketSnapshot | None = None
        self._marks: Marks | None = None

    def saw(self, market: MarketSnapshot, marks: Marks | None = None) -> None:
        """The market that this cycle's decisions look at: what an order without a limit may cost is read off it.

        `marks` are the newest quotes of what is held, where what is open counts (SC-603).
        """
        self._market, self._marks = market, marks

    def worth(self) -> Decimal | None:
        """What the account is worth now, dollars; None where the broker does not say. Rule: SC-607."""
        return self._worth(self._marks, self._clock.now())

    def __call__(
        self, ticket: OrderTicket, plan: SpreadPlan | None = None, opens: Opening | None = None
    ) -> Allowed | Refused:
        """Whether an order may be intended, and for how much of what it asks."""
        judged = classify(ticket, self._ledger.book, self._underlyings)
        if isinstance(judged, Refused):
            return judged
        if (held_back := self.holds_back(ticket, judged.risk)) is not None:
            return held_back
        if judged.risk is Risk.REDUCES:
            return judged
        hedges = judged.risk is Risk.HEDGES
        verdict = self._judge_hedge() if hedges else self.judge_opening(ticket, plan, opens)
        if verdict.passed and not hedges:
            verdict = self._checks.judge_opening()
        return judged if verdict.passed else Refused(judged.risk, verdict)

    def holds_back(self, ticket: OrderTicket, risk: Risk = Risk.REDUCES) -> Refused | None:
        """Why an order may not leave now, whatever it does to the risk; None where nothing of that kind stops it."""
        if (order := self._just_refused(ticket)) is not None:
            seconds = (self._clock.now() - order.changed_at).total_seconds()
            said = Verdict.skip("just_refused", f"{order.id} {seconds:g} s ago: {order.reason}", "sent again in 2 s")
            return Refused(risk, said)
        held_back = self._checks.any_order()
        return None if held_back.passed else Refused(risk, held_back)

    def _just_refused(self, ticket: OrderTicket) -> Order | None:
        """The same order, refused a moment ago: at a thousand quotes a second it would be sent a thousand times."""
        since = self._clock.now() - REFUSED_AGAIN
        return next(
            (
                order
                for order in self._ledger.book.orders_of(ticket.holding)
                if order.state in (OrderState.REJECTED, OrderState.NOT_SENT) and order.changed_at > since
                if order.ticket.legs == ticket.legs
                if (order.ticket.limit, order.ticket.stop) == (ticket.limit, ticket.stop)
            ),
            None,
        )

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
        verdict = self._judge_hedge() if judged.risk is Risk.HEDGES else judge_halted(book)
        if verdict.passed and judged.risk is Risk.ADDS:
            verdict = judge_breaker(book.breaker_tripped_at)
        if verdict.passed and judged.risk is Risk.ADDS and self._is_scalping:
            owner = book.holdings[order.ticket.holding].owner
            verdict = _first_no(self._account_gates(self._account(self._clock.now()), owner))
        if verdict.passed and judged.risk is Risk.ADDS:
            verdict = self._checks.judge_opening()
        return None if verdict.passed else Refused(judged.risk, verdict)

    def _judge_hedge(self) -> Verdict:
        """Hedges of a scalping desk go on while it is halted, until its straddle is gone. Rules: DH-1001, SC-610."""
        return Verdict.ok() if self._is_scalping else judge_halted(self._ledger.book)

    def judge_opening(self, ticket: OrderTicket, plan: SpreadPlan | None, opens: Opening | None = None) -> Verdict:
        """The first limit that forbids an opening now, ours before the broker's, else ok."""
        if not self._is_reconciled():
            return Verdict.unknown("not_reconciled", "holdings were not compared with the broker in this session")
        if plan is not None:
            return self.judge_plan(plan, self._buying_power())
        now = self._clock.now()
        if opens is not None and opens.terms is not None:
            return self._judge_scalp(ticket, opens.owner, opens.terms, now)
        risk = risk_of(ticket, self._market)
        if not risk:  # unknown, or nothing at all: no order that opens something can lose nothing
            return Verdict.unknown("price_unknown", f"no price shows what {', '.join(ticket.symbols)} can lose")
        opening = AddedRisk(ticket.holding, 1, risk, self._risk_at_work())
        verdict = self._limits.guard(opening, self._ledger.book, now, self._buying_power())
        if verdict.passed:
            verdict = self._judge_what_is_set(SizedEntry("", ticket.holding, ticket.symbols, risk, EntryTerms(risk)))
        if self._broker_rules is None or not verdict.passed:
            return verdict
        return self._broker_rules.judge_hedged(self._ledger.book, now)

    def judge_plan(self, plan: SpreadPlan, buying_power: Decimal | None, book: Book | None = None) -> Verdict:
        """The first limit that forbids a planned spread; `book` is another than the ledger's in a preview."""
        known, now = book or self._ledger.book, self._clock.now()
        opening = evolve(AddedRisk.of(plan), beside=self._risk_at_work())
        verdict = self._limits.guard(opening, known, now, buying_power)
        if verdict.passed:
            risk = opening.risk * opening.units
            entry = SizedEntry("", plan.holding, plan.spread.symbols, risk, EntryTerms(risk))
            verdict = self._judge_what_is_set(entry)
        if self._broker_rules is None or not verdict.passed:
            return verdict
        return self._broker_rules.judge_spread(known, now)

    def _judge_scalp(self, ticket: OrderTicket, owner: str, terms: EntryTerms, now: dt.datetime) -> Verdict:
        """The gates of SC-602 once more, before the order exists."""
        breaker = judge_breaker(self._ledger.book.breaker_tripped_at)
        if not breaker.passed:
            return breaker
        notional = risk_of(ticket, self._market)
        if not notional:
            return Verdict.unknown("price_unknown", f"no price shows what {', '.join(ticket.symbols)} can cost")
        account = self._account(now)
        entry = SizedEntry(owner, ticket.holding, ticket.symbols, notional, terms)
        verdict = _first_no(chain(self._account_gates(account, owner), account.sized_gates(entry)))
        if self._broker_rules is None or not verdict.passed:
            return verdict
        return self._broker_rules.judge_day_trades(self._ledger.book, now, terms.day_trades)

    def _account_gates(self, account: EntryAccount, owner: str) -> Iterator[FilterVerdict]:
        bounds = self._bounds.get(owner, EntryBounds())
        return account.account_gates(owner, max_trades=bounds.max_trades, max_positions=bounds.max_positions)

    def _judge_what_is_set(self, entry: SizedEntry) -> Verdict:
        """The gates of the scalping desks, where a setting turned them on for every desk: they ask the broker more."""
        if not self._limits.sets_scalping_gates:
            return Verdict.ok()
        return _first_no(self._account(self._clock.now()).gates_that_are_set(entry))

    def _account(self, now: dt.datetime) -> EntryAccount:
        limits = scalping_limits(self._limits) if self._is_scalping else self._limits
        return EntryAccount(
            limits, self._ledger.book, self._session, now, self._marks, self.worth(), self._buying_power()
        )

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


def _first_no(gates: Iterable[FilterVerdict]) -> Verdict:
    return next((gate.verdict for gate in gates if not gate.verdict.passed), Verdict.ok("within limits"))
