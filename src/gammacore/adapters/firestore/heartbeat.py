"""A thread that keeps a lease alive while its holder waits for the market."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread

from gammacore.errors import StorageError


class Heartbeat:
    """Calls `beat` every few seconds until `stop`.

    A beat that fails is only missed: the holder learns of it from its own next append, which beats first.
    """

    def __init__(self, beat: Callable[[], None], seconds: float) -> None:
        self._beat = beat
        self._seconds = seconds
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="gammacore-lease", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Beat no more. A beat that is under way is not waited for: it ends within its own time-outs."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(self._seconds):
            with suppress(StorageError):
                self._beat()
