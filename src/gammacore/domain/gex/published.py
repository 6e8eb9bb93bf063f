"""Exposure as a document that other programs read: what the publisher writes and the `chain` source says.

Rules: DH-420, DH-421.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from gammacore.domain.gex.exposure import GammaExposure
from gammacore.domain.gex.units import ExposureUnit, SignModel
from gammacore.errors import InvalidInput

PUBLISHED_BY = "gammacore"
_CENT = Decimal("0.01")


def published_fields(exposure: GammaExposure) -> Mapping[str, Any]:
    """The fields of the document: dollars of delta per point, two decimals half up; skipped contracts are counted.

    Raises:
        InvalidInput: an exposure that is not finite, not of the naive sign model, or of no contract at all.
    """
    if exposure.sign is not SignModel.NAIVE:
        raise InvalidInput("sign", exposure.sign, "publish an exposure of the naive sign model: readers expect it")
    if exposure.used == 0:
        raise InvalidInput("exposure", "of no contract", "nothing known is not zero: publish nothing")
    total = exposure.converted(ExposureUnit.PER_POINT).net_total
    if total - total != 0:
        raise InvalidInput("exposure", total, "publish a finite number")
    return {
        "gex_value": Decimal(repr(total)).quantize(_CENT, ROUND_HALF_UP),
        "last_update": exposure.as_of,
        "symbol": exposure.underlying,
        "source": PUBLISHED_BY,
        "unit": ExposureUnit.PER_POINT.value,
        "sign": SignModel.NAIVE.value,
        "scope": str(exposure.scope),
        "spot": exposure.spot,
        "contracts_used": exposure.used,
        "contracts_skipped": sum(exposure.skipped.values()),
    }
