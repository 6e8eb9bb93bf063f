"""A market-regime document in Firestore, as it stands."""

from __future__ import annotations

import datetime as dt
from typing import Any

from attrs import evolve

from gammacore.adapters.firestore.documents import Documents
from gammacore.adapters.firestore.faults import StoreUnreachable
from gammacore.domain.regime.documents import GexCause, RegimeDocument, UnreadDocument
from gammacore.errors import StorageError

READ_SECONDS = 2.0
"""Longest wait for the document. Rule: DH-404."""


class FirestoreRegimeSource:
    """Reads one document, like `market_regime/SPX_GEX`. Implements `gammacore.ports.market_data.RegimeSource`.

    One try of at most 2 s: when to try again is the caller's policy. Rules: DH-402, DH-404, DH-405.
    """

    def __init__(self, documents: Documents, path: str) -> None:
        patience = evolve(
            documents.patience, attempts=1, call_seconds=min(READ_SECONDS, documents.patience.call_seconds)
        )
        self._documents = evolve(documents, patience=patience)
        self._path = path

    @property
    def name(self) -> str:
        return "firestore"

    def read(self, now: dt.datetime) -> RegimeDocument | UnreadDocument:
        """The document as it stands. See `RegimeSource.read`."""
        del now  # the store has its own clock
        try:
            document = self._documents.get(self._path)
        except StoreUnreachable as outage:
            return UnreadDocument(GexCause.UNREACHABLE, str(outage))
        except StorageError as refusal:
            return UnreadDocument(GexCause.UNREACHABLE, f"refused: {refusal}")
        if document is None:
            return UnreadDocument(GexCause.MISSING, f"there is no document {self._path}")
        fields = {name: _plain(value) for name, value in document.fields.items()}
        return RegimeDocument(self._path, fields, _plain(document.updated_at))


def _plain(value: Any) -> Any:
    """A stored value without Google's types: instants to the microsecond, what JSON does not know as text."""
    if isinstance(value, dt.datetime):
        utc = value.astimezone(dt.UTC)
        return dt.datetime.combine(utc.date(), utc.time(), dt.UTC)
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
