"""A trading day at a broker's counterpart whose Firestore falls silent for good at a chosen step."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from decimal import Decimal
from enum import StrEnum

from attrs import define, field, frozen

from builders_broker_day import CREDENTIALS, at_tradier, configuration
from builders_ledger import OPEN
from counterparts.serving import LoopbackServer
from counterparts.world import Asked, World
from gammacore.adapters.composite_inbox import CompositeInbox
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.firestore import (
    Documents,
    FirestoreInbox,
    FirestoreStorage,
    LeaseTerms,
    Outages,
    StoreUnreachable,
)
from gammacore.adapters.firestore.documents import Change, Document
from gammacore.adapters.firestore.faults import Outrun
from gammacore.domain.book.book import Book
from gammacore.domain.ledger import Event
from gammacore.wiring import WiredDay, wire_day

STEP = 300
LIMIT = 300.0
"""Seconds a loop outlasts a silence of its store."""


class Silence(StrEnum):
    """When Firestore falls silent: at an append of events, which has one of three fates, or right after it."""

    BEFORE = "the append is lost"
    ANSWER_LOST = "the append is written, its answer is lost"
    LATE = "the append arrives when the silence is over"
    AFTERWARDS = "the append is answered, nothing after it is"


@define(eq=False)
class Line:
    """The connection to Firestore, which falls silent at the append of number `silent_at`, counted from 0."""

    silent_at: int | None = None
    how: Silence = Silence.BEFORE
    appended: list[int] = field(factory=list)
    """How many events each append had."""
    on_silence: Callable[[], None] = lambda: None
    is_silent: bool = False
    late: list[Sequence[Change]] = field(factory=list)
    _was_met: bool = False

    def must_answer(self) -> None:
        """Raise where it is silent; the first question that meets the silence is reported."""
        if not self.is_silent:
            return
        if not self._was_met:
            self._was_met = True
            self.on_silence()
        raise StoreUnreachable("Firestore does not answer")


@frozen(eq=False)
class SilentDocuments(Documents):
    """Real documents of a real server, at the other end of such a line."""

    line: Line = field(factory=Line)

    def get(self, path: str) -> Document | None:
        self.line.must_answer()
        return super().get(path)

    def numbered(self, collection: str, field: str, after: int, until: int | None, limit: int) -> Sequence[Document]:
        self.line.must_answer()
        return super().numbered(collection, field, after, until, limit)

    def all(self, collection: str, order_by: str) -> Sequence[Document]:
        self.line.must_answer()
        return super().all(collection, order_by)

    def commit(self, changes: Sequence[Change]) -> Sequence[dt.datetime]:
        line = self.line
        line.must_answer()
        events = sum("/events/" in change.path for change in changes)
        if events:
            line.is_silent = len(line.appended) == line.silent_at
            line.appended.append(events)
        if not line.is_silent or line.how is Silence.AFTERWARDS:
            return super().commit(changes)
        if line.how is Silence.ANSWER_LOST:
            super().commit(changes)
        if line.how is Silence.LATE:
            line.late.append(changes)
        line.must_answer()
        raise AssertionError("a silent line answers nothing")


@frozen
class Desk:
    """Which desk trades what at Tradier's counterpart."""

    strategy: str
    underlying: str

    def __str__(self) -> str:
        return self.strategy


@frozen
class Ending:
    """What is left of a day: the ledger, and the exchange as it stands."""

    events: tuple[Event, ...]
    orders: int
    posts: int
    holdings: Mapping[str, int]
    cash: Decimal

    @property
    def book(self) -> Book:
        return Book.of(self.events)


@define(eq=False)
class SilentDay:
    """A day at the broker, and the processes that trade it one after the other, each with a line of its own."""

    desk: Desk
    documents: Documents
    server: LoopbackServer
    world: World
    silent_since: dt.datetime | None = None
    """When the first question went unanswered, and how many orders the exchange had then."""
    orders_then: int = 0
    _lease_clock: FakeClock = field(factory=lambda: FakeClock(OPEN))
    """Stands still while a process lives, so that no renewal of its lease comes between the appends."""

    def run(self, line: Line) -> None:
        """One process that trades to the day's end, or to that of its patience."""
        line.on_silence = self._note_silence
        documents = SilentDocuments(self.documents.client, self.documents.patience, line)
        outages = Outages(self.world, LIMIT)
        storage = FirestoreStorage(documents, "paper", clock=self._lease_clock, holder="a loop", outages=outages)
        with closing(storage), closing(self._wired(storage, documents, outages)) as day:
            day.trade()

    def _wired(self, storage: FirestoreStorage, documents: Documents, outages: Outages) -> WiredDay:
        return wire_day(
            configuration("tradier", self.desk.underlying, self.desk.strategy, STEP),
            also_obey=CompositeInbox(FirestoreInbox(documents, "paper", outages=outages), outages),
            wrap_storage=lambda _: storage,
            credentials=CREDENTIALS,
            clock=self.world,
            places=at_tradier(self.server.url),
            listens=False,
        )

    def _note_silence(self) -> None:
        self.silent_since, self.orders_then = self.world.now(), len(self.world.exchange.every_order)

    def end_silence(self, line: Line) -> None:
        """What was late arrives, unless it was barred; and the lease of the lost process runs out."""
        for changes in line.late:
            with suppress(Outrun):
                self.documents.commit(changes)
        self._lease_clock.advance(LeaseTerms().seconds)

    def ending(self) -> Ending:
        exchange = self.world.exchange
        storage = FirestoreStorage(self.documents, "paper", clock=self._lease_clock, holder="reader", read_only=True)
        with closing(storage):
            events = tuple(storage.events())
        return Ending(
            events, len(exchange.every_order), self.world.faults.counted[Asked.SUBMIT], exchange.holdings(),
            exchange.account().balance,
        )  # fmt: skip
