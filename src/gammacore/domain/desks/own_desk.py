"""A user's own strategy under the duties every strategy has towards the account. Pure. Rules: R10, DH-511, DH-520."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from attrs import evolve, frozen

from gammacore.domain.book.view import BookView
from gammacore.domain.desks.closing import call_back
from gammacore.domain.desks.flattening import (
    TRY_AGAIN,
    close_leftovers,
    close_spreads,
    close_unwanted,
    go_flat,
    tried_again_at,
)
from gammacore.domain.holdings.holding import Origin, without_plan
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.sessions import TradingSession
from gammacore.domain.strategy import NOTHING_MORE, Decision, Decisions, Needs, Situation, Strategy, Trade


@frozen
class OwnDesk:
    """Flattens on request, closes what earlier sessions left, sells delivered shares; else the strategy decides.

    While a flatten is asked for, the strategy is not asked: it need not know of it, and cannot prevent it. Without a
    `strategy` only the duties are done: `flatten` and `reconcile` need no file of the user's.
    """

    name: str
    limits: RiskLimits = RiskLimits()
    strategy: Strategy | None = None

    @property
    def guards(self) -> object:
        """The strategy's opening guards, where it has some (DH-1009)."""
        return getattr(self.strategy, "guards", None)

    def needs(self, now: dt.datetime, session: TradingSession, book: BookView) -> Needs:
        if self.strategy is None or book.flatten is not None:
            return NOTHING_MORE
        return self.strategy.needs(now, session, book)

    def deadlines(self, session: TradingSession, book: BookView) -> tuple[dt.datetime, ...]:
        own = () if self.strategy is None else self.strategy.deadlines(session, book)
        orders = (book.orders_of(holding.id) for holding in book.live_holdings if book.flatten is not None)
        return (*own, *(instant for each in orders for instant in tried_again_at(each, TRY_AGAIN)))

    def decide(self, situation: Situation) -> Decisions:
        session, book, now = situation.session, situation.book, situation.now
        duties: tuple[Decision, ...] = (
            *close_unwanted(book, self.limits, session, now),
            *close_leftovers(book, session, now),
        )
        if book.flatten is not None:
            return Decisions((*duties, *_flatten(situation)))
        if book.halted is not None:
            duties = (*duties, *call_back(book.working_orders, "halted"))  # exits go on
        wanted = () if self.strategy is None else self.strategy.decide(situation).steps
        return Decisions((*duties, *(self._under_its_owner(step, book) for step in wanted)))

    def _under_its_owner(self, step: Decision, book: BookView) -> Decision:
        """A new holding is the strategy's, whatever name the order bears; one that exists keeps its owner."""
        if not isinstance(step, Trade):
            return step
        there = book.holdings.get(step.holding)
        return evolve(step, strategy=self.name if there is None else there.owner)


def _flatten(situation: Situation) -> Iterator[Decision]:
    """Orders at market for all of this session's holdings, while the exchange is open. Rule: R10."""
    session, book, now = situation.session, situation.book, situation.now
    if not session.is_trading(now):
        return
    yield from close_spreads(book, session, now)
    own = without_plan(book.live_holdings)
    held = {holding.id for holding in own}  # their orders are called back as they go flat
    yield from call_back((order for order in book.working_orders if order.ticket.holding not in held), "flatten")
    for holding in own:
        if holding.opened_at >= session.open and holding.origin is not Origin.DELIVERED:
            yield from go_flat(holding, book, now, TRY_AGAIN)
