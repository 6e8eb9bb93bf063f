"""Exits that end: what becomes of an order that closes when a leg it sells has no bid. One rule for every strategy.

A strategy decides to close; the quotes of the same look decide how. Where the long of a side has no bid, or an order of
several legs has rested too long, the short of that side is bought back alone, at once; the long left over is offered at
one tick for the day, and what is left of it is settled. Pure. Rules: CS-406, CS-420.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal

from attrs import evolve, frozen

from gammacore.domain.book.view import BookView
from gammacore.domain.desks.closing import entry_works, is_buying_back, last_buy_back
from gammacore.domain.holdings.holding import HoldingState, SoldSpread, is_spread
from gammacore.domain.holdings.policy import CloseStyle
from gammacore.domain.instruments import REGISTRY, OptionContract, Side, Ticks, Underlying, tick_ceiling
from gammacore.domain.legs import Leg, underlying_at_exit
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.orders import THE_DAY, Order, OrderState
from gammacore.domain.spreads import Vertical
from gammacore.domain.strategy import Cancel, Close, Decision, Decisions, Repair, Situation, Trade

ALONE = "no bid for the long: short alone"
OFFERED = "no bid: one tick for the day"
UNBID, NO_TAKER = "unbid", "no_taker"
"""Why a close of several legs is called back: a long of it has no bid, or it has rested though its short is offered."""
_AT_THE_BROKER = (OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED)


def by_quotes(decisions: Decisions, situation: Situation) -> Decisions:
    """The decisions in the form in which they can be filled; closes that cannot be are called back first. CS-420."""
    book = situation.book
    if not decisions.steps and not book.working_orders:
        return decisions
    look = _Look(situation.market, situation.underlying, situation.now)
    steps = list(_called_back(book, look)) if situation.session.is_trading(situation.now) else []
    for step in decisions.steps:
        if isinstance(step, Close):
            steps.extend(_close(step, book, look))
        elif isinstance(step, Repair):
            steps.append(_repair(step, look))
        elif isinstance(step, Trade):
            steps.append(_trade(step, look))
        else:
            steps.append(step)
    return Decisions(tuple(steps))


@frozen(eq=False)
class _Look:
    """The quotes of one look, as far as exits go by them."""

    market: MarketSnapshot
    underlying: Underlying
    now: dt.datetime

    def is_unbid(self, contract: OptionContract) -> bool:
        """A fresh quote shows that there is no bid; without a quote that is not known."""
        quote = self.market.quote(contract)
        return quote is not None and quote.bid == 0

    def cannot_be_sold(self, contract: OptionContract) -> bool:
        """No bid, or a listed contract whose quote is of no use: an offer at one tick sells at any bid there is."""
        chain = self.market.chain
        if chain is None or chain.row(contract) is None:
            return False
        return chain.quote(contract) is None or self.is_unbid(contract)

    def is_offered(self, contract: OptionContract, since: dt.datetime) -> bool:
        """A fresh ask seen after `since`: an order cannot have filled before the market moved on (CS-409, CS-419).

        Of a market that is not looked at here nothing contradicts it.
        """
        if contract.underlying != self.underlying.symbol:
            return True
        quote = self.market.quote(contract)
        return quote is not None and quote.at > since

    def ticks(self, contract: OptionContract) -> Ticks:
        return underlying_at_exit(contract, {**REGISTRY, self.underlying.symbol: self.underlying})[0].ticks

    def one_tick(self, contract: OptionContract) -> Decimal:
        return self.ticks(contract).single(Decimal(0))

    def cost(self, sides: Sequence[Vertical]) -> Decimal | None:
        """Points a spread of these sides costs by crossing the quotes; None when a leg has no usable quote."""
        marks = [side.mark(self.market.quote) for side in sides]
        known = [mark.worst for mark in marks if mark is not None]
        return sum(known, Decimal(0)) if len(known) == len(marks) else None

    def limit(self, position: SoldSpread, sides: Sequence[Vertical]) -> Decimal | None:
        """Debit limit that crosses the quotes of some sides, where closes are not at market. Rule: CS-406."""
        cost = self.cost(sides)
        if position.plan.policy.close_style is CloseStyle.MARKET or cost is None:
            return None
        tick = self.ticks(sides[0].short).complex_order
        return max(tick_ceiling(cost, tick), tick)

    def limit_alone(self, position: SoldSpread, contract: OptionContract) -> Decimal | None:
        """Debit limit of one short bought back: its ask up to the single-leg tick. Rule: CS-406."""
        quote = self.market.quote(contract)
        if position.plan.policy.close_style is CloseStyle.MARKET or quote is None:
            return None
        return tick_ceiling(quote.ask, self.ticks(contract).single(quote.ask))


def _called_back(book: BookView, look: _Look) -> Iterator[Decision]:
    """Closes of several legs at work that have no taker, each asked back once; `OrderLife` repeats it. Rule: CS-420."""
    for position in book.live_spreads:
        if position.state is not HoldingState.CLOSING:
            continue
        for order in book.orders_of(position.id):
            is_multileg = order.ticket.buys_back and len(order.ticket.legs) > 1
            if not is_multileg or order.state not in _AT_THE_BROKER:
                continue
            sides = [side for side in _sides(order, position) if position.open_in((side,))]
            if any(look.is_unbid(side.long) for side in sides):
                yield Cancel(order.id, UNBID)
            elif _has_rested(order, position, look.now) and any(
                _may_go_alone(order, side, position, look) for side in sides
            ):
                yield Cancel(order.id, NO_TAKER)


def _close(close: Close, book: BookView, look: _Look) -> Iterator[Decision]:
    """Sides that have a taker in one order, of the others the shorts alone: a condor goes side by side. CS-420."""
    position = book.holding(close.holding)
    if position is None or not is_spread(position) or not position.has_filled:
        yield close  # refused as it is carried out: no such spread is open
        return
    if entry_works(position, book) or is_buying_back(position, book):
        yield close  # what works ends first; this only notes the decision
        return
    wanted = position.spread.sides if close.sides is None else close.sides
    sides = [side for side in wanted if position.open_in((side,))]
    alone = [side for side in sides if _goes_alone(side, position, book, look)]
    if not alone:
        yield close
        return
    rest = tuple(side for side in sides if side not in alone)
    if rest or position.state is HoldingState.OPEN:
        yield evolve(close, sides=rest, limit=look.limit(position, rest) if rest else None)
    for side in alone:
        limit = look.limit_alone(position, side.short)
        yield Repair(position.id, Leg(side.short, Side.BUY), position.open_in((side,)), limit=limit, reason=ALONE)


def _goes_alone(side: Vertical, position: SoldSpread, book: BookView, look: _Look) -> bool:
    """Whether the short of a side is bought back without its long: no bid for that, or an order for both had no taker.

    A bid that appears once the order was called back for want of one brings the next order for both.
    """
    if look.is_unbid(side.long):
        return True
    last = last_buy_back(side, book.orders_of(position.id))
    if last is None or last.state is not OrderState.CANCELED or last.reason != NO_TAKER:
        return False
    return look.is_offered(side.short, last.intended_at)


def _has_rested(order: Order, position: SoldSpread, until: dt.datetime) -> bool:
    """By its age since it was meant, whatever part of it filled meanwhile. Rules: CS-410, CS-420."""
    return order.age_seconds(until) >= position.plan.policy.unbid_seconds


def _may_go_alone(order: Order, side: Vertical, position: SoldSpread, look: _Look) -> bool:
    """Whether the short is offered and the order reached the market: a limit below it rests for its price. CS-405."""
    if not look.is_offered(side.short, order.intended_at):
        return False
    if order.ticket.limit is None:
        return True
    cost = look.cost(_sides(order, position))
    return cost is not None and cost <= order.ticket.limit


def _sides(order: Order, position: SoldSpread) -> list[Vertical]:
    return [side for side in position.spread.sides if side.short.occ in order.ticket.symbols]


def _repair(repair: Repair, look: _Look) -> Repair:
    contract = repair.leg.contract
    if repair.leg.side is Side.BUY or repair.limit is not None or not look.cannot_be_sold(contract):
        return repair
    return evolve(repair, limit=look.one_tick(contract), life=THE_DAY, reason=OFFERED)


def _trade(trade: Trade, look: _Look) -> Trade:
    """A sale at market that closes an option of a holding, as an offer where it has no bid."""
    if not trade.purpose.closes or trade.limit is not None or len(trade.legs) != 1:
        return trade
    (leg,) = trade.legs
    if not isinstance(leg, Leg):
        return trade
    if leg.side is Side.BUY or not look.cannot_be_sold(leg.contract):
        return trade
    return evolve(trade, limit=look.one_tick(leg.contract), life=THE_DAY)
