"""The notifier port: people are told what the ledger already holds."""

from __future__ import annotations

from typing import Protocol

from gammacore.domain.book import Book
from gammacore.domain.ledger import Event


class Notifier(Protocol):
    """Tells people. Always after the ledger, never in an order's path. Rules: CS-414, CS-626."""

    def notify(self, event: Event, book: Book) -> None:
        """Say what happened; `book` already contains the event. Bounded in time; must not raise."""
        ...
