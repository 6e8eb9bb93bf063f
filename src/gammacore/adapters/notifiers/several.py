"""Several notifiers as one: what fails in one is no business of the others, nor of the loop. CS-626."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from functools import partial
from typing import Protocol

from attrs import frozen

from gammacore.domain.book import Book
from gammacore.domain.ledger import Event
from gammacore.ports.notifier import Notifier


class Ticking(Protocol):
    """Something the loop calls once a cycle, and closes when it is over."""

    def tick(self, now: dt.datetime) -> None: ...
    def close(self, now: dt.datetime) -> None: ...


@frozen
class Several:
    """Tells each notifier of every event, and each ticking part of every cycle."""

    logger: logging.Logger
    notifiers: tuple[Notifier, ...] = ()
    ticking: tuple[Ticking, ...] = ()

    def notify(self, event: Event, book: Book) -> None:
        for notifier in self.notifiers:
            self._guarded(partial(notifier.notify, event, book))

    def tick(self, now: dt.datetime) -> None:
        for part in self.ticking:
            self._guarded(partial(part.tick, now))

    def close(self, now: dt.datetime) -> None:
        for part in self.ticking:
            self._guarded(partial(part.close, now))

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as fault:  # its text may hold a secret: only its kind is told
            self.logger.error("a notifier failed: %s", type(fault).__name__)
