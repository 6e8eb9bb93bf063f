"""What goes to a channel: a notice in plain text, without what a person must not be sent. Rules: OP-304, CS-628."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from attrs import field, frozen

from gammacore.domain.reports.notice import Notice
from gammacore.domain.service.endings import Level as Severity

LONGEST_TITLE, LONGEST_TEXT = 200, 3_000
"""Characters at most: the shortest of what common services take (ours)."""
LOUDNESS = {Severity.INFO: 0, Severity.NOTICE: 1, Severity.WARNING: 2, Severity.CRITICAL: 3}


@frozen
class Message:
    """One thing a person is told. `subject` is what it is about; with the code it tells repeats of the same.

    >>> now = dt.datetime(2026, 3, 3, 15, 31, tzinfo=dt.UTC)
    >>> Message("stuck", Severity.CRITICAL, "Alarm stuck p1", "5 attempts to close", now).is_critical
    True
    """

    code: str
    level: Severity
    title: str
    text: str
    at: dt.datetime = field()
    subject: str = ""

    @classmethod
    def of(cls, notice: Notice, at: dt.datetime, redact: Callable[[str], str] = str, mode: str = "") -> Message:
        """A notice as a channel gets it: level and mode first, figures a line each, secrets hidden."""
        figures = (f"{figure.label}: {figure.full_text}" for figure in notice.figures)
        text = "\n".join(filter(None, map(_one_line, (notice.text, *figures))))
        head = " ".join(filter(None, (notice.severity.upper(), mode.upper())))
        title = f"{head}: {notice.headline}"
        return cls(
            notice.code,
            notice.severity,
            _one_line(redact(title))[:LONGEST_TITLE],
            redact(text)[:LONGEST_TEXT],
            at,
            notice.subject or notice.headline,
        )

    @property
    def key(self) -> tuple[str, str]:
        """What makes two messages the same."""
        return self.code, self.subject

    @property
    def is_critical(self) -> bool:
        return self.level is Severity.CRITICAL


def _one_line(text: str) -> str:
    """Without control characters: a broker's text forges no line of a message. Rule: OP-302."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())
