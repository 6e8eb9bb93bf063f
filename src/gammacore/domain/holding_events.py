"""The ledger's events of what is held: adopted, watched, closing, settled, adjusted, booked, and hedged or not."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from attrs import field, frozen

from gammacore.domain.holdings.holding import Origin
from gammacore.domain.holdings.plans import EntryTerms, SpreadTerms, Watch
from gammacore.domain.holdings.policy import StopPolicy


@frozen
class PolicyRecorded:
    """A stop policy under the id that plans refer to it by; written once, before the first of them."""

    at: dt.datetime
    id: str
    policy: StopPolicy


@frozen
class HoldingAdopted:
    """Something held that no order of this ledger opened is ours from now on. CS-017, CS-413, CS-573..575, SC-452.

    `symbols` are signed contracts and shares; `price` points received for one spread, or paid for each of the symbols
    where it is none; `prices` where each has its own, and `price` is then that of all options together. `opened_at` is
    when it was acquired, so that no grace begins anew (where unknown, the start of its day: every grace is over).
    `watch` is what the rules already remembered, `terms` what is fixed now. `policy` stands here in records from before
    policies were recorded by themselves.
    """

    at: dt.datetime
    holding: str
    owner: str
    underlying: str
    origin: Origin
    symbols: dict[str, int]
    price: Decimal
    opened_at: dt.datetime
    contracts: int = 0
    spread: SpreadTerms | None = None
    watch: Watch | None = None
    policy: StopPolicy | None = None
    prices: dict[str, Decimal] = field(factory=dict)
    terms: EntryTerms | None = None


@frozen
class WatchChanged:
    """What the rules remember of a holding has changed."""

    at: dt.datetime
    holding: str
    watch: Watch


@frozen
class CloseDecided:
    """A rule decided to close: which, and with what numbers; it is `closing` until the broker shows it flat."""

    at: dt.datetime
    holding: str
    reason: str
    value: Decimal | None
    detail: str


@frozen
class SettlementAwaited:
    """A holding has expired and there is no official price yet; `expired` False takes that back. Rules: CS-528, R7.

    It is taken back where its session is open: the clock was wrong when it counted as expired.
    """

    at: dt.datetime
    holding: str
    expired: bool = True


@frozen
class SharesDelivered:
    """Assignment or exercise of a spread moved shares: signed quantity at the strike, a holding of their own. CS-529.

    `basis` is the settlement price: the loss up to it is the option position's, what follows is the shares'.
    """

    at: dt.datetime
    holding: str
    symbol: str
    shares: int
    strike: Decimal
    basis: Decimal

    @property
    def new_holding(self) -> str:
        """The id that the shares are held under."""
        return f"shares-{self.holding}"


@frozen
class HoldingSettled:
    """Options of a holding expired: `quantity` signed contracts at their worth, points; shares that moved with it.

    `price` is the settlement price of the underlying, at which delivered `shares` are taken in. Rules: CS-521, CS-529.
    """

    at: dt.datetime
    holding: str
    symbol: str
    quantity: int
    worth: Decimal
    underlying: str
    shares: int
    price: Decimal
    estimated: bool


@frozen
class HoldingAdjusted:
    """The broker holds less of a holding than its fills brought, or shows what was missing again: `change` signed.

    `price` points: what the broker's orders show, a guess that makes no gain and no loss (`is_guess`), or None: counted
    at its worst until it is settled. A change the other way takes an earlier one back. Rules: R5, CS-572.
    """

    at: dt.datetime
    holding: str
    symbol: str
    change: int
    price: Decimal | None
    detail: str
    is_guess: bool = False


@frozen
class HoldingClosed:
    """A holding is over: booked exactly once. Rules: CS-561..564.

    `options`, `shares` and `fees` are gross dollars for the whole holding. Of a trade of the record (`is_trade`: a
    spread) `contracts` were closed at `exit_value` points each. `settlement_price` and `estimated` are set when it
    settled, or was closed at a price that is not known.
    """

    at: dt.datetime
    holding: str
    reason: str
    options: Decimal
    shares: Decimal
    fees: Decimal
    is_trade: bool
    contracts: int = 0
    exit_value: Decimal = Decimal(0)
    settlement_price: Decimal | None = None
    estimated: bool = False

    @property
    def gross(self) -> Decimal:
        return self.options + self.shares

    @property
    def per_contract(self) -> Decimal:
        return self.gross / self.contracts if self.contracts else Decimal(0)


@frozen
class DifferenceSeen:
    """The broker shows `change` signed contracts or shares more than the book expects, not judged yet; 0: no more.

    Written when a difference is first seen, so that since when survives a restart. Records from before differences were
    written by symbol name a holding that was absent altogether. Rule: CS-572.
    """

    at: dt.datetime
    symbol: str
    change: int
    holding: str


@frozen
class BookGreeks:
    """Σ greek × contracts × multiplier of the options of a book. Rule: DH-1004.

    `gamma` in shares a point, `theta` in dollars a calendar day, `vega` in dollars a volatility point; `missing` counts
    the options whose greeks are unknown and count 0.
    """

    gamma: Decimal
    theta: Decimal
    vega: Decimal
    missing: int = 0


@frozen
class HedgeDecided:
    """What the hedging desk decided for a holding: a hedge of signed `shares`, or none (0) and why. Rule: DH-611.

    `net_shares` is the delta before it in shares, hedge shares in flight included; `unit` shares per contract-delta;
    `threshold` in contract-deltas; prices in points, `hedge_price` that of the hedge share at the decision. A "no" is
    journaled when its reason changes, or when the delta begins or ceases to be unusual; `unusual_since` is the first
    decision at which it was. Rules: DH-1004, DH-1005.
    """

    at: dt.datetime
    holding: str
    reason: str
    symbol: str
    shares: int
    net_shares: Decimal
    unit: Decimal
    threshold: Decimal
    gex: Decimal | None
    gex_status: str
    underlying_price: Decimal | None
    hedge_price: Decimal | None
    ratio: Decimal
    greeks: BookGreeks | None = None
    unusual_since: dt.datetime | None = None

    @property
    def delta_before(self) -> Decimal:
        """Contract-deltas."""
        return self.net_shares / self.unit

    @property
    def delta_after(self) -> Decimal:
        """Contract-deltas once the hedge is filled."""
        return (self.net_shares + self.shares) / self.unit


HoldingEvent = (
    PolicyRecorded
    | HoldingAdopted
    | WatchChanged
    | CloseDecided
    | SettlementAwaited
    | SharesDelivered
    | HoldingSettled
    | HoldingAdjusted
    | HoldingClosed
    | DifferenceSeen
    | HedgeDecided
)
"""Every kind of event of a holding."""
