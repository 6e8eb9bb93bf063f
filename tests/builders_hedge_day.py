"""A hedged day as ledger events: two straddles bought, hedged twice, the calls sold, the puts expired worthless."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from attrs import evolve

from builders import DAY, at
from builders_day import day_finished, day_started, filters, ledger_opened
from builders_holdings import holding_began, holding_closed
from gammacore.domain import holding_events, ledger
from gammacore.domain.instruments import REGISTRY, OptionContract, Right, Side
from gammacore.domain.ledger import Event
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.orders import Effect, Execution, OrderTicket, Purpose

HELD = "SPY-20260105-straddle"
NEXT_DAY = DAY + dt.timedelta(days=1)
HUNDRED = Decimal(100)


def an_option(right: Right, strike: int = 600) -> OptionContract:
    return REGISTRY["SPY"].contract(DAY, right, Decimal(strike))


CALL, PUT = an_option(Right.CALL), an_option(Right.PUT)


def traded(ticket: OrderTicket, sent: dt.datetime, price: str, fees: str = "0") -> list[Event]:
    """Intended, taken and filled a minute later."""
    execution = Execution(ticket.quantity, Decimal(price), Decimal(fees))
    return [
        ledger.OrderIntended(sent, ticket),
        ledger.OrderAccepted(sent, ticket.id, "8675309"),
        ledger.OrderFilled(sent + dt.timedelta(minutes=1), ticket.id, execution, complete=True),
    ]


def bought(price: str = "3.10", contracts: int = 2) -> list[Event]:
    """Judged at 09:45 and bought."""
    slot = at("09:45")
    legs = (Leg(CALL, Side.BUY), Leg(PUT, Side.BUY))
    ticket = OrderTicket(
        "entry-1", Purpose.ENTRY, "SPY", HELD, legs, contracts, Effect.DEBIT, Decimal("3.12"), "straddle"
    )
    judged = ledger.EntryJudged(slot, slot, None, "", filters(), Decimal("600.10"), None, Decimal("16.4"))
    began = holding_began(slot, HELD, "delta-hedge", "SPY", {}, Decimal(0))
    return [judged, began, *traded(ticket, slot, price, "2.60")]


def decided(
    when: str, net_shares: str, shares: int, price: str, gex: str | None = "5200000"
) -> holding_events.HedgeDecided:
    """What the desk said at a price, by dealer gamma that is positive, negative or unknown (None)."""
    negative = gex is not None and gex.startswith("-")
    return holding_events.HedgeDecided(
        at=at(when), holding=HELD, reason="delta_hedge" if shares else "below_threshold", symbol="SPY", shares=shares,
        net_shares=Decimal(net_shares), unit=HUNDRED, threshold=Decimal("0.10" if negative else "0.15"),
        gex=None if gex is None else Decimal(gex), gex_status="unknown" if gex is None else "known",
        underlying_price=Decimal(price), hedge_price=Decimal(price), ratio=Decimal(1),
    )  # fmt: skip


def share_ticket(order: str, purpose: Purpose, shares: int, *, closes: bool, reason: str) -> OrderTicket:
    side = Side.BUY if shares > 0 else Side.SELL
    effect = Effect.DEBIT if shares > 0 else Effect.CREDIT
    return OrderTicket(
        order, purpose, "SPY", HELD, (ShareLeg("SPY", side, closes=closes),), abs(shares), effect, None, reason
    )


def hedged(decision: holding_events.HedgeDecided, number: int, price: str, *, closes: bool = False) -> list[Event]:
    """Decided, and filled at a price of its own."""
    ticket = share_ticket(f"hedge-{number}", Purpose.HEDGE, decision.shares, closes=closes, reason=decision.reason)
    filled = traded(ticket, decision.at, price)
    return [decision, *filled]


def a_hedge_day_open() -> list[Event]:
    """Bought and hedged twice, nothing ended yet: 21 shares held."""
    started: Event = evolve(day_started(underlying="SPY"), strategy="delta-hedge")
    return [
        ledger_opened(),
        started,
        *bought(),
        *hedged(decided("10:00", "-45.5", 46, "600.50"), 1, "600.60"),
        decided("10:02", "1.25", 0, "600.55"),
        *hedged(decided("11:00", "25", -25, "601.10", gex="-15000"), 2, "601.00", closes=True),
    ]


def a_hedge_day() -> list[Event]:
    """The whole of it: options +380, shares +60.40, fees 3.90."""
    sell_calls = OrderTicket(
        "exit-1", Purpose.EXIT, "SPY", HELD, (Leg(CALL, Side.SELL),), 2, Effect.CREDIT, None, "market_close_exit"
    )
    flatten = share_ticket("exit-2", Purpose.EXIT, -21, closes=True, reason="daily_flatten")
    close = at("16:00")
    return [
        *a_hedge_day_open(),
        *traded(sell_calls, at("15:45"), "5.00", "1.30"),
        *traded(flatten, at("15:45"), "603.00"),
        holding_events.HoldingSettled(close, HELD, PUT.occ, 2, Decimal(0), "SPY", 0, Decimal("605.02"), False),
        holding_closed(close, HELD, "daily_flatten", Decimal(380), Decimal("60.40"), Decimal("3.90")),
        day_finished("20436.50"),
    ]


def a_delivery(*, sold: bool) -> list[Event]:
    """100 shares delivered at Monday's close; on Tuesday they are sold for a dollar more, or still held."""
    delivery = holding_events.SharesDelivered(at("16:00"), "p1", "SPY", 100, Decimal(600), Decimal(598))
    tuesday: list[Event] = [ledger_opened(), day_started(underlying="SPY"), delivery, day_started(NEXT_DAY, "SPY")]
    if not sold:
        return tuesday
    ticket = OrderTicket(
        "exit-9", Purpose.EXIT, "SPY", "shares-p1", (ShareLeg("SPY", Side.SELL, closes=True),), 100, Effect.CREDIT,
        None, "delivered_shares",
    )  # fmt: skip
    end = holding_closed(
        at("09:32", NEXT_DAY), "shares-p1", "delivered_shares", Decimal(0), Decimal("100.00"), Decimal("0")
    )
    return [*tuesday, *traded(ticket, at("09:30", NEXT_DAY), "599.00"), end]
