"""A trading day on the screen: its figures, its trades with their reasons, every scheduled entry and what it became."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Group
from rich.markup import escape
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from gammacore.domain.judged_entry import EntryOutcome, JudgedEntry
from gammacore.domain.reports import words
from gammacore.domain.reports.day_report import DayReport, trades_of
from gammacore.domain.reports.figures import OUTCOMES, Figure, clock_text, date_clock_text, known
from gammacore.domain.reports.trade_views import Line, TradeView
from gammacore.domain.reports.trades import Trade
from gammacore.domain.reports.views import DayView, Note, day_view, found, verdict_counts
from gammacore.domain.verdicts import FilterVerdict
from gammacore_cli.figures_view import FiguresGrid, SectionTable, in_a_row, toned, value

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gammacore.wiring import LedgerPlace

LONGEST = 12
"""Rows of a table on the screen at most; the page and the JSON have them all."""


def day_panel(report: DayReport, ledger: LedgerPlace | None = None) -> RenderableType:
    """The report of a day: why each trade was taken, skipped and closed, and what it came to."""
    view = day_view(report)
    parts: list[RenderableType] = [FiguresGrid(view.figures)]
    for trade in view.trades:
        parts += [Rule(style="dim"), trade_block(trade)]
    parts += [Rule(style="dim"), _entries(view)]
    if view.signals.rows:
        parts += ["", SectionTable(view.signals, title="signals")]
    if view.notes:
        parts += ["", *(Text.from_markup(_note(note)) for note in view.notes)]
    if ledger is not None:
        parts += ["", f"[dim]ledger {escape(str(ledger))}[/]"]
    heading = f"{report.underlying} {report.strategy} · {report.date:%A} {report.date} · {report.mode}"
    heading += "" if report.finished else " · not finished"
    return Panel(Group(*parts), title=escape(heading), title_align="left", padding=(1, 2))


def trade_block(view: TradeView) -> RenderableType:
    """One trade: what it was, what happened, what it came to, how it was hedged."""
    head = Table.grid(expand=True)
    head.add_column(ratio=1)
    head.add_column(justify="right")
    head.add_row(f"[bold]{escape(view.title)}[/]  {view.size}", f"[bold]{value(view.result)}[/]")
    lines = Table.grid(padding=(0, 2))
    lines.add_column(style="dim", no_wrap=True)
    lines.add_column(overflow="fold")
    for line in view.story[:LONGEST]:
        lines.add_row(line.day + clock_text(line.at), _line(line))
    if len(view.story) > LONGEST:
        lines.add_row("", f"[dim]… {len(view.story) - LONGEST} more[/]")
    lines.add_row("", in_a_row(known(view.figures)))
    lines.add_row("", f"[dim]{escape(view.trade.strategy)} ({escape(view.trade.id)})[/]")
    for doubt in view.doubts:
        lines.add_row("", f"[yellow]{escape(doubt)}[/]")
    return Group(head, lines, *_hedges(view))


def _line(line: Line) -> str:
    reason = f", [bold]{escape(line.reason)}[/]" if line.reason else ""
    aside = f" [dim]{escape(line.aside)}[/]" if line.aside else ""
    return escape(line.text) + aside + reason + (f": {escape(line.detail)}" if line.detail else "")


def _hedges(view: TradeView) -> Iterator[SectionTable]:
    """Each hedge with the net delta before and after, contract-deltas, against the threshold of then. Rule: DH-611."""
    if view.trade.hedges:
        day = words.day_in_words(view.trade.hedges[0].decision.at, view.trade)
        yield SectionTable(view.hedges, LONGEST, title=f"hedges of {day}" if day else "", gap=1)


def _entries(view: DayView) -> RenderableType:
    """Every scheduled entry with the reason it was taken or not."""
    if not view.entries.rows:
        return "no scheduled entry was reached"
    return SectionTable(view.entries, below=tuple(map(_counts, view.report.scheduled)))


def _counts(entry: JudgedEntry) -> str:
    return "[dim]filters[/] " + "  ".join(f"{toned(one.label, one.tone)} {one.text}" for one in verdict_counts(entry))


def _note(note: Note) -> str:
    when = "" if note.at is None else f"{clock_text(note.at)} "
    return f"{when}{toned(f'{note.kind} {note.what}'.strip(), note.tone)}: {escape(note.text)}"


# -- the journal -------------------------------------------------------------------------------------------------------


def journal_view(reports: Sequence[DayReport], path: LedgerPlace) -> RenderableType:
    """Each day, and each filter's verdict at each of its entries."""
    if not reports:
        return f"{path}: no trading day yet"
    parts: list[RenderableType] = []
    for report in reports:
        parts.append(day_panel(report))
        for entry in report.scheduled:
            parts += ["", filters_table(entry)]
    return Group(*parts)


def filters_table(entry: JudgedEntry) -> Table:
    """Each filter's verdict at one scheduled entry. Rule: CS-366."""
    title = f"{clock_text(entry.scheduled_at)}  {escape(entry.sentence)}"
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for column in ("", "rule", "filter", "found", "limit"):
        table.add_column(column, style="dim" if column in ("rule", "limit") else None, overflow="fold")
    for one in entry.filters:
        table.add_row(*_verdict_cells(one))
    return table


def _verdict_cells(one: FilterVerdict) -> tuple[str, ...]:
    name = f"[bold red]{one.name}[/]" if one.verdict.blocks else one.name
    return toned(*OUTCOMES[one.verdict.outcome]), one.rule, name, escape(found(one)), escape(one.verdict.limit)


def journal_lines(reports: Sequence[DayReport], path: LedgerPlace) -> str:
    """A line for each trade, as it last stood, and for each scheduled entry that was not filled, by time."""
    lines = [(trade.opened, _trade_line(trade)) for trade in trades_of(reports)]
    lines += [
        (entry.scheduled_at, entry.sentence)
        for report in reports
        for entry in report.scheduled
        if entry.outcome is not EntryOutcome.FILLED
    ]
    if not lines:
        return f"{path}: no trade and no scheduled entry yet"
    return "\n".join(f"{date_clock_text(at)}  {sentence}" for at, sentence in sorted(lines))


def _trade_line(trade: Trade) -> str:
    """What was traded, how it ended and what it came to, dollars gross."""
    name = words.title(trade) if trade.sold is None else f"{trade.strategy} {trade.sold.plan.spread.strikes}"
    what = "  ".join(filter(None, (name, words.size(trade))))
    if trade.end is None:
        return f"{what}  open"
    result = Figure.gain("", trade.end.gross).text
    return f"{what}  closed {date_clock_text(trade.end.at)} {trade.end.reason}  {result}"
