"""Tradier's streams: the market's as lines over HTTP, the account's over a web-socket; one session of each."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from counterparts.tradier_orders import OrderDesk, OrderRecord, status_of
from counterparts.tradier_quotes import QuoteBoard
from counterparts.tradier_words import Json, figure, iso, milliseconds, parameters
from counterparts.world import World

SESSION_LIFE = dt.timedelta(minutes=5)
"""A session nobody connected with by then is over."""

HEARTBEAT = dt.timedelta(seconds=10)
MARKET, ACCOUNTS = "markets", "accounts"


class Sessions:
    """The newest session of each stream; a new one ends the one before it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._open: dict[str, tuple[str, dt.datetime]] = {}

    def begin(self, stream: str, url: str) -> Json:
        session = str(uuid.uuid4())
        self._open[stream] = (session, self._world.now())
        return {"stream": {"url": url, "sessionid": session}}

    def is_good(self, stream: str, session: object) -> bool:
        known = self._open.get(stream)
        return known is not None and known[0] == session and self._world.now() <= known[1] + SESSION_LIFE


class Awakening:
    """An asyncio event that the world sets from whatever thread it is stirred in."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._event = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        world.watch(self._stirred)

    def _stirred(self) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(self._event.set)

    async def wait(self) -> None:
        await self._event.wait()
        self._event.clear()

    def end(self) -> None:
        self._world.unwatch(self._stirred)


class AccountStreams:
    """Order events and heartbeats to every listener; `say` and `cut` are for tests."""

    def __init__(self, world: World, orders: OrderDesk, sessions: Sessions) -> None:
        self._world = world
        self._orders = orders
        self._sessions = sessions
        self._lines: set[WebSocket] = set()

    async def listen(self, line: WebSocket) -> None:
        """One web-socket from its first message to its end."""
        await line.accept()
        try:
            wanted = json.loads(await line.receive_text())
        except (ValueError, WebSocketDisconnect):
            return
        if not isinstance(wanted, dict) or not self._sessions.is_good(ACCOUNTS, wanted.get("sessionid")):
            await line.send_text(json.dumps({"error": "Session not found"}))
            await line.close()
            return
        self._lines.add(line)
        is_left_out = self._world.account in wanted.get("excludeAccounts", [])
        hears_orders = "order" in wanted.get("events", []) and not is_left_out
        telling = asyncio.create_task(self._tell(line, hears_orders))
        try:
            while True:
                await line.receive_text()
        except WebSocketDisconnect:
            pass
        finally:
            telling.cancel()
            self._lines.discard(line)
            with suppress(asyncio.CancelledError, Exception):
                await telling

    async def say(self, text: str) -> None:
        """Send a message of any kind to everybody."""
        for line in tuple(self._lines):
            await line.send_text(text)

    async def cut(self) -> None:
        """End every connection."""
        for line in tuple(self._lines):
            await line.close(1011)

    async def _tell(self, line: WebSocket, hears_orders: bool) -> None:
        awake = Awakening(self._world)
        last_sent = self._seen()
        beat = self._world.now()
        await line.send_text(json.dumps(_heartbeat(beat)))
        try:
            while True:
                await awake.wait()
                now, seen = self._world.now(), self._seen()
                for record, event in seen:
                    if hears_orders and (record, event) not in last_sent:
                        await line.send_text(json.dumps(event))
                last_sent = seen
                if now >= beat + HEARTBEAT:
                    beat = now
                    await line.send_text(json.dumps(_heartbeat(beat)))
        finally:
            awake.end()

    def _seen(self) -> list[tuple[int, Json]]:
        with self._world.lock, suppress(Exception):  # set to fail: the stream is silent then
            self._orders.catch_up()
        with self._world.lock:
            return [(record.id, _order_event(record, self._world.account)) for record in self._orders.records]


def _heartbeat(now: dt.datetime) -> Json:
    return {"event": "heartbeat", "status": "active", "timestamp": milliseconds(now)}


def _order_event(record: OrderRecord, account: str) -> Json:
    """What the stream tells of an order: less than a question would, without its legs."""
    ticket, report = record.ticket, record.report
    sign = -ticket.effect.sign if len(ticket.legs) > 1 else 1
    done = report.execution.quantity
    return {
        "id": record.id, "event": "order", "status": status_of(record), "type": record.form["type"],
        "price": figure(ticket.limit), "avg_fill_price": float(sign * (report.execution.price or 0)),
        "exec_quantity": float(done), "last_fill_quantity": float(record.fresh_quantity if done else 0),
        "remaining_quantity": 0.0 if report.state.is_final else float(ticket.quantity - done),
        "transaction_date": iso(report.at), "create_date": iso(record.created), "account": account,
        **({"tag": record.form["tag"]} if "tag" in record.form else {}),
    }  # fmt: skip


class MarketStream:
    """Quotes, trades and summaries as lines of JSON, once at the beginning and then whenever they changed."""

    def __init__(self, world: World, board: QuoteBoard, sessions: Sessions) -> None:
        self._world = world
        self._board = board
        self._sessions = sessions

    async def open(self, request: Request) -> Response:
        asked = await parameters(request)
        symbols = [symbol.strip() for symbol in asked.get("symbols", "").split(",") if symbol.strip()]
        if (trouble := self._trouble(symbols, asked.get("sessionid"))) is not None:
            return Response(json.dumps({"error": trouble}), 400, media_type="application/json")
        kinds = _kinds(asked["filter"].split(",") if "filter" in asked else None)
        ending = "\n" if asked.get("linebreak", "false").lower() == "true" else ""
        return StreamingResponse(self._lines(symbols, kinds, ending), media_type="application/json")

    async def listen(self, line: WebSocket) -> None:
        """The same over a web-socket: its first message says of what."""
        await line.accept()
        with suppress(ValueError, WebSocketDisconnect):
            wanted = json.loads(await line.receive_text())
            symbols = [str(symbol) for symbol in wanted.get("symbols", [])]
            trouble = self._trouble(symbols, wanted.get("sessionid"))
            if trouble is not None:
                await line.send_text(json.dumps({"error": trouble}))
                await line.close()
                return
            async for text in self._lines(symbols, _kinds(wanted.get("filter")), ""):
                await line.send_text(text)

    def _trouble(self, symbols: list[str], session: object) -> str | None:
        """What is wrong with a subscription, in Tradier's words."""
        if not self._sessions.is_good(MARKET, session):
            return "Session not found"
        if not symbols:
            return "symbols are missing"
        with self._world.lock:
            unknown = [symbol for symbol in symbols if self._board.quote(symbol, greeks=False) is None]
        return f"{unknown[0]} is not a valid symbol" if unknown else None

    async def _lines(self, symbols: list[str], kinds: list[str], ending: str) -> AsyncIterator[str]:
        awake = Awakening(self._world)
        last_sent: dict[tuple[str, str], Json] = {}
        try:
            while True:
                for key, event in self._events(symbols, kinds).items():
                    if last_sent.get(key) != event:
                        last_sent[key] = event
                        yield json.dumps(event) + ending
                await awake.wait()
        finally:
            awake.end()

    def _events(self, symbols: list[str], kinds: list[str]) -> dict[tuple[str, str], Json]:
        events: dict[tuple[str, str], Json] = {}
        with self._world.lock:
            for symbol in symbols:
                row = self._board.quote(symbol, greeks=False)
                if row is not None:
                    events |= {(symbol, kind): {"type": kind, "symbol": symbol, **_EVENTS[kind](row)} for kind in kinds}
        return events


def _kinds(wanted: Sequence[str] | None) -> list[str]:
    return [kind for kind in _EVENTS if wanted is None or kind in wanted]


def _quote_event(row: Json) -> Json:
    return {
        "bid": row["bid"], "bidsz": row["bidsize"], "bidexch": row["bidexch"], "biddate": str(row["bid_date"]),
        "ask": row["ask"], "asksz": row["asksize"], "askexch": row["askexch"], "askdate": str(row["ask_date"]),
    }  # fmt: skip


def _trade_event(row: Json) -> Json:
    return {
        "exch": row["exch"], "price": str(row["last"]), "size": "1", "cvol": str(row["volume"]),
        "date": str(row["trade_date"]), "last": str(row["last"]),
    }  # fmt: skip


def _summary_event(row: Json) -> Json:
    return {
        "open": str(row["open"]),
        "high": str(row["high"]),
        "low": str(row["low"]),
        "prevClose": str(row["prevclose"]),
    }


_EVENTS: dict[str, Callable[[Json], Json]] = {
    "quote": _quote_event,
    "trade": _trade_event,
    "tradex": _trade_event,
    "summary": _summary_event,
}
