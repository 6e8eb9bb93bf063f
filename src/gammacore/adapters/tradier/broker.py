"""Tradier as our broker: the port's promises over its REST interface. Rules: R1, R3, R4, R5, CS-402, CS-407..412."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from gammacore.adapters.tradier.client import TradierClient
from gammacore.adapters.tradier.order_reports import client_id, is_others_in_parts, report_of
from gammacore.adapters.tradier.orders import OrderRow
from gammacore.adapters.wire import RequestRefused, UnreadableAnswer
from gammacore.domain.instruments import Side, whole_units
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.option_symbols import canonical_symbol
from gammacore.domain.orders import OrderReport, OrderTicket
from gammacore.domain.sessions import BrokerClock
from gammacore.errors import InvalidInput
from gammacore.ports.broker import BrokerAccount, Receipt, SendGate, always_open


class TradierBroker:
    """One account at Tradier. Our client id is the end of the order's tag.

    Tradier knows no idempotency: a second POST is a second order. So today's orders are looked through for the tag
    before every POST, and a POST is never repeated.
    """

    def __init__(self, client: TradierClient, account: str) -> None:
        self._tradier = client
        self._account = account

    def __repr__(self) -> str:
        return f"TradierBroker({self._tradier!r})"

    def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
        """Send one order, once; one that is there already is answered with its receipt."""
        form = order_form(ticket)
        if (row := self._find(ticket.id)) is not None:
            return Receipt(row.id)
        return Receipt(self._tradier.orders.place(self._account, form, gate).id)

    def cancel(self, order_id: str) -> None:
        """Ask for an order to be called back; one that is finished or unknown is an error."""
        row = self._find(order_id)
        if row is None:
            raise RequestRefused(f"no order {order_id} at Tradier today")
        self._tradier.orders.cancel(self._account, row.id)

    def order(self, order_id: str) -> OrderReport | None:
        """The order of a client id; None when none of today's orders bears it."""
        row = self._find(order_id)
        return None if row is None else report_of(row)

    def orders(self) -> Sequence[OrderReport]:
        """Today's orders, oldest first; those of others for parts of a share are left out, as in holdings."""
        rows = sorted(self._tradier.orders.today(self._account), key=_age)
        return [report_of(row) for row in rows if not is_others_in_parts(row)]

    def holdings(self) -> Mapping[str, int]:
        """Signed contracts and whole shares; a symbol held in several lots is their sum, parts of a share left out."""
        held: dict[str, Decimal] = {}
        for position in self._tradier.accounts.positions(self._account):
            symbol = canonical_symbol(position.symbol)
            held[symbol] = held.get(symbol, Decimal(0)) + position.quantity
        try:
            return {symbol: units for symbol, quantity in held.items() if (units := whole_units(symbol, quantity))}
        except InvalidInput as wrong:
            raise UnreadableAnswer(f"positions: {wrong}") from None

    def clock(self) -> BrokerClock:
        """Tradier's time, and whether the regular session is on."""
        return self._tradier.markets.clock()

    def account(self) -> BrokerAccount:
        """Total equity and what options may still be bought for, dollars."""
        balances = self._tradier.accounts.balances(self._account)
        if balances.account_number != self._account:
            raise UnreadableAnswer("the balances are those of another account")
        return BrokerAccount(balances.account_number, balances.total_equity, balances.for_options)

    def _find(self, order_id: str) -> OrderRow | None:
        """The row of a client id (of Tradier's own where the order is not ours); None when today has no such order."""
        return next((row for row in self._tradier.orders.today(self._account) if client_id(row) == order_id), None)


def _age(row: OrderRow) -> tuple[int, str]:
    """Tradier's ids grow with time."""
    return (len(row.id), row.id)


_TAG = re.compile(r"[A-Za-z0-9-]{1,255}")


def order_form(ticket: OrderTicket) -> dict[str, str]:
    """The form of an order, for the day.

    The price of several legs is positive; `credit` or `debit` says which way. There is no all-or-none at Tradier: an
    order may fill in parts of its quantity, its legs always in ratio.

    Raises:
        InvalidInput: a tag Tradier would not take; without it the order could not be found again.
    """
    if not _TAG.fullmatch(ticket.tag):
        raise InvalidInput("tag", ticket.tag, "give an id of letters, digits and '-'")
    form = {**_what(ticket), "duration": "day", "tag": ticket.tag}
    return form if ticket.limit is None else {**form, "price": f"{ticket.limit:f}"}


def _what(ticket: OrderTicket) -> dict[str, str]:
    leg = ticket.legs[0]
    if isinstance(leg, ShareLeg):
        return {**_single("equity", leg.symbol, ticket), "side": share_side(leg)}
    if len(ticket.legs) == 1:
        contract = leg.contract
        single = _single("option", contract.underlying, ticket, leg.ratio)
        return {**single, "option_symbol": contract.occ, "side": option_side(leg, ticket.closes)}
    return _multileg(ticket, leg.contract.underlying)


def _single(kind: str, symbol: str, ticket: OrderTicket, ratio: int = 1) -> dict[str, str]:
    return {
        "class": kind,
        "symbol": symbol,
        "quantity": str(ratio * ticket.quantity),
        "type": "market" if ticket.is_market else "limit",
    }


def _multileg(ticket: OrderTicket, underlying: str) -> dict[str, str]:
    form = {
        "class": "multileg",
        "symbol": underlying,
        "type": "market" if ticket.is_market else ticket.effect.value,
    }
    for number, leg in enumerate(ticket.option_legs):
        form[f"option_symbol[{number}]"] = leg.symbol
        form[f"side[{number}]"] = option_side(leg, ticket.closes)
        form[f"quantity[{number}]"] = str(leg.ratio * ticket.quantity)
    return form


def option_side(leg: Leg, closes: bool) -> str:
    """Bought or sold, to open or to close."""
    return f"{leg.side.value}_to_{'close' if closes else 'open'}"


def share_side(leg: ShareLeg) -> str:
    """Tradier tells selling from selling short, and buying from covering.

    >>> share_side(ShareLeg("SPY", Side.SELL, closes=False)), share_side(ShareLeg("SPY", Side.BUY, closes=True))
    ('sell_short', 'buy_to_cover')
    """
    if leg.side is Side.BUY:
        return "buy_to_cover" if leg.closes else "buy"
    return "sell" if leg.closes else "sell_short"
