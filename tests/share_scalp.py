"""A scalp of shares as a user may write it, with a target that rests all day: for the days that are killed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from attrs import evolve, frozen

from gammacore.domain.book.view import BookView
from gammacore.domain.desks.flattening import closing_trade
from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.instruments import Side
from gammacore.domain.legs import ShareLeg
from gammacore.domain.orders import THE_DAY, Effect, OrderState, Purpose
from gammacore.domain.sessions import TradingSession
from gammacore.domain.strategy import NOTHING_MORE, Cancel, Decisions, Needs, Situation, Trade


@frozen
class ShareScalp:
    """Buys ten shares at `enters_at`, rests a sale for the day at its target, and goes flat at `exits_at`.

    Minutes are from the open; `target` is in dollars a share above what was paid.

    It looks at its own orders first, so the shares are never sold twice: the target is called back, and only when the
    broker has said that it is gone is the rest sold at market.
    """

    target: Decimal
    enters_at: float
    exits_at: float
    name: str = "share-scalp"

    def needs(self, now: dt.datetime, session: TradingSession, book: BookView) -> Needs:
        return NOTHING_MORE

    def deadlines(self, session: TradingSession, book: BookView) -> tuple[dt.datetime, ...]:
        return session.after_open(self.enters_at), session.after_open(self.exits_at)

    def decide(self, situation: Situation) -> Decisions:
        book, share = situation.book, situation.underlying.symbol
        begin, end = self.deadlines(situation.session, book)
        own = f"{share}-scalp"
        scalp = book.holding(own)
        if scalp is None:
            if not begin <= situation.now < end:
                return Decisions()
            legs = (ShareLeg(share, Side.BUY, closes=False),)
            return Decisions((Trade(own, self.name, share, Purpose.ENTRY, legs, 10, Effect.DEBIT, "scalp"),))
        if working := [order for order in book.orders_of(own) if order.is_working]:
            targets = (order for order in working if order.ticket.limit is not None)
            resting = (order for order in targets if order.state is not OrderState.CANCEL_REQUESTED)
            is_over = situation.now >= end
            return Decisions(tuple(Cancel(order.id, "the time is over") for order in resting if is_over))
        if not scalp.held(share):
            return Decisions()
        if situation.now >= end:
            return Decisions((closing_trade(scalp, share, Purpose.EXIT, "the time is over"),))
        return Decisions((self._target(book, scalp, share),))

    def _target(self, book: BookView, scalp: AnyHolding, share: str) -> Trade:
        paid = book.orders_of(scalp.id)[0].execution.price
        assert paid is not None
        sale = closing_trade(scalp, share, Purpose.EXIT, "target")
        return evolve(sale, limit=paid + self.target, life=THE_DAY)
