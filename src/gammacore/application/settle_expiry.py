"""Settle what expired: by intrinsic value at the settlement print, in cash or in shares."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from gammacore.application.day_ledger import DayLedger
from gammacore.application.manage_positions import closed
from gammacore.domain.instruments import (
    EQUITY_OPTION_MULTIPLIER,
    REGISTRY,
    OptionContract,
    Right,
    Underlying,
    parse_occ,
    roots_of,
)
from gammacore.domain.inventory import Inventory
from gammacore.domain.inventory_events import InventorySettled, SharesDelivered
from gammacore.domain.ledger import AlarmRaised, Event, SettlementAwaited
from gammacore.domain.positions import Position, PositionState
from gammacore.domain.unknown_underlying import underlying_at_exit
from gammacore.errors import MarketDataError
from gammacore.ports.clock import Clock
from gammacore.ports.market_data import MarketData, SettlementPrint

LEAST_EXERCISED = Decimal("0.01")


class SettleExpiry:
    """Books every position whose contracts have stopped trading. Rules: CS-017, CS-521, CS-528, CS-529, R11."""

    def __init__(
        self, ledger: DayLedger, market: MarketData, clock: Clock, underlyings: Mapping[str, Underlying]
    ) -> None:
        self._ledger = ledger
        self._market = market
        self._clock = clock
        self._underlyings = {**REGISTRY, **underlyings}
        self._roots = roots_of(self._underlyings)

    def __call__(self, date: dt.date) -> None:
        """Settle positions expiring on or before `date`, whose trading has ended."""
        for position in self._ledger.book.live_positions:
            expiry = position.spread.sides[0].short.expiry
            if expiry > date or self._is_busy(position.id) or position.is_flat:
                continue
            print_ = self._print(position.underlying, expiry)
            if print_ is None:
                self._await(position)
            else:
                self._ledger.record(*self._settled(position, print_))

        for inventory in self._ledger.book.live_inventories:
            self._settle_inventory(inventory, date)

    def _settle_inventory(self, inventory: Inventory, date: dt.date) -> None:
        """Take each expired option of an inventory out at its worth; shares that move with it are taken in. CS-529."""
        if self._is_busy(inventory.id):
            return
        for symbol, held in inventory.quantities.items():
            if not inventory.holdings[symbol].is_option or (contract := parse_occ(symbol, self._roots)).expiry > date:
                continue
            if (print_ := self._print(contract.underlying, contract.expiry)) is not None:
                self._ledger.record(*self._settled_option(inventory, contract, held, print_))

    def _settled_option(
        self, inventory: Inventory, contract: OptionContract, held: int, print_: SettlementPrint
    ) -> list[Event]:
        now, worth = self._clock.now(), contract.intrinsic(print_.price)
        underlying, _ = underlying_at_exit(contract, self._underlyings)
        shares = 0 if underlying.cash_settled else _delivered(contract, held, print_.price)
        settled = InventorySettled(
            now, inventory.id, contract.occ, held, worth, contract.underlying, shares, print_.price, print_.estimated
        )
        if not shares:
            return [settled]
        detail = f"{shares:+d} {contract.underlying} shares by exercise or assignment of {contract.occ}"
        return [settled, AlarmRaised(now, "shares_delivered", detail, inventory.id)]

    def _is_busy(self, position: str) -> bool:
        return any(order.is_working for order in self._ledger.book.orders_of(position))

    def _print(self, underlying: str, expiry: dt.date) -> SettlementPrint | None:
        try:
            return self._market.settlement(underlying, expiry)
        except MarketDataError:
            return None  # not readable is not printed yet: asked again next cycle

    def _await(self, position: Position) -> None:
        if position.state is PositionState.AWAITING_SETTLEMENT:
            return
        now = self._clock.now()
        detail = "expired without an official settlement price; retried every cycle"
        self._ledger.record(
            SettlementAwaited(now, position.id), AlarmRaised(now, "awaiting_settlement", detail, position.id)
        )

    def _settled(self, position: Position, print_: SettlementPrint) -> list[Event]:
        now, price = self._clock.now(), print_.price
        value = sum(
            (
                held * contract.intrinsic(price)
                for contract in position.spread.contracts
                if (held := position.holdings.get(contract.occ, 0))
            ),
            Decimal(0),
        )
        events: list[Event] = []
        underlying, unknown = underlying_at_exit(position.spread.sides[0].short, self._underlyings)
        if unknown:
            detail = f"{position.underlying} is in no registry; settled as if in shares"
            events.append(AlarmRaised(now, "unknown_underlying", detail, position.id))
        if not underlying.cash_settled:
            events.extend(deliveries(position, price, now))
        events.append(closed(position, now, "settled", position.gross + value * 100, price, print_.estimated))
        return events


def deliveries(position: Position, price: Decimal, at: dt.datetime) -> list[Event]:
    """Shares that change hands where options settle physically; legs that cancel out deliver nothing. Rule: CS-529.

    A contract at least 0.01 in the money is exercised or assigned: puts move shares against, calls with the holding.
    """
    shares = 0
    strike = Decimal(0)
    for contract in position.spread.contracts:
        held = position.holdings.get(contract.occ, 0)
        if moved := _delivered(contract, held, price):
            shares += moved
            strike = contract.strike if held < 0 or not strike else strike
    if shares == 0:
        return []
    detail = f"{shares:+d} {position.underlying} shares at {strike} by assignment; they go at the next open unless kept"
    return [
        SharesDelivered(at, position.id, position.underlying, shares, strike, price),
        AlarmRaised(at, "shares_delivered", detail, position.id),
    ]


def _delivered(contract: OptionContract, held: int, price: Decimal) -> int:
    """Signed shares that exercise or assignment of signed contracts moves at a settlement price."""
    if contract.intrinsic(price) < LEAST_EXERCISED:
        return 0
    return (held if contract.right is Right.CALL else -held) * EQUITY_OPTION_MULTIPLIER
