"""Alpaca's own OpenAPI files, with only what contradicts the live service taken out, for Prism to hold us against.

The files are read where `make prism` has put them; nothing of them is kept in the repository.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Schema = dict[str, Any]

TRADING = "trading-api.json"
MARKET_DATA = "market-data-api.json"

NUMBERS_OF_AN_ORDER = frozenset(
    {"qty", "notional", "limit_price", "stop_price", "trail", "trail_price", "trail_percent", "ratio_qty"}
)
TRADED_HERE = {
    "MultilegOptions": "MultilegOptionsOrderResponse",
    "Options": "OptionOrderResponse",
    "Equity": "EquityOrderResponse",
}
"""The examples of an order that are kept; the first is what Prism answers unless it is asked for another."""


def loosen(source: Path, target: Path) -> None:
    """Write both files of `source`, loosened, into `target`."""
    trading, market_data = (json.loads((source / name).read_text("utf-8")) for name in (TRADING, MARKET_DATA))
    for spec in (trading, market_data):
        for node in _nodes(spec):
            _as_python_writes_parameters(node)
            _one_page(node)
        _only_the_first_page(spec["components"]["schemas"])
    _numbers_as_numbers(trading["components"]["schemas"])
    _spreads_as_they_are_shown(trading["components"]["schemas"])
    _orders_to_show(trading)
    for name, spec in ((TRADING, trading), (MARKET_DATA, market_data)):
        (target / name).write_text(json.dumps(spec), "utf-8")


def _nodes(tree: Any) -> Iterator[Schema]:
    """Every object in a document, from the outside in."""
    if isinstance(tree, dict):
        yield tree
    if isinstance(tree, dict | list):
        for branch in list(tree.values() if isinstance(tree, dict) else tree):
            yield from _nodes(branch)


def _as_python_writes_parameters(node: Schema) -> None:
    """alpaca-py writes `True` for a flag and a plain date for a time; the service takes both."""
    schema = node.get("schema")
    if node.get("in") != "query" or not isinstance(schema, dict):
        return
    if schema.get("type") == "boolean":
        node["schema"] = {"type": "string", "enum": ["true", "false", "True", "False"]}
    elif schema.get("format") == "date-time":
        del schema["format"]


def _one_page(node: Schema) -> None:
    """An example that names a next page would be repeated for ever: a mock server remembers no page."""
    for name in ("next_page_token", "page_token"):
        if isinstance(node.get(name), str):
            node[name] = None


def _only_the_first_page(schemas: Schema) -> None:
    for name in ("NextPageToken", "next_page_token"):
        if name in schemas:
            schemas[name] = {"type": ["string", "null"], "examples": [None]}


def _numbers_as_numbers(schemas: Schema) -> None:
    """The files want prices and quantities of an order as text; alpaca-py sends numbers, and the service takes them."""
    for name in ("CreateOrderRequest", "PatchOrderRequest", "MLegOrderLeg"):
        for node in _nodes(schemas[name]):
            fields = node.get("properties", {})
            for key in NUMBERS_OF_AN_ORDER & fields.keys():
                fields[key]["type"] = ["string", "number"]


def _spreads_as_they_are_shown(schemas: Schema) -> None:
    """The files' own example of a spread breaks their schema: what belongs to its legs is "" in the order itself."""
    for name in ("Order", "OrderLeg"):
        fields = schemas[name]["properties"]
        for key in {"asset_class", "asset_id", "symbol", "side", "type"} & fields.keys():
            fields[key] = {"anyOf": [fields[key], {"const": ""}]}


def _orders_to_show(trading: Schema) -> None:
    """Give every answer that holds an order an order: the list has an example that is no list, the look-up has none."""
    written = trading["components"]["examples"]
    orders = {kind: written[name]["value"] for kind, name in TRADED_HERE.items()}
    one = {kind: {"value": order} for kind, order in orders.items()}
    several = {kind: {"value": [order]} for kind, order in orders.items()}
    paths = trading["paths"]
    for operation, examples in (
        (paths["/v2/orders"]["get"], several),
        (paths["/v2/orders"]["post"], one),
        (paths["/v2/orders/{order_id}"]["get"], one),
        (paths["/v2/orders/{order_id}"]["patch"], one),
        (paths["/v2/orders:by_client_order_id"]["get"], one),
    ):
        operation["responses"]["200"]["content"]["application/json"]["examples"] = examples
