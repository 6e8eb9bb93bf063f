"""The ledger in one SQLite file: durable appends, one writer, every byte vouched for; and the inbox beside it."""

from gammacore.adapters.sqlite.inbox import SqliteInbox
from gammacore.adapters.sqlite.lock import writer_of
from gammacore.adapters.sqlite.repair import RepairReport, repair
from gammacore.adapters.sqlite.storage import SqliteStorage, first_events

__all__ = ["RepairReport", "SqliteInbox", "SqliteStorage", "first_events", "repair", "writer_of"]
