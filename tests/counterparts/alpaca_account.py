"""The account, its positions, the clock and the calendar as Alpaca shows them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from counterparts.alpaca_quotes import Shown
from counterparts.alpaca_tickets import is_option
from counterparts.alpaca_words import id_of, new_york_time, number, utc
from counterparts.world import World
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER
from gammacore.domain.sessions import NEW_YORK, TradingSession, new_york_date

Words = dict[str, Any]

OPTION_LEVEL = 3
"""Spreads are allowed."""

_OPENED = dt.datetime(2019, 6, 12, 22, 47, 7, tzinfo=dt.UTC)


def account_words(world: World) -> Words:
    account = world.exchange.account()
    worth = sum((_market_value(world, symbol) for symbol in world.exchange.holdings()), Decimal(0))
    cash, power, equity = number(account.balance), number(account.option_buying_power), number(account.balance + worth)
    return {
        "id": id_of("account", world.account),
        "account_number": world.account,
        "status": "ACTIVE",
        "crypto_status": "INACTIVE",
        "currency": "USD",
        "cash": cash,
        "equity": equity,
        "last_equity": equity,
        "portfolio_value": equity,
        "buying_power": power,
        "regt_buying_power": power,
        "options_buying_power": power,
        "non_marginable_buying_power": power,
        "accrued_fees": "0",
        "pending_transfer_in": "0",
        "pending_transfer_out": "0",
        "long_market_value": number(max(worth, Decimal(0))),
        "short_market_value": number(min(worth, Decimal(0))),
        "initial_margin": "0",
        "maintenance_margin": "0",
        "last_maintenance_margin": "0",
        "sma": "0",
        "multiplier": "2",
        "shorting_enabled": True,
        "trading_blocked": world.settings.get("trading_blocked") == "yes",
        "transfers_blocked": False,
        "account_blocked": False,
        "trade_suspended_by_user": False,
        "created_at": utc(_OPENED),
        "options_approved_level": int(world.settings.get("option_level", OPTION_LEVEL)),
        "options_trading_level": int(world.settings.get("option_level", OPTION_LEVEL)),
    }


def position_words(world: World, symbol: str) -> Words:
    """One position; short ones have a negative quantity, and the side beside it."""
    held = world.exchange.holdings()[symbol]
    price, entry, multiplier = _price(world, symbol), _entry_price(world, symbol, held), _multiplier(symbol)
    worth, cost = held * price * multiplier, held * entry * multiplier
    gain = worth - cost
    part = number((gain / abs(cost)).quantize(Decimal("0.000001"))) if cost else "0"
    return {
        "asset_id": id_of(symbol),
        "symbol": symbol,
        "exchange": "" if is_option(symbol) else "ARCA",
        "asset_class": "us_option" if is_option(symbol) else "us_equity",
        "asset_marginable": not is_option(symbol),
        "qty": number(held),
        "qty_available": number(held),
        "side": "long" if held > 0 else "short",
        "avg_entry_price": number(entry),
        "cost_basis": number(cost),
        "market_value": number(worth),
        "current_price": number(price),
        "lastday_price": number(price),
        "change_today": "0",
        "unrealized_pl": number(gain),
        "unrealized_plpc": part,
        "unrealized_intraday_pl": number(gain),
        "unrealized_intraday_plpc": part,
    }


def clock_words(world: World) -> Words:
    broker, today = world.exchange.clock(), new_york_date(world.now())
    upcoming = _sessions_from(world, today)
    following = next(session for session in upcoming if session.open > broker.at)
    closing = next(session for session in upcoming if session.close > broker.at)
    return {
        "timestamp": new_york_time(broker.at),
        "is_open": broker.is_open,
        "next_open": new_york_time(following.open),
        "next_close": new_york_time(closing.close),
    }


def day_words(world: World, date: dt.date) -> Words | None:
    """A trading day, in New York's time without an offset; None on a day without trading."""
    if (session := world.calendar.session(date)) is None:
        return None
    return {
        "date": date.isoformat(),
        "open": f"{session.open.astimezone(NEW_YORK):%H:%M}",
        "close": f"{session.close.astimezone(NEW_YORK):%H:%M}",
        "session_open": "0400",
        "session_close": "2000",
        "settlement_date": world.calendar.next_session(date).date.isoformat(),
    }


def _sessions_from(world: World, date: dt.date) -> list[TradingSession]:
    today = world.calendar.session(date)
    sessions = [] if today is None else [today]
    while len(sessions) < 4:
        sessions.append(world.calendar.next_session(sessions[-1].date if sessions else date))
    return sessions


def _multiplier(symbol: str) -> int:
    return EQUITY_OPTION_MULTIPLIER if is_option(symbol) else 1


def _market_value(world: World, symbol: str) -> Decimal:
    return world.exchange.holdings()[symbol] * _price(world, symbol) * _multiplier(symbol)


def _price(world: World, symbol: str) -> Decimal:
    """The middle of the market now; 0 where there is none."""
    shown = Shown(world)
    if not is_option(symbol):
        known = shown.price(symbol)
        return Decimal(0) if known is None else known[0]
    quote = shown.option_quotes([symbol]).get(symbol)
    return Decimal(0) if quote is None else (Decimal(str(quote["bp"])) + Decimal(str(quote["ap"]))) / 2


def _entry_price(world: World, symbol: str, held: int) -> Decimal:
    """The average price of the fills on the side that is held."""
    fills = [
        fill
        for order in world.exchange.every_order
        for fill in order.execution.legs
        if fill.symbol == symbol and fill.side.sign * held > 0
    ]
    contracts = sum(fill.quantity for fill in fills)
    paid = sum((fill.price * fill.quantity for fill in fills), Decimal(0))
    return (paid / contracts).quantize(Decimal("0.0001")) if contracts else _price(world, symbol)
