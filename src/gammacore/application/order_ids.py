"""The next client id of an order: what it is for, and which attempt at it this is. Rule: R1."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container

from gammacore.domain.book.book import Book
from gammacore.domain.orders import client_order_id
from gammacore.domain.sessions import new_york_date


def next_order_id(
    book: Book, strategy: str, underlying: str, position: str, step: str, now: dt.datetime,
    taken: Container[str] = frozenset(),
) -> str:  # fmt: skip
    """The id of the next order for a holding; the same until that order is intended.

    An id that the broker knows already is `taken`: a ledger restored from a backup has forgotten whose it was, and the
    broker would answer with that order instead of taking a new one.
    """
    assert book.opened is not None
    attempt = len(book.orders_of(position)) + 1
    while (
        order := client_order_id(
            account=book.opened.account,
            lineage=book.opened.lineage,
            strategy=strategy,
            underlying=underlying,
            day=new_york_date(now),
            position=position,
            step=step,
            attempt=attempt,
        )
    ) in taken:
        attempt += 1
    return order
