"""The purchase of a straddle at one look: every gate in order, choice, size, the order and what it fixes. Pure.

Rules: SC-403..408, SC-454, SC-458..461, SC-602, SC-605.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property

from attrs import define

from gammacore.domain.desks.gamma_resume import EarlierSession
from gammacore.domain.desks.scalp_duties import account_of, next_name
from gammacore.domain.holdings.plans import EntryTerms
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER
from gammacore.domain.ledger import EntryJudged
from gammacore.domain.market import Quote
from gammacore.domain.orders import THE_DAY, Effect, Order, Purpose, TicketLife
from gammacore.domain.pricing.rates import MarketRates, RateCurve
from gammacore.domain.risk.day_profit import opened_on
from gammacore.domain.risk.entry_limits import POSITION_SHARE, SizedEntry
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.scalping.gamma import DAY_TRADES, ENTRY_ATTEMPTS, ENTRY_SECONDS, GammaRules, StraddleOrder
from gammacore.domain.scalping.sessions_table import judge_session
from gammacore.domain.scalping.straddle_exit import stop_level
from gammacore.domain.sessions import TradingSession
from gammacore.domain.straddles.choice import SecondsTo, StraddleChoice, choose_straddle, straddles_bought
from gammacore.domain.straddles.straddle import Straddle, hedge_reserve
from gammacore.domain.strategy import Decision, NoTrade, Situation, Trade
from gammacore.domain.verdicts import FilterVerdict, Verdict

SELECTION = ("no_straddle", "chain_incomplete")
THIN = Decimal("0.05")
"""A budget below this part of the premium is too thin to hold a straddle on (ours). Rule: SC-605."""


def seconds_until(session: TradingSession, now: dt.datetime) -> SecondsTo:
    """To the last trading instant of an expiry: today's close, 16:00 New York of any other date. Rule: SC-415."""

    def seconds(expiry: dt.date) -> float:
        close = session.close if expiry == session.date else TradingSession.of(expiry).close
        return (close - now).total_seconds()

    return seconds


def rates_of(situation: Situation, rules: GammaRules) -> MarketRates:
    """The rates of this look; without a source the fallback, marked assumed. Rules: SC-424, SC-425."""
    return situation.rates or MarketRates(RateCurve.constant(rules.fallback_rate))


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
        if no is None and self.straddle is not None and isinstance(self.size, int):
            yield self._order(self.straddle, self.size, record)
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
        return self.rules.window(self.situation.session, self._symbol)[0]

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
        choice = self.choice
        if choice is None:
            yield FilterVerdict("SC-404", "selection", Verdict.unknown("chain_incomplete", "no chain is shown"))
            return
        yield FilterVerdict("SC-405", "selection", choice.judge())
        if (straddle := self.straddle) is None:
            return
        size = self.size
        yield FilterVerdict("SC-458", "size", Verdict.ok(size) if isinstance(size, int) else size)
        if isinstance(size, int):
            yield FilterVerdict("SC-605", "budget", self._judge_budget(straddle, size))
            yield from account.sized_gates(self._sized(straddle, size))
            yield FilterVerdict("SC-461", "reserve", self._judge_reserve(straddle, size))

    def _judge_flight(self) -> Verdict:
        busy = [order for order in self._own_orders if order.is_working]
        return Verdict.skip("order_in_flight", busy[0].id) if busy else Verdict.ok()

    def _judge_window(self) -> Verdict:
        start, end = self.rules.window(self.situation.session, self._symbol)
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
        premium = self._premium(straddle, size)
        risk, least = self.terms(straddle, size).risk, THIN * premium
        value = f"{risk:.2f} may be lost"
        return Verdict.skip("budget_thin", value, f"< {least:.2f}") if risk < least else Verdict.ok(value)

    def _judge_reserve(self, straddle: Straddle, size: int) -> Verdict:
        """Whether hedges can be paid after the premium. Rule: SC-461."""
        power, rules, quote = self.situation.buying_power, self.rules, self.quote
        if power is None or quote is None:
            return Verdict.unknown("hedge_buying_power", "the buying power is not known")
        left = power - self._premium(straddle, size)
        reserve = hedge_reserve(quote.mid, size, rules.hedge_reserve, rules.reserve_delta)
        value = f"{left:.2f} after the premium"
        if left < reserve:
            return Verdict.skip("hedge_buying_power", value, f"< {reserve:.2f}")
        return Verdict.ok(value, f">= {reserve:.2f}")

    # -- figures ------------------------------------------------------------------------------------------------------

    @property
    def _symbol(self) -> str:
        return self.situation.underlying.symbol

    @property
    def quote(self) -> Quote | None:
        """The accepted share quote. Rule: SC-008."""
        tape = self.situation.memory.tape
        return None if tape is None else tape.accepted_quote(self.situation.now)

    @cached_property
    def _own_orders(self) -> tuple[Order, ...]:
        book, opened = self.situation.book, self.situation.session.open
        own = (one for one in book.holdings.values() if one.owner == self.strategy and one.opened_at >= opened)
        return tuple(order for holding in own for order in book.orders_of(holding.id))

    @cached_property
    def choice(self) -> StraddleChoice | None:
        """What the chain offers; None without a chain or a price."""
        situation, quote = self.situation, self.quote
        if situation.market.chain is None or quote is None:
            return None
        return choose_straddle(
            self.rules, situation.underlying, situation.market.chain, quote.mid, situation.session.date,
            seconds_until(situation.session, situation.now), rates_of(situation, self.rules),
            situation.market.quote_age_limit,
        )  # fmt: skip

    @property
    def straddle(self) -> Straddle | None:
        choice = self.choice
        return None if choice is None or choice.best is None else choice.best.straddle

    @cached_property
    def size(self) -> int | Verdict:
        """Straddles, or why none. Rule: SC-458."""
        account, straddle = account_of(self.situation, self.limits), self.straddle
        if account.equity is None or straddle is None:
            return Verdict.unknown("equity_unknown", "the broker did not say")
        share = account.limits.position_share or POSITION_SHARE
        limit = straddle.limit(self.situation.underlying)
        return straddles_bought(self.rules, limit, account.equity, share, self.situation.buying_power)

    def _premium(self, straddle: Straddle, size: int) -> Decimal:
        """Dollars the order can cost."""
        return straddle.limit(self.situation.underlying) * EQUITY_OPTION_MULTIPLIER * size

    def terms(self, straddle: Straddle, size: int) -> EntryTerms:
        """What is fixed now: the loss at which it is sold. Rules: SC-454, SC-605."""
        account, quote = account_of(self.situation, self.limits), self.quote
        return EntryTerms(
            risk=stop_level(self.rules, self._premium(straddle, size), account.budget_left),
            price=None if quote is None else quote.mid,
            day_trades=DAY_TRADES,
        )

    def _sized(self, straddle: Straddle, size: int) -> SizedEntry:
        symbols = (straddle.call.occ, straddle.put.occ)
        return SizedEntry(self.strategy, "", symbols, self._premium(straddle, size), self.terms(straddle, size))

    def _order(self, straddle: Straddle, size: int, record: EntryJudged) -> Trade:
        """Both legs as one net debit at the sum of the asks. Rule: SC-407."""
        is_limit = self.rules.straddle_order is StraddleOrder.LIMIT
        return Trade(
            holding=next_name(self.situation.book, self.situation.session, self._symbol, self.strategy),
            strategy=self.strategy,
            underlying=self._symbol,
            purpose=Purpose.ENTRY,
            legs=straddle.legs,
            quantity=size,
            effect=Effect.DEBIT,
            reason="straddle",
            limit=straddle.limit(self.situation.underlying) if is_limit else None,
            life=TicketLife(ENTRY_SECONDS) if is_limit else THE_DAY,
            record=record,
            terms=self.terms(straddle, size),
        )
