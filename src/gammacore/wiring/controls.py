"""Acting on a ledger from outside its loop: halt, resume, flatten, reconcile. Rules: R10, OP-104, OP-105."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import assert_never

from attrs import define, field, frozen

from gammacore.adapters.fake.clock import FakeClock
from gammacore.adapters.system_clock import SystemClock
from gammacore.application.day_ledger import DayLedger
from gammacore.application.obey_requests import ObeyRequests
from gammacore.application.reconcile import ReconcileFinding, ReconcileVerdict
from gammacore.application.trade_day import TradeDay
from gammacore.configuration import Configuration, Settings
from gammacore.domain.book.book import Book
from gammacore.domain.hedging.events import HedgeRunStarted
from gammacore.domain.instruments import parse_occ
from gammacore.domain.inventory.inventories import DELIVERED
from gammacore.domain.ledger import (
    Event,
    FlattenRequested,
    Halted,
    HoldingsQuarantined,
    Mode,
    PositionAdopted,
    PositionMissing,
    Resumed,
)
from gammacore.domain.orders import Order
from gammacore.domain.sessions import new_york_date
from gammacore.errors import BrokerError, GammacoreError, InvalidInput, StorageError, TradingHalted, WriteConflict
from gammacore.ports.clock import Clock
from gammacore.ports.credentials import CredentialStore
from gammacore.ports.storage import Request, RequestKind, Storage
from gammacore.wiring.days import wire_day
from gammacore.wiring.storage import LedgerPlace, open_inbox, open_storage, opening_of, writer_of

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
    patience: dt.timedelta,
    clock: Clock | None = None,
    before_waiting: Callable[[], None] = lambda: None,
) -> list[Answer]:
    """Ask every ledger, then wait for the loops that write them: for all of them together at most `patience`.

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
        deadline = clock.now() + patience
        while any(not one.look(settings) for one in waiting) and clock.now() < deadline:
            clock.wait_until(min(clock.now() + POLL, deadline))
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
            if _is_answer(event, self.request):
                self.obeyed_at = event.at
        return self.answer.done


def _is_answer(event: Event, request: Request) -> bool:
    match request.kind:
        case RequestKind.HALT:
            return isinstance(event, Halted) and event.reason == request.reason
        case RequestKind.RESUME:
            return isinstance(event, Resumed) and event.note == request.reason
        case RequestKind.FLATTEN:
            return isinstance(event, FlattenRequested) and event.reason == request.reason
        case RequestKind.OUTAGE:
            return False
        case _:
            assert_never(request.kind)


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


# -- acting without a loop ----------------------------------------------------------------------------------------


@frozen
class Flattened:
    """What a flatten came to: what is still open in the book, and held at the account beyond it.

    `beyond` is None where the account could not be asked; `fault` says why nothing, or not all, was done.
    """

    open: tuple[str, ...]
    halted: bool
    beyond: Mapping[str, int] | None
    orders: tuple[dict[str, object], ...] = ()
    fault: str = ""

    @property
    def done(self) -> bool:
        return not self.fault and not self.open and self.halted and self.beyond == {}

    @property
    def sentence(self) -> str:
        """What is really held and halted.

        >>> Flattened((), True, {}).sentence
        'flat and halted'
        >>> Flattened((), True, {"SPXW260303C05800000": -3}).sentence
        'flat in the ledger; the account still holds -3 SPXW260303C05800000; halted'
        """
        parts = [self.fault] if self.fault else []
        if self.open:
            parts.append(f"still open: {', '.join(self.open)}")
        elif self.beyond:
            held = ", ".join(f"{quantity:+d} {symbol}" for symbol, quantity in self.beyond.items())
            parts.append(f"flat in the ledger; the account still holds {held}")
        elif self.fault or self.beyond is None:
            parts.append("nothing open in the ledger; the account was not asked what it holds")
        latch = "halted" if self.halted else "not halted: resumed meanwhile"
        return "; ".join([*parts, latch]) if parts else f"flat and {latch}"


def flatten_now(
    configuration: Configuration, ledger: LedgerPlace, credentials: CredentialStore | None = None
) -> Flattened:
    """Run the day's own loop until nothing is open, with no other loop running, and ask the account what it holds.

    The halt is journaled before; whatever goes wrong here leaves it latched, and is part of the answer.
    """
    try:
        day = wire_day(configuration, ledger, credentials=credentials)
    except GammacoreError as fault:
        return _not_flattened(configuration.settings, ledger, fault)
    trade = day.trade
    before = set(trade.ledger.book.orders)
    try:
        trade.run_until(lambda book: not still_open(book))
        beyond, fault_of_account = _held_beyond(trade)
    except GammacoreError as fault:
        beyond, fault_of_account = None, str(fault)
    finally:
        day.close()
    book = trade.ledger.book
    orders = tuple(_order_row(order) for order in book.orders.values() if order.id not in before)
    return Flattened(still_open(book), book.halted is not None, beyond, orders, fault_of_account)


def _not_flattened(settings: Settings, ledger: LedgerPlace, fault: GammacoreError) -> Flattened:
    book = book_of(settings, ledger)
    return Flattened(still_open(book), book.halted is not None, None, fault=f"not flattened: {fault}")


def _held_beyond(trade: TradeDay) -> tuple[Mapping[str, int] | None, str]:
    """Unexpired contracts at the account that the book does not have. Rules: CS-571, CS-574."""
    try:
        held = trade.broker.holdings()
    except BrokerError as fault:
        return None, f"not verified: {fault}"
    expected, expired = trade.ledger.book.expected_holdings(), _last_expired(trade)
    beyond = {symbol: quantity - expected.get(symbol, 0) for symbol, quantity in held.items()}
    return {symbol: left for symbol, left in beyond.items() if left and _is_listed(symbol, expired)}, ""


def _is_listed(symbol: str, expired: dt.date) -> bool:
    """Whether it is a contract that still trades; shares are the user's own (CS-571)."""
    try:
        return parse_occ(symbol).expiry > expired
    except InvalidInput:
        return False


def reconcile_now(
    configuration: Configuration, ledger: LedgerPlace, credentials: CredentialStore | None = None
) -> tuple[list[ReconcileFinding], list[dict[str, object]]]:
    """Advance orders and compare holdings twice, as the loop does; the findings and the orders still working."""
    day = wire_day(configuration, ledger, credentials=credentials, listens=False)
    try:
        trade = day.trade
        expired = _last_expired(trade)
        trade.desk.advance()
        trade.reconcile(expired)
        findings = trade.reconcile(expired)
        return findings, [_order_row(order) for order in trade.ledger.book.working_orders]
    finally:
        day.close()


def _last_expired(trade: TradeDay) -> dt.date:
    today = trade.session.date
    return today if trade.clock.now() >= trade.session.close else today - dt.timedelta(days=1)


# -- reading ------------------------------------------------------------------------------------------------------


@frozen
class PastVerdict:
    """One verdict of a reconciliation as the ledger has it: what was found, and when."""

    at: dt.datetime
    symbol: str
    held: int | None
    verdict: ReconcileVerdict


def past_verdicts(events: Sequence[Event]) -> list[PastVerdict]:
    """The differences that the loop's reconciliation found on the ledger's newest day, oldest first.

    A ledger has no event for a match: none found means that book and broker agreed, or were not compared.
    """
    if not events:
        return []
    today = new_york_date(events[-1].at)
    return [verdict for event in events if new_york_date(event.at) == today for verdict in _verdicts(event)]


def _verdicts(event: Event) -> Iterator[PastVerdict]:
    if isinstance(event, HoldingsQuarantined):
        for symbol, held in event.holdings.items():
            yield PastVerdict(event.at, symbol, held, ReconcileVerdict.QUARANTINED)
    elif isinstance(event, PositionAdopted):
        for symbol, held in event.holdings.items():
            yield PastVerdict(event.at, symbol, held, ReconcileVerdict.ADOPTED)
    elif isinstance(event, PositionMissing):
        yield PastVerdict(event.at, event.position, None, ReconcileVerdict.MISSING)


def events_of(settings: Settings, ledger: LedgerPlace) -> list[Event]:
    """All events of a ledger, read without taking the writer's lock.

    Raises:
        StorageError: it cannot be read.
    """
    storage = open_storage(settings, ledger, read_only=True)
    try:
        return list(storage.events())
    finally:
        storage.close()


def book_of(settings: Settings, ledger: LedgerPlace) -> Book:
    """The fold of a ledger, read without taking the writer's lock."""
    return Book.of(events_of(settings, ledger))


def still_open(book: Book) -> tuple[str, ...]:
    """What a flatten has to close: spreads, what a strategy holds besides, and orders that work.

    Delivered shares wait for the next open (CS-529).
    """
    held = [inventory.id for inventory in book.live_inventories if inventory.strategy != DELIVERED]
    return (*(position.id for position in book.live_positions), *held, *(order.id for order in book.working_orders))


def _order_row(order: Order) -> dict[str, object]:
    return {
        "id": order.id,
        "purpose": str(order.ticket.purpose),
        "position": order.ticket.position,
        "quantity": order.ticket.quantity,
        "filled": order.execution.quantity,
        "state": str(order.state),
    }
