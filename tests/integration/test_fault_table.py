"""Every fault of the wire, at every step of a half-day, at both brokers: nothing lost, doubled, naked or wedged.

Here each fault meets both brokers and every step at which it can matter, but not each step at each broker:
`python tests/wire_fault_sweep.py`, of `make sweep`, runs the whole table (a stop and a target, with and without a
restart) and prints it with counts and alarms. Rules: R2..R5.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from builders_fault_day import APPS, HalfDay, Run, Served, Step, Way, served
from extent import many
from fault_cells import broken_by_fuzz, telling_runs
from fault_checks import breaks_of, first_alarm

FUZZ_SEEDS = many(8, 20)


@pytest.fixture(scope="module")
def there() -> Iterator[Served]:
    """One server for all runs of a worker."""
    with served() as server:
        yield server


@pytest.mark.parametrize("way", list(Way))
@pytest.mark.parametrize("broker", list(APPS))
def test_a_half_day_without_a_fault_breaks_nothing_and_raises_no_alarm(broker: str, way: Way, there: Served) -> None:
    ended = HalfDay.of(Run(broker, None, Step.HELD, way), there)()

    assert breaks_of(ended) == {}
    assert not ended.flattened
    assert first_alarm(ended) is None


@pytest.mark.parametrize("run", list(telling_runs()), ids=str)
def test_a_fault_loses_doubles_bares_and_wedges_nothing(run: Run, there: Served) -> None:
    """R2..R5."""
    ended = HalfDay.of(run, there)()

    assert ended.met_at is not None, "the fault met no answer: the run proves nothing"
    assert breaks_of(ended) == {}


@pytest.mark.parametrize("seed", range(FUZZ_SEEDS))
def test_spoiled_rows_wedge_and_bare_nothing(seed: int, there: Served) -> None:
    """R2, R5: whatever the rows of orders and positions look like, the loop lives, and the account ends flat."""
    assert broken_by_fuzz(seed, there) == {}
