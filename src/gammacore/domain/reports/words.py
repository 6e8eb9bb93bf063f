"""Orders, holdings and what becomes of them in words: the same in every renderer. Rules: CS-621, DH-243, DH-611."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from gammacore.domain.dollars import dollars
from gammacore.domain.hedging.share_hedge import COVER
from gammacore.domain.holding_events import HedgeDecided, HoldingAdopted, HoldingSettled, SharesDelivered
from gammacore.domain.holdings.holding import Origin
from gammacore.domain.holdings.lots import multiplier_of
from gammacore.domain.instruments import OptionContract, Right, Side, parse_occ
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.orders import Effect, Order, Purpose
from gammacore.domain.reports.figures import code_text
from gammacore.domain.reports.trades import Hedge, Moved, Trade
from gammacore.domain.sessions import new_york_date

UNCHOSEN = {Origin.DELIVERED: "delivered shares", Origin.STRANDED: "a naked short"}
SIZES = ((Decimal(10**9), "bn"), (Decimal(10**6), "m"), (Decimal(10**3), "k"))


def title(trade: Trade) -> str:
    """What was traded, or how it came to be held: "Put spread 6880/6870", "559 straddle", "delivered shares: SPY"."""
    if trade.sold is not None:
        return f"{code_text(trade.strategy)} {trade.sold.plan.spread.strikes}"
    if trade.entry is not None:
        return legs_in_words(trade.entry.ticket.legs)
    held = ", ".join(symbol_in_words(symbol) for symbol in trade.holding.lots)
    return f"{UNCHOSEN.get(trade.holding.origin, trade.strategy)}: {held}"


def size(trade: Trade) -> str:
    """What its entry cost or brought: "3 × $2.50 = $750"; empty without a price."""
    if trade.sold is not None:
        return f"{trade.contracts} × ${trade.sold.credit:.2f} = {dollars(trade.sold.premium)}"
    if trade.entry is None or trade.debit is None:
        return ""
    return f"{trade.entry.execution.quantity:,} × ${trade.debit:.2f} = {dollars(trade.paid)}"


def story(trade: Trade) -> tuple[tuple[dt.datetime, str], ...]:
    """Everything that changed a holding but its hedges, oldest first."""
    traded = [
        (order.changed_at, order_in_words(order))
        for order in trade.orders
        if order.execution.any and order.ticket.purpose is not Purpose.HEDGE
    ]
    moved = [(event.at, words) for event in trade.moved if (words := moved_in_words(event))]
    return tuple(sorted(traded + moved, key=lambda reported: reported[0]))


def day_in_words(at: dt.datetime, trade: Trade) -> str:
    """The day of an instant, before its time, where it is not the day of the report: "Mon 2026-03-02 "."""
    return f"{new_york_date(at):%a %Y-%m-%d} " if trade.is_of_another_day(at) else ""


def hedge_in_words(hedge: Hedge) -> str:
    """What was traded: "sell 17", or "sell 17 rejected", "sell 9 of 17".

    A hedge that crosses zero takes two orders: "sell 3 to flat", and the rest by the next.
    """
    ticket, filled = hedge.order.ticket, abs(hedge.shares)
    side = ticket.legs[0].side
    if filled == ticket.quantity:
        return f"{side} {filled}" + (" to flat" if hedge.decision.reason == COVER else "")
    return f"{side} {filled} of {ticket.quantity}" if filled else f"{side} {ticket.quantity} {hedge.order.state}"


def gamma_in_words(decision: HedgeDecided) -> str:
    """The reading of dealer gamma a hedge was decided by: its sign, its size and its status.

    >>> import attrs
    >>> sample = HedgeDecided(dt.datetime(2026, 3, 3, tzinfo=dt.UTC), "i", "delta_hedge", "SPY", 20, Decimal(-20),
    ...     Decimal(100), Decimal("0.10"), Decimal("-58110898.77"), "known", None, None, Decimal(1))
    >>> gamma_in_words(sample), gamma_in_words(attrs.evolve(sample, gex=None, gex_status="unknown"))
    ('-58m known', 'unknown')
    """
    if decision.gex is None:
        return decision.gex_status
    size, letter = next(((s, letter) for s, letter in SIZES if abs(decision.gex) >= s), (Decimal(1), ""))
    return f"{decision.gex / size:+.0f}{letter} {decision.gex_status}"


def order_in_words(order: Order) -> str:
    """What was filled of an order: "bought 1 559 straddle at 1.95"."""
    ticket, execution = order.ticket, order.execution
    sides = {leg.side for leg in ticket.legs}
    bought = sides == {Side.BUY} or (len(sides) > 1 and ticket.effect is Effect.DEBIT)
    part = "" if execution.quantity == ticket.quantity else f" of {ticket.quantity}"
    price = "an unknown price" if execution.price is None else f"{execution.price:.2f}"
    verb = "bought" if bought else "sold"
    return f"{verb} {execution.quantity:,}{part} {legs_in_words(ticket.legs)} at {price}"


def moved_in_words(event: Moved) -> str:
    """What settlement, delivery or another trader did; empty for a holding that merely began."""
    if isinstance(event, HoldingSettled):
        name = f"{abs(event.quantity)} {symbol_in_words(event.symbol)} expired"
        worth = "worthless" if not event.worth else f"worth {event.worth:.2f} with {event.underlying} at {event.price}"
        guess = " (no official price was known)" if event.estimated else ""
        return f"{name} {worth}{guess}" + (f", {event.shares:+d} {event.underlying} delivered" if event.shares else "")
    if isinstance(event, SharesDelivered):
        moved = f"{event.shares:+d} {event.symbol} delivered at {event.strike} from {event.holding}"
        return f"{moved}, taken in at {event.basis}"
    if isinstance(event, HoldingAdopted):
        found = [(f"{quantity:+d} {symbol_in_words(symbol)}", symbol) for symbol, quantity in event.symbols.items()]
        if event.prices:
            taken = ", ".join(f"{held} at {event.prices[symbol]:.2f}" for held, symbol in found)
            return f"found {taken}, prices assumed"
        held = ", ".join(held for held, _ in found)
        return f"found {held}, taken in at {event.price:.2f}" if held else ""
    return event.detail


def legs_in_words(legs: Iterable[Leg | ShareLeg]) -> str:
    """The legs of an order as a trader calls them: "559 straddle", "555/563 strangle", "559 call", "SPY"."""
    reported = tuple(legs)
    options = [leg.contract for leg in reported if isinstance(leg, Leg)]
    if (
        len(options) == 2
        and {one.right for one in options} == {Right.CALL, Right.PUT}
        and reported[0].side is reported[1].side
    ):
        low, high = sorted(one.strike for one in options)
        return f"{_strike(low)} straddle" if low == high else f"{_strike(low)}/{_strike(high)} strangle"
    return ", ".join(_contract(leg.contract) if isinstance(leg, Leg) else leg.symbol for leg in reported)


def symbol_in_words(symbol: str) -> str:
    """An OCC symbol as strike and right, anything else as it is.

    >>> symbol_in_words("SPY260303C00559000"), symbol_in_words("SPY")
    ('559 call', 'SPY')
    """
    return symbol if multiplier_of(symbol) == 1 else _contract(parse_occ(symbol))


def _contract(contract: OptionContract) -> str:
    return f"{_strike(contract.strike)} {'call' if contract.right is Right.CALL else 'put'}"


def _strike(strike: Decimal) -> str:
    return f"{strike.normalize():f}"
