"""What a day of the scalping desks adds to its report: P/L by source, refusals by code, signals, what is held.

Rules: SC-324, SC-450, SC-803.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from enum import StrEnum

from gammacore.domain.holdings.plans import RWatch
from gammacore.domain.reports.day_report import DayReport
from gammacore.domain.reports.figures import Figure, Figures, Section, Unit, code_text
from gammacore.domain.reports.trades import Trade
from gammacore.domain.scalping.signals.history import SignalEvent, SignalHistory, SignalSeen, SignalTally, trades_of
from gammacore.domain.scalping.signals.signal import SignalName
from gammacore.domain.sessions import new_york_date

fact, gain = Figure.fact, Figure.gain


class Source(StrEnum):
    """Where money came from: options bought for their gamma, shares, options bought on a signal. Rule: SC-450."""

    PREMIUM = "premium"
    SCALP = "scalp"
    SIGNAL = "signal"


_SIGNALS = frozenset(SignalName)
"""What may ask for an option; a straddle names what it was bought as there, and is premium."""


def by_source(trades: Iterable[Trade]) -> dict[Source, Decimal]:
    """Gross dollars of what has ended, by source; with the fees taken off they are the net P/L. Rule: SC-450."""
    sums = dict.fromkeys(Source, Decimal(0))
    for trade in trades:
        if trade.end is not None:
            terms = trade.holding.terms
            sums[Source.SCALP] += trade.end.shares
            asked = terms is not None and terms.signal in _SIGNALS
            sums[Source.SIGNAL if asked else Source.PREMIUM] += trade.end.options
    return sums


def scalp_figures(report: DayReport) -> Figures:
    """Of a day on which a scalping desk traded, or judged an entry; nothing of any other. Rule: SC-803."""
    traded = _scalped(report)
    if not is_scalping(report):
        return ()
    held: dict[str, dict[str, int]] = {trade.holding.owner: {} for trade in traded}
    for trade in traded:
        for symbol, quantity in trade.holding.quantities.items():
            desk = held[trade.holding.owner]
            desk[symbol] = desk.get(symbol, 0) + quantity
    words = (f"{desk} {_in_words(quantities)}" for desk, quantities in held.items())
    return (
        *(gain(source.value, dollars, f"{source}_pnl") for source, dollars in by_source(report.trades).items()),
        Figure("refusals", report.refusals, Unit.COUNTS, key="refusals"),
        Figure("at the end", "; ".join(words) or "nothing traded"),
        fact("held_at_the_end", held),
    )


def is_scalping(report: DayReport) -> bool:
    """Whether a scalping desk traded on the day, or judged an entry."""
    return bool(_scalped(report)) or any(
        one.rule.startswith("SC-") for entry in report.scheduled for one in entry.filters
    )


def _scalped(report: DayReport) -> list[Trade]:
    return [trade for trade in report.trades if trade.holding.terms is not None]


def signal_tallies(reports: Iterable[DayReport]) -> dict[SignalName, SignalTally]:
    """What became of each signal over these days, in the order of its table; one never seen is left out. SC-324."""
    history = SignalHistory.of(event for report in reports for event in (*report.signals, *_traded_on(report)))
    tallies = {name: history.total(name) for name in SignalName}
    return {name: tally for name, tally in tallies.items() if tally != SignalTally()}


def _traded_on(report: DayReport) -> Iterator[SignalEvent]:
    """What a day brought of the positions that signals asked for: one that is held overnight is of two days."""
    events = trades_of(trade.holding for trade in report.trades)
    return (event for event in events if not isinstance(event, SignalSeen) and new_york_date(event.at) == report.date)


def signals_section(reports: Iterable[DayReport]) -> Section:
    """A row a signal: seen and passed once a signal bar, traded, won, and R at the last exit in the mean. SC-324."""
    return Section("signals", tuple(_signal_figures(*one) for one in signal_tallies(reports).items()), "signals")


def _signal_figures(name: SignalName, tally: SignalTally) -> Figures:
    return (
        Figure("signal", str(name), key="type"),
        Figure("seen", tally.seen, Unit.COUNT, key="seen"),
        Figure("passed", tally.passed, Unit.COUNT, key="passed"),
        Figure("traded", tally.traded, Unit.COUNT, key="traded"),
        Figure("won", tally.won, Unit.COUNT, key="won"),
        Figure("win rate", tally.win_rate, Unit.RATE, key="win_rate"),
        Figure("mean R", tally.mean_r, Unit.FACTOR, key="mean_r"),
    )


def signals_in_words(report: DayReport) -> Iterator[Figure]:
    """A line a signal, where rows do not fit."""
    for name, tally in signal_tallies([report]).items():
        rate = "" if tally.win_rate is None else f", {float(tally.win_rate):.0%} won"
        mean = "" if tally.mean_r is None else f", mean R {float(tally.mean_r):.2f}"
        yield Figure(code_text(name), f"seen {tally.seen}, passed {tally.passed}, traded {tally.traded}{rate}{mean}")


def _in_words(quantities: dict[str, int]) -> str:
    return ", ".join(f"{count:+d} {symbol}" for symbol, count in quantities.items() if count) or "flat"


def target_below_fees(trades: Iterable[Trade]) -> str | None:
    """Fees that ate a target of shares: both figures, dollars a share; None where every target was above. SC-216."""
    for trade in trades:
        terms, entry = trade.holding.terms, trade.entry
        if terms is None or entry is None or trade.end is None or not (entry.ticket.is_shares and terms.target):
            continue
        fees = trade.end.fees / entry.execution.quantity
        if fees >= terms.target:
            return f"fees of {fees.normalize():f} a share and round trip, target {terms.target}"
    return None


def terms_figures(trade: Trade) -> Figures:
    """What a scalping desk fixed at an entry, and by which volatility it was sized. Rules: SC-106, SC-217, SC-803."""
    terms, memory = trade.holding.terms, trade.holding.memory
    if terms is None:
        return ()
    return (
        Figure("size", None if trade.entry is None else trade.entry.execution.quantity, Unit.COUNT, key="size"),
        Figure("volatility", terms.volatility, Unit.PART, key="volatility", note=terms.source),
        fact("volatility_source", terms.source or None),
        Figure("target", terms.target or None, Unit.PRICE, key="target"),
        Figure("stop", terms.stop or None, Unit.PRICE, key="stop"),
        Figure("at risk", terms.risk, Unit.DOLLARS, key="max_risk"),
        Figure("signal", terms.signal or None, key="signal"),
        Figure("R at the exit", memory.last if isinstance(memory, RWatch) else None, Unit.FACTOR, key="r"),
    )
