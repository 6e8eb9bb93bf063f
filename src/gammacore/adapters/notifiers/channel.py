"""One channel: a bounded queue, one for critical messages, and the thread that sends. OP-402, OP-403.

What quiet hours hold lies in the spool until it is sent, for the process may end before they do.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial

from gammacore.adapters.notifiers.https import NotDelivered, tried
from gammacore.adapters.notifiers.spool import Spool
from gammacore.domain.alerts.gate import Gate
from gammacore.domain.alerts.messages import Message

LOOK_SECONDS = 1.0
"""How often a channel with something that waits looks whether it is due (ours)."""
FAILED_IN_A_ROW = 3
"""So many messages that do not arrive make a channel red. Rule: OP-404."""

Later = Callable[[], Message]


class Channel:
    """Putting something in never waits; what does not fit is counted and reported once.

    `now` is the wall-clock time, whatever the traded day's is. `failed` is called once in a row of failures.
    """

    def __init__(
        self,
        name: str,
        gate: Gate,
        send: Callable[[Message], None],
        logger: logging.Logger,
        *,
        now: Callable[[], dt.datetime],
        spool: Spool,
        attempts: int = 3,
        size: int = 200,
        failed: Callable[[str, str], None] = lambda _name, _problem: None,
        acknowledged: Callable[[], dt.datetime | None] = lambda: None,
    ) -> None:
        self.name = name
        self._gate = gate
        self._send = send
        self._logger = logger
        self._now = now
        self._spool = spool
        self._attempts = attempts
        self._size = size
        self._failed = failed
        self._acknowledged = acknowledged
        self._changed = threading.Condition()
        self._urgent: deque[Message] = deque()
        self._waiting: deque[Later] = deque()
        self._busy = self._closed = self._is_over = False
        self._dropped = self._in_a_row = 0
        self._held_on_disk: set[Message] = set()
        self._thread: threading.Thread | None = None

    def put(self, later: Later) -> None:
        """A message, worded by the channel's own thread. Never waits."""
        with self._changed:
            if len(self._waiting) >= self._size:
                self._drop()
            else:
                self._take_on(self._waiting, later)

    def put_urgent(self, message: Message) -> None:
        """A critical message, before everything else. Never waits."""
        with self._changed:
            if len(self._urgent) >= self._size:
                self._drop()  # it is in the spool
            else:
                self._take_on(self._urgent, message)

    def drain(self, timeout_seconds: float) -> bool:
        """Wait until everything put in was tried; whether that was in time."""
        with self._changed:
            return self._changed.wait_for(self._is_idle, timeout_seconds)

    def close(self) -> None:
        """Take nothing on any more; `drain` then waits for what is left."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def standing(self) -> tuple[Message, ...]:
        """Alarms that it repeats until they are over."""
        return self._gate.standing

    @property
    def undone(self) -> int:
        with self._changed:
            return len(self._urgent) + len(self._waiting) + self._busy

    def _take_on(self, queue: deque[Message] | deque[Later], one: Message | Later) -> None:
        if self._closed:
            return
        queue.append(one)  # type: ignore[arg-type]
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=f"alerts {self.name}", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _drop(self) -> None:
        self._dropped += 1
        if self._dropped == 1:
            self._logger.warning("alerts: channel %s is too slow, messages are dropped", self.name)

    def _is_idle(self) -> bool:
        is_idle = not self._urgent and not self._waiting and not self._busy
        return is_idle and (not self._closed or self._thread is None or self._is_over)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._urgent or self._waiting or self._closed, LOOK_SECONDS if self._gate.waits else None
                )
                is_over = self._closed and not self._urgent and not self._waiting
                one = self._next()
                self._busy = True
            try:
                are_delivered = [self._deliver(message) for message in self._due(one, is_over=is_over)]
                self._keep_held(are_delivered=all(are_delivered))
                if is_over:
                    self._say_what_is_left()
            except Exception as fault:  # its text may hold a secret: only its kind is reported
                self._logger.warning("alerts: channel %s: %s", self.name, type(fault).__name__)
            finally:
                with self._changed:
                    self._busy, self._is_over = False, is_over
                    self._changed.notify_all()
            if is_over:
                return

    def _next(self) -> Message | Later | None:
        if self._urgent:
            return self._urgent.popleft()
        return self._waiting.popleft() if self._waiting else None

    def _due(self, one: Message | Later | None, *, is_over: bool) -> Iterator[Message]:
        now = self._now()
        if (at := self._acknowledged()) is not None:
            self._gate.acknowledge(at)
        if one is not None:
            message = one if isinstance(one, Message) else one()
            if message.is_left_over and not message.is_critical:
                self._held_on_disk.add(message)
            yield from self._gate.take(message, now)
        yield from self._gate.due(now)
        if is_over:
            yield from self._gate.flush(now)

    def _keep_held(self, *, are_delivered: bool) -> None:
        """The spool holds what quiet hours hold; critical messages are there already.

        What has left the gate is forgotten, unless something sent in its round did not arrive: then the next process
        sends it, for nothing says in which message it was counted.
        """
        held = {message for message in self._gate.held if not message.is_critical}
        gone = self._held_on_disk - held - set(self._gate.repeating)
        for message in gone if are_delivered else ():
            self._spool.forget(self.name, message)
        self._held_on_disk -= gone
        new = held - self._held_on_disk
        self._held_on_disk |= {message for message in new if self._spool.keep(self.name, message)}

    def _deliver(self, message: Message) -> bool:
        """Whether it arrived."""
        try:
            tried(partial(self._send, message), self._attempts)
        except NotDelivered as refusal:
            self._in_a_row += 1
            kind = {"event": "not_delivered"}
            self._logger.warning(
                "alerts: channel %s: %s is not delivered: %s", self.name, message.code, refusal, extra=kind
            )
            if self._in_a_row == FAILED_IN_A_ROW:
                self._spool.mark(self.name, str(refusal))
                self._failed(self.name, str(refusal))
            return False
        self._spool.mark(self.name, "")
        self._in_a_row = 0
        if message.is_critical:
            self._spool.forget(self.name, message)
        return True

    def _say_what_is_left(self) -> None:
        if self._dropped:
            self._logger.warning("alerts: channel %s: %d messages were dropped", self.name, self._dropped)
        if kept := len(self._held_on_disk):
            self._logger.info(
                "alerts: channel %s: %d messages of quiet hours are kept for the next start", self.name, kept
            )
        if lost := len({one for one in self._gate.held if not one.is_critical} - self._held_on_disk):
            self._logger.warning("alerts: channel %s: %d messages of quiet hours could not be kept", self.name, lost)
