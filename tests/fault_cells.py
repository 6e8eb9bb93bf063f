"""The cells of the table of faults: which are run, what breaks in them today, and how the whole is shown. Issue 11."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from builders_fault_day import APPS, HalfDay, Run, Served, Step, Way
from counterparts.row_fuzz import a_fuzz
from counterparts.wire_faults import EVERYTHING, FAULTS, ORDERS, SUBMITS, Fault
from fault_checks import STAYS_ALIVE, breaks_of

Cell = tuple[str, str, str]
"""Fault, step, broker."""

KNOWN_TO_BREAK: Mapping[Cell, tuple[str, ...]] = {
    # a leg without a symbol is read as the underlying's shares, and the book refuses that: the loop ends each time
    ("leg symbol null", "entry works", "tradier"): ("crashed",),
    ("leg symbol null", "exit works", "tradier"): ("crashed",),
    # a report behind the one before it: filled, then partially filled
    ("priced later", "entry works", "tradier"): ("crashed",),
    ("priced later", "exit works", "tradier"): ("crashed",),
    # the fees of an order are counted by its legs, and nobody asks again: $2.60 too much in the book
    ("legs missing", "entry works", "tradier"): ("dollars",),
    ("legs missing", "entry works", "alpaca"): ("dollars",),
    ("legs missing", "exit works", "tradier"): ("dollars",),
    ("legs missing", "exit works", "alpaca"): ("dollars",),
    # the row says that none of the whole filled: unreadable, so the naked short is alarmed and never covered
    ("one leg filled", "entry works", "tradier"): ("uncovered",),
    # a refusal is believed although the order was taken: an entry is quarantined for good, an exit is at no price
    ("error beside an id", "entry works", "tradier"): ("dollars", "not flat"),
    ("error beside an id", "exit works", "tradier"): ("lost", "dollars"),
    ("400 but taken", "entry works", "tradier"): ("dollars", "not flat"),
    ("400 but taken", "entry works", "alpaca"): ("dollars", "not flat"),
    ("400 but taken", "exit works", "tradier"): ("lost", "dollars"),
    ("400 but taken", "exit works", "alpaca"): ("lost", "dollars"),
    ("403 but taken", "entry works", "alpaca"): ("dollars", "not flat"),
    ("403 but taken", "exit works", "alpaca"): ("lost", "dollars"),
}
"""What breaks today, by the names of `fault_checks.CHECKS`. A cell that has begun to hold is taken off: the test of it
fails until then."""

KNOWN_SEEDS_TO_BREAK: Mapping[int, tuple[str, ...]] = {
    182: ("crashed",),  # a leg whose symbol is 0.5: the kind of "leg symbol null"
}
"""The same for half-days of spoiled rows; seeds 0 to 182 were run."""

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
    """Where each fault can matter, with a stop: for every change."""
    for fault in FAULTS.values():
        for step, broker in product(steps_of(fault), APPS):
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
