"""What an order does to the risk of its holding, judged from what is held, not from what the order calls itself.

Pure. An order that adds risk must pass every limit; a hedge must stay within the size of what it hedges; what reduces
always passes, but never for more than is held less what already works in that direction. Rules: CS-302, CS-338..344,
CS-413, DH-1001, R2, R10.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum

from attrs import evolve, frozen

from gammacore.domain.book.view import BookView
from gammacore.domain.holdings.ratio import uncovered_by_series, worst_loss
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER, Side, Underlying, contract_of
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.orders import Effect, Order, OrderTicket, Purpose
from gammacore.domain.verdicts import Verdict


class Risk(StrEnum):
    """What an order does to the risk of the account."""

    ADDS = "adds"
    HEDGES = "hedges"
    REDUCES = "reduces"


@frozen
class Allowed:
    """The order may be sent, as `ticket` says it: a reduction is cut to what is left to reduce."""

    risk: Risk
    ticket: OrderTicket


@frozen
class Refused:
    """The order may not be sent; the verdict has the reason code and the figures."""

    risk: Risk
    verdict: Verdict


def classify(ticket: OrderTicket, book: BookView, underlyings: Mapping[str, Underlying]) -> Allowed | Refused:
    """Whether an order adds, hedges or reduces; a reduction beyond what is left is cut, down to a refusal.

    Its own working twin (a repeat after a restart) does not count against it.
    """
    held = book.held_by(ticket.holding)
    others = [order for order in book.orders_of(ticket.holding) if order.is_working and order.id != ticket.id]
    if ticket.purpose is Purpose.HEDGE and ticket.is_shares:
        return _hedge(ticket, held, others, book, underlyings)
    opposing = [leg for leg in ticket.legs if leg.side.sign * held.get(leg.symbol, 0) < 0]
    if len(opposing) == len(ticket.legs):
        doubted = _doubted(ticket, book)
        if doubted:
            return _refused(
                Risk.REDUCES, "doubted", f"the broker shows {doubted} fewer; not sold alone until it is known"
            )
        return _reduction(ticket, held, others)
    if ticket.closes:
        return _refused(Risk.REDUCES, "nothing_left", f"nothing held of {_names(ticket)} to close")
    if opposing:
        return _refused(Risk.ADDS, "crosses_zero", f"{_names(ticket)} closes and opens in one order; send two")
    return Allowed(Risk.ADDS, ticket)


def _doubted(ticket: OrderTicket, book: BookView) -> int:
    """Contracts of a long to be sold by itself that the broker does not show: sold, they might be short. CS-572.

    Legs that close together are no risk: a broker takes both or none.
    """
    (leg, *more) = ticket.legs
    seen = book.differences.get(leg.symbol)
    is_sold_alone = not more and leg.side.sign < 0 and not ticket.is_shares
    return -seen.change if is_sold_alone and seen is not None and seen.change < 0 else 0


def _reduction(ticket: OrderTicket, held: Mapping[str, int], others: Iterable[Order]) -> Allowed | Refused:
    orders = tuple(others)
    free = min(max(0, abs(held[leg.symbol]) - _at_work(orders, leg)) // leg.ratio for leg in ticket.legs)
    if free == 0:
        return _refused(Risk.REDUCES, "nothing_left", f"all that is held of {_names(ticket)} is being closed already")
    if isinstance(leg := ticket.legs[0], ShareLeg) and not leg.closes and ticket.quantity > free:
        return _refused(Risk.REDUCES, "crosses_zero", f"{ticket.quantity} {leg.symbol} against {free} held; send two")
    cut = _as_closing(evolve(ticket, quantity=min(ticket.quantity, free)))
    naked = _uncovered(cut, held, orders)
    if naked:
        return _refused(Risk.REDUCES, "uncovers_short", f"{naked} short contracts would stand without a cover")
    return Allowed(Risk.REDUCES, cut)


def _as_closing(ticket: OrderTicket) -> OrderTicket:
    """Brokers tell closing from opening: an order that reduces says so, whatever its sender called it."""
    if isinstance(leg := ticket.legs[0], ShareLeg):
        return ticket if leg.closes else evolve(ticket, legs=(evolve(leg, closes=True),))
    return ticket if ticket.purpose.closes else evolve(ticket, purpose=Purpose.EXIT)


def _at_work(orders: Iterable[Order], leg: Leg | ShareLeg) -> int:
    """Unfilled contracts or shares of working orders in a leg's symbol and direction."""
    return sum(
        order.ticket.quantity * other.ratio - order.execution.filled_of(other)
        for order in orders
        for other in order.ticket.legs
        if (other.symbol, other.side) == (leg.symbol, leg.side)
    )


def _uncovered(ticket: OrderTicket, held: Mapping[str, int], orders: Iterable[Order]) -> int:
    """Short contracts more without a cover if all sales fill and no purchase does, by expiry and right. Rule: R2.

    The legs of one order fill in ratio, so an order that buys a short back may sell its cover with it.
    """
    selling = dict(held)
    for order in orders:
        for leg in order.ticket.legs:
            left = order.ticket.quantity * leg.ratio - order.execution.filled_of(leg)
            if leg.side.sign < 0 and held.get(leg.symbol, 0) > 0:
                selling[leg.symbol] = selling.get(leg.symbol, 0) - left
    after = dict(selling)
    for leg in ticket.legs:
        after[leg.symbol] = after.get(leg.symbol, 0) + leg.side.sign * leg.ratio * ticket.quantity
    before_by, after_by = uncovered_by_series(selling), uncovered_by_series(after)
    return sum(max(0, naked - before_by.get(series, 0)) for series, naked in after_by.items())


def _hedge(
    ticket: OrderTicket, held: Mapping[str, int], others: Iterable[Order], book: BookView,
    underlyings: Mapping[str, Underlying],
) -> Allowed | Refused:  # fmt: skip
    """Shares for a holding with options: never more than its contracts could need at a delta of one."""
    leg, orders = ticket.legs[0], tuple(others)
    shares = held.get(leg.symbol, 0)
    change = leg.side.sign * ticket.quantity
    if shares * change < 0:
        free = max(0, abs(shares) - _at_work(orders, leg))
        if ticket.quantity > free or not ticket.closes:
            return _refused(
                Risk.HEDGES, "crosses_zero", f"{ticket.quantity} {leg.symbol} against {free} held; send two"
            )
        return Allowed(Risk.HEDGES, ticket)
    if ticket.closes:
        return _refused(Risk.HEDGES, "nothing_left", f"no {leg.symbol} held to close")
    bound = _hedge_bound(ticket, held, book, underlyings)
    after = abs(shares + change) + _at_work(orders, leg)
    if after > bound:
        return _refused(Risk.ADDS, "hedge_beyond_options", f"{after} {leg.symbol} against options of {bound} shares")
    return Allowed(Risk.HEDGES, ticket)


def _hedge_bound(
    ticket: OrderTicket, held: Mapping[str, int], book: BookView, underlyings: Mapping[str, Underlying]
) -> int:
    """Shares that all options of the holding would need at a delta of one; 0 for another share than the hedge share."""
    holding = book.holdings.get(ticket.holding)
    underlying = None if holding is None else underlyings.get(holding.underlying)
    if underlying is None or ticket.underlying != (underlying.hedge_share or underlying.symbol):
        return 0
    contracts = sum(abs(quantity) for symbol, quantity in held.items() if contract_of(symbol) is not None)
    return int(contracts * EQUITY_OPTION_MULTIPLIER * underlying.hedge_ratio)


def risk_of(ticket: OrderTicket, market: MarketSnapshot | None) -> Decimal | None:
    """Dollars an opening order without a plan can lose: premium and worst settlement, or the value of its shares.

    A limit is the most that shares are bought at; they may be sold far above theirs. None where a price it needs is not
    known.
    """
    if isinstance(leg := ticket.legs[0], ShareLeg):
        is_bounded = leg.side is Side.BUY and ticket.limit is not None
        price = ticket.limit if is_bounded else _share_price(ticket, market)
        return None if price is None else max(price, ticket.limit or price) * ticket.quantity
    changes = {leg.symbol: leg.side.sign * leg.ratio * ticket.quantity for leg in ticket.legs}
    if ticket.effect is Effect.CREDIT and min(changes.values()) < 0:
        return worst_loss(changes)
    is_bounded = ticket.effect is Effect.DEBIT and ticket.limit is not None
    premium = ticket.limit if is_bounded else _asked(ticket, market)
    if premium is None:
        return None
    return worst_loss(changes) + premium * ticket.quantity * EQUITY_OPTION_MULTIPLIER


def _share_price(ticket: OrderTicket, market: MarketSnapshot | None) -> Decimal | None:
    if market is None or market.underlying != ticket.legs[0].symbol:
        return None
    return market.spot


def _asked(ticket: OrderTicket, market: MarketSnapshot | None) -> Decimal | None:
    """Points that buying every long leg at its ask costs."""
    total = Decimal(0)
    for leg in ticket.option_legs:
        if leg.side.sign > 0:
            quote = None if market is None else market.quote(leg.contract)
            if quote is None:
                return None
            total += quote.ask * leg.ratio
    return total


def _names(ticket: OrderTicket) -> str:
    return ", ".join(ticket.symbols)


def _refused(risk: Risk, reason: str, detail: str) -> Refused:
    return Refused(risk, Verdict.skip(reason, detail))
