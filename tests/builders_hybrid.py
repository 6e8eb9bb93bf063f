"""The hybrid's looks: shares held, changes of desks on the way, a market of a chosen volatility."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal

from builders import a_session, at
from builders_desk import a_book
from builders_gamma import a_gamma_look
from gammacore.domain import ledger
from gammacore.domain.desks.hybrid import HybridDesk
from gammacore.domain.holdings.plans import EntryTerms, Opening
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import DeskSwitched, Event
from gammacore.domain.legs import ShareLeg
from gammacore.domain.market import Bar
from gammacore.domain.market_history import MarketHistory
from gammacore.domain.orders import Effect, Execution, OrderTicket, Purpose
from gammacore.domain.strategy import Decision, Situation, SwitchDesk
from gammacore.domain.words import DeskState, SwitchStep

SHARES = "SPY-20260819-st0cka-1"
A, TO_GAMMA, G, TO_ST0CKA = DeskState.ST0CKA, DeskState.TO_GAMMA, DeskState.GAMMA, DeskState.TO_ST0CKA


def minutes_of(volatility: float, time: str) -> MarketHistory:
    """Twenty one-minute returns of alternating sign whose reading is this volatility."""
    step, now = volatility / math.sqrt(98_280 * 20 / 19), at(time)
    closes = [Decimal(repr(590 * math.exp(step * (number % 2)))) for number in range(21)]
    start = now - dt.timedelta(minutes=len(closes))
    bars = [
        Bar(start + dt.timedelta(minutes=number), 60, close, close, close, close) for number, close in enumerate(closes)
    ]
    return MarketHistory.of(now, a_session(), None, one_minute=bars)


def switched(before: DeskState | None, after: DeskState, step: SwitchStep, time: str) -> DeskSwitched:
    return DeskSwitched(at(time), before, after, step, Decimal("0.25"), "intraday")


def shares_held(target: bool = False) -> list[Event]:
    """Three shares of ST0CKA, bought at 09:45, with their target at work or not."""
    bought = OrderTicket("gc-buy", Purpose.ENTRY, "SPY", SHARES, (ShareLeg("SPY", Side.BUY, closes=False),), 3,
                         Effect.DEBIT, Decimal(590), "st0cka")  # fmt: skip
    rests = OrderTicket("gc-target", Purpose.EXIT, "SPY", SHARES, (ShareLeg("SPY", Side.SELL, closes=True),), 3,
                        Effect.CREDIT, Decimal("600"), "profit_target")  # fmt: skip
    opens = Opening("st0cka", "SPY", terms=EntryTerms(Decimal(3), Decimal(590), Decimal("10"), Decimal("5")))
    events: list[Event] = [
        ledger.OrderIntended(at("09:45"), bought, opens),
        ledger.OrderFilled(at("09:45"), "gc-buy", Execution(3, Decimal(590)), complete=True),
    ]
    if target:
        events += [ledger.OrderIntended(at("09:46"), rests), ledger.OrderAccepted(at("09:46"), "gc-target", "7")]
    return events


def a_look(volatility: float | None, *events: Event, time: str = "10:30", **more: object) -> Situation:
    """A look at a market of this volatility (None: nothing to read it from)."""
    history = None if volatility is None else minutes_of(volatility, time)
    book = a_book(*events, balance="100000")
    return a_gamma_look(time, book=book, history=history, **more)  # type: ignore[arg-type]


def steps(situation: Situation, desk: HybridDesk | None = None) -> list[Decision]:
    return list((desk or HybridDesk()).decide(situation).steps)


def changes(situation: Situation, desk: HybridDesk | None = None) -> list[tuple[DeskState, SwitchStep]]:
    return [(one.after, one.step) for one in steps(situation, desk) if isinstance(one, SwitchDesk)]
