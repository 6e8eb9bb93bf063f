"""The regime source port: one market-regime document, in a store or in a file."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

from gammacore.domain.regime.documents import RegimeDocument, UnreadDocument


class RegimeSource(Protocol):
    """Reads one document each time it is asked. When to ask is the caller's policy (DH-403, DH-404)."""

    @property
    def name(self) -> str:
        """What the journal calls it: `firestore`, `file`."""
        ...

    def read(self, now: dt.datetime) -> RegimeDocument | UnreadDocument:
        """The document as it stands; an `UnreadDocument` when there is none to be had within 2 seconds.

        Bounded in time; must not raise for anything outside this process. `now` is the instant of the read by the
        caller's clock: never infer from it that the document is of that time.
        """
        ...
