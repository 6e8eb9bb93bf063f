"""P5 and P6: what one market event costs, from its line to the decision, and whether more contracts make it dearer.

P5: events a second from a file, every line strictly decoded and validated; and what part of that is reading.
P6: cost per event with 5,000 tracked contracts against 200, in alternating rounds; the bar is 1.5.

    python benchmarks/hedge_events.py
"""

from __future__ import annotations

import datetime as dt
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from gammacore.adapters.ndjson.inputs import read_inputs
from gammacore.adapters.ndjson.lines import file_lines
from gammacore.domain.hedging.settings import HedgingSettings
from gammacore.wiring.hedging import wire_hedging

EVENTS = 100_000
ROUNDS = 5
FEW, MANY = 200, 5_000
EVENTS_PER_SECOND, DEARER = 100_000, 1.5
START = dt.datetime(2025, 12, 30, 14, 30, tzinfo=dt.UTC)


def write_events(path: Path, contracts: int) -> Path:
    """An hour of quotes: every contract in turn, with delta, greeks, quantity and the underlying's price."""
    draw = random.Random(contracts)
    with path.open("w", encoding="utf-8") as file:
        for number in range(EVENTS):
            at = START + dt.timedelta(milliseconds=number * 36)
            which = number % contracts
            right, sign = ("C", 1) if which % 2 else ("P", -1)
            file.write(
                f'{{"protocol":"v1","type":"market_event","event_id":"evt_{number:07d}",'
                f'"ts":"{at.isoformat(timespec="milliseconds").replace("+00:00", "Z")}",'
                f'"symbol":"SPY251230{right}{(300 + which // 2) * 1000:08d}","source":"bench","payload":'
                f'{{"delta":{sign * draw.uniform(0.1, 0.9):.4f},"gamma":0.05,"theta":-0.10,"price":2.50,"bid":2.48,'
                f'"ask":2.52,"quantity":{draw.choice((-2, -1, 1, 2))},'
                f'"underlying_price":{495 + draw.random():.2f}}}}}\n'
            )
    return path


def read(path: Path) -> float:
    """Seconds to decode and validate a file."""
    with path.open("rb") as file:
        start = time.perf_counter()
        for _ in read_inputs(file_lines(file)):
            pass
        return time.perf_counter() - start


def hedge(path: Path) -> float:
    """Seconds from the first line to the last decision."""
    wired = wire_hedging(HedgingSettings(), write=lambda _: None, log=lambda _: None, assume_fills=True)
    with path.open("rb") as file:
        start = time.perf_counter()
        wired.stream.run(read_inputs(file_lines(file)))
        return time.perf_counter() - start


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        few, many = (write_events(Path(folder, f"{number}.ndjson"), number) for number in (FEW, MANY))
        hedge(few)
        rounds = [(hedge(few), hedge(many), read(few)) for _ in range(ROUNDS)]
    whole = statistics.median(seconds for seconds, _, _ in rounds)
    reading = statistics.median(seconds for _, _, seconds in rounds)
    ratio = statistics.median(dear / cheap for cheap, dear, _ in rounds)
    rate = EVENTS / whole
    share = f"reading is {reading / whole:.0%}"
    print(f"P5  {rate:,.0f} events/s from a file, validation on (bar {EVENTS_PER_SECOND:,}); {share}")
    print(f"    {EVENTS / reading:,.0f} lines/s decoded and validated alone")
    print(f"P6  {MANY:,} contracts cost {ratio:.2f} × what {FEW} cost (bar {DEARER})")
    return 0 if ratio <= DEARER else 1


if __name__ == "__main__":
    sys.exit(main())
