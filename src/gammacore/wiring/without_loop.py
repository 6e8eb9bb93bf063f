"""Flatten and reconcile where no loop runs: done here, and what they came to; and what a running loop found."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from attrs import evolve, frozen

from gammacore.application.reconcile import ReconcileFinding
from gammacore.application.take_in import ReconcileVerdict
from gammacore.application.trade_day import TradeDay
from gammacore.configuration import Configuration, Settings, StrategyName
from gammacore.domain.holding_events import DifferenceSeen, HoldingAdjusted, HoldingAdopted
from gammacore.domain.instruments import parse_occ
from gammacore.domain.ledger import Event, HoldingsQuarantined, Mode
from gammacore.domain.orders import Order
from gammacore.domain.sessions import NEW_YORK, new_york, new_york_date
from gammacore.domain.strategy import Strategy
from gammacore.errors import BrokerError, ConfigurationError, GammacoreError, InvalidInput, MissingData
from gammacore.ports.broker import unread_in
from gammacore.ports.clock import Clock
from gammacore.ports.credentials import CredentialStore
from gammacore.wiring.brokers import BROKERS_OWN, BrokerPlaces
from gammacore.wiring.controls import book_of, still_open
from gammacore.wiring.days import WiredDay, wire_day
from gammacore.wiring.storage import LedgerPlace, ledger_exists
from gammacore.wiring.strategies import EntryPreview, spec_of, without_the_users_file


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
        day = wire_day(configuration, ledger, strategy=_closing(configuration, ledger), credentials=credentials)
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


def _closing(configuration: Configuration, ledger: LedgerPlace) -> Strategy | None:
    """What stands in for a user's own strategy, whose program is not needed here; None for a built-in one."""
    settings = configuration.settings
    day = book_of(settings, ledger).day if ledger_exists(settings, ledger) else None
    name = settings.trade.strategy if day is None else day.strategy
    return None if name in set(StrategyName) else without_the_users_file(settings, str(name))


def _not_flattened(settings: Settings, ledger: LedgerPlace, fault: GammacoreError) -> Flattened:
    book = book_of(settings, ledger)
    return Flattened(still_open(book), book.halted is not None, None, fault=f"not flattened: {fault}")


def _held_beyond(trade: TradeDay) -> tuple[Mapping[str, int] | None, str]:
    """Unexpired contracts at the account that the book does not have. Rules: CS-571, CS-574."""
    try:
        held = trade.broker.holdings()
    except BrokerError as fault:
        return None, f"not verified: {fault}"
    if unread := unread_in(held):
        return None, f"not verified: what is held of {', '.join(sorted(unread))} cannot be read"
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
    strategy = _closing(configuration, ledger)
    day = wire_day(configuration, ledger, strategy=strategy, credentials=credentials, listens=False)
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
