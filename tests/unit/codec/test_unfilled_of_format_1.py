"""A ledger of format 1 that booked an unfilled purchase is read as one of today's, where such a holding just ends."""

from __future__ import annotations

from decimal import Decimal

from gammacore.adapters.codec.records import decode
from gammacore.domain.book.book import Book

ORDER = "gc-" + "0a1b2" * 5
RECORDS = (
    '{"body":{"at":"2026-01-05T15:00:00+00:00","inventory":"inv","price":"0","strategy":"ten-shares","symbols":{},'
    '"underlying":"SPY"},"type":"InventoryOpened","v":1}',
    '{"body":{"at":"2026-01-05T15:00:00+00:00","plan":null,"ticket":{"effect":"debit","id":"ORDER","legs":[{"closes":'
    'false,"side":"buy","symbol":"SPY"}],"life":null,"limit":null,"position":"inv","purpose":"entry","quantity":10,'
    '"reason":"","underlying":"SPY"}},"type":"OrderIntended","v":1}',
    '{"body":{"at":"2026-01-05T15:01:00+00:00","id":"ORDER","reason":"no"},"type":"OrderWasRejected","v":1}',
    '{"body":{"at":"2026-01-05T15:02:00+00:00","fees":"0","inventory":"inv","options":"0","reason":"unfilled","shares":'
    '"0"},"type":"InventoryClosed","v":1}',
)
"""As they were written by the last commit of format 1."""


def test_what_never_filled_is_over_and_its_booking_of_format_1_changes_nothing() -> None:
    events = [decode(record.replace("ORDER", ORDER)) for record in RECORDS]
    book = Book.of(events)

    assert book.live_holdings == ()
    assert (book.balance, book.total_trades, book.total_fees) == (Decimal(0), 0, Decimal(0))
    assert book.holdings["inv"].exit_reason == "unfilled"
    assert book.version == len(events)
