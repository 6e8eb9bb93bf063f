"""ST0CKA: buys shares at the ask in its window, rests a target above them, and is out by the sell window. Pure.

Nothing is kept: what comes next follows from the holding, its terms and its orders, so a restart needs nothing.
Rules: SC-201..217, SC-224, SC-229..233, SC-602.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

from attrs import frozen

from gammacore.domain.book.view import BookView
from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.desks.scalp_duties import (
    A_MINUTE,
    AT_THE_BROKER,
    call_entry_back,
    duties,
    must_go_flat,
    todays_holdings,
    unclear_cancels,
)
from gammacore.domain.desks.st0cka_entry import ShareEntry, smart_view
from gammacore.domain.dollars import CENT
from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.instruments import Side
from gammacore.domain.legs import ShareLeg
from gammacore.domain.orders import THE_DAY, Effect, Order, Purpose
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.scalping.dollar_scale import dollar_scale
from gammacore.domain.scalping.st0cka import LAST_MINUTE, SCRATCH_MINUTES, St0ckaRules, Trip, Unwind, target_price
from gammacore.domain.scalping.vwap import ReversionTarget, is_back_at_vwap, is_replaced, session_vwap, target_at_vwap
from gammacore.domain.sessions import TradingSession
from gammacore.domain.strategy import NOTHING_MORE, Cancel, Decision, Decisions, Needs, Situation, Trade, Warn
from gammacore.domain.volatility import VolatilityRules

TARGET = "profit_target"
MOVED = "target_moved"
_NO_EXIT = (TARGET, MOVED)


@frozen(eq=False)
class St0ckaDesk:
    """The share scalp. `name` owns its holdings; the hybrid runs it under its own."""

    rules: St0ckaRules = St0ckaRules()
    volatility: VolatilityRules = VolatilityRules()
    limits: RiskLimits = RiskLimits()
    fees: FeeSchedule = FeeSchedule()
    name: str = "st0cka"

    def needs(self, now: dt.datetime, session: TradingSession, book: BookView) -> Needs:
        """The account only where it may buy; minutes where it may buy, or holds what is judged by them."""
        if any(trip.buys(now) for trip in self.rules.trips(session)):
            return Needs(minutes=True, account=True, equity=True)
        held = bool(todays_holdings(book, session, self.name))
        return Needs(minutes=True) if held else NOTHING_MORE

    def deadlines(self, session: TradingSession, _book: BookView) -> tuple[dt.datetime, ...]:
        """The seams of its windows."""
        minutes = (SCRATCH_MINUTES, LAST_MINUTE, 0)
        return tuple(
            instant
            for trip in self.rules.trips(session)
            for instant in (
                trip.buy_from, trip.sell_from, *(trip.sell_until - dt.timedelta(minutes=each) for each in minutes)
            )
        )  # fmt: skip

    def decide(self, situation: Situation) -> Decisions:
        return Decisions((*duties(situation, self.limits), *self.watch(situation), *self.enter(situation)))

    def watch(self, situation: Situation, out: str | None = None) -> Iterator[Decision]:
        """Targets, stops and time exits of what it holds; `out` closes all of it, for that reason. SC-206, SC-207."""
        if not situation.session.is_trading(situation.now):
            return
        flat = out or must_go_flat(situation, self.limits)
        for holding in todays_holdings(situation.book, situation.session, self.name):
            yield from _Watch(self, situation, holding).steps(flat)

    def enter(self, situation: Situation) -> Iterator[Decision]:
        """One entry, or the first gate that forbids it, journaled where it is new. Rule: SC-203."""
        trip = next((trip for trip in self.rules.trips(situation.session) if trip.buys(situation.now)), None)
        if trip is not None and must_go_flat(situation, self.limits) is None:
            case = ShareEntry(self.rules, self.volatility, self.limits, self.fees, situation, self.name, trip)
            yield from case.steps()


@frozen(eq=False)
class _Watch:
    """One holding at one look."""

    desk: St0ckaDesk
    situation: Situation
    holding: AnyHolding

    def steps(self, flat: str | None) -> Iterator[Decision]:
        orders = self.situation.book.orders_of(self.holding.id)
        if not (held := self.holding.held(self.holding.underlying)):
            if flat is not None:
                yield from call_entry_back(orders, flat)
            return
        side = Side.BUY if held > 0 else Side.SELL
        yield from unclear_cancels(orders, self.situation.now)
        yield from self._overdue()
        reason = flat or _begun(orders) or self._exit(side)
        if reason is None:
            yield from self._rest_target(orders, side)
        else:
            yield from self._leave(orders, side, reason)

    def _leave(self, orders: tuple[Order, ...], side: Side, reason: str) -> Iterator[Decision]:
        """Whatever works is called back first; then what is still held goes at market, one order at a time. SC-211."""
        working = [order for order in orders if order.is_working]
        for order in working:
            is_exit = order.ticket.purpose is Purpose.EXIT and order.ticket.reason != TARGET
            if not is_exit and order.state in AT_THE_BROKER:
                yield Cancel(order.id, reason)
        if not working:
            yield self._sale(side, abs(self.holding.held(self.holding.underlying)), reason, None)

    def _rest_target(self, orders: tuple[Order, ...], side: Side) -> Iterator[Decision]:
        """The target of what is held, once the entry is over; refused or called back, it is placed again. SC-206."""
        working = [order for order in orders if order.is_working]
        if any(order.ticket.purpose is Purpose.ENTRY for order in working):
            return
        wanted = self._target(side)
        resting = next((order for order in working if order.ticket.reason == TARGET), None)
        if resting is None:
            if not working:
                quantity = abs(self.holding.held(self.holding.underlying))
                yield self._sale(side, quantity, TARGET, wanted)
        elif resting.state in AT_THE_BROKER and resting.ticket.limit is not None and self._follows_vwap:
            scale = dollar_scale(self.holding.underlying, self.situation.market.previous_close) or Decimal(1)
            if is_replaced(resting.ticket.limit, wanted, resting.age_seconds(self.situation.now), scale):
                yield Cancel(resting.id, MOVED)

    def _sale(self, side: Side, quantity: int, reason: str, limit: Decimal | None) -> Trade:
        symbol = self.holding.underlying
        return Trade(
            holding=self.holding.id,
            strategy=self.desk.name,
            underlying=symbol,
            purpose=Purpose.EXIT,
            legs=(ShareLeg(symbol, side.opposite, closes=True),),
            quantity=quantity,
            effect=Effect.CREDIT if side is Side.BUY else Effect.DEBIT,
            reason=reason,
            limit=limit,
            life=THE_DAY,
        )

    @property
    def _follows_vwap(self) -> bool:
        rules = self.desk.rules
        return rules.use_mean_reversion and rules.reversion.reversion_target is ReversionTarget.VWAP

    @property
    def _entry(self) -> Decimal:
        """The average fill price, points. Rule: SC-205."""
        return self.holding.lots[self.holding.underlying].average_price

    def _target(self, side: Side) -> Decimal:
        """Where the target rests, points: fixed at the entry, or at the VWAP of now. Rules: SC-217, SC-224."""
        terms, history = self.holding.terms, self.situation.history
        fixed = target_price(self._entry, self.desk.rules.profit_target if terms is None else terms.target, side)
        if not self._follows_vwap or history is None:
            return fixed
        vwap = session_vwap(history.one_minute, self.desk.rules.reversion.vwap_min_bars)
        return fixed if vwap is None else target_at_vwap(vwap, self._entry, CENT, side)

    def _exit(self, side: Side) -> str | None:
        """The first exit that hits: stop, time, VWAP, smart. Rule: SC-207."""
        quote = self.situation.memory.quote(self.situation.now)
        out = None if quote is None else (quote.bid if side is Side.BUY else quote.ask)
        stop = Decimal(0) if self.holding.terms is None else self.holding.terms.stop
        if out is not None and stop and (out - self._entry) * side.sign <= -stop:
            return "stop"
        if (reason := self._time_exit(out, side)) is not None:
            return reason
        if out is None:
            return None
        history, rules = self.situation.history, self.desk.rules
        if history is not None and self._follows_vwap:
            vwap = session_vwap(history.one_minute, rules.reversion.vwap_min_bars)
            if vwap is not None and is_back_at_vwap(out, vwap, side):
                return "vwap_exit"
        view = smart_view(self.situation, rules)
        return None if view is None else rules.smart.early_exit(view, self._entry, out, side)

    @property
    def _trip(self) -> Trip | None:
        return self.desk.rules.trip_of(self.holding.opened_at, self.situation.session)

    def _time_exit(self, out: Decimal | None, side: Side) -> str | None:
        """Rules: SC-209, SC-210, SC-213."""
        trip, now = self._trip, self.situation.now
        if trip is None:
            return "time_exit"
        if now < trip.sell_from:
            return None
        if self.desk.rules.unwind is Unwind.IMMEDIATE or now >= trip.sell_until - LAST_MINUTE * A_MINUTE:
            return "time_exit"
        is_late = now >= trip.sell_until - SCRATCH_MINUTES * A_MINUTE
        is_even = out is not None and (out - self._entry) * side.sign >= 0
        return "scratch_exit" if is_late and is_even else None

    def _overdue(self) -> Iterator[Warn]:
        """A position still held when its sell window is over, every minute until it is not. Rule: SC-212."""
        trip, now = self._trip, self.situation.now
        if trip is not None and now >= trip.sell_until:
            minutes = (now - trip.sell_until) // A_MINUTE
            detail = f"{self.holding.in_words} still held {minutes} min after its sell window"
            yield Warn("exit_overdue", detail, self.holding.id)


def _begun(orders: tuple[Order, ...]) -> str | None:
    """The exit that was begun: an order sent for it, or the target called back for it; a price that recovers changes
    nothing.
    """
    for order in reversed(orders):
        if order.ticket.purpose is Purpose.EXIT and order.ticket.reason not in _NO_EXIT:
            return order.ticket.reason
        if order.called_back and order.ticket.reason == TARGET and order.called_back not in _NO_EXIT:
            return order.called_back
    return None
