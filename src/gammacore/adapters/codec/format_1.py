"""Records of format 1, as they were written while spreads and everything else were held by two models, read as today's.

A spread was a position and opened with its whole plan, stop policy included; anything else was an inventory.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

Body = dict[str, Any]
SPREADS = "credit-spread"
"""The strategy that every position of format 1 belonged to."""


def renamed(**names: str) -> Any:
    """An upcaster that gives fields other names."""

    def upcast(body: Body) -> Body:
        return {names.get(name, name): value for name, value in body.items()}

    return upcast


def unchanged(body: Body) -> Body:
    """The same event, some of whose values are written more briefly now; both ways are read."""
    return body


def watch_changed(body: Body) -> Body:
    """A watch says since which kind it is."""
    return {"at": body["at"], "holding": body["position"], "watch": _watch(body["watch"])}


def order_intended(body: Body) -> Body:
    """The plan becomes the opening of a holding, its stop policy stands beside it under an id of its own."""
    plan, ticket = body.get("plan"), renamed(position="holding")(body["ticket"])
    if plan is None:
        return {"at": body["at"], "ticket": ticket}
    opens = {"owner": SPREADS, "underlying": _underlying(plan), "spread": _terms(plan)}
    return {"at": body["at"], "ticket": ticket, "opens": opens, "policy": plan["policy"]}


def position_adopted(body: Body) -> Body:
    plan = body["plan"]
    return {
        "at": body["at"],
        "holding": plan["position"],
        "owner": SPREADS,
        "underlying": _underlying(plan),
        "origin": "orphan" if body["orphan"] else "imported",
        "symbols": body["holdings"],
        "price": body["credit"],
        "opened_at": body["opened_at"],
        "contracts": body["contracts"],
        "spread": _terms(plan),
        "watch": _watch(body["watch"]),
        "policy": plan["policy"],
    }


def inventory_opened(body: Body) -> Body:
    return {
        "at": body["at"],
        "holding": body["inventory"],
        "owner": body["strategy"],
        "underlying": body["underlying"],
        "origin": "stranded" if body["strategy"] == "stranded" else "chosen",
        "symbols": body["symbols"],
        "price": body["price"],
        "opened_at": body["at"],
    }


def position_closed(body: Body) -> Body:
    closed = renamed(position="holding", gross="options")(body)
    return {**closed, "shares": "0", "is_trade": True}


def inventory_closed(body: Body) -> Body:
    return {**renamed(inventory="holding")(body), "is_trade": False}


def inventory_adjusted(body: Body) -> Body:
    """What went from an inventory was taken out at a guess that made no gain and no loss."""
    return {**renamed(inventory="holding")(body), "is_guess": True}


def position_missing(body: Body) -> Body:
    return {"at": body["at"], "symbol": "", "change": 0, "holding": body["position"]}


def _terms(plan: Body) -> Body:
    kept = ("strategy", "direction", "confidence", "expected_credit", "price", "pin", "vix", "scheduled_at")
    policy = hashlib.sha256(json.dumps(plan["policy"], sort_keys=True).encode()).hexdigest()[:12]
    named = {name: plan[name] for name in kept}
    return {**named, "policy": policy, "spread": plan["spread"], "limit": plan["limit"]}


def _underlying(plan: Body) -> str:
    underlying: str = plan["spread"]["sides"][0]["short"]["underlying"]
    return underlying


def _watch(watch: Body) -> Body:
    return {"kind": "spread", **watch}
