"""One hedging decision: from which net delta, how many shares; the first "no" wins, and a refusal uses nothing up.

Rules: DH-204, DH-231, DH-301..308.
"""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal

from attrs import frozen

from gammacore.domain.hedging.exposure import HedgeBook
from gammacore.domain.hedging.reasons import RATE_LIMITED, Reason
from gammacore.domain.hedging.settings import HedgingSettings, Leftovers, UnknownRegime
from gammacore.domain.regime.regime import Regime


def base_threshold(settings: HedgingSettings, regime: Regime) -> Decimal:
    """The threshold of a regime, contract-deltas, before any band by contracts. Rule: DH-301.

    Negative dealer gamma amplifies moves, so the band tightens; a macro event widens it, for fills are poor then.

    >>> from gammacore.domain.regime.regime import GexReading, GexStatus
    >>> negative = GexReading(GexStatus.OVERRIDE, Decimal(-15000))
    >>> base_threshold(HedgingSettings(), Regime(negative, macro_active=True))
    Decimal('0.1250')
    """
    sign = regime.gex.sign
    tight = sign == -1 or (sign is None and settings.unknown_regime_policy is UnknownRegime.TIGHT)
    threshold = settings.threshold_negative_gex if tight else settings.threshold
    return threshold * settings.macro_threshold_factor if regime.macro_active else threshold


def with_band(settings: HedgingSettings, threshold: Decimal, contracts: int) -> Decimal:
    """The threshold, or the band of the open contracts where that is wider. Rule: DH-303.

    >>> from attrs import evolve
    >>> with_band(evolve(HedgingSettings(), band_per_contract=Decimal("0.01")), Decimal("0.15"), 40)
    Decimal('0.40')
    """
    return max(threshold, settings.band_per_contract * contracts) if settings.band_per_contract else threshold


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


@frozen
class Hedge:
    """A hedge to be sent: signed shares, and the figures it was decided on.

    `net_shares` is N before it, `unit` D (shares per contract-delta), `threshold` in contract-deltas, prices in
    points, `cut` whether the size limit left a rest.
    """

    shares: int
    net_shares: Decimal
    unit: Decimal
    threshold: Decimal
    underlying_price: Decimal
    hedge_price: Decimal
    ratio: Decimal
    cut: bool


@frozen
class Prices:
    """P_u and P_h, points, and the ratio between them. Rules: DH-231, DH-232."""

    underlying: Decimal
    share: Decimal
    ratio: Decimal


def blocked(
    settings: HedgingSettings, book: HedgeBook, regime: Regime, halted: bool, open_for_hedges: bool
) -> Reason | None:
    """What forbids a hedge whatever the exposure is. Rule: DH-307, its first five checks."""
    if halted:
        return Reason.HALTED
    if settings.pause_blocks_hedges and regime.macro_active and regime.macro.pauses:
        return Reason.PAUSED
    if not open_for_hedges:
        return Reason.SESSION_CLOSED
    if book.leftovers and settings.leftovers is Leftovers.CLOSE:
        return Reason.LEFTOVER
    return Reason.MISSING_DELTA if book.unknown_deltas else None


def limited(settings: HedgingSettings, book: HedgeBook, now: dt.datetime, interval: dt.timedelta) -> Reason | None:
    """Whether a breach must wait: for the rate window, or for the next session. Rule: DH-305, section 0.

    >>> book = HedgeBook("SPY", last_hedge_at=dt.datetime(2025, 12, 30, 15, tzinfo=dt.UTC))
    >>> limited(HedgingSettings(), book, dt.datetime(2025, 12, 30, 15, 1, tzinfo=dt.UTC), dt.timedelta(seconds=60))
    """
    if book.last_hedge_at is not None and now - book.last_hedge_at < interval:
        return RATE_LIMITED
    if settings.max_hedges_per_session is not None and book.hedges >= settings.max_hedges_per_session:
        return Reason.DAY_CAP
    return None


def size_hedge(
    settings: HedgingSettings, regime: Regime, net_shares: Decimal, unit: Decimal, threshold: Decimal,
    prices: Prices | None,
) -> Hedge | Reason:  # fmt: skip
    """The hedge of a breach that may act: price, then quantity. Rules: DH-231, DH-304, DH-308."""
    if prices is None:
        return Reason.NO_UNDERLYING_PRICE
    wanted = hedge_shares(settings, net_shares, regime)
    if wanted == 0:
        return Reason.BELOW_ONE_SHARE
    shares = capped(settings, wanted)
    return Hedge(
        shares, net_shares, unit, threshold, prices.underlying, prices.share, prices.ratio, cut=shares != wanted
    )
