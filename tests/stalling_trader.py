"""A trading day at a Tradier served on this machine, a tenth of a second a cycle: slow enough to be stopped in it.

python tests/stalling_trader.py URL LEDGER
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from attrs import evolve

from builders_broker_day import CREDENTIALS, PLACES, configuration
from counterparts.served_clock import ServedClock
from gammacore.wiring import wire_day

CYCLE_SECONDS = 0.1


def main(url: str, ledger: str) -> None:
    clock = ServedClock(url)
    day = wire_day(
        configuration("tradier", "SPX", "credit-spread", 60), Path(ledger), credentials=CREDENTIALS, clock=clock,
        places=PLACES["tradier"](url),
    )  # fmt: skip
    try:
        evolve(day.trade, news=None)(lambda *_: time.sleep(CYCLE_SECONDS))
    finally:
        day.close()
        clock.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
