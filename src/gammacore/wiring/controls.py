"""Acting on a ledger from outside its loop, and what a loop obeys. Rules: R10, OP-104, OP-105."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from typing import assert_never

from attrs import define, field, frozen

from gammacore.adapters.composite_inbox import CompositeInbox
from gammacore.adapters.fake.in_memory import FakeClock, MemoryInbox
from gammacore.adapters.firestore import Outages
from gammacore.adapters.kill_file import KillFile
from gammacore.adapters.system_clock import SystemClock
from gammacore.application.day_ledger import DayLedger
from gammacore.application.obey_requests import ObeyRequests
from gammacore.configuration import Settings
from gammacore.domain.book.book import Book
from gammacore.domain.book.check import LedgerCheck
from gammacore.domain.hedge_filter_events import HedgeRunStarted
from gammacore.domain.holdings.holding import Origin
from gammacore.domain.ledger import Event, FlattenRequested, Halted, Mode, Resumed
from gammacore.errors import GammacoreError, InvalidInput, StorageError, TradingHalted, WriteConflict
from gammacore.ports.clock import Clock
from gammacore.ports.storage import Inbox, Request, RequestKind, Storage
from gammacore.wiring.ledgers.storage import (
    LedgerPlace,
    folding,
    local_path,
    open_inbox,
    open_storage,
    opening_of,
    writer_of,
)

POLL = dt.timedelta(seconds=0.1)
"""How often a ledger is asked whether its loop has obeyed."""


def system_clock() -> Clock:
    """The clock of this machine, UTC."""
    return SystemClock()


# -- requests -----------------------------------------------------------------------------------------------------


@frozen
class Answer:
    """What became of a request to one ledger.

    `at` is when its event entered the ledger, None while it has not: then the request stays in the inbox. `loop` is the
    process it was left with, None where it was journaled by the command. `open` is what a flatten still leaves open.
    `refusal` says why nothing was asked at all.
    """

    at: dt.datetime | None = None
    loop: str | None = None
    open: tuple[str, ...] = ()
    refusal: GammacoreError | None = None

    @property
    def done(self) -> bool:
        return self.at is not None and not self.open


@frozen
class Patience:
    """How long a command waits for running loops, from its request on: until they obey, and until it is done.

    One that has not obeyed by then is not waited for any longer: it hangs, or is stopped. Every command that asks a
    loop waits by this rule. Rules: R10, OP-105.
    """

    obey: dt.timedelta
    done: dt.timedelta

    @classmethod
    def of(cls, settings: Settings, wait: float | None = None, *, done: float | None = None) -> Patience:
        """`loop.answer_seconds` and never less than two looks, or `wait` seconds; a flatten is then `done` later.

        >>> Patience.of(Settings(), done=120).obey.total_seconds()
        10.0
        >>> Patience.of(Settings(), done=3).obey.total_seconds()
        3.0
        """
        own = settings.loop.answer_patience(settings.market.look_seconds)
        obey = own if wait is None else wait
        whole = obey if done is None else done
        return cls(dt.timedelta(seconds=min(obey, whole)), dt.timedelta(seconds=whole))


def leave_request(settings: Settings, ledger: LedgerPlace, request: Request) -> None:
    """Put a halt, resume or flatten into the inbox of the loop that writes a ledger. Rule: R10."""
    inbox = open_inbox(settings, ledger)
    try:
        inbox.post(request)
    finally:
        inbox.close()


def journal_request(settings: Settings, ledger: LedgerPlace, request: Request | None) -> dt.datetime:
    """Journal a halt, resume or flatten in a ledger no loop is writing; the lease is held meanwhile. Rule: R10.

    Requests keep their order: what a loop left in the inbox when it ended was asked before and is journaled first, so
    that a halt of then is not obeyed at the next start although a person resumed since. `request` None journals only
    what the inbox holds. A simulated or replayed day keeps its own time: its request bears the ledger's last instant,
    which is returned.

    Raises:
        WriteConflict: a loop is running; leave the request in its inbox.
    """
    storage = open_storage(settings, ledger)
    inbox = open_inbox(settings, ledger)
    try:
        with folding(ledger):
            day = DayLedger(storage)
        opened, last = day.book.opened, day.book.last_at
        study = opened is not None and opened.mode is Mode.STUDY
        clock: Clock = FakeClock(last) if study and last is not None else SystemClock()
        obey = ObeyRequests(day, inbox, clock)
        obey()
        if request is not None:
            obey.obey(request)
        return clock.now()
    finally:
        storage.close()
        inbox.close()


def ask(
    settings: Settings,
    ledgers: Sequence[LedgerPlace],
    request: Request,
    patience: Patience,
    clock: Clock | None = None,
    before_waiting: Callable[[], None] = lambda: None,
) -> list[Answer]:
    """Ask every ledger, then wait for the loops that write them, for all of them together.

    A ledger without a loop has the request journaled at once. A flatten is obeyed once its ledger is flat. A loop that
    ends while it is waited for leaves the rest of its inbox to us. `clock` tells the time of the waiting.

    Raises:
        StorageError, ConfigurationError: not one ledger could be asked; the first refusal.
    """
    clock = clock or SystemClock()
    with ExitStack() as opened:
        asked = [_asked(settings, place, request, opened) for place in ledgers]
        refusals = [one.refusal for one in asked if isinstance(one, Answer) and one.refusal is not None]
        if len(refusals) == len(asked):
            raise refusals[0]
        before_waiting()
        waiting = [one for one in asked if isinstance(one, _Waiting)]
        asked_at = clock.now()
        while open_ends := [one.waited_for(patience) for one in waiting if not one.look(settings)]:
            if (now := clock.now()) >= (end := asked_at + max(open_ends)):
                break
            clock.wait_until(min(now + POLL, end))
        return [one.answer if isinstance(one, _Waiting) else one for one in asked]


def _asked(settings: Settings, place: LedgerPlace, request: Request, opened: ExitStack) -> Answer | _Waiting:
    try:
        return Answer(journal_request(settings, place, request))
    except WriteConflict:
        try:
            if _is_kept_by_the_filter(settings, place):
                raise WriteConflict(
                    f"{place}: a running `gammacore hedge` writes it and takes no requests; write 1 into the file that "
                    "its EXECUTION_HALTED_FILE names, or stop it and ask again"
                ) from None
            loop = writer_of(settings, place) or "another process"
            waiting = _Waiting(place, request, loop, _reader(settings, place, opened))
            leave_request(settings, place, request)
        except GammacoreError as fault:
            return Answer(refusal=fault)
        return waiting
    except GammacoreError as fault:
        return Answer(refusal=fault)


def _reader(settings: Settings, place: LedgerPlace, opened: ExitStack) -> Storage | None:
    """The ledger beside its writer; None where it cannot be read: a request is left all the same."""
    with suppress(StorageError):
        storage = open_storage(settings, place, read_only=True)
        opened.callback(storage.close)
        return storage
    return None


@define
class _Waiting:
    """One request left with a loop, and how far its ledger has been read since."""

    place: LedgerPlace
    request: Request
    loop: str
    storage: Storage | None
    obeyed_at: dt.datetime | None = field(init=False, default=None)
    _book: Book = field(init=False, factory=Book)

    def __attrs_post_init__(self) -> None:
        with suppress(StorageError, InvalidInput):
            for event in () if self.storage is None else self.storage.events():
                self._book.apply(event)

    def look(self, settings: Settings) -> bool:
        """Whether it is done; where the loop has ended meanwhile, its inbox is obeyed by us."""
        try:
            if self._read():
                return True
            if self.obeyed_at is None and writer_of(settings, self.place) is None:
                self.obeyed_at = journal_request(settings, self.place, None)
                return self._read()
        except (StorageError, InvalidInput):
            return False  # a writer was in between, or took the ledger again: the next look tells
        return False

    def waited_for(self, patience: Patience) -> dt.timedelta:
        """How long from the request on: until it obeys, then until it is done."""
        return patience.obey if self.obeyed_at is None else patience.done

    @property
    def answer(self) -> Answer:
        return Answer(self.obeyed_at, self.loop, () if self.request.kind is not RequestKind.FLATTEN else self._open)

    @property
    def _open(self) -> tuple[str, ...]:
        return still_open(self._book)

    def _read(self) -> bool:
        if self.storage is None:
            return False
        for event in self.storage.events(self._book.version):
            self._book.apply(event)
            if is_answer(event, self.request.kind, self.request.reason):
                self.obeyed_at = event.at
        return self.answer.done


def is_answer(event: Event, kind: RequestKind, reason: str) -> bool:
    """Whether a loop has obeyed such a request by this event."""
    match kind:
        case RequestKind.HALT:
            return isinstance(event, Halted) and event.reason == reason
        case RequestKind.RESUME:
            return isinstance(event, Resumed) and event.note == reason
        case RequestKind.FLATTEN:
            return isinstance(event, FlattenRequested) and event.reason == reason
        case RequestKind.OUTAGE:
            return False
        case _:
            assert_never(kind)


def _is_kept_by_the_filter(settings: Settings, ledger: LedgerPlace) -> bool:
    """By its first events, for a running ledger may be long. Rules: R10, DH-712, DH-1001."""
    return any(isinstance(event, HedgeRunStarted) for event in opening_of(settings, ledger))


def refuse_while_flattening(settings: Settings, ledger: LedgerPlace) -> None:
    """A flatten that is not finished is not undone by a resume: what is open would be left to nothing. Rule: R10.

    Raises:
        TradingHalted: it is asked for, and not everything is closed.
    """
    try:
        book = book_of(settings, ledger)
    except InvalidInput:
        return  # kept by the hedging filter, which flattens nothing by itself
    if book.flatten is not None and (left := still_open(book)):
        raise TradingHalted(
            f"{ledger}: a flatten is not finished ({book.flatten}), still open: {', '.join(left)}; wait for it, or run "
            "`gammacore flatten` again, then resume"
        )


# -- reading ------------------------------------------------------------------------------------------------------


def events_of(settings: Settings, ledger: LedgerPlace) -> list[Event]:
    """All events of a ledger, read without taking the writer's lock, each held against those before it.

    Raises:
        StorageError: it cannot be read.
        CorruptLedger: damaged, or one of them cannot follow those before it; with the repair command.
    """
    storage, check, events = open_storage(settings, ledger, read_only=True), LedgerCheck(), []
    try:
        with folding(ledger):
            for event in storage.events():
                check.take(event)
                events.append(event)
        return events
    finally:
        storage.close()


def book_of(settings: Settings, ledger: LedgerPlace) -> Book:
    """The fold of a ledger, read without taking the writer's lock."""
    return Book.of(events_of(settings, ledger))


def still_open(book: Book) -> tuple[str, ...]:
    """What a flatten has to close: spreads, what a strategy holds besides, and orders that work.

    Delivered shares wait for the next open (CS-529). Of what went outside this desk nothing is left to close: it is
    booked when the session is over (CS-572).
    """
    filled = (one for one in book.live_holdings if one.has_filled and not (one.is_flat and one.missing))
    held = [holding.id for holding in filled if holding.origin is not Origin.DELIVERED]
    return (*held, *(order.id for order in book.working_orders))


HOME_HALT = "HALT"
"""The kill file of a whole home: `touch` it to flatten and halt every account of it, without gammacore at hand."""


def inbox_of(
    settings: Settings, ledger: LedgerPlace | None, mode: Mode, also_obey: Inbox | None, outages: Outages
) -> CompositeInbox:
    """Everything a loop obeys: the inbox and the kill file beside its ledger, the configured kill file. Rule: R10.

    And what it obeys besides: the outages of its own ledger.
    """
    inboxes: list[Inbox] = [outages] if also_obey is None else [also_obey, outages]
    inboxes += kill_files(settings, ledger, mode)
    return CompositeInbox(MemoryInbox() if ledger is None else open_inbox(settings, ledger, outages), *inboxes)


def kill_files(settings: Settings, ledger: LedgerPlace | None, mode: Mode | None) -> tuple[KillFile, ...]:
    """The kill files that hold for a ledger: the one beside it, the home's, and, where configured, the account's.

    HOME/HALT holds for every paper and live account of a home, not for its simulated and replayed days. Rule: OP-105.
    """
    files = [] if ledger is None else [KillFile.beside(local_path(settings, ledger))]
    if ledger is not None and mode is not Mode.STUDY:
        files.append(KillFile(settings.storage.home / HOME_HALT))
    if settings.account.halt_file is not None:
        files.append(KillFile(settings.account.halt_file))
    return tuple(files)
