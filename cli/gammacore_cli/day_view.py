"""A trading day for people: its figures, its trades with their reasons, every scheduled entry and what it became."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attrs import frozen
from rich.console import Group
from rich.markup import escape
from rich.measure import Measurement
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from gammacore.domain.dollars import dollars
from gammacore.domain.judged_entry import EntryOutcome, JudgedEntry
from gammacore.domain.reports.day_report import DayReport, halt_line
from gammacore.domain.reports.trade_record import TradeLine
from gammacore.domain.verdicts import FilterVerdict, Outcome
from gammacore_cli.inventory_view import inventory_block
from gammacore_cli.numbers_view import amount, factor, fall_text, hour, percent

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

    from gammacore.wiring import LedgerPlace

SIGNS = {Outcome.PASS: "[green]✓[/]", Outcome.SKIP: "[red]✗[/]", Outcome.UNKNOWN: "[yellow]?[/]",
         Outcome.NOT_JUDGED: "[dim]·[/]"}  # fmt: skip
OUTCOMES = {EntryOutcome.FILLED: "[green]taken[/]", EntryOutcome.SKIPPED: "[dim]skipped[/]",
            EntryOutcome.WORKING: "[yellow]working[/]", EntryOutcome.UNFILLED: "[yellow]not filled[/]"}  # fmt: skip

WIDE = 400
"""Characters in which every block of figures can be measured without a cut."""


def day_panel(report: DayReport, ledger: LedgerPlace | None = None) -> RenderableType:
    """The report of a day: why each trade was taken, skipped and closed, and what it came to."""
    parts: list[RenderableType] = [figures_grid(report)]
    for record in report.records:
        block = trade_block(record) if isinstance(record, TradeLine) else inventory_block(record)
        parts += [Rule(style="dim"), block]
    parts += [Rule(style="dim"), entries_table(report)]
    parts += _notes(report)
    if ledger is not None:
        parts += ["", f"[dim]ledger {escape(str(ledger))}[/]"]
    heading = f"{report.underlying} {report.strategy} · {report.date:%A} {report.date} · {report.mode}"
    heading += "" if report.finished else " · not finished"
    return Panel(Group(*parts), title=escape(heading), title_align="left", padding=(1, 2))


@frozen
class FiguresGrid:
    """The day in one block of figures: three pairs of name and value across, fewer where the screen is narrow."""

    pairs: tuple[tuple[str, str], ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        fits = (
            grid
            for across in (3, 2)
            if Measurement.get(console, options.update(width=WIDE), grid := self._grid(across)).maximum
            <= options.max_width
        )
        yield next(fits, self._grid(1))

    def _grid(self, across: int) -> Table:
        grid = Table.grid(padding=(0, 2))
        for _ in range(across):
            grid.add_column(style="dim")
            grid.add_column(justify="right", no_wrap=True)
        rows = len(self.pairs) // across
        for row in range(rows):
            grid.add_row(*(cell for pair in self.pairs[row::rows] for cell in pair))
        return grid


def figures_grid(report: DayReport) -> FiguresGrid:
    """The money, the results and the entries of a day, four pairs each."""
    figures = report.figures
    return FiguresGrid((
        ("balance", f"[bold]{dollars(report.balance)}[/]"), ("from", dollars(report.starting_balance)),
        ("win rate", percent(figures.win_rate)), ("profit factor", factor(figures)),
        ("P/L, gross", amount(report.pnl)), ("fees", dollars(report.fees)), ("after fees", amount(report.net)),
        ("drawdown", fall_text(report.drawdown)),
        ("entries", str(report.entries)), ("exits", str(report.ended)),
        ("skipped", str(sum(report.skipped.values()))), ("not filled", str(report.unfilled)),
    ))  # fmt: skip


def trade_block(trade: TradeLine) -> RenderableType:
    """One credit spread: what was sold, why, what was to end it, what did."""
    plan, ended = trade.plan, trade.exit
    head = Table.grid(expand=True)
    head.add_column(ratio=1)
    head.add_column(justify="right")
    head.add_row(
        f"[bold]{plan.strategy} {trade.strikes}[/]  {trade.contracts} × ${trade.credit:.2f} = {dollars(trade.premium)}",
        "[dim]open[/]" if ended is None else f"[bold]{amount(ended.gross)}[/]",
    )
    lines = Table.grid(padding=(0, 2))
    lines.add_column(style="dim", no_wrap=True)
    lines.add_column(overflow="fold")
    lines.add_row(hour(trade.opened), f"in at {trade.credit:.2f}: {escape(trade.why)}")
    lines.add_row("", f"[dim]{_levels(trade)}, at risk {dollars(trade.maximum_risk)} ({escape(trade.id)})[/]")
    if ended is not None:
        why = f"[bold]{ended.reason}[/]" + (f": {escape(ended.detail)}" if ended.detail else "")
        fees = f", fees {dollars(ended.fees)}" if ended.fees else ""
        lines.add_row(hour(ended.at), f"out at {ended.value:.2f}: {why} [dim](held {trade.minutes} min{fees})[/]")
    for doubt in trade.doubts:
        lines.add_row("", f"[yellow]{doubt}[/]")
    return Group(head, lines)


def entries_table(report: DayReport) -> RenderableType:
    """Every scheduled entry with the reason it was taken or not."""
    if not report.scheduled:
        return "no scheduled entry was reached"
    table = Table(box=None, expand=True, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("entry", no_wrap=True)
    table.add_column("")
    table.add_column("reason", ratio=1, overflow="fold")
    table.add_column("price", justify="right", no_wrap=True)
    table.add_column("pin", justify="right", no_wrap=True)
    table.add_column("VIX", justify="right", no_wrap=True)
    for entry in report.scheduled:
        record = entry.record
        table.add_row(
            hour(entry.scheduled_at),
            OUTCOMES[entry.outcome],
            f"{escape(entry.sentence)}\n[dim]filters[/] {verdict_counts(entry)}",
            *("–" if value is None else str(value) for value in (record.price, record.pin, record.vix)),
        )
    return table


def filters_table(entry: JudgedEntry) -> Table:
    """Each filter's verdict at one scheduled entry. Rule: CS-366."""
    title = f"{hour(entry.scheduled_at)}  {escape(entry.sentence)}"
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for column in ("", "rule", "filter", "found", "limit"):
        table.add_column(column, style="dim" if column in ("rule", "limit") else None, overflow="fold")
    for one in entry.filters:
        table.add_row(*_verdict_cells(one))
    return table


def verdict_counts(entry: JudgedEntry) -> str:
    """How many filters passed, said no, did not know, were not judged."""
    return "  ".join(f"{sign} {count}" for outcome, sign in SIGNS.items() if (count := entry.count(outcome)))


def _levels(trade: TradeLine) -> str:
    target = "no target" if trade.advertised_target is None else f"target {trade.advertised_target}"
    return f"{target}, stop {trade.advertised_stop}, emergency {trade.advertised_emergency} to close"


def _verdict_cells(one: FilterVerdict) -> tuple[str, ...]:
    verdict = one.verdict
    name = f"[bold red]{one.name}[/]" if verdict.blocks else one.name
    found = verdict.value or (verdict.reason or "" if verdict.outcome is not Outcome.PASS else "")
    return SIGNS[verdict.outcome], one.rule, name, escape(found), escape(verdict.limit)


def _notes(report: DayReport) -> Iterator[RenderableType]:
    if report.unknown_by_filter:
        names = ", ".join(f"{name} ({count})" for name, count in report.unknown_by_filter.items())
        yield Text.from_markup(f"\n[yellow]unknown, counted by filter:[/] {escape(names)}")
    for alarm in report.alarms:
        where = f" {alarm.holding}" if alarm.holding else ""
        yield Text.from_markup(f"[red]alarm[/] {hour(alarm.at)} {escape(f'{alarm.code}{where}: {alarm.detail}')}")
    for refusal in report.refused:
        what = " ".join(filter(None, (str(refusal.purpose), refusal.holding)))
        yield Text.from_markup(f"[yellow]refused[/] {hour(refusal.at)} {escape(f'{what}: {refusal.detail}')}")
    for halt in report.halts:
        happened, said = halt_line(halt)
        yield Text.from_markup(f"[red]{happened}[/] {hour(halt.at)} {escape(said)}")
