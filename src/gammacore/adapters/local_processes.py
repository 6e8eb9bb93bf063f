"""Tasks in processes of this machine. Implements `gammacore.ports.executor.Executor`. Rules: ST-207, ST-505, ST-506."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing.connection import wait as wait_for

from gammacore.errors import InvalidInput
from gammacore.ports.executor import WorkerDied, perform

ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""What makes numpy's linear algebra keep to one thread: as many processes as processors already use them all."""


def default_workers() -> int:
    """Processors less one, at least one. Rule: ST-207."""
    return max(1, (os.cpu_count() or 1) - 1)


class LocalProcesses:
    """So many processes, each begun anew (spawned) when its first task comes. A process that dies is replaced.

    Each process stands behind a thread of this one, so that its death is known to be of the task it had, and of no
    other. Processes ignore Ctrl-C, which ends their parent, and end with their parent whatever ended it.

    Raises:
        InvalidInput: less than one worker.
    """

    def __init__(self, workers: int | None = None) -> None:
        self._workers = default_workers() if workers is None else workers
        if self._workers < 1:
            raise InvalidInput("workers", self._workers, "give 1 process or more")
        self._threads = ThreadPoolExecutor(self._workers, thread_name_prefix="study-worker")
        self._own = threading.local()
        self._pools: set[ProcessPoolExecutor] = set()
        self._lock = threading.Lock()
        self._is_dropped = False

    @property
    def workers(self) -> int:
        return self._workers

    @property
    def process_ids(self) -> frozenset[int]:
        """The processes there are now."""
        with self._lock:
            return frozenset(pid for pool in self._pools for pid in (pool._processes or {}))

    def submit(self, task: str, given: str) -> Future[str]:
        """Run a task in the next process that is free. See `Executor.submit`."""
        return self._threads.submit(self._perform, task, given)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """See `Executor.shutdown`."""
        self._is_dropped = cancel_futures and not wait
        if self._is_dropped:
            for pid in self.process_ids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self._threads.shutdown(wait=True, cancel_futures=cancel_futures)
        with self._lock:
            pools, self._pools = self._pools, set()
        for pool in pools:
            pool.shutdown(wait=True, cancel_futures=True)

    def _perform(self, task: str, given: str) -> str:
        pool = self._pool()
        try:
            return pool.submit(perform, task, given).result()
        except BrokenProcessPool as death:
            self._own.pool = None
            with self._lock:
                self._pools.discard(pool)
            pool.shutdown(wait=False)
            raise WorkerDied("the worker process died (killed, or out of memory)") from death

    def _pool(self) -> ProcessPoolExecutor:
        """The process of the calling thread."""
        pool: ProcessPoolExecutor | None = getattr(self._own, "pool", None)
        if pool is None:
            pool = self._own.pool = self._begun()
        return pool

    def _begun(self) -> ProcessPoolExecutor:
        """A process of its own, in whose environment numpy keeps to one thread from the first instruction on."""
        with self._lock:
            if self._is_dropped:
                raise WorkerDied("the workers were let go")
            before = {name: os.environ.get(name) for name in ONE_THREAD}
            os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
            try:
                pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=_begin)
                pool.submit(_answers)  # spawned now, while the environment is as it should be
            finally:
                for name, value in before.items():
                    os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)
            self._pools.add(pool)
            return pool


def _begin() -> None:
    """A worker leaves Ctrl-C to its parent, and does not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait_for([parent.sentinel])
    os._exit(1)


def _answers() -> None:
    """Nothing: the first task, which has the process begun."""
