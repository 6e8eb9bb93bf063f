"""Which source of dealer gamma is believed, for how long, and when one is asked again. Rules: DH-402..406.

Nothing here reads anything: the use case reads when `is_due` says so and brings what it got.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from attrs import evolve, frozen

from gammacore.domain.hedging.settings import HedgingSettings, seconds
from gammacore.domain.regime.documents import GexCause, GexFigure
from gammacore.domain.regime.regime import GexReading, GexStatus

WAITS_SECONDS = (5, 10, 20, 40, 60)
"""After the first, second, ... failed read in a row; the last one repeats. Rule: DH-404."""

_INSTANT = dt.timedelta(microseconds=1)


@frozen
class ReadSchedule:
    """When a document is read next: after a good read when its time to live is over, after failures ever later.

    >>> noon = dt.datetime(2025, 12, 30, 17, tzinfo=dt.UTC)
    >>> once = ReadSchedule().after(noon, good=True, ttl=dt.timedelta(seconds=60))
    >>> once.is_due(noon + dt.timedelta(seconds=60)), once.is_due(noon + dt.timedelta(seconds=60.001))
    (False, True)
    """

    due_at: dt.datetime | None = None
    failures: int = 0

    def is_due(self, now: dt.datetime) -> bool:
        return self.due_at is None or now >= self.due_at

    def after(self, now: dt.datetime, *, good: bool, ttl: dt.timedelta) -> ReadSchedule:
        """The schedule after a read at `now`; the last instant of the time to live still belongs to it."""
        if good:
            return ReadSchedule(now + ttl + _INSTANT)
        wait = WAITS_SECONDS[min(self.failures, len(WAITS_SECONDS) - 1)]
        return ReadSchedule(now + dt.timedelta(seconds=wait), self.failures + 1)


@frozen
class SourceMemory:
    """What we know from one source: its last good figure, and why the newest read failed, if it did. Rule: DH-403."""

    name: str
    schedule: ReadSchedule = ReadSchedule()
    figure: GexFigure | None = None
    cause: GexCause | None = None

    def taking(self, answer: GexFigure | GexCause, now: dt.datetime, ttl: dt.timedelta) -> SourceMemory:
        """The memory after a read; a failed one keeps the last good figure."""
        good = isinstance(answer, GexFigure)
        schedule = self.schedule.after(now, good=good, ttl=ttl)
        if isinstance(answer, GexFigure):
            return evolve(self, schedule=schedule, figure=answer, cause=None)
        return evolve(self, schedule=schedule, cause=answer)

    def reading(self, now: dt.datetime, max_age: dt.timedelta) -> GexReading:
        """The figure while it is not older than `max_age` (the bound passes), else why there is none."""
        if self.figure is not None and now - self.figure.as_of <= max_age:
            figure = self.figure
            return GexReading(GexStatus.KNOWN, figure.value, figure.as_of, self.name, figure.unit)
        cause = self.cause or (GexCause.STALE if self.figure is not None else GexCause.MISSING)
        return GexReading(source=self.name, cause=cause)

    def holds_until(self, now: dt.datetime, max_age: dt.timedelta) -> dt.datetime | None:
        """The last instant at which asking again changes nothing; None: at every instant."""
        ends = [] if self.schedule.due_at is None else [self.schedule.due_at - _INSTANT]
        if self.figure is not None and now <= (stale_after := self.figure.as_of + max_age):
            ends.append(stale_after)
        return min(ends, default=None)


def choose_gex(settings: HedgingSettings, memories: Iterable[SourceMemory], now: dt.datetime) -> GexReading:
    """The first known value wins: override, sources in order, fallback, unknown. Rule: DH-402.

    >>> choose_gex(HedgingSettings(), [], dt.datetime(2025, 12, 30, tzinfo=dt.UTC)).status
    <GexStatus.UNKNOWN: 'unknown'>
    """
    if settings.gex_override is not None:
        return GexReading(GexStatus.OVERRIDE, settings.gex_override, source="override")
    max_age = seconds(settings.gex_max_age)
    first_failure: GexReading | None = None
    for memory in memories:
        reading = memory.reading(now, max_age)
        if reading.status is GexStatus.KNOWN:
            return reading
        first_failure = first_failure or reading
    if settings.gex_fallback is not None:
        cause = None if first_failure is None else first_failure.cause
        return GexReading(GexStatus.FALLBACK, settings.gex_fallback, source="fallback", cause=cause)
    return first_failure or GexReading()
