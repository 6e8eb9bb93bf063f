"""What a ledger is opened with and a day started under, and which ledger a day refuses."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from attrs import frozen

from gammacore.domain.book.book import Book
from gammacore.domain.ledger import AccountMark, Mode
from gammacore.errors import ConfigurationError


@frozen
class DayTerms:
    """What a ledger is opened with and a day started under. `owner` is the broker's account, None in a study."""

    account: str
    mode: Mode
    lineage: str
    starting_balance: Decimal
    market: str
    configuration: str
    owner: AccountMark | None = None


def refuse_another_ledger(book: Book, mine: DayTerms, date: dt.date, underlying: str, strategy: str) -> None:
    """A ledger is of one account and mode, a day of one underlying and strategy, and time goes on. Rule: CS-609.

    What one strategy holds, another does not watch; what it left on an earlier day every strategy closes (DH-520).
    """
    opened, day = book.opened, book.day
    assert opened is not None
    if (opened.account, opened.mode) != (mine.account, mine.mode):
        theirs = f"{opened.mode} account {opened.account}"
        raise ConfigurationError(f"this ledger is of {theirs}, the run of {mine.mode} account {mine.account}; "
                                 "name another --ledger")  # fmt: skip
    if book.owner is not None and mine.owner is not None and book.owner.contradicts(mine.owner):
        raise ConfigurationError(f"this ledger is of {book.owner}, the run of {mine.owner}; name another --ledger")
    if day is None:
        return
    if day.date > date:
        raise ConfigurationError(f"this ledger has already traded {day.date}; give a later --date than that, "
                                 "or another --ledger")  # fmt: skip
    if day.date == date and day.underlying != underlying:
        raise ConfigurationError(f"this ledger trades {day.underlying} on {day.date}; name another --ledger "
                                 f"for {underlying}")  # fmt: skip
    if day.date == date and day.strategy != strategy:
        raise ConfigurationError(f"this ledger trades {day.strategy} on {day.date}; give --strategy "
                                 f"{day.strategy}, or another --ledger for {strategy}")  # fmt: skip
