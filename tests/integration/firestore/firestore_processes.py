"""What the tests run in other processes: each role is one function, called with its arguments from the command line."""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Callable

from builders_ledger import OPEN, halted
from gammacore.adapters.fake.clock import FakeClock
from gammacore.adapters.firestore import FirestoreStorage, connect
from gammacore.errors import WriteConflict

ROUNDS = 12


def hold(project: str) -> None:
    """Open the ledger and keep it until told to stop."""
    storage = FirestoreStorage(connect(project), "paper", clock=FakeClock(OPEN), holder=f"process {os.getpid()}")
    storage.append([halted(1)], 0)
    print("open", flush=True)
    sys.stdin.read()


def enter(project: str) -> None:
    """Try to become the writer at the same instant as others; say whether it worked."""
    documents = connect(project)
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        FirestoreStorage(documents, "paper", clock=FakeClock(OPEN), holder=f"process {os.getpid()}")
    except WriteConflict as refusal:
        print(f"refused {refusal}", flush=True)
    else:
        print("open", flush=True)
    sys.stdin.read()


def race(project: str, name: str) -> None:
    """Take the ledger over again and again, as if the lease of whoever has it had run out, and append; tell each end."""
    documents = connect(project)
    clock = FakeClock(OPEN)
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(ROUNDS):
        clock.set(OPEN + dt.timedelta(hours=1 + number))
        clock.wait_until(_after_every_lease(documents))
        try:
            storage = FirestoreStorage(documents, "paper", clock=clock, holder=name)
        except WriteConflict:
            print("not let in", flush=True)
            continue
        for _ in range(3):
            try:
                version = storage.append([halted(0), halted(1)], storage.version)
            except WriteConflict:
                print("lost", flush=True)
                break
            print(f"wrote {version}", flush=True)
    print("done", flush=True)


ROLES: dict[str, Callable[..., None]] = {"hold": hold, "enter": enter, "race": race}

if __name__ == "__main__":
    ROLES[sys.argv[1]](*sys.argv[2:])
