"""Every holding of a ledger: the part of the book that folds what is held, from its first order to its booking.

Rules: CS-412, CS-561..565, CS-572, DH-243.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import assert_never

from attrs import evolve

from gammacore.domain.holding_events import (
    CloseDecided,
    HoldingAdjusted,
    HoldingAdopted,
    HoldingClosed,
    HoldingSettled,
    PolicyRecorded,
    SettlementAwaited,
    SharesDelivered,
    WatchChanged,
)
from gammacore.domain.holdings.holding import (
    AnyHolding,
    Holding,
    HoldingState,
    Origin,
    SoldSpread,
    is_spread,
    sold_spreads,
)
from gammacore.domain.holdings.lots import ZERO
from gammacore.domain.holdings.plans import (
    DeltaWatch,
    Notes,
    Opening,
    RWatch,
    SpreadPlan,
    SpreadTerms,
    SpreadWatch,
    Watch,
    plan_of,
)
from gammacore.domain.holdings.policy import StopPolicy
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER
from gammacore.domain.ledger import OrderFilled, OrderIntended
from gammacore.domain.orders import Order, Purpose
from gammacore.domain.sessions import TradingSession, new_york_date
from gammacore.domain.spreads import CreditSpread
from gammacore.errors import InvalidInput

HoldingChange = (
    PolicyRecorded
    | HoldingAdopted
    | WatchChanged
    | CloseDecided
    | SettlementAwaited
    | SharesDelivered
    | HoldingSettled
    | HoldingAdjusted
    | HoldingClosed
)
"""The events of a holding that change what is known of it."""

UNFILLED = "unfilled"
"""Why a holding is over of whose orders none filled."""


class HoldingLog:
    """Folds what happens to holdings; `live` are those not over, entries at work included, oldest first."""

    def __init__(self) -> None:
        self._all: dict[str, AnyHolding] = {}
        self._live: dict[str, None] = {}
        self._policies: dict[str, StopPolicy] = {}
        self._shown: tuple[tuple[AnyHolding, ...], tuple[SoldSpread, ...]] | None = None
        """`live` and `live_spreads` as last asked for: asked many times a look, changed a few times a day."""

    @property
    def by_id(self) -> Mapping[str, AnyHolding]:
        return MappingProxyType(self._all)

    @property
    def live(self) -> tuple[AnyHolding, ...]:
        return (self._shown or self._show())[0]

    @property
    def live_spreads(self) -> tuple[SoldSpread, ...]:
        """The credit spreads among them of which something has filled."""
        return (self._shown or self._show())[1]

    def _show(self) -> tuple[tuple[AnyHolding, ...], tuple[SoldSpread, ...]]:
        live = tuple(map(self._all.__getitem__, self._live))
        self._shown = live, tuple(spread for spread in sold_spreads(live) if spread.has_filled)
        return self._shown

    def knows_policy(self, policy: str) -> bool:
        return policy in self._policies

    def expected(self) -> dict[str, int]:
        """Signed contracts and shares in all live holdings, by symbol."""
        total: dict[str, int] = {}
        for holding in self.live:
            for symbol, quantity in holding.quantities.items():
                total[symbol] = total.get(symbol, 0) + quantity
        return {symbol: quantity for symbol, quantity in total.items() if quantity}

    # -- orders -------------------------------------------------------------------------------------------------------

    def intended(self, event: OrderIntended) -> None:
        """Begin the holding an order opens; count an order that is to end one."""
        ticket, opens = event.ticket, event.opens
        known = self._all.get(ticket.holding)
        if opens is not None:
            if event.policy is not None and opens.spread is not None:
                self._policies[opens.spread.policy] = event.policy
            if known is None or not known.is_live:
                self._begin(event, opens)
        elif known is None:
            raise InvalidInput("opens", ticket.id, "the first order of a holding says what it opens")
        elif ticket.purpose.closes and not ticket.is_stop:
            self._set(evolve(known, close_attempts=known.close_attempts + 1))

    def _begin(self, event: OrderIntended, opens: Opening) -> None:
        ticket, plan = event.ticket, None
        if opens.spread is not None:
            spread = CreditSpread.of_legs(ticket.option_legs)
            plan = self._plan(opens.spread, ticket.holding, spread, ticket.quantity, ticket.limit)
        self._put(
            Holding(
                ticket.holding, opens.owner, opens.underlying, Origin.CHOSEN, HoldingState.ENTERING, event.at, plan,
                terms=opens.terms,
            )
        )  # fmt: skip

    def filled(self, order: Order, event: OrderFilled) -> None:
        """Take a fill in; `order` is the order as it was before.

        A holding already booked begins anew by it, and is booked once more when flat; what changes nothing of it does
        not, for nothing would end it. Only what closes a spread that was booked belongs to nothing: it is compared with
        the broker and quarantined. Rule: CS-564.
        """
        before, now, holding = order.execution, event.execution, self._known(order.ticket.holding)
        is_entry = order.ticket.purpose is Purpose.ENTRY
        if not holding.is_live and is_spread(holding) and not is_entry:
            self._set(holding.filled(order.ticket, before, now))
            return
        was_live, holding = holding.is_live, holding if holding.is_live else holding.anew(event.at)
        if is_spread(holding) and is_entry:
            after: AnyHolding = holding.entered(order.ticket, before, now, event.at, verified=event.price_verified)
        else:
            after = holding.filled(order.ticket, before, now)
        if was_live or after.has_filled:
            self._put(after)

    def ended(self, order: Order, *, works: bool, at: dt.datetime) -> None:
        """An order has ended; `works` whether another of its holding does. One that never filled is over by that."""
        holding = self._all.get(order.ticket.holding)
        if holding is not None and holding.state is HoldingState.ENTERING and not works:
            self._live.pop(holding.id)
            self._set(holding.closed(at, UNFILLED))

    # -- events of holdings -------------------------------------------------------------------------------------------

    def apply(self, event: HoldingChange) -> None:
        """Take one more event of a holding in.

        Raises:
            InvalidInput: an event that cannot follow what is known of the holding.
        """
        match event:
            case PolicyRecorded():
                self._policies[event.id] = event.policy
            case HoldingAdopted():
                self._adopted(event)
            case WatchChanged():
                self._set(_with_watch(self._open(event.holding), event.watch))
            case CloseDecided():
                self._closing(event)
            case SettlementAwaited():
                holding = self._open(event.holding)
                decided = HoldingState.OPEN if holding.exit_decided_at is None else HoldingState.CLOSING
                state = HoldingState.AWAITING_SETTLEMENT if event.expired else decided
                self._set(evolve(holding, state=state))
            case SharesDelivered():
                self._delivered(event)
            case HoldingSettled():
                self._settled(event)
            case HoldingAdjusted():
                self._adjusted(event)
            case HoldingClosed():
                self._closed(event)
            case _:
                assert_never(event)

    def _adopted(self, event: HoldingAdopted) -> None:
        if event.holding in self._all:
            raise InvalidInput("holding", event.holding, "a holding is adopted once, under an id of its own")
        plan = None
        if event.spread is not None:
            if event.policy is not None:
                self._policies[event.spread.policy] = event.policy
            if event.spread.spread is None:
                raise InvalidInput("spread", event.holding, "an adopted spread names its legs")
            plan = self._plan(event.spread, event.holding, event.spread.spread, event.contracts, None)
        state = HoldingState.OPEN if event.symbols else HoldingState.ENTERING
        holding: AnyHolding = Holding(
            event.holding, event.owner, event.underlying, event.origin, state, event.opened_at, plan,
            event.contracts, event.price if plan is not None else ZERO, terms=event.terms,
        )  # fmt: skip
        for symbol, quantity in event.symbols.items():
            holding = holding.traded(symbol, quantity, event.prices.get(symbol, event.price))
        if plan is not None:
            holding = evolve(holding, cash=event.price * event.contracts * EQUITY_OPTION_MULTIPLIER)
        self._put(_with_watch(holding, event.watch or holding.watch))

    def _closing(self, event: CloseDecided) -> None:
        holding = self._open(event.holding)
        if not holding.has_filled:
            raise InvalidInput("holding", holding.id, "nothing of it has filled, so there is nothing to close")
        self._set(evolve(holding, state=HoldingState.CLOSING, exit_reason=event.reason, exit_decided_at=event.at))

    def _delivered(self, event: SharesDelivered) -> None:
        """Shares that settlement moved are a holding of their own, at the settlement price. Rule: CS-529."""
        since = _delivered_at(event, self._all.get(event.holding))
        delivered: AnyHolding = Holding(
            event.new_holding, str(Origin.DELIVERED), event.symbol, Origin.DELIVERED, HoldingState.OPEN, since, None
        )
        self._put(delivered.traded(event.symbol, event.shares, event.basis))

    def _settled(self, event: HoldingSettled) -> None:
        holding = self._open(event.holding)
        settled = (event.symbol, event.quantity, event.worth, event.underlying, event.shares, event.price)
        self._put(holding.settled(*settled))

    def _adjusted(self, event: HoldingAdjusted) -> None:
        """Take in what went, or came back; what comes back after the booking opens the holding again."""
        known = self._known(event.holding)
        holding = known if known.is_live else known.anew(event.at)
        self._put(holding.adjusted(event.symbol, event.change, event.price, event.at, is_guess=event.is_guess))

    def _closed(self, event: HoldingClosed) -> None:
        """Book a holding; format 1 also booked what never filled, which is over with its last order already."""
        if event.reason == UNFILLED and self._known(event.holding).exit_reason == UNFILLED:
            return
        closed = self._open(event.holding).closed(event.at, event.reason)
        self._live.pop(event.holding, None)
        self._set(closed)

    def _plan(
        self, terms: SpreadTerms, holding: str, spread: CreditSpread, contracts: int, limit: Decimal | None
    ) -> SpreadPlan:
        if (policy := self._policies.get(terms.policy)) is None:
            raise InvalidInput(
                "policy", terms.policy, "a stop policy is recorded before the first spread that names it"
            )
        return plan_of(terms, holding, spread, contracts, limit, policy)

    def _put(self, holding: AnyHolding) -> None:
        self._live[holding.id] = None
        self._set(holding)

    def _set(self, holding: AnyHolding) -> None:
        self._all[holding.id] = holding
        self._shown = None

    def _known(self, holding: str) -> AnyHolding:
        if (known := self._all.get(holding)) is None:
            raise InvalidInput("holding", holding, "no such holding was ever opened in this ledger")
        return known

    def _open(self, holding: str) -> AnyHolding:
        if not (known := self._known(holding)).is_live:
            raise InvalidInput("holding", holding, "a holding is closed once, and nothing follows (CS-564)")
        return known


def _with_watch(holding: AnyHolding, watch: Watch) -> AnyHolding:
    match watch:
        case SpreadWatch():
            return evolve(holding, watch=watch)
        case Notes():
            return evolve(holding, notes=watch)
        case RWatch() | DeltaWatch():
            return evolve(holding, memory=watch)
        case _:
            assert_never(watch)


def _delivered_at(event: SharesDelivered, spread: AnyHolding | None) -> dt.datetime:
    """Since when the shares are held: a start that came days after the expiry noted it late. Rule: CS-529."""
    if spread is None or not spread.sides:
        return event.at
    expiry = spread.sides[0].short.expiry
    return event.at if new_york_date(event.at) <= expiry else TradingSession.of(expiry).close
