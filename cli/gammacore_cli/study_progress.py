"""Progress of a study on stderr: a bar at a terminal, elsewhere a line every 30 seconds. Rule: ST-210."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from gammacore_cli.terminal import console

if TYPE_CHECKING:
    from gammacore.application.study.backtest import Progress as Run

EVERY = 30.0
"""Seconds between lines where stderr is no terminal (ours)."""


class _ProgressLine:
    """Trades and net so far, summed as days come."""

    def __init__(self) -> None:
        self.trades = 0
        self.net = Decimal(0)
        self._counted = 0

    def take(self, progress: Run) -> None:
        for day in progress.finished[self._counted :]:
            self.trades += len(day.trades)
            self.net += day.net
        self._counted = progress.done

    def line(self, progress: Run) -> str:
        left = progress.seconds_left
        return (
            f"{progress.done} of {progress.days} days, {self.trades} trades, net {self.net:+,.2f}, "
            f"{'time left unknown' if left is None else in_words(left) + ' left'}"
        )


def in_words(seconds: float) -> str:
    """A time as a person says it.

    >>> in_words(7), in_words(130), in_words(4000)
    ('7 s', '2 min 10 s', '1 h 7 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes = whole // 60
    return f"{minutes} min {whole % 60} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


@contextmanager
def study_progress(*, quiet: bool) -> Iterator[Callable[[Run], None]]:
    """What shows how far a run is; nothing with `quiet`."""
    if quiet:
        yield lambda _: None
        return
    shown = _ProgressLine()
    if sys.stderr.isatty():
        from rich.progress import BarColumn, Progress, TextColumn

        with Progress(BarColumn(), TextColumn("{task.description}"), console=console(), transient=True) as bar:
            task = bar.add_task("", total=None)

            def draw(progress: Run) -> None:
                shown.take(progress)
                bar.update(task, total=progress.days, completed=progress.done, description=shown.line(progress))

            yield draw
        return
    newest = time.monotonic()

    def say(progress: Run) -> None:
        nonlocal newest
        shown.take(progress)
        if time.monotonic() - newest >= EVERY:
            newest = time.monotonic()
            click.echo(shown.line(progress), err=True)

    yield say
