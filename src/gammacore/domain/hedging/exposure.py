"""Positions and the net they add up to, kept incrementally: an update costs the same with ten positions or thousands.

Contract-deltas and shares are two things: shares = delta × contracts × multiplier × ratio. Rules: DH-202..208, DH-221.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

from attrs import define, field

from gammacore.domain.hedging.hedge_ledger import HedgeShares
from gammacore.domain.hedging.universe import Listing

ZERO, ONE = Decimal(0), Decimal(1)
FIRST_UNIT = Decimal(100)


@define(eq=False)
class Holding:
    """One option position. `delta` None is unknown; `exposure` is delta × contracts × multiplier, before the ratio.

    `hedges` says that it was bought or sold to hedge the others: it counts in N, never in the unit. Rule: DH-804.
    """

    listing: Listing
    text: str
    contracts: int
    delta: Decimal | None
    born: dt.date
    price: Decimal | None = None
    gamma: Decimal | None = None
    theta: Decimal | None = None
    vega: Decimal | None = None
    exposure: Decimal = ZERO
    leftover: bool = False
    hedges: bool = False


@define(eq=False)
class UnderlyingPart:
    """What the options of one underlying add to a book: Σ delta × contracts × multiplier.

    `open_positions` counts those that are hedged, not those that hedge.
    """

    ratio: Decimal
    shares_per_contract: Decimal
    exposure: Decimal = ZERO
    open_positions: int = 0


@define(eq=False)
class HedgeBook:
    """Everything hedged by one share: options of its underlyings, and the shares themselves. Rule: DH-221.

    `total` is what the options add up to at the registry's ratios, shares.

    `unit` is D, shares per contract-delta: the smallest shares per contract among the open positions that are hedged,
    the last one when nothing is open, 100 before there was any. An option of SPY that hedges SPX leaves the threshold
    in contracts of SPX. Rule: DH-222. `hedges` are those of this session, `hedged_on` the
    event of the last one: an option and the shares beside it are one hedge.
    """

    share: str
    parts: dict[str, UnderlyingPart] = field(factory=dict)
    total: Decimal = ZERO
    shares: HedgeShares = field(factory=HedgeShares)
    unit: Decimal = FIRST_UNIT
    unknown_deltas: int = 0
    contracts: int = 0
    last_hedge_at: dt.datetime | None = None
    hedges: int = 0
    hedged_on: str = ""
    awaited_until: dt.datetime | None = None
    unusual_since: dt.datetime | None = None
    unusual_told: bool = False
    leftovers: set[str] = field(factory=set)

    def options_shares(self, ratio_of: Callable[[str, Decimal], Decimal] | None = None) -> Decimal:
        """Σ delta × contracts × multiplier × ratio, shares. `ratio_of` replaces the registry's ratio. Rule: DH-220."""
        if ratio_of is None:
            return self.total
        shares = (part.exposure * ratio_of(underlying, part.ratio) for underlying, part in self.parts.items())
        return sum(shares, ZERO)

    def put(self, holding: Holding) -> None:
        """Add a holding's contribution."""
        part = self.parts.get(holding.listing.underlying)
        if part is None:
            listing = holding.listing
            ratio = ONE if listing.ratio == ONE else listing.ratio
            part = self.parts[listing.underlying] = UnderlyingPart(ratio, listing.shares_per_contract)
        if holding.delta is None:
            holding.exposure = ZERO
            self.unknown_deltas += 1
        else:
            holding.exposure = holding.delta * (holding.contracts * holding.listing.multiplier)
            self._add(part, holding.exposure)
        self.contracts += abs(holding.contracts)
        if not holding.hedges:
            part.open_positions += 1
            if part.open_positions == 1:
                self._renew_unit()

    def take_out(self, holding: Holding) -> None:
        """Subtract a holding's contribution, exactly as it was added."""
        part = self.parts[holding.listing.underlying]
        if holding.delta is None:
            self.unknown_deltas -= 1
        else:
            self._add(part, -holding.exposure)
        self.contracts -= abs(holding.contracts)
        if not holding.hedges:
            part.open_positions -= 1
            if part.open_positions == 0:
                self._renew_unit()

    def revise(self, holding: Holding, contracts: int, delta: Decimal | None) -> None:
        """Replace a holding's quantity and delta; the common case of `take_out` and `put` in one."""
        if holding.delta is None or delta is None:
            self.take_out(holding)
            holding.contracts, holding.delta = contracts, delta
            self.put(holding)
            return
        listing = holding.listing
        exposure = delta * (contracts * listing.multiplier)
        part, change = self.parts[listing.underlying], exposure - holding.exposure
        part.exposure += change  # as `_add` does
        self.total += change if part.ratio is ONE else change * part.ratio
        if contracts != holding.contracts:
            self.contracts += abs(contracts) - abs(holding.contracts)
        holding.contracts, holding.delta, holding.exposure = contracts, delta, exposure

    def _add(self, part: UnderlyingPart, exposure: Decimal) -> None:
        part.exposure += exposure
        self.total += exposure if part.ratio is ONE else exposure * part.ratio

    def _renew_unit(self) -> None:
        self.unit = min(
            (part.shares_per_contract for part in self.parts.values() if part.open_positions), default=self.unit
        )
