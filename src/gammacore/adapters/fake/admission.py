"""Whether the fake exchange takes an order at all; each refusal is a reason a broker would give."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from gammacore.adapters.fake.exchange_book import ExchangeBook
from gammacore.adapters.fake.margin import option_requirement, share_margin
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER, SettlementTime, Underlying, settlement_time
from gammacore.domain.legs import Leg
from gammacore.domain.orders import Effect, OrderTicket
from gammacore.domain.sessions import TradingSession, new_york_date
from gammacore.domain.spreads import CENT


def defect_of(ticket: OrderTicket, underlyings: Mapping[str, Underlying], today: dt.date) -> str | None:
    """Why an order makes no sense by itself: unknown or expired contracts, a leg twice, a limit between ticks."""
    if ticket.is_shares:
        off_tick = ticket.limit is not None and ticket.limit % CENT != 0
        return "price_not_on_tick" if off_tick else None
    underlying = underlyings.get(ticket.underlying)
    if underlying is None or any(leg.contract.underlying != ticket.underlying for leg in ticket.option_legs):
        return "unknown_symbol"
    if len(set(ticket.symbols)) < len(ticket.legs):
        return "duplicate_leg"
    if any(_has_stopped_trading(leg, today) for leg in ticket.option_legs):
        return "contract_expired"
    if ticket.limit is not None and ticket.limit % _tick(ticket, ticket.limit, underlying) != 0:
        return "price_not_on_tick"
    return None


def _has_stopped_trading(leg: Leg, today: dt.date) -> bool:
    """AM contracts trade for the last time on the day before they settle (brokers.md 7)."""
    expiry = leg.contract.expiry
    return expiry <= today if settlement_time(leg.contract.root) is SettlementTime.AM else expiry < today


def _tick(ticket: OrderTicket, limit: Decimal, underlying: Underlying) -> Decimal:
    return underlying.ticks.complex_order if len(ticket.legs) > 1 else underlying.ticks.single(limit)


def closes_more_than_held(ticket: OrderTicket, book: ExchangeBook) -> bool:
    """Whether a closing order exceeds what is held and not being closed by another order already."""
    free = dict(book.held)
    for order in book.matchable():
        if order.ticket.closes:
            for leg, left in zip(order.ticket.legs, order.unfilled, strict=True):
                free[leg.symbol] = free.get(leg.symbol, 0) + leg.side.sign * left
    return any(-leg.side.sign * free.get(leg.symbol, 0) < leg.ratio * ticket.quantity for leg in ticket.legs)


def crosses_zero(ticket: OrderTicket, book: ExchangeBook) -> bool:
    """Whether an order that opens meets holdings of the other side: brokers want those closed by themselves.

    Netted, a later close of what was held would find nothing to close.
    """
    return any(leg.side.sign * book.held.get(leg.symbol, 0) < 0 for leg in ticket.legs)


def reserve_of(ticket: OrderTicket, book: ExchangeBook, net: Decimal | None) -> Decimal:
    """Buying power an opening order ties up, dollars a spread: what its fill adds to the risk, less what it brings.

    `net` is the price it is expected to trade at, points: its limit, or the natural price of a market order. A credit
    spread ties up (W - C) × 100 (CS-006), a bought option its price.
    """
    if ticket.closes:
        return Decimal(0)
    price = net or Decimal(0)
    if ticket.is_shares:
        return share_margin(1, price) if ticket.effect is Effect.DEBIT else share_margin(-1, price) - price
    held = book.options
    with_fill = dict(held)
    for leg in ticket.option_legs:
        more = leg.side.sign * leg.ratio * ticket.quantity
        with_fill[leg.contract] = with_fill.get(leg.contract, 0) + more
    added_risk = (option_requirement(with_fill) - option_requirement(held)) / ticket.quantity
    received = ticket.effect.sign * price * EQUITY_OPTION_MULTIPLIER
    return max(added_risk - received, Decimal(0))


def refusal(
    ticket: OrderTicket,
    book: ExchangeBook,
    underlyings: Mapping[str, Underlying],
    session: TradingSession | None,
    now: dt.datetime,
    price: Decimal | None,
    reserve: Decimal,
) -> str | None:
    """The reason an order is refused on arrival, None when it is taken.

    `price` is what it is expected to trade at, points; nothing is opened at a price that nobody knows.
    """
    if session is None or now >= session.close:
        return "market_closed"
    if (defect := defect_of(ticket, underlyings, new_york_date(now))) is not None:
        return defect
    if ticket.closes:
        return "closes_more_than_held" if closes_more_than_held(ticket, book) else None
    if crosses_zero(ticket, book):
        return "crosses_zero"
    if price is None:
        return "no_quote"
    if reserve * ticket.quantity > book.option_buying_power:
        return "insufficient_buying_power"
    return None
