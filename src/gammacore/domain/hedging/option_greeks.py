"""The greeks of one held option by its own quote: what a hedge is sized on. Rules: DH-202, DH-204, DH-1004."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np

from gammacore.domain.hedging.share_hedge import GreeksByQuotes
from gammacore.domain.instruments import OptionContract, Right
from gammacore.domain.market import Quote
from gammacore.domain.pricing import black_scholes
from gammacore.domain.pricing.black_scholes import Terms, years_from_seconds
from gammacore.domain.pricing.implied_volatility import implied_volatility
from gammacore.domain.pricing.option_model import DELTA_STEP, OptionGreeks


def option_greeks(contract: OptionContract, quote: Quote, spot: Decimal, seconds: float) -> OptionGreeks | None:
    """Greeks from the volatility the mid implies, `seconds` before settlement; None for a price no option can have.

    Rates and dividends are left out: over hours they move no delta by a share. A mid without time value has the greeks
    of its intrinsic value.

    >>> import datetime as dt
    >>> from gammacore.domain.instruments import REGISTRY
    >>> call = REGISTRY["SPY"].contract(dt.date(2026, 3, 3), Right.CALL, Decimal(600))
    >>> quote = Quote(Decimal("1.19"), Decimal("1.21"), dt.datetime(2026, 3, 3, 15, tzinfo=dt.UTC))
    >>> option_greeks(call, quote, Decimal(600), 4 * 3600).delta
    Decimal('0.50100...')
    """
    is_call = contract.right is Right.CALL
    if quote.mid >= (spot if is_call else contract.strike):
        return None
    terms = Terms.from_rates(spot, contract.strike, is_call, years_from_seconds(seconds))
    volatility = implied_volatility(float(quote.mid), terms)
    if np.isnan(volatility):
        in_the_money = contract.intrinsic(spot) > 0
        whole = Decimal((1 if is_call else -1) if in_the_money else 0)
        return OptionGreeks(whole, Decimal(0), Decimal(0), Decimal(0))
    figures = (black_scholes.delta, black_scholes.gamma, black_scholes.theta, black_scholes.vega)
    return OptionGreeks(*(Decimal(float(greek(terms, volatility))).quantize(DELTA_STEP) for greek in figures))


def until(close: dt.datetime, at: dt.datetime) -> GreeksByQuotes:
    """The model of a desk whose options all settle at `close`, `at` an instant before it."""
    left = (close - at).total_seconds()
    return lambda quoted, spot: [option_greeks(contract, quote, spot, left) for contract, quote in quoted]
