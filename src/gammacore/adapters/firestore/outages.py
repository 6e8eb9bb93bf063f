"""What a running loop does while Firestore does not answer: it waits, and tells afterwards."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from gammacore.adapters.firestore.faults import StoreBusy, StoreUnreachable
from gammacore.ports.clock import Clock
from gammacore.ports.storage import Request, RequestKind

Answer = TypeVar("Answer")

PAUSE = dt.timedelta(seconds=1)
LOG = logging.getLogger(__name__)


class Outages:
    """Asks again for up to `seconds`, and keeps an alarm for the loop of every outage that ended.

    Nothing is lost by waiting: no order leaves before it is in the ledger (R1). Whether Firestore is back is tried with
    the very same request, so only what may be asked twice is asked here. The log tells at once, the journal afterwards.
    Implements `gammacore.ports.storage.Inbox` for the loop to report it. Rules: R1, R6.
    """

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._longest = dt.timedelta(seconds=seconds)
        self._alarms: list[Request] = []

    def outlast(self, ask: Callable[[], Answer]) -> Answer:
        """The answer, as soon as there is one.

        Raises:
            StoreUnreachable, StoreBusy: there was none for so long; the last one's own words.
        """
        try:
            return ask()
        except (StoreUnreachable, StoreBusy) as silence:
            return self._asked_again(ask, silence)

    def _asked_again(self, ask: Callable[[], Answer], silence: StoreUnreachable | StoreBusy) -> Answer:
        began = now = self._clock.now()
        LOG.error("%s. Nothing goes on until it answers, for %g s at most", silence, self._longest.total_seconds())
        last: StoreUnreachable | StoreBusy = silence
        while now - began < self._longest:
            self._clock.wait_until(now + PAUSE)
            try:
                answer = ask()
            except (StoreUnreachable, StoreBusy) as still:
                last, now = still, self._clock.now()
                continue
            self._note(began, self._clock.now(), silence)
            return answer
        raise last

    def _note(self, began: dt.datetime, now: dt.datetime, silence: Exception) -> None:
        words = f"the ledger was out of reach for {(now - began).total_seconds():.0f} s: {silence}"
        LOG.warning("%s", words)
        self.post(Request(RequestKind.OUTAGE, now, words))

    def post(self, request: Request) -> None:
        """Keep a request for the loop of this process. See `Inbox.post`."""
        self._alarms.append(request)

    def pending(self) -> Sequence[Request]:
        """The outages that ended and were not reported yet, oldest first. See `Inbox.pending`."""
        return tuple(self._alarms)

    def done(self, request: Request) -> None:
        """It stands in the journal. See `Inbox.done`."""
        if request in self._alarms:
            self._alarms.remove(request)

    def close(self) -> None:
        """Nothing is held. See `Inbox.close`."""
