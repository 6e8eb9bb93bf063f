"""A gamma-scalping desk in one line: a chain of SPY straddles, a tape of its quotes, a ledger that holds one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import numpy as np

from builders import DAY, a_session, at
from builders_desk import a_book
from builders_exchange import call, put
from gammacore.domain import holding_events, ledger
from gammacore.domain.book.book import Book
from gammacore.domain.desks.gamma_scalping import NAME, GammaScalpingDesk
from gammacore.domain.holdings.plans import DeltaWatch, EntryTerms, Opening
from gammacore.domain.instruments import REGISTRY, Side
from gammacore.domain.ledger import Event
from gammacore.domain.legs import Leg, LegFill, ShareLeg
from gammacore.domain.market import MarketSnapshot, OptionChain, Quote
from gammacore.domain.market_memory import MarketMemory
from gammacore.domain.orders import Effect, Execution, OrderTicket, Purpose
from gammacore.domain.pricing.rates import DividendYield, MarketRates, RateCurve
from gammacore.domain.risk.day_profit import Marks
from gammacore.domain.sessions import TradingSession
from gammacore.domain.strategy import Decision, Situation
from gammacore.domain.tape import Tape

Pair = tuple[str, int, str, str, str, str]
"""Strike, days to expiry, bid and ask of the call, bid and ask of the put."""
AT_590_30: Pair = ("590", 30, "12.60", "12.66", "10.70", "10.76")
AT_590_45: Pair = ("590", 45, "15.95", "16.05", "13.35", "13.45")
AT_590_60: Pair = ("590", 60, "18.80", "18.92", "15.45", "15.57")
AT_595_45: Pair = ("595", 45, "13.20", "13.34", "15.60", "15.74")
TABLE = (AT_590_30, AT_590_45, AT_590_60, AT_595_45)
"""The rows of SC-412."""
RATES = MarketRates(RateCurve.constant(0.05), DividendYield(0.012))
STRADDLE = f"SPY-{DAY:%Y%m%d}-{NAME}-1"
EXPIRY = DAY + dt.timedelta(days=45)
CALL, PUT = call(590, "SPY", EXPIRY), put(590, "SPY", EXPIRY)


def a_straddle_chain(*pairs: Pair, date: dt.date = DAY, now: dt.datetime | None = None, **more: Any) -> OptionChain:
    """A call and a put a pair, 500 contracts of each open; `more` replaces whole columns."""
    when = now or at("10:00", date)
    rows: list[tuple[Any, ...]] = [
        (float(strike), is_call, date + dt.timedelta(days=days), *quote)
        for strike, days, *figures in pairs
        for is_call, quote in ((True, figures[:2]), (False, figures[2:]))
    ]
    count = len(rows)
    columns: dict[str, Any] = {
        "strike": [row[0] for row in rows],
        "is_call": [row[1] for row in rows],
        "expiry": np.array([row[2] for row in rows], dtype="datetime64[D]"),
        "root": [0] * count,
        "bid": [float(row[3]) for row in rows],
        "ask": [float(row[4]) for row in rows],
        "open_interest": [500.0] * count,
        "iv": [np.nan] * count,
        "gamma": [np.nan] * count,
        "quoted_at": [when.timestamp()] * count,
    }
    return OptionChain("SPY", when, ("SPY",), **{**columns, **more})


def a_tape(price: str | None, now: dt.datetime, accepted: bool = True) -> Tape:
    """Two quotes a cent wide around a price: the first seeds the average, the second is accepted."""
    tape = Tape()
    if price is None:
        return tape
    half = Decimal("0.005")
    for age in (1, 0) if accepted else (0,):
        when = now - dt.timedelta(seconds=age)
        tape = tape.after(Quote(Decimal(price) - half, Decimal(price) + half, when), when)
    return tape


def a_gamma_look(
    time: str = "10:00", price: str | None = "590", *, book: Book | None = None, pairs: Iterable[Pair] = TABLE,
    session: TradingSession | None = None, worth: str | None = "100000", power: str | None = "100000",
    chain: OptionChain | None = None, marks: Marks | None = None, **more: Any,
) -> Situation:  # fmt: skip
    """The desk's situation at a New York time; the market shows what `pairs` says, fresh."""
    now = at(time)
    spot = None if price is None else Decimal(price)
    share = None if spot is None else Quote(spot - Decimal("0.005"), spot + Decimal("0.005"), now)
    shown = a_straddle_chain(*pairs, now=now) if chain is None else chain
    market = MarketSnapshot(now, "SPY", spot, None if spot is None else now, shown, None, share=share)
    return Situation(
        now=now,
        session=session or a_session(),
        underlying=REGISTRY["SPY"],
        market=market,
        book=book or a_book(balance="100000"),
        buying_power=None if power is None else Decimal(power),
        memory=MarketMemory(tape=a_tape(price, now), marks=marks),
        worth=None if worth is None else Decimal(worth),
        rates=RATES,
        **more,
    )


def gamma_steps(situation: Situation, desk: GammaScalpingDesk | None = None) -> list[Decision]:
    return list((desk or GammaScalpingDesk()).decide(situation).steps)


# -- a ledger with a straddle ------------------------------------------------------------------------------------------


def straddle_ordered(time: str = "10:00", order: str = "gc-entry", holding: str = STRADDLE, contracts: int = 1,
                     risk: str = "500", date: dt.date = DAY) -> list[Event]:  # fmt: skip
    ticket = OrderTicket(
        order, Purpose.ENTRY, "SPY", holding, (Leg(CALL, Side.BUY), Leg(PUT, Side.BUY)), contracts, Effect.DEBIT,
        Decimal("29.50"), "straddle",
    )  # fmt: skip
    opens = Opening(NAME, "SPY", terms=EntryTerms(Decimal(risk), Decimal(590), day_trades=4))
    now = at(time, date)
    return [ledger.OrderIntended(now, ticket, opens), ledger.OrderAccepted(now, order, "1")]


def straddle_filled(calls: int, puts: int, time: str = "10:00:05", order: str = "gc-entry", *, complete: bool = True,
                    date: dt.date = DAY) -> Event:  # fmt: skip
    """So many calls at 16.05 and puts at 13.45."""
    fills = (LegFill(CALL.occ, Side.BUY, calls, Decimal("16.05")), LegFill(PUT.occ, Side.BUY, puts, Decimal("13.45")))
    return ledger.OrderFilled(
        at(time, date), order, Execution(min(calls, puts), Decimal("29.50"), legs=fills), complete
    )


def straddle_held(contracts: int = 1, *, risk: str = "500", date: dt.date = DAY) -> list[Event]:
    """A straddle of 590 at 45 days, bought at 10:00 for 29.50."""
    return [
        *straddle_ordered(contracts=contracts, risk=risk, date=date),
        straddle_filled(contracts, contracts, date=date),
    ]


def remembered(
    time: str, delta: str = "7.43", gamma: str = "2.2155", price: str = "590", *, reference: str = "590",
    blind: bool = False,
) -> Event:  # fmt: skip
    watch = DeltaWatch(Decimal(delta), Decimal(gamma), Decimal(price), at(time), blind, reference=Decimal(reference))
    return holding_events.WatchChanged(at(time), STRADDLE, watch)


def shares_traded(shares: int, time: str, price: str = "590", order: str = "gc-hedge", *, filled: bool = True,
                  purpose: Purpose = Purpose.HEDGE) -> list[Event]:  # fmt: skip
    side = Side.BUY if shares > 0 else Side.SELL
    effect = Effect.DEBIT if shares > 0 else Effect.CREDIT
    leg = ShareLeg("SPY", side, closes=False)
    ticket = OrderTicket(order, purpose, "SPY", STRADDLE, (leg,), abs(shares), effect, None, "delta_hedge")
    sent: list[Event] = [ledger.OrderIntended(at(time), ticket), ledger.OrderAccepted(at(time), order, "2")]
    fill = ledger.OrderFilled(at(time), order, Execution(abs(shares), Decimal(price)), complete=True)
    return [*sent, fill] if filled else sent


def exit_sent(time: str, reason: str, order: str = "gc-exit", *, ending: type[Any] | None = None) -> list[Event]:
    """Both legs offered; called back unfilled where an ending is given."""
    legs = (Leg(CALL, Side.SELL), Leg(PUT, Side.SELL))
    ticket = OrderTicket(
        order, Purpose.EXIT, "SPY", STRADDLE, legs, 1, Effect.CREDIT, Decimal("29.30"), reason
    )  # fmt: skip
    sent: list[Event] = [ledger.OrderIntended(at(time), ticket), ledger.OrderAccepted(at(time), order, "3")]
    return sent if ending is None else [*sent, ending(at(time), order, "life over")]


def held_quantities(book: Book) -> Mapping[str, int]:
    return book.holdings[STRADDLE].quantities
