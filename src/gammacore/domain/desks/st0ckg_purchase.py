"""What ST0CKG buys on a signal: the option, how many, for how much, and what is fixed with it. Pure.

Rules: SC-326..334, SC-605, SC-606, SC-612.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property

from attrs import define

from gammacore.domain.desks.scalp_duties import account_of, next_name
from gammacore.domain.desks.st0ckg_frame import DayFrame
from gammacore.domain.holdings.plans import EntryTerms
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER, Side
from gammacore.domain.ledger import EntryJudged
from gammacore.domain.legs import Leg
from gammacore.domain.orders import Effect, Purpose, TicketLife
from gammacore.domain.risk.entry_limits import SizedEntry, kelly_share
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.scalping.option_choice import (
    OptionCandidate,
    OptionQuery,
    OptionSearch,
    entry_limit,
    right_bought,
)
from gammacore.domain.scalping.option_size import SizeOccasion, premium_at_risk
from gammacore.domain.scalping.signals.signal import SignalReading
from gammacore.domain.scalping.st0ckg import LATE_FROM_MINUTES, St0ckgRules
from gammacore.domain.strategy import Situation, Trade
from gammacore.domain.verdicts import Verdict
from gammacore.domain.volatility import VolatilityState


@define(eq=False)
class OptionPurchase:
    """The purchase a signal asks for at a price of the underlying, points."""

    rules: St0ckgRules
    limits: RiskLimits
    situation: Situation
    strategy: str
    frame: DayFrame
    signal: SignalReading
    price: Decimal
    volatility: VolatilityState

    @cached_property
    def search(self) -> OptionSearch:
        right = right_bought(self.signal.direction)
        if right is None or self.frame.chain is None:
            return OptionSearch(())
        return OptionQuery(
            self.frame.chain, right, self.price, self.situation.underlying, self.frame.model, self.situation.now,
            self.frame.oldest_quote,
        ).search()  # fmt: skip

    @property
    def option(self) -> OptionCandidate:
        """The best of what was found; asked for once there is one."""
        best = self.search.best
        assert best is not None
        return best

    @property
    def limit(self) -> Decimal:
        return entry_limit(self.option.ask, self.situation.underlying.ticks, self.rules.size.feed)

    @cached_property
    def contracts(self) -> int:
        """By equity and day, then what Kelly and the cap leave; the last one is the cap's to judge. SC-331, SC-606."""
        equity, now = self.situation.worth, self.situation.now
        if equity is None:
            return 0
        losses = self.situation.book.losses_in_a_row(self.situation.session.open)
        is_late = now > self.situation.session.after_open(LATE_FROM_MINUTES)
        occasion = SizeOccasion(self.signal.name, self.volatility.regime, losses, is_late)
        count = self.rules.size.contracts(equity, self.limit, occasion)
        each, account = self.limit * EQUITY_OPTION_MULTIPLIER, account_of(self.situation, self.limits)
        if (share := kelly_share(account.limits, self.situation.book.net_results)) is not None:
            count = min(count, account.shares_of(Decimal(share.numerator) / share.denominator, each))
        return min(count, max(1, account.by_cap(each)))

    def judge_size(self) -> Verdict:
        if self.situation.worth is None:
            return Verdict.unknown("equity_unknown", "the broker did not say")
        return Verdict.ok(self.contracts) if self.contracts else Verdict.skip("size_zero", "0 contracts")

    @cached_property
    def terms(self) -> EntryTerms:
        """What is fixed now. Rules: SC-106, SC-334, SC-605."""
        reading = self.volatility.reading
        return EntryTerms(
            risk=premium_at_risk(self.limit, self.contracts),
            price=self.price,
            volatility=Decimal(repr(reading.value)),
            source=str(reading.source),
            signal=str(self.signal.name),
        )

    @property
    def sized(self) -> SizedEntry:
        notional = self.limit * EQUITY_OPTION_MULTIPLIER * self.contracts
        return SizedEntry(self.strategy, "", (self.option.contract.occ,), notional, self.terms)

    def order(self, record: EntryJudged) -> Trade:
        """A limit a little above the ask, called back after `entry_ttl`. Rule: SC-330."""
        situation = self.situation
        return Trade(
            holding=next_name(situation.book, situation.session, situation.underlying.symbol, self.strategy),
            strategy=self.strategy,
            underlying=situation.underlying.symbol,
            purpose=Purpose.ENTRY,
            legs=(Leg(self.option.contract, Side.BUY),),
            quantity=self.contracts,
            effect=Effect.DEBIT,
            reason=self.terms.signal,
            limit=self.limit,
            life=TicketLife(self.rules.entry_ttl),
            record=record,
            terms=self.terms,
        )
