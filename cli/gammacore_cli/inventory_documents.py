"""Inventories as JSON: what was bought, each hedge with the delta before and after, what it came to (cli.md)."""

from __future__ import annotations

from decimal import Decimal

from gammacore.domain.holding_events import BookGreeks, HoldingAdopted, SharesDelivered
from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.holdings.lots import multiplier_of
from gammacore.domain.instruments import Side, parse_occ
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.reports.inventory_record import HedgeLine, InventoryLine
from gammacore.domain.reports.inventory_words import story, title
from gammacore_cli.json_values import Document, clock, fill_price, known_number, money, number, order_leg


def inventory_line(line: InventoryLine) -> Document:
    """One inventory as a trade; what is not known while anything is held is null."""
    end, judged = line.end, line.judged
    return {
        "id": line.id,
        "strategy": line.strategy,
        "underlying": line.inventory.underlying,
        "title": title(line),
        "legs": [order_leg(one) for one in _legs(line)],
        "contracts": line.contracts,
        "credit": None,
        "debit": None if line.debit is None else money(line.debit),
        "opened": clock(line.opened),
        "closed": None if end is None else clock(end.at),
        "exit_reason": None if end is None else end.reason,
        "pnl": None if end is None else money(end.gross),
        "options_pnl": None if end is None else money(end.options),
        "hedges_pnl": None if end is None else money(end.shares),
        "slippage": money(line.slippage),
        "fees": money(line.fees),
        "result": line.result.value,
        "price": known_number(None if judged is None else judged.price),
        "vix": known_number(None if judged is None else judged.vix),
        "holdings": line.inventory.quantities,
        "hedges": [hedge_line(hedge) for hedge in line.hedges],
        "story": [{"at": clock(at), "what": words} for at, words in story(line)],
        "balance": None if end is None else money(end.balance),
    }


def hedge_line(hedge: HedgeLine) -> Document:
    """One hedge: decided at `at` by these deltas, threshold and prices; filled as far as `shares`. Rules: DH-243, 611.

    Deltas and threshold are contract-deltas; `shares` is positive, `side` says which way.
    """
    decision = hedge.decision
    return {
        "at": clock(decision.at),
        "symbol": decision.symbol,
        "side": hedge.order.ticket.legs[0].side.value,
        "shares": abs(hedge.shares),
        "ordered": hedge.order.ticket.quantity,
        "state": hedge.order.state.value,
        "price": fill_price(hedge.price),
        "delta_before": number(hedge.delta_before),
        "delta_after": number(hedge.delta_after),
        "threshold": number(decision.threshold),
        "gex": known_number(decision.gex),
        "gex_status": decision.gex_status,
        "underlying_price": known_number(decision.underlying_price),
        "hedge_price": known_number(decision.hedge_price),
        "greeks": None if decision.greeks is None else greeks(decision.greeks),
        "slippage": money(hedge.slippage),
        "fees": money(hedge.fees),
        "reason": decision.reason,
    }


def greeks(book: BookGreeks) -> Document:
    """Gamma in shares a point, theta in dollars a calendar day, vega in dollars a volatility point. Rule: DH-1004."""
    return {
        "gamma": number(book.gamma),
        "theta": number(book.theta),
        "vega": number(book.vega),
        "missing": book.missing,
    }


def held_line(inventory: AnyHolding) -> Document:
    """What is held under one name now; what it is worth is not in a ledger."""
    return {
        "id": inventory.id,
        "strategy": inventory.owner,
        "underlying": inventory.underlying,
        "holdings": inventory.quantities,
        "cost": money(sum((holding.cost for holding in inventory.lots.values()), Decimal(0))),
        "realised": money(inventory.options_realised + inventory.shares_realised),
        "fees": money(inventory.fees),
        "opened": clock(inventory.opened_at),
    }


def _legs(line: InventoryLine) -> tuple[Leg | ShareLeg, ...]:
    """As they were bought; of what nobody chose, as it was found or delivered."""
    if line.entry is not None:
        return line.entry.ticket.legs
    began = next((event for event in line.moved if isinstance(event, HoldingAdopted | SharesDelivered)), None)
    if isinstance(began, SharesDelivered):
        return (_leg(began.symbol, began.shares),)
    return () if began is None else tuple(_leg(symbol, held) for symbol, held in began.symbols.items())


def _leg(symbol: str, quantity: int) -> Leg | ShareLeg:
    side = Side.BUY if quantity > 0 else Side.SELL
    return ShareLeg(symbol, side, closes=False) if multiplier_of(symbol) == 1 else Leg(parse_occ(symbol), side)
