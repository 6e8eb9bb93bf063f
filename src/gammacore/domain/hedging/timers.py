"""What falls due by itself, derived from the book: nothing is scheduled anywhere, so nothing can be lost. DH-260."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from attrs import frozen

from gammacore.domain.hedging.book import DeskBook
from gammacore.domain.hedging.session_phases import HedgingDay
from gammacore.domain.hedging.settings import HedgingSettings
from gammacore.domain.hedging_events import TimerKind


@frozen(order=True)
class Timer:
    """A due time, what is due, and for which book or intent."""

    due: dt.datetime
    kind: TimerKind
    subject: str = ""

    @property
    def tick_id(self) -> str:
        """The event id of what a timer emits.

        >>> Timer(dt.datetime(2025, 12, 30, 20, 45, tzinfo=dt.UTC), TimerKind.CUTOFF).tick_id
        'tick-20251230T204500Z'
        """
        return f"tick-{self.due:%Y%m%dT%H%M%SZ}"


def next_timer(book: DeskBook, day: HedgingDay, settings: HedgingSettings) -> Timer | None:
    """The timer that is due first; None when there is none."""
    if not settings.timers or book.clock is None:
        return None
    return min(_pending(book, day, settings, book.clock), default=None)


def _pending(book: DeskBook, day: HedgingDay, settings: HedgingSettings, clock: dt.datetime) -> Iterator[Timer]:
    for share, hedge_book in book.hedge_books.items():
        if hedge_book.awaited_until is not None:
            yield Timer(hedge_book.awaited_until, TimerKind.RATE_WINDOW, share)
    if (oldest := next(iter(book.silent.values()), None)) is not None:
        due = oldest.recorded_at + _seconds(settings.fill_timeout)
        yield Timer(due, TimerKind.FILL_TIMEOUT, oldest.intent_id)
    session, cutoff = day.session, day.cutoff
    if session is None or cutoff is None or clock >= session.close or book.is_flat():
        if session is not None and not book.not_flat_told and not book.is_flat():
            yield Timer(session.close, TimerKind.CLOSE)
        return
    if book.exit_at is None:
        yield Timer(cutoff, TimerKind.CUTOFF)
    else:
        yield Timer(session.close, TimerKind.CLOSE)
    if book.leftover_exit_at is None and settings.session_gate and clock < cutoff and book.has_leftovers():
        yield Timer(session.open, TimerKind.OPEN)
    exiting = book.exit_at is not None or (book.leftover_exit_at is not None and book.has_leftovers())
    if exiting and book.retry_from is not None and not settings.exit_on_emission:
        retry = book.retry_from + _seconds(settings.exit_retry)
        if retry < session.close:
            yield Timer(retry, TimerKind.EXIT_RETRY)


def _seconds(number: object) -> dt.timedelta:
    return dt.timedelta(seconds=float(str(number)))
