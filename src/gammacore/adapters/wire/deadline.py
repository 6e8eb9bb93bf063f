"""A deadline for a whole request, whichever library makes it, and the gate right before an order's first byte.

The time-outs of httpx and requests count from one read to the next: a server that sends a byte every two seconds is
never too late for them. Here every step of a request (connect, TLS, write, each read) gets what is left of one budget
of monotonic time. No thread is needed, and none is left behind. Rules: R4, R5.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from attrs import define

from gammacore.ports.broker import SendGate, always_open

Monotonic = Callable[[], float]


@define
class Deadline:
    """When a request must be over, on the monotonic clock; `gate` is asked before its first byte."""

    ends: float
    gate: SendGate = always_open
    monotonic: Monotonic = time.monotonic
    left_us: bool = False
    """Whether the first byte is out."""

    @property
    def left(self) -> float:
        """Seconds left; below zero once it is over."""
        return self.ends - self.monotonic()


_CURRENT: ContextVar[Deadline | None] = ContextVar("gammacore_request_deadline", default=None)


@contextmanager
def within(
    seconds: float, gate: SendGate = always_open, *, monotonic: Monotonic = time.monotonic
) -> Iterator[Deadline]:
    """Let every request of this thread be over in so many seconds; of two that are nested the earlier one counts."""
    ends, outer = monotonic() + seconds, _CURRENT.get()
    deadline = Deadline(ends if outer is None else min(ends, outer.ends), gate, monotonic)
    token = _CURRENT.set(deadline)
    try:
        yield deadline
    finally:
        _CURRENT.reset(token)


def is_over() -> bool:
    """Whether the present request has no time left; one without a deadline always has."""
    deadline = _CURRENT.get()
    return deadline is not None and deadline.left <= 0


def seconds_left() -> float | None:
    """What the present request has left; None where it has no deadline."""
    deadline = _CURRENT.get()
    return None if deadline is None else deadline.left


def step_seconds(own: float | None) -> float | None:
    """How long the next step may take: its own time-out, or what is left where that is less.

    Raises:
        TimeoutError: nothing is left.

    >>> step_seconds(10.0)
    10.0
    """
    left = seconds_left()
    if left is None:
        return own
    if left <= 0:
        raise TimeoutError("the deadline of the request is over")
    return left if own is None else min(own, left)


def ask_the_gate() -> None:
    """Pass, or raise what keeps the present request here. Asked where the request is handed to its library."""
    deadline = _CURRENT.get()
    if deadline is not None:
        deadline.gate()


def before_a_byte() -> None:
    """Ask the gate once more, right before the first byte is written; what follows belongs to a request that left."""
    deadline = _CURRENT.get()
    if deadline is not None and not deadline.left_us:
        deadline.gate()
        deadline.left_us = True
