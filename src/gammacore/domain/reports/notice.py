"""A notice: what an alert and a line of the log report. Rules: CS-501, CS-626..628."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import StrEnum

from attrs import evolve, field, frozen

from gammacore.domain.reports.figures import Figure, Figures, Tone, Unit, clock_text


class Life(StrEnum):
    """What kind of alert it is; how long each kind is kept is configuration. Rule: CS-627."""

    SIGNAL = "signal"
    CRASH = "crash"
    HEARTBEAT = "heartbeat"
    OTHER = "other"


class Level(StrEnum):
    """How loud the log line is."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"


@frozen
class Notice:
    """A headline, a sentence, figures. `private` is the sentence of the log where an alert must not have it (CS-628).

    `sums_up` marks the day summary, whose colours are its own.
    """

    headline: str
    text: str = ""
    figures: Figures = ()
    level: Level = Level.INFO
    alerts: bool = False
    tone: Tone = Tone.PLAIN
    life: Life = Life.OTHER
    private: str = field(default="", repr=False)
    log: tuple[str, ...] = ()
    sums_up: bool = False

    @property
    def line(self) -> str:
        """The notice as one line."""
        figures = ", ".join(f"{figure.label} {figure.full_text}" for figure in self.figures)
        rest = "; ".join(filter(None, (self.private or self.text, figures)))
        return f"{self.headline}: {rest}" if rest else self.headline


def alert(headline: str, text: str = "", figures: Figures = (), tone: Tone = Tone.MUTED) -> Notice:
    """A notice that is an alert too, and a warning in the log."""
    return Notice(headline, text, figures, Level.WARNING, alerts=True, tone=tone)


def crash(detail: str) -> Notice:
    """The loop has ended by a fault. Rule: CS-627."""
    return evolve(alert("Crashed", detail, tone=Tone.URGENT), life=Life.CRASH)


def stall(detail: str) -> Notice:
    """A cycle hangs: the loop decides nothing meanwhile. Rule: CS-627."""
    return alert("Hanging", detail, tone=Tone.URGENT)


def heartbeat(now: dt.datetime, balance: Decimal, open_positions: int) -> Notice:
    """The loop is alive. Rule: CS-627."""
    figures = (Figure("balance", balance, Unit.DOLLARS), Figure("open positions", open_positions, Unit.COUNT))
    return evolve(alert(f"Running at {clock_text(now.replace(second=0))}", "", figures), life=Life.HEARTBEAT)
