"""Acting on a ledger from outside its loop: halt, resume, flatten, reconcile."""

from __future__ import annotations

import datetime as dt

from gammacore.adapters.fake.clock import FakeClock
from gammacore.adapters.system_clock import SystemClock
from gammacore.application.day_ledger import DayLedger
from gammacore.application.obey_requests import ObeyRequests
from gammacore.application.reconcile import ReconcileFinding
from gammacore.configuration import Configuration, Settings
from gammacore.domain.book.book import Book
from gammacore.domain.inventory.inventories import DELIVERED
from gammacore.domain.ledger import Mode
from gammacore.domain.orders import Order
from gammacore.ports.clock import Clock
from gammacore.ports.credentials import CredentialStore
from gammacore.ports.storage import Request
from gammacore.wiring.days import wire_day
from gammacore.wiring.storage import LedgerPlace, open_inbox, open_storage


def system_clock() -> Clock:
    """The clock of this machine, UTC."""
    return SystemClock()


def leave_request(settings: Settings, ledger: LedgerPlace, request: Request) -> None:
    """Put a halt, resume or flatten into the inbox of the loop that writes a ledger. Rule: R10."""
    inbox = open_inbox(settings, ledger)
    try:
        inbox.post(request)
    finally:
        inbox.close()


def journal_request(settings: Settings, ledger: LedgerPlace, request: Request) -> None:
    """Journal a halt, resume or flatten in a ledger no loop is writing; the lease is held meanwhile. Rule: R10.

    Requests keep their order: what a loop left in the inbox when it ended was asked before and is journaled first, so
    that a halt of then is not obeyed at the next start although somebody resumed since.

    A simulated or replayed day keeps its own time: its request bears the ledger's last instant.

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
        obey.obey(request)
    finally:
        storage.close()
        inbox.close()


def flatten_now(
    configuration: Configuration, ledger: LedgerPlace, credentials: CredentialStore | None = None
) -> tuple[str, list[dict[str, object]]]:
    """Run the day's own loop until nothing is open, with no other loop running; a sentence and the orders it took."""
    day = wire_day(configuration, ledger, credentials=credentials)
    try:
        trade = day.trade
        before = set(trade.ledger.book.orders)
        trade.run_until(lambda book: not (book.live_positions or _traded_inventories(book) or book.working_orders))
        book = trade.ledger.book
        still = ", ".join([position.id for position in book.live_positions] + _traded_inventories(book))
        sentence = f"still open: {still}" if still else "flat and halted"
        return sentence, [_order_row(order) for order in book.orders.values() if order.id not in before]
    finally:
        day.close()


def reconcile_now(
    configuration: Configuration, ledger: LedgerPlace, credentials: CredentialStore | None = None
) -> tuple[list[ReconcileFinding], list[dict[str, object]]]:
    """Advance orders and compare holdings twice, as the loop does; the findings and the orders still working."""
    day = wire_day(configuration, ledger, credentials=credentials, listens=False)
    try:
        trade = day.trade
        today, is_over = trade.session.date, trade.clock.now() >= trade.session.close
        expired = today if is_over else today - dt.timedelta(days=1)
        trade.desk.advance()
        trade.reconcile(expired)
        findings = trade.reconcile(expired)
        return findings, [_order_row(order) for order in trade.ledger.book.working_orders]
    finally:
        day.close()


def _traded_inventories(book: Book) -> list[str]:
    """What a strategy still holds besides spreads; delivered shares wait for the next open (CS-529)."""
    return [inventory.id for inventory in book.live_inventories if inventory.strategy != DELIVERED]


def _order_row(order: Order) -> dict[str, object]:
    return {
        "id": order.id,
        "purpose": str(order.ticket.purpose),
        "position": order.ticket.position,
        "quantity": order.ticket.quantity,
        "filled": order.execution.quantity,
        "state": str(order.state),
    }
