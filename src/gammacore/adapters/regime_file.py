"""A market-regime document in a JSON file, read anew each time it is asked for. Rules: DH-402, DH-405, section 4."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

from attrs import frozen

from gammacore.domain.regime.documents import GexCause, RegimeDocument, UnreadDocument


@frozen
class RegimeFile:
    """The document of a path. Implements `gammacore.ports.market_data.RegimeSource`."""

    path: Path

    @property
    def name(self) -> str:
        return "file"

    def read(self, now: dt.datetime) -> RegimeDocument | UnreadDocument:
        """The file as it stands; without a time of its own it is as of this read (DH-405)."""
        try:
            fields = json.loads(self.path.read_bytes(), parse_float=Decimal)
        except FileNotFoundError:
            return UnreadDocument(GexCause.MISSING, f"{self.path}: no such file")
        except OSError as fault:
            return UnreadDocument(GexCause.UNREACHABLE, f"{self.path}: {fault.strerror}")
        except (ValueError, RecursionError) as fault:
            return UnreadDocument(GexCause.INVALID_VALUE, f"{self.path}: {fault}")
        if not isinstance(fields, dict):
            return UnreadDocument(GexCause.INVALID_VALUE, f"{self.path}: not an object")
        return RegimeDocument("", fields)
