"""All detectors, the choice among what they find, and their composite. Rules: SC-322, SC-323."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from gammacore.domain.scalping.signals.dark_pool_flow import detect_dark_pool_flow
from gammacore.domain.scalping.signals.dealer_gamma import DealerGamma, detect_by_portfolio_delta, detect_dealer_gamma
from gammacore.domain.scalping.signals.gamma_squeeze import detect_gamma_squeeze
from gammacore.domain.scalping.signals.liquidity_vacuum import detect_liquidity_vacuum
from gammacore.domain.scalping.signals.opening_drive import detect_opening_drive
from gammacore.domain.scalping.signals.options_pin import detect_options_pin
from gammacore.domain.scalping.signals.signal import SignalName, SignalReading, SignalView
from gammacore.domain.scalping.signals.vwap_reclaim import detect_vwap_reclaim

DETECTORS: dict[SignalName, Callable[[SignalView], SignalReading]] = {
    SignalName.GAMMA_SQUEEZE: detect_gamma_squeeze,
    SignalName.OPENING_DRIVE: detect_opening_drive,
    SignalName.VWAP_RECLAIM: detect_vwap_reclaim,
    SignalName.LIQUIDITY_VACUUM: detect_liquidity_vacuum,
    SignalName.OPTIONS_PIN: detect_options_pin,
    SignalName.DARK_POOL_FLOW: detect_dark_pool_flow,
    SignalName.DEALER_GAMMA: detect_dealer_gamma,
}


def read_signals(view: SignalView, dealer_gamma: DealerGamma = DealerGamma.HOUSE) -> tuple[SignalReading, ...]:
    """What each detector says of one look, in the order of the table."""
    detectors = dict(DETECTORS)
    if dealer_gamma is DealerGamma.LEGACY_DELTA_PROXY:
        detectors[SignalName.DEALER_GAMMA] = detect_by_portfolio_delta
    return tuple(detectors[name](view) for name in SignalName)


def strongest(readings: Iterable[SignalReading]) -> SignalReading | None:
    """The largest score, ties by the larger weight, then the order of the table; None of none. Rule: SC-322."""
    order = list(SignalName)
    return max(readings, key=lambda one: (one.score, one.terms.weight, -order.index(one.name)), default=None)


def composite_score(readings: Sequence[SignalReading]) -> Decimal:
    """Sum of score × weight / 10 over the signals that are present. Rule: SC-323."""
    return sum((one.score * one.terms.weight / 10 for one in readings), Decimal(0))
