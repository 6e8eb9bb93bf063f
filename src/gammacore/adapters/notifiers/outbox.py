"""A bounded queue and the one thread that empties it: who puts something in never waits for the network. CS-626."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

from gammacore.errors import GammacoreError


class Patience:
    """So many seconds in all from when it is first asked for: several queues are closed within one. Rule: OP-403.

    Who comes last has `least` of its own.
    """

    def __init__(
        self, seconds: float = 10.0, least: float = 1.0, steady: Callable[[], float] = time.monotonic
    ) -> None:  # fmt: skip
        self._seconds = seconds
        self._least = least
        self._steady = steady
        self._until: float | None = None

    def left(self) -> float:
        """Seconds that may still be waited."""
        if self._until is None:
            self._until = self._steady() + self._seconds
        return max(self._until - self._steady(), self._least)


class Outbox:
    """Errands done one after the other on a thread of their own; when it is full the newest is dropped and logged.

    An errand that fails is one log line with its name; nothing is raised to anybody. The thread starts with the first
    errand and never keeps the process alive.
    """

    def __init__(self, name: str, size: int, logger: logging.Logger) -> None:
        self._name = name
        self._size = size
        self._logger = logger
        self._changed = threading.Condition()
        self._waiting: deque[tuple[str, Callable[[], None]]] = deque()
        self._busy = False
        self._closed = False
        self._thread: threading.Thread | None = None

    def put(self, name: str, errand: Callable[[], None]) -> bool:
        """Take an errand on; False when there is no room or it is closed. Never waits."""
        with self._changed:
            if self._closed or len(self._waiting) >= self._size:
                self._logger.warning("%s: %s is dropped, %d are waiting", self._name, name, len(self._waiting))
                return False
            self._waiting.append((name, errand))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify_all()
            return True

    def drain(self, timeout_seconds: float) -> bool:
        """Wait until everything put in is done; whether it was done in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._busy, timeout_seconds)

    def close(self, timeout_seconds: float) -> None:
        """Take nothing on any more and give what waits this long to be done. Safe to call twice."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if not self.drain(timeout_seconds):
            self._logger.warning("%s: closed with %d undone", self._name, len(self._waiting))

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                name, errand = self._waiting.popleft()
                self._busy = True
            try:
                errand()
            except GammacoreError as fault:
                self._logger.warning("%s: %s failed: %s", self._name, name, fault)
            except Exception as fault:  # its text may hold a secret: only its kind is reported
                self._logger.warning("%s: %s failed: %s", self._name, name, type(fault).__name__)
            finally:
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()
