"""What every scalping desk owes the account before its own rules speak: halts of the day, leftovers, going flat.

Pure. Rules: R10, SC-213, SC-453, SC-604, SC-608..611, SC-614.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Set
from decimal import Decimal

from gammacore.domain.book.view import BookView
from gammacore.domain.desks.flattening import close_leftovers, close_spreads, close_unwanted
from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.orders import Order, OrderState, Purpose
from gammacore.domain.risk.entry_limits import EntryAccount, scalping_limits
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.sessions import TradingSession
from gammacore.domain.strategy import Cancel, Decision, HaltDay, Situation, Warn

HARD_FLAT_MINUTES = 5
"""Minutes before the close at which everything a scalping desk still holds is closed at market. Rule: SC-614."""
A_MINUTE = dt.timedelta(seconds=60)
EXITS = frozenset(
    {
        "flatten_request", "kill_switch", "daily_loss", "hard_flat", "stop", "time_exit", "scratch_exit", "vwap_exit",
        "rsi_exit", "momentum_exit", "regime_exit",
    }
)  # fmt: skip
"""Why a scalping desk closes; what an order is called back for besides is no exit."""
AT_THE_BROKER = (OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED)


def three_looks(seconds: float, market: MarketSnapshot) -> float:
    """A figure of seconds for a live feed; of a study, whose quotes live for two looks, three looks at least. SC-016.

    >>> noon = dt.datetime(2026, 3, 3, 17, tzinfo=dt.UTC)
    >>> shown = MarketSnapshot(noon, "SPY", None, None, None, None, quote_age_limit=600.0)
    >>> three_looks(60, shown), three_looks(1000, shown)
    (900.0, 1000)
    """
    return max(seconds, 1.5 * market.quote_age_limit)


def account_of(situation: Situation, limits: RiskLimits) -> EntryAccount:
    """What the gates look at, as this look shows it. Rule: SC-602."""
    return EntryAccount(
        scalping_limits(limits), situation.book, situation.session, situation.now, situation.memory.marks,
        situation.worth, situation.buying_power,
    )  # fmt: skip


def entry_price(holding: AnyHolding, orders: tuple[Order, ...], symbol: str) -> Decimal:
    """The average price at which a symbol was entered, points, whatever has been closed of it since. Rule: SC-205.

    That of what is held, where no entry of ours says.
    """
    paid, filled = Decimal(0), 0
    for order in orders:
        leg = next((leg for leg in order.ticket.legs if leg.symbol == symbol), None)
        if leg is None or order.ticket.purpose is not Purpose.ENTRY:
            continue
        own = next((fill.price for fill in order.execution.legs if fill.symbol == symbol), order.execution.price)
        if own is not None:
            paid += own * order.execution.filled_of(leg)
            filled += order.execution.filled_of(leg)
    return paid / filled if filled else holding.lots[symbol].average_price


def begun_exit(orders: tuple[Order, ...], besides: Collection[str]) -> str | None:
    """The exit that was begun: an order sent for it, or another called back for it; a price that recovers ends none.

    `besides` are reasons of exits that rest, and for which one is called back and placed anew.
    """
    for order in reversed(orders):
        if order.ticket.purpose is Purpose.EXIT and order.ticket.reason not in besides:
            return order.ticket.reason
        if order.called_back in EXITS:
            return order.called_back
    return None


def day_halts(situation: Situation, limits: RiskLimits) -> Iterator[HaltDay]:
    """A halt of the day that lost its limit, or too often in a row; once for each. Rules: SC-604, SC-608."""
    if not situation.session.is_trading(situation.now):
        return
    verdict = account_of(situation, limits).halts_day()
    known = situation.book.halted_on(situation.session.date)
    if not verdict.passed and verdict.reason is not None and (known is None or not known.covers(verdict.reason)):
        yield HaltDay(verdict.reason, f"{verdict.value} {verdict.limit}")


def stale_marks(situation: Situation) -> Iterator[Warn]:
    """What is held and was not quoted at this look, so that the day's P/L counts an older price. Rule: SC-603."""
    marks = situation.memory.marks
    if marks is not None and marks.stale and situation.session.is_trading(situation.now):
        yield Warn("mark_stale", f"no fresh quote of {', '.join(sorted(marks.stale))}: the last one is counted")


def must_go_flat(situation: Situation, limits: RiskLimits) -> str | None:
    """Why everything is to be closed now, whatever a desk's own rules say; None where nothing asks for it.

    Rules: R10, SC-610, SC-611, SC-614.
    """
    book, session, now = situation.book, situation.session, situation.now
    if book.flatten is not None:
        return "flatten_request"
    if book.halted is not None:
        return "kill_switch"
    if scalping_limits(limits).flatten_on_daily_loss:
        halted = book.halted_on(session.date)
        was_lost = halted is not None and halted.reason == "daily_loss"
        if was_lost or not account_of(situation, limits).judge_daily_loss().passed:
            return "daily_loss"
    return "hard_flat" if now >= session.before_close(HARD_FLAT_MINUTES) else None


def duties(situation: Situation, limits: RiskLimits, kept: Set[str] = frozenset()) -> Iterator[Decision]:
    """Halts of the day, and the end of what no scalping desk watches: leftovers, delivered shares, sold spreads.

    `kept` are holdings of an earlier session that the desk has taken over. Rule: SC-451.
    """
    book, session, now = situation.book, situation.session, situation.now
    yield from day_halts(situation, limits)
    yield from stale_marks(situation)
    yield from close_unwanted(book, limits, session, now)
    yield from close_leftovers(book, session, now, kept=kept)
    yield from close_spreads(book, session, now)


def todays_holdings(book: BookView, session: TradingSession, owner: str) -> tuple[AnyHolding, ...]:
    """What a desk holds, or is buying, since this session's open, oldest first."""
    return tuple(
        holding
        for holding in book.live_holdings
        if holding.owner == owner and holding.is_chosen and holding.opened_at >= session.open
    )


def call_entry_back(orders: tuple[Order, ...], reason: str) -> Iterator[Cancel]:
    """The entries among these orders that still work at the broker."""
    for order in orders:
        if order.ticket.purpose is Purpose.ENTRY and order.state in AT_THE_BROKER:
            yield Cancel(order.id, reason)


def next_name(book: BookView, session: TradingSession, underlying: str, owner: str) -> str:
    """The id of a desk's next holding of the day: SPY-20260303-st0cka-3."""
    head = f"{underlying}-{session.date:%Y%m%d}-{owner}-"
    return f"{head}{sum(name.startswith(head) for name in book.holdings) + 1}"
