"""P9: what a durable event costs, against replacing a JSON state file atomically for every event.

The peer is what trading scripts do: write the state to a temporary file, fsync it, rename it over the old one, fsync
the folder. Its state is the smallest there can be, the latest event alone, so a real one would cost it more. Both
survive a power cut after every event; the grouped ledger after every hundred. Run it on the disk you trade from:

    python benchmarks/ledger_append.py [FOLDER]
"""

from __future__ import annotations

import datetime as dt
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

from gammacore.adapters.codec.records import encode
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.domain.ledger import Event, OrderAccepted, OrderFilled
from gammacore.domain.orders import Execution

EVENTS = {"JSON replace": 1_000, "durable": 2_000, "groups of 100": 20_000}
ROUNDS = 5
START = dt.datetime(2026, 8, 19, 13, 30, tzinfo=dt.UTC)
BARS = {"durable": 1.8, "groups of 100": 50.0}


def acknowledgements(count: int) -> list[Event]:
    """Small events, 115 bytes a record; the bars are for these."""
    return [OrderAccepted(START + dt.timedelta(seconds=n), f"gc-{n}", "8675309") for n in range(count)]


def fills(count: int) -> list[Event]:
    """Events of 270 bytes a record, where writing JSON costs us more than the disk does."""
    execution = Execution(3, Decimal("2.45"), Decimal("3.90"))
    return [OrderFilled(START + dt.timedelta(seconds=n), f"gc-{n}", execution, complete=True) for n in range(count)]


def replace_json(folder: Path, events: Sequence[Event]) -> None:
    target, draft = folder / "state.json", folder / "state.json.new"
    for event in events:
        with draft.open("w", encoding="utf-8") as file:
            file.write(encode(event))
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, target)
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def append_to(grouped: bool) -> Callable[[Path, Sequence[Event]], None]:
    def append(folder: Path, events: Sequence[Event]) -> None:
        storage = SqliteStorage(folder / "bench.ledger", grouped=grouped)
        version = storage.version
        for event in events:
            version = storage.append([event], version)
        storage.close()

    return append


def microseconds(write: Callable[[Path, Sequence[Event]], None], folder: Path, events: Sequence[Event]) -> float:
    """Per event, opening and closing included."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        start = time.perf_counter()
        write(Path(place), events)
        return (time.perf_counter() - start) / len(events) * 1e6


def costs(folder: Path, sample: Callable[[int], list[Event]]) -> dict[str, float]:
    """Microseconds an event, by way of writing: medians over rounds of each in turn, so that all meet a busy disk."""
    ways = {"JSON replace": replace_json, "durable": append_to(grouped=False), "groups of 100": append_to(grouped=True)}
    events = {name: sample(count) for name, count in EVENTS.items()}
    rounds = [{name: microseconds(write, folder, events[name]) for name, write in ways.items()} for _ in range(ROUNDS)]
    return {name: statistics.median(one[name] for one in rounds) for name in ways}


def main() -> int:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    missed = 0
    for sample, bars in ((acknowledgements, BARS), (fills, {})):
        cost = costs(folder, sample)
        for name, spent in cost.items():
            ratio, bar = cost["JSON replace"] / spent, bars.get(name, 0)
            missed += ratio < bar
            print(f"{sample.__name__:16} {name:13} {spent:7.1f} us {ratio:6.1f}x", f"(bar {bar:g}x)" if bar else "")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
