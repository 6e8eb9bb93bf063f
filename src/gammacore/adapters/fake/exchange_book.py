"""What the fake exchange knows of the account: orders, holdings and cash; kept in memory, or in a file of its own.

The file is the exchange's memory, not ours: a trading process that is killed finds it as it left it (rule R2).
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Mapping
from decimal import Decimal
from itertools import takewhile
from pathlib import Path
from typing import Any

from attrs import define, field
from cattrs import Converter

from gammacore.adapters.fake.exchange_order import ExchangeOrder
from gammacore.adapters.fake.margin import option_requirement, share_requirement
from gammacore.domain.instruments import OptionContract
from gammacore.domain.legs import ShareLeg
from gammacore.errors import CorruptLedger

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
