"""What goes to a channel: a notice in plain text, without what a person must not be sent. Rules: OP-304, CS-628."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

from attrs import evolve, field, frozen

from gammacore.domain.ledger import Mode
from gammacore.domain.reports.notice import Notice
from gammacore.domain.service.endings import Level as Severity
from gammacore.domain.sessions import NEW_YORK

LONGEST_TITLE, LONGEST_TEXT = 200, 3_000
"""Characters at most: the shortest of what common services take (ours)."""
REHEARSAL = "[REHEARSAL]"
LOUDNESS = {Severity.INFO: 0, Severity.NOTICE: 1, Severity.WARNING: 2, Severity.CRITICAL: 3}

_MENTION = re.compile(r"@(?=everyone|here|channel)|<(?=[!@#])")
"""What makes a chat call people."""
Key = tuple[str, str, str]


@frozen
class Message:
    """One thing reported to a person. `subject` is what it is about, a holding or an order.

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
    headline: str = ""
    stands: bool = True
    """Of a critical one: it comes again until it is over."""

    @classmethod
    def of(cls, notice: Notice, at: dt.datetime, redact: Callable[[str], str] = str, mode: str = "") -> Message:
        """A notice as a channel gets it: level and mode first, figures a line each, secrets hidden.

        What a study sends is marked, so that on a phone it cannot be taken for an account. Rule: OP-601.
        """
        figures = (f"{figure.label}: {figure.full_text}" for figure in notice.figures)
        text = "\n".join(filter(None, map(_one_line, (notice.text, *figures))))
        head = " ".join(filter(None, (notice.severity.upper(), REHEARSAL if mode == Mode.STUDY else mode.upper())))
        title = f"{head}: {notice.headline}"
        return cls(
            notice.code,
            notice.severity,
            _one_line(redact(title))[:LONGEST_TITLE],
            redact(text)[:LONGEST_TEXT],
            at,
            notice.subject,
            _one_line(redact(notice.headline)),
        )

    def left_over(self) -> Message:
        """As the next process sends it: once, with its time. Whether it is still so, is that process's to find out.

        >>> kept = Message("stuck", Severity.CRITICAL, "Alarm", "", dt.datetime(2026, 3, 3, 15, 31, tzinfo=dt.UTC))
        >>> kept.left_over().text
        'kept since 2026-03-03 10:31 New York, by a process that ended'
        """
        since = f"kept since {self.at.astimezone(NEW_YORK):%Y-%m-%d %H:%M} New York, by a process that ended"
        lines = [line for line in self.text.splitlines() if line != since]
        return evolve(self, text="\n".join((*lines, since)), stands=False)

    @property
    def key(self) -> Key:
        """What makes two messages the same: of an order that is filled in part and then whole, these are two."""
        return self.code, self.subject, self.headline

    @property
    def is_left_over(self) -> bool:
        """Whether a process that ended left it in the spool."""
        return not self.stands

    @property
    def is_critical(self) -> bool:
        return self.level is Severity.CRITICAL


def _one_line(text: str) -> str:
    """Without control characters and mentions: a broker's text forges no line and mentions no person. Rule: OP-302."""
    shown = "".join(one if one.isprintable() else " " for one in text)
    return _MENTION.sub(r"\g<0> ", " ".join(shown.split()))
