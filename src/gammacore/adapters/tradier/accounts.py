"""The account as Tradier writes it: balances in three shapes, positions, the user."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from gammacore.adapters.tradier.orders import Asks
from gammacore.adapters.tradier.wire import elements_of, inside, is_nothing, read
from gammacore.adapters.wire import UnreadableAnswer


@frozen
class BuyingPower:
    """What a margin or pattern-day-trading account may still buy, dollars."""

    option_buying_power: Decimal


@frozen
class CashPower:
    """What a cash account may still spend, dollars: settled cash, for options and shares alike."""

    cash_available: Decimal


@frozen
class Balances:
    """An account's figures, dollars; one of `margin`, `cash`, `pdt` says what may be bought."""

    account_number: str
    total_equity: Decimal
    total_cash: Decimal | None = None
    option_buying_power: Decimal | None = None
    margin: BuyingPower | None = None
    pdt: BuyingPower | None = None
    cash: CashPower | None = None

    @property
    def for_options(self) -> Decimal:
        """What options may still be bought for, dollars.

        Raises:
            UnreadableAnswer: no shape of account reported it. It is never taken for zero.
        """
        for power in (self.margin, self.pdt):
            if power is not None:
                return power.option_buying_power
        if self.option_buying_power is not None:
            return self.option_buying_power
        if self.cash is not None:
            return self.cash.cash_available
        raise UnreadableAnswer("Balances: no option buying power in any of margin, pdt, cash")


@frozen
class Position:
    """A holding: contracts or shares, negative when short.

    An account may hold parts of a share, bought by value or out of a dividend.
    """

    symbol: str
    quantity: Decimal


@frozen
class ProfileAccount:
    """One account of the user: what it is and which options it may trade."""

    account_number: str
    status: str = ""
    type: str = ""
    option_level: int | None = None


@frozen
class Profile:
    """The user a token belongs to."""

    id: str = ""
    name: str = ""
    account: tuple[ProfileAccount, ...] = ()


def read_balances(answer: object) -> Balances:
    return read(Balances, inside(answer, "balances"))


def read_positions(answer: object) -> tuple[list[Position], frozenset[str]]:
    """The holdings, each row by itself, and the symbols of the rows that cannot be read ("" where one names none).

    >>> read_positions({"positions": {"position": [{"symbol": "SPY", "quantity": 5}, {"symbol": "QQQ"}]}})[1]
    frozenset({'QQQ'})
    """
    held: list[Position] = []
    unread: set[str] = set()
    for cell in elements_of(answer, "positions", "position"):
        try:
            held.append(read(Position, cell))
        except UnreadableAnswer:
            symbol = cell.get("symbol") if isinstance(cell, dict) else None
            unread.add(symbol if isinstance(symbol, str) and not is_nothing(symbol) else "")
    return held, frozenset(unread)


def read_profile(answer: object) -> Profile:
    return read(Profile, inside(answer, "profile"))


@frozen
class Accounts:
    """An account's figures and holdings."""

    tradier: Asks

    def balances(self, account: str) -> Balances:
        return read_balances(self.tradier.get(f"accounts/{account}/balances"))

    def positions(self, account: str) -> tuple[list[Position], frozenset[str]]:
        """Every holding that can be read, and the symbols of the others; none only when Tradier said so."""
        return read_positions(self.tradier.get(f"accounts/{account}/positions"))


@frozen
class Users:
    """Who a token belongs to."""

    tradier: Asks

    def profile(self) -> Profile:
        return read_profile(self.tradier.get("user/profile"))
