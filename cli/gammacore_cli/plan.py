"""`gammacore plan`: what would be done right now, every filter with its number, and the order; nothing is sent."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import click

from gammacore_cli.frame import Frame, common_options
from gammacore_cli.market_options import choose_market, market_options, rests_without_session
from gammacore_cli.options import LEDGER, strategy_option
from gammacore_cli.output import emit
from gammacore_cli.which_ledger import Head, head_of, live_options

if TYPE_CHECKING:
    from gammacore.wiring import LedgerPlace


@click.command("plan")
@strategy_option
@market_options
@click.option(
    "--at",
    type=click.DateTime(["%H:%M", "%H:%M:%S"]),
    help="New York time of day (default: the first entry; at a broker now).",
)
@click.option(
    "--ledger",
    type=LEDGER,
    metavar="LEDGER",
    help="Ledger whose positions and limits count (default: none; the account's own at a broker).",
)
@common_options
@rests_without_session
@live_options
def plan(frame: Frame, strategy: str | None, at: dt.datetime | None, ledger: LedgerPlace | None, **market: Any) -> None:
    """Judge one entry as `trade` would and show every filter and the order; nothing is sent.

    At a real broker the entry is judged now, with the account's own ledger.
    """
    from gammacore import wiring

    frame.choose({"trade.strategy": strategy})
    choose_market(frame, market)
    armed = wiring.armed_mode(frame.configuration, frame.credentials)
    if ledger is None and armed.broker.is_real:
        own = wiring.account_ledger(frame.settings, armed.mode)
        ledger = own if wiring.ledger_exists(frame.settings, own) else None
    found = None if ledger is None else wiring.look_at(frame.settings, ledger)
    if found is not None:
        wiring.require_ledger(frame.configuration, frame.credentials, found, armed)
    configuration = frame.configuration if ledger is None else wiring.taking_up(frame.configuration, ledger)
    preview = wiring.preview_entry(
        configuration, None if at is None else at.time(), ledger, credentials=frame.credentials
    )  # fmt: skip
    number = "" if armed.number is None else armed.number.ending
    head = Head(None, armed.mode, number) if found is None else head_of(frame, found, armed)
    head.show(frame)
    emit({**head.document, **plan_document(preview)}, frame.as_json, lambda: _view(preview))


def plan_document(preview: Any) -> dict[str, object]:
    """A preview as JSON: decisions, filters, and the order with its risk (null when there is none)."""
    from gammacore_cli.json_values import clock, number

    record, order = preview.judgement.record, _order(preview)
    decision = {
        "at": clock(record.at),
        "scheduled_at": clock(record.scheduled_at),
        "action": "open" if order is not None else "stand",
        "reason": record.reason,
        "explanation": record.explanation,
        "price": None if record.price is None else number(record.price),
        "pin": None if record.pin is None else number(record.pin),
        "vix": None if record.vix is None else number(record.vix),
    }
    filters = [
        {
            "rule": line.rule,
            "name": line.name,
            "verdict": line.verdict.outcome,
            "value": line.verdict.value,
            "limit": line.verdict.limit,
            "reason": line.verdict.reason,
        }
        for line in record.filters
    ]
    warnings = [{"code": each.code, "detail": each.detail} for each in preview.judgement.warnings]
    return {"decisions": [decision], "filters": filters, "preview": order, "warnings": warnings}


def _order(preview: Any) -> dict[str, Any] | None:
    """The order with its risk; None when nothing would be opened."""
    if preview.purchase is not None:
        return _bought(preview.purchase, preview)
    return None if preview.judgement.plan is None else _sold(preview.judgement.plan, preview)


def _bought(order: Any, preview: Any) -> dict[str, object]:
    """A straddle at its limit: all that can be lost is what is paid, before hedges."""
    from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER
    from gammacore_cli.json_values import leg, money, number

    strike, contracts = order.legs[0].contract.strike, order.quantity
    return {
        "strategy": order.strategy,
        "legs": [leg(one) for one in order.legs],
        "contracts": contracts,
        "limit": money(order.limit),
        "max_loss": money(order.limit * EQUITY_OPTION_MULTIPLIER * contracts),
        "breakevens": [number(strike - order.limit), number(strike + order.limit)],
        "buying_power": None if preview.buying_power is None else money(preview.buying_power),
        "exits": list(preview.exits),
    }


def _sold(entry: Any, preview: Any) -> dict[str, object]:
    from gammacore_cli.json_values import leg, money, number

    return {
        "strategy": entry.strategy,
        "direction": entry.direction,
        "confidence": entry.confidence,
        "legs": [leg(one) for one in entry.spread.opening_legs],
        "contracts": entry.contracts,
        "expected_credit": money(entry.expected_credit),
        **({} if preview.first_limit is None else {"walks_from": money(preview.first_limit)}),
        "limit": money(entry.limit),
        "max_loss": money(entry.maximum_risk),
        "breakevens": [number(price) for price in entry.breakevens],
        "buying_power": None if preview.buying_power is None else money(preview.buying_power),
        "exits": list(preview.exits),
    }


def _view(preview: Any) -> object:
    from rich.console import Group
    from rich.markup import escape
    from rich.table import Column, Table

    record, order = preview.judgement.record, _order(preview)
    names = (Column(name, no_wrap=True) for name in ("rule", "filter", "verdict"))
    table = Table(*names, *(Column(name, overflow="fold") for name in ("value", "limit")))
    colour = {"pass": "green", "skip": "red", "unknown": "yellow", "not_judged": "dim"}
    for line in record.filters:
        verdict = line.verdict
        shade = colour[verdict.outcome]
        table.add_row(line.rule, line.name, f"[{shade}]{verdict.outcome}[/]", escape(verdict.value),
                      escape(verdict.limit))  # fmt: skip
    warnings = [f"warning {each.code}: {escape(each.detail)}" for each in preview.judgement.warnings]
    if order is None:
        return Group(table, f"no trade: {escape(record.explanation)}")
    shown = Table(show_header=False)
    lines = order | {"legs": [f"{one['side']} {one['symbol']}" for one in order["legs"]]}
    for name, value in lines.items():
        shown.add_row(name, "\n".join(map(str, value)) if isinstance(value, list) else str(value))
    return Group(table, shown, *warnings)
