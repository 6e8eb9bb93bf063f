"""DEALER_GAMMA: dealers' gamma around the price leans one way. Rules: SC-318..320."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from gammacore.domain.market import from_float
from gammacore.domain.scalping.signals.signal import (
    DealerField,
    SignalName,
    SignalReading,
    SignalView,
    direction_of,
    without_bars,
)
from gammacore.domain.words import Direction

LEANS, LEANS_MUCH = 0.20, 0.35
FLIP_NEAR, RATIO = Fraction(5, 1000), Fraction(3, 2)
LEGACY_DELTA = 5


class DealerGamma(StrEnum):
    """house: by gamma and open interest; legacy_delta_proxy: by the delta of what is held, as older programs did."""

    HOUSE = "house"
    LEGACY_DELTA_PROXY = "legacy_delta_proxy"


def detect_dealer_gamma(view: SignalView) -> SignalReading:
    """6.0 from an imbalance of 0.20 on, 7.5 from 0.35, +1.5 a flip near by or volume.

    Dealers short of gamma amplify the last move, dealers long of it draw the price back to VWAP. Rules: SC-318..320.
    """
    name, dealers = SignalName.DEALER_GAMMA, view.dealers
    if len(view.bars) < 2 or dealers is None:
        lacks = {"bars": len(view.bars) < 2, "chain": dealers is None}
        return without_bars(name, *(what for what, is_missing in lacks.items() if is_missing))
    imbalance = dealers.imbalance
    if imbalance is None or abs(imbalance) < LEANS:
        return SignalReading(name)
    parts = {"imbalance": Decimal("7.5") if abs(imbalance) >= LEANS_MUCH else Decimal("6.0")}
    ratio = view.volume_ratio
    if _is_near_flip(dealers, view.price) or (ratio is not None and ratio > RATIO):
        parts["flip_or_volume"] = Decimal("1.5")
    way = direction_of(view.change) if imbalance < 0 else view.toward_vwap()
    lacks = {
        "flip": dealers.flip is None,
        "volume_ratio": ratio is None,
        "vwap": imbalance > 0 and view.vwap is None,
    }
    return SignalReading(name, parts, way, tuple(what for what, is_missing in lacks.items() if is_missing))


def detect_by_portfolio_delta(view: SignalView) -> SignalReading:
    """9.0 when more than 5 contract-deltas are held, against their side; inert while none are. Rule: SC-320."""
    held = view.portfolio_delta
    if held is None:
        return without_bars(SignalName.DEALER_GAMMA, "portfolio_delta")
    if abs(held) <= LEGACY_DELTA:
        return SignalReading(SignalName.DEALER_GAMMA)
    way = Direction.BEARISH if held > 0 else Direction.BULLISH
    return SignalReading(SignalName.DEALER_GAMMA, {"portfolio_delta": Decimal("9.0")}, way)


def _is_near_flip(dealers: DealerField, price: Decimal) -> bool:
    """Rule: SC-319."""
    if dealers.flip is None:
        return False
    return abs(Fraction(price) - Fraction(from_float(dealers.flip))) <= FLIP_NEAR * Fraction(price)
