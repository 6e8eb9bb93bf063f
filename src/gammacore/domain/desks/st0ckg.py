"""ST0CKG: buys 0DTE options on signals of the underlying and leaves in R. Pure.

Nothing is kept but what its holdings remember: orders and quantities say the rest, so a restart needs nothing.
Rules: SC-301..340, SC-602, SC-614.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

from attrs import frozen

from gammacore.domain.book.view import BookView
from gammacore.domain.desks.scalp_duties import (
    AT_THE_BROKER,
    call_entry_back,
    duties,
    must_go_flat,
    three_looks,
    todays_holdings,
)
from gammacore.domain.desks.st0ckg_entry import OptionEntry
from gammacore.domain.desks.st0ckg_frame import DayFrame
from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.holdings.plans import RWatch
from gammacore.domain.instruments import Side
from gammacore.domain.legs import Leg
from gammacore.domain.orders import Effect, Order, Purpose
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.scalping.r_exits import EXIT_LIFE, FEED_LOST_AFTER, RExit, RLook, RPosition, RReason, exit_order
from gammacore.domain.scalping.st0ckg import TIME_EXIT_MINUTES, St0ckgRules
from gammacore.domain.sessions import TradingSession
from gammacore.domain.stops.levels import Level
from gammacore.domain.strategy import NOTHING_MORE, Cancel, Decision, Decisions, Needs, SaveState, Situation, Trade
from gammacore.domain.volatility import VolatilityRules


@frozen(eq=False)
class St0ckgDesk:
    """The signal desk. `name` owns its holdings."""

    rules: St0ckgRules = St0ckgRules()
    volatility: VolatilityRules = VolatilityRules()
    limits: RiskLimits = RiskLimits()
    name: str = "st0ckg"

    def needs(self, now: dt.datetime, session: TradingSession, book: BookView) -> Needs:
        """The account only where it may buy; minutes there, and for the lines that prove what it holds wrong."""
        if self.rules.window_at(now, session) is not None:
            return Needs(minutes=True, account=True, equity=True)
        return Needs(minutes=True) if todays_holdings(book, session, self.name) else NOTHING_MORE

    def deadlines(self, session: TradingSession, _book: BookView) -> tuple[dt.datetime, ...]:
        """The seams of its windows and the time exit."""
        seams = (instant for window in self.rules.windows(session) for instant in window)
        return (*seams, session.before_close(TIME_EXIT_MINUTES))

    def decide(self, situation: Situation) -> Decisions:
        return Decisions((*duties(situation, self.limits), *self.watch(situation), *self.enter(situation)))

    def watch(self, situation: Situation) -> Iterator[Decision]:
        """Exits of what it holds. Rules: SC-335..339."""
        if not situation.session.is_trading(situation.now):
            return
        flat = must_go_flat(situation, self.limits)
        for holding in todays_holdings(situation.book, situation.session, self.name):
            yield from _Watch(self, situation, holding, DayFrame(self.rules, situation)).steps(flat)

    def levels(self, situation: Situation, holding: AnyHolding) -> tuple[Level, ...]:
        """The prices of the share, and of the option, at which it is sold, by the object that acts. CS-512, SC-335."""
        return _Watch(self, situation, holding, DayFrame(self.rules, situation)).levels()

    def enter(self, situation: Situation) -> Iterator[Decision]:
        """One entry, or the first gate that forbids it, journaled where it is new. Rules: SC-011, SC-325."""
        if situation.book.flatten is None and situation.session.is_trading(situation.now):
            window = self.rules.nearest_window(situation.now, situation.session)
            entry = OptionEntry(self.rules, self.volatility, self.limits, situation, self.name, window)
            yield from entry.steps()


@frozen(eq=False)
class _Watch:
    """One holding at one look."""

    desk: St0ckgDesk
    situation: Situation
    holding: AnyHolding
    frame: DayFrame

    def steps(self, flat: str | None) -> Iterator[Decision]:
        orders = self.situation.book.orders_of(self.holding.id)
        held = {symbol: quantity for symbol, quantity in self.holding.options.items() if quantity > 0}
        if not held:
            if flat is not None:
                yield from call_entry_back(orders, flat)
            return
        (symbol, quantity), *_ = held.items()
        position, look = self._position(symbol, quantity, orders), self._look(symbol, flat)
        rules, known = self.desk.rules.exits, self._known(look.price)
        watch = rules.watch(position, known, look.price)
        if watch != self.holding.memory:
            yield SaveState(self.holding.id, watch)
        if (sale := self._sale(rules.judge(position, watch, look), orders, quantity)) is None:
            return
        left = rules.left(position, watch, look.price)
        for step in self._leave(sale, symbol, orders, look):
            if isinstance(step, Trade) and left != watch:
                yield SaveState(self.holding.id, left)
            yield step

    def levels(self) -> tuple[Level, ...]:
        for symbol, quantity in self.holding.options.items():
            if quantity > 0:
                orders = self.situation.book.orders_of(self.holding.id)
                position, look = self._position(symbol, quantity, orders), self._look(symbol, None)
                return self.desk.rules.exits.levels(position, self._known(look.price), look)
        return ()

    def _position(self, symbol: str, quantity: int, orders: tuple[Order, ...]) -> RPosition:
        halves = [order for order in orders if _is_exit(order, RReason.SCALE_OUT)]
        scaled = any(order.is_working or order.execution.any for order in halves)
        premium = self.holding.lots[symbol].average_price
        scale = self.frame.scale or Decimal(1)
        return RPosition(self.holding.contract(symbol).right, premium, quantity, scaled, self.frame.lines, scale)

    def _look(self, symbol: str, flat: str | None) -> RLook:
        situation, tape = self.situation, self.situation.memory.tape
        quote = situation.memory.quote(situation.now)
        age = None if tape is None else tape.age(situation.now)
        return RLook(
            price=None if quote is None else quote.mid,
            quote=situation.market.quote(self.holding.contract(symbol)),
            price_age=self.holding.age_seconds(situation.now) if age is None else age,
            flatten=flat,
            is_time=situation.now >= situation.session.before_close(TIME_EXIT_MINUTES),
            lost_after=three_looks(FEED_LOST_AFTER, situation.market),
        )

    def _known(self, price: Decimal | None) -> RWatch:
        """What was remembered; at first the underlying's mid of now, else that of the decision. Rule: SC-333."""
        if isinstance(self.holding.memory, RWatch):
            return self.holding.memory
        decided = None if self.holding.terms is None else self.holding.terms.price
        return RWatch(price or decided or Decimal(0))

    def _sale(self, found: RExit | None, orders: tuple[Order, ...], held: int) -> RExit | None:
        """An urgent exit, else the one that was begun, which a price that recovers does not end, else a new one."""
        begun = next((order.ticket.reason for order in reversed(orders) if _is_exit(order)
                      and order.ticket.reason != RReason.SCALE_OUT), None)  # fmt: skip
        if begun is None or (found is not None and found.is_urgent):
            return found
        return RExit(begun, held, "begun before")

    def _leave(self, sale: RExit, symbol: str, orders: tuple[Order, ...], look: RLook) -> Iterator[Decision]:
        """Whatever else works is called back first; then one order at a time for what is held. SC-336, SC-338."""
        working = [order for order in orders if order.is_working]
        for order in working:
            waits_at_bid = order.ticket.life == EXIT_LIFE and order.ticket.reason != sale.reason
            if (waits_at_bid or order.ticket.purpose is Purpose.ENTRY) and order.state in AT_THE_BROKER:
                yield Cancel(order.id, sale.reason)
        if working:
            return
        sent = sum(_is_exit(order, sale.reason) and order.ticket.limit is not None for order in orders)
        how = exit_order(sale, look.quote, sent, self.situation.underlying.ticks)
        yield Trade(
            holding=self.holding.id,
            strategy=self.desk.name,
            underlying=self.holding.underlying,
            purpose=Purpose.EXIT,
            legs=(Leg(self.holding.contract(symbol), Side.SELL),),
            quantity=sale.contracts,
            effect=Effect.CREDIT,
            reason=sale.reason,
            limit=how.limit,
            life=how.life,
        )


def _is_exit(order: Order, reason: str | None = None) -> bool:
    return order.ticket.purpose is Purpose.EXIT and reason in (None, order.ticket.reason)
