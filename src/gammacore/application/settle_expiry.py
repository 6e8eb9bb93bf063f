"""Settle what expired: by intrinsic value at the settlement print, in cash or in shares."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import partial

from gammacore.application.alarms import Containment
from gammacore.application.day_ledger import DayLedger
from gammacore.domain.book.results import SETTLED, booked, end_of
from gammacore.domain.holding_events import HoldingSettled, SettlementAwaited, SharesDelivered
from gammacore.domain.holdings.holding import AnyHolding, HoldingState
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER, REGISTRY, OptionContract, Right, Underlying
from gammacore.domain.ledger import AlarmRaised, Event
from gammacore.domain.legs import underlying_at_exit
from gammacore.domain.sessions import new_york_date
from gammacore.errors import MarketDataError
from gammacore.ports.clock import Clock
from gammacore.ports.market_data import MarketData, SettlementPrint

LEAST_EXERCISED = Decimal("0.01")
Prints = dict[tuple[str, dt.date], SettlementPrint]
"""By underlying and expiry."""


class SettleExpiry:
    """Takes expired options out of every holding at their worth, and books what is flat then.

    Where options settle in shares, those of a spread move as a holding of their own; any other holding takes them in.
    Rules: CS-017, CS-521, CS-528, CS-529, R11.
    """

    def __init__(
        self, ledger: DayLedger, market: MarketData, clock: Clock, underlyings: Mapping[str, Underlying]
    ) -> None:
        self._ledger = ledger
        self._market = market
        self._clock = clock
        self._underlyings = {**REGISTRY, **underlyings}
        self._contained = Containment(ledger, clock)

    def __call__(self, date: dt.date) -> None:
        """Settle options expiring on or before `date`, whose trading has ended."""
        for holding in self._ledger.book.live_holdings:
            if not self._is_busy(holding):
                self._contained(partial(self._settle, holding, date), f"the settlement of {holding.id}", holding.id)

    def _settle(self, holding: AnyHolding, date: dt.date) -> None:
        contracts = (holding.contract(symbol) for symbol in holding.options)
        expired = [contract for contract in contracts if contract.expiry <= date]
        if not expired:
            self._take_back(holding)
            return
        prints: Prints = {}
        for underlying, expiry in dict.fromkeys((contract.underlying, contract.expiry) for contract in expired):
            if (print_ := self._print(underlying, expiry)) is None:
                self._await(holding)
                return
            prints[underlying, expiry] = print_
        events: list[Event] = list(self._deliveries(holding, prints))
        after = holding
        for contract in expired:
            last = prints[contract.underlying, contract.expiry]
            settled = self._settled(holding, contract, last)
            events.extend(self._taken_in(settled, contract))
            after = after.settled(
                settled.symbol, settled.quantity, settled.worth, settled.underlying, settled.shares, settled.price
            )
        if after.is_flat:
            reason = SETTLED if holding.plan is not None else end_of(after, self._ledger.book.orders_of(holding.id))
            events.append(booked(after, self._clock.now(), reason, last.price, estimated=last.estimated))
        self._ledger.record(*events)

    def _settled(self, holding: AnyHolding, contract: OptionContract, print_: SettlementPrint) -> HoldingSettled:
        held = holding.held(contract.occ)
        cash_settled = underlying_at_exit(contract, self._underlyings)[0].cash_settled
        moves = holding.plan is None and not cash_settled
        return HoldingSettled(
            self._clock.now(), holding.id, contract.occ, held, contract.intrinsic(print_.price), contract.underlying,
            _delivered(contract, held, print_.price) if moves else 0, print_.price, print_.estimated,
        )  # fmt: skip

    def _taken_in(self, settled: HoldingSettled, contract: OptionContract) -> Iterator[Event]:
        yield settled
        if settled.shares:
            moved = f"{settled.shares:+d} {settled.underlying} shares by exercise or assignment of {contract.occ}"
            yield AlarmRaised(settled.at, "shares_delivered", moved, settled.holding)

    def _deliveries(self, holding: AnyHolding, prints: Prints) -> Iterator[Event]:
        """Shares of a spread that change hands where options settle physically; legs that cancel out deliver nothing.

        A contract at least 0.01 in the money is exercised or assigned: puts move shares against, calls with the
        holding. Rules: CS-017, CS-529.
        """
        if holding.plan is None:
            return
        now, short = self._clock.now(), holding.sides[0].short
        underlying, unknown = underlying_at_exit(short, self._underlyings)
        if unknown:
            detail = f"{holding.underlying} is in no registry; settled as if in shares"
            yield AlarmRaised(now, "unknown_underlying", detail, holding.id)
        print_ = prints.get((short.underlying, short.expiry))
        if print_ is not None and not underlying.cash_settled:
            yield from deliveries(holding, print_.price, now)

    def _await(self, holding: AnyHolding) -> None:
        if holding.state is HoldingState.AWAITING_SETTLEMENT:
            return
        now = self._clock.now()
        detail = "expired without an official settlement price; retried every cycle"
        self._ledger.record(
            SettlementAwaited(now, holding.id), AlarmRaised(now, "awaiting_settlement", detail, holding.id)
        )

    def _take_back(self, holding: AnyHolding) -> None:
        """What awaits a settlement while its session is open trades still: it is watched and closed again. Rule: R7."""
        if holding.state is HoldingState.AWAITING_SETTLEMENT:
            now = self._clock.now()
            detail = "counted as expired by a wrong clock; its session is open, so it is watched and closed again"
            self._ledger.record(
                SettlementAwaited(now, holding.id, expired=False),
                AlarmRaised(now, "settlement_not_due", detail, holding.id),
            )

    def _is_busy(self, holding: AnyHolding) -> bool:
        return any(order.is_working for order in self._ledger.book.orders_of(holding.id))

    def _print(self, underlying: str, expiry: dt.date) -> SettlementPrint | None:
        try:
            return self._market.settlement(underlying, expiry)
        except MarketDataError:
            return None  # not readable is not printed yet: asked again next cycle


def deliveries(holding: AnyHolding, price: Decimal, at: dt.datetime) -> Iterator[Event]:
    """The shares that a spread's legs move in all at a settlement price, and their alarm; none where they cancel out.

    The strike is that of a short leg, where one is exercised.
    """
    shares, strike = 0, Decimal(0)
    for leg in (contract for side in holding.sides for contract in (side.short, side.long)):
        held = holding.held(leg.occ)
        if moved := _delivered(leg, held, price):
            shares += moved
            strike = leg.strike if held < 0 or not strike else strike
    if shares:
        moved_at = f"{shares:+d} {holding.underlying} shares at {strike} by assignment"
        yield SharesDelivered(at, holding.id, holding.underlying, shares, strike, price)
        is_late = new_york_date(at) > holding.sides[0].short.expiry
        when = "at the next look of an open session" if is_late else "at the next open"
        yield AlarmRaised(at, "shares_delivered", f"{moved_at}; they go {when} unless kept", holding.id)


def _delivered(contract: OptionContract, held: int, price: Decimal) -> int:
    """Signed shares that exercise or assignment of signed contracts moves at a settlement price."""
    if contract.intrinsic(price) < LEAST_EXERCISED:
        return 0
    return (held if contract.right is Right.CALL else -held) * EQUITY_OPTION_MULTIPLIER
