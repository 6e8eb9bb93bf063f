"""Rule R3 with a stop at the broker on every short: nothing is bought back twice, lost or left. Decision 0058."""

from __future__ import annotations

import pytest

import stop_faults
from extent import many


@pytest.mark.parametrize("seed", [22, 34, 39, 49, 77, 126, 181])
def test_a_seed_that_broke_an_invariant_once_ends_well(seed: int) -> None:
    """By seed: a close whose answers were lost, taken for the fill of another spread's stop (22, 34, 39, 49); an empty
    list of holdings taken for one (126); a short that was left out of the holdings for a minute (181); a stop reported
    as rejected that rested on and filled once its spread was closed (77)."""
    stop_faults.one_run(seed, at_a_faulty_broker=True)


@pytest.mark.parametrize("at_a_faulty_broker", [False, True], ids=["random", "broker"])
def test_faults_break_no_invariant(at_a_faulty_broker: bool) -> None:
    """Faults of the exchange, and of what a broker answers; `tests/fault_sweep.py --kind stops` runs many."""
    for seed in range(many(15, 300)):
        try:
            stop_faults.one_run(seed, at_a_faulty_broker=at_a_faulty_broker)
        except Exception as broken:
            broken.add_note(f"seed {seed}: stop_faults.one_run({seed}, at_a_faulty_broker={at_a_faulty_broker})")
            raise
