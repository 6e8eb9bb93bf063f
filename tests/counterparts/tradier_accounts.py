"""The account as Tradier shows it: profile, balances in three shapes, positions, and what clearing knows by night."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

from attrs import define, frozen

from counterparts.tradier_orders import FIRST_ID, OrderDesk
from counterparts.tradier_words import Json, collected, figure, iso
from counterparts.world import World
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER, parse_occ
from gammacore.domain.sessions import NEW_YORK, new_york_date
from gammacore.errors import InvalidInput, MarketDataError

_OPENED = "2016-08-01T21:08:55.000Z"


@define
class Lot:
    """What is held of one symbol by its fills: signed quantity, signed dollars it cost, and since when."""

    quantity: int = 0
    cost: Decimal = Decimal(0)
    since: dt.datetime | None = None


@frozen
class ClosedLot:
    """A part of a position that a fill closed."""

    symbol: str
    quantity: int
    cost: Decimal
    proceeds: Decimal
    opened: dt.datetime
    closed: dt.datetime


class AccountDesk:
    """Answers for the one account. Call it under the world's lock."""

    def __init__(self, world: World, orders: OrderDesk) -> None:
        self._world = world
        self._orders = orders

    def profile(self) -> Json:
        kind = "cash" if self._shape == "cash" else "margin"
        account = {
            "account_number": self._world.account, "classification": "individual", "date_created": _OPENED,
            "day_trader": False,
            "option_level": int(self._world.settings.get("option_level", "6")), "status": "active", "type": kind,
            "last_update_date": _OPENED,
        }  # fmt: skip
        return {"profile": {"account": account, "id": "id-loopback", "name": "Loopback Trader"}}

    def balances(self) -> Json:
        """Dollars; `settings["balances"]` says which sub-object: margin, cash or pdt."""
        account = self._world.exchange.account()
        worth = {True: Decimal(0), False: Decimal(0)}
        shares = Decimal(0)
        for symbol, held, price in self._valued():
            if _is_option(symbol):
                worth[held > 0] += held * price * EQUITY_OPTION_MULTIPLIER
            else:
                shares += held * price
        power, cash, market = account.option_buying_power, account.balance, worth[True] + worth[False] + shares
        kind = "cash" if self._shape == "cash" else "margin"
        return {
            "balances": {
                "option_short_value": figure(worth[False]), "total_equity": figure(cash + market),
                "account_number": self._world.account, "account_type": "pdt" if self._shape == "pdt" else kind,
                "close_pl": 0.0,
                "current_requirement": figure(cash - power), "equity": 0, "long_market_value": figure(worth[True]),
                "market_value": figure(market), "open_pl": 0.0, "option_long_value": figure(worth[True]),
                "option_requirement": figure(cash - power), "pending_orders_count": self._pending(),
                "short_market_value": figure(worth[False]), "stock_long_value": figure(max(shares, Decimal(0))),
                "total_cash": figure(cash), "uncleared_funds": 0, "pending_cash": 0, **self._sub_balance(power),
            }
        }  # fmt: skip

    def positions(self) -> Json:
        """Everything held now; short is negative, and so is what it cost."""
        self._orders.catch_up()
        held = self._world.exchange.holdings()
        lots, _ = self._replayed()
        rows = []
        for number, (symbol, quantity) in enumerate(sorted(held.items())):
            lot = lots.get(symbol, Lot())
            rows.append({
                "cost_basis": figure(round(lot.cost, 2)), "date_acquired": iso(lot.since or self._world.now()),
                "id": FIRST_ID // 10 + number, "quantity": float(quantity), "symbol": symbol,
            })  # fmt: skip
        return {"positions": collected("position", rows, empty="null")}

    def history(self) -> Json:
        """Trades of days before today: clearing tells at night."""
        rows = [
            {
                "amount": figure(-quantity * price * _multiplier(symbol)), "date": f"{new_york_date(at)}T00:00:00Z",
                "type": "trade",
                "trade": {
                    "commission": 0.0, "description": symbol, "price": figure(price), "quantity": float(quantity),
                    "symbol": symbol, "trade_type": "Option" if _is_option(symbol) else "Equity",
                },
            }
            for at, symbol, quantity, price in self._fills()
            if self._is_over(at)
        ]  # fmt: skip
        return {"history": collected("event", rows)}

    def gainloss(self) -> Json:
        """Closed parts of positions of days before today."""
        _, closed = self._replayed()
        rows = []
        for lot in closed:
            if self._is_over(lot.closed):
                gain = lot.proceeds - lot.cost
                rows.append({
                    "close_date": f"{new_york_date(lot.closed)}T00:00:00.000Z", "cost": figure(lot.cost),
                    "gain_loss": figure(gain),
                    "gain_loss_percent": round(float(100 * gain / abs(lot.cost)), 4) if lot.cost else 0.0,
                    "open_date": f"{new_york_date(lot.opened)}T00:00:00.000Z", "proceeds": figure(lot.proceeds),
                    "quantity": float(lot.quantity), "symbol": lot.symbol,
                    "term": (new_york_date(lot.closed) - new_york_date(lot.opened)).days,
                })  # fmt: skip
        return {"gainloss": collected("closed_position", rows)}

    # -- inside -------------------------------------------------------------------------------------------------------

    @property
    def _shape(self) -> str:
        return self._world.settings.get("balances", "margin")

    def _sub_balance(self, power: Decimal) -> dict[str, object]:
        if self._shape == "cash":
            return {"cash": {"cash_available": figure(power), "sweep": 0, "unsettled_funds": 0.0}}
        margin = {
            "fed_call": 0, "maintenance_call": 0, "option_buying_power": figure(power),
            "stock_buying_power": figure(2 * power), "stock_short_value": 0,
        }  # fmt: skip
        return {"pdt": margin} if self._shape == "pdt" else {"margin": {**margin, "sweep": 0}}

    def _pending(self) -> int:
        return sum(not record.report.state.is_final for record in self._orders.records)

    def _is_over(self, at: dt.datetime) -> bool:
        return at.astimezone(NEW_YORK).date() < new_york_date(self._world.now())

    def _fills(self) -> Iterator[tuple[dt.datetime, str, int, Decimal]]:
        self._orders.catch_up()
        yield from sorted((fill for record in self._orders.records for fill in record.fills), key=lambda fill: fill[0])

    def _replayed(self) -> tuple[dict[str, Lot], list[ClosedLot]]:
        """Positions by their fills, in the order they happened; what expired or was assigned is in no fill."""
        lots: dict[str, Lot] = {}
        closed: list[ClosedLot] = []
        for at, symbol, quantity, price in self._fills():
            lot = lots.setdefault(symbol, Lot())
            dollars = price * _multiplier(symbol)
            part = 0
            if lot.quantity * quantity < 0:
                part = min(abs(quantity), abs(lot.quantity)) * (1 if lot.quantity > 0 else -1)
                cost = lot.cost * part / lot.quantity
                closed.append(ClosedLot(symbol, part, cost, part * dollars, lot.since or at, at))
                lot.cost -= cost
                lot.quantity -= part
            if more := quantity + part:
                lot.since = at if lot.quantity == 0 else lot.since
                lot.quantity += more
                lot.cost += more * dollars
        return lots, closed

    def _valued(self) -> Iterator[tuple[str, int, Decimal]]:
        """Symbol, signed quantity and price of everything held; what nobody quotes is worth nothing here."""
        for symbol, held in self._world.exchange.holdings().items():
            market = self._world.markets.get(parse_occ(symbol).underlying if _is_option(symbol) else symbol)
            try:
                snapshot = None if market is None else market.snapshot(self._world.now())
            except MarketDataError:
                snapshot = None
            if snapshot is None:
                yield symbol, held, Decimal(0)
            elif _is_option(symbol):
                quote = snapshot.quote(parse_occ(symbol))
                yield symbol, held, Decimal(0) if quote is None else quote.mid
            else:
                yield symbol, held, snapshot.spot or Decimal(0)


def _is_option(symbol: str) -> bool:
    try:
        parse_occ(symbol)
    except InvalidInput:
        return False
    return True


def _multiplier(symbol: str) -> int:
    return EQUITY_OPTION_MULTIPLIER if _is_option(symbol) else 1
