"""Where an account stands between two days of one ledger, handed from one to the next. Rule: ST-208."""

from __future__ import annotations

from attrs import frozen

from gammacore.adapters.fake.account import ExchangeBook
from gammacore.adapters.fake.in_memory import MemoryLedger, MemoryStorage
from gammacore.application.watch_equity import RecordedEquity
from gammacore.domain.book.book import Book


@frozen(eq=False)
class Carry:
    """All that a study's day goes on from: the folded book, the exchange's own account, what its guards remember.

    The day it is given to changes nothing of it, so that several days, in several processes, may begin with the same.
    """

    book: Book
    exchange: ExchangeBook
    equity: RecordedEquity | None = None

    def storage(self) -> MemoryStorage:
        """An empty ledger in memory, whose first event is the one that follows the book's version."""
        return MemoryStorage(MemoryLedger(before=self.book.version))
