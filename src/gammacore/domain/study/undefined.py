"""Why a figure does not exist: it is null and its code stands beside it, never NaN, infinity or 0. Rule: ST-005."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from attrs import field, frozen


class Undefined(StrEnum):
    """The reason a figure is null."""

    NO_TRADES = "no_trades"
    ONE_TRADE = "one_trade"
    NO_WINS = "no_wins"
    NO_LOSSES = "no_losses"
    ZERO_VARIANCE = "zero_variance"
    NO_DRAWDOWN = "no_drawdown"
    NOT_RECOVERED = "not_recovered"
    """The equity never came back to the peak before the fall."""
    DATES_UNKNOWN = "dates_unknown"
    ONE_DAY = "one_day"
    FEW_DAYS = "few_days"
    """Fewer sessions than a yearly rate is worth being computed from. Rule: ST-306."""
    NO_EQUITY = "no_equity"
    """The balance was 0 or below: no return on it exists."""
    TIMES_UNKNOWN = "times_unknown"
    NO_MARKS = "no_marks"
    """No quotes of its life: MAE, MFE and the mids of its fills. Rules: ST-308, ST-310."""
    ONE_RUN = "one_run"
    OTHER_HORIZON = "other_horizon"
    """Paths of another number of trades than the record's: its own end has no rank among theirs."""


Codes = Mapping[str, Undefined]
"""Name of a figure that is null to the reason."""


@frozen
class Collected:
    """Codes as they come up while figures are computed."""

    codes: dict[str, Undefined] = field(factory=dict)

    def null(self, name: str, code: Undefined) -> None:
        """The figure of this name is null for this reason; the first reason stands."""
        self.codes.setdefault(name, code)


def prefixed(prefix: str, codes: Codes) -> dict[str, Undefined]:
    """The same figures under a longer name.

    >>> prefixed("net", {"payoff": Undefined.NO_WINS})
    {'net.payoff': <Undefined.NO_WINS: 'no_wins'>}
    """
    return {f"{prefix}.{name}": code for name, code in codes.items()}
