"""The book takes over what it did not open: a record, and positions. Rules: CS-573..575, CS-603."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from builders_holdings import spread_closed
from builders_ledger import at, ledger_opened, position_adopted
from gammacore.domain.book.book import Book
from gammacore.domain.holding_events import HoldingClosed
from gammacore.domain.holdings.holding import Origin
from gammacore.domain.ledger import HistoryImported, HoldingsQuarantined
from gammacore.errors import InvalidInput

HISTORY = HistoryImported(at(-4), (Decimal("56.00"), Decimal("-34.62")), 45, "account_balance.json")


def closed(position: str, gross: str) -> HoldingClosed:
    return spread_closed(at(5), position, "profit_target", Decimal("1.25"), 3, Decimal(gross), Decimal("3.90"))


def test_an_imported_record_moves_no_money_and_is_what_sizing_sees() -> None:
    book = Book.of([ledger_opened(), HISTORY])

    assert book.balance == Decimal("20000.00")
    assert book.results == HISTORY.results
    assert book.total_trades == 45


def test_own_results_follow_the_imported_ones() -> None:
    book = Book.of([ledger_opened(), HISTORY, position_adopted(), closed("old-1", "360.00")])

    assert book.results[-1] == 120
    assert book.total_trades == 46
    assert book.balance == Decimal("20356.10")


def test_a_record_is_imported_before_the_first_close_only() -> None:
    book = Book.of([ledger_opened(), position_adopted(), closed("old-1", "360.00")])

    with pytest.raises(InvalidInput, match="before the first close"):
        book.apply(HISTORY)
    with pytest.raises(InvalidInput, match="total_trades"):
        Book.of([ledger_opened(), evolve(HISTORY, total_trades=1)])


def test_an_adopted_position_is_open_counts_its_premium_and_keeps_its_watch() -> None:
    event = position_adopted(orphan=True)

    (position,) = Book.of([ledger_opened(), event]).live_spreads

    assert (position.opened_at, position.watch, position.open_contracts) == (event.opened_at, event.watch, 3)
    assert position.cash == Decimal("735.00")
    assert position.is_adopted
    assert position.origin is Origin.ORPHAN


def test_a_position_is_adopted_once() -> None:
    book = Book.of([ledger_opened(), position_adopted()])

    with pytest.raises(InvalidInput, match="adopted once"):
        book.apply(position_adopted())


def test_what_is_adopted_is_quarantined_no_more() -> None:
    """CS-574: it would count twice in the limits."""
    event = position_adopted(orphan=True)
    stranger = {"SPXW260819C06100000": 1}
    quarantine = HoldingsQuarantined(at(-5), {**event.symbols, **stranger}, "no tag of ours")

    book = Book.of([ledger_opened(), quarantine, event])

    assert book.quarantined == stranger
