"""The purchase of a straddle at one look: every gate in order, choice, size, the order and what it fixes. Pure.

Rules: SC-403..408, SC-454, SC-458..461, SC-602, SC-605.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property

from attrs import define

from gammacore.domain.desks.gamma_purchase import StraddlePurchase, rates_of
from gammacore.domain.desks.gamma_resume import EarlierSession
from gammacore.domain.desks.scalp_duties import account_of
from gammacore.domain.ledger import EntryJudged
from gammacore.domain.orders import Order, Purpose
from gammacore.domain.risk.day_profit import opened_on
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.scalping.gamma import ENTRY_ATTEMPTS, GammaRules
from gammacore.domain.scalping.sessions_table import judge_session
from gammacore.domain.straddles.straddle import Straddle, hedge_reserve
from gammacore.domain.strategy import Decision, NoTrade, Situation
from gammacore.domain.verdicts import FilterVerdict, Verdict

SELECTION = ("no_straddle", "chain_incomplete")
THIN = Decimal("0.05")
"""A budget below this part of the premium is too thin to hold a straddle on (ours). Rule: SC-605."""


@define(eq=False)
class StraddleEntry:
    """One look at a purchase. `strategy` owns the holding it opens; `fed_day` is a date of the Federal Reserve's."""

    rules: GammaRules
    limits: RiskLimits
    situation: Situation
    strategy: str
    fed_day: bool = False

    def steps(self) -> Iterator[Decision]:
        """The order, or the first "no" where it is new or a selection was tried again. Rules: SC-011, SC-405."""
        last = self.situation.book.judgement(self.slot)
        if last is not None and last.reason in SELECTION and self._waits_since(last.at):
            return
        verdicts = tuple(self.verdicts())
        no = next((one.verdict for one in verdicts if not one.verdict.passed), None)
        record = self._judged(verdicts, no)
        if (
            no is None
            and (straddle := self.purchase.straddle) is not None
            and isinstance(size := self.purchase.size, int)
        ):
            yield self.purchase.order(straddle, size, record)
        elif last is None or last.reason != record.reason or record.reason in SELECTION:
            yield NoTrade(record)

    def _waits_since(self, at: dt.datetime) -> bool:
        return (self.situation.now - at).total_seconds() < self.rules.selection_retry

    def preview(self) -> Verdict:
        """The first gate that forbids a purchase now, else ok. Rule: SC-505."""
        return next((one.verdict for one in self.verdicts() if not one.verdict.passed), Verdict.ok())

    @property
    def slot(self) -> dt.datetime:
        """The start of the window, under which a "no" is kept; an entry is kept under its instant."""
        return self.rules.window(self.situation.session, self.situation.underlying.symbol)[0]

    def _judged(self, verdicts: tuple[FilterVerdict, ...], no: Verdict | None) -> EntryJudged:
        now, assumed = self.situation.now, rates_of(self.situation, self.rules).assumed
        bought = f"assumed: {', '.join(assumed)}" if assumed else "rates and dividends known"
        return EntryJudged(
            at=now,
            scheduled_at=now if no is None else self.slot,
            reason=None if no is None else no.reason,
            explanation=bought if no is None else str(no),
            filters=verdicts,
            price=self.situation.price,
            pin=None,
            vix=self.situation.market.vix,
        )

    # -- the gates ----------------------------------------------------------------------------------------------------

    def verdicts(self) -> Iterator[FilterVerdict]:
        """Every gate up to the first that refuses. Rule: SC-403."""
        for gate in self._gates():
            yield gate
            if not gate.verdict.passed:
                return

    def _gates(self) -> Iterator[FilterVerdict]:
        situation, rules = self.situation, self.rules
        account = account_of(situation, self.limits)
        yield from account.account_gates(self.strategy)
        yield FilterVerdict("SC-403", "order_in_flight", self._judge_flight())
        yield FilterVerdict("SC-403", "window", self._judge_window())
        earlier = EarlierSession(rules, self.limits, situation, self.strategy)
        yield FilterVerdict("SC-451", "earlier", earlier.judge())
        yield FilterVerdict("SC-403", "straddle_limit", self._judge_count())
        yield FilterVerdict("SC-407", "attempts", self._judge_attempts())
        if rules.gamma_sessions:
            session = judge_session(situation.now, situation.session, fed_day=self.fed_day)
            yield FilterVerdict("SC-459", "session", session)
        tape = situation.memory.tape
        yield FilterVerdict(
            "SC-008", "quote", Verdict.unknown("quote_missing") if tape is None else tape.judge(situation.now)
        )
        choice = self.purchase.choice
        if choice is None:
            yield FilterVerdict("SC-404", "selection", Verdict.unknown("chain_incomplete", "no chain is shown"))
            return
        yield FilterVerdict("SC-405", "selection", choice.judge())
        if (straddle := self.purchase.straddle) is None:
            return
        size = self.purchase.size
        yield FilterVerdict("SC-458", "size", Verdict.ok(size) if isinstance(size, int) else size)
        if isinstance(size, int):
            yield FilterVerdict("SC-605", "budget", self._judge_budget(straddle, size))
            yield from account.sized_gates(self.purchase.sized(straddle, size))
            yield FilterVerdict("SC-461", "reserve", self._judge_reserve(straddle, size))

    def _judge_flight(self) -> Verdict:
        busy = [order for order in self._own_orders if order.is_working]
        return Verdict.skip("order_in_flight", busy[0].id) if busy else Verdict.ok()

    def _judge_window(self) -> Verdict:
        start, end = self.rules.window(self.situation.session, self.situation.underlying.symbol)
        is_open = start <= self.situation.now < end
        return Verdict.ok() if is_open else Verdict.skip("outside_window", f"[{start:%H:%M}, {end:%H:%M}) UTC")

    def _judge_count(self) -> Verdict:
        """Bought today, with any fill, or still held. Rule: SC-403."""
        bought = len(opened_on(self.situation.book, self.situation.session.date, self.strategy))
        most = self.rules.max_straddles_per_day
        return Verdict.skip("straddle_limit", bought, f">= {most}") if bought >= most else Verdict.ok(bought)

    def _judge_attempts(self) -> Verdict:
        """An order and its re-quotes that filled nothing end the day's attempts. Rule: SC-407."""
        unfilled = 0
        for order in self._own_orders:
            if order.ticket.purpose is Purpose.ENTRY:
                unfilled = 0 if order.execution.any else unfilled + 1
        if unfilled >= ENTRY_ATTEMPTS:
            return Verdict.skip("straddle_not_filled", f"{unfilled} orders", f">= {ENTRY_ATTEMPTS}")
        return Verdict.ok(unfilled)

    def _judge_budget(self, straddle: Straddle, size: int) -> Verdict:
        premium = self.purchase.premium(straddle, size)
        risk, least = self.purchase.terms(straddle, size).risk, THIN * premium
        value = f"{risk:.2f} may be lost"
        return Verdict.skip("budget_thin", value, f"< {least:.2f}") if risk < least else Verdict.ok(value)

    def _judge_reserve(self, straddle: Straddle, size: int) -> Verdict:
        """Whether hedges can be paid after the premium. Rule: SC-461."""
        power, rules, quote = self.situation.buying_power, self.rules, self.purchase.quote
        if power is None or quote is None:
            return Verdict.unknown("hedge_buying_power", "the buying power is not known")
        left = power - self.purchase.premium(straddle, size)
        reserve = hedge_reserve(quote.mid, size, rules.hedge_reserve, rules.reserve_delta)
        value = f"{left:.2f} after the premium"
        if left < reserve:
            return Verdict.skip("hedge_buying_power", value, f"< {reserve:.2f}")
        return Verdict.ok(value, f">= {reserve:.2f}")

    @cached_property
    def purchase(self) -> StraddlePurchase:
        """What would be bought."""
        return StraddlePurchase(self.rules, self.limits, self.situation, self.strategy)

    @cached_property
    def _own_orders(self) -> tuple[Order, ...]:
        book, opened = self.situation.book, self.situation.session.open
        own = (one for one in book.holdings.values() if one.owner == self.strategy and one.opened_at >= opened)
        return tuple(order for holding in own for order in book.orders_of(holding.id))
