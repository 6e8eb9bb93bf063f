"""Loops as processes of this machine. Implements `gammacore.ports.service.Children`. Rules: OP-203, OP-206, OP-207."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from gammacore.ports.service import ChildSignal

GAMMACORE = (sys.executable, "-m", "gammacore")
"""How a process of ours starts another command of the same installation."""
KILLED = -signal.SIGKILL
NUMBERS = {
    ChildSignal.END: signal.SIGTERM,
    ChildSignal.FLATTEN: signal.SIGUSR1,
    ChildSignal.STACKS: signal.SIGUSR2,
    ChildSignal.KILL: signal.SIGKILL,
}


class Process:
    """A child that was started here; its end is known with its code."""

    def __init__(self, popen: subprocess.Popen[bytes]) -> None:
        self._popen = popen

    @property
    def pid(self) -> int:
        return self._popen.pid

    def poll(self) -> int | None:
        return self._popen.poll()

    def send(self, asked: ChildSignal) -> None:
        with suppress(ProcessLookupError):
            self._popen.send_signal(NUMBERS[asked])


class ForeignProcess:
    """A loop that another supervisor started: that it is gone is all that can be known of its end.

    `is_loop` says whether the process still is that loop, by its lock: a number may be another process's by now, and
    none but the loop is ever sent a signal.
    """

    def __init__(self, pid: int, is_loop: Callable[[int], bool]) -> None:
        self._pid = pid
        self._is_loop = is_loop

    @property
    def pid(self) -> int:
        return self._pid

    def poll(self) -> int | None:
        return None if self._is_loop(self._pid) else KILLED

    def send(self, asked: ChildSignal) -> None:
        if self._is_loop(self._pid):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(self._pid, NUMBERS[asked])


class Processes:
    """Starts loops by a command line. They share stderr and the environment, and no signal of the terminal.

    `command` is told how many seconds the loop may wait for the network.
    """

    def __init__(
        self,
        command: Callable[[float], Sequence[str]],
        is_loop: Callable[[int], bool],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._command = command
        self._is_loop = is_loop
        self._environment = environment

    def start(self, seconds_for_network: float) -> Process:
        """A session of its own: Ctrl-C at the terminal reaches the supervisor alone, which passes it on."""
        return Process(
            subprocess.Popen(
                self._command(seconds_for_network),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
                env=None if self._environment is None else dict(self._environment),
            )
        )

    def take_over(self, pid: int) -> ForeignProcess:
        return ForeignProcess(pid, self._is_loop)
