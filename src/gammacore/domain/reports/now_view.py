"""A trading day as it is now, as a value that a page and `status` show: marks, levels, greeks, filters, exposure.

Built purely from what the loop saw (`Sight`). Nothing decides on it, and what is not known is None. Rules: OP-106,
OP-502, OP-503, CS-512.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal

import attrs
import numpy as np
from attrs import field, frozen

from gammacore.domain.book.book import Book
from gammacore.domain.desks.credit_spread import CreditSpreadDesk
from gammacore.domain.holdings.holding import AnyHolding, is_spread
from gammacore.domain.instruments import OptionContract, Right
from gammacore.domain.ledger import AlarmRaised
from gammacore.domain.market import Quote
from gammacore.domain.orders import Order
from gammacore.domain.pricing.option_model import ContractColumns, OptionGreeks, greeks_of
from gammacore.domain.reports.now_filters import FiltersNow, Sight
from gammacore.domain.reports.now_levels import forced_exit_of, holding_levels
from gammacore.domain.reports.open_alarms import OpenAlarm, open_alarms
from gammacore.domain.risk.day_profit import DayProfit, Marks, day_profit
from gammacore.domain.sessions import new_york_date
from gammacore.domain.stops.levels import Level
from gammacore.domain.strategy import Situation, Strategy
from gammacore.domain.volatility import VolatilityRules
from gammacore.errors import GammacoreError

ZERO = Decimal(0)


@frozen
class LegNow:
    """One symbol held, signed; bid and ask are the newest seen, points, with the age in seconds."""

    symbol: str
    quantity: int
    bid: Decimal | None
    ask: Decimal | None
    age: float | None
    is_option: bool = False


@frozen
class GreeksNow:
    """Of a whole holding: `delta` shares, `gamma` shares a $1, `theta` $ a day, `vega` $ a volatility point."""

    delta: float
    gamma: float
    theta: float
    vega: float

    def plus(self, other: GreeksNow) -> GreeksNow:
        return GreeksNow(
            self.delta + other.delta, self.gamma + other.gamma, self.theta + other.theta, self.vega + other.vega
        )


@frozen
class HoldingNow:
    """One holding. `entry`, `mark` and levels in points; of a spread `mark` is the mid, `mark_worst` what stops read.

    Of a straddle all three are of one pair of options, without its hedge. `open_pnl` is dollars at prices it could be
    closed at, `profit` with what it and its hedges have brought so far, before fees; `mark_age` seconds of the oldest
    leg.
    """

    id: str
    owner: str
    words: str
    legs: tuple[LegNow, ...]
    entry: Decimal | None
    mark: Decimal | None
    mark_worst: Decimal | None
    mark_age: float | None
    open_pnl: Decimal | None
    profit: Decimal | None
    levels: tuple[Level, ...]
    watch: Mapping[str, object]
    greeks: GreeksNow | None
    forced_exit_at: dt.datetime | None
    quantity: int


@frozen
class OrderNow:
    """One working order; `limit` points, None at market."""

    id: str
    holding: str
    purpose: str
    state: str
    quantity: int
    filled: int
    limit: Decimal | None
    at: dt.datetime


@frozen
class NextAction:
    """What comes next of itself, and when."""

    at: dt.datetime
    words: str


@frozen
class DayNow:
    """Dollars of today; `left` is what may still be lost before `limit` stops entries."""

    realised: Decimal
    open: Decimal | None
    fees: Decimal
    limit: Decimal
    left: Decimal


@frozen
class NowView:
    """A trading day as it is now; money and prices as they are, rounded where it is written (SC-903)."""

    at: dt.datetime
    strategy: str
    underlying: str
    date: dt.date
    session_open: dt.datetime
    session_close: dt.datetime
    next_at: dt.datetime | None
    spot: Decimal | None
    spot_age: float | None
    vix: Decimal | None
    vix_age: float | None
    previous_close: Decimal | None
    holdings: tuple[HoldingNow, ...]
    greeks: GreeksNow | None
    orders: tuple[OrderNow, ...]
    day: DayNow
    balance: Decimal
    volatility: float | None
    volatility_source: str
    regime: str
    state: str
    halted: str | None
    quarantined: Mapping[str, int]
    losses_in_a_row: int
    ledger_version: int
    next_action: NextAction | None = None
    alarms: tuple[OpenAlarm, ...] = ()
    filters: FiltersNow = field(default=FiltersNow(None, (), None, ()))


def now_view(
    sight: Sight,
    strategy: Strategy,
    marks: Marks,
    limit: Decimal,
    volatility: VolatilityRules,
    alarms: Iterable[AlarmRaised] = (),
) -> NowView:
    """The view of one sight. `marks` are the newest quotes of what is held, `limit` is the loss that ends a day's
    entries, dollars, `alarms` what was raised, over or not. What fails in a part leaves that part unknown.
    """
    situation, book, now = sight.situation, sight.book, sight.now
    market, session = situation.market, situation.session
    held = [one for one in book.live_holdings if one.has_filled and not one.is_flat]
    holdings = tuple(_holding(one, sight, strategy, marks) for one in held)
    profit = day_profit(book, session.date, marks)
    reading = _volatility(situation, volatility)
    return NowView(
        at=now,
        strategy=strategy.name,
        underlying=situation.underlying.symbol,
        date=session.date,
        session_open=session.open,
        session_close=session.close,
        next_at=sight.next_at,
        spot=market.spot,
        spot_age=_age(now, market.spot_at),
        vix=market.vix,
        vix_age=_age(now, market.vix_at),
        previous_close=market.previous_close,
        holdings=holdings,
        greeks=_sum([one.greeks for one in holdings]),
        orders=tuple(_order(order) for order in book.working_orders),
        day=_day(book, profit, limit, session.date),
        balance=book.balance,
        volatility=reading[0],
        volatility_source=reading[1],
        regime=reading[2],
        state="" if book.switched is None else str(book.switched.after),
        halted=book.halted,
        quarantined=dict(book.quarantined),
        losses_in_a_row=book.losses_in_a_row(session.open),
        ledger_version=book.version,
        next_action=_next_action(sight, strategy, holdings),
        alarms=open_alarms(alarms, book),
    )


def _next_action(sight: Sight, strategy: Strategy, holdings: Iterable[HoldingNow]) -> NextAction | None:
    """The first of: an entry check, a forced exit, another deadline of the strategy, the close; None after it."""
    situation, now = sight.situation, sight.now
    session = situation.session
    known = [NextAction(session.close, "the session closes")]
    if isinstance(strategy, CreditSpreadDesk):
        known += [NextAction(slot, "an entry is checked") for slot in strategy.entries.schedule.slots(session)]
    known += [NextAction(at, f"{one.id} is closed") for one in holdings if (at := one.forced_exit_at) is not None]
    if not isinstance(strategy, CreditSpreadDesk):
        known += [
            NextAction(at, f"a time limit of {strategy.name}") for at in strategy.deadlines(session, sight.book)
        ]  # fmt: skip
    return min((one for one in known if one.at > now), key=lambda one: one.at, default=None)


def _volatility(situation: Situation, rules: VolatilityRules) -> tuple[float | None, str, str]:
    market = situation.market
    try:
        state = rules.state(situation.history, market.vix, market.vix_at, situation.now)
    except (GammacoreError, ArithmeticError, ValueError):
        return None, "", ""
    return float(state.reading.value), str(state.reading.source), str(state.regime)


def _day(book: Book, profit: DayProfit, limit: Decimal, date: dt.date) -> DayNow:
    ended = [one for one in book.holdings.values() if one.closed_at is not None]
    fees = sum((one.fees for one in (*book.live_holdings, *(e for e in ended if _is_on(e, date)))), ZERO)
    return DayNow(profit.realised, profit.open, fees, limit, limit + min(profit.total, ZERO))


def _is_on(holding: AnyHolding, date: dt.date) -> bool:
    return holding.closed_at is not None and new_york_date(holding.closed_at) == date


def _age(now: dt.datetime, seen: dt.datetime | None) -> float | None:
    return None if seen is None else max(0.0, (now - seen).total_seconds())


def _holding(holding: AnyHolding, sight: Sight, strategy: Strategy, marks: Marks) -> HoldingNow:
    now = sight.now
    legs = tuple(_leg(symbol, holding, marks.quotes.get(symbol), now) for symbol in holding.quantities)
    ages = [leg.age for leg in legs]
    entry, mark, worst, quantity = _prices(holding, legs, marks)
    open_pnl = _open_pnl(holding, marks)
    return HoldingNow(
        id=holding.id,
        owner=holding.owner,
        words=_words(holding),
        legs=legs,
        entry=entry,
        mark=mark,
        mark_worst=worst,
        mark_age=None
        if any(age is None for age in ages)
        else max((age for age in ages if age is not None), default=None),
        open_pnl=open_pnl,
        profit=None if open_pnl is None else open_pnl + holding.options_realised + holding.shares_realised,
        levels=holding_levels(holding, sight.situation, strategy, marks),
        watch=_watch(holding),
        greeks=_greeks(holding, sight.situation, marks),
        forced_exit_at=forced_exit_of(holding, sight.situation, strategy),
        quantity=quantity,
    )


def _prices(
    holding: AnyHolding, legs: tuple[LegNow, ...], marks: Marks
) -> tuple[Decimal | None, Decimal | None, Decimal | None, int]:
    """Entry, mark, mark at worst, points of one unit, and how many units: spreads, straddles, contracts or shares."""
    if is_spread(holding):
        seen = holding.spread.mark(lambda contract: marks.quotes.get(contract.occ))
        mark, worst = (None, None) if seen is None else (seen.mid, seen.worst)
        return holding.credit, mark, worst, holding.open_contracts
    options = [leg for leg in legs if leg.is_option]
    unit = options or legs
    counts = {leg.quantity for leg in unit}
    if len(counts) != 1:  # legs that do not make up whole units have no one price
        return None, None, None, 0
    (count,) = counts
    entry = sum((holding.lots[leg.symbol].average_price for leg in unit), ZERO)
    if any(leg.bid is None or leg.ask is None for leg in unit):
        return entry, None, None, abs(count)
    bid, ask = (sum((getattr(leg, side) for leg in unit), ZERO) for side in ("bid", "ask"))
    return entry, (bid + ask) / 2, bid if count > 0 else ask, abs(count)


def _words(holding: AnyHolding) -> str:
    if is_spread(holding):
        plan = holding.plan
        return f"{holding.open_contracts} × {plan.strategy} {plan.spread.strikes}"
    return holding.in_words


def _leg(symbol: str, holding: AnyHolding, quote: Quote | None, now: dt.datetime) -> LegNow:
    quantity, is_option = holding.quantities[symbol], holding.lots[symbol].is_option
    if quote is None:
        return LegNow(symbol, quantity, None, None, None, is_option)
    return LegNow(symbol, quantity, quote.bid, quote.ask, _age(now, quote.at), is_option)


def _open_pnl(holding: AnyHolding, marks: Marks) -> Decimal | None:
    total = ZERO
    for symbol, quantity in holding.quantities.items():
        if (quote := marks.quotes.get(symbol)) is None:
            return None
        total += holding.lots[symbol].open_profit(quote.bid if quantity > 0 else quote.ask)
    return total


def _watch(holding: AnyHolding) -> dict[str, object]:
    memory = holding.memory if holding.memory is not None else holding.watch if is_spread(holding) else None
    return {} if memory is None else attrs.asdict(memory)


def _order(order: Order) -> OrderNow:
    ticket = order.ticket
    return OrderNow(
        order.id, ticket.holding, str(ticket.purpose), str(order.state), ticket.quantity, order.execution.quantity,
        ticket.limit, order.intended_at,
    )  # fmt: skip


# -- greeks ------------------------------------------------------------------------------------------------------------


def _greeks(holding: AnyHolding, situation: Situation, marks: Marks) -> GreeksNow | None:
    """By the house's model of the exercise style, at the volatility of each leg's mid; None where one is unknown."""
    total, price = GreeksNow(0.0, 0.0, 0.0, 0.0), situation.price
    for symbol, quantity in holding.quantities.items():
        if not holding.lots[symbol].is_option:
            total = total.plus(GreeksNow(float(quantity), 0.0, 0.0, 0.0))
            continue
        quote = marks.quotes.get(symbol)
        if price is None or quote is None or holding.underlying != situation.underlying.symbol:
            return None
        if (leg := _leg_greeks(holding.contract(symbol), quote, price, situation)) is None:
            return None
        size = quantity * holding.lots[symbol].multiplier
        total = total.plus(GreeksNow(*(float(each) * size for each in (leg.delta, leg.gamma, leg.theta, leg.vega))))
    return total


def _leg_greeks(contract: OptionContract, quote: Quote, price: Decimal, situation: Situation) -> OptionGreeks | None:
    days = (contract.expiry - situation.session.date).days
    seconds = (situation.session.close - situation.now).total_seconds() + days * 86_400
    if seconds <= 0:
        return None
    column = ContractColumns([float(contract.strike)], np.array([contract.right is Right.CALL]), [seconds])
    row = greeks_of(situation.underlying.exercise, column, [float(quote.mid)], price).row(0)
    return row if isinstance(row, OptionGreeks) else None


def _sum(greeks: Iterable[GreeksNow | None]) -> GreeksNow | None:
    total = GreeksNow(0.0, 0.0, 0.0, 0.0)
    for one in greeks:
        if one is None:
            return None
        total = total.plus(one)
    return total
