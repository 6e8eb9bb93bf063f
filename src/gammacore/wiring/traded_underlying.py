"""What an underlying must be before a day is traded in it: described, it may still not fit the desks. Rule: CS-001."""

from __future__ import annotations

from gammacore.configuration import Settings
from gammacore.configuration.settings import UNDERLYINGS
from gammacore.domain.instruments import (
    EQUITY_OPTION_MULTIPLIER,
    UNDERLYING_OF_ROOT,
    SettlementTime,
    Underlying,
    settlement_time,
)
from gammacore.errors import ConfigurationError
from gammacore.wiring.strategies import spec_of


def refuse_untradable(settings: Settings, underlying: Underlying) -> None:
    """Refuse what would be traded and booked wrongly.

    Raises:
        ConfigurationError: another multiplier than the desks count with, a root that is another's or settles in the
            morning, or nothing to hedge with where the strategy hedges.
    """
    at, root = f"{UNDERLYINGS}{underlying.symbol}", underlying.option_root
    if underlying.multiplier != EQUITY_OPTION_MULTIPLIER:
        raise ConfigurationError(
            f"{at}.multiplier: {underlying.multiplier} is for `gex` and `gammacore hedge`; a day "
            f"is booked at {EQUITY_OPTION_MULTIPLIER} dollars a point (CS-001), leave it out"
        )
    if (owner := UNDERLYING_OF_ROOT.get(root, underlying.symbol)) != underlying.symbol:
        raise ConfigurationError(f"{at}.option_root: {root} is a root of {owner}; give that of {underlying.symbol}'s "
                                 f"0DTE contracts, or trade {owner}")  # fmt: skip
    if settlement_time(root) is SettlementTime.AM:
        raise ConfigurationError(f"{at}.option_root: {root} settles at the open and is never 0DTE; leave it out")
    if spec_of(settings.trade.strategy).hedges_in_shares and not underlying.hedge_share:
        shares = "the shares that follow it" if underlying.cash_settled else f'"{underlying.symbol}", its own shares'
        raise ConfigurationError(f"{at}.hedge_share: none is given, and {settings.trade.strategy} hedges with it; "
                                 f"give {shares} (DH-220)")  # fmt: skip
