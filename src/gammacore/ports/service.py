"""What a supervisor needs of its machine: child processes, the loop as it is seen from outside, people, systemd.

Rules: OP-201..209.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Protocol

from attrs import frozen

from gammacore.domain.service.alerts import ServiceAlert


class ChildSignal(StrEnum):
    """What a supervisor says to a child. Rules: OP-206, OP-207."""

    END = "end"
    """End by your rules (SIGTERM)."""
    FLATTEN = "flatten"
    """Close everything and latch (SIGUSR1)."""
    STACKS = "stacks"
    """Write the stack of every thread to the log (SIGUSR2)."""
    KILL = "kill"
    """SIGKILL."""


class Child(Protocol):
    """A process that was started, or found running and taken over."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None:
        """The exit code once it has ended, below 0 for a signal; None while it runs.

        Of one that was taken over the code is not known: -9, as if it was killed.
        """
        ...

    def send(self, signal: ChildSignal) -> None:
        """Nothing where it has ended already."""
        ...


class Children(Protocol):
    """Starts the loop."""

    def start(self, seconds_for_network: float) -> Child:
        """A new loop on the account's ledger, which waits so long for an unreachable broker. Rule: OP-202.

        Raises:
            OSError: no process could be started.
        """
        ...

    def take_over(self, pid: int) -> Child:
        """A loop that runs already: it has outlived its supervisor. Rule: OP-203."""
        ...


@frozen
class Pulse:
    """When a loop ended its last cycle, and when it means to begin the next."""

    at: dt.datetime
    next_at: dt.datetime | None = None


class LoopSeen(Protocol):
    """What can be seen of an account's loop without asking it: its lock, its view, its ledger. Rule: OP-206."""

    def writer(self) -> int | None:
        """The process that holds the ledger's lock; None when no loop runs, 0 when the process is not known."""
        ...

    def pulse(self) -> Pulse | None:
        """The last cycle that was published; None without one."""
        ...

    def held(self) -> tuple[str, ...]:
        """What is held, each in words and with its stop.

        Raises:
            StorageError: the ledger cannot be read, which is never "nothing".
        """
        ...

    def halted(self) -> str | None:
        """Why trading is halted; None when it is not. Raises StorageError as above."""
        ...


class Operator(Protocol):
    """Whoever runs the account. Must not raise and never waits. Rule: OP-002."""

    def report(self, alert: ServiceAlert) -> None: ...


class Alive(Protocol):
    """Whoever keeps the supervisor alive: systemd, or nothing. Must not raise. Rule: OP-209."""

    def ready(self, status: str) -> None:
        """The first plan stands."""
        ...

    def status(self, status: str) -> None:
        """What comes next, in words."""
        ...

    def watchdog(self) -> None:
        """The supervisor's loop runs, and in a session the loop's cycles are fresh."""
        ...

    def stopping(self) -> None: ...


class StateBoard(Protocol):
    """Where the supervisor's state is read by `--health` and the pages. Must not raise."""

    def load(self) -> Mapping[str, Any] | None:
        """What was saved last, by an earlier supervisor too; None where nothing can be read."""
        ...

    def save(self, state: Mapping[str, Any]) -> None: ...


class Wish(StrEnum):
    """What a person or a service manager asks of the supervisor by a signal. Rule: OP-207."""

    STOP = "stop"
    RELOAD = "reload"
    FLATTEN = "flatten"


class Wishes(Protocol):
    """What was asked since the last look."""

    def take(self) -> tuple[Wish, ...]: ...


class ServiceSettings(Protocol):
    """The configuration file that the next loop reads. Never within a session, unless it was refused. Rule: OP-207."""

    def mark(self) -> str:
        """A text that differs when the file does."""
        ...

    def take(self) -> None:
        """From now on loops read the file as it is now."""
        ...
