"""Tasks in processes of this machine. Rules: ST-207, ST-210, ST-505, ST-506."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator

import pytest

from gammacore.adapters.local_processes import LocalProcesses
from gammacore.errors import InvalidInput
from gammacore.ports.executor import WorkerDied, perform

ECHO = "gammacore.ports.executor:echo"


@pytest.fixture
def one_process() -> Iterator[LocalProcesses]:
    processes = LocalProcesses(1)
    yield processes
    processes.shutdown(wait=False, cancel_futures=True)


def test_a_task_is_a_functions_name_and_json(one_process: LocalProcesses) -> None:
    assert one_process.submit(ECHO, '{"days": 3}').result(30) == '{"days": 3}'


def test_a_task_outside_gammacore_is_refused() -> None:
    with pytest.raises(InvalidInput, match="a function of gammacore"):
        perform("os:system", "true")


def test_less_than_one_worker_is_refused() -> None:
    with pytest.raises(InvalidInput, match="workers"):
        LocalProcesses(0)


def test_a_process_that_dies_is_replaced_and_only_its_task_knows(one_process: LocalProcesses) -> None:
    one_process.submit(ECHO, "1").result(30)
    (victim,) = one_process.process_ids
    os.kill(victim, signal.SIGSTOP)
    in_hand = one_process.submit(ECHO, "2")
    os.kill(victim, signal.SIGKILL)

    with pytest.raises(WorkerDied):
        in_hand.result(30)

    assert one_process.submit(ECHO, "3").result(30) == "3"
    assert victim not in one_process.process_ids


def test_workers_end_with_a_parent_that_was_killed() -> None:
    script = textwrap.dedent(
        """
        import os, signal, sys
        from gammacore.adapters.local_processes import LocalProcesses
        if __name__ == "__main__":
            processes = LocalProcesses(1)
            processes.submit("gammacore.ports.executor:echo", "1").result(30)
            print(*processes.process_ids, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    killed = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, timeout=60, check=False)
    # the worker holds the other end of stdout: the pipe is at its end only once the worker is gone

    assert killed.returncode == -signal.SIGKILL
    assert int(killed.stdout) > 0
