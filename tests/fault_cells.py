"""The cells of the table of faults: which are run, and what a cell is called. Rules: R2..R5."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from builders_fault_day import APPS, HalfDay, Run, Served, Step, Way
from counterparts.row_fuzz import a_fuzz
from counterparts.wire_faults import EVERYTHING, FAULTS, ORDERS, SUBMITS, Fault
from extent import pairs
from fault_checks import STAYS_ALIVE, breaks_of

Cell = tuple[str, str, str]
"""Fault, step, broker."""

FUZZ_SECONDS = 720
"""From 9:58 to 10:10: entry, holding and exit are all in it."""


def steps_of(fault: Fault) -> tuple[Step, ...]:
    """Where a fault can matter: orders are asked about, and answered, only while one works."""
    if fault.subjects == EVERYTHING:
        return (Step.ENTRY,)
    if fault.subjects <= ORDERS | SUBMITS:
        return (Step.ENTRY, Step.EXIT)
    return tuple(Step)


def telling_runs() -> Iterator[Run]:
    """Where each fault can matter, with a stop: for every change, every other pair of step and broker."""
    for fault in FAULTS.values():
        for step, broker in pairs(steps_of(fault), APPS):
            yield Run(broker, fault, step)


def every_run() -> Iterator[Run]:
    """Every fault, step and broker; a stop and a target; with and without a restart in the middle of the fault."""
    for fault, step, broker, way, restarts in product(FAULTS.values(), Step, APPS, Way, (False, True)):
        yield Run(broker, fault, step, way, restarts)


def cell_of(run: Run) -> Cell:
    return str(run.fault), run.step.value, run.broker


def fuzz_of(seed: int) -> Run:
    """A half-day of spoiled rows; broker, end and restart are drawn by the seed."""
    broker = list(APPS)[seed % 2]
    return Run(broker, a_fuzz(seed, FUZZ_SECONDS), Step.BEFORE_ENTRY, list(Way)[seed // 2 % 2], seed % 5 == 0)


def broken_by_fuzz(seed: int, there: Served) -> dict[str, str]:
    """What broke of the promises that hold whatever the broker's rows say."""
    broken = breaks_of(HalfDay.of(fuzz_of(seed), there)())
    return {name: why for name, why in broken.items() if name in (*STAYS_ALIVE, "wedged")}
