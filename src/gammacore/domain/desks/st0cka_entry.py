"""One entry of ST0CKA at one look: every gate in order, the size, the order and what it fixes. Pure.

Rules: SC-203..206, SC-214..217, SC-221..231, SC-602.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property

from attrs import define

from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.desks.scalp_duties import account_of, next_name
from gammacore.domain.holdings.plans import EntryTerms
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import EntryJudged
from gammacore.domain.legs import ShareLeg
from gammacore.domain.market import Quote
from gammacore.domain.orders import THE_DAY, Effect, Order, OrderState, Purpose, TicketLife
from gammacore.domain.risk.entry_limits import SizedEntry, kelly_share
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.scalping.dollar_scale import dollar_scale
from gammacore.domain.scalping.smart_entry import SmartEntry, SmartReading, SmartView
from gammacore.domain.scalping.st0cka import EntryOrder, St0ckaRules, Trip, entry_limit
from gammacore.domain.scalping.vwap import session_vwap
from gammacore.domain.strategy import Decision, NoTrade, Situation, Trade
from gammacore.domain.verdicts import FilterVerdict, Verdict
from gammacore.domain.volatility import VolatilityRules, VolatilityState

TARGET = "profit_target"


@define(eq=False)
class ShareEntry:
    """An entry inside a buy window. `strategy` owns the holding it opens."""

    rules: St0ckaRules
    volatility_rules: VolatilityRules
    limits: RiskLimits
    fees: FeeSchedule
    situation: Situation
    strategy: str
    trip: Trip

    def steps(self) -> Iterator[Decision]:
        """The order of the first side whose gates pass, else the first "no", where it is new. Rules: SC-011, SC-203."""
        refusal: EntryJudged | None = None
        for side in self.rules.sides:
            verdicts = tuple(self._verdicts(side))
            no = next((one.verdict for one in verdicts if not one.verdict.passed), None)
            record = self._judged(verdicts, no)
            if no is None:
                yield self._order(side, record)
                return
            refusal = refusal or record
        last = self.situation.book.judgement(self.trip.buy_from)
        if refusal is not None and (last is None or last.reason != refusal.reason):
            yield NoTrade(refusal)

    def _judged(self, verdicts: tuple[FilterVerdict, ...], no: Verdict | None) -> EntryJudged:
        """A "no" is kept under its window, an entry under its instant."""
        now, market = self.situation.now, self.situation.market
        return EntryJudged(
            at=now,
            scheduled_at=now if no is None else self.trip.buy_from,
            reason=None if no is None else no.reason,
            explanation=f"volatility {self.volatility.reading}" if no is None else str(no),
            filters=verdicts,
            price=self.situation.price,
            pin=None,
            vix=market.vix,
        )

    # -- the gates ----------------------------------------------------------------------------------------------------

    def _verdicts(self, side: Side) -> Iterator[FilterVerdict]:
        situation, rules = self.situation, self.rules
        account = account_of(situation, self.limits)
        gates = account.account_gates(self.strategy, max_trades=rules.most_trades, max_positions=rules.max_positions)
        for gate in gates:
            yield gate
            if not gate.verdict.passed:
                return
        yield FilterVerdict("SC-203", "order_in_flight", self._judge_flight())
        yield FilterVerdict("SC-203", "cooldown", self._judge_cooldown())
        quote = self.quote
        yield FilterVerdict("SC-008", "quote", self._judge_quote())
        if quote is None:
            return
        yield FilterVerdict("SC-012", "dollar_scale", self._judge_scale())
        if self.scale is None:
            return
        bars = () if situation.history is None else situation.history.one_minute
        price = quote.ask if side is Side.BUY else quote.bid
        yield FilterVerdict("SC-222", "mean_reversion", rules.judge_reversion(price, bars, side))
        if rules.smart.is_on:
            yield FilterVerdict("SC-229", "smart_entry", rules.smart.judge(self._reading(side)))
        size = self.size(side)
        yield FilterVerdict("SC-215", "size", Verdict.ok(size) if size else Verdict.skip("size_zero", "0 shares"))
        if size:
            yield from account.sized_gates(self._sized(side, size))
            yield FilterVerdict("SC-203", "self_cross", self._judge_self_cross(side))

    def _judge_flight(self) -> Verdict:
        """A resting target does not count. Rule: SC-203."""
        busy = [order for order in self._own_orders if order.is_working and order.ticket.reason != TARGET]
        return Verdict.skip("order_in_flight", busy[0].id) if busy else Verdict.ok()

    def _judge_cooldown(self) -> Verdict:
        sent = [one.intended_at for one in self._own_orders
                if one.ticket.purpose is Purpose.ENTRY and one.state is not OrderState.NOT_SENT]  # fmt: skip
        if not sent:
            return Verdict.ok("first entry")
        wait = self.rules.smart.cooldown(self.rules.min_entry_interval)
        seconds = (self.situation.now - max(sent)).total_seconds()
        value = f"{seconds:g} s since the last"
        return Verdict.skip("cooldown", value, f"< {wait} s") if seconds < wait else Verdict.ok(value)

    def _judge_quote(self) -> Verdict:
        tape = self.situation.memory.tape
        return Verdict.unknown("quote_missing") if tape is None else tape.judge(self.situation.now)

    def _judge_scale(self) -> Verdict:
        if self.scale is None:
            return Verdict.unknown("previous_close_missing", "dollar figures are given for SPY and cannot be scaled")
        return Verdict.ok(self.scale)

    def _judge_self_cross(self, side: Side) -> Verdict:
        """Brokers refuse an order that would trade with one's own. Rule: SC-203."""
        limit = self._limit(side)
        for order in self.situation.book.working_orders:
            leg, own = order.ticket.legs[0], order.ticket.limit
            if isinstance(leg, ShareLeg) and leg.symbol == self.symbol and leg.side is side.opposite:
                crosses = own is None or limit is None or (limit - own) * side.sign >= 0
                if crosses:
                    return Verdict.skip("self_cross", f"{limit} against the own {leg.side} at {own}")
        return Verdict.ok()

    # -- figures ------------------------------------------------------------------------------------------------------

    @property
    def symbol(self) -> str:
        return self.situation.underlying.symbol

    @property
    def quote(self) -> Quote | None:
        tape = self.situation.memory.tape
        return None if tape is None else tape.accepted_quote(self.situation.now)

    @property
    def scale(self) -> Decimal | None:
        return dollar_scale(self.symbol, self.situation.market.previous_close)

    @cached_property
    def volatility(self) -> VolatilityState:
        market = self.situation.market
        return self.volatility_rules.state(self.situation.history, market.vix, market.vix_at, self.situation.now)

    @cached_property
    def _own_orders(self) -> tuple[Order, ...]:
        book, today = self.situation.book, self.situation.session.open
        own = (one for one in book.holdings.values() if one.owner == self.strategy and one.opened_at >= today)
        return tuple(order for holding in own for order in book.orders_of(holding.id))

    def _reading(self, side: Side) -> SmartReading | Verdict:
        view = smart_view(self.situation, self.rules)
        if view is None:
            return Verdict.unknown("indicator_missing", "no accepted quote")
        return self.rules.smart.read(view, side)

    def size(self, side: Side) -> int:
        """Shares: by volatility and smart entry, then what cap and Kelly leave. Rules: SC-214, SC-215, SC-230."""
        rules, quote = self.rules, self.quote
        if quote is None:
            return 0
        known = self.volatility_rules
        shares = rules.size(self.volatility, known.low_vol_threshold, known.high_vol_threshold)
        if rules.smart.is_on and isinstance(reading := self._reading(side), SmartReading):
            shares = rules.smart.size(shares, reading)
        account = account_of(self.situation, self.limits)
        if account.equity is None:
            return shares  # the sized gates name what is not known
        shares = min(shares, account.by_cap(quote.ask))
        share = kelly_share(account.limits, self.situation.book.net_results)
        if share is None:
            return shares
        return min(shares, account.shares_of(Decimal(share.numerator) / share.denominator, quote.ask))

    def _limit(self, side: Side) -> Decimal | None:
        quote = self.quote
        if quote is None or self.rules.entry_order is EntryOrder.MARKET:
            return None
        return entry_limit(quote.bid, quote.ask, side)

    def terms(self, side: Side, shares: int) -> EntryTerms:
        """What is fixed now, whatever volatility does later. Rules: SC-208, SC-216, SC-217, SC-605."""
        rules, quote, scale = self.rules, self.quote, self.scale or Decimal(1)
        price = Decimal(0) if quote is None else (quote.ask if side is Side.BUY else quote.bid)
        reading = self.volatility.reading
        fees = 2 * self.fees.trade(ShareLeg(self.symbol, side, closes=False), 1)
        target = rules.target(reading.value, self.volatility_rules.high_vol_threshold, fees)
        if rules.smart.is_on:
            target = rules.smart.target(price, scale)
        stop = rules.stop(target, scale)
        signal = "" if rules.smart.smart_entry is SmartEntry.OFF else str(rules.smart.smart_entry)
        return EntryTerms(
            risk=rules.risk(stop, price, shares),
            price=None if quote is None else quote.mid,
            target=target,
            stop=stop,
            volatility=Decimal(repr(reading.value)),
            source=str(reading.source),
            signal=signal,
        )

    def _sized(self, side: Side, shares: int) -> SizedEntry:
        quote = self.quote
        each = Decimal(0) if quote is None else (self._limit(side) or quote.ask)
        return SizedEntry(self.strategy, "", (self.symbol,), each * shares, self.terms(side, shares))

    def _order(self, side: Side, record: EntryJudged) -> Trade:
        """A limit at the ask, called back after `entry_ttl`, or an order at market. Rule: SC-204."""
        shares, limit = self.size(side), self._limit(side)
        return Trade(
            holding=next_name(self.situation.book, self.situation.session, self.symbol, self.strategy),
            strategy=self.strategy,
            underlying=self.symbol,
            purpose=Purpose.ENTRY,
            legs=(ShareLeg(self.symbol, side, closes=False),),
            quantity=shares,
            effect=Effect.DEBIT if side is Side.BUY else Effect.CREDIT,
            reason="st0cka",
            limit=limit,
            life=THE_DAY if limit is None else TicketLife(self.rules.entry_ttl),
            record=record,
            terms=self.terms(side, shares),
        )


def smart_view(situation: Situation, rules: St0ckaRules) -> SmartView | None:
    """What the smart signals look at; None without an accepted quote. Rules: SC-225..228."""
    tape = situation.memory.tape
    quote = None if tape is None else tape.accepted_quote(situation.now)
    if tape is None or quote is None:
        return None
    bars = () if situation.history is None else situation.history.one_minute
    samples = tape.seconds if rules.smart.smart_entry is SmartEntry.TICKS else tape.cycles
    return SmartView(
        now=situation.now,
        price=quote.mid,
        bars=bars,
        samples=[(each.at, each.mid, each.width) for each in samples],
        high=tape.high,
        low=tape.low,
        vwap=session_vwap(bars),
        scale=dollar_scale(situation.underlying.symbol, situation.market.previous_close) or Decimal(1),
    )
