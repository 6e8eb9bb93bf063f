"""A study that waits: each look is shown for some real time, until it is ended. Arguments: ledger, pace, keys."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

from gammacore.configuration import configure
from gammacore.wiring import wire_day


def main(ledger: str, seconds: str, keys: str) -> None:
    """Trade the configured day at `seconds` of real time a look, publishing as a paced study does."""
    day = wire_day(configure([json.loads(keys)]), Path(ledger), pace=60.0)
    waits = threading.Event()
    sys.stdout.write("begins\n")
    sys.stdout.flush()
    try:
        day.trade(lambda _now: (waits.wait(float(seconds)), None)[1])
    finally:
        day.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
