"""Many notifiers as one: a fault in one reaches neither the others nor the loop. CS-626."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from functools import partial

from attrs import frozen

from gammacore.domain.book.book import Book
from gammacore.domain.ledger import Event
from gammacore.ports.people import LoopWatch, Notifier


@frozen
class CompositeNotifier:
    """Passes every event to each notifier, and every cycle to each watcher."""

    logger: logging.Logger
    notifiers: tuple[Notifier, ...] = ()
    watchers: tuple[LoopWatch, ...] = ()

    def notify(self, event: Event, book: Book) -> None:
        for notifier in self.notifiers:
            self._guarded(partial(notifier.notify, event, book))

    def take_up(self, book: Book) -> None:
        for watcher in self.watchers:
            self._guarded(partial(watcher.take_up, book))

    def tick(self, now: dt.datetime) -> None:
        for watcher in self.watchers:
            self._guarded(partial(watcher.tick, now))

    def crashed(self, detail: str, at: dt.datetime) -> None:
        for watcher in self.watchers:
            self._guarded(partial(watcher.crashed, detail, at))

    def stalled(self, detail: str, at: dt.datetime) -> None:
        """From the watchdog's thread: a line in the log, which may be all there is, and each watcher."""
        self.logger.warning("alarm %s", detail)
        for watcher in self.watchers:
            self._guarded(partial(watcher.stalled, detail, at))

    def close(self, now: dt.datetime) -> None:
        for watcher in self.watchers:
            self._guarded(partial(watcher.close, now))

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as fault:  # its text may hold a secret: only its kind is logged
            self.logger.error("a notifier failed: %s", type(fault).__name__)
