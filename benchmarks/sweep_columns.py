"""How long the columns of a sweep take: the pass of each day, and each setting of the stops on it. P8, ST-512.

    python benchmarks/sweep_columns.py [DAYS] [SETTINGS]

CPU seconds of this process; the loop is timed on a few of the same days.
"""

from __future__ import annotations

import datetime as dt
import sys
import time
from decimal import Decimal

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.configuration import configure
from gammacore.domain.study.column_replay import replay
from gammacore.domain.study.columns import NeedsLoop
from gammacore.wiring.study.columns import day_columns
from gammacore.wiring.study.days import study_day

FIRST = dt.date(2026, 1, 2)
TIMED_BY_THE_LOOP = 5


def main(days: int, settings: int) -> None:
    """Print the seconds."""
    dates = (FIRST + dt.timedelta(days=day) for day in range(2 * days + 10))
    sessions = [date for date in dates if NyseCalendar().session(date) is not None][:days]
    step = Decimal("0.34") / max(1, settings - 1)
    tried = [
        configure([{"sizing.sizing": False, "stops.stop": str(round(Decimal("0.05") + step * number, 4))}])
        for number in range(settings)
    ]
    study_day(tried[0], sessions[0])
    passes = replays = 0.0
    by_loop = trades = 0
    for date in sessions:
        begun = time.process_time()
        columns = day_columns(tried[0], date, [one.settings.stops for one in tried])
        passes += time.process_time() - begun
        begun = time.process_time()
        for one in tried:
            try:
                trades += len(replay(columns, one.settings.stops))
            except NeedsLoop:
                by_loop += 1
        replays += time.process_time() - begun
    begun = time.process_time()
    for date in sessions[:TIMED_BY_THE_LOOP]:
        study_day(tried[0], date)
    loop = (time.process_time() - begun) / len(sessions[:TIMED_BY_THE_LOOP])
    print(f"{days} days, {settings} settings, {trades:,} trades, {by_loop} cells left to the loop")
    print(f"pass {passes:.1f} s ({1000 * passes / days:.0f} ms a day; the loop {1000 * loop:.0f} ms)")
    each, cell = replays / settings, 1e6 * replays / days / settings
    print(f"after it {replays:.1f} s, {each:.3f} s a setting, {cell:.0f} us a cell")


if __name__ == "__main__":
    main(*(int(word) for word in (*sys.argv[1:], "252", "100")[:2]))
