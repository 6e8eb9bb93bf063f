"""What ST0CKA would buy at one look: the quote, the size, the limit, and what the entry would fix. Pure.

Rules: SC-012, SC-203..205, SC-214..217, SC-225..231, SC-605, SC-606, SC-612.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property

from attrs import define

from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.desks.scalp_duties import account_of
from gammacore.domain.holdings.plans import EntryTerms
from gammacore.domain.instruments import Side
from gammacore.domain.legs import ShareLeg
from gammacore.domain.market import Bar, Quote
from gammacore.domain.risk.entry_limits import EntryAccount, SizedEntry, kelly_share
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.scalping.dollar_scale import dollar_scale
from gammacore.domain.scalping.smart_entry import SmartEntry, SmartReading, SmartView
from gammacore.domain.scalping.st0cka import EntryOrder, St0ckaRules, entry_limit
from gammacore.domain.scalping.vwap import session_vwap
from gammacore.domain.strategy import Situation
from gammacore.domain.verdicts import Verdict
from gammacore.domain.volatility import VolatilityRules, VolatilityState

TARGET = "profit_target"


@define(eq=False)
class ShareFigures:
    """The figures of an entry at one look; prices in points, None where the market does not show what they need.

    `owner` is the strategy that would hold what is bought.
    """

    rules: St0ckaRules
    volatility_rules: VolatilityRules
    limits: RiskLimits
    fees: FeeSchedule
    situation: Situation
    owner: str

    @property
    def symbol(self) -> str:
        return self.situation.underlying.symbol

    @property
    def account(self) -> EntryAccount:
        return account_of(self.situation, self.limits)

    @property
    def bars(self) -> tuple[Bar, ...]:
        """The session's completed one-minute bars."""
        return () if self.situation.history is None else tuple(self.situation.history.one_minute)

    @property
    def quote(self) -> Quote | None:
        """The accepted quote. Rule: SC-008."""
        tape = self.situation.memory.tape
        return None if tape is None else tape.accepted_quote(self.situation.now)

    @property
    def scale(self) -> Decimal | None:
        """What dollars of SPY are multiplied by. Rule: SC-012."""
        return dollar_scale(self.symbol, self.situation.market.previous_close)

    @cached_property
    def volatility(self) -> VolatilityState:
        market = self.situation.market
        return self.volatility_rules.state(self.situation.history, market.vix, market.vix_at, self.situation.now)

    @cached_property
    def smart_view(self) -> SmartView | None:
        """What the smart signals look at; None without an accepted quote. Rules: SC-225..228."""
        tape, quote = self.situation.memory.tape, self.quote
        if tape is None or quote is None:
            return None
        samples = tape.seconds if self.rules.smart.smart_entry is SmartEntry.TICKS else tape.cycles
        return SmartView(
            now=self.situation.now,
            price=quote.mid,
            bars=self.bars,
            samples=[(each.at, each.mid, each.width) for each in samples],
            high=tape.high,
            low=tape.low,
            vwap=session_vwap(self.bars),
            scale=self.scale or Decimal(1),
        )

    def reading(self, side: Side) -> SmartReading | Verdict:
        """The smart signals, or what they lack."""
        if self.smart_view is None:
            return Verdict.unknown("indicator_missing", "no accepted quote")
        return self.rules.smart.read(self.smart_view, side)

    def price(self, side: Side) -> Decimal | None:
        """What an entry trades at: the ask, or the bid of a short. Rule: SC-007."""
        quote = self.quote
        return None if quote is None else (quote.ask if side is Side.BUY else quote.bid)

    def limit(self, side: Side) -> Decimal | None:
        """The limit of an entry; None at market. Rules: SC-006, SC-204."""
        quote = self.quote
        if quote is None or self.rules.entry_order is EntryOrder.MARKET:
            return None
        return entry_limit(quote.bid, quote.ask, side)

    def size(self, side: Side) -> int:
        """Shares: by volatility and smart entry, then what cap and Kelly leave. Rules: SC-214, SC-215, SC-230."""
        rules, quote, known = self.rules, self.quote, self.volatility_rules
        if quote is None:
            return 0
        shares = rules.size(self.volatility, known.low_vol_threshold, known.high_vol_threshold)
        if rules.smart.is_on and isinstance(reading := self.reading(side), SmartReading):
            shares = rules.smart.size(shares, reading)
        account, each = self.account, self.limit(side) or quote.ask
        if account.equity is None:
            return shares  # the sized gates name what is not known
        shares = min(shares, account.by_cap(each, account.held_in((self.symbol,), self.owner)))
        share = kelly_share(account.limits, self.situation.book.net_results)
        if share is None:
            return shares
        return min(shares, account.shares_of(Decimal(share.numerator) / share.denominator, each))

    def terms(self, side: Side, shares: int) -> EntryTerms:
        """What is fixed now, whatever volatility does later. Rules: SC-208, SC-216, SC-217, SC-605."""
        rules, quote, scale = self.rules, self.quote, self.scale or Decimal(1)
        price, reading = self.price(side) or Decimal(0), self.volatility.reading
        fees = 2 * self.fees.trade(ShareLeg(self.symbol, side, closes=False), 1)
        target = rules.target(reading.value, self.volatility_rules.high_vol_threshold, fees)
        if rules.smart.is_on:
            target = rules.smart.target(price, scale)
        stop = rules.stop(target, scale)
        return EntryTerms(
            risk=rules.risk(stop, price, shares),
            price=None if quote is None else quote.mid,
            target=target,
            stop=stop,
            volatility=Decimal(repr(reading.value)),
            source=str(reading.source),
            signal=str(rules.smart.smart_entry) if rules.smart.is_on else "",
        )

    def sized(self, side: Side, shares: int) -> SizedEntry:
        """An entry of so many shares, as the limits of the account look at it. Rule: SC-602."""
        each = self.limit(side) or (Decimal(0) if self.quote is None else self.quote.ask)
        return SizedEntry(self.owner, "", (self.symbol,), each * shares, self.terms(side, shares))
