"""What is hedged: symbols and their books, option positions, hedge shares, and the net they add up to.

The net is kept incrementally: an update costs the same with ten positions or thousands. Contract-deltas and shares are
two things: shares = delta × contracts × multiplier × ratio. Rules: DH-202..207, DH-220, DH-221, DH-240..243, section 0.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from attrs import define, evolve, field, frozen

from gammacore.domain.hedging.settings import HedgingSettings
from gammacore.domain.holdings.lots import Lots
from gammacore.domain.instruments import REGISTRY, OptionContract, Underlying
from gammacore.domain.option_symbols import FIX, may_be_a_share, read_option_symbol
from gammacore.errors import InvalidInput

REMEMBERED = 100_000
"""Symbol texts looked up before the memory of them starts anew."""


class UnreadSymbol(InvalidInput):
    """A quantity of what is neither an option in any spelling nor a share. Rule: DH-205."""

    def __init__(self, text: str, quantity: int) -> None:
        position = f"a position of {quantity:+d} in it could be neither hedged nor closed"
        super().__init__("symbol", ascii(text), f"{FIX}, or the ticker of a share: {position}")


@frozen
class Listing:
    """One symbol as the desk treats it.

    `key` is the OCC symbol of an option, else the text without blanks; `book` the hedge share of its underlying, None
    where none is configured; `ratio` index points per share point; `shares_per_contract` multiplier × ratio, shares one
    delta of 1 is worth. `unread`: neither an option in any spelling nor a share, so that a quantity of it could be
    neither hedged nor closed.
    """

    key: str
    underlying: str
    book: str | None
    ratio: Decimal
    multiplier: int
    forms_position: bool
    expiry: dt.date | None = None
    contract: OptionContract | None = None
    unread: bool = False

    @property
    def may_hedge(self) -> bool:
        """Whether it is an option on a hedge share itself, which its book can be hedged with. Section 8."""
        return self.contract is not None and self.underlying == self.book

    @property
    def shares_per_contract(self) -> Decimal:
        return self.multiplier * self.ratio


class Universe:
    """Looks symbols up in the registry; the answers are remembered.

    >>> spx = Universe(HedgingSettings()).listing("SPXW  251230C06900000")
    >>> spx.key, spx.underlying, spx.book, spx.shares_per_contract
    ('SPXW251230C06900000', 'SPX', 'SPY', Decimal('1000'))
    """

    def __init__(self, settings: HedgingSettings, underlyings: Mapping[str, Underlying] | None = None) -> None:
        self._settings = settings
        self._underlyings = {**REGISTRY, **(underlyings or {})}
        self._roots = {entry.option_root: symbol for symbol, entry in self._underlyings.items()}
        self._roots.update({symbol: symbol for symbol in self._underlyings})
        self._hedge_shares = {entry.hedge_share for entry in self._underlyings.values() if entry.hedge_share}
        self._known: dict[str, Listing] = {}

    def listing(self, text: str) -> Listing:
        """What a symbol as received is; all spellings of a contract are one. Section 1.1."""
        found = self._known.get(text)
        if found is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            found = self._known[text] = self._look_up(text)
        return found

    @property
    def hedge_shares(self) -> frozenset[str]:
        """The shares that anything is hedged with."""
        return frozenset(self._hedge_shares)

    def _look_up(self, text: str) -> Listing:
        try:
            contract = read_option_symbol(text, self._roots)
        except InvalidInput:
            return self._not_an_option("".join(text.split()), unread=not may_be_a_share(text))
        book, ratio, multiplier = self._terms(contract.underlying)
        return Listing(
            contract.occ, self._settings.one_book or contract.underlying, book, ratio, multiplier,
            forms_position=True, expiry=contract.expiry, contract=contract,
        )  # fmt: skip

    def _not_an_option(self, key: str, *, unread: bool) -> Listing:
        """An underlying, a hedge share, or (in the profiles of comparison) anything that may have a delta."""
        if not self._settings.any_symbol and key.upper() in self._underlyings.keys() | self._hedge_shares:
            key, unread = key.upper(), False
        one_book = self._settings.one_book
        if one_book:
            book, ratio, multiplier = self._terms(key)
            forms_position = self._settings.any_symbol
            return Listing(
                key, one_book, book, ratio, multiplier, forms_position, unread=unread and not forms_position
            )  # fmt: skip
        if key in self._underlyings:
            book, ratio, multiplier = self._terms(key)
            return Listing(key, key, book, ratio, multiplier, forms_position=False)
        own_book = key if key in self._hedge_shares else None
        return Listing(key, key, own_book, Decimal(1), self._multiplier(None), forms_position=False, unread=unread)

    def _terms(self, underlying: str) -> tuple[str | None, Decimal, int]:
        """Book, ratio and multiplier of an underlying's options. Rule: DH-220."""
        entry = self._underlyings.get(underlying)
        multiplier = self._multiplier(entry)
        if self._settings.one_book:
            return self._settings.one_book, Decimal(1), multiplier
        if entry is None or not entry.hedge_share:
            return None, Decimal(1), multiplier
        return entry.hedge_share, entry.hedge_ratio, multiplier

    def _multiplier(self, entry: Underlying | None) -> int:
        if self._settings.multiplier is not None:
            return self._settings.multiplier
        return self._settings.multiplier_default if entry is None else entry.multiplier


@define(eq=False)
class HedgeShares:
    """Hedge shares of one book: their lots, what they have earned and cost, dollars. Rule: DH-243.

    `filled` also counts what a profile of comparison takes for filled on emission, without a lot. `working` are the
    intents of this session that may still be filled.

    >>> shares = HedgeShares()
    >>> shares.fill(-100, Decimal(500)); shares.fill(150, Decimal(499))
    >>> shares.filled, shares.realised, shares.open_profit(Decimal(500))
    (50, Decimal('100'), Decimal('50'))
    """

    filled: int = 0
    in_flight: int = 0
    fees: Decimal = Decimal(0)
    slippage: Decimal = Decimal(0)
    working: set[str] = field(factory=set)
    lots: Lots = Lots("hedge shares", 1)

    @property
    def held(self) -> int:
        """Filled and in flight: what exposure counts. Rule: DH-240."""
        return self.filled + self.in_flight

    @property
    def is_flat(self) -> bool:
        """Nothing filled, and no order of this session that may still be: opposite ones in flight are not flat."""
        return not (self.filled or self.in_flight or self.working)

    @property
    def realised(self) -> Decimal:
        """Dollars, gross."""
        return self.lots.realised

    def fill(self, shares: int, price: Decimal) -> None:
        """Take signed shares in at a price, points."""
        self.filled += shares
        self.lots = self.lots.traded(shares, price)

    def open_profit(self, price: Decimal) -> Decimal:
        """What the open lots would earn at a price, dollars."""
        return self.lots.open_profit(price)

    def forget(self) -> None:
        """Start from nothing: the shares are no longer counted."""
        self.filled = self.in_flight = 0
        self.working.clear()
        self.lots = evolve(self.lots, lots=())


ZERO, ONE = Decimal(0), Decimal(1)
FIRST_UNIT = Decimal(100)


Greeks = tuple[Decimal | None, Decimal | None, Decimal | None]
"""Gamma, theta and vega per contract; None is unknown."""


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

    @property
    def greeks(self) -> Greeks:
        return self.gamma, self.theta, self.vega


@frozen
class GreekSums:
    """Σ greek × contracts × multiplier of positions; a missing greek counts 0 and is counted. Rule: DH-1004.

    `missing` counts greeks, `incomplete` positions that lack one or more.
    """

    gamma: Decimal
    theta: Decimal
    vega: Decimal
    missing: int
    incomplete: int


def sum_greeks(holdings: Iterable[Holding]) -> GreekSums:
    """The greeks of positions added up."""
    gamma = theta = vega = ZERO
    missing = incomplete = 0
    for one in holdings:
        size = one.contracts * one.listing.multiplier
        gamma += ZERO if one.gamma is None else one.gamma * size
        theta += ZERO if one.theta is None else one.theta * size
        vega += ZERO if one.vega is None else one.vega * size
        lacking = (one.gamma is None) + (one.theta is None) + (one.vega is None)
        missing += lacking
        incomplete += lacking > 0
    return GreekSums(gamma, theta, vega, missing, incomplete)


def net_shares(options: Decimal, hedges: Decimal | int, counts_hedges: bool) -> Decimal:
    """N: what the options add up to, and the hedges, filled and in flight, where they count; shares. Rule: DH-221."""
    return options + hedges if counts_hedges else options


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
    unusual_reported: bool = False
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
