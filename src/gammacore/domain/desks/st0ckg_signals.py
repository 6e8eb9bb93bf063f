"""The signals of ST0CKG at one look: each with its own gates, and the one that is traded. Pure.

Rules: SC-307, SC-311, SC-322..325.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property

from attrs import define

from gammacore.domain.desks.st0ckg_frame import DayFrame
from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.orders import Order, OrderState, Purpose
from gammacore.domain.scalping.option_choice import right_bought
from gammacore.domain.scalping.signals.detectors import composite_score, read_signals, strongest
from gammacore.domain.scalping.signals.signal import SignalReading
from gammacore.domain.scalping.st0ckg import REPEAT, St0ckgRules
from gammacore.domain.strategy import Situation
from gammacore.domain.verdicts import Verdict
from gammacore.domain.words import Direction


@define(eq=False)
class DaySignals:
    """What the detectors say of one look, at the accepted `price`; `strategy` owns the holdings they asked for."""

    rules: St0ckgRules
    situation: Situation
    frame: DayFrame
    price: Decimal
    strategy: str

    @cached_property
    def judged(self) -> tuple[tuple[SignalReading, Verdict], ...]:
        readings = read_signals(self.frame.view(self.price), self.rules.dealer_gamma)
        return tuple((reading, self._judge_signal(reading)) for reading in readings)

    @cached_property
    def choice(self) -> SignalReading | None:
        """The strongest signal that passed. Rule: SC-322."""
        return strongest(reading for reading, verdict in self.judged if verdict.passed)

    def judge(self) -> Verdict:
        """Passed with the strongest that passed; else what refuses the strongest of those that were seen."""
        if (choice := self.choice) is not None:
            return Verdict.ok(str(choice), str(choice.direction))
        seen = strongest(reading for reading, _ in self.judged if reading.is_present)
        if seen is None:
            return Verdict.skip("no_signal", "every detector says none")
        return next(verdict for reading, verdict in self.judged if reading is seen)

    def _judge_signal(self, reading: SignalReading) -> Verdict:
        """Its own gates. Rules: SC-307, SC-311, SC-325."""
        verdict = reading.judge(self.rules.min_confidence)
        right, lines = right_bought(reading.direction), self.frame.lines
        if not verdict.passed or right is None or lines is None:
            return verdict
        ordered = [order.intended_at for one in self.own if one.terms is not None and one.terms.signal == reading.name
                   for order in self._entries_of(one)]  # fmt: skip
        if ordered and (since := self.situation.now - max(ordered)) < REPEAT:
            return Verdict.skip("signal_repeat", f"{since.total_seconds():.0f} s ago", f"< {REPEAT.seconds} s")
        if self.frame.bias not in (Direction.NEUTRAL, reading.direction):
            return Verdict.skip("bias_disagrees", str(reading.direction), f"the day is {self.frame.bias}")
        if lines.is_invalid(right, self.price):
            return Verdict.skip("invalid_at_entry", self.price, f"beyond {lines.invalidation(right)}")
        return verdict

    def judge_composite(self) -> Verdict:
        score, least = composite_score([reading for reading, _ in self.judged]), self.rules.min_composite
        if least is not None and score < least:
            return Verdict.skip("composite_low", score, f"< {least}")
        return Verdict.ok(score)

    @cached_property
    def own(self) -> tuple[AnyHolding, ...]:
        book, today = self.situation.book, self.situation.session.open
        return tuple(one for one in book.holdings.values() if one.owner == self.strategy and one.opened_at >= today)

    @property
    def own_orders(self) -> tuple[Order, ...]:
        return tuple(order for holding in self.own for order in self.situation.book.orders_of(holding.id))

    @property
    def own_entries(self) -> tuple[Order, ...]:
        return tuple(order for holding in self.own for order in self._entries_of(holding))

    def _entries_of(self, holding: AnyHolding) -> tuple[Order, ...]:
        """Its entries that were sent, filled or not."""
        orders = self.situation.book.orders_of(holding.id)
        return tuple(one for one in orders
                     if one.ticket.purpose is Purpose.ENTRY and one.state is not OrderState.NOT_SENT)  # fmt: skip
