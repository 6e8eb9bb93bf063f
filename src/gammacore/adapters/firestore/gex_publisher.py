"""Our own exposure as a document that other programs read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from gammacore.adapters.firestore.documents import Change, Create, Document, Documents, Replace
from gammacore.adapters.firestore.faults import Outrun
from gammacore.domain.gex.exposure import GammaExposure
from gammacore.domain.gex.published import published_fields
from gammacore.domain.regime.documents import GexShape
from gammacore.domain.verdicts import Verdict
from gammacore.errors import StorageError

ATTEMPTS = 3


class FirestoreGexPublisher:
    """Writes `market_regime/{SYMBOL}_GEX`. When to publish is the caller's policy: every 60 s. Rule: DH-421."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def publish(self, exposure: GammaExposure | None) -> Verdict:
        """Replace the document, unless there is nothing to say or what stands there is as new.

        The document is replaced only if it is still the one that was compared, so of two publishers the newer one wins
        in whatever order they write. A last_update that cannot be read is no claim to be newer.

        Raises:
            InvalidInput: an exposure that is not finite, or not of the naive sign model.
            StoreUnreachable: no answer; it may or may not have been written.
            StorageError: Firestore refuses.
        """
        if exposure is None or exposure.used == 0:
            return Verdict.unknown("no_exposure")
        fields = exposure_fields(exposure)
        path = GexShape.SPX_GEX.path(exposure.underlying)
        for _ in range(ATTEMPTS):
            there = self._documents.get(path)
            published = None if there is None else last_update(there)
            if published is not None and published >= exposure.as_of:
                return Verdict.skip("not_newer", exposure.as_of.isoformat(), f"> {published.isoformat()}")
            change: Change = Create(path, fields) if there is None else Replace(there, fields)
            try:
                self._documents.commit([change])
            except Outrun:
                continue
            return Verdict.ok(fields["gex_value"])
        raise StorageError(f"{path}: other publishers keep writing it; stop all but one")


def exposure_fields(exposure: GammaExposure) -> Mapping[str, Any]:
    """The published fields as Firestore keeps them: numbers, not texts. Rule: DH-421."""
    fields = published_fields(exposure)
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in fields.items()}


def last_update(document: Document) -> dt.datetime | None:
    """When a published document says it is of: a store timestamp or ISO text with its offset; None if neither."""
    value = document.fields.get("last_update")
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, dt.datetime) and value.tzinfo is not None else None
