"""The hedging desk's ledger: what an input led to is one append, durable before any line leaves. Rule: DH-710."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from gammacore.domain.hedge_filter.book import DeskBook
from gammacore.domain.hedge_filter_events import HedgeRunStarted, IntentsWritten
from gammacore.domain.hedging.settings import HedgingSettings
from gammacore.domain.ledger import LedgerOpened, Mode
from gammacore.errors import ConfigurationError
from gammacore.ports.storage import Storage


class HedgeJournal:
    """Gathers events and appends them.

    Events of inputs that emit nothing may wait until `group` of them are there: an input file can be read again, so a
    crash loses nothing. Whatever emits a line is appended at once, with all that waited before it.
    """

    def __init__(self, storage: Storage | None, book: DeskBook, *, group: int = 1) -> None:
        self._storage = storage
        self._book = book
        self._group = group
        self._waiting: list[Any] = []

    @property
    def keeps(self) -> bool:
        """Whether there is a ledger at all."""
        return self._storage is not None

    def begin(self, settings: HedgingSettings, account: str, at: dt.datetime) -> str:
        """Note who takes the ledger up; returns a warning when its settings were others, else "". Rule: DH-712.

        Raises:
            ConfigurationError: the ledger is of another strategy or account.
        """
        run = self._book.run
        now = HedgeRunStarted(at, settings.strategy_name, account, settings.profile.value, settings.config_hash)
        if run is None:
            opened = LedgerOpened(at, account, Mode.STUDY, settings.config_hash, Decimal(0))
            for event in (opened, now):
                self._book.apply(event)
            self.take([opened, now])
            return ""
        if (run.profile, run.config_hash) == (now.profile, now.config_hash):
            return ""
        self.take([now])
        self._book.apply(now)
        return (
            f"the ledger was kept under profile {run.profile}, settings {run.config_hash}; going on with {now.profile}"
        )

    def check_owner(self, settings: HedgingSettings, account: str) -> None:
        """Refuse a ledger of another strategy or account. Rule: DH-712."""
        book = self._book
        if book.account is None:
            return
        kept_by = "another desk" if book.run is None else book.run.strategy
        if (kept_by, book.account) != (settings.strategy_name, account):
            raise ConfigurationError(
                f"the ledger belongs to {kept_by}, account {book.account}; name another with --ledger"
            )

    def take(self, events: list[Any]) -> None:
        """Add events to what waits; the book holds them already."""
        if self._storage is not None:
            self._waiting += events

    def settle(self) -> None:
        """Append when enough has gathered."""
        if len(self._waiting) >= self._group:
            self.commit()

    def commit(self) -> None:
        """Append all that waits, durably."""
        if self._storage is not None and self._waiting:
            self._storage.append(self._waiting, self._storage.version)
            self._waiting = []

    def written(self, at: dt.datetime, intent_ids: tuple[str, ...]) -> None:
        """Lines were flushed; the mark goes with the next append. Rule: DH-710."""
        mark = IntentsWritten(at, intent_ids)
        self._book.apply(mark)
        self.take([mark])

    def close(self) -> None:
        """Append what waits and let go of the ledger."""
        if self._storage is not None:
            try:
                self.commit()
            finally:
                self._storage.close()
