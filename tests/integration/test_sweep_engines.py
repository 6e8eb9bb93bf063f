"""The same results from every engine, path and number of workers; workers that die, or run other code. Check 13.

The whole of it (12 stops over 20 days) runs with GAMMACORE_SWEEP=whole. Rules: ST-504..512.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from builders_sweep import last_of, loopback_cluster, other_code, swept
from extent import WHOLE, many
from gammacore.adapters.dask_cluster import DaskCluster, TlsFiles
from gammacore.adapters.sweep_results import RESULTS
from gammacore.application.study.run_tasks import TasksDone
from gammacore.application.study.sweep import Path as SweepPath
from gammacore.errors import ConfigurationError
from gammacore.wiring.study.code_fingerprint import OtherCode

pytestmark = pytest.mark.xdist_group("sweep engines")  # what the file sets up is set up by one worker

DAYS = many(2, 20)
STOPS = "stops.stop=0.05,0.08,0.10,0.12,0.15,0.18,0.20,0.25,0.30,0.35,0.38,0.40" if WHOLE else "stops.stop=0.05,0.30"

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")


@pytest.fixture(scope="module")
def by_the_loop(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """results.ndjson of the loop alone, in one process."""
    folder = tmp_path_factory.mktemp("loop")
    outcome = swept(folder, STOPS, DAYS, path=SweepPath.LOOP)
    assert set(outcome.paths) == {"loop"}
    return (folder / RESULTS).read_bytes()


def test_the_columns_give_the_bytes_of_the_loop_and_are_checked_against_it(tmp_path: Path, by_the_loop: bytes) -> None:
    outcome = swept(tmp_path, STOPS, DAYS, engine="local:1", path=SweepPath.COLUMNS)

    assert (tmp_path / RESULTS).read_bytes() == by_the_loop
    assert outcome.paths["columns"] == len(outcome.results) * DAYS
    assert outcome.checked_against_loop == min(20, len(outcome.results) * DAYS)


@pytest.mark.parametrize("workers", [2, 4] if WHOLE else [2])
def test_any_number_of_workers_gives_the_same_bytes(tmp_path: Path, by_the_loop: bytes, workers: int) -> None:
    swept(tmp_path, STOPS, DAYS, engine=f"local:{workers}", path=SweepPath.AUTO if workers == 4 else SweepPath.LOOP)

    assert (tmp_path / RESULTS).read_bytes() == by_the_loop


def test_a_cluster_of_which_one_worker_is_killed_gives_the_same_bytes(tmp_path: Path, by_the_loop: bytes) -> None:
    with loopback_cluster(tmp_path) as cluster:
        killed: list[int] = []

        def kill_one(progress: TasksDone) -> None:
            if not killed and progress.done and progress.workers == 2:
                killed.append(cluster.workers[0].pid)
                os.kill(cluster.workers[0].pid, signal.SIGKILL)

        outcome = swept(
            tmp_path / "sweep", STOPS, DAYS, engine=cluster.engine, path=SweepPath.LOOP, on_progress=kill_one
        )  # fmt: skip

        assert cluster.workers[0].wait() == -signal.SIGKILL
    assert not outcome.failed
    assert (tmp_path / "sweep" / RESULTS).read_bytes() == by_the_loop


def test_a_worker_of_another_version_is_refused_by_name(tmp_path: Path) -> None:
    with loopback_cluster(tmp_path, workers=0) as cluster:
        cluster.add_worker(other_code(tmp_path))

        with pytest.raises(OtherCode, match=r"worker .*:\d+ runs other code: files .* where the sweep has"):
            swept(tmp_path / "sweep", STOPS, 1, engine=cluster.engine)


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        ("dask://10.0.0.1:1", "is not on this machine"),
        ("dask://example.org:8786", "is not on this machine"),
        ("dask+tls://10.0.0.1:8786", "give --tls-ca, --tls-cert, --tls-key too"),
        ("dask://127.0.0.1", "write dask://HOST:PORT"),
        ("local:0", "write local, local:N"),
        ("cloud", "write local, local:N"),
    ],
)
def test_an_engine_that_cannot_be_is_refused_before_anything_is_sent(tmp_path: Path, engine: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        swept(tmp_path, engine=engine)

    assert not (tmp_path / RESULTS).exists()


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gammacore.adapters.dask_cluster.REACHED_WITHIN", 0.5)
    with pytest.raises(ConfigurationError, match=r"engine dask://127\.0\.0\.1:1: no scheduler answers there"):
        DaskCluster("dask://127.0.0.1:1", TlsFiles())


def test_a_sweep_goes_on_where_it_was_interrupted(tmp_path: Path, by_the_loop: bytes) -> None:
    def interrupt(progress: TasksDone) -> None:
        if progress.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        swept(tmp_path, STOPS, DAYS, path=SweepPath.LOOP, on_progress=interrupt)
    swept(tmp_path, STOPS, DAYS, path=SweepPath.LOOP)

    assert (tmp_path / RESULTS).read_bytes() == by_the_loop


def test_what_is_known_is_not_run_again(tmp_path: Path) -> None:
    swept(tmp_path, "stops.stop=0.10", 1, path=SweepPath.LOOP)

    again = swept(tmp_path, "stops.stop=0.10,0.30", 1, path=SweepPath.LOOP)

    assert again.paths == {"loop": 1}
    assert again.tried == 2
    assert last_of(1) == again.sessions[0]
