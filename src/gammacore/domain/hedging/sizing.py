"""How many shares a hedge is. Rules: DH-304, DH-308."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from gammacore.domain.hedging.settings import HedgingSettings
from gammacore.domain.regime.regime import Regime

ONE = Decimal(1)


def hedge_shares(settings: HedgingSettings, net_shares: Decimal, regime: Regime) -> int:
    """Signed shares that bring the net back to zero, scaled in an event where that is set; halves away from zero.

    >>> [hedge_shares(HedgingSettings(), Decimal(net), Regime()) for net in ("6.5", "-6.5", "12.5")]
    [-7, 7, -13]
    """
    wanted = -net_shares
    if settings.scale_hedges and regime.macro_active:
        wanted *= regime.macro.size
    shares = int(wanted.quantize(ONE, ROUND_HALF_UP))
    if shares == 0 and wanted != 0 and settings.raise_small_hedges:
        return 1 if wanted > 0 else -1
    return shares


def capped(settings: HedgingSettings, shares: int) -> int:
    """At most `max_hedge_shares` of it; the rest waits for the next window. Rule: DH-308."""
    cap = settings.max_hedge_shares
    return shares if cap is None else max(-cap, min(cap, shares))
