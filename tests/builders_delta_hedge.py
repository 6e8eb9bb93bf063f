"""A delta-hedge desk in one line: a SPY straddle bought at 9:45, hedges as ledger events, a look at the market.

By default the call and the put of 600 are quoted four cents wide around their value at a volatility of 15 %.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from attrs import evolve

from builders import DAY, a_session, at
from builders_desk import Legs, a_book, a_situation
from builders_exchange import call, put
from builders_holdings import a_holding, holding_began
from gammacore.domain import holding_events, ledger
from gammacore.domain.book.book import Book
from gammacore.domain.desks.delta_hedge.desk import NAME, DeltaHedgeDesk
from gammacore.domain.desks.delta_hedge.hedge import DELTA_HEDGE, HedgeCase
from gammacore.domain.hedging.exposure import HedgeBook, Holding, Universe
from gammacore.domain.hedging.settings import HedgingSettings
from gammacore.domain.hedging.share_hedge import NOTHING, HedgedBook
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import Event
from gammacore.domain.legs import Leg, LegFill, ShareLeg
from gammacore.domain.orders import Effect, Execution, OrderTicket, Purpose
from gammacore.domain.pricing import black_scholes
from gammacore.domain.pricing.black_scholes import Terms, years_from_seconds
from gammacore.domain.regime.regime import GexReading, GexStatus, MacroState, Regime
from gammacore.domain.risk.opening_limits import OpeningGuards
from gammacore.domain.sessions import TradingSession
from gammacore.domain.strategy import Decision, Situation

CALL, PUT = call(600, "SPY"), put(600, "SPY")
STRADDLE = "SPY-20260105-straddle"
VOLATILITY = 0.15
NEGATIVE = Regime(GexReading(GexStatus.KNOWN, Decimal(-15_000)))
EVENT = Regime(macro=MacroState(detected=True, started_at=at("09:00"), status="Volatility_Event"), macro_active=True)
ALL_ON = OpeningGuards(
    drawdown=Decimal("0.05"), daily_loss=Decimal("0.02"), vix_halves_above=Decimal(30), symbol_share=Decimal("0.20"),
    losses=5, slow_speed=Decimal("0.10"), stop_speed=Decimal("0.25"),
)  # fmt: skip
"""Every guard at the figure of DH-1009."""


def straddle_legs(spot: str = "600", time: str = "10:00", *, strikes: Sequence[int] = (600,),
                  session: TradingSession | None = None, width: float = 0.04) -> Legs:  # fmt: skip
    """Quotes of calls and puts, on whole cents, by the model."""
    seconds = ((session or a_session()).close - at(time)).total_seconds()
    shown: dict[str, tuple[float, float]] = {}
    for strike in strikes:
        for right in ("C", "P"):
            terms = Terms.from_rates(Decimal(spot), Decimal(strike), right == "C", years_from_seconds(seconds))
            cents = round(float(black_scholes.price(terms, VOLATILITY)) * 100)
            half = round(width * 50)
            shown[f"{right}{strike}"] = (max(0, cents - half) / 100, (max(0, cents - half) + 2 * half) / 100)
    return shown


def a_look(
    time: str = "10:00", spot: str | None = "600", *, book: Book | None = None, regime: Regime | None = None,
    legs: Legs | None = None, session: TradingSession | None = None, **more: Any,
) -> Situation:  # fmt: skip
    """The desk's situation at a New York time."""
    shown = straddle_legs(spot or "600", time, session=session) if legs is None else legs
    more.setdefault("buying_power", "500000")
    situation = a_situation(
        time, price=spot, pin=None, legs=shown, book=book or a_book(), underlying="SPY", session=session, **more
    )
    return evolve(situation, regime=regime or Regime())


def steps(situation: Situation, desk: DeltaHedgeDesk | None = None) -> list[Decision]:
    return list((desk or DeltaHedgeDesk()).decide(situation).steps)


# A ledger with a straddle ---------------------------------------------------------------------------------------------


def entry_of(contracts: int = 1) -> OrderTicket:
    return OrderTicket(
        "gc-entry", Purpose.ENTRY, "SPY", STRADDLE, (Leg(CALL, Side.BUY), Leg(PUT, Side.BUY)), contracts,
        Effect.DEBIT, Decimal("4.00"), "straddle",
    )  # fmt: skip


def judged(time: str = "09:45") -> ledger.EntryJudged:
    """The day's purchase is judged: nothing more is bought."""
    return ledger.EntryJudged(at(time), at(time), None, "", (), Decimal(600), None, None)


def intended(contracts: int = 1, time: str = "09:45", date: dt.date = DAY) -> list[Event]:
    """The straddle is ordered."""
    now = at(time, date)
    return [
        holding_began(now, STRADDLE, NAME, "SPY", {}, Decimal(0)),
        evolve(judged(), at=now, scheduled_at=now),
        ledger.OrderIntended(now, entry_of(contracts)),
        ledger.OrderAccepted(now, "gc-entry", "1"),
    ]


def entry_filled(calls: int, puts: int, time: str = "09:46", *, complete: bool = True,
                 date: dt.date = DAY) -> Event:  # fmt: skip
    """So many calls and puts at 2.00 each, so far."""
    fills = (LegFill(CALL.occ, Side.BUY, calls, Decimal(2)), LegFill(PUT.occ, Side.BUY, puts, Decimal(2)))
    execution = Execution(min(calls, puts), Decimal(4), legs=fills)
    return ledger.OrderFilled(at(time, date), "gc-entry", execution, complete)


def bought(contracts: int = 1, date: dt.date = DAY) -> list[Event]:
    """The straddle is held since 9:46."""
    return [*intended(contracts, date=date), entry_filled(contracts, contracts, date=date)]


def decided(
    time: str, reason: str = DELTA_HEDGE, *, net: str = "30", shares: int = 0, unusual_since: str | None = None
) -> holding_events.HedgeDecided:
    """What the desk said before."""
    since = None if unusual_since is None else at(unusual_since)
    return holding_events.HedgeDecided(
        at(time), STRADDLE, reason, "SPY", shares, Decimal(net), Decimal(100), Decimal("0.15"), None, "unknown",
        Decimal(600), Decimal(600), Decimal(1), NOTHING, since,
    )  # fmt: skip


def hedge_sent(
    shares: int, time: str, *, order: str = "gc-hedge", closes: bool = False, reason: str = DELTA_HEDGE,
    purpose: Purpose = Purpose.HEDGE, date: dt.date = DAY,
) -> list[Event]:  # fmt: skip
    """A share order is taken by the broker; what became of it is the caller's."""
    side = Side.BUY if shares > 0 else Side.SELL
    effect = Effect.DEBIT if shares > 0 else Effect.CREDIT
    leg = ShareLeg("SPY", side, closes)
    ticket = OrderTicket(order, purpose, "SPY", STRADDLE, (leg,), abs(shares), effect, None, reason)
    now = at(time, date)
    return [ledger.OrderIntended(now, ticket), ledger.OrderAccepted(now, order, "2")]


def filled(order: str, shares: int, time: str, *, price: str = "600", complete: bool = True,
           date: dt.date = DAY) -> Event:  # fmt: skip
    return ledger.OrderFilled(at(time, date), order, Execution(shares, Decimal(price)), complete)


def hedged(shares: int, time: str, *, order: str = "gc-hedge", **more: Any) -> list[Event]:
    """A hedge sent and filled in the same instant."""
    more_of_fill = {"date": more["date"]} if "date" in more else {}
    return [*hedge_sent(shares, time, order=order, **more), filled(order, abs(shares), time, **more_of_fill)]


# One decision by its figures ------------------------------------------------------------------------------------------


def a_hedged_book(
    delta: str | None = "0.50", *, contracts: int = 1, held: int = 0, in_flight: tuple[int, ...] = (),
    owed: int = 0, last_hedge: str | None = None, leftovers: tuple[str, ...] = (), symbol: str = CALL.occ,
) -> HedgedBook:  # fmt: skip
    """A book with one option of a delta (None: unknown), and hedge shares."""
    listing = Universe(HedgingSettings()).listing(symbol)
    options = HedgeBook(listing.book or "", last_hedge_at=None if last_hedge is None else at(last_hedge),
                        leftovers=set(leftovers))  # fmt: skip
    options.put(Holding(listing, symbol, contracts, None if delta is None else Decimal(delta), DAY))
    return HedgedBook(options, NOTHING, held, in_flight, owed)


def a_hedge_case(
    seen: HedgedBook | None = None, time: str = "10:00", *, book: Book | None = None, regime: Regime | None = None,
    price_age: float = 0, **settings: Any,
) -> HedgeCase:  # fmt: skip
    """The book at an instant, ready to be judged."""
    situation = a_look(time, book=book, regime=regime, price_age=price_age)
    inventory = a_holding(STRADDLE, NAME, "SPY", at("09:45"))
    return HedgeCase(evolve(HedgingSettings(), **settings), situation, inventory, seen or a_hedged_book())
