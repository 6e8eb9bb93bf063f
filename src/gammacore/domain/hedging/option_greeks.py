"""Greeks of options that settle today, by their own quotes: what a hedge is sized on.

Rules: DH-202, DH-204, DH-1004, SC-417.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from gammacore.domain.hedging.share_hedge import GreeksByQuotes, QuotedOption
from gammacore.domain.instruments import Exercise, Right
from gammacore.domain.pricing.option_model import ContractColumns, OptionGreeks, greeks_of


def option_greeks(quoted: Sequence[QuotedOption], spot: Decimal, seconds: float) -> list[OptionGreeks | None]:
    """Greeks from the volatility each mid implies, `seconds` before settlement; None for a price no option can have.

    Rates and dividends are left out: over hours they move no delta by a share. Without them no option is worth
    exercising early, so American ones are European, and the closed form has none of a tree's error (decision 0041). A
    mid without time value has the greeks of its intrinsic value.

    >>> import datetime as dt
    >>> from gammacore.domain.instruments import REGISTRY
    >>> from gammacore.domain.market import Quote
    >>> call = REGISTRY["SPY"].contract(dt.date(2026, 3, 3), Right.CALL, Decimal(600))
    >>> quote = Quote(Decimal("1.19"), Decimal("1.21"), dt.datetime(2026, 3, 3, 15, tzinfo=dt.UTC))
    >>> option_greeks([(call, quote)], Decimal(600), 4 * 3600)[0].delta
    Decimal('0.50100...')
    """
    if not quoted:
        return []
    columns = ContractColumns(
        [float(contract.strike) for contract, _ in quoted],
        np.array([contract.right is Right.CALL for contract, _ in quoted]),
        [max(0.0, seconds)] * len(quoted),
    )
    seen = greeks_of(Exercise.EUROPEAN, columns, [float(quote.mid) for _, quote in quoted], spot)
    found: list[OptionGreeks | None] = []
    for number, (contract, quote) in enumerate(quoted):
        row = seen.row(number)
        if quote.mid >= (spot if contract.right is Right.CALL else contract.strike):
            found.append(None)
        elif isinstance(row, OptionGreeks):
            found.append(row)
        else:
            whole = Decimal(1 if contract.right is Right.CALL else -1) if contract.intrinsic(spot) > 0 else Decimal(0)
            found.append(OptionGreeks(whole, Decimal(0), Decimal(0), Decimal(0)))
    return found


def model_of_today(seconds: float) -> GreeksByQuotes:
    """The model of a desk whose options all settle in `seconds`."""
    return lambda quoted, spot: option_greeks(quoted, spot, seconds)
