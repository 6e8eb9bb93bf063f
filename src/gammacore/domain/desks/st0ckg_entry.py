"""One entry of ST0CKG at one look: every gate in order, and the signal that is traded. Pure.

Rules: SC-012, SC-302..311, SC-322..328, SC-602.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property

from attrs import define

from gammacore.domain.desks.scalp_duties import account_of
from gammacore.domain.desks.st0ckg_frame import DayFrame
from gammacore.domain.desks.st0ckg_purchase import OptionPurchase
from gammacore.domain.desks.st0ckg_signals import DaySignals
from gammacore.domain.ledger import EntryJudged
from gammacore.domain.orders import THE_DAY
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.scalping.signals.history import RULE_OF, bar_verdict, is_signal, was_seen
from gammacore.domain.scalping.st0ckg import SPACING, St0ckgRules, Window
from gammacore.domain.strategy import Decision, NoTrade, Situation
from gammacore.domain.verdicts import FilterVerdict, Verdict
from gammacore.domain.volatility import VolatilityRules, VolatilityState


@define(eq=False)
class OptionEntry:
    """An entry inside a window. `strategy` owns the holding it opens."""

    rules: St0ckgRules
    volatility_rules: VolatilityRules
    limits: RiskLimits
    situation: Situation
    strategy: str
    window: Window

    def steps(self) -> Iterator[Decision]:
        """The order; or the first "no", where it is new, and once a signal bar in which a signal was seen. SC-324."""
        verdicts = tuple(self._verdicts())
        no = next((one.verdict for one in verdicts if not is_signal(one) and not one.verdict.passed), None)
        record = self._judged(verdicts, no)
        if no is None:
            yield self.purchase.order(record)
        elif self._is_news(record):
            yield NoTrade(record)

    def _is_news(self, record: EntryJudged) -> bool:
        last = self.situation.book.judgement(self.window[0])
        if last is None or last.reason != record.reason:
            return True
        bars = self.frame.bars
        return bool(bars) and last.at < bars[-1].end and any(was_seen(one) for one in record.filters)

    def _judged(self, verdicts: tuple[FilterVerdict, ...], no: Verdict | None) -> EntryJudged:
        """A "no" is kept under its window, an entry under its instant, just after the window's own if that is it."""
        taken_at = max(self.situation.now, self.window[0] + dt.timedelta(microseconds=1))
        return EntryJudged(
            at=self.situation.now,
            scheduled_at=taken_at if no is None else self.window[0],
            reason=None if no is None else no.reason,
            explanation=f"{self.signals.choice}, volatility {self.volatility.reading}" if no is None else str(no),
            filters=verdicts,
            price=self.situation.price,
            pin=None,
            vix=self.situation.market.vix,
        )

    # -- the gates, in order ------------------------------------------------------------------------------------------

    def _verdicts(self) -> Iterator[FilterVerdict]:
        """Up to the first "no"; the verdict of each signal stands before the one of all of them. Rule: SC-325."""
        for gate in self._gates():
            yield gate
            if not is_signal(gate) and not gate.verdict.passed:
                return

    def _gates(self) -> Iterator[FilterVerdict]:
        rules, frame = self.rules, self.frame
        account = account_of(self.situation, self.limits)
        yield from account.account_gates(
            self.strategy, max_trades=rules.max_trades_per_day, max_positions=rules.max_positions
        )
        yield FilterVerdict("SC-325", "order_in_flight", self._judge_flight())
        yield FilterVerdict("SC-303", "window", self._judge_window())
        yield FilterVerdict("SC-008", "quote", frame.quote_verdict)
        yield FilterVerdict("SC-012", "dollar_scale", self._judge_scale())
        yield FilterVerdict("SC-302", "opening_range", self._judge_range())
        yield FilterVerdict("SC-325", "trade_spacing", self._judge_spacing())
        yield FilterVerdict("SC-305", "battle_lines", frame.judged_lines[1])
        if frame.bars:
            yield bar_verdict(frame.bars[-1].end)
        for reading, verdict in self.signals.judged:
            yield FilterVerdict(RULE_OF[reading.name], str(reading.name), verdict)
        yield FilterVerdict("SC-322", "signals", self.signals.judge())
        yield FilterVerdict("SC-323", "composite", self.signals.judge_composite())
        yield FilterVerdict("SC-327", "expiry", self._judge_expiry())
        yield FilterVerdict("SC-328", "option", self.purchase.search.verdict)
        yield FilterVerdict("SC-331", "size", self.purchase.judge_size())
        yield from account.sized_gates(self.purchase.sized)

    def _judge_flight(self) -> Verdict:
        busy = [order for order in self.signals.own_orders if order.is_working and order.ticket.life != THE_DAY]
        return Verdict.skip("order_in_flight", busy[0].id) if busy else Verdict.ok()

    def _judge_window(self) -> Verdict:
        start, end = self.window
        return Verdict.ok() if start <= self.situation.now < end else Verdict.skip("outside_window")

    def _judge_scale(self) -> Verdict:
        if self.frame.scale is None:
            return Verdict.unknown("previous_close_missing", "dollar figures are given for SPY and cannot be scaled")
        return Verdict.ok(self.frame.scale)

    def _judge_range(self) -> Verdict:
        known = self.frame.opening
        if known is None:
            return Verdict.unknown("opening_range_missing", f"{len(self.frame.minutes)} minutes known")
        return Verdict.ok(f"{known.low} to {known.high}")

    def _judge_spacing(self) -> Verdict:
        """Since the last entry that filled anything. Rule: SC-325."""
        filled = [order.changed_at for order in self.signals.own_entries if order.execution.any]
        if not filled:
            return Verdict.ok("first entry")
        since = self.situation.now - max(filled)
        value = f"{since.total_seconds():.0f} s since the last"
        return Verdict.skip("trade_spacing", value, f"< {SPACING.seconds} s") if since < SPACING else Verdict.ok(value)

    def _judge_expiry(self) -> Verdict:
        if self.frame.expiry is None:
            return Verdict.skip("no_expiry_today", f"none of {self.situation.session.date}")
        return Verdict.ok(self.frame.expiry)

    # -- figures ------------------------------------------------------------------------------------------------------

    @cached_property
    def frame(self) -> DayFrame:
        return DayFrame(self.rules, self.situation)

    @property
    def price(self) -> Decimal:
        """The accepted mid; asked for once the quote has passed."""
        quote = self.frame.accepted
        return Decimal(0) if quote is None else quote.mid

    @cached_property
    def signals(self) -> DaySignals:
        return DaySignals(self.rules, self.situation, self.frame, self.price, self.strategy)

    @cached_property
    def volatility(self) -> VolatilityState:
        market = self.situation.market
        return self.volatility_rules.state(self.situation.history, market.vix, market.vix_at, self.situation.now)

    @cached_property
    def purchase(self) -> OptionPurchase:
        """What the strongest signal would buy; asked for once there is one."""
        choice = self.signals.choice
        assert choice is not None
        return OptionPurchase(
            self.rules, self.limits, self.situation, self.strategy, self.frame, choice, self.price, self.volatility
        )
