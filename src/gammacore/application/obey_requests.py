"""Obey what was left in the inbox: halt, resume and flatten by other processes, outages by the ledger itself. R10."""

from __future__ import annotations

from gammacore.application.day_ledger import DayLedger
from gammacore.domain.ledger import AlarmRaised, Event, FlattenRequested, Halted, Resumed
from gammacore.ports.clock import Clock
from gammacore.ports.storage import Inbox, Request, RequestKind


class ObeyRequests:
    """Journals each request, then takes it out of the inbox: a crash in between journals it twice, never loses it."""

    def __init__(self, ledger: DayLedger, inbox: Inbox, clock: Clock) -> None:
        self._ledger = ledger
        self._inbox = inbox
        self._clock = clock
        self._obeyed: list[Request] = []
        """Requests that the inbox could not be rid of, on a disk that takes nothing: obeyed once."""

    def __call__(self) -> None:
        for request in self._inbox.pending():
            if request not in self._obeyed:
                self.obey(request)
                self._obeyed.append(request)
            self._inbox.done(request)
            self._obeyed.remove(request)

    def obey(self, request: Request) -> None:
        self._ledger.record(self._event(request))

    def _event(self, request: Request) -> Event:
        now = self._clock.now()
        if request.kind is RequestKind.HALT:
            return Halted(now, request.reason)
        if request.kind is RequestKind.RESUME:
            return Resumed(now, request.reason)
        if request.kind is RequestKind.OUTAGE:
            return AlarmRaised(now, "ledger_outage", request.reason)
        return FlattenRequested(now, request.reason)
