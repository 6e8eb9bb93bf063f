"""What a purchase of a straddle would be at one look: the choice, its size, what it fixes, and its order. Pure.

Rules: SC-404..407, SC-415, SC-454, SC-458.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import cached_property
from typing import assert_never

from attrs import define

from gammacore.domain.desks.scalp_duties import account_of, next_name
from gammacore.domain.holdings.plans import EntryTerms
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER
from gammacore.domain.ledger import EntryJudged
from gammacore.domain.legs import Leg
from gammacore.domain.market import Quote
from gammacore.domain.orders import THE_DAY, Effect, Purpose, TicketLife
from gammacore.domain.pricing.rates import MarketRates, RateCurve
from gammacore.domain.risk.entry_limits import POSITION_SHARE, SizedEntry
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.scalping.gamma import DAY_TRADES, ENTRY_SECONDS, GammaRules, StraddleOrder
from gammacore.domain.scalping.straddle_exit import stop_level
from gammacore.domain.sessions import TradingSession
from gammacore.domain.straddles.choice import SecondsTo, StraddleChoice, choose_straddle, straddles_bought
from gammacore.domain.straddles.straddle import Straddle
from gammacore.domain.strategy import Situation, Trade
from gammacore.domain.verdicts import Verdict


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
class StraddlePurchase:
    """One look at what would be bought; `strategy` owns the holding it opens."""

    rules: GammaRules
    limits: RiskLimits
    situation: Situation
    strategy: str

    @property
    def symbol(self) -> str:
        return self.situation.underlying.symbol

    @property
    def quote(self) -> Quote | None:
        """The accepted share quote. Rule: SC-008."""
        tape = self.situation.memory.tape
        return None if tape is None else tape.accepted_quote(self.situation.now)

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

    def premium(self, straddle: Straddle, size: int) -> Decimal:
        """Dollars the order can cost."""
        return straddle.limit(self.situation.underlying) * EQUITY_OPTION_MULTIPLIER * size

    def terms(self, straddle: Straddle, size: int) -> EntryTerms:
        """What is fixed now: the loss at which it is sold. Rules: SC-454, SC-605."""
        account, quote = account_of(self.situation, self.limits), self.quote
        return EntryTerms(
            risk=stop_level(self.rules, self.premium(straddle, size), account.budget_left),
            price=None if quote is None else quote.mid,
            day_trades=DAY_TRADES,
        )

    def sized(self, straddle: Straddle, size: int) -> SizedEntry:
        symbols = (straddle.call.occ, straddle.put.occ)
        return SizedEntry(self.strategy, "", symbols, self.premium(straddle, size), self.terms(straddle, size))

    def order(self, straddle: Straddle, size: int, record: EntryJudged) -> Trade:
        """Both legs as one net debit at the sum of the asks; or the call first, at its own. Rule: SC-407."""
        legs: tuple[Leg, ...] = straddle.legs
        limit: Decimal | None = straddle.limit(self.situation.underlying)
        match self.rules.straddle_order:
            case StraddleOrder.LIMIT:
                pass
            case StraddleOrder.MARKET:
                limit = None
            case StraddleOrder.LEGS:
                legs, limit = legs[:1], straddle.call_quote.ask
            case _:
                assert_never(self.rules.straddle_order)
        return Trade(
            holding=next_name(self.situation.book, self.situation.session, self.symbol, self.strategy),
            strategy=self.strategy,
            underlying=self.symbol,
            purpose=Purpose.ENTRY,
            legs=legs,
            quantity=size,
            effect=Effect.DEBIT,
            reason="straddle",
            limit=limit,
            life=THE_DAY if limit is None else TicketLife(ENTRY_SECONDS),
            record=record,
            terms=self.terms(straddle, size),
        )
