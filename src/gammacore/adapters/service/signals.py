"""Signals of the supervisor's own process as wishes. Implements `gammacore.ports.service.Wishes`. Rule: OP-207."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from gammacore.ports.service import Wish

MEANING = {
    signal.SIGTERM: Wish.STOP,
    signal.SIGINT: Wish.STOP,
    signal.SIGHUP: Wish.RELOAD,
    signal.SIGUSR1: Wish.FLATTEN,
}


class SignalWishes:
    """A signal only leaves its wish: what is done for it is done by the supervisor's own loop, a second later."""

    def __init__(self) -> None:
        self._waiting: deque[Wish] = deque()

    def take(self) -> tuple[Wish, ...]:
        taken = []
        while self._waiting:
            taken.append(self._waiting.popleft())
        return tuple(taken)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """While this is open, signals are wishes."""
        before = {number: signal.signal(number, self._wish) for number in MEANING}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _wish(self, number: int, _frame: object) -> None:
        self._waiting.append(MEANING[signal.Signals(number)])
