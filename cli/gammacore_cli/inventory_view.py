"""An inventory for people: what was bought, how it was hedged, where the money came from and went, how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.markup import escape
from rich.table import Table

from gammacore.domain.dollars import dollars
from gammacore.domain.reports.inventory_record import HedgeLine, InventoryLine
from gammacore.domain.reports.inventory_words import (
    day_in_words,
    delta_in_words,
    gamma_in_words,
    hedge_in_words,
    hedging_in_words,
    split_in_words,
    story,
    title,
)
from gammacore_cli.numbers_view import amount, hour

if TYPE_CHECKING:
    from rich.console import RenderableType

LONGEST = 12
"""Rows of a table on the screen at most; the page and the JSON have them all."""


def inventory_block(line: InventoryLine) -> RenderableType:
    """One inventory: its purchase, its end, its hedges."""
    return Group(_head(line), _story(line), *((hedges_table(line),) if line.hedges else ()))


def _head(line: InventoryLine) -> Table:
    head = Table.grid(expand=True)
    head.add_column(ratio=1)
    head.add_column(justify="right")
    bought = line.entry
    paid = "" if bought is None or line.debit is None else (
        f"  {bought.execution.quantity:,} × ${line.debit:.2f} = {dollars(line.paid)}"
    )  # fmt: skip
    result = "[dim]open[/]" if line.end is None else f"[bold]{amount(line.end.gross)}[/]"
    head.add_row(f"[bold]{escape(title(line))}[/]{paid}", result)
    return head


def _story(line: InventoryLine) -> Table:
    lines = Table.grid(padding=(0, 2))
    lines.add_column(style="dim", no_wrap=True)
    lines.add_column(overflow="fold")
    told = story(line)
    for number, (at, words) in enumerate(told[:LONGEST]):
        lines.add_row(day_in_words(at, line) + hour(at), escape(words) + (_why(line) if number == 0 else ""))
    if len(told) > LONGEST:
        lines.add_row("", f"[dim]… {len(told) - LONGEST} more[/]")
    if line.entry is not None:
        lines.add_row("", hedging_in_words(line))
    reason = "" if line.end is None else f"[bold]{escape(line.end.reason)}[/]: "
    held = "" if line.minutes is None else f"held {line.minutes} min, "
    lines.add_row("", f"{reason}{split_in_words(line)}")
    lines.add_row("", f"[dim]{held}{escape(line.strategy)} ({escape(line.id)})[/]")
    return lines


def _why(line: InventoryLine) -> str:
    judged = line.judged
    if judged is None or judged.price is None:
        return ""
    return f" [dim]with {escape(line.inventory.underlying)} at {judged.price}[/]"


def hedges_table(line: InventoryLine) -> Table:
    """Each hedge with the net delta before and after, contract-deltas, against the threshold of then. Rule: DH-611."""
    day = day_in_words(line.hedges[0].decision.at, line)
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim", title_style="dim", title_justify="left",
                  title=f"hedges of {day}" if day else None)  # fmt: skip
    for column in ("hedge", "shares", "price", "delta", "threshold", "dealer gamma", "slip"):
        right = column in ("price", "threshold", "slip")
        table.add_column(column, justify="right" if right else "left", no_wrap=True)
    for hedge in line.hedges[:LONGEST]:
        table.add_row(*_cells(hedge))
    if len(line.hedges) > LONGEST:
        table.add_row("", f"[dim]… {len(line.hedges) - LONGEST} more[/]")
    return table


def _cells(hedge: HedgeLine) -> tuple[str, ...]:
    decision = hedge.decision
    gamma = escape(gamma_in_words(decision))
    return (
        hour(decision.at),
        hedge_in_words(hedge),
        "–" if hedge.price is None else f"{hedge.price:.2f}",
        f"{delta_in_words(hedge.delta_before)} → {delta_in_words(hedge.delta_after)}",
        f"{decision.threshold:.2f}",
        f"[yellow]{gamma}[/]" if decision.gex is not None and decision.gex < 0 else gamma,
        dollars(hedge.slippage),
    )
