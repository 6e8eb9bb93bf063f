"""The account at the fake exchange: orders, holdings and cash, what they tie up, and what expiry does to them.

Kept in memory, or in a file of its own. The file is the exchange's memory, not ours: a trading process that is killed
finds it as it left it. Rules: CS-006, R2.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable, Mapping
from decimal import Decimal
from itertools import takewhile
from pathlib import Path
from typing import Any

from attrs import define, field, frozen
from cattrs import Converter

from gammacore.adapters.fake.order import ExchangeOrder
from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.instruments import (
    EQUITY_OPTION_MULTIPLIER,
    OptionContract,
    Right,
    SettlementTime,
    Underlying,
    settlement_time,
)
from gammacore.domain.legs import ShareLeg
from gammacore.domain.sessions import TradingSession
from gammacore.errors import CorruptLedger, MarketDataError
from gammacore.ports.market_data import MarketData

LONG_SHARES = Decimal("0.25")
"""Part of their value that shares owned tie up: FINRA Rule 4210(c)(1), the intraday standard."""
SHORT_SHARES = Decimal("1.30")
"""Part of their value that shares sold short tie up, proceeds included: FINRA Rule 4210(c)(3)."""


def option_requirement(holdings: Mapping[OptionContract, int]) -> Decimal:
    """Dollars the signed contracts can cost at the worst settlement price: what a broker holds back for them.

    A vertical ties up its width, a condor its wider wing (only one side can finish in the money); the credit received
    is in cash already. An uncovered put ties up its strike, an uncovered call about as much. Contracts of different
    roots or expiries do not cover each other.
    """
    series: dict[tuple[object, ...], list[tuple[OptionContract, int]]] = {}
    for contract, held in holdings.items():
        if held:
            series.setdefault((contract.root, contract.expiry), []).append((contract, held))
    return sum((_worst_cost(members) for members in series.values()), Decimal(0))


def _worst_cost(members: list[tuple[OptionContract, int]]) -> Decimal:
    strikes = [contract.strike for contract, _ in members]
    # the payoff is a line between strikes; beyond the last strike only an uncovered call still loses
    prices = [Decimal(0), *strikes, 2 * max(strikes)]
    worth = (sum((held * contract.intrinsic(price) for contract, held in members), Decimal(0)) for price in prices)
    return max(-min(worth), Decimal(0)) * EQUITY_OPTION_MULTIPLIER


def share_requirement(shares: Mapping[str, int], prices: Mapping[str, Decimal]) -> Decimal:
    """Dollars that shares tie up at their last known price; those owned, paid in full, lend what margin leaves of them.

    >>> share_requirement({"SPY": -10}, {"SPY": Decimal(600)}), share_requirement({"SPY": 10}, {"SPY": Decimal(600)})
    (Decimal('7800.00'), Decimal('-4500.00'))
    """
    return sum((share_margin(held, prices[symbol]) - max(held, 0) * prices[symbol] for symbol, held in shares.items()),
               Decimal(0))  # fmt: skip


def share_margin(held: int, price: Decimal) -> Decimal:
    """Dollars of equity that signed shares at a price tie up; those sold short with the proceeds they brought."""
    return abs(held) * price * (LONG_SHARES if held > 0 else SHORT_SHARES)


LAYOUT = 2
"""Version of the book file's layout."""


@define
class ExchangeBook:
    """The account at the exchange. Cash in dollars; options by OCC symbol, shares by plain symbol, short negative.

    `as_of` is when anything last changed here; None before anything did.
    """

    number: str
    cash: Decimal
    as_of: dt.datetime | None = None
    contracts: dict[str, OptionContract] = field(factory=dict)
    held: dict[str, int] = field(factory=dict)
    held_before: dict[str, int] = field(factory=dict)
    share_prices: dict[str, Decimal] = field(factory=dict)
    orders: dict[str, ExchangeOrder] = field(factory=dict)
    _matchable: dict[str, None] = field(init=False, factory=dict)
    _changed: dict[str, int] = field(init=False, factory=dict)

    def copy(self) -> ExchangeBook:
        """An account that goes its own way from here."""
        return ExchangeBook(
            self.number, self.cash, self.as_of, dict(self.contracts), dict(self.held), dict(self.held_before),
            dict(self.share_prices), dict(self.orders),
        )  # fmt: skip

    def __attrs_post_init__(self) -> None:
        self._matchable = {order.ticket.id: None for order in self.orders.values() if order.is_matchable}

    @property
    def has_working_orders(self) -> bool:
        return bool(self._matchable)

    def matchable(self) -> list[ExchangeOrder]:
        """Orders a later snapshot can still change, in the order they came in."""
        return [self.orders[order_id] for order_id in self._matchable]

    def put(self, order: ExchangeOrder) -> None:
        """Keep an order, new or changed."""
        before = self.orders.get(order.ticket.id)
        if before is None or (before.state, before.contracts) != (order.state, order.contracts):
            number = self.changes + 1
            self._changed.pop(order.ticket.id, None)  # the newest change stands last
            self._changed[order.ticket.id] = number
        self.orders[order.ticket.id] = order
        if order.is_matchable:
            self._matchable[order.ticket.id] = None
        else:
            self._matchable.pop(order.ticket.id, None)

    def overnight(self) -> ExchangeBook:
        """The same account without the orders that are over and without times: nothing of a later day asks for them."""
        return ExchangeBook(
            number=self.number,
            cash=self.cash,
            contracts=dict(self.contracts),
            held=dict(self.held),
            held_before=dict(self.held),
            share_prices=dict(self.share_prices),
            orders={name: order for name, order in self.orders.items() if not order.state.is_final},
        )

    @property
    def changes(self) -> int:
        """The number of the newest change of an order since this object was made: arrival, fill, new state; 0: none."""
        return next(reversed(self._changed.values()), 0)

    def changed_since(self, number: int) -> frozenset[str]:
        """Client ids of orders that changed after that change; costs no more than those it finds."""
        newest_first = takewhile(lambda order_id: self._changed[order_id] > number, reversed(self._changed))
        return frozenset(newest_first)

    def trade(self, before: ExchangeOrder, after: ExchangeOrder) -> None:
        """Book what an order filled between two states: contracts, cash and fees."""
        self.held_before = dict(self.held)
        filled = zip(after.ticket.legs, before.contracts, after.contracts, strict=True)
        for (leg, was, now), paid in zip(filled, after.amounts, strict=True):
            if not isinstance(leg, ShareLeg):
                self.hold(leg.contract, leg.side.sign * (now - was))
            elif now:
                self.hold_shares(leg.symbol, leg.side.sign * (now - was), paid / now)
        self.cash += after.cash - before.cash - (after.fees - before.fees)
        self.put(after)

    def hold(self, contract: OptionContract, more: int) -> None:
        """So many more contracts (negative: fewer) are held."""
        self.contracts[contract.occ] = contract
        self._add(contract.occ, more)
        if contract.occ not in self.held:
            del self.contracts[contract.occ]

    def hold_shares(self, symbol: str, more: int, price: Decimal) -> None:
        """So many more shares (negative: fewer) are held; `price` is their last known, dollars."""
        self.share_prices[symbol] = price
        self._add(symbol, more)
        if symbol not in self.held:
            del self.share_prices[symbol]

    def _add(self, symbol: str, more: int) -> None:
        if held := self.held.get(symbol, 0) + more:
            self.held[symbol] = held
        else:
            self.held.pop(symbol, None)

    @property
    def options(self) -> dict[OptionContract, int]:
        """Signed contracts held now."""
        return {contract: self.held[symbol] for symbol, contract in self.contracts.items()}

    @property
    def option_buying_power(self) -> Decimal:
        """Dollars that may still be risked: cash less what holdings and working orders tie up."""
        shares = {symbol: self.held[symbol] for symbol in self.share_prices}
        tied_up = option_requirement(self.options) + share_requirement(shares, self.share_prices)
        return self.cash - tied_up - sum((order.reserved for order in self.matchable()), Decimal(0))


def account_to_json(account: ExchangeBook) -> dict[str, Any]:
    """The account as plain JSON values."""
    plain: dict[str, Any] = _CONVERTER.unstructure(account)
    return plain


def account_of_json(plain: Mapping[str, Any]) -> ExchangeBook:
    """The account that `account_to_json` wrote."""
    return _CONVERTER.structure(plain, ExchangeBook)


class BookFile:
    """The exchange's book as one JSON file, replaced as a whole and synced before `write` returns."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> ExchangeBook | None:
        """The book as it was last written; None when none was.

        Raises:
            CorruptLedger: there is a file, and it is no book.
        """
        if not self.path.exists():
            return None
        try:
            content: Mapping[str, Any] = json.loads(self.path.read_text("utf-8"))
            if content["layout"] not in (1, LAYOUT):
                raise ValueError(f"layout {content['layout']}, not {LAYOUT}")
            book = content["book"] if content["layout"] == LAYOUT else _of_layout_1(content["book"])
            return _CONVERTER.structure(book, ExchangeBook)
        except Exception as defect:  # whatever a mangled file raises on its way through JSON and cattrs
            raise CorruptLedger(f"{self.path} is no book of the fake exchange: {defect!r}", f"rm {self.path}") from None

    def write(self, book: ExchangeBook) -> None:
        draft = self.path.with_name(self.path.name + ".draft")
        with open(draft, "w", encoding="utf-8", opener=_private) as file:
            json.dump({"layout": LAYOUT, "book": _CONVERTER.unstructure(book)}, file, separators=(",", ":"))
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the new name must survive a crash as well as the content
        finally:
            os.close(folder)


def _private(path: str, flags: int) -> int:
    """Open a file that only its owner may read. Rule: OP-001."""
    return os.open(path, flags, 0o600)


def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True)
    converter.register_unstructure_hook(Decimal, str)
    converter.register_structure_hook(Decimal, lambda text, _: Decimal(text))
    converter.register_unstructure_hook(dt.datetime, lambda instant: instant.isoformat())
    converter.register_structure_hook(dt.datetime, lambda text, _: dt.datetime.fromisoformat(text))
    converter.register_unstructure_hook(dt.date, lambda date: date.isoformat())
    converter.register_structure_hook(dt.date, lambda text, _: dt.date.fromisoformat(text))
    return converter


def _of_layout_1(book: Mapping[str, Any]) -> Mapping[str, Any]:
    """A book of layout 1, whose tickets named a position: a day it was left in goes on."""
    orders = {name: {**order, "ticket": _renamed(order["ticket"])} for name, order in book["orders"].items()}
    return {**book, "orders": orders}


def _renamed(ticket: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"holding" if name == "position" else name: value for name, value in ticket.items()}


_CONVERTER = _converter()


EXERCISED_FROM = Decimal("0.01")
"""Points in the money from which an expiring option is exercised by exception (OCC Rule 805; CS-529)."""

OPENING_BAR_SECONDS = 60

Series = tuple[str, str, dt.date]
"""Underlying, root and expiry: contracts that settle at one and the same print."""


def delivered_shares(contract: OptionContract, held: int, multiplier: int) -> int:
    """Shares that exercise or assignment of signed contracts brings (negative: takes away).

    >>> from gammacore.domain.instruments import REGISTRY
    >>> put = REGISTRY["SPY"].contract(dt.date(2026, 1, 23), Right.PUT, Decimal(480))
    >>> delivered_shares(put, -2, 100)
    200
    """
    return held * multiplier * (1 if contract.right is Right.CALL else -1)


@frozen
class Clearing:
    """Settles what has expired, each series at one print for all its legs; without a print it stays as it is."""

    market_of: Callable[[str], MarketData]
    session_of: Callable[[dt.date], TradingSession | None]
    underlyings: Mapping[str, Underlying]
    fees: FeeSchedule
    _due: dict[str, dt.datetime] = field(init=False, factory=dict)

    def settle(self, book: ExchangeBook, now: dt.datetime) -> bool:
        """Settle every held contract whose time has come and whose print is out; whether anything changed."""
        expired: dict[Series, list[OptionContract]] = {}
        for contract in book.contracts.values():
            if self.due_at(contract) <= now:
                expired.setdefault((contract.underlying, contract.root, contract.expiry), []).append(contract)
        changed = False
        for series, contracts in expired.items():
            if (price := self._print(*series)) is not None:
                for contract in contracts:
                    self._settle(book, contract, price)
                changed = True
        return changed

    def due_at(self, contract: OptionContract) -> dt.datetime:
        """When a contract settles: the open of its expiry for AM roots, else the close. Rule: CS-008."""
        if (known := self._due.get(contract.occ)) is not None:
            return known
        session = self.session_of(contract.expiry)
        if session is None:  # an expiry on a closed day settles when that day is over
            due = dt.datetime.combine(contract.expiry + dt.timedelta(days=1), dt.time(), dt.UTC)
        else:
            due = session.open if settlement_time(contract.root) is SettlementTime.AM else session.close
        self._due[contract.occ] = due
        return due

    def _print(self, underlying: str, root: str, expiry: dt.date) -> Decimal | None:
        market = self.market_of(underlying)
        try:
            if settlement_time(root) is SettlementTime.AM:
                return self._opening_print(market, underlying, expiry)
            printed = market.settlement(underlying, expiry)
        except MarketDataError:  # no print for now: pending, asked again at the next call
            return None
        return None if printed is None else printed.price

    def _opening_print(self, market: MarketData, underlying: str, expiry: dt.date) -> Decimal | None:
        """The open of the first minute, in place of the exchange's special opening quotation, which no feed carries."""
        if (session := self.session_of(expiry)) is None:
            return None
        end = session.open + dt.timedelta(seconds=OPENING_BAR_SECONDS)
        bars = market.bars(underlying, OPENING_BAR_SECONDS, session.open, end)
        return bars[0].open if bars else None

    def _settle(self, book: ExchangeBook, contract: OptionContract, price: Decimal) -> None:
        held, worth = book.held[contract.occ], contract.intrinsic(price)
        underlying = self.underlyings[contract.underlying]
        book.held_before = dict(book.held)
        book.hold(contract, -held)
        if underlying.cash_settled and worth > 0:
            book.cash += held * worth * underlying.multiplier - self.fees.cash_settlement * abs(held)
        elif not underlying.cash_settled and worth >= EXERCISED_FROM:
            shares = delivered_shares(contract, held, underlying.multiplier)
            book.hold_shares(contract.underlying, shares, price)
            book.cash -= shares * contract.strike + self.fees.delivery * abs(held)
