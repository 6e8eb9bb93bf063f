"""What the first start of a session does with what is held already: left alone, refused, or taken over. Pure.

Rules: SC-451, SC-452, SC-455.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property

from attrs import define

from gammacore.domain.book.view import BookView
from gammacore.domain.desks.scalp_duties import account_of, next_name
from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.holdings.plans import EntryTerms
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.scalping.gamma import DAY_TRADES, GammaRules, InitMode
from gammacore.domain.scalping.resume import AdoptedStraddle, adopt, besides, options_of
from gammacore.domain.scalping.straddle_exit import EXPIRY_NEAR, stop_level
from gammacore.domain.sessions import TradingSession
from gammacore.domain.strategy import Situation, TakeOver
from gammacore.domain.verdicts import Verdict

WAITS = "resume_waits"
"""A straddle is there to be taken over, and not all of it is compared and quoted yet (ours)."""


def must_resume(rules: GammaRules, book: BookView, session: TradingSession, owner: str) -> bool:
    """Whether what is held already speaks first: until the session has bought or taken over anything. SC-451."""
    if rules.init_mode is not InitMode.RESUME:
        return False
    own = (one for one in book.holdings.values() if one.owner == owner)
    return not any(one.opened_at >= session.open and one.has_filled for one in own)


@define(eq=False)
class EarlierSession:
    """One look at what an earlier session left to the desk that owns `owner`'s holdings."""

    rules: GammaRules
    limits: RiskLimits
    situation: Situation
    owner: str

    def judge(self) -> Verdict:
        """Whether a straddle may be bought: not beside what is left, nor beside what no book has. SC-451, SC-452."""
        book, session = self.situation.book, self.situation.session
        left = [one.id for one in self._own if one.is_live and one.opened_at < session.open and not one.is_flat]
        if left:
            return Verdict.skip("init_not_flat", ", ".join(left), "is still held")
        if must_resume(self.rules, book, session, self.owner) and not self._may_open:
            return Verdict.unknown(WAITS, "its quotes") if isinstance(self.found, AdoptedStraddle) else self.found
        foreign = [contract.occ for contract in options_of(book.quarantined, self.situation.underlying)]
        return Verdict.skip("foreign_position", ", ".join(foreign), "is no book's") if foreign else Verdict.ok()

    @property
    def awaits_straddle(self) -> bool:
        """Whether one is there to be taken over, or it is not known yet whether one is."""
        if not must_resume(self.rules, self.situation.book, self.situation.session, self.owner):
            return False
        return isinstance(self.found, AdoptedStraddle) or self.found.reason == WAITS

    def steps(self) -> Iterator[TakeOver]:
        """The straddle at the broker is taken over as soon as all of it is quoted, at its mids. Rule: SC-452."""
        situation, found = self.situation, self.found
        resumes = must_resume(self.rules, situation.book, situation.session, self.owner)
        if not resumes or not isinstance(found, AdoptedStraddle):
            return
        share, market = situation.memory.quote(situation.now), situation.market
        call, put = market.quote(found.call), market.quote(found.put)
        if share is None or call is None or put is None:
            return
        taken = [(found.call.occ, found.straddles, call), (found.put.occ, found.straddles, put)]
        if found.hedge_shares:
            taken.append((found.share, found.hedge_shares, share))
        yield TakeOver(
            holding=next_name(situation.book, situation.session, situation.underlying.symbol, self.owner),
            strategy=self.owner,
            underlying=situation.underlying.symbol,
            symbols={symbol: held for symbol, held, _ in taken},
            prices={symbol: quote.mid for symbol, _, quote in taken},
            terms=self._terms((call.mid + put.mid) * EQUITY_OPTION_MULTIPLIER * found.straddles, share.mid),
        )

    def _terms(self, premium: Decimal, price: Decimal) -> EntryTerms:
        """Its stop counts from what it is taken in at, which is assumed. Rules: SC-452, SC-454."""
        left = account_of(self.situation, self.limits).budget_left
        return EntryTerms(stop_level(self.rules, premium, left), price, source="assumed", day_trades=DAY_TRADES)

    @cached_property
    def found(self) -> AdoptedStraddle | Verdict:
        """The straddle the broker shows besides what any book here has, or why it is none.

        Its legs are compared twice before they count, as everything at the broker is. Rules: R5, SC-452.
        """
        situation, at_broker = self.situation, self.situation.at_broker
        if at_broker is None:
            return Verdict.unknown(WAITS, "the broker did not say what it holds")
        known, today = situation.book.expected_holdings(), situation.session.date
        found = adopt(at_broker, known, situation.underlying, self.rules.straddles, today)
        compared = options_of(situation.book.quarantined, situation.underlying)
        if compared != options_of(besides(at_broker, known), situation.underlying):
            return Verdict.unknown(WAITS, "the account is compared once more")
        return found

    @property
    def _may_open(self) -> bool:
        """Where the broker shows no option of the underlying: `resume_or_open`, or a roll. Rules: SC-452, SC-455."""
        book, session, at_broker = self.situation.book, self.situation.session, self.situation.at_broker
        if at_broker is None or options_of(besides(at_broker, book.expected_holdings()), self.situation.underlying):
            return False
        last = max(self._own, key=lambda one: one.opened_at, default=None)
        was_sold = last is not None and last.closed_at is not None and last.closed_at < session.open
        return self.rules.resume_or_open or (
            self.rules.roll and was_sold and last is not None and last.exit_reason == EXPIRY_NEAR
        )

    @cached_property
    def _own(self) -> tuple[AnyHolding, ...]:
        return tuple(one for one in self.situation.book.holdings.values() if one.owner == self.owner)
