"""Orders: what we mean (ticket), what became of it (state, execution), and the id both sides know it by.

The client id is a hash of what the order is for, so that a repeat is recognised by us and by the broker. It begins with
the mark of the ledger it is of, so that two ledgers at one account are reported apart.
Rules: CS-402..414, R1, R4.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import Any

from attrs import evolve, field, frozen

from gammacore.domain.instruments import Side
from gammacore.domain.legs import Leg, LegFill, ShareLeg
from gammacore.errors import InvalidInput


class Purpose(StrEnum):
    """What an order is for; the tag the broker shows begins with it. Rule: CS-407."""

    ENTRY = "entry"
    EXIT = "exit"
    EMERGENCY = "emergency"
    REPAIR = "repair"
    HEDGE = "hedge"
    PROTECT = "protect"

    @property
    def tag_prefix(self) -> str:
        return _TAG_PREFIXES[self]

    @property
    def closes(self) -> bool:
        return self in (Purpose.EXIT, Purpose.EMERGENCY, Purpose.REPAIR, Purpose.PROTECT)


_TAG_PREFIXES = {
    Purpose.ENTRY: "GEXENTRY-",
    Purpose.EXIT: "GEXEXIT-",
    Purpose.EMERGENCY: "GEXEXIT-EMERGENCY-",
    Purpose.REPAIR: "GEXREPAIR-",
    Purpose.HEDGE: "GEXHEDGE-",
    Purpose.PROTECT: "GEXSTOP-",
}


class Effect(StrEnum):
    """Whether the order's net price is received (credit) or paid (debit)."""

    CREDIT = "credit"
    DEBIT = "debit"

    @property
    def sign(self) -> int:
        return 1 if self is Effect.CREDIT else -1


class OrderState(StrEnum):
    """Where an order stands. UNKNOWN is a state: it left and no answer came."""

    INTENDED = "intended"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    PARTIALLY_FILLED = "partially_filled"
    CANCEL_REQUESTED = "cancel_requested"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    NOT_SENT = "not_sent"

    @property
    def is_final(self) -> bool:
        """Nothing more is expected; only what the broker shows after all can still change it. Rule: CS-410."""
        return self in _FINAL

    def may_become(self, next_state: OrderState) -> bool:
        return next_state in _TRANSITIONS[self]


_FINAL = frozenset(
    {OrderState.FILLED, OrderState.CANCELED, OrderState.EXPIRED, OrderState.REJECTED, OrderState.NOT_SENT}
)
_ANSWERS = frozenset(OrderState) - {OrderState.INTENDED, OrderState.UNKNOWN, OrderState.NOT_SENT}
_FILLS = frozenset({OrderState.PARTIALLY_FILLED, OrderState.FILLED})
_TAKEN_AFTER_ALL = _FILLS | {OrderState.ACCEPTED}
_TRANSITIONS: dict[OrderState, frozenset[OrderState]] = {
    OrderState.INTENDED: _ANSWERS | {OrderState.UNKNOWN, OrderState.NOT_SENT},
    OrderState.UNKNOWN: _ANSWERS | {OrderState.NOT_SENT},
    OrderState.ACCEPTED: _ANSWERS,
    OrderState.PARTIALLY_FILLED: _ANSWERS - {OrderState.ACCEPTED},
    OrderState.CANCEL_REQUESTED: _ANSWERS - {OrderState.ACCEPTED},
    OrderState.FILLED: frozenset(),
    # the broker's late fill is a fill like any other (CS-410); what we only took for canceled is called back again
    OrderState.CANCELED: _FILLS | {OrderState.CANCEL_REQUESTED},
    OrderState.EXPIRED: _FILLS,
    OrderState.REJECTED: _TAKEN_AFTER_ALL,  # a refusal may come from between us and a broker that took the order
    OrderState.NOT_SENT: _TAKEN_AFTER_ALL,  # proven absent, and yet: what the broker holds decides
}


@frozen
class TicketLife:
    """How long one order may rest before it is called back: so many seconds, or the trading day (`seconds` None)."""

    seconds: int | None

    def __attrs_post_init__(self) -> None:
        if self.seconds is not None and self.seconds < 1:
            raise InvalidInput("seconds", self.seconds, "give at least 1 second, or none for the trading day")


THE_DAY = TicketLife(None)
"""The order rests until it fills or the session ends."""


@frozen
class OrderTicket:
    """One order as it is meant: legs, quantity, price in points (positive; `effect` says which way).

    Legs are 1 to 4 options, `quantity` counting spreads, or shares alone, `quantity` counting shares. `limit` None
    means market. `id` is the client id; it is also the end of the broker's tag. `life` None: its purpose decides how
    long it rests (`OrderLife`). At the broker every order is for the day. `stop`, points: its one option rests at
    the broker until it trades at that price or beyond, and is traded at market from then on.
    """

    id: str
    purpose: Purpose
    underlying: str
    holding: str
    legs: tuple[Leg | ShareLeg, ...]
    quantity: int
    effect: Effect
    limit: Decimal | None
    reason: str = ""
    life: TicketLife | None = None
    stop: Decimal | None = None

    def __attrs_post_init__(self) -> None:
        if self.quantity < 1:
            raise InvalidInput("quantity", self.quantity, "give at least 1 contract or share")
        if not 1 <= len(self.legs) <= 4:
            raise InvalidInput("legs", len(self.legs), "give 1 to 4 legs")
        if len(self.legs) > 1 and len(self.option_legs) < len(self.legs):
            raise InvalidInput("legs", self.symbols, "give shares an order of their own")
        if self.limit is not None and not (self.limit.is_finite() and self.limit > 0):
            raise InvalidInput("limit", self.limit, "give a price above 0, or none for a market order")
        if self.stop is not None:
            self._require_stop(self.stop)

    def _require_stop(self, stop: Decimal) -> None:
        if not (stop.is_finite() and stop > 0):
            raise InvalidInput("stop", stop, "give a price above 0, or none for an order without one")
        if len(self.legs) > 1 or self.is_shares or self.limit is not None:
            raise InvalidInput("stop", stop, "give it to one option leg at market")

    @property
    def tag(self) -> str:
        return self.purpose.tag_prefix + self.id

    @property
    def is_market(self) -> bool:
        return self.limit is None

    @property
    def is_stop(self) -> bool:
        """Whether it rests until the market comes to its stop price: it protects a short and ends no holding by itself.

        Every other order of ours that would close the same calls it back first (`OrderDesk.send`).
        """
        return self.stop is not None

    @property
    def symbols(self) -> tuple[str, ...]:
        return tuple(leg.symbol for leg in self.legs)

    @property
    def option_legs(self) -> tuple[Leg, ...]:
        """The legs that are options: all of them, or none in an order for shares."""
        return tuple(leg for leg in self.legs if isinstance(leg, Leg))

    @property
    def is_shares(self) -> bool:
        return isinstance(self.legs[0], ShareLeg)

    @property
    def closes(self) -> bool:
        """Whether it reduces what is held: known by its purpose for options, by the leg itself for shares."""
        leg = self.legs[0]
        return leg.closes if isinstance(leg, ShareLeg) else self.purpose.closes

    @property
    def buys_back(self) -> bool:
        """Whether it ends something sold short now: until it fills, the risk stays. A resting stop ends nothing yet."""
        return self.purpose.closes and not self.is_stop and any(leg.side is Side.BUY for leg in self.legs)

    @property
    def multiplier(self) -> int:
        """Dollars a point of price, for one spread or share."""
        return self.legs[0].multiplier

    def gained(self, before: Execution, now: Execution) -> dict[str, int]:
        """Signed contracts or shares by symbol that were filled between two cumulative executions."""
        more = {leg.symbol: leg.side.sign * (now.filled_of(leg) - before.filled_of(leg)) for leg in self.legs}
        return {symbol: change for symbol, change in more.items() if change}


def client_order_id(*, account: str, lineage: str, strategy: str, underlying: str, day: dt.date, position: str,
                    step: str, attempt: int) -> str:  # fmt: skip
    """The id of an order: the mark of its ledger, then a hash of what it is for; 28 letters and digits. Rule: R1.

    >>> client_order_id(account="paper", lineage="x", strategy="credit-spread", underlying="SPX",
    ...     day=dt.date(2026, 8, 19), position="p1", step="entry", attempt=1)
    'gc-2d711642...'
    """
    meaning = [account, lineage, strategy, underlying, day.isoformat(), position, step, attempt]
    digest = hashlib.sha256(json.dumps(meaning, separators=(",", ":")).encode()).hexdigest()
    return f"gc-{lineage_mark(lineage)}{digest[:17]}"


def lineage_mark(lineage: str) -> str:
    """How the client ids of a ledger of this lineage begin, behind `gc-`: 8 letters and digits. Decision 0033.

    >>> lineage_mark("x")
    '2d711642'
    """
    return hashlib.sha256(lineage.encode()).hexdigest()[:8]


def mark_of_id(order_id: str) -> str | None:
    """The mark of the ledger that made a client id; None where gammacore did not make it. Rules: CS-407, CS-574.

    >>> mark_of_id("gc-2d711642" + "0" * 17), mark_of_id("by-hand")
    ('2d711642', None)
    """
    found = _OUR_ID.fullmatch(order_id)
    return None if found is None else found["mark"]


_OUR_ID = re.compile(rf"(?:{'|'.join(_TAG_PREFIXES.values())})?gc-(?P<mark>[0-9a-f]{{8}})[0-9a-f]{{17}}")


def is_our_id(order_id: str) -> bool:
    """Whether an id, or the tag a broker shows instead, is of our making. Rules: CS-407, CS-574.

    >>> is_our_id("gc-" + "0a1b2" * 5), is_our_id("GEXENTRY-gc-" + "0a1b2" * 5), is_our_id("by-hand")
    (True, True, False)
    """
    return _OUR_ID.fullmatch(order_id) is not None


@frozen
class Execution:
    """All that has been filled of an order so far (cumulative, never an increment).

    `quantity` spreads were filled with every leg in ratio, at `price` points net (in the ticket's effect; None when the
    broker has not reported it). `legs` are given where the broker reports them. `fees` in dollars.
    """

    quantity: int
    price: Decimal | None
    fees: Decimal = Decimal(0)
    legs: tuple[LegFill, ...] = ()

    @property
    def any(self) -> bool:
        return self.quantity > 0 or any(leg.quantity > 0 for leg in self.legs)

    def filled_of(self, leg: Leg | ShareLeg) -> int:
        """Contracts or shares of one leg filled so far: as reported, else the ratio's part of the whole."""
        return next((fill.quantity for fill in self.legs if fill.symbol == leg.symbol), self.quantity * leg.ratio)

    def net_of_legs(self, ticket: OrderTicket) -> Decimal | None:
        """The net price of the whole spreads, points in the ticket's effect, where every leg has a price of its own."""
        prices = {fill.symbol: fill.price for fill in self.legs if fill.price > 0}
        if any(leg.symbol not in prices for leg in ticket.legs):
            return None
        received = sum((-leg.side.sign * leg.ratio * prices[leg.symbol] for leg in ticket.legs), Decimal(0))
        return ticket.effect.sign * received


NOTHING_FILLED = Execution(0, None)


@frozen
class OrderReport:
    """What the broker says of one order, in our words. `at` is the broker's time of the last change."""

    id: str
    broker_id: str
    state: OrderState
    execution: Execution
    at: dt.datetime
    reason: str = ""


@frozen
class Order:
    """An order in the book: the ticket and everything recorded of it since.

    `called_back` is why it was first asked back, "" while it was not.
    """

    ticket: OrderTicket
    state: OrderState
    intended_at: dt.datetime
    changed_at: dt.datetime
    broker_id: str = ""
    execution: Execution = field(default=NOTHING_FILLED)
    cancels: int = 0
    called_back: str = ""
    reason: str = ""
    price_verified: bool = True

    @property
    def id(self) -> str:
        return self.ticket.id

    @property
    def lacks_price(self) -> bool:
        """Ended and filled, and the broker has yet to say at what price: what is booked is our guess. Rule: CS-411."""
        return not self.price_verified and not self.is_working

    @property
    def is_working(self) -> bool:
        """The broker may still fill it: it counts in every limit."""
        return not self.state.is_final

    def unfilled(self, symbol: str) -> int:
        """Contracts or shares of one of its legs that have not filled; 0 of any other symbol."""
        leg = next((leg for leg in self.ticket.legs if leg.symbol == symbol), None)
        if leg is None:
            return 0
        by_leg = (fill.quantity for fill in self.execution.legs if fill.symbol == symbol)
        return leg.ratio * self.ticket.quantity - next(by_leg, leg.ratio * self.execution.quantity)

    def age_seconds(self, now: dt.datetime) -> float:
        return (now - self.intended_at).total_seconds()

    def moved(self, state: OrderState, at: dt.datetime, **changes: Any) -> Order:
        """The order after a change of state.

        Raises:
            InvalidInput: a change the life of an order does not allow.
        """
        if state is not self.state and not self.state.may_become(state):
            raise InvalidInput("state", f"{self.state} -> {state}", f"order {self.id} cannot change that way")
        return evolve(self, state=state, changed_at=at, **changes)


def tells_more(known: Execution, reported: Execution) -> bool:
    """Whether a cumulative execution goes beyond what is known; one that shows less is an old answer come late. R3.

    >>> from decimal import Decimal
    >>> tells_more(Execution(2, Decimal("2.50")), Execution(1, Decimal("2.50")))
    False
    """
    before = {fill.symbol: fill.quantity for fill in known.legs}
    after = {fill.symbol: fill.quantity for fill in reported.legs} or before
    if reported.quantity < known.quantity or any(after.get(symbol, 0) < count for symbol, count in before.items()):
        return False
    if reported.quantity > known.quantity or after != before:
        return True
    if reported == known:
        return False
    is_priced = bool(reported.price) and reported.quantity > 0  # of nothing whole, a net price says nothing
    return is_priced or _prices_a_leg(known, reported)  # the price comes at last, or corrected


def _prices_a_leg(known: Execution, reported: Execution) -> bool:
    """Whether a leg that was booked at no price, for only the holdings showed it, has one now. Rule: CS-411."""
    unpriced = {fill.symbol for fill in known.legs if not fill.price}
    return any(fill.price and fill.symbol in unpriced for fill in reported.legs)


def still_closing(orders: Iterable[Order], symbol: str) -> int:
    """Contracts or shares of a symbol that working orders may still close: a broker lets nothing be closed twice.

    A resting stop is not among them: it is called back before anything else is closed.
    """
    at_work = (order for order in orders if order.is_working and order.ticket.closes and not order.ticket.is_stop)
    return sum(order.unfilled(symbol) for order in at_work)
