"""One entry of ST0CKA at one look: every gate in order, then the order. Pure.

Rules: SC-011, SC-203..206, SC-221..229, SC-602.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import cached_property

from attrs import define

from gammacore.domain.desks.scalp_duties import next_name
from gammacore.domain.desks.st0cka_figures import TARGET, ShareFigures
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import EntryJudged
from gammacore.domain.legs import ShareLeg
from gammacore.domain.orders import THE_DAY, Effect, Order, OrderState, Purpose, TicketLife
from gammacore.domain.strategy import Decision, NoTrade, Situation, Trade
from gammacore.domain.verdicts import FilterVerdict, Verdict


@define(eq=False)
class ShareEntry:
    """The next entry, by what `figures` say; its owner is the strategy that would hold it."""

    figures: ShareFigures

    def steps(self) -> Iterator[Decision]:
        """The order of the first side whose gates pass, else the first "no", where it is new. Rules: SC-011, SC-203."""
        slot = self._slot
        if slot is None or not self.situation.session.is_trading(self.situation.now):
            return
        refusal: EntryJudged | None = None
        for side in self.figures.rules.sides:
            verdicts = tuple(self._verdicts(side))
            no = next((one.verdict for one in verdicts if not one.verdict.passed), None)
            record = self._judged(slot, verdicts, no)
            if no is None:
                yield self._order(side, record)
                return
            refusal = refusal or record
        last = self.situation.book.judgement(slot)
        if refusal is not None and (last is None or last.reason != refusal.reason):
            yield NoTrade(refusal)

    def _judged(self, slot: dt.datetime, verdicts: tuple[FilterVerdict, ...], no: Verdict | None) -> EntryJudged:
        market = self.situation.market
        return EntryJudged(
            at=self.situation.now,
            scheduled_at=slot,
            reason=None if no is None else no.reason,
            explanation=f"volatility {self.figures.volatility.reading}" if no is None else str(no),
            filters=verdicts,
            price=self.situation.price,
            pin=None,
            vix=market.vix,
        )

    # -- the gates ----------------------------------------------------------------------------------------------------

    def _verdicts(self, side: Side) -> Iterator[FilterVerdict]:
        """Every gate in the order of SC-203, up to the first that says no."""
        for gate in self._gates(side):
            yield gate
            if not gate.verdict.passed:
                return

    def _gates(self, side: Side) -> Iterator[FilterVerdict]:
        """Each gate may count on those before it."""
        figures, rules = self.figures, self.figures.rules
        account = figures.account
        yield from account.account_gates(
            figures.owner, max_trades=rules.most_trades, max_positions=rules.max_positions
        )  # fmt: skip
        yield FilterVerdict("SC-203", "order_in_flight", self._judge_flight())
        yield FilterVerdict("SC-202", "window", self._judge_window())
        yield FilterVerdict("SC-203", "cooldown", self._judge_cooldown())
        yield FilterVerdict("SC-008", "quote", self._judge_quote())
        yield FilterVerdict("SC-012", "dollar_scale", self._judge_scale())
        if (price := figures.price(side)) is None:
            return
        yield FilterVerdict("SC-222", "mean_reversion", rules.reversion.judge(price, figures.bars, side))
        if rules.smart.is_on:
            yield FilterVerdict("SC-229", "smart_entry", rules.smart.judge(figures.reading(side)))
        size = figures.size(side)
        yield FilterVerdict("SC-215", "size", Verdict.ok(size) if size else Verdict.skip("size_zero", "0 shares"))
        yield from account.sized_gates(figures.sized(side, size))
        yield FilterVerdict("SC-203", "self_cross", self._judge_self_cross(side))

    def _judge_flight(self) -> Verdict:
        """A resting target does not count. Rule: SC-203."""
        busy = [order for order in self._own_orders if order.is_working and order.ticket.reason != TARGET]
        return Verdict.skip("order_in_flight", busy[0].id) if busy else Verdict.ok()

    def _judge_window(self) -> Verdict:
        trips = self.figures.rules.trips(self.situation.session)
        if any(trip.buys(self.situation.now) for trip in trips):
            return Verdict.ok()
        return Verdict.skip("outside_window", "not in a buy window")

    def _judge_cooldown(self) -> Verdict:
        if not self._sent:
            return Verdict.ok("first entry")
        wait = self.figures.rules.smart.cooldown(self.figures.rules.min_entry_interval)
        seconds = (self.situation.now - max(self._sent)).total_seconds()
        value = f"{seconds:g} s since the last"
        return Verdict.skip("cooldown", value, f"< {wait} s") if seconds < wait else Verdict.ok(value)

    def _judge_quote(self) -> Verdict:
        tape = self.situation.memory.tape
        return Verdict.unknown("quote_missing") if tape is None else tape.judge(self.situation.now)

    def _judge_scale(self) -> Verdict:
        scale = self.figures.scale
        if scale is None:
            return Verdict.unknown("previous_close_missing", "dollar figures are given for SPY and cannot be scaled")
        return Verdict.ok(scale)

    def _judge_self_cross(self, side: Side) -> Verdict:
        """Brokers refuse an order that would trade with one's own. Rule: SC-203."""
        limit = self.figures.limit(side)
        for order in self.situation.book.working_orders:
            leg, own = order.ticket.legs[0], order.ticket.limit
            meets = isinstance(leg, ShareLeg) and leg.symbol == self.figures.symbol and leg.side is side.opposite
            if meets and (own is None or limit is None or (limit - own) * side.sign >= 0):
                return Verdict.skip("self_cross", f"{limit} against the own {leg.side} at {own}")
        return Verdict.ok()

    # -- what is known of the entries before --------------------------------------------------------------------------

    @property
    def situation(self) -> Situation:
        return self.figures.situation

    @property
    def _slot(self) -> dt.datetime | None:
        """What the judgement is kept under: from when on the entry may be sent, whose refusals it replaces."""
        return self.figures.rules.slot(self.situation.now, self.situation.session, self._sent)

    @cached_property
    def _own_orders(self) -> tuple[Order, ...]:
        book, today = self.situation.book, self.situation.session.open
        own = (one for one in book.holdings.values() if one.owner == self.figures.owner and one.opened_at >= today)
        return tuple(order for holding in own for order in book.orders_of(holding.id))

    @property
    def _sent(self) -> list[dt.datetime]:
        """When the entry orders of today were sent."""
        entries = (order for order in self._own_orders if order.ticket.purpose is Purpose.ENTRY)
        return [order.intended_at for order in entries if order.state is not OrderState.NOT_SENT]

    # -- the order ----------------------------------------------------------------------------------------------------

    def _order(self, side: Side, record: EntryJudged) -> Trade:
        """A limit at the ask, called back after `entry_ttl`, or an order at market. Rule: SC-204."""
        figures, book = self.figures, self.situation.book
        shares, limit = figures.size(side), figures.limit(side)
        return Trade(
            holding=next_name(book, self.situation.session, figures.symbol, figures.owner),
            strategy=figures.owner,
            underlying=figures.symbol,
            purpose=Purpose.ENTRY,
            legs=(ShareLeg(figures.symbol, side, closes=False),),
            quantity=shares,
            effect=Effect.DEBIT if side is Side.BUY else Effect.CREDIT,
            reason="st0cka",
            limit=limit,
            life=THE_DAY if limit is None else TicketLife(figures.rules.entry_ttl),
            record=record,
            terms=figures.terms(side, shares),
        )
