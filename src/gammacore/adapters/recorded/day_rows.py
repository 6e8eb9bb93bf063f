"""What the rows of one underlying and day give, from however many tables they come."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

from attrs import define, field

from gammacore.adapters.recorded.chain_columns import ChainColumns, Contract
from gammacore.adapters.recorded.market import Intake, Seen, Track
from gammacore.domain.instruments import Underlying

InterestAt = Callable[[str, Contract, float], float]
"""(root, contract, seconds since the epoch) -> open interest known by then, contracts."""


@define
class DayRows:
    """What the rows of one underlying and New York date give, from however many tables they come."""

    underlying: Underlying
    date: dt.date
    until: dt.date | None = None
    interest: InterestAt | None = None
    intake: Intake = field(factory=Intake, init=False)
    chains: ChainColumns = field(init=False)
    spots: dict[dt.datetime, Decimal] = field(factory=dict, init=False)
    dates: set[dt.date] = field(factory=set, init=False)
    underlyings: set[str] = field(factory=set, init=False)
    maps: list[str] = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        self.chains = ChainColumns(self.underlying.symbol)

    def spot_track(self) -> Track[Seen | None]:
        return Track.of((at, Seen(price, at)) for at, price in self.spots.items())

    def why_empty(self) -> str:
        if self.underlyings and self.underlying.symbol not in self.underlyings:
            return f"no rows of {self.underlying.symbol}; the table holds {', '.join(sorted(self.underlyings))}"
        if self.dates and self.date not in self.dates:
            there = sorted(self.dates)
            listed = ", ".join(map(str, there)) if len(there) < 13 else f"{len(there)} dates up to {there[-1]}"
            return f"no rows of {self.date}; the table holds {listed}"
        return f"no usable row of {self.underlying.symbol} on {self.date}: {self.intake}"
