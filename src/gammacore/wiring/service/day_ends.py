"""A day compared with its broker after the close and again the next morning, and where that is kept. Rule: OP-708.

What was found lies beside the ledger (LEDGER.day-ends/DATE.json): the loop alone writes the ledger itself.
"""

from __future__ import annotations

import datetime as dt

from attrs import evolve

from gammacore.adapters.service.armed_file import armed_path, read_armed
from gammacore.configuration import Configuration, LiveAsk, Settings
from gammacore.domain.book.book import Book
from gammacore.domain.holdings.holding import HoldingState
from gammacore.domain.ledger import Mode
from gammacore.domain.option_symbols import by_contract
from gammacore.domain.service.day_end import (
    CashLook,
    CashVerdict,
    DayEnd,
    cash_statement,
    filled_otherwise,
    held_otherwise,
    ledger_cash,
    ordered_otherwise,
)
from gammacore.errors import BrokerUnavailable
from gammacore.ports.broker import Broker, unread_in, unread_in_words
from gammacore.ports.clock import Clock
from gammacore.ports.credentials import CredentialStore
from gammacore.wiring.brokers import BROKERS_OWN, BrokerPlaces
from gammacore.wiring.controls import events_of
from gammacore.wiring.ledgers.choice import FoundLedger
from gammacore.wiring.ledgers.storage import local_path
from gammacore.wiring.ledgers.whose_ledger import armed_for
from gammacore.wiring.ledgers.without_loop import OPEN, reconcile_now
from gammacore.wiring.markets import taking_up
from gammacore.wiring.service.kept_day_ends import (
    FORMAT,
    as_look,
    keep_day_end,
    look_document,
    newest_before,
    opening_of_day,
    write_day,
)


def end_day(settings: Settings, ledger: FoundLedger, broker: Broker, date: dt.date, clock: Clock) -> DayEnd:
    """Compare a day that is over with its broker, and keep what was found beside the ledger.

    Raises:
        BrokerError: the broker does not answer.
        StorageError: the ledger cannot be read, or the disk does not take what was found.
    """
    events = events_of(settings, ledger.place)
    book = Book.of(events)
    held, reports, account = broker.holdings(), broker.orders(), broker.account()
    if unread := unread_in(held):
        raise BrokerUnavailable(f"what is held of {unread_in_words(unread)} cannot be read")
    look = None if account.cash is None else CashLook(clock.now(), account.cash, ledger_cash(book))
    found = DayEnd(
        date, clock.now(),
        tuple(held_otherwise(book, by_contract(held), date)),
        tuple(ordered_otherwise(book, reports)),
        tuple(filled_otherwise(book, reports)),
        look=look,
    )  # fmt: skip
    opening = opening_of_day(settings, ledger.place, date)
    waiting = [one.id for one in book.live_holdings if one.state is HoldingState.AWAITING_SETTLEMENT]
    if look is None:
        found = evolve(found, why_no_cash="the broker does not say what it is")
    elif waiting:
        found = evolve(found, why_no_cash=f"{', '.join(waiting)} not settled yet", look=None)
    elif opening is None:
        found = evolve(found, why_no_cash="no earlier balance is known; the next day is compared with this one")
    else:
        found = evolve(found, cash=cash_statement(opening, look, events, settings.service.cash_tolerance))
    keep_day_end(settings, ledger.place, found, opening)
    return found


def reconciled(
    configuration: Configuration,
    ledger: FoundLedger,
    credentials: CredentialStore,
    clock: Clock,
    places: BrokerPlaces = BROKERS_OWN,
) -> tuple[str, ...]:
    """Take up and quarantine what differs, as the loop does, where no loop runs; what is left open, in words. R5.

    A live account is reconciled under its arming: nothing is ordered.

    Raises:
        GammacoreError: a lock is closed, or the broker or the ledger does not answer.
    """
    if ledger.mode is Mode.LIVE:
        armed = read_armed(armed_path(local_path(configuration.settings, ledger.place)))
        configuration = evolve(configuration, live=LiveAsk(switch=True, armed=armed))
    configuration, _ = armed_for(configuration, credentials, ledger, places)
    configuration = taking_up(configuration, ledger.place, only_to_close=True)
    findings, _ = reconcile_now(configuration, ledger.place, credentials, clock=clock, places=places)
    return tuple(f"{one.symbol or 'the account'}: {one.verdict}" for one in findings if one.verdict in OPEN)


def morning_cash(settings: Settings, ledger: FoundLedger, broker: Broker, date: dt.date, clock: Clock) -> str:
    """The cash of the last day once more, by the broker's opening balance; "" where nothing differs.

    By now everything is settled. What the broker has now is where the cash of this day begins. Rule: OP-708.

    Raises:
        BrokerError: the broker does not answer.
        StorageError: the ledger cannot be read, or the disk does not take what was found.
    """
    cash = broker.account().cash
    if cash is None:
        return ""
    events = events_of(settings, ledger.place)
    now = CashLook(clock.now(), cash, ledger_cash(Book.of(events)))
    difference = ""
    if (before := newest_before(settings, ledger.place, date, "lines")) is not None and before.get("opening"):
        whole = cash_statement(as_look(before["opening"]), now, events, settings.service.cash_tolerance)
        if whole.verdict is not CashVerdict.EXPLAINED:
            difference = f"{before['date']}, by this morning's balance: {whole}"
        before["morning"] = {"at": now.at.isoformat(), "cash": str(cash), "difference": difference or None}
        write_day(settings, ledger.place, dt.date.fromisoformat(before["date"]), before)
    write_day(settings, ledger.place, date, {"format": FORMAT, "date": date.isoformat(), "opening": look_document(now)})
    return difference
