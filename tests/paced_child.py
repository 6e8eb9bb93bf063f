"""A study that waits: each look is shown for some real time, until it is ended.

Arguments: ledger, seconds a look, keys, and `stays` where the first look that holds something is shown to the end.
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

from gammacore.adapters.paced_clock import Pace
from gammacore.configuration import configure
from gammacore.wiring import wire_day


class FakeTime:
    """Goes by when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def main(ledger: str, seconds: str, keys: str, *stays: str) -> None:
    """Trade the configured day at `seconds` of real time a look, publishing as a paced study does."""
    time = FakeTime()
    day = wire_day(configure([json.loads(keys)]), Path(ledger), pace=Pace(60.0, steady=time.now, sleep=time.sleep))
    waits = threading.Event()

    def show(_now: object) -> None:
        holds = any(one.has_filled and not one.is_flat for one in day.trade.ledger.book.live_holdings)
        waits.wait(None if holds and stays else float(seconds))

    sys.stdout.write("begins\n")
    sys.stdout.flush()
    try:
        day.trade(show)
    finally:
        day.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
