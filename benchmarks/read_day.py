"""Reading a recorded day: rows a second, beside a plain csv.DictReader over the same file.

Each day file that is given, or every SPY day of the reference data; where there is none, it says so and ends well:

    python benchmarks/read_day.py [SPY_2026-08-12.csv.gz ...]
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from gammacore.adapters.recorded.csv_table import read_csv_market
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.sessions import TradingSession

ROUNDS = 5
SHARED = Path(os.environ.get("GAMMACORE_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def plain(path: Path) -> int:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.DictReader(file))


def ours(path: Path) -> object:
    date = dt.date.fromisoformat(path.name.removeprefix("SPY_").split(".")[0])
    return read_csv_market(path, REGISTRY["SPY"], TradingSession.of(date))


def main() -> None:
    days = [Path(given) for given in sys.argv[1:]] or sorted(SHARED.glob("replay_spy_0dte/**/SPY_*.csv.gz"))
    if not days:
        print(f"no day file below {SHARED}; give one, or set GAMMACORE_SHARED_DATA")
    for day in days:
        rows = plain(day)
        rounds = [(seconds(lambda: ours(day)), seconds(lambda: plain(day))) for _ in range(ROUNDS)]  # noqa: B023  now
        mine = statistics.median(one for one, _ in rounds)
        ratio = statistics.median(one / other for one, other in rounds)
        print(f"{day.name}: {rows} rows in {mine:.2f} s, {rows / mine:,.0f} a second, {ratio:.1f} x a csv.DictReader")


if __name__ == "__main__":
    main()
