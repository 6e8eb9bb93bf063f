"""SIGTERM as Ctrl-C: a command that runs until it is stopped ends the same way, whoever stops it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def leaving_by_sigterm() -> Iterator[None]:
    """While this is open, SIGTERM raises KeyboardInterrupt."""

    def leave(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
