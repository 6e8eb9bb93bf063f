"""A ticket as the form Tradier takes: multileg, one option, or shares. Rules: CS-402, CS-407."""

from __future__ import annotations

import re

from gammacore.domain.instruments import Side
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.orders import OrderTicket
from gammacore.errors import InvalidInput

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
