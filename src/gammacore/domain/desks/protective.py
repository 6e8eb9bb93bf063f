"""Stops that rest at the broker on the shorts of sold spreads: what still acts when this program does not.

Pure. Off by default, ours. The level is that of the emergency stop, times a factor, so that a program that runs acts
first; the broker's order is for the time in which none does. Decision 0058.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

from attrs import frozen

from gammacore.domain.book.view import BookView
from gammacore.domain.desks.closing import entry_works
from gammacore.domain.holdings.holding import HoldingState, SoldSpread
from gammacore.domain.instruments import REGISTRY, Side, Underlying, tick_ceiling
from gammacore.domain.legs import Leg, underlying_at_exit
from gammacore.domain.orders import Order, OrderState, OrderTicket
from gammacore.domain.parameters import parameter
from gammacore.domain.sessions import TradingSession
from gammacore.domain.spreads import Vertical

PROTECTIVE_STOP = "protective_stop"
"""Why a spread is closed whose stop at the broker has filled."""
PLACED_AGAIN = dt.timedelta(seconds=10)
"""From a stop that we called back, and then closed nothing, to the next (ours)."""
NOT_TAKEN_AGAIN = dt.timedelta(seconds=60)
"""From a stop that the broker refused, or ended by itself, to the next; from a close that came to nothing (ours)."""
_NOT_RESTING = (OrderState.REJECTED, OrderState.NOT_SENT, OrderState.CANCELED)


@frozen
class ProtectiveStop:
    """Whether a stop order rests at the broker on each short of a sold spread, and how far off.

    >>> ProtectiveStop().on
    False
    """

    on: bool = parameter(False, "A stop order rests at the broker on each short of a spread (Tradier).")
    factor: Decimal = parameter(
        Decimal("1.5"), "It rests at the short's price at the emergency stop, times this.", at_least=1, at_most=10
    )

    def level(self, spread: SoldSpread, side: Vertical) -> Decimal | None:
        """Points a share at which the short of a side is bought back; None where the prices it was sold at are unknown.

        The price at which the spread stands at its emergency stop while every other leg is worth what it was sold or
        bought for: what the short was sold for, and the loss of the emergency stop, times `factor`, up to a cent. A
        net price without those of the legs was split evenly among them, which leaves longs below 0: not known.
        """
        short, long = spread.lots.get(side.short.occ), spread.lots.get(side.long.occ)
        if spread.has_bad_credit or short is None or long is None or not (short.quantity and long.quantity):
            return None
        if short.average_price <= 0 or long.average_price <= 0:
            return None
        return (short.average_price + spread.credit * spread.plan.policy.emergency) * self.factor


@frozen
class StopWanted:
    """A stop order that is to rest: so many contracts of a short, to be bought back once they trade at `at` points."""

    holding: str
    leg: Leg
    contracts: int
    at: Decimal


@frozen
class StopUnwanted:
    """A stop order that rests and should not."""

    order: Order
    reason: str


@frozen
class StopUnpriced:
    """A short that has no stop, for the prices it was sold at are not known."""

    holding: str
    leg: Leg


Change = StopWanted | StopUnwanted | StopUnpriced


def stops_of(spread: SoldSpread, side: Vertical, book: BookView) -> list[Order]:
    """Every stop order on the short of a side, ended ones too, oldest first."""
    orders = book.orders_of(spread.id)
    return [order for order in orders if order.ticket.is_stop and side.short.occ in order.ticket.symbols]


def stops_beside(ticket: OrderTicket, book: BookView) -> list[Order]:
    """Stops at work that would buy the same as an order that is about to be sent."""
    if ticket.is_stop:
        return []
    legs = {(leg.symbol, leg.side) for leg in ticket.legs}
    resting = (order for order in book.orders_of(ticket.holding) if order.is_working and order.ticket.is_stop)
    return [order for order in resting if any((leg.symbol, leg.side) in legs for leg in order.ticket.legs)]


def stop_that_filled(spread: SoldSpread, book: BookView) -> Order | None:
    """The first stop of an open spread that filled, as a whole or in part, while nothing else was decided of it."""
    if spread.state is not HoldingState.OPEN:
        return None
    stops = (order for side in spread.sides for order in stops_of(spread, side, book))
    return next((order for order in stops if order.execution.any), None)


def stops_that_ended(spread: SoldSpread, book: BookView) -> Iterator[Order]:
    """The newest stop of each short where the broker refused it or ended it, and we had not called it back."""
    for side in spread.sides:
        newest = next(reversed(stops_of(spread, side, book)), None)
        if newest is not None and newest.state in _NOT_RESTING and not newest.called_back:
            yield newest


def changes(
    spread: SoldSpread, book: BookView, session: TradingSession, now: dt.datetime, rules: ProtectiveStop,
    underlying: Underlying,
) -> Iterator[Change]:  # fmt: skip
    """What is to change about the stops of one spread, so that each whole side is covered by them once."""
    for side in spread.sides:
        working = [order for order in stops_of(spread, side, book) if order.is_working]
        doubted = _doubted_since(side, book)
        if doubted is not None and now - doubted < NOT_TAKEN_AGAIN:
            continue  # holdings lag behind fills: what rests is left alone, nothing is added
        why_not = _why_none(spread, side, book, session, now) if rules.on else "the option is off"
        level = _on_tick(rules.level(spread, side), side, underlying)
        if why_not is None and level is None and spread.state is HoldingState.OPEN:
            yield StopUnpriced(spread.id, Leg(side.short, Side.BUY))
        contracts = 0 if why_not or level is None else spread.open_in((side,))
        left = contracts - sum(order.unfilled(side.short.occ) for order in working)
        misplaced = [order for order in working if order.ticket.stop != level]
        is_ours_to_end = spread.state is HoldingState.OPEN or not session.is_trading(now)  # else its close ends it
        if is_ours_to_end and working and (left < 0 or misplaced):
            reason = why_not or ("less is held" if left < 0 else "its level has changed")
            for order in working if left < 0 else misplaced:
                if order.state in (OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED):
                    yield StopUnwanted(order, reason)
        elif left > 0 and level is not None and _may_place(spread, side, book, now):
            yield StopWanted(spread.id, Leg(side.short, Side.BUY), left, level)


def _on_tick(level: Decimal | None, side: Vertical, today: Underlying) -> Decimal | None:
    """Up to the tick of a single option."""
    if level is None:
        return None
    ticks = underlying_at_exit(side.short, {**REGISTRY, today.symbol: today})[0].ticks
    return tick_ceiling(level, ticks.single(level))


def _why_none(
    spread: SoldSpread, side: Vertical, book: BookView, session: TradingSession, now: dt.datetime
) -> str | None:
    """Why no stop is to rest on a side now; None where one is."""
    if not session.is_trading(now) or side.short.expiry < session.date:
        return "the session is over"
    if spread.state not in (HoldingState.OPEN, HoldingState.CLOSING):
        return "nothing of it trades"
    if spread.excess() or spread.naked_shorts():
        return "legs out of ratio"
    if book.flatten is not None and spread.state is HoldingState.OPEN:
        return "all is closed"
    if _doubted_since(side, book) is not None:
        return "the broker shows less of it"
    if entry_works(spread, book) or any(
        order.is_working and not order.ticket.is_stop for order in book.orders_of(spread.id)
    ):
        return "another order of it works"
    return None


def _doubted_since(side: Vertical, book: BookView) -> dt.datetime | None:
    """Since when the broker has shown less of a side than is held; None where it does not."""
    short, long = book.differences.get(side.short.occ), book.differences.get(side.long.occ)
    since = [seen.at for seen, sign in ((short, 1), (long, -1)) if seen is not None and seen.change * sign > 0]
    return min(since, default=None)


def _may_place(spread: SoldSpread, side: Vertical, book: BookView, now: dt.datetime) -> bool:
    """Whether nothing that just happened keeps the next stop from being sent.

    Of a spread that is being closed a stop rests again once no order of it has been sent for a while: something keeps
    the close from leaving.
    """
    orders = book.orders_of(spread.id)
    if spread.state is HoldingState.CLOSING:
        since = [order.changed_at for order in orders]
        decided = [] if spread.exit_decided_at is None else [spread.exit_decided_at]
        return now - max([*since, *decided]) >= NOT_TAKEN_AGAIN
    ended = [order for order in stops_of(spread, side, book) if not order.is_working]
    if not ended:
        return True
    last = max(ended, key=lambda order: order.changed_at)
    pause = PLACED_AGAIN if last.called_back and last.state is OrderState.CANCELED else NOT_TAKEN_AGAIN
    return now - last.changed_at >= pause
