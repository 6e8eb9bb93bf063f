"""The book keeps what the ledger noted of the regime, so that a restart notes it once. Rule: DH-406."""

from __future__ import annotations

from builders import at
from gammacore.domain.book.book import Book
from gammacore.domain.hedge_filter_events import RegimeNoted


def test_the_newest_note_of_each_subject_is_kept() -> None:
    first, other, newest = (
        RegimeNoted(at("10:00"), subject, "a", after, None) for subject, after in (("x", "b"), ("y", "c"), ("x", "d"))
    )

    assert Book.of([first, other, newest]).regime_notes == {"x": newest, "y": other}
