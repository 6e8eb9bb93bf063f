"""Which keys a sweep of a strategy may vary: those that something reads on a day of a study. Rules: ST-501, ST-803."""

from __future__ import annotations

from collections.abc import Iterable

from gammacore.configuration import Configuration, OwnStrategy, Settings, StrategyName
from gammacore.configuration.layers import NOT_PART_OF_A_DECISION
from gammacore.configuration.settings import flatten, nearest
from gammacore.errors import ConfigurationError

OF_EVERY_DESK = ("gex.", "broker.", "limits.", "orders.", "account.pause_file", "trade.strategy", "breaker.")
_SHARES = ("scalping.quotes.", "scalping.volatility.", "scalping.runner.")
OF_DESK: dict[StrategyName, tuple[str, ...]] = {
    StrategyName.CREDIT_SPREAD: ("entries.", "sizing.", "stops.", "protective_stop.", "underlyings."),
    StrategyName.DELTA_HEDGE: ("hedging.", "straddle.", "guards.", "releases.", "sizing.starting_capital",
                               "underlyings."),
    StrategyName.ST0CKA: ("scalping.st0cka.", *_SHARES, "sizing.starting_capital", "underlyings."),
    StrategyName.ST0CKG: ("scalping.st0ckg.", *_SHARES, "sizing.starting_capital", "underlyings."),
    StrategyName.GAMMA_SCALPING: ("scalping.gamma.", *_SHARES, "sizing.starting_capital", "underlyings."),
    StrategyName.HYBRID: ("scalping.", "sizing.starting_capital", "underlyings."),
}  # fmt: skip
"""Sections each desk reads besides; a user's own strategy may read any."""
OF_THE_DAYS = ("market.date", "market.source", "market.underlying")
"""What the days of a sweep are given by: one market for all configurations."""
OF_A_SIMULATION = ("market.seed", "market.step_seconds", "market.mood", "market.share_quotes", "market.start_price")
OF_THE_MARKET = ("market.vix", "market.quote_age_steps", *OF_A_SIMULATION)


def refuse_unread(configuration: Configuration, keys: Iterable[str]) -> None:
    """Refuse a swept key that does not exist, or that nothing reads on these days.

    Raises:
        ConfigurationError: names the key and the nearest one, or who would read it.
    """
    settings = configuration.settings
    known = dict(flatten(Settings()))
    for key in keys:
        if key not in known and not key.startswith(("underlyings.", "broker.fees.by_root.")):
            raise ConfigurationError(f"--set {key}: no such key{nearest(key, known)}; `gammacore config init` has all")
        if key in OF_THE_DAYS:
            raise ConfigurationError(f"--set {key}: the days of a sweep are one market's; give --market, --underlying, "
                                     "--from and --to")  # fmt: skip
        if not _is_read(settings, key):
            raise ConfigurationError(
                f"--set {key}: nothing reads it on a day of {settings.trade.strategy} from {settings.market.source}, "
                "so every value would give the same; leave it out"
            )


def _is_read(settings: Settings, key: str) -> bool:
    if key.startswith("market."):
        simulated = settings.market.source == "simulated"
        return key in OF_THE_MARKET and (simulated or key not in OF_A_SIMULATION)
    if key.startswith(NOT_PART_OF_A_DECISION):
        return False
    strategy = settings.trade.strategy
    if isinstance(strategy, OwnStrategy):
        return True
    return key.startswith((*OF_EVERY_DESK, *OF_DESK[strategy]))
