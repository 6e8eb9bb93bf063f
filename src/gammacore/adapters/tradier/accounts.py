"""The account as Tradier writes it: balances in three shapes, positions, what clearing tells the next day, the user."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from attrs import frozen

from gammacore.adapters.tradier.faults import UnreadableAnswer
from gammacore.adapters.tradier.orders import Asks
from gammacore.adapters.tradier.wire import inside, read, read_each


@frozen
class BuyingPower:
    """What a margin or pattern-day-trading account may still buy, dollars."""

    option_buying_power: Decimal
    stock_buying_power: Decimal | None = None


@frozen
class CashPower:
    """What a cash account may still spend, dollars: settled cash, for options and shares alike."""

    cash_available: Decimal


@frozen
class Balances:
    """An account's figures, dollars; one of `margin`, `cash`, `pdt` says what may be bought."""

    account_number: str
    total_equity: Decimal
    account_type: str = ""
    total_cash: Decimal | None = None
    option_buying_power: Decimal | None = None
    margin: BuyingPower | None = None
    pdt: BuyingPower | None = None
    cash: CashPower | None = None

    @property
    def for_options(self) -> Decimal:
        """What options may still be bought for, dollars.

        Raises:
            UnreadableAnswer: no shape of account told it. It is never taken for zero.
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
    """A holding: contracts or shares, negative when short; its cost in dollars, negative when money came in.

    An account may hold parts of a share, bought by value or out of a dividend.
    """

    symbol: str
    quantity: Decimal
    cost_basis: Decimal | None = None
    date_acquired: dt.datetime | None = None


@frozen
class HistoryDetail:
    """What a history event tells beyond its amount."""

    description: str = ""
    quantity: Decimal | None = None
    price: Decimal | None = None
    commission: Decimal | None = None
    symbol: str | None = None
    trade_type: str | None = None


@frozen
class HistoryEvent:
    """One booking of the account, told by clearing the night after. Dollars, positive when money came in."""

    amount: Decimal
    date: dt.datetime
    type: str
    trade: HistoryDetail | None = None
    option: HistoryDetail | None = None
    journal: HistoryDetail | None = None


@frozen
class ClosedPosition:
    """What was won or lost with a holding, dollars, told by clearing the night after."""

    symbol: str
    quantity: Decimal
    cost: Decimal
    proceeds: Decimal
    gain_loss: Decimal
    open_date: dt.datetime
    close_date: dt.datetime


@frozen
class ProfileAccount:
    """One account of the user: what it is and which options it may trade."""

    account_number: str
    status: str = ""
    type: str = ""
    classification: str = ""
    option_level: int | None = None
    day_trader: bool | None = None


@frozen
class Profile:
    """The user a token belongs to."""

    id: str = ""
    name: str = ""
    account: tuple[ProfileAccount, ...] = ()


def read_balances(answer: object) -> Balances:
    return read(Balances, inside(answer, "balances"))


def read_positions(answer: object) -> list[Position]:
    return read_each(Position, answer, "positions", "position")


def read_history(answer: object) -> list[HistoryEvent]:
    return read_each(HistoryEvent, answer, "history", "event")


def read_gain_loss(answer: object) -> list[ClosedPosition]:
    return read_each(ClosedPosition, answer, "gainloss", "closed_position")


def read_profile(answer: object) -> Profile:
    return read(Profile, inside(answer, "profile"))


@frozen
class Accounts:
    """An account's figures and holdings."""

    tradier: Asks

    def balances(self, account: str) -> Balances:
        return read_balances(self.tradier.get(f"accounts/{account}/balances"))

    def positions(self, account: str) -> list[Position]:
        """Every holding; none only when Tradier said so."""
        return read_positions(self.tradier.get(f"accounts/{account}/positions"))

    def history(self, account: str, params: Mapping[str, str] | None = None) -> list[HistoryEvent]:
        """The bookings up to yesterday; the sandbox has none."""
        return read_history(self.tradier.get(f"accounts/{account}/history", params))

    def gain_loss(self, account: str, params: Mapping[str, str] | None = None) -> list[ClosedPosition]:
        """The closed holdings up to yesterday; the sandbox has none."""
        return read_gain_loss(self.tradier.get(f"accounts/{account}/gainloss", params))


@frozen
class Users:
    """Who a token belongs to."""

    tradier: Asks

    def profile(self) -> Profile:
        return read_profile(self.tradier.get("user/profile"))
