"""Whose account a ledger is: recorded once, recognised by a mark that does not hold the number. Rule: CS-609."""

from __future__ import annotations

import pytest

from builders import at
from builders_day import START
from builders_ledger import halted
from gammacore.adapters.codec.records import decode, encode
from gammacore.domain.book.book import Book
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.ledger import AccountMark, AccountRecorded, Event, LedgerOpened, Mode
from gammacore.errors import InvalidInput

NUMBER, ANOTHER = "6YA11111", "6YB22222"
OPENED = LedgerOpened(at("09:30"), "mine", Mode.LIVE, "f00d", START)


def a_mark(number: str = NUMBER, broker: BrokerName = BrokerName.TRADIER, lineage: str = "f00d") -> AccountMark:
    return AccountMark.of(broker, number, lineage, "***")


def recorded(mark: AccountMark, time: str = "09:30") -> AccountRecorded:
    return AccountRecorded(at(time), mark)


@pytest.mark.parametrize(
    ("other", "contradicts"),
    [
        (a_mark(), False),
        (a_mark(ANOTHER), True),
        (a_mark(broker=BrokerName.ALPACA), True),
        (a_mark(""), False),  # the number is not known yet
        (a_mark("", BrokerName.ALPACA), True),
        (a_mark(lineage="beef"), True),  # the mark of another ledger recognises nothing here
    ],
    ids=["the same", "another number", "another broker", "no number", "another broker, no number", "another lineage"],
)
def test_two_marks_contradict_each_other_where_broker_or_number_differ(other: AccountMark, contradicts: bool) -> None:
    assert a_mark().contradicts(other) is contradicts
    assert other.contradicts(a_mark()) is contradicts


def test_a_mark_without_a_number_is_not_whole() -> None:
    assert (a_mark().is_whole, a_mark("").is_whole) == (True, False)


def test_the_number_is_not_in_the_record() -> None:
    record = encode(recorded(a_mark()))

    assert NUMBER not in record
    assert decode(record) == recorded(a_mark())


def test_a_book_keeps_whose_account_it_is() -> None:
    book = Book.of([OPENED, recorded(a_mark())])

    assert book.owner == a_mark()
    assert book.copy().owner == a_mark()
    assert Book.of([OPENED]).owner is None


def test_a_ledger_older_than_the_event_records_it_late() -> None:
    assert Book.of([OPENED, halted(), recorded(a_mark(), "10:00")]).owner == a_mark()


@pytest.mark.parametrize(
    "events",
    [(recorded(a_mark()),), (OPENED, recorded(a_mark()), recorded(a_mark(ANOTHER)))],
    ids=["before it is opened", "twice"],
)
def test_whose_account_it_is_is_recorded_once_in_an_opened_ledger(events: tuple[Event, ...]) -> None:
    with pytest.raises(InvalidInput, match="AccountRecorded"):
        Book.of(events)
