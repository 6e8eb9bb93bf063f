"""The tables of docs/does-it-pay.md: what presets and desks did on simulated days, with intervals.

    python benchmarks/does_it_pay.py [SEED [NAME ...]]

The sessions of a year, November 2025 to October 2026, on one seed (1 unless given), SPX, or SPY for the
desks that trade a share; each day by itself, fees on. Real days are those of real_days.py and scalping_days.py.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator

from gammacore import statistics_of
from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.configuration import configure
from gammacore.domain.study.record import ClosedTrade
from gammacore.wiring.study.days import study_day

FIRST, LAST = dt.date(2025, 11, 3), dt.date(2026, 10, 30)
PRESETS = ("standard", "swept", "head", "source-000", "stop-outside-quotes", "walk")
DESKS = ("delta-hedge", "st0cka", "st0ckg", "gamma-scalping", "hybrid")


def main() -> None:
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    print("what | days | trades | won | mean | 95 % of the mean | chance of an edge | net")
    for name, given in runs():
        if not sys.argv[2:] or name in sys.argv[2:]:
            print(row(name, {**given, "market.seed": seed}), flush=True)


def runs() -> Iterator[tuple[str, dict[str, object]]]:
    for preset in PRESETS:
        yield preset, {"stops.preset": preset}
    for desk in DESKS:
        share = {} if desk == "delta-hedge" else {"market.underlying": "SPY"}
        yield desk, {"trade.strategy": desk, **share}


def row(name: str, given: dict[str, object]) -> str:
    dates = [session.date for session in NyseCalendar().sessions(FIRST, LAST)]
    days = [study_day(configure([given]), date) for date in dates]
    trades: list[ClosedTrade] = [trade for day in days for trade in day.closed_trades]
    head = f"{name} | {len(days)} ({sum(day.error is not None for day in days)} failed) | {len(trades)}"
    if not trades:
        return f"{head} | – | – | – | – | 0"
    found = statistics_of(trades)
    counted, drawn = found.net.counted, found.bootstrap
    mean = f"{float(counted.total) / len(trades):+.2f}"
    spread = "–" if drawn.mean is None else " to ".join(f"{edge:+.2f}" for edge in drawn.mean)
    edge = "–" if drawn.probability_of_edge is None else f"{drawn.probability_of_edge:.3f}"
    return f"{head} | {counted.win_rate:.1%} | {mean} | {spread} | {edge} | {counted.total:+.2f}"


if __name__ == "__main__":
    main()
