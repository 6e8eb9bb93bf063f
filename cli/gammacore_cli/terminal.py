"""What a command writes to stderr besides its last sentence: log lines, and the bar of a trading day below them.

At a terminal both go through one rich console, which lifts the bar, writes the line and draws the bar again. Elsewhere
lines are plain and never wrapped, and there is no bar.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from gammacore_cli.secrecy import RedactedFormatter

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import Console

    from gammacore.ports.clock import Clock

INDENT = 2
"""Columns by which the second and later rows of a wrapped line stand in: a line begins where a time begins."""

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""Characters that move a terminal's cursor or end a line."""

UNKNOWN_TIME = "--:--:--"


class LineFormatter(RedactedFormatter):
    """`10:31:07 NY | 2026-11-30 15:31:07.412Z INFO paper text`: market time, machine time, level, mode. Rule: OP-301.

    Market time is the machine's in New York until `clock` is set to that of the traded day. A study's is unknown until
    then. Without `machine_time` the system's journal stamps each line. Control characters are escaped: text of a broker
    cannot forge a line (OP-302).
    """

    def __init__(self, *, machine_time: bool = True) -> None:
        super().__init__()
        self.mode = ""
        self.clock: Clock | None = None
        self._machine_time = machine_time

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's own name
        machine = dt.datetime.fromtimestamp(record.created, dt.UTC)
        stamp = f"{machine:%Y-%m-%d %H:%M:%S}.{machine.microsecond // 1000:03d}Z" if self._machine_time else ""
        words = (stamp, record.levelname, self.mode, _escaped(record.getMessage()))
        return f"{self._market_time(machine)} NY | {' '.join(filter(None, words))}"

    def formatException(  # noqa: N802  # logging's own name
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        return "\n".join(_escaped(line) for line in super().formatException(ei).split("\n"))

    def _market_time(self, machine: dt.datetime) -> str:
        from gammacore.domain.ledger import Mode
        from gammacore.domain.sessions import NEW_YORK

        if self.clock is None and self.mode == Mode.STUDY:
            return UNKNOWN_TIME
        now = machine if self.clock is None else self.clock.now()
        return f"{now.astimezone(NEW_YORK):%H:%M:%S}"


def _escaped(text: str) -> str:
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class TerminalLines(logging.Handler):
    """Log lines on the console that also draws the bar, wrapped between words."""

    def emit(self, record: logging.LogRecord) -> None:
        from rich.text import Text

        try:
            out = console()
            rows = Text(self.format(record)).wrap(out, max(out.width - INDENT, 1))
            for row in rows[1:]:
                row.pad_left(INDENT)
            out.print(Text("\n").join(rows), no_wrap=True, overflow="ignore", crop=False)
        except Exception:
            self.handleError(record)


def stderr_handler() -> logging.Handler:
    """Where log lines go: the console at a terminal, plain lines in a file or a pipe; a LineFormatter is set."""
    handler = TerminalLines() if sys.stderr.isatty() else logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(machine_time=not os.environ.get("JOURNAL_STREAM")))
    return handler


@cache
def console() -> Console:
    """The one console of stderr; it looks its stream up at every write."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


@contextmanager
def progress(start: dt.datetime, end: dt.datetime, *, quiet: bool) -> Iterator[Callable[[dt.datetime], None] | None]:
    """A bar over the session on stderr; None when stderr is not a terminal or `quiet`."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("trading"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn(),
        console=console(), transient=True,
    )  # fmt: skip
    with bar:
        task = bar.add_task("trading", total=(end - start).total_seconds())

        def on_cycle(now: dt.datetime) -> None:
            bar.update(task, completed=(now - start).total_seconds())

        yield on_cycle
