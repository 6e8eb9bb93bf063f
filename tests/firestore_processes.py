"""What the tests run in other processes: each role is one function, called with its arguments from the command line."""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Callable

from builders_ledger import OPEN, halted
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.firestore import FirestoreStorage, Patience, connect
from gammacore.errors import WriteConflict

ROUNDS = 12
CALM = Patience(call_seconds=30)
"""On a busy machine eight processes take their time; a time-out is not what is tested."""


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def hold(project: str) -> None:
    """Open the ledger and keep it until asked to stop."""
    storage = FirestoreStorage(connect(project, CALM), "paper", clock=FakeClock(OPEN), holder=f"process {os.getpid()}")
    storage.append([halted(1)], 0)
    tell("open")
    sys.stdin.read()


def enter(project: str) -> None:
    """Try to become the writer at the same instant as others; say whether it worked."""
    documents = connect(project, CALM)
    tell("ready")
    sys.stdin.readline()
    try:
        FirestoreStorage(documents, "paper", clock=FakeClock(OPEN), holder=f"process {os.getpid()}")
    except WriteConflict as refusal:
        tell(f"refused {refusal}")
    else:
        tell("open")
    sys.stdin.read()


def race(project: str, name: str) -> None:
    """Take the ledger over again and again, as if every lease had run out, and append; tell each end."""
    documents = connect(project, CALM)
    clock = FakeClock(OPEN)
    tell("ready")
    sys.stdin.readline()
    for _ in range(ROUNDS):
        lease = documents.get("gammacore_ledgers/paper/lease/writer")
        if lease is not None:
            clock.wait_until(dt.datetime.fromisoformat(lease.fields["expires_at"]))
        try:
            storage = FirestoreStorage(documents, "paper", clock=clock, holder=name)
        except WriteConflict:
            tell("not let in")
            continue
        for _ in range(3):
            try:
                version = storage.append([halted(0), halted(1)], storage.version)
            except WriteConflict:
                tell("lost")
                break
            tell(f"wrote {version}")
    tell("done")


ROLES: dict[str, Callable[..., None]] = {"hold": hold, "enter": enter, "race": race}

if __name__ == "__main__":
    ROLES[sys.argv[1]](*sys.argv[2:])
