"""Tradier without a network: what the wire answers is said beforehand, what was sent is kept."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from urllib.parse import parse_qsl

import httpx

from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.tradier.broker import TradierBroker
from gammacore.adapters.tradier.client import Patience, TradierClient, TradierHosts
from gammacore.adapters.tradier.pacing import PacingLimits
from gammacore.domain.instruments import REGISTRY, Right, Side
from gammacore.domain.legs import Leg
from gammacore.domain.orders import Effect, OrderTicket, Purpose
from gammacore.ports.credentials import Secret

NOON = dt.datetime(2026, 8, 19, 16, tzinfo=dt.UTC)
ACCOUNT = "VA00000007"
TOKEN = "s3cr3t-t0ken-of-the-test"  # long enough that a search for it finds nothing else
HOSTS = TradierHosts("http://tradier.test/v1", "http://stream.test/v1", "ws://socket.test/v1")
ORDER_ID = "gc-" + "0a1b2" * 5

Answer = httpx.Response | Exception
"""What the wire does: answers, or breaks."""


def answered(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """An answer of JSON, or of text as it is."""
    return httpx.Response(status, text=body if isinstance(body, str) else json.dumps(body), headers=headers)


class ScriptedWire:
    """Answers each kind of request from its own script; the last line of a script is repeated."""

    def __init__(self, scripts: Mapping[str, list[Answer]]) -> None:
        self._scripts = {method: list(script) for method, script in scripts.items()}
        self.sent: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        script = self._scripts[request.method]
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    def count(self, method: str) -> int:
        return sum(request.method == method for request in self.sent)

    def forms(self) -> list[dict[str, str]]:
        """The forms that were posted."""
        return [dict(parse_qsl(request.content.decode())) for request in self.sent if request.method == "POST"]


def client_of(
    wire: Callable[[httpx.Request], httpx.Response],
    clock: FakeClock | None = None,
    *,
    limits: PacingLimits = PacingLimits(),  # noqa: B008  frozen
    patience: Patience = Patience(),  # noqa: B008
) -> TradierClient:
    return TradierClient(
        HOSTS,
        Secret(TOKEN),
        clock or FakeClock(NOON),
        limits=limits,
        patience=patience,
        transport=httpx.MockTransport(wire),
    )


def broker_of(wire: Callable[[httpx.Request], httpx.Response], clock: FakeClock | None = None) -> TradierBroker:
    return TradierBroker(client_of(wire, clock), ACCOUNT)


def a_put_spread(
    order_id: str = ORDER_ID, *, contracts: int = 3, limit: str | None = "1.25", purpose: Purpose = Purpose.ENTRY
) -> OrderTicket:
    """SPXW puts 6880/6870 of one day, sold; bought back when the purpose closes."""
    put = REGISTRY["SPX"].contract
    short, long = (put(NOON.date(), Right.PUT, Decimal(strike)) for strike in (6880, 6870))
    sides = (Side.BUY, Side.SELL) if purpose.closes else (Side.SELL, Side.BUY)
    return OrderTicket(
        order_id,
        purpose,
        "SPX",
        "p1",
        (Leg(short, sides[0]), Leg(long, sides[1])),
        contracts,
        Effect.DEBIT if purpose.closes else Effect.CREDIT,
        None if limit is None else Decimal(limit),
    )


def a_row(
    number: int = 7, *, status: str = "open", tag: str = f"GEXENTRY-{ORDER_ID}", **fields: object
) -> dict[str, object]:
    """The row of a credit spread of three, nothing filled, as Tradier lists it."""
    return {
        "id": number,
        "type": "credit",
        "symbol": "SPX",
        "side": "buy",
        "quantity": 3.00000000,
        "status": status,
        "duration": "day",
        "price": 1.25,
        "avg_fill_price": 0.00000000,
        "exec_quantity": 0.00000000,
        "create_date": "2026-08-19T15:59:00.000Z",
        "transaction_date": "2026-08-19T15:59:01.000Z",
        "class": "multileg",
        "tag": tag,
        **fields,
    }


NO_ORDERS = {"orders": "null"}
TAKEN = {"order": {"id": 7, "status": "ok", "partner_id": "c4998eb7"}}
