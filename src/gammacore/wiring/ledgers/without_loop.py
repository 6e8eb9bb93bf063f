"""Flatten and reconcile where no loop runs: done here, and what they came to; and what a running loop found."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from attrs import evolve, frozen

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.application.reconcile import ReconcileFinding
from gammacore.application.take_in import ReconcileVerdict
from gammacore.application.trade_day import TradeDay
from gammacore.configuration import Configuration, Settings, StrategyName
from gammacore.domain.book.book import Book
from gammacore.domain.holding_events import DifferenceSeen, HoldingAdjusted, HoldingAdopted
from gammacore.domain.instruments import parse_occ
from gammacore.domain.ledger import Event, FlattenRequested, Halted, HoldingsQuarantined, Mode
from gammacore.domain.option_symbols import by_contract
from gammacore.domain.orders import Order
from gammacore.domain.sessions import NEW_YORK, new_york, new_york_date
from gammacore.domain.strategy import Strategy
from gammacore.errors import BrokerError, ConfigurationError, GammacoreError, InvalidInput, MissingData
from gammacore.ports.broker import Broker, unread_in, unread_in_words
from gammacore.ports.clock import Clock
from gammacore.ports.credentials import CredentialStore
from gammacore.ports.storage import Request
from gammacore.wiring.brokers import BROKERS_OWN, BrokerPlaces
from gammacore.wiring.controls import book_of, still_open, system_clock
from gammacore.wiring.days import WiredDay, wire_day
from gammacore.wiring.ledgers.backups import COMPARED, waits_for_comparison
from gammacore.wiring.ledgers.choice import FoundLedger, Whose, whose_ledger
from gammacore.wiring.ledgers.storage import LedgerPlace, keeping_writers_out, ledger_exists
from gammacore.wiring.ledgers.whose_ledger import account_of
from gammacore.wiring.strategies import EntryPreview, spec_of, without_the_users_file

OPEN = frozenset(set(ReconcileVerdict) - {ReconcileVerdict.MATCH, ReconcileVerdict.ADOPTED})
"""Verdicts that leave something to a person, or to another look."""


@frozen
class Flattened:
    """What a flatten came to, by what the account shows and the ledger holds after it.

    `open` is what the ledger still has open, `beyond` what the account holds besides (negative: what it lacks). `held`
    are the account's contracts that still trade, None where it could not be asked; `ledger_holds` the ledger's, None
    where it cannot be read. `fault` says why nothing, or not all, was done; `noted` where it was written down.
    """

    open: tuple[str, ...]
    halted: bool
    beyond: Mapping[str, int] | None
    orders: tuple[dict[str, object], ...] = ()
    fault: str = ""
    held: Mapping[str, int] | None = None
    ledger_holds: Mapping[str, int] | None = None
    working: tuple[str, ...] = ()
    noted: str = ""

    @property
    def done(self) -> bool:
        return not self.fault and not self.open and self.halted and self.beyond == {}

    @property
    def sentence(self) -> str:
        """What is really held and halted.

        >>> Flattened((), True, {}).sentence
        'flat and halted'
        >>> Flattened((), True, {"SPXW260303C05800000": -3}, ledger_holds={}).sentence
        'flat in the ledger; the account still holds -3 SPXW260303C05800000; halted'
        """
        parts = [self.fault] if self.fault else []
        if self.open:
            parts.append(f"still open: {', '.join(self.open)}")
        if self.beyond:
            shown = self.beyond if self.held is None else self.held
            lacks = {symbol: -gap for symbol, gap in self.beyond.items() if symbol not in shown}
            more = {symbol: gap for symbol, gap in self.beyond.items() if symbol not in lacks}
            parts += ["flat in the ledger"] if not self.open and self.ledger_holds is not None else []
            parts += [f"the account still holds {in_words(more)}"] if more else []
            parts += [f"the account lacks {in_words(lacks)} of the ledger's"] if lacks else []
        elif not self.open and (self.fault or self.beyond is None):
            asked = (
                "the account was not asked what it holds" if self.held is None else f"the account {_holds(self.held)}"
            )
            parts.append(f"nothing open in the ledger; {asked}" if self.ledger_holds is not None else asked)
        latch = "halted" if self.halted else "not halted: resumed meanwhile"
        text = "; ".join([*parts, latch]) if parts else f"flat and {latch}"
        return f"{text}; {self.noted}" if self.noted else text

    @property
    def facts(self) -> tuple[str, ...]:
        """One line each: what the account shows, what the ledger holds, what works, whether it is halted."""
        account = "was not asked" if self.held is None else _holds(self.held)
        ledger = "cannot be read" if self.ledger_holds is None else _holds(self.ledger_holds)
        return (
            f"account: {account}",
            f"ledger: {ledger}",
            f"orders that work: {', '.join(self.working) or 'none known'}",
            f"halted: {'yes' if self.halted else 'no'}",
        )

    @property
    def document(self) -> dict[str, object]:
        return {
            "open": self.open,
            "orders": self.orders,
            "held_beyond": self.beyond,
            "holdings": self.held,
            "ledger_holds": self.ledger_holds,
            "working": self.working,
            "halted": self.halted,
        }


def in_words(holdings: Mapping[str, int]) -> str:
    """Signed contracts by symbol, as a sentence has them.

    >>> in_words({"SPXW260303C05800000": -3})
    '-3 SPXW260303C05800000'
    """
    return ", ".join(f"{quantity:+d} {symbol}" for symbol, quantity in holdings.items())


def _holds(holdings: Mapping[str, int]) -> str:
    return f"holds {in_words(holdings)}" if holdings else "holds no contract"


def flatten_now(
    configuration: Configuration,
    ledger: LedgerPlace,
    credentials: CredentialStore | None = None,
    *,
    unwritten: Request | None = None,
) -> Flattened:
    """Run the day's own loop until nothing is open, with no other loop running, and ask the account what it holds.

    The halt is journaled before; whatever goes wrong here leaves it latched, and is part of the answer. `unwritten` is
    the request that a ledger did not take which can only be read: it is obeyed in memory, and in the second journal.
    """
    if unwritten is not None:
        with keeping_writers_out(ledger):
            return _flatten(configuration, ledger, credentials, unwritten)
    return _flatten(configuration, ledger, credentials, None)


def _flatten(
    configuration: Configuration, ledger: LedgerPlace, credentials: CredentialStore | None, unwritten: Request | None
) -> Flattened:
    strategy, read_only = _closing(configuration, ledger), unwritten is not None
    try:
        day = wire_day(configuration, ledger, strategy=strategy, credentials=credentials, read_only=read_only)
    except GammacoreError as fault:
        return _not_flattened(configuration.settings, ledger, fault)
    trade = day.trade
    before = set(trade.ledger.book.orders)
    try:
        if unwritten is not None:
            trade.ledger.record(FlattenRequested(trade.clock.now(), unwritten.reason))
        trade.run_until(lambda book: not still_open(book))
        held, problem = _held(trade.broker)
    except GammacoreError as fault:
        held, problem = None, str(fault)
    finally:
        day.close()
    book = trade.ledger.book
    orders = tuple(_order_row(order) for order in book.orders.values() if order.id not in before)
    return _flattened(book, held, _last_expired(trade), orders, problem, _where_noted(trade, read_only))


def _where_noted(trade: TradeDay, read_only: bool) -> str:
    ledger = trade.ledger
    if not ledger.is_behind:
        return "the ledger could not be written" if read_only else ""
    where = f"is in {ledger.kept_in} and is taken up by the next start" if ledger.kept_in else "is written nowhere"
    return f"the ledger could not be written ({ledger.fault}), what was done {where}"


def _flattened(
    book: Book,
    held: Mapping[str, int] | None,
    expired: dt.date,
    orders: tuple[dict[str, object], ...] = (),
    fault: str = "",
    noted: str = "",
) -> Flattened:
    """The answer: what the ledger has, beside what the account shows. Rules: CS-571, CS-574."""
    expected = {symbol: n for symbol, n in book.expected_holdings().items() if n and _is_listed(symbol, expired)}
    beyond = traded = None
    if held is not None:
        traded = {symbol: n for symbol, n in by_contract(held).items() if n and _is_listed(symbol, expired)}
        gaps = {symbol: traded.get(symbol, 0) - expected.get(symbol, 0) for symbol in (traded | expected)}
        beyond = {symbol: gap for symbol, gap in gaps.items() if gap}
    working = tuple(order.id for order in book.working_orders)
    is_halted = book.halted is not None
    return Flattened(still_open(book), is_halted, beyond, orders, fault, traded, expected, working, noted)


def _held(broker: Broker) -> tuple[Mapping[str, int] | None, str]:
    try:
        held = broker.holdings()
    except BrokerError as fault:
        return None, f"not verified: {fault}"
    if unread := unread_in(held):
        return None, f"not verified: what is held of {unread_in_words(unread)} cannot be read"
    return held, ""


def look_whether_flat(
    configuration: Configuration, ledger: FoundLedger, credentials: CredentialStore, places: BrokerPlaces = BROKERS_OWN
) -> Flattened:
    """What account and ledger show after a running loop has flattened; nothing is sent, so no lock is asked.

    A study's exchange is part of its loop's process, and of a ledger that names no broker there is no account to ask:
    there the ledger alone is looked at.
    """
    settings, clock = configuration.settings, system_clock()
    book = book_of(settings, ledger.place)
    now = clock.now()
    session = NyseCalendar().session(new_york_date(now))
    today = new_york_date(now)
    expired = today if session is not None and now >= session.close else today - dt.timedelta(days=1)
    is_study = ledger.mode is None or ledger.mode is Mode.STUDY
    whose = Whose() if is_study else whose_ledger(settings, ledger.place)
    broker = settings.account.broker if whose.account is None else whose.account.broker
    if ledger.mode is None or is_study or not broker.is_real:
        return evolve(_flattened(book, None, expired), beyond={})
    try:
        with account_of(settings, ledger, credentials, clock, places) as shown:
            held, problem = _held(shown)
    except GammacoreError as fault:
        held, problem = None, f"not verified: {fault}"
    return _flattened(book, held, expired, fault=problem)


def _closing(configuration: Configuration, ledger: LedgerPlace) -> Strategy | None:
    """What stands in for a user's own strategy, whose program is not needed here; None for a built-in one."""
    settings = configuration.settings
    day = book_of(settings, ledger).day if ledger_exists(settings, ledger) else None
    name = settings.trade.strategy if day is None else day.strategy
    return None if name in set(StrategyName) else without_the_users_file(settings, str(name))


def _not_flattened(settings: Settings, ledger: LedgerPlace, fault: GammacoreError) -> Flattened:
    book = book_of(settings, ledger)
    open_in_ledger = still_open(book)
    return Flattened(open_in_ledger, book.halted is not None, None, fault=f"not flattened: {fault}",
                     ledger_holds={s: n for s, n in book.expected_holdings().items() if n})  # fmt: skip


def _is_listed(symbol: str, expired: dt.date) -> bool:
    """Whether it is a contract that still trades; shares are the user's own (CS-571)."""
    try:
        return parse_occ(symbol).expiry > expired
    except InvalidInput:
        return False


def reconcile_now(
    configuration: Configuration,
    ledger: LedgerPlace,
    credentials: CredentialStore | None = None,
    *,
    clock: Clock | None = None,
    places: BrokerPlaces = BROKERS_OWN,
) -> tuple[list[ReconcileFinding], list[dict[str, object]]]:
    """Advance orders and compare holdings twice, as the loop does; the findings and the orders still working.

    Of a restored ledger it is journaled that nothing was left open, so that it may be resumed. Rule: OP-703.
    """
    strategy = _closing(configuration, ledger)
    day = wire_day(
        configuration, ledger, strategy=strategy, credentials=credentials, clock=clock, places=places, listens=False
    )
    try:
        trade = day.trade
        expired = _last_expired(trade)
        trade.desk.advance()
        trade.reconcile(expired)
        findings = trade.reconcile(expired)
        if waits_for_comparison(list(day.storage.events())) and not any(one.verdict in OPEN for one in findings):
            trade.ledger.record(Halted(trade.clock.now(), COMPARED))
        return findings, [_order_row(order) for order in trade.ledger.book.working_orders]
    finally:
        day.close()


def _last_expired(trade: TradeDay) -> dt.date:
    today = trade.session.date
    return today if trade.clock.now() >= trade.session.close else today - dt.timedelta(days=1)


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
    gone: dict[tuple[str, str], int] = {}
    return [v for event in events if new_york_date(event.at) == today for v in _verdicts(event, gone)]


def _verdicts(event: Event, gone: dict[tuple[str, str], int]) -> Iterator[PastVerdict]:
    """What one event says; `gone` is what went of each holding before it, and is kept up to date."""
    if isinstance(event, HoldingsQuarantined):
        for symbol, held in event.holdings.items():
            yield PastVerdict(event.at, symbol, held, ReconcileVerdict.QUARANTINED)
    elif isinstance(event, HoldingAdopted):
        for symbol, held in event.symbols.items():
            yield PastVerdict(event.at, symbol, held, ReconcileVerdict.ADOPTED)
    elif isinstance(event, HoldingAdjusted):
        before = gone.get((event.holding, event.symbol), 0)
        gone[event.holding, event.symbol] = after = before + event.change
        verdict = ReconcileVerdict.MISSING if abs(after) > abs(before) else ReconcileVerdict.ADOPTED
        yield PastVerdict(event.at, event.symbol, None, verdict)
    elif isinstance(event, DifferenceSeen):
        if not event.symbol:  # of a ledger of format 1: a whole spread that was absent
            yield PastVerdict(event.at, event.holding, None, ReconcileVerdict.MISSING)
        elif event.change:
            yield PastVerdict(event.at, event.symbol, None, ReconcileVerdict.LOOK_AGAIN)


def _order_row(order: Order) -> dict[str, object]:
    return {
        "id": order.id,
        "purpose": str(order.ticket.purpose),
        "position": order.ticket.holding,
        "quantity": order.ticket.quantity,
        "filled": order.execution.quantity,
        "state": str(order.state),
    }


def preview_entry(
    configuration: Configuration,
    at: dt.time | None,
    ledger: LedgerPlace | None = None,
    *,
    credentials: CredentialStore | None = None,
    clock: Clock | None = None,
    places: BrokerPlaces = BROKERS_OWN,
) -> EntryPreview:
    """Judge one entry of the configured day and strategy as `trade` would; no order is sent and nothing is written.

    `at` is a New York time of day, by default the first scheduled entry; a real broker's market is judged as it is now.
    `ledger` names the book that counts; without one the account has traded nothing yet.

    Raises:
        ConfigurationError: a time of day at a real broker, or a strategy without a preview.
        MissingData: a real broker's session is not on.
    """
    chosen = configuration.settings.trade.strategy
    if (preview := spec_of(chosen).preview) is None:
        planned = ", ".join(name for name in StrategyName if spec_of(name).preview is not None)
        raise ConfigurationError(f"trade.strategy: {chosen} cannot be previewed, no scheduled entry of it is known; "
                                 f"give {planned}, or run it on a simulated day: `gammacore trade`")  # fmt: skip
    day = wire_day(configuration, credentials=credentials, clock=clock, places=places, listens=False)
    try:
        trade = day.trade
        slot = _slot(preview.slots(day.settings, day.session), day, at)
        if trade.terms.mode is Mode.STUDY:
            trade.clock.wait_until(slot)
        trade.begin()
        book = trade.ledger.book if ledger is None else book_of(configuration.settings, ledger)
        situation = evolve(trade.look(for_entry=True), book=book)
        if situation.exposure is None:
            situation = evolve(situation, exposure=trade.exposures.exposure(situation.market))
        power = trade.broker.account().option_buying_power
        situation = evolve(situation, buying_power=power)
        return preview.judge(day.settings, situation, slot, lambda plan: trade.guard.judge_plan(plan, power, book))
    finally:
        day.close()


def _slot(slots: tuple[dt.datetime, ...], day: WiredDay, at: dt.time | None) -> dt.datetime:
    """The entry to judge: the one named or the first in a study, at a real broker the latest that is due."""
    session = day.session
    if day.trade.terms.mode is Mode.STUDY:
        return slots[0] if at is None else new_york(session.date, at)
    now = day.trade.clock.now()
    if at is not None:
        raise ConfigurationError("--at: a broker's market can be judged only as it is now, leave --at out")
    if not session.is_trading(now):
        opens, closes = (instant.astimezone(NEW_YORK) for instant in (session.open, session.close))
        raise MissingData(f"the session is {opens:%Y-%m-%d %H:%M} to {closes:%H:%M} New York; nothing to judge now")
    return max((slot for slot in slots if slot <= now), default=slots[0])
