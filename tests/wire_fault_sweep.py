"""The whole table of wire faults, one worker a core: prints counts, times to the alarm and its words; resumes.

    python tests/wire_fault_sweep.py [--fuzz SEEDS] [--fault NAME ...] [--state FILE]

Without `--fuzz`: every fault x step x broker, each with a stop and a target, with and without a restart. With it: that
many half-days of spoiled rows. A cell is run once; delete the state file to run it anew.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

PROMISES = {
    "lost": ("lost",), "doubled": ("doubled",), "dollars": ("dollars",), "naked": ("naked", "uncovered"),
    "wedged": ("wedged", "crashed", "not flat", "unfinished"),
}  # fmt: skip
"""The columns of the sum, by the names of `fault_checks.CHECKS`."""

_stack = ExitStack()
_servers: list[Any] = []


def _server() -> Any:
    """This worker's server, started by its first run."""
    from builders_fault_day import served

    if not _servers:
        _servers.append(_stack.enter_context(served()))
    return _servers[0]


def one_cell(number: int) -> dict[str, Any]:
    from builders_fault_day import HalfDay
    from fault_cells import every_run
    from fault_checks import breaks_of, first_alarm

    run = list(every_run())[number]
    ended = HalfDay.of(run, _server())()
    alarm = first_alarm(ended)
    return {
        "name": str(run), "fault": str(run.fault), "step": run.step.value, "broker": run.broker,
        "met": ended.met_at is not None, "broken": breaks_of(ended),
        "alarm": None if alarm is None else [alarm.seconds, alarm.code, alarm.words],
    }  # fmt: skip


def one_seed(seed: int) -> dict[str, Any]:
    from fault_cells import broken_by_fuzz, fuzz_of

    run = fuzz_of(seed)
    broken = broken_by_fuzz(seed, _server())
    return {"name": str(run), "fault": "fuzz", "step": run.step.value, "broker": run.broker, "met": True,
            "broken": broken, "alarm": None}  # fmt: skip


def table(results: list[dict[str, Any]]) -> Iterator[str]:
    """Fault by fault: at each step what broke in how many runs, or how many met the fault and held."""
    steps = ("before entry", "entry works", "held", "exit works")
    yield "| fault | broker | " + " | ".join(steps) + " |"
    yield "|---|---|" + "---|" * len(steps)
    for fault, broker in dict.fromkeys((one["fault"], one["broker"]) for one in results):
        cells = []
        for step in steps:
            runs = [one for one in results if (one["fault"], one["broker"], one["step"]) == (fault, broker, step)]
            broken = Counter(name for one in runs for name in one["broken"])
            met = sum(one["met"] for one in runs)
            found = ", ".join(f"{count} {name}" for name, count in broken.items())
            cells.append(found or (f"{met} ok" if met else "not met"))
        yield f"| {fault} | {broker} | " + " | ".join(cells) + " |"
    sums = {word: sum(bool(set(names) & set(one["broken"])) for one in results) for word, names in PROMISES.items()}
    yield f"{len(results)} runs: " + ", ".join(f"{count} {word}" for word, count in sums.items())


def alarms(results: list[dict[str, Any]]) -> Iterator[str]:
    """For each fault and broker: the shortest and longest time to the first alarm, and each alarm's words once."""
    yield "| fault | broker | runs with an alarm | seconds | what a person reads |"
    yield "|---|---|---|---|---|"
    for fault, broker in dict.fromkeys((one["fault"], one["broker"]) for one in results):
        met = [one for one in results if (one["fault"], one["broker"]) == (fault, broker) and one["met"]]
        alarm = [one["alarm"] for one in met if one["alarm"]]
        words = dict.fromkeys(f"{code}: {text}" for _, code, text in alarm)
        times = f"{min(t for t, _, _ in alarm):.0f} to {max(t for t, _, _ in alarm):.0f}" if alarm else ""
        yield f"| {fault} | {broker} | {len(alarm)} of {len(met)} | {times} | {'<br>'.join(words)} |"


def sweep(numbers: list[int], kind: str, state: Path) -> int:
    known = json.loads(state.read_text()) if state.exists() else {}
    left = [number for number in numbers if f"{kind} {number}" not in known]
    began, once = time.monotonic(), one_seed if kind == "seed" else one_cell
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        for done, (number, found) in enumerate(zip(left, workers.map(once, left), strict=True), 1):
            known[f"{kind} {number}"] = found
            if found["broken"]:
                print(f"{found['name']}: {found['broken']}", flush=True)
            if done % 20 == 0:
                state.write_text(json.dumps(known))
                print(f"{done} of {len(left)}, {done / (time.monotonic() - began):.1f} runs/s", flush=True)
    state.write_text(json.dumps(known))
    results = [known[f"{kind} {number}"] for number in numbers]
    for line in (*table(results), "", *(alarms(results) if kind == "cell" else ())):
        print(line)
    return 1 if any(one["broken"] for one in results) else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fuzz", type=int, metavar="SEEDS")
    parser.add_argument("--fault", action="append")
    parser.add_argument("--plain", action="store_true", help="one run a cell: with a stop, without a restart")
    parser.add_argument("--state", type=Path, default=Path(".sweep-wire-faults.json"))
    asked = parser.parse_args()
    if asked.fuzz is not None:
        return sweep(list(range(asked.fuzz)), "seed", asked.state)
    from builders_fault_day import Way
    from fault_cells import every_run

    wanted = []
    for number, run in enumerate(every_run()):
        is_plain = run.way is Way.STOP and not run.restarts
        if (not asked.fault or str(run.fault) in asked.fault) and (is_plain or not asked.plain):
            wanted.append(number)
    return sweep(wanted, "cell", asked.state)


if __name__ == "__main__":
    sys.exit(main())
