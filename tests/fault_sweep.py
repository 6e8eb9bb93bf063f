"""Many random fault runs, one worker a core: goes on past a failure, prints the rate, resumes where it was stopped.

    python tests/fault_sweep.py 0 100000 [--kind hostile] [--state FILE]

Each seed is a run of `integration/test_random_faults.py` (`GAMMACORE_FAULT_SEED=n` replays one there), or by `--kind`
of `hostile.py`, `broker_faults.py`, `mode_faults.py` or `stop_faults.py`. Rule: R3.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

BLOCK = 50


def one_random_run(seed: int) -> None:
    from integration.test_random_faults import assert_ended_well, run  # a worker's own import: its modules are its own

    assert_ended_well(run(seed))


def one_hostile_run(seed: int) -> None:
    from hostile import run

    run(seed)


def one_hostile_run_at_a_faulty_broker(seed: int) -> None:
    from hostile import run

    run(seed, at_a_faulty_broker=True)


def one_run_at_a_faulty_broker(seed: int) -> None:
    from broker_faults import assert_ended_well, run

    assert_ended_well(run(seed))


def one_scalping_run(seed: int) -> None:
    from mode_faults import assert_ended_well, run

    assert_ended_well(run(seed))


def one_run_with_stops(seed: int) -> None:
    from stop_faults import one_run

    one_run(seed)


def one_run_with_stops_at_a_faulty_broker(seed: int) -> None:
    from stop_faults import one_run

    one_run(seed, at_a_faulty_broker=True)


KINDS: Mapping[str, Callable[[int], None]] = {
    "random": one_random_run,
    "hostile": one_hostile_run,
    "broker": one_run_at_a_faulty_broker,
    "hostile-broker": one_hostile_run_at_a_faulty_broker,
    "scalping": one_scalping_run,
    "stops": one_run_with_stops,
    "stops-broker": one_run_with_stops_at_a_faulty_broker,
}


def broken_in(first: int, end: int, once: Callable[[int], None]) -> dict[int, str]:
    """Seeds of [first, end) that break an invariant, each with its first line."""
    broken = {}
    for seed in range(first, end):
        try:
            once(seed)
        except Exception as failure:
            broken[seed] = f"{type(failure).__name__}: {str(failure).splitlines()[0] if str(failure) else ''}"
    return broken


def sweep(first: int, end: int, state: Path, once: Callable[[int], None]) -> int:
    """Run what the state file does not name as done yet; 1 when any seed broke, now or before."""
    known = json.loads(state.read_text()) if state.exists() else {"done": [], "broken": {}}
    done = {int(block) for block in known["done"]}
    blocks = [start for start in range(first, end, BLOCK) if start not in done]
    began, ran = time.monotonic(), 0
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        ends = [min(start + BLOCK, end) for start in blocks]
        for start, stop, broken in zip(blocks, ends, workers.map(broken_in, blocks, ends, repeat(once)), strict=False):
            ran += stop - start
            known["done"].append(start)
            for seed, why in broken.items():
                known["broken"][str(seed)] = why
                print(f"seed {seed} breaks: {why}", flush=True)
            state.write_text(json.dumps(known))
            if ran % 1000 < BLOCK:
                rate = ran / (time.monotonic() - began)
                print(f"{stop} of {end}: {rate:.0f} runs/s, {len(known['broken'])} broken", flush=True)
    print(f"{end - first} seeds: {len(known['broken'])} broken {sorted(map(int, known['broken']))}")
    return 1 if known["broken"] else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", type=int)
    parser.add_argument("end", type=int)
    parser.add_argument("--kind", choices=KINDS, default="random")
    parser.add_argument("--state", type=Path)
    asked = parser.parse_args()
    state = asked.state or Path(f".sweep-{asked.kind}.json")
    sys.exit(sweep(asked.first, asked.end, state, KINDS[asked.kind]))
