"""Shares that ST0CKA holds at one look: their target, their stop, and the way out. Pure.

Rules: SC-206..213, SC-217, SC-224, SC-232.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from attrs import frozen

from gammacore.domain.desks.scalp_duties import A_MINUTE, AT_THE_BROKER, begun_exit, call_entry_back, entry_price
from gammacore.domain.desks.st0cka_figures import TARGET, ShareFigures
from gammacore.domain.dollars import CENT
from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.instruments import Side
from gammacore.domain.legs import ShareLeg
from gammacore.domain.orders import THE_DAY, Effect, Order, Purpose, still_closing
from gammacore.domain.scalping.st0cka import Trip, is_stopped, target_price
from gammacore.domain.scalping.vwap import ReversionTarget, is_back_at_vwap, is_replaced, session_vwap, target_at_vwap
from gammacore.domain.stops.levels import Level
from gammacore.domain.strategy import Cancel, Decision, Situation, Trade, Warn

MOVED = "target_moved"


@frozen(eq=False)
class ShareWatch:
    """One holding at one look; `figures` are those of its desk."""

    figures: ShareFigures
    holding: AnyHolding

    @property
    def situation(self) -> Situation:
        return self.figures.situation

    def steps(self, flat: str | None) -> Iterator[Decision]:
        orders, now = self.situation.book.orders_of(self.holding.id), self.situation.now
        if not (held := self.holding.held(self.holding.underlying)):
            is_over = self._trip is None or not self._trip.buys(now)
            if flat is not None or is_over:
                yield from call_entry_back(orders, flat or "time_exit")
            return
        side = Side.BUY if held > 0 else Side.SELL
        entry = entry_price(self.holding, orders, self.holding.underlying)
        yield from self._overdue()
        reason = begun_exit(orders, besides=(TARGET, MOVED)) or flat or self._exit(entry, side)
        if reason is None:
            yield from self._rest_target(orders, entry, side)
        else:
            yield from self._leave(orders, side, reason)

    def levels(self) -> tuple[Level, ...]:
        """Target and stop in points of the share, measured on what it would be closed at."""
        if not (held := self.holding.held(self.holding.underlying)):
            return ()
        side = Side.BUY if held > 0 else Side.SELL
        entry = entry_price(self.holding, self.situation.book.orders_of(self.holding.id), self.holding.underlying)
        quote, stop = self.situation.memory.quote(self.situation.now), self._distances(entry)[1]
        out = None if quote is None else (quote.bid if side is Side.BUY else quote.ask)
        at = {TARGET: self._target(entry, side), **({"stop": entry - side.sign * stop} if stop > 0 else {})}
        toward = {TARGET: side.sign, "stop": -side.sign}
        return tuple(
            Level(rule, price, None if out is None else (price - out) * toward[rule], "share")
            for rule, price in at.items()
        )

    def _leave(self, orders: tuple[Order, ...], side: Side, reason: str) -> Iterator[Decision]:
        """Whatever works is called back first; then what is still held goes at market, one order at a time. SC-211."""
        working = [order for order in orders if order.is_working]
        for order in working:
            is_exit = order.ticket.purpose is Purpose.EXIT and order.ticket.reason != TARGET
            if not is_exit and order.state in AT_THE_BROKER:
                yield Cancel(order.id, reason)
        if not working:
            yield self._sale(side, abs(self.holding.held(self.holding.underlying)), reason, None)

    def _rest_target(self, orders: tuple[Order, ...], entry: Decimal, side: Side) -> Iterator[Decision]:
        """The target of what is held, once the entry is over; refused or called back, it is placed again.

        What an entry brought late gets one of its own. Rule: SC-206.
        """
        working = [order for order in orders if order.is_working]
        if any(order.ticket.purpose is Purpose.ENTRY for order in working):
            return
        symbol = self.holding.underlying
        wanted, follows = self._target(entry, side), self._vwap is not None
        if (left := abs(self.holding.held(symbol)) - still_closing(working, symbol)) > 0:
            yield self._sale(side, left, TARGET, wanted)
        scale = self.figures.scale or Decimal(1)
        for order in working if follows else ():
            limit, age = order.ticket.limit or wanted, order.age_seconds(self.situation.now)
            if order.state in AT_THE_BROKER and is_replaced(limit, wanted, age, scale):
                yield Cancel(order.id, MOVED)

    def _sale(self, side: Side, quantity: int, reason: str, limit: Decimal | None) -> Trade:
        symbol = self.holding.underlying
        return Trade(
            holding=self.holding.id,
            strategy=self.figures.owner,
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
    def _trip(self) -> Trip | None:
        return self.figures.rules.trip_of(self.holding.opened_at, self.situation.session)

    @property
    def _vwap(self) -> Fraction | None:
        """The VWAP of now, where the target follows it and it is known. Rule: SC-224."""
        rules, history = self.figures.rules, self.situation.history
        reversion = rules.reversion
        follows = rules.use_mean_reversion and reversion.reversion_target is ReversionTarget.VWAP
        return session_vwap(history.one_minute, reversion.vwap_min_bars) if follows and history is not None else None

    def _distances(self, entry: Decimal) -> tuple[Decimal, Decimal]:
        scale = self.figures.scale or Decimal(1)
        return self.figures.rules.distances(self.holding.terms, entry, scale)

    def _target(self, entry: Decimal, side: Side) -> Decimal:
        """Where the target rests, points: fixed at the entry, or at the VWAP of now. Rules: SC-217, SC-224."""
        if (vwap := self._vwap) is not None:
            return target_at_vwap(vwap, entry, CENT, side)
        return target_price(entry, self._distances(entry)[0], side)

    def _exit(self, entry: Decimal, side: Side) -> str | None:
        """The first exit that hits: stop, time, VWAP, smart. Rule: SC-207."""
        now, rules = self.situation.now, self.figures.rules
        quote = self.situation.memory.quote(now)
        out = None if quote is None else (quote.bid if side is Side.BUY else quote.ask)
        if out is not None and is_stopped(out, entry, self._distances(entry)[1], side):
            return "stop"
        is_even = out is not None and (out - entry) * side.sign >= 0
        if (reason := rules.time_exit(self._trip, now, is_even=is_even)) is not None or out is None:
            return reason
        if (vwap := self._vwap) is not None and is_back_at_vwap(out, vwap, side):
            return "vwap_exit"
        view = self.figures.smart_view
        return None if view is None else rules.smart.early_exit(view, entry, out, side)

    def _overdue(self) -> Iterator[Warn]:
        """A position still held when its sell window is over, every minute until it is not. Rule: SC-212."""
        trip, now = self._trip, self.situation.now
        if trip is not None and now >= trip.sell_until:
            minutes = (now - trip.sell_until) // A_MINUTE
            detail = f"{self.holding.in_words} still held {minutes} min after its sell window"
            yield Warn("exit_overdue", detail, self.holding.id)
