"""ST0CKG at one look, in one line: SPY opened at 590, its range is 590 to 591, and at 10:05 it is at 592.

By default the opening traded three times its usual volume, so OPENING_DRIVE (7.5, bullish) buys the 593 call.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from attrs import evolve

from builders import DAY, a_session, at
from builders_desk import a_book
from builders_history import DAY_BEFORE
from builders_scalping import a_minute, in_a_row
from gammacore.domain.book.book import Book
from gammacore.domain.desks.st0ckg import St0ckgDesk
from gammacore.domain.desks.st0ckg_entry import OptionEntry
from gammacore.domain.holding_events import WatchChanged
from gammacore.domain.holdings.plans import EntryTerms, Opening, RWatch
from gammacore.domain.instruments import REGISTRY, OptionContract, Right, Side
from gammacore.domain.ledger import Event, OrderAccepted, OrderCanceled, OrderFilled, OrderIntended
from gammacore.domain.legs import Leg
from gammacore.domain.market import Bar, MarketSnapshot, OptionChain, Quote
from gammacore.domain.market_history import MarketHistory
from gammacore.domain.market_memory import MarketMemory
from gammacore.domain.orders import Effect, Execution, OrderTicket, Purpose, TicketLife
from gammacore.domain.pricing import black_scholes
from gammacore.domain.pricing.black_scholes import Terms, years_from_seconds
from gammacore.domain.risk.day_profit import Marks
from gammacore.domain.strategy import Decision, Situation
from gammacore.domain.tape import Tape

SPY = REGISTRY["SPY"]
VOLATILITY = 0.15
HELD = "SPY-20260105-st0ckg-1"
DAILY = a_minute(589, high=591, low=586, start="00:00", seconds=86_400, date=DAY_BEFORE)


def call(strike: int) -> OptionContract:
    return SPY.contract(DAY, Right.CALL, Decimal(strike))


def put(strike: int) -> OptionContract:
    return SPY.contract(DAY, Right.PUT, Decimal(strike))


def the_minutes(until: str, last: str = "590", volume: int = 3000) -> tuple[Bar, ...]:
    """Flat minutes from the open: 590 for half an hour of great volume, then `last`."""
    count = int((at(until) - at("09:30")).total_seconds() // 60)
    first = [a_minute(590, volume=volume)] * min(count, 30)
    return in_a_row([*first, *[a_minute(last, volume=1000)] * (count - len(first))])


def the_openings(volume: int = 1000) -> tuple[Bar, ...]:
    return in_a_row([a_minute(589, volume=volume)] * 30, "09:30", DAY_BEFORE)


def the_chain(
    time: str, price: str, *, interest: float = 900, volume: float = 600, width: int = 1,
    quotes: dict[OptionContract, tuple[float, float]] | None = None, expiry: dt.date = DAY,
) -> OptionChain:  # fmt: skip
    """Calls and puts of every dollar within 8 points, on whole cents by the model; those of `quotes` as told."""
    middle = round(Decimal(price))
    rows = [(strike, is_call) for strike in range(middle - 8, middle + 9) for is_call in (True, False)]
    seconds = (a_session().close - at(time)).total_seconds()
    bids, asks = [], []
    for strike, is_call in rows:
        terms = Terms.from_rates(Decimal(price), Decimal(strike), is_call, years_from_seconds(seconds))
        cents = max(1, round(float(black_scholes.price(terms, VOLATILITY)) * 100))
        contract = call(strike) if is_call else put(strike)
        bid, ask = (quotes or {}).get(contract, (cents / 100, (cents + width) / 100))
        bids.append(bid)
        asks.append(ask)
    nothing = [float("nan")] * len(rows)
    return OptionChain(
        "SPY", at(time), ("SPY",),
        strike=[float(strike) for strike, _ in rows],
        is_call=[is_call for _, is_call in rows],
        expiry=np.array([expiry] * len(rows), dtype="datetime64[D]"),
        root=[0] * len(rows),
        bid=bids,
        ask=asks,
        open_interest=[interest] * len(rows),
        iv=nothing,
        gamma=nothing,
        quoted_at=[at(time).timestamp()] * len(rows),
        volume=[volume] * len(rows),
    )  # fmt: skip


def the_tape(time: str, price: str | None, age: float = 0) -> Tape:
    """Quotes two cents wide around the price, the newest so many seconds old."""
    tape, now = Tape(opens_at=a_session().open), at(time)
    if price is None:
        return tape
    for before in (2, 1, 0):
        seen = now - dt.timedelta(seconds=before + age)
        half = Decimal("0.01")
        tape = tape.after(Quote(Decimal(price) - half, Decimal(price) + half, seen), seen)
    return tape.after(None, now)


def a_look(
    time: str = "10:05:00",
    price: str | None = "592",
    *,
    book: Book | None = None,
    minutes: Sequence[Bar] | None = None,
    days: Sequence[Bar] = (DAILY,),
    night: Sequence[Bar] = (),
    openings: Sequence[Bar] | None = None,
    chain: OptionChain | None = None,
    worth: str | None = "25000",
    power: str | None = "25000",
    age: float = 0,
    **more: Any,
) -> Situation:
    """The desk's situation at a New York time."""
    now, session = at(time), a_session()
    shown = price or "592"
    market = MarketSnapshot(
        now, "SPY", Decimal(shown), now, chain or the_chain(time, shown), Decimal("15.2"), vix_at=now,
        previous_close=Decimal(589),
    )  # fmt: skip
    history = MarketHistory.of(
        now, session, a_session(date=DAY_BEFORE),
        one_minute=the_minutes(time[:5], shown) if minutes is None else minutes,
    )  # fmt: skip
    history = evolve(
        history, days=tuple(days), night=tuple(night),
        openings=the_openings() if openings is None else tuple(openings),
    )  # fmt: skip
    situation = Situation(
        now=now, session=session, underlying=SPY, market=market, book=book or a_book(),
        buying_power=None if power is None else Decimal(power), history=history,
        memory=MarketMemory(marks=Marks(), tape=the_tape(time, price, age)),
        worth=None if worth is None else Decimal(worth),
    )  # fmt: skip
    return evolve(situation, **more)


def the_entry(situation: Situation, desk: St0ckgDesk | None = None) -> OptionEntry:
    """The entry of the morning's window, judged at any time."""
    desk = desk or St0ckgDesk()
    window = desk.rules.windows(situation.session)[0]
    return OptionEntry(desk.rules, desk.volatility, desk.limits, situation, desk.name, window)


def steps(situation: Situation, desk: St0ckgDesk | None = None) -> list[Decision]:
    return list((desk or St0ckgDesk()).decide(situation).steps)


# A ledger with a position ---------------------------------------------------------------------------------------------


def entry(
    contracts: int = 4, *, contract: OptionContract | None = None, time: str = "10:05", filled: int | None = None,
    price: str = "0.62", share: str = "590.00", signal: str = "OPENING_DRIVE", holding: str = HELD,
    order: str = "gc-entry", complete: bool = True,
) -> list[Event]:  # fmt: skip
    """Contracts bought, by default four calls of 593 at 0.62 with the share at 590.00; `filled` 0: nothing."""
    ticket = OrderTicket(
        order, Purpose.ENTRY, "SPY", holding, (Leg(contract or call(593), Side.BUY),), contracts, Effect.DEBIT,
        Decimal(price), signal, TicketLife(10),
    )  # fmt: skip
    terms = EntryTerms(Decimal(124), Decimal(share), signal=signal)
    now = at(time)
    events: list[Event] = [
        OrderIntended(now, ticket, Opening("st0ckg", "SPY", terms=terms)),
        OrderAccepted(now, order, order),
    ]
    count = contracts if filled is None else filled
    if count:
        is_whole = count == contracts and complete
        events.append(OrderFilled(now, order, Execution(count, Decimal(price)), is_whole))
    return events


def watched(best: str = "0", *, armed: bool = False, price: str = "590.00", time: str = "10:05") -> Event:
    return WatchChanged(at(time), HELD, RWatch(Decimal(price), Decimal(best), armed))


def sale(
    contracts: int, reason: str, *, limit: str | None = "0.60", life: int | None = 5, time: str = "10:10",
    filled: int = 0, order: str = "gc-exit", ended: bool = False, contract: OptionContract | None = None,
) -> list[Event]:  # fmt: skip
    """An exit sent; `filled` so far, and called back where it `ended`."""
    ticket = OrderTicket(
        order, Purpose.EXIT, "SPY", HELD, (Leg(contract or call(593), Side.SELL),), contracts, Effect.CREDIT,
        None if limit is None else Decimal(limit), reason, TicketLife(life),
    )  # fmt: skip
    now = at(time)
    events: list[Event] = [OrderIntended(now, ticket), OrderAccepted(now, order, order)]
    if filled:
        events.append(OrderFilled(now, order, Execution(filled, Decimal(limit or "0.60")), filled == contracts))
    if ended and filled < contracts:
        events.append(OrderCanceled(now, order, "it has had its time"))
    return events


def a_ledger(*events: Event | Iterable[Event]) -> Book:
    return a_book(*events, balance="25000")
