"""Whether the events of a ledger follow one another: what `ledger verify` says, and where `ledger repair` cuts."""

from __future__ import annotations

from gammacore.domain.book.book import Book
from gammacore.domain.hedge_filter_events import HedgeRunStarted
from gammacore.domain.ledger import Event
from gammacore.errors import DoesNotFold, InvalidInput

_REFUSALS = (InvalidInput, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""How an event that cannot follow makes itself known: by a rule, or by what a rule would have kept out."""


class LedgerCheck:
    """Takes the events of one ledger, oldest first, and refuses the first that cannot follow. Rules: CS-564, CS-565.

    A ledger that the hedging filter keeps is folded by the filter, under its own settings: it is not judged here.

    >>> check = LedgerCheck()
    >>> check.taken
    0
    """

    def __init__(self) -> None:
        self.taken = 0
        self._book = Book()
        self._is_judged = True

    def take(self, event: Event) -> None:
        """Take one more event in.

        Raises:
            DoesNotFold: it cannot follow; nothing may be taken in after it.
        """
        if isinstance(event, HedgeRunStarted):
            self._is_judged = False
        if self._is_judged:
            try:
                self._book.apply(event)
            except _REFUSALS as refusal:
                why = str(refusal) if isinstance(refusal, InvalidInput) else f"{type(refusal).__name__}: {refusal}"
                raise DoesNotFold(self.taken + 1, type(event).__name__, why) from refusal
        self.taken += 1
