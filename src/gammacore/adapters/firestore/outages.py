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
    the very same request, so only what may be asked twice is asked here. The log reports at once, the journal
    afterwards. Implements `gammacore.ports.storage.Inbox` for the loop to report it. Rules: R1, R6.

    One silence is waited for once, however many questions meet it: its seconds count from the first that met it. A
    question that went unanswered for so long while others are answered (a quota of reads that is used up) is not
    waited for again until it has been answered, so that it holds no exit up.
    """

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._longest = dt.timedelta(seconds=seconds)
        self._alarms: list[Request] = []
        self._store_silent_since: dt.datetime | None = None
        """When the first question met the silence; None once anything was answered."""
        self._unanswered: dict[str, tuple[dt.datetime, Exception]] = {}
        """Since when each question is, by its name, and what was raised first."""

    def outlast(self, ask: Callable[[], Answer], question: str = "the ledger") -> Answer:
        """The answer, as soon as there is one. `question` names what is asked about, in the alarm.

        Raises:
            StoreUnreachable, StoreBusy: there was none for so long; the last one's own words.
        """
        try:
            answer = ask()
        except (StoreUnreachable, StoreBusy) as silence:
            return self._asked_again(ask, question, silence)
        self._answered(question)
        return answer

    def _asked_again(self, ask: Callable[[], Answer], question: str, silence: StoreUnreachable | StoreBusy) -> Answer:
        now = self._clock.now()
        self._store_silent_since = self._store_silent_since or now
        began, _ = self._unanswered.setdefault(question, (now, silence))
        until = min(began, self._store_silent_since) + self._longest
        if now < until:
            patience = (until - now).total_seconds()
            LOG.error("%s. Nothing goes on until it answers, for %g s at most", silence, patience)
        last: StoreUnreachable | StoreBusy = silence
        while now < until:
            self._clock.wait_until(now + PAUSE)
            try:
                answer = ask()
            except (StoreUnreachable, StoreBusy) as still:
                last, now = still, self._clock.now()
                continue
            self._answered(question)
            return answer
        raise last

    def _answered(self, question: str) -> None:
        """The store answers, and it answered this: an outage of it is over, and is an alarm."""
        self._store_silent_since = None
        if (unanswered := self._unanswered.pop(question, None)) is None:
            return
        (began, silence), now = unanswered, self._clock.now()
        words = f"{question} was out of reach for {(now - began).total_seconds():.0f} s: {silence}"
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
