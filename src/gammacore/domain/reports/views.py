"""A day as sections and figures: renderers lay them out and decide nothing.

A figure that is added here is on the screen, on the page, in the JSON (with a key), in the journal CSV (with a column)
and in the alerts. Rules: CS-366, CS-501, CS-621..623, DH-611.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from decimal import Decimal

from attrs import frozen

from gammacore.domain.dollars import dollars
from gammacore.domain.judged_entry import JudgedEntry
from gammacore.domain.ledger import AlarmRaised, Resumed, TicketRefused
from gammacore.domain.reports.day_report import DayReport, Halt, halt_line
from gammacore.domain.reports.figures import ENTRY_OUTCOMES, OUTCOMES, Figure, Figures, Section, Tone, Unit, pick
from gammacore.domain.reports.scalp_views import (
    is_scalping,
    scalp_figures,
    signals_in_words,
    signals_section,
    target_below_fees,
)
from gammacore.domain.reports.trade_figures import Drawdown, TradeFigures, by_strategy
from gammacore.domain.reports.trade_views import TradeView, trade_view
from gammacore.domain.verdicts import FilterVerdict, Outcome

fact, gain = Figure.fact, Figure.gain


@frozen
class Note:
    """What happened beside the trades; without `at` of the whole day."""

    at: dt.datetime | None
    kind: str
    what: str
    text: str
    tone: Tone


@frozen
class DayView:
    """One day: its figures, its trades, each scheduled entry and each signal as a row, what happened beside them."""

    report: DayReport
    result: Figure
    figures: Figures
    strategies: Figures
    trades: tuple[TradeView, ...]
    entries: Section
    signals: Section
    notes: tuple[Note, ...]
    sections: tuple[Section, ...]


# -- a day -------------------------------------------------------------------------------------------------------------


def day_view(report: DayReport) -> DayView:
    """Everything that is shown of a day; `sections` are the rows that programs get."""
    trades = tuple(trade_view(trade) for trade in report.trades)
    entries = Section("entries", tuple(entry_figures(entry) for entry in report.scheduled), "decisions")
    return DayView(
        report,
        gain("after fees", report.net),
        day_figures(report),
        tuple(strategy_figures(report)),
        trades,
        entries,
        signals := signals_section([report]),
        tuple(_notes(report)),
        (
            Section("trades", tuple(trade.figures for trade in trades), "trades"),
            entries,
            Section("alarms", tuple(alarm_figures(alarm) for alarm in report.alarms), "alarms"),
            Section("refused", tuple(refused_figures(refusal) for refusal in report.refused), "refused"),
            Section("halts", tuple(halt_figures(halt) for halt in report.halts), "halts"),
            *([signals] if is_scalping(report) else []),
        ),
    )


def day_figures(report: DayReport) -> Figures:
    """The money, the results and the entries of a day."""
    figures = report.figures
    return (
        fact("date", report.date.isoformat()),
        fact("mode", report.mode.value),
        fact("underlying", report.underlying),
        fact("strategy", report.strategy),
        Figure("balance", report.balance, Unit.DOLLARS, Tone.STRONG, "balance"),
        Figure("from", report.starting_balance, Unit.DOLLARS, key="starting_balance"),
        Figure("win rate", figures.win_rate, Unit.RATE),
        _factor("profit factor", figures),
        gain("P/L, gross", report.pnl, "pnl"),
        Figure("fees", report.fees, Unit.DOLLARS, key="fees"),
        gain("after fees", report.net),
        drawdown_figure(report.drawdown),
        Figure("entries", report.entries, Unit.COUNT, key="entries"),
        Figure("exits", report.ended, Unit.COUNT, key="exits"),
        Figure("skipped", report.skipped, Unit.COUNTS, key="skipped"),
        Figure("not filled", report.unfilled, Unit.COUNT, key="unfilled"),
        fact("exits_by_reason", report.exits),
        *scalp_figures(report),
        fact("unknown_by_filter", report.unknown_by_filter),
        fact("finished", report.finished),
    )


def drawdown_figure(fall: Drawdown) -> Figure:
    """The deepest fall as a part of the peak, with its dollars beside it."""
    if not fall.dollars:
        return Figure("drawdown", "none")
    return Figure("drawdown", fall.part, Unit.PART, note=dollars(fall.dollars))


def day_row(report: DayReport) -> Figures:
    """One day among many."""
    return pick(
        day_figures(report), "date", "underlying", "entries", "exits", "skipped", "pnl", "fees", "balance"
    )  # fmt: skip


def strategy_figures(report: DayReport) -> Iterator[Figure]:
    """What each strategy did on the day, and what was left out of the sums. Rule: CS-623."""
    figures = report.figures
    yield Figure("trades", f"{figures.trades}, {figures.open} open")
    yield Figure("won / lost", f"{figures.wins} / {figures.losses}")
    yield Figure("credits", figures.credits, Unit.DOLLARS)
    for tag, part in by_strategy(report.trades).items():
        yield Figure(tag, f"{part.trades} closed, {gain('', part.pnl).text}", tone=Tone.of(part.pnl))
    if hedged := [trade for trade in report.trades if trade.hedges]:
        yield Figure("hedges", sum(trade.filled_hedges for trade in hedged), Unit.COUNT)
        yield Figure("slippage", sum((trade.slippage for trade in hedged), Decimal(0)), Unit.DOLLARS)
    yield from signals_in_words(report)
    if figures.left_out:
        yield Figure("left out, no such figures", ", ".join(figures.left_out), tone=Tone.DOUBT)


def statistics(figures: TradeFigures) -> Figures:
    """What a list of trades came to; win and loss are averages. Rules: CS-623, CS-703."""
    return (
        Figure("trades", figures.trades, Unit.COUNT, key="trades"),
        Figure("open", figures.open, Unit.COUNT, key="open"),
        Figure("won", figures.wins, Unit.COUNT, key="wins"),
        Figure("lost", figures.losses, Unit.COUNT, key="losses"),
        fact("break_even", figures.break_even, Unit.COUNT),
        Figure("rate", figures.win_rate, Unit.PART, key="win_rate"),
        Figure("win", figures.average_win, Unit.DOLLARS, key="average_win"),
        Figure("loss", figures.average_loss, Unit.DOLLARS, key="average_loss"),
        _factor("factor", figures, "profit_factor"),
        fact("credits", figures.credits, Unit.DOLLARS),
        gain("P/L", figures.pnl, "pnl"),
        fact("left_out", figures.left_out),
    )


def _factor(label: str, figures: TradeFigures, key: str = "") -> Figure:
    """Dollars won for each dollar lost; infinite while nothing was lost."""
    endless = figures.profit_factor is None and figures.won
    return Figure(label, math.inf if endless else figures.profit_factor, Unit.FACTOR, key=key)


def _notes(report: DayReport) -> Iterator[Note]:
    """Alarms, refused orders and halts by time, then what was let pass unknown."""
    notes = [(one.at, "alarm", f"{one.code} {one.holding}", one.detail, Tone.URGENT) for one in report.alarms]
    notes += [(one.at, "", f"refused {one.purpose} {one.holding}", one.detail, Tone.DOUBT) for one in report.refused]
    notes += [(halt.at, "", *halt_line(halt), _halt_tone(halt)) for halt in report.halts]
    for at, kind, what, text, tone in sorted(notes, key=lambda note: note[0]):
        yield Note(at, kind, what.strip(), text, tone)
    if (eaten := target_below_fees(report.trades)) is not None:
        yield Note(None, "", "target_below_fees", eaten, Tone.DOUBT)
    if report.unknown_by_filter:
        counts = ", ".join(f"{name} {count}" for name, count in report.unknown_by_filter.items())
        yield Note(None, "", "unknown", f"verdicts by filter: {counts}", Tone.DOUBT)
    for line in report.compared:
        yield Note(None, "", "day's end", line, Tone.DOUBT)


def _halt_tone(halt: Halt) -> Tone:
    return Tone.STRONG if isinstance(halt, Resumed) else Tone.URGENT


def alarm_figures(alarm: AlarmRaised) -> Figures:
    return (
        fact("at", alarm.at),
        fact("code", alarm.code),
        fact("position", alarm.holding or None),
        fact("detail", alarm.detail),
    )


def halt_figures(halt: Halt) -> Figures:
    """What stopped trading, or let it go on, and why."""
    what, reason = halt_line(halt)
    return (fact("at", halt.at), fact("what", what), fact("reason", reason))


def refused_figures(refusal: TicketRefused) -> Figures:
    """An order that the guard did not let through, and why."""
    return (
        fact("at", refusal.at),
        fact("holding", refusal.holding or None),
        fact("purpose", str(refusal.purpose)),
        fact("symbols", refusal.symbols),
        fact("reason", refusal.reason),
        fact("detail", refusal.detail),
    )


# -- a scheduled entry -------------------------------------------------------------------------------------------------


def entry_figures(entry: JudgedEntry) -> Figures:
    """One scheduled entry with what became of it and every filter's verdict. Rule: CS-366."""
    record = entry.record
    outcome, tone = ENTRY_OUTCOMES[entry.outcome]
    return (
        Figure("entry", entry.scheduled_at, Unit.INSTANT, key="scheduled_at"),
        fact("at", entry.at),
        fact("outcome", entry.outcome.value),
        fact("reason", entry.reason),
        Figure("outcome", outcome, tone=tone),
        Figure("reason", entry.sentence, key="sentence"),
        fact("position", entry.position),
        Figure("price", record.price, Unit.PRICE, key="price"),
        Figure("pin", record.pin, Unit.PRICE, key="pin"),
        Figure("VIX", record.vix, Unit.PRICE, key="vix"),
        fact("filters", entry.filters),
    )


def found(one: FilterVerdict) -> str:
    """What a filter found; the reason where it found nothing to compare."""
    verdict = one.verdict
    return verdict.value or (verdict.reason or "" if verdict.outcome is not Outcome.PASS else "")


def verdict_counts(entry: JudgedEntry) -> tuple[Figure, ...]:
    """How many filters passed, refused, did not know and were not judged, each under its sign."""
    signs = ((sign, entry.count(outcome), tone) for outcome, (sign, tone) in OUTCOMES.items())
    return tuple(Figure(sign, count, Unit.COUNT, tone) for sign, count, tone in signs if count)
