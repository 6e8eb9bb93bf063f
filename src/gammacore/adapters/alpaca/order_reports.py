"""Alpaca's order as our report: states, quantities in spreads, prices positive in the direction the order was meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from attrs import frozen

from gammacore.adapters.alpaca.bodies import (
    Row,
    figure,
    figure_or_none,
    instant,
    row_of,
    rows_of,
    text,
    unreadable,
    whole,
    words,
)
from gammacore.domain.instruments import OptionContract, Side
from gammacore.domain.legs import LegFill
from gammacore.domain.option_symbols import read_option_symbol
from gammacore.domain.orders import Effect, Execution, OrderReport, OrderState
from gammacore.errors import InvalidInput

MULTILEG = "mleg"
_NO_TRADE = Decimal(0)

_STATES: Mapping[str, OrderState] = {
    "partially_filled": OrderState.PARTIALLY_FILLED,
    "filled": OrderState.FILLED,
    "canceled": OrderState.CANCELED,
    "replaced": OrderState.CANCELED,
    "expired": OrderState.EXPIRED,
    "rejected": OrderState.REJECTED,
    "pending_cancel": OrderState.CANCEL_REQUESTED,
}
_WORKING = frozenset({
    "new", "accepted", "pending_new", "accepted_for_bidding", "pending_replace", "pending_review", "held", "stopped",
    "suspended", "calculated", "done_for_day",
})  # fmt: skip
"""States in which a fill may still come or be reported; an unknown one is taken for such a state, and named."""


@frozen
class _Leg:
    """One leg of an order as Alpaca shows it: contracts a spread, contracts filled, their average price in points."""

    symbol: str
    side: Side
    ratio: int
    filled: int
    price: Decimal | None


def report_of(body: object) -> OrderReport:
    """The report of one order.

    Raises:
        WireTrouble: a field is missing or not what it should be.
    """
    row = row_of(body, "the order")
    legs = _legs(row)
    execution = _execution(row, legs)
    state, reason = _state(row, execution)
    return OrderReport(
        text(row, "client_order_id"), text(row, "id"), state, execution, instant(row, "updated_at"), reason
    )


def lacks_legs(body: object) -> bool:
    """Whether a multi-leg order came without its legs, as answers that are not asked to nest may."""
    row = row_of(body, "the order")
    return row.get("order_class") == MULTILEG and not row.get("legs")


def cannot_be_ours(body: object) -> bool:
    """Whether an order is of a kind that we never send and cannot say in contracts and shares: by value, of parts of
    a share, or of crypto currency. An account may hold such orders of another program or of a person.
    """
    row = row_of(body, "the order")
    if words(row, "asset_class").startswith("crypto") or row.get("qty") is None:
        return True
    quantities = (figure(row, "qty"), figure_or_none(row, "filled_qty") or _NO_TRADE)
    return any(quantity != quantity.to_integral_value() for quantity in quantities)


def _state(row: Row, execution: Execution) -> tuple[OrderState, str]:
    status = text(row, "status")
    reason = words(row, "reject_reason") or words(row, "reason")
    if status == "replaced":
        reason = reason or "replaced by another order"
    if status in _STATES:
        return _STATES[status], reason
    if status not in _WORKING:
        reason = reason or f"Alpaca says {status[:40]!r}"
    if execution.quantity >= whole(row, "qty"):
        return OrderState.FILLED, reason
    return (OrderState.PARTIALLY_FILLED if execution.any else OrderState.ACCEPTED), reason


def _legs(row: Row) -> tuple[_Leg, ...]:
    """The legs of a multi-leg order; a simple one is its own only leg. Other classes bring orders as legs, not legs."""
    if row.get("order_class") == MULTILEG:
        nested = row.get("legs")
        return () if nested is None else tuple(_leg(leg) for leg in rows_of(nested, "legs"))
    filled = whole(row, "filled_qty") if figure_or_none(row, "filled_qty") else 0
    return (_Leg(text(row, "symbol"), _side(row), 1, _not_negative(filled), _price(row) if filled else None),)


def _leg(row: Row) -> _Leg:
    filled = whole(row, "filled_qty") if figure_or_none(row, "filled_qty") else 0
    ratio = whole(row, "ratio_qty") if figure_or_none(row, "ratio_qty") else 1
    return _Leg(text(row, "symbol"), _side(row), max(ratio, 1), _not_negative(filled), _price(row) if filled else None)


def _side(row: Row) -> Side:
    """The side, or what the position intent says of it where the side is left out."""
    side = words(row, "side") or words(row, "position_intent").partition("_")[0]
    if side not in ("buy", "sell"):
        raise unreadable("side is neither buy nor sell")
    return Side(side)


def _price(row: Row) -> Decimal | None:
    """An average price per leg, points; 0 means that Alpaca has not reported it yet."""
    price = figure_or_none(row, "filled_avg_price")
    return None if not price else abs(price)


def _not_negative(quantity: int) -> int:
    if quantity < 0:
        raise unreadable("filled_qty is negative")
    return quantity


def _execution(row: Row, legs: Sequence[_Leg]) -> Execution:
    """All that was filled so far, with its legs only where each that was filled has its price. CS-411, CS-412."""
    spreads = _not_negative(whole(row, "filled_qty")) if figure_or_none(row, "filled_qty") else 0
    filled = [leg for leg in legs if leg.filled]
    fills = tuple(
        LegFill(leg.symbol, leg.side, leg.filled, leg.price) for leg in filled if leg.price is not None
    )  # fmt: skip
    reported = fills if len(fills) == len(filled) else ()
    price = _net_price(row, legs) if spreads else None
    return Execution(spreads, price, abs(figure_or_none(row, "commission") or _NO_TRADE), reported)


def _net_price(row: Row, legs: Sequence[_Leg]) -> Decimal | None:
    """The net of a spread, positive when it came out the way the order was meant; None when Alpaca has not said it.

    The amount is Alpaca's, the direction is that of the legs' prices: for multi-leg fills the sign of the former is
    documented nowhere (a credit was seen positive and negative elsewhere), and a close may fill the other way round.
    """
    if row.get("order_class") != MULTILEG:
        return _price(row)
    reported, by_legs = figure_or_none(row, "filled_avg_price"), _net_credit(legs)
    if by_legs is None:
        return None if not reported else abs(reported)
    amount = abs(reported) if reported else abs(by_legs)
    meant = _effect(row, legs) or (Effect.CREDIT if by_legs > 0 else Effect.DEBIT)
    return amount if by_legs * meant.sign >= 0 else -amount


def _net_credit(legs: Sequence[_Leg]) -> Decimal | None:
    """What one spread brought in by the prices of its legs, points; None when one of them has none."""
    if not legs or any(leg.price is None for leg in legs):
        return None
    return sum((-leg.side.sign * leg.ratio * (leg.price or _NO_TRADE) for leg in legs), Decimal(0))


def _effect(row: Row, legs: Sequence[_Leg]) -> Effect | None:
    """Which way the order was meant: by the sign of its limit; a market order by what its legs can be worth at expiry.

    Legs that can only be worth something are bought for a debit, legs that can only cost are sold for a credit. None
    for those that can be either.
    """
    limit = figure_or_none(row, "limit_price")
    if limit:
        return Effect.DEBIT if limit > 0 else Effect.CREDIT
    try:
        contracts = [(read_option_symbol(leg.symbol), leg) for leg in legs]
    except InvalidInput:
        return None
    if not contracts or len({contract.expiry for contract, _ in contracts}) > 1:
        return None
    worths = [_worth(contracts, price) for price in _turning_points([contract.strike for contract, _ in contracts])]
    if min(worths) >= 0 and max(worths) > 0:
        return Effect.DEBIT
    return Effect.CREDIT if max(worths) <= 0 and min(worths) < 0 else None


def _turning_points(strikes: Sequence[Decimal]) -> list[Decimal]:
    """Where a worth at expiry can turn: at 0, at each strike, and on the way up beyond them all."""
    return [Decimal(0), *strikes, 2 * max(strikes)]


def _worth(contracts: Sequence[tuple[OptionContract, _Leg]], price: Decimal) -> Decimal:
    return sum((leg.side.sign * leg.ratio * contract.intrinsic(price) for contract, leg in contracts), Decimal(0))
