"""One line a day, whatever ledger it is of: what was traded, what came of it, what went wrong. Rule: OP-108."""

from __future__ import annotations

from gammacore.domain.reports.day_report import DayReport
from gammacore.domain.reports.figures import Figure, Figures, Tone, Unit


def day_line(report: DayReport, ledger: str) -> Figures:
    """The day as one row of many; the sum of `net` over a ledger is its change of balance."""
    wins = sum(end.net > 0 for end in report.ends)
    halts = len(report.halts)
    return (
        Figure("day", report.date.isoformat(), key="date", note="" if report.finished else "not finished"),
        Figure("mode", report.mode.value, key="mode"),
        Figure("strategy", report.strategy, key="strategy"),
        Figure("trades", len(report.ends), Unit.COUNT, key="trades"),
        Figure("wins", wins, Unit.COUNT, key="wins"),
        Figure.gain("after fees", report.net, "net"),
        Figure("drawdown", report.drawdown.dollars, Unit.DOLLARS, key="drawdown"),
        Figure("halts", halts, Unit.COUNT, Tone.LOSS if halts else Tone.PLAIN, "halts"),
        Figure("alarms", len(report.alarms), Unit.COUNT, Tone.DOUBT if report.alarms else Tone.PLAIN, "alarms"),
        Figure.fact("finished", report.finished),
        Figure("ledger", ledger, key="ledger"),
    )
