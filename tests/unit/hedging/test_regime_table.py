"""The table of section 4: what a document in Firestore does to the threshold. `pytest -s` prints it. DH-401..DH-411."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from typing import Any

import pytest
from attrs import define, field, frozen

from builders_hedging import Desk, instant, market
from gammacore.adapters.firestore.documents import Patience
from gammacore.adapters.firestore.faults import StoreUnreachable
from gammacore.adapters.firestore.regime_source import FirestoreRegimeSource
from gammacore.application.watch_regime import GexFeed
from gammacore.domain.regime.documents import GexShape

THREE = instant("15:00:00")
PATH = GexShape.SPX_GEX.path("SPX")
UNREACHABLE = "unreachable"


@frozen
class StoredDocument:
    """A document as Firestore gives it: its fields and its own update time."""

    fields: dict[str, Any]
    updated_at: dt.datetime


@define
class FakeDocuments:
    """A store with one document, none, or no answer at all."""

    answer: StoredDocument | str | None = None
    patience: Patience = field(factory=Patience)

    def get(self, path: str) -> StoredDocument | None:
        assert path == PATH
        if isinstance(self.answer, str):
            raise StoreUnreachable(self.answer)
        return self.answer


def stored(value: object, last_update: str = "14:56:00", **fields: object) -> StoredDocument:
    return StoredDocument({"gex_value": value, "last_update": instant(last_update), **fields}, THREE)


MISSING_FIELD = StoredDocument({"last_update": instant("14:56:00")}, THREE)
ROWS: list[tuple[str, StoredDocument | str | None, tuple[str, StoredDocument] | None, str, str]] = [
    ("-15000.0 of 14:56", stored(-15000.0), None, "known", "0.10"),
    ('"-15000" of 14:56', stored("-15000"), None, "known", "0.10"),
    ("0", stored(0), None, "known", "0.15"),
    ("10000", stored(10000), None, "known", "0.15"),
    ("gex_value missing", MISSING_FIELD, None, "missing_field", "0.15"),
    ("document missing", None, None, "missing", "0.15"),
    ("NaN", stored(math.nan), None, "invalid_value", "0.15"),
    ("infinite", stored(-math.inf), None, "invalid_value", "0.15"),
    ("boolean", stored(True), None, "invalid_value", "0.15"),
    ("text", stored("low"), None, "invalid_value", "0.15"),
    ("null", stored(None), None, "invalid_value", "0.15"),
    ("-15000 of 14:55:00", stored(-15000, "14:55:00"), None, "known", "0.10"),
    ("-15000 of 14:54:59", stored(-15000, "14:54:59"), None, "stale", "0.15"),
    ("-15000 of 14:00, an hour old", stored(-15000, "14:00:00"), None, "stale", "0.15"),
    ('-15000, symbol "NDX"', stored(-15000, symbol="NDX"), None, "wrong_symbol", "0.15"),
    ("unreachable, last good -15000 of 14:57", UNREACHABLE, ("14:57:00", stored(-15000, "14:57:00")), "known", "0.10"),
    ("unreachable, last good -15000 of 14:50", UNREACHABLE, ("14:52:00", stored(-15000, "14:50:00")), "unreachable",
     "0.15"),
]  # fmt: skip


@pytest.fixture(scope="module")
def table() -> Iterator[list[str]]:
    """Collects the rows and prints them when the module is done."""
    rows: list[str] = []
    yield rows
    width = max((len(row.split("|")[0]) for row in rows), default=0)
    print(f"\n{'document at 15:00:00Z':<{width}} | status        | threshold")  # noqa: T201  # the table is the point
    for row in rows:
        name, status, threshold = row.split("|")
        print(f"{name:<{width}} | {status:<13} | {threshold}")  # noqa: T201


@pytest.mark.parametrize(("name", "answer", "earlier", "status", "threshold"), ROWS, ids=[row[0] for row in ROWS])
def test_what_a_document_in_firestore_does_to_the_threshold(
    table: list[str],
    name: str,
    answer: StoredDocument | str | None,
    earlier: tuple[str, StoredDocument] | None,
    status: str,
    threshold: str,
) -> None:
    """One reading serves threshold and metadata alike (DH-401)."""
    documents = FakeDocuments()
    source = FirestoreRegimeSource(documents, PATH)  # type: ignore[arg-type]  # a store of one document
    desk = Desk(feeds=[GexFeed(source, GexShape.SPX_GEX)])
    if earlier is not None:
        time, documents_then = earlier
        _answer(source, documents_then)
        desk(market(time, "SPY", price=500))
    _answer(source, answer)

    [intent] = desk(market("15:00:00", delta=0.5, quantity=10, underlying_price=500))

    reading = desk.stream._regime("SPY", THREE).gex
    table.append(f"{name}|{reading.cause or reading.status}|{intent['metadata']['hedging_threshold']}")
    assert (reading.cause or reading.status, intent["metadata"]["hedging_threshold"]) == (status, threshold)
    assert intent["metadata"]["gex_status"] == ("known" if status == "known" else "unknown")


def _answer(source: FirestoreRegimeSource, answer: StoredDocument | str | None) -> None:
    source._documents.answer = answer  # type: ignore[attr-defined]  # the source keeps a copy with its own patience
