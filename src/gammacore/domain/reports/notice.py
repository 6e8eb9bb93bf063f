"""A notice: what an alert and a line of the log report. Rules: CS-501, CS-626..628, OP-304."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import StrEnum

from attrs import Factory, evolve, field, frozen

from gammacore.domain.reports.figures import Figure, Figures, Tone, Unit, clock_text
from gammacore.domain.service.endings import Level as Severity


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


def _severity(notice: Notice) -> Severity:
    """A fill is worth a message, a warning more, anything else is sent only where a channel asks for all."""
    if notice.life is Life.SIGNAL:
        return Severity.NOTICE
    return Severity.WARNING if notice.level is Level.WARNING else Severity.INFO


@frozen
class Notice:
    """A headline, a sentence, figures. `private` is the sentence of the log where an alert must not have it (CS-628).

    `sums_up` marks the day summary, whose colours are its own. `code` is stable, `subject` what it is about: a holding
    or an order; `severity` is how loudly it is reported (section 4 of the operator's desk).
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
    code: str = ""
    subject: str = ""
    severity: Severity = Factory(_severity, takes_self=True)

    @property
    def line(self) -> str:
        """The notice as one line."""
        figures = ", ".join(f"{figure.label} {figure.full_text}" for figure in self.figures)
        rest = "; ".join(filter(None, (self.private or self.text, figures)))
        return f"{self.headline}: {rest}" if rest else self.headline


def alert(headline: str, text: str = "", figures: Figures = (), tone: Tone = Tone.MUTED) -> Notice:
    """A notice that is an alert too, and a warning in the log."""
    return Notice(headline, text, figures, Level.WARNING, alerts=True, tone=tone)


CRASHED = "crashed"


def crash(detail: str) -> Notice:
    """The loop has ended by a fault. Rule: CS-627."""
    crashed = alert("Crashed", detail, tone=Tone.URGENT)
    return evolve(crashed, life=Life.CRASH, code=CRASHED, severity=Severity.CRITICAL)


def stall(detail: str) -> Notice:
    """A cycle hangs: the loop decides nothing meanwhile. Rule: CS-627."""
    return evolve(alert("Hanging", detail, tone=Tone.URGENT), code="cycle_slow")


def heartbeat(now: dt.datetime, balance: Decimal, open_positions: int) -> Notice:
    """The loop is alive. Rule: CS-627."""
    figures = (Figure("balance", balance, Unit.DOLLARS), Figure("open positions", open_positions, Unit.COUNT))
    beat = alert(f"Running at {clock_text(now.replace(second=0))}", "", figures)
    return evolve(beat, life=Life.HEARTBEAT, code="heartbeat", severity=Severity.INFO)
