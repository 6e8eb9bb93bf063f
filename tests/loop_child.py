"""A loop in a process of its own that does nothing but obey: it holds a ledger's lock and takes its inbox.

    python tests/loop_child.py LEDGER [deaf]

Prints "ready" once it holds the lock; ends when its stdin does. A deaf one leaves its inbox alone.
"""

from __future__ import annotations

import select
import sys

from gammacore.adapters.sqlite.inbox import SqliteInbox
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.adapters.system_clock import SystemClock
from gammacore.application.day_ledger import DayLedger
from gammacore.application.obey_requests import ObeyRequests


def main(ledger: str, *deaf: str) -> None:
    storage, inbox = SqliteStorage(ledger), SqliteInbox(ledger)
    obey = ObeyRequests(DayLedger(storage), inbox, SystemClock())
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while not select.select([sys.stdin], [], [], 0.02)[0]:
        if not deaf:
            obey()
    storage.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
