"""An order as Alpaca's clients post it, read as a ticket for the exchange; what makes no sense is refused as there."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from math import gcd
from typing import Any

from attrs import frozen

from counterparts.alpaca_words import FORBIDDEN, MALFORMED, UNPROCESSABLE, Refusal
from gammacore.domain.instruments import OptionContract, Side, parse_occ
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.orders import Effect, OrderTicket, Purpose

_OCC = re.compile(r"[A-Z]{1,6}\d{6}[CP]\d{8}")
_LONGEST_ID = 128
_INTENTS = frozenset({"buy_to_open", "buy_to_close", "sell_to_open", "sell_to_close"})


@frozen
class PostedOrder:
    """An order as it was asked for; `limit` as Alpaca shows it (negative for a credit), `intents` one for each leg."""

    ticket: OrderTicket
    order_class: str
    limit: Decimal | None
    intents: tuple[str, ...]
    time_in_force: str

    @property
    def type(self) -> str:
        return "market" if self.limit is None else "limit"

    @property
    def is_spread(self) -> bool:
        return self.order_class == "mleg"


def is_option(symbol: str) -> bool:
    return _OCC.fullmatch(symbol) is not None


def read_order(body: Mapping[str, Any], held: Mapping[str, int]) -> PostedOrder:
    """The order of a request; `held` are signed holdings, to tell opening from closing where nobody says.

    Raises:
        Refusal: with the code and the words of the service.
    """
    order_type, time_in_force = body.get("type"), body.get("time_in_force")
    if order_type not in ("market", "limit"):
        raise Refusal(422, MALFORMED, "invalid order type")
    if time_in_force not in ("day", "gtc"):
        raise Refusal(422, MALFORMED, "invalid time_in_force")
    name = body.get("client_order_id") or str(uuid.uuid4())
    if len(name) > _LONGEST_ID:
        raise Refusal(422, MALFORMED, f"client_order_id must be no more than {_LONGEST_ID} characters")
    quantity = _count(body.get("qty"), "qty")
    limit = _price(body.get("limit_price")) if order_type == "limit" else None
    if order_type == "market" and body.get("limit_price") is not None:
        raise Refusal(422, MALFORMED, "market orders require no limit price")
    if body.get("order_class") == "mleg":
        return _spread(body, name, quantity, limit, held, time_in_force)
    symbol = body.get("symbol")
    if not isinstance(symbol, str) or not symbol:
        raise Refusal(422, MALFORMED, "symbol is required")
    if limit is not None and limit <= 0:
        raise Refusal(422, MALFORMED, "limit price must be > 0")
    if is_option(symbol):
        return _single(body, symbol, name, quantity, limit, held, time_in_force)
    return _shares(body, symbol, name, quantity, limit, held, time_in_force)


def _spread(
    body: Mapping[str, Any], name: str, quantity: int, limit: Decimal | None, held: Mapping[str, int], life: str
) -> PostedOrder:
    posted = body.get("legs")
    if not isinstance(posted, list) or not 2 <= len(posted) <= 4:
        raise Refusal(422, MALFORMED, "mleg orders must have between 2 and 4 legs")
    if life != "day":
        raise Refusal(422, UNPROCESSABLE, "invalid order time_in_force for options trading")
    legs, intents = [], []
    for leg in posted:
        contract = _contract(leg.get("symbol", ""))
        side, intent = _side_and_intent(leg, held.get(contract.occ, 0))
        legs.append(Leg(contract, side, _count(leg.get("ratio_qty"), "ratio_qty")))
        intents.append(intent)
    if len({leg.symbol for leg in legs}) < len(legs):
        raise Refusal(422, UNPROCESSABLE, "all legs must have unique symbols")
    if gcd(*(leg.ratio for leg in legs)) > 1:
        raise Refusal(422, UNPROCESSABLE, "mleg ratio quantities must be in their simplest form")
    if limit == 0:
        raise Refusal(422, UNPROCESSABLE, "limit price must not be 0")
    effect = Effect.CREDIT if limit is not None and limit < 0 else Effect.DEBIT
    ticket = OrderTicket(
        name, _purpose(intents), legs[0].contract.underlying, "", tuple(legs), quantity, effect,
        None if limit is None else abs(limit),
    )  # fmt: skip
    return PostedOrder(ticket, "mleg", limit, tuple(intents), life)


def _single(
    body: Mapping[str, Any], symbol: str, name: str, quantity: int, limit: Decimal | None, held: Mapping[str, int],
    life: str,
) -> PostedOrder:  # fmt: skip
    if life != "day":
        raise Refusal(422, UNPROCESSABLE, "invalid order time_in_force for options trading")
    contract = _contract(symbol)
    side, intent = _side_and_intent(body, held.get(contract.occ, 0))
    ticket = OrderTicket(
        name, _purpose([intent]), contract.underlying, "", (Leg(contract, side),), quantity, _effect(side), limit
    )
    return PostedOrder(ticket, "simple", limit, (intent,), life)


def _shares(
    body: Mapping[str, Any], symbol: str, name: str, quantity: int, limit: Decimal | None, held: Mapping[str, int],
    life: str,
) -> PostedOrder:  # fmt: skip
    owned = held.get(symbol, 0)
    side, intent = _side_and_intent(body, owned)
    closes = owned * side.sign < 0
    if closes and quantity > abs(owned):
        raise Refusal(
            403, FORBIDDEN, f"insufficient qty available for order (requested: {quantity}, available: {abs(owned)})"
        )
    leg = ShareLeg(symbol, side, closes)
    ticket = OrderTicket(name, Purpose.HEDGE, symbol, "", (leg,), quantity, _effect(side), limit)
    return PostedOrder(ticket, "", limit, (intent,), life)


def _side_and_intent(posted: Mapping[str, Any], owned: int) -> tuple[Side, str]:
    """Which way, and whether it opens or closes: as posted, or by what is held."""
    intent, side = posted.get("position_intent"), posted.get("side")
    if intent is not None and intent not in _INTENTS:
        raise Refusal(422, MALFORMED, "invalid position_intent")
    if side is None and intent is not None:
        side = intent.split("_")[0]
    if side not in ("buy", "sell"):
        raise Refusal(422, MALFORMED, "invalid side")
    if intent is not None and not intent.startswith(side):
        raise Refusal(422, UNPROCESSABLE, f"position_intent mismatch, inferred: {side}, specified: {intent}")
    way = Side(side)
    if intent is None:
        intent = f"{side}_to_{'close' if owned * way.sign < 0 else 'open'}"
    return way, intent


def _purpose(intents: list[str]) -> Purpose:
    """All legs open or all close: the exchange behind does not roll."""
    closing = {intent.endswith("close") for intent in intents}
    if len(closing) > 1:
        raise Refusal(422, UNPROCESSABLE, "legs that open beside legs that close are not taken here")
    return Purpose.EXIT if closing == {True} else Purpose.ENTRY


def _effect(side: Side) -> Effect:
    return Effect.CREDIT if side is Side.SELL else Effect.DEBIT


def _contract(symbol: str) -> OptionContract:
    if not is_option(symbol):
        raise Refusal(422, UNPROCESSABLE, f'asset "{symbol}" not found')
    return parse_occ(symbol)


def _count(value: Any, field: str) -> int:
    try:
        count = Decimal(str(value))
    except InvalidOperation:
        raise Refusal(422, MALFORMED, f"{field} is required") from None
    if count != count.to_integral_value() or count < 1:
        raise Refusal(422, MALFORMED, f"{field} must be integer > 0")
    return int(count)


def _price(value: Any) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise Refusal(422, MALFORMED, "limit orders require a limit price") from None
