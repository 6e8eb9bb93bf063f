"""What a symbol is to the desk: its underlying, its book, and how many hedge shares one delta of it is.

Rules: DH-202, DH-205, DH-220, section 0.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from attrs import frozen

from gammacore.domain.hedging.settings import HedgingSettings
from gammacore.domain.instruments import REGISTRY, OptionContract, Underlying
from gammacore.domain.option_symbols import FIX, may_be_a_share, read_option_symbol
from gammacore.errors import InvalidInput

REMEMBERED = 100_000
"""Symbol texts looked up before the memory of them starts anew."""


class UnreadSymbol(InvalidInput):
    """A quantity of what is neither an option in any spelling nor a share. Rule: DH-205."""

    def __init__(self, text: str, quantity: int) -> None:
        position = f"a position of {quantity:+d} in it could be neither hedged nor closed"
        super().__init__("symbol", ascii(text), f"{FIX}, or the ticker of a share: {position}")


@frozen
class Listing:
    """One symbol as the desk treats it.

    `key` is the OCC symbol of an option, else the text without blanks; `book` the hedge share of its underlying, None
    where none is configured; `ratio` index points per share point; `shares_per_contract` multiplier × ratio, shares one
    delta of 1 is worth. `unread`: neither an option in any spelling nor a share, so that a quantity of it could be
    neither hedged nor closed.
    """

    key: str
    underlying: str
    book: str | None
    ratio: Decimal
    multiplier: int
    forms_position: bool
    expiry: dt.date | None = None
    contract: OptionContract | None = None
    unread: bool = False

    @property
    def may_hedge(self) -> bool:
        """Whether it is an option on a hedge share itself, which its book can be hedged with. Section 8."""
        return self.contract is not None and self.underlying == self.book

    @property
    def shares_per_contract(self) -> Decimal:
        return self.multiplier * self.ratio


class Universe:
    """Looks symbols up in the registry; the answers are remembered.

    >>> spx = Universe(HedgingSettings()).listing("SPXW  251230C06900000")
    >>> spx.key, spx.underlying, spx.book, spx.shares_per_contract
    ('SPXW251230C06900000', 'SPX', 'SPY', Decimal('1000'))
    """

    def __init__(self, settings: HedgingSettings, underlyings: Mapping[str, Underlying] | None = None) -> None:
        self._settings = settings
        self._underlyings = {**REGISTRY, **(underlyings or {})}
        self._roots = {entry.option_root: symbol for symbol, entry in self._underlyings.items()}
        self._roots.update({symbol: symbol for symbol in self._underlyings})
        self._hedge_shares = {entry.hedge_share for entry in self._underlyings.values() if entry.hedge_share}
        self._known: dict[str, Listing] = {}

    def listing(self, text: str) -> Listing:
        """What a symbol as received is; all spellings of a contract are one. Section 1.1."""
        found = self._known.get(text)
        if found is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            found = self._known[text] = self._look_up(text)
        return found

    @property
    def hedge_shares(self) -> frozenset[str]:
        """The shares that anything is hedged with."""
        return frozenset(self._hedge_shares)

    def _look_up(self, text: str) -> Listing:
        try:
            contract = read_option_symbol(text, self._roots)
        except InvalidInput:
            return self._not_an_option("".join(text.split()), unread=not may_be_a_share(text))
        book, ratio, multiplier = self._terms(contract.underlying)
        return Listing(
            contract.occ, self._settings.one_book or contract.underlying, book, ratio, multiplier,
            forms_position=True, expiry=contract.expiry, contract=contract,
        )  # fmt: skip

    def _not_an_option(self, key: str, *, unread: bool) -> Listing:
        """An underlying, a hedge share, or (in the profiles of comparison) anything that may have a delta."""
        if not self._settings.any_symbol and key.upper() in self._underlyings.keys() | self._hedge_shares:
            key, unread = key.upper(), False
        one_book = self._settings.one_book
        if one_book:
            book, ratio, multiplier = self._terms(key)
            forms_position = self._settings.any_symbol
            return Listing(
                key, one_book, book, ratio, multiplier, forms_position, unread=unread and not forms_position
            )  # fmt: skip
        if key in self._underlyings:
            book, ratio, multiplier = self._terms(key)
            return Listing(key, key, book, ratio, multiplier, forms_position=False)
        own_book = key if key in self._hedge_shares else None
        return Listing(key, key, own_book, Decimal(1), self._multiplier(None), forms_position=False, unread=unread)

    def _terms(self, underlying: str) -> tuple[str | None, Decimal, int]:
        """Book, ratio and multiplier of an underlying's options. Rule: DH-220."""
        entry = self._underlyings.get(underlying)
        multiplier = self._multiplier(entry)
        if self._settings.one_book:
            return self._settings.one_book, Decimal(1), multiplier
        if entry is None or not entry.hedge_share:
            return None, Decimal(1), multiplier
        return entry.hedge_share, entry.hedge_ratio, multiplier

    def _multiplier(self, entry: Underlying | None) -> int:
        if self._settings.multiplier is not None:
            return self._settings.multiplier
        return self._settings.multiplier_default if entry is None else entry.multiplier
