"""The GEX source port: dealer gamma exposure from the chain, a document or a file."""

from __future__ import annotations

from typing import Protocol

from gammacore.domain.gex.exposure import GammaExposure
from gammacore.domain.market import MarketSnapshot


class GexSource(Protocol):
    """Measures or fetches the exposure that belongs to a snapshot."""

    def exposure(self, snapshot: MarketSnapshot) -> GammaExposure | None:
        """Exposure per strike of today's expiry, with unit, sign, scope and clock; None when it cannot be known.

        None is never zero exposure: with no reading there is no pin and no trade (CS-103).
        """
        ...
