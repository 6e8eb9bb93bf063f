"""What the desk looks at, built in one line: quotes, a chain, a market, dealer exposure, a book, a situation.

By default it is 10:00 of an ordinary SPX day: price 6900, pin 6915, VIX 15.2, so the desk would sell the 6890/6880
put spread for 2.50.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

import numpy as np

from builders import DAY, a_session, at
from builders_day import ledger_opened
from gammacore.domain import ledger
from gammacore.domain.book.book import Book
from gammacore.domain.desks.credit_spread import CreditSpreadDesk
from gammacore.domain.entries.case import EntryCase
from gammacore.domain.gex.exposure import GammaExposure
from gammacore.domain.gex.units import IMPLIED_FORWARD, TODAY, ExposureUnit, GreeksSource, SignModel
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.instruments import REGISTRY, OptionContract, Right
from gammacore.domain.ledger import Event
from gammacore.domain.legs import LegFill
from gammacore.domain.market import MarketSnapshot, OptionChain, Quote
from gammacore.domain.orders import Execution
from gammacore.domain.sessions import BrokerClock, TradingSession
from gammacore.domain.strategy import Decision, Situation

BidAsk = tuple[float, float]
Legs = Mapping[str, BidAsk]
"""Quotes by right and strike, like {"P6890": (4.00, 4.10)}."""

PUT_SPREAD_QUOTES: Legs = {"P6890": (4.00, 4.10), "P6880": (1.50, 1.60)}
CONDOR_QUOTES: Legs = {
    "C6920": (2.00, 2.10), "C6930": (0.60, 0.70), "P6880": (2.20, 2.30), "P6870": (0.80, 0.90),
}  # fmt: skip


def a_contract(leg: str, underlying: str = "SPX", expiry: dt.date = DAY) -> OptionContract:
    """The contract of "P6890" or "C6920"."""
    return REGISTRY[underlying].contract(expiry, Right(leg[0]), Decimal(leg[1:]))


def a_quote(bid: str, ask: str, time: str = "10:00") -> Quote:
    return Quote(Decimal(bid), Decimal(ask), at(time))


def quotes_of(legs: Mapping[str, tuple[str, str]], underlying: str = "SPX") -> Callable[[OptionContract], Quote | None]:
    """A look-up of quotes by contract, as spreads and filters ask for them."""
    known = {a_contract(leg, underlying): a_quote(*prices) for leg, prices in legs.items()}
    return known.get


def a_quoted_chain(legs: Legs, as_of: dt.datetime, underlying: str = "SPX", age: float = 0) -> OptionChain:
    """The legs as a chain, each last seen `age` seconds before."""
    contracts = [a_contract(leg, underlying, as_of.date()) for leg in legs]
    nothing = [float("nan")] * len(legs)
    return OptionChain(
        underlying,
        as_of,
        (REGISTRY[underlying].option_root,),
        strike=[float(contract.strike) for contract in contracts],
        is_call=[contract.right is Right.CALL for contract in contracts],
        expiry=np.array([contract.expiry for contract in contracts], dtype="datetime64[D]"),
        root=[0] * len(legs),
        bid=[bid for bid, _ in legs.values()],
        ask=[ask for _, ask in legs.values()],
        open_interest=[100.0] * len(legs),
        iv=nothing,
        gamma=nothing,
        quoted_at=[as_of.timestamp() - age] * len(legs),
    )


def an_exposure(peaks: Mapping[int, float], price: str = "6900", underlying: str = "SPX") -> GammaExposure:
    """Net dealer gamma at a few strikes, in billions of $ per 100 % move."""
    strikes = np.array(sorted(peaks), dtype=np.float64)
    call = np.array([peaks[int(strike)] * 1e9 for strike in strikes])
    return GammaExposure(
        underlying, at("10:00"), Decimal(price), ExposureUnit.PER_100PCT, SignModel.NAIVE, TODAY, GreeksSource.MODEL,
        IMPLIED_FORWARD, strikes, call, np.zeros_like(call), len(strikes), {},
    )  # fmt: skip


def a_book(*events: Event | Iterable[Event], balance: str = "20000") -> Book:
    """The fold of a ledger that starts with `balance`."""
    recorded: list[Event] = [ledger_opened(Decimal(balance))]
    for event in events:
        recorded.extend(event if isinstance(event, Iterable) else (event,))
    return Book.of(recorded)


def a_situation(
    time: str = "10:00",
    *,
    price: str | None = "6900",
    pin: int | None = 6915,
    peaks: Mapping[int, float] | None = None,
    vix: str | None = "15.2",
    legs: Legs = PUT_SPREAD_QUOTES,
    book: Book | None = None,
    buying_power: str | None = "20000",
    underlying: str = "SPX",
    session: TradingSession | None = None,
    quote_age: float = 0,
    price_age: float = 0,
    previous_close: str | None = None,
) -> Situation:
    """One look at the market; `pin` is where all dealer gamma sits (None: no exposure is known)."""
    now = at(time)
    peaks = peaks if peaks is not None else None if pin is None else {pin: 50.0}
    market = MarketSnapshot(
        at=now,
        underlying=underlying,
        spot=None if price is None else Decimal(price),
        spot_at=None if price is None else now - dt.timedelta(seconds=price_age),
        chain=a_quoted_chain(legs, now, underlying, quote_age),
        vix=None if vix is None else Decimal(vix),
        previous_close=None if previous_close is None else Decimal(previous_close),
    )
    return Situation(
        now=now,
        session=session or a_session(),
        underlying=REGISTRY[underlying],
        market=market,
        book=book or a_book(),
        buying_power=None if buying_power is None else Decimal(buying_power),
        exposure=None if peaks is None else an_exposure(peaks, price or "6900", underlying),
        broker_clock=BrokerClock(now, is_open=True),
    )


def a_case(situation: Situation | None = None, slot: str = "10:00", desk: CreditSpreadDesk | None = None) -> EntryCase:
    """The entry of one slot, ready to be judged."""
    return (desk or CreditSpreadDesk()).case(situation or a_situation(), at(slot))


def steps(situation: Situation, desk: CreditSpreadDesk | None = None) -> list[Decision]:
    """What the desk says."""
    return list((desk or CreditSpreadDesk()).decide(situation).steps)


# Orders that did not go as they should -------------------------------------------------------------------------------


def leg_fills(plan: SpreadPlan, *quantities: int, price: str = "2.00") -> tuple[LegFill, ...]:
    """So many contracts of each opening leg, in the order of the spread."""
    return tuple(
        LegFill(leg.contract.occ, leg.side, quantity, Decimal(price))
        for leg, quantity in zip(plan.spread.opening_legs, quantities, strict=True)
    )


def entry_filled(
    plan: SpreadPlan, spreads: int, credit: str | None = "2.50", *, legs: tuple[LegFill, ...] = (),
    complete: bool = False, time: str = "10:00:30",
) -> ledger.OrderFilled:  # fmt: skip
    """The entry of a plan filled so far (cumulative)."""
    price = None if credit is None else Decimal(credit)
    return ledger.OrderFilled(at(time), f"entry-{plan.holding}", Execution(spreads, price, legs=legs), complete)
