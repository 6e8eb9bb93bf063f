"""From the form of an order, as Tradier documents it, to the ticket the exchange takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from math import gcd

from counterparts.tradier_words import bad_parameter
from gammacore.domain.instruments import Side, parse_occ
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.orders import Effect, OrderTicket, Purpose
from gammacore.errors import InvalidInput

Form = Mapping[str, str]

POSITION = "p1"
"""The wire does not say which position an order belongs to."""

_OPTION_SIDES = {
    "buy_to_open": Side.BUY, "buy_to_close": Side.BUY, "sell_to_open": Side.SELL, "sell_to_close": Side.SELL,
}  # fmt: skip
_SHARE_SIDES = {
    "buy": (Side.BUY, False), "buy_to_cover": (Side.BUY, True),
    "sell": (Side.SELL, True), "sell_short": (Side.SELL, False),
}  # fmt: skip
_DURATIONS = ("day", "gtc", "pre", "post")
_TAG = re.compile(r"[A-Za-z0-9-]{1,255}")


def ticket_of(form: Form, order_id: str, snapshot: MarketSnapshot | None) -> OrderTicket:
    """The order a form describes; `snapshot` says which way the money of a market order goes.

    Raises:
        Refusal: a parameter is missing or makes no sense.
    """
    if form.get("duration") not in _DURATIONS:
        raise bad_parameter("duration", f"{form.get('duration', '')} is not valid.")
    if (tag := form.get("tag")) is not None and _TAG.fullmatch(tag) is None:
        raise bad_parameter("tag", "letters, digits and - up to 255 characters.")
    try:
        if form.get("class") == "equity":
            return _shares(form, order_id)
        if form.get("class") == "option":
            return _options(form, order_id, _single_leg(form), snapshot)
        if form.get("class") == "multileg":
            return _options(form, order_id, _legs(form), snapshot)
    except InvalidInput as defect:
        raise bad_parameter(defect.field, str(defect)) from None
    raise bad_parameter("class", f"{form.get('class', '')} is not served here.")


def id_in(tag: str | None) -> str | None:
    """The client id in one of our tags; any other tag is an id itself."""
    if tag is None:
        return None
    prefixes = sorted((purpose.tag_prefix for purpose in Purpose), key=len, reverse=True)
    return next((tag.removeprefix(prefix) for prefix in prefixes if tag.startswith(prefix)), tag)


def _purpose(form: Form, closes: bool) -> Purpose:
    """What the tag says, unless the sides say otherwise."""
    tag = form.get("tag", "")
    for purpose in sorted(Purpose, key=lambda purpose: len(purpose.tag_prefix), reverse=True):
        if tag.startswith(purpose.tag_prefix) and (purpose.closes is closes or form.get("class") == "equity"):
            return purpose
    return Purpose.EXIT if closes else Purpose.ENTRY


def _shares(form: Form, order_id: str) -> OrderTicket:
    if (side := form.get("side", "")) not in _SHARE_SIDES:
        raise bad_parameter("side", f"{side} is not valid.")
    direction, closes = _SHARE_SIDES[side]
    symbol = _needed(form, "symbol")
    return OrderTicket(
        order_id, _purpose(form, closes), symbol, POSITION, (ShareLeg(symbol, direction, closes),),
        _whole(form, "quantity"), Effect.CREDIT if direction is Side.SELL else Effect.DEBIT, _limit(form, ("limit",)),
    )  # fmt: skip


def _single_leg(form: Form) -> list[tuple[Leg, int, str]]:
    return [_leg(form, "option_symbol", "side", "quantity")]


def _legs(form: Form) -> list[tuple[Leg, int, str]]:
    legs: list[tuple[Leg, int, str]] = []
    while f"option_symbol[{len(legs)}]" in form:
        place = f"[{len(legs)}]"
        legs.append(_leg(form, "option_symbol" + place, "side" + place, "quantity" + place))
    if not 2 <= len(legs) <= 4:
        raise bad_parameter("option_symbol", "give 2 to 4 legs.")
    return legs


def _leg(form: Form, symbol: str, side: str, quantity: str) -> tuple[Leg, int, str]:
    said = form.get(side, "")
    if said not in _OPTION_SIDES:
        raise bad_parameter(side, f"{said} is not valid.")
    return Leg(parse_occ(_needed(form, symbol)), _OPTION_SIDES[said]), _whole(form, quantity), said


def _options(
    form: Form, order_id: str, legs: list[tuple[Leg, int, str]], snapshot: MarketSnapshot | None
) -> OrderTicket:
    spreads = gcd(*(contracts for _, contracts, _ in legs))
    ratioed = tuple(Leg(leg.contract, leg.side, contracts // spreads) for leg, contracts, _ in legs)
    closes = all(side.endswith("_close") for _, _, side in legs)
    underlying = ratioed[0].contract.underlying
    if form.get("symbol") not in (underlying, ratioed[0].contract.root):
        raise bad_parameter("symbol", f"{form.get('symbol', '')} has no option {ratioed[0].symbol}.")
    stop = _stop(form) if len(legs) == 1 else None
    limit = None if stop is not None else _limit(form, ("limit",) if len(legs) == 1 else ("debit", "credit"))
    return OrderTicket(
        order_id, _purpose(form, closes), underlying, POSITION, ratioed, spreads,
        _effect(form["type"], ratioed, snapshot, closes), limit, stop=stop,
    )  # fmt: skip


def _effect(kind: str, legs: tuple[Leg, ...], snapshot: MarketSnapshot | None, closes: bool) -> Effect:
    """Where the type does not say it: one leg by its side, several by what they are worth now."""
    if kind in ("debit", "credit"):
        return Effect(kind)
    if len(legs) == 1:
        return Effect.CREDIT if legs[0].side is Side.SELL else Effect.DEBIT
    quotes = [None if snapshot is None else snapshot.quote(leg.contract) for leg in legs]
    worth = sum(
        (-leg.side.sign * leg.ratio * quote.mid for leg, quote in zip(legs, quotes, strict=True) if quote), Decimal(0)
    )
    if worth == 0:
        return Effect.DEBIT if closes else Effect.CREDIT
    return Effect.CREDIT if worth > 0 else Effect.DEBIT


def _limit(form: Form, with_price: tuple[str, ...]) -> Decimal | None:
    kind = form.get("type", "")
    if kind == "market":
        return None
    if kind not in with_price:
        raise bad_parameter("type", f"{kind} is not served here.")
    return _price(form, "price")


def _stop(form: Form) -> Decimal | None:
    """The price that makes an order of type `stop` a market order; None of any other type."""
    return _price(form, "stop") if form.get("type") == "stop" else None


def _price(form: Form, name: str) -> Decimal:
    try:
        price = Decimal(_needed(form, name))
    except InvalidOperation:
        raise bad_parameter(name, f"{form[name]} is not valid.") from None
    if not (price.is_finite() and price > 0):
        raise bad_parameter(name, f"{price} is not valid.")
    return price


def _needed(form: Form, name: str) -> str:
    if not (value := form.get(name, "")):
        raise bad_parameter(name)
    return value


def _whole(form: Form, name: str) -> int:
    try:
        quantity = Decimal(_needed(form, name))
    except InvalidOperation:
        raise bad_parameter(name, f"{form[name]} is not valid.") from None
    if quantity != int(quantity) or quantity < 1:
        raise bad_parameter(name, f"{quantity} is not valid.")
    return int(quantity)


def underlying_of(form: Form) -> str:
    """The underlying whose market an order belongs to; a root stands for its index."""
    for name in ("option_symbol", "option_symbol[0]"):
        if name in form:
            try:
                return parse_occ(form[name]).underlying
            except InvalidInput:
                raise bad_parameter(name, f"{form[name]} is not valid.") from None
    return _needed(form, "symbol")


def strategy_of(ticket: OrderTicket) -> str:
    """Tradier's name for what the legs make together."""
    rights = {leg.contract.right for leg in ticket.option_legs}
    return {2: "spread", 3: "butterfly"}.get(len(ticket.legs), "condor" if len(rights) == 1 else "iron condor")
