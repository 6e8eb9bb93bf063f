"""Going flat, and what falls due: timers, the exit batch, its retries, and what earlier sessions left.

Timers are derived from the book: nothing is scheduled anywhere, so nothing can be lost. Rules: DH-260, DH-510..512,
DH-520.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from attrs import frozen

from gammacore.domain import hedge_filter_events as filter_events
from gammacore.domain.hedge_filter.book import DeskBook
from gammacore.domain.hedge_filter.hedger import HedgePrices
from gammacore.domain.hedge_filter.intents import Cause, Intent, IntentWriter
from gammacore.domain.hedge_filter.step import Line, Step
from gammacore.domain.hedge_filter_events import (
    HedgeSessionStarted,
    IntentKind,
    IntentRecorded,
    TimerKind,
    UpdateStatus,
)
from gammacore.domain.hedging.decision import Alarm, HedgingDay
from gammacore.domain.hedging.exposure import HedgeBook, Holding
from gammacore.domain.hedging.settings import ExitBatch, HedgingSettings, Leftovers, seconds


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
        due = oldest.recorded_at + seconds(settings.fill_timeout)
        yield Timer(due, TimerKind.FILL_TIMEOUT, oldest.intent_id)
    session, cutoff = day.session, day.cutoff
    if session is None or cutoff is None or clock >= session.close or book.is_flat():
        if session is not None and not book.not_flat_reported and not book.is_flat():
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
        retry = book.retry_from + seconds(settings.exit_retry)
        if retry < session.close:
            yield Timer(retry, TimerKind.EXIT_RETRY)


MAX_REPEATS = 3
"""An exit without news is written again so many times at most. Rule: DH-511."""


@frozen
class CloseOption:
    """Close `contracts` (signed, as held) of an option."""

    kind: IntentKind
    holding: Holding
    contracts: int
    attempt: int


@frozen
class CloseShares:
    """Bring the hedge shares of a book, filled and in flight, back to zero."""

    kind: IntentKind
    book: HedgeBook
    attempt: int


@frozen
class Repeat:
    """Write an intent without news again, under its id."""

    intent: Intent


@frozen
class GiveUp:
    """Three repeats brought no news: a person must look."""

    intent: Intent


Closing = CloseOption | CloseShares | Repeat | GiveUp


def exit_batch(book: DeskBook, settings: HedgingSettings, *, leftover: bool, on_share: bool) -> list[Closing]:
    """What the exit closes, in order: options as they were born, then shares by name. Rule: DH-510.

    `on_share`: the exit was triggered by an event of the hedge share, where the profile `shares_v2` forgets its
    options. What a working exit already covers is not closed twice.
    """
    batch: list[Closing] = []
    if not (on_share and settings.exit_batch is ExitBatch.SPLIT):
        batch.extend(_options(book, leftover=leftover))
    if settings.exit_batch is not ExitBatch.OPTIONS:
        batch.extend(_shares(book, leftover=leftover))
    return batch


def retries(book: DeskBook, *, leftover: bool) -> list[Closing]:
    """What an unfinished exit does next: anew what was refused, once more what was not answered. Rule: DH-511."""
    steps: list[Closing] = []
    for holding in _targets(book, leftover=leftover):
        last = book.latest_close.get(holding.listing.key)
        if last is None or last.status.is_over:
            steps.extend(_close_option(book, holding, leftover=leftover))
        else:
            steps.extend(_nudge(last))
    for hedge_book in _books(book, leftover=leftover):
        last = book.latest_close.get(hedge_book.share)
        if last is None or last.status.is_over:
            if hedge_book.shares.held:
                steps.append(_close_shares(book, hedge_book, leftover=leftover))
        else:
            steps.extend(_nudge(last))
    return steps


def _nudge(last: Intent) -> Iterator[Closing]:
    if last.status is not UpdateStatus.RECORDED:
        return
    if last.repeats < MAX_REPEATS:
        yield Repeat(last)
    elif not last.given_up:
        yield GiveUp(last)


def _targets(book: DeskBook, *, leftover: bool) -> list[Holding]:
    return [holding for holding in book.holdings.values() if holding.contracts and (holding.leftover or not leftover)]


def _books(book: DeskBook, *, leftover: bool) -> list[HedgeBook]:
    return [
        hedge_book
        for share, hedge_book in sorted(book.hedge_books.items())
        if not hedge_book.shares.is_flat and (share in hedge_book.leftovers or not leftover)
    ]


def _options(book: DeskBook, *, leftover: bool) -> Iterator[CloseOption]:
    for holding in _targets(book, leftover=leftover):
        yield from _close_option(book, holding, leftover=leftover)


def _close_option(book: DeskBook, holding: Holding, *, leftover: bool) -> Iterator[CloseOption]:
    last = book.latest_close.get(holding.listing.key)
    contracts = holding.contracts + (0 if last is None else last.in_flight)
    if contracts and (contracts > 0) == (holding.contracts > 0):
        kind = IntentKind.LEFTOVER_EXIT if leftover else IntentKind.EXIT
        yield CloseOption(kind, holding, contracts, _attempt(last, kind))


def _shares(book: DeskBook, *, leftover: bool) -> Iterator[CloseShares]:
    for hedge_book in _books(book, leftover=leftover):
        if hedge_book.shares.held:
            yield _close_shares(book, hedge_book, leftover=leftover)


def _close_shares(book: DeskBook, hedge_book: HedgeBook, *, leftover: bool) -> CloseShares:
    kind = IntentKind.LEFTOVER_FLATTEN if leftover else IntentKind.FLATTEN
    return CloseShares(kind, hedge_book, _attempt(book.latest_close.get(hedge_book.share), kind))


def _attempt(last: Intent | None, kind: IntentKind) -> int:
    return last.attempt + 1 if last is not None and last.kind is kind else 1


def expired_by(book: DeskBook, date: dt.date) -> tuple[str, ...]:
    """Options whose expiry lies before a date: settlement has them. Rule: DH-520."""
    return tuple(
        key
        for key, holding in book.holdings.items()
        if holding.listing.expiry is not None and holding.listing.expiry < date
    )


def still_open(book: DeskBook) -> tuple[str, ...]:
    """Options and hedge shares, held or in flight, by name. Rule: DH-511."""
    in_flight = dict.fromkeys(intent.subject for intent in book.option_hedges.working.values())
    options = dict.fromkeys((*book.holdings, *in_flight))
    return (*options, *(share for share, found in sorted(book.hedge_books.items()) if not found.shares.is_flat))


def left_over(book: DeskBook, settled: tuple[str, ...]) -> tuple[str, ...]:
    """Options and hedge shares that an earlier session left, by name; its day orders are over. Rule: DH-520."""
    options = tuple(key for key in book.holdings if key not in settled)
    shares = tuple(
        share for share, found in sorted(book.hedge_books.items()) if found.shares.held or found.shares.filled
    )
    return options + shares


def session_start(
    book: DeskBook, day: HedgingDay, policy: Leftovers, at: dt.datetime
) -> tuple[tuple[str, ...], HedgeSessionStarted]:
    """A new date begins: what an earlier session left, by name, and the event that says what becomes of it. DH-520.

    A date without a session names and changes nothing.
    """
    named = () if day.session is None else left_over(book, ())
    if policy is Leftovers.CLOSE and named:
        settled = expired_by(book, day.date)
        return named, HedgeSessionStarted(at, day.date, settled, left_over(book, settled))
    forgotten = tuple(name for name in named if name in book.hedge_books and name not in book.holdings)
    if policy is not Leftovers.KEEP_OPTIONS:
        forgotten = ()
    return named, HedgeSessionStarted(at, day.date, forgotten=forgotten)


@frozen(eq=False)
class Exits:
    """Goes flat over a `DeskBook`."""

    settings: HedgingSettings
    book: DeskBook
    prices: HedgePrices
    intents: IntentWriter
    emit: Callable[[Step, IntentRecorded, Decimal | None], None]

    def begin(self, step: Step, cause: Cause, day: HedgingDay, *, leftover: bool) -> None:
        """The exit batch, once. Rules: DH-510, DH-512."""
        book = self.book
        assert book.clock is not None
        on_share = cause.symbol != "" and cause.symbol in book.hedge_books
        batch = exit_batch(book, self.settings, leftover=leftover, on_share=on_share)
        closed = {part.holding.listing.key for part in batch if isinstance(part, CloseOption)}
        dropped = [key for key in book.holdings if key not in closed]
        self._send(step, batch, cause, day)
        cleared: tuple[str, ...] = ()
        if self.settings.exit_on_emission:
            cleared = (*book.holdings, *(share for share, found in book.hedge_books.items() if found.shares.held))
            if dropped:
                step.alarm(Alarm.DROPPED, f"options forgotten without an order: {', '.join(dropped)}")
        step.record(filter_events.ExitBegun(book.clock, leftover, cleared))

    def retry(self, step: Step, cause: Cause, day: HedgingDay) -> None:
        """What is still open, once more. Rule: DH-511."""
        self._send(step, retries(self.book, leftover=self.book.exit_at is None), cause, day)

    def _send(self, step: Step, batch: Sequence[Closing], cause: Cause, day: HedgingDay) -> None:
        now = self.book.clock
        assert now is not None
        for part in batch:
            match part:
                case CloseOption(kind, holding, contracts, attempt):
                    price = holding.price
                    written = self.intents.option_exit(kind, holding, contracts, attempt, cause, day, now)
                    self.emit(step, written, price)
                case CloseShares(kind, hedge_book, attempt):
                    price = self.prices.last_of_share(hedge_book.share)
                    written = self.intents.flatten(kind, hedge_book, attempt, price, cause, day, now)
                    self.emit(step, written, price)
                case Repeat(intent):
                    step.record(filter_events.IntentRepeated(now, intent.intent_id))
                    step.lines.append(Line(intent.intent_id, intent.line))
                case GiveUp(intent):
                    detail = f"no news of {intent.intent_id} after {intent.repeats} repeats"
                    step.alarm(Alarm.EXIT_UNCONFIRMED, detail, intent.intent_id)
