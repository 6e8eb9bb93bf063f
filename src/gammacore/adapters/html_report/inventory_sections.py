"""Inventories on the page: what was bought, where the money came from and went, every hedge with its deltas."""

from __future__ import annotations

from decimal import Decimal
from html import escape

from gammacore.adapters.html_report.words import scrolling, time, tone
from gammacore.domain.dollars import dollars, signed_dollars
from gammacore.domain.reports.inventory_record import HedgeLine, InventoryLine
from gammacore.domain.reports.inventory_words import (
    day_in_words,
    delta_in_words,
    gamma_in_words,
    hedge_in_words,
    story,
    title,
)

OPEN_TABLE = 40
"""A longer table of hedges is folded away."""


def inventory(number: int, line: InventoryLine) -> str:
    """One inventory as an article: its story, its money, its hedges."""
    bought, end = line.entry, line.end
    paid = "" if bought is None or line.debit is None else (
        f" <span class=muted>{bought.execution.quantity:,} × ${line.debit:.2f} = {dollars(line.paid)}</span>"
    )  # fmt: skip
    result = '<strong class="muted">open</strong>'
    if end is not None:
        result = f'<strong class="{tone(end.gross)}">{signed_dollars(end.gross)}</strong>'
    told = "".join(
        f"<dt>{day_in_words(at, line)}{time(at)}</dt><dd>{escape(_sentence(words))}</dd>" for at, words in story(line)
    )
    held = "still held" if line.minutes is None else f"held {line.minutes} minutes"
    told += f"<dt>{escape(line.strategy)}</dt><dd class=muted>{held}, {escape(line.id)}</dd>"
    return (
        f'<article class="card trade"><div class="trade-head"><h3><span class="number">{number}</span>'
        f"{escape(_sentence(title(line)))}{paid}</h3>{result}</div><dl class=story>{told}</dl>"
        f"{_money(line)}{_hedges(line)}</article>"
    )


def _money(line: InventoryLine) -> str:
    """Options, shares, fees and slippage side by side; slippage is part of what the shares brought."""
    held, end = line.inventory, line.end
    options = held.options_realised if end is None else end.options
    shares = held.shares_realised if end is None else end.shares
    cells = [("options", _gain(options)), ("shares", _gain(shares)), ("fees", dollars(line.fees))]
    if end is not None:
        cells.append(("after fees", _gain(end.net)))
    if line.hedges:
        cells += [
            ("hedges filled", f"{line.filled_hedges} of {len(line.hedges)}"),
            ("slippage, in shares", dollars(line.slippage)),
        ]
    rows = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in cells)
    return f'<dl class="figures split">{rows}</dl>'


def _hedges(line: InventoryLine) -> str:
    if not line.hedges:
        return ""
    rows = "".join(_hedge(hedge) for hedge in line.hedges)
    when = day_in_words(line.hedges[0].decision.at, line) or "hedge"
    table = scrolling(
        f'<table class="matrix hedges"><thead><tr><th>{when}</th><th>shares</th>'
        "<th class=n>price</th><th class=n>delta before</th><th class=n>after</th><th class=n>threshold</th>"
        "<th>dealer gamma</th><th class=n>slippage</th><th class=n>fees</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )
    opened = " open" if len(line.hedges) <= OPEN_TABLE else ""
    return f"<details{opened}><summary>Every hedge</summary>{table}</details>"


def _hedge(hedge: HedgeLine) -> str:
    decision = hedge.decision
    price = "–" if hedge.price is None else f"{hedge.price:.2f}"
    short = ' class="loss"' if decision.gex is not None and decision.gex < 0 else ""
    numbers = (
        price,
        delta_in_words(hedge.delta_before),
        delta_in_words(hedge.delta_after),
        f"{decision.threshold:.2f}",
    )
    return (
        f'<tr><th scope="row">{time(decision.at)}</th><td>{escape(hedge_in_words(hedge))}</td>'
        + "".join(f"<td class=n>{one}</td>" for one in numbers)
        + f"<td{short}>{escape(gamma_in_words(decision))}</td><td class=n>{dollars(hedge.slippage)}</td>"
        f"<td class=n>{dollars(hedge.fees)}</td></tr>"
    )


def _gain(amount: Decimal) -> str:
    return f'<span class="{tone(amount)}">{signed_dollars(amount)}</span>'


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
