"""What expiry does to holdings: cash at one print for index options, shares at the strike for the others.

Rules: CS-521, CS-528, CS-529, R11.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal

from attrs import field, frozen

from gammacore.adapters.fake.exchange_book import ExchangeBook
from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.instruments import OptionContract, Right, SettlementTime, Underlying, settlement_time
from gammacore.domain.sessions import TradingSession
from gammacore.errors import MarketDataError
from gammacore.ports.market_data import MarketData

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
