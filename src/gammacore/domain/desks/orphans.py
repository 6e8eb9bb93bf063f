"""Orphans: spreads the broker holds that are in no book; who ordered them tells ours from another trader's.

Pure. What pairs into verticals and was sold for a credit by our own orders is adopted; the rest is quarantined.
Rules: CS-573..575.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from itertools import count

from attrs import evolve, frozen

from gammacore.domain.dollars import CENT
from gammacore.domain.holding_events import HoldingAdopted
from gammacore.domain.holdings.holding import SPREADS, Origin
from gammacore.domain.holdings.plans import SpreadTerms, policy_id
from gammacore.domain.holdings.policy import StopPolicy
from gammacore.domain.instruments import (
    EQUITY_OPTION_MULTIPLIER,
    UNDERLYING_OF_ROOT,
    OptionContract,
    Right,
    Side,
    contract_of,
    parse_occ,
)
from gammacore.domain.legs import LegFill
from gammacore.domain.orders import OrderReport, mark_of_id
from gammacore.domain.parameters import parameter
from gammacore.domain.spreads import CreditSpread, Vertical
from gammacore.domain.words import Confidence, Direction, StrategyTag

ORPHAN_TARGET = Decimal("0.50")
"""Profit that is enough for an orphan, part of its credit, all day long. Rule: CS-575."""


class Adopt(StrEnum):
    """Whose spreads become ours when no book has them: those our orders opened, or all. Rule: CS-574."""

    OURS = "ours"
    ALL = "all"


REPORTED_AFTER = dt.timedelta(seconds=60)
"""So long after it began a difference that is not judged yet is reported (ours)."""


@frozen
class ReconcileRules:
    """What is done with contracts at the broker that are in no book. Rule: CS-574."""

    adopt: Adopt = parameter(Adopt.OURS, "Unknown verticals that are adopted: ours (by client id) or all.")
    absence_seconds: int = parameter(
        360,
        "What a real broker shows of ours too little counts as gone once it was so for this long, seconds.",
        at_least=0,
    )
    cover_seconds: int = parameter(
        30, "A short that a real broker shows without its cover is bought back after this long, seconds.", at_least=0
    )

    lineages: tuple[str, ...] = parameter(
        (), "Marks of earlier ledgers of yours at this account, whose orders count as ours: 8 letters of a client id."
    )

    @property
    def patience(self) -> dt.timedelta:
        """After so long a difference is no longer a broker's slowness. Rule: CS-572."""
        return max(REPORTED_AFTER, dt.timedelta(seconds=self.absence_seconds))

    def is_ours(self, order_id: str, mine: str) -> bool:
        """Whether a ledger of this account made the id: the one whose mark is `mine`, or an earlier one. CS-574."""
        return mark_of_id(order_id) in (mine, *self.lineages)

    def is_of_another_host(self, order_id: str, mine: str) -> bool:
        """Whether gammacore made the id, for another ledger than ours: never adopted. Decision 0033."""
        return mark_of_id(order_id) is not None and not self.is_ours(order_id, mine)

    def counts(self, report: OrderReport, mine: str) -> bool:
        """Whether the fills of this order can make a spread ours."""
        if self.adopt is Adopt.ALL:
            return not self.is_of_another_host(report.id, mine)
        return self.is_ours(report.id, mine)


OURS_ONLY = ReconcileRules()


@frozen
class OrphanSearch:
    """What was found among unknown contracts: spreads to adopt, shorts of ours that nothing covers, and the `rest`.

    `rest` are signed contracts by symbol that stay in quarantine; `naked` are no part of it.
    """

    adopted: tuple[HoldingAdopted, ...]
    naked: tuple[AcquiredLeg, ...]
    rest: Mapping[str, int]


@frozen
class AcquiredLeg:
    """Unknown contracts that orders account for: signed, at their average price in points, complete since `at`."""

    contract: OptionContract
    held: int
    price: Decimal
    at: dt.datetime

    @property
    def cost(self) -> Decimal:
        """Signed cost basis, dollars: paid for longs is positive, received for shorts negative."""
        return self.held * self.price * EQUITY_OPTION_MULTIPLIER


def credit_of_costs(costs: Iterable[Decimal], contracts: int) -> Decimal:
    """Credit in points of legs with these signed costs in dollars: -Σ cost / (100 × contracts). Rule: CS-575.

    >>> credit_of_costs([Decimal(1320), Decimal(-2100)], contracts=1)
    Decimal('7.8')
    """
    return -sum(costs, Decimal(0)) / (EQUITY_OPTION_MULTIPLIER * contracts)


def find_orphans(
    unknown: Mapping[str, int],
    reports: Iterable[OrderReport],
    *,
    at: dt.datetime,
    rules: ReconcileRules,
    mine: str,
    policy: StopPolicy,
    taken: Container[str],
    roots: Mapping[str, str] = UNDERLYING_OF_ROOT,
) -> OrphanSearch:
    """Pair unknown contracts into verticals that were sold for a credit; a condor becomes two. Rules: CS-573..575.

    `unknown` are signed contracts per OCC symbol that no book explains, `reports` the broker's orders that no book
    knows, `mine` the mark of this ledger's client ids, `taken` the names of positions there are already, `roots` the
    underlying of each option root. Contracts that these orders do not account for are another trader's and stay in the
    rest.
    """
    reports = list(reports)
    counted = [report for report in reports if rules.counts(report, mine)]
    contracts = {symbol: parse_occ(symbol, dict(roots)) for symbol in unknown}
    legs = [leg for symbol, held in unknown.items() if (leg := _acquired(contracts[symbol], held, counted)) is not None]
    pairs = [(short, long) for short, long in _pairs(legs) if 0 < _credit(short, long) < _vertical(short, long).width]
    adopted: list[HoldingAdopted] = []
    for short, long in pairs:
        used = {event.holding for event in adopted}
        name = next(name for name in _names(short.contract) if name not in taken and name not in used)
        adopted.append(_adopted(name, short, long, at, policy))
    naked = _naked(unknown, contracts, legs, [report for report in reports if rules.is_ours(report.id, mine)])
    return OrphanSearch(tuple(adopted), naked, _rest(unknown, adopted, naked))


def _acquired(contract: OptionContract, held: int, reports: Iterable[OrderReport]) -> AcquiredLeg | None:
    """The part of a holding that these orders brought, net of what they traded away again; None when there is none."""
    side = Side.BUY if held > 0 else Side.SELL
    fills = [(fill, report.at) for report in reports for fill in report.execution.legs if fill.symbol == contract.occ]
    opening = [(fill, when) for fill, when in fills if fill.side is side]
    opened = sum(fill.quantity for fill, _ in opening)
    brought = min(abs(held), 2 * opened - sum(fill.quantity for fill, _ in fills))
    if brought <= 0:
        return None
    price = _average_price([fill for fill, _ in opening])
    return AcquiredLeg(contract, side.sign * brought, price, max(when for _, when in opening))


def _average_price(fills: Sequence[LegFill]) -> Decimal:
    paid = sum((fill.price * fill.quantity for fill in fills), Decimal(0))
    return paid / sum(fill.quantity for fill in fills)


def _pairs(legs: Sequence[AcquiredLeg]) -> list[tuple[AcquiredLeg, AcquiredLeg]]:
    """Each short with the nearest further-out long of equal quantity, the narrowest pair first. Rule: CS-573."""
    possible = [(short, long) for short in legs for long in legs if _covers(short, long)]
    possible.sort(key=lambda pair: (_vertical(*pair).width, pair[0].contract.occ))
    paired: set[str] = set()
    pairs = []
    for short, long in possible:
        if paired.isdisjoint((short.contract.occ, long.contract.occ)):
            paired |= {short.contract.occ, long.contract.occ}
            pairs.append((short, long))
    return sorted(pairs, key=lambda pair: pair[0].contract.occ)


def _naked(
    unknown: Mapping[str, int],
    contracts: Mapping[str, OptionContract],
    legs: Iterable[AcquiredLeg],
    ours: Sequence[OrderReport],
) -> tuple[AcquiredLeg, ...]:
    """What our own orders sold short and bought no cover for, once none of those orders works any more. Rule: CS-574.

    A long among the `legs` may be a cover too. Where our orders did buy one and the broker does not show it, its answer
    may lag: the short is left in quarantine.
    """
    fills = [fill for report in ours for fill in report.execution.legs]
    moving = {fill.symbol for report in ours if not report.state.is_final for fill in report.execution.legs}
    bought: dict[str, int] = {}
    for fill in fills:
        bought[fill.symbol] = bought.get(fill.symbol, 0) + fill.side.sign * fill.quantity
    longs = (contract_of(symbol) for symbol, held in bought.items() if held > 0)
    covers = [contract for contract in longs if contract is not None]  # shares that our orders bought cover no option
    covers += [leg.contract for leg in legs if leg.held > 0]
    sold = (_acquired(contracts[symbol], held, ours) for symbol, held in unknown.items() if held < 0)
    return tuple(
        leg
        for leg in sold
        if leg is not None
        and leg.contract.occ not in moving
        and not any(_same_series(leg.contract, cover) for cover in covers)
    )


def _same_series(one: OptionContract, other: OptionContract) -> bool:
    return (one.root, one.expiry, one.right) == (other.root, other.expiry, other.right)


def _covers(short: AcquiredLeg, long: AcquiredLeg) -> bool:
    sold, bought = short.contract, long.contract
    if not _same_series(sold, bought):
        return False
    further = bought.strike > sold.strike if sold.right is Right.CALL else bought.strike < sold.strike
    return short.held < 0 and long.held == -short.held and further


def _vertical(short: AcquiredLeg, long: AcquiredLeg) -> Vertical:
    return Vertical(short=short.contract, long=long.contract)


def _credit(short: AcquiredLeg, long: AcquiredLeg) -> Decimal:
    return credit_of_costs((short.cost, long.cost), long.held)


def _names(contract: OptionContract) -> Iterator[str]:
    return (f"{contract.underlying}-{contract.expiry:%Y%m%d}-orphan-{number}" for number in count(1))


def _adopted(
    name: str, short: AcquiredLeg, long: AcquiredLeg, at: dt.datetime, policy: StopPolicy
) -> HoldingAdopted:  # fmt: skip
    """An orphan's confidence is asked for by no rule: its target is fixed. Its pin and VIX are not known."""
    credit, acquired_at = _credit(short, long), max(short.at, long.at)
    is_call = short.contract.right is Right.CALL
    terms = SpreadTerms(
        strategy=StrategyTag.CALL_SPREAD if is_call else StrategyTag.PUT_SPREAD,
        direction=Direction.BEARISH if is_call else Direction.BULLISH,
        confidence=Confidence.MEDIUM,
        expected_credit=credit,
        price=short.contract.strike,
        pin=Decimal(0),
        vix=Decimal(0),
        scheduled_at=acquired_at,
        policy=policy_id(orphan_policy(policy)),
        spread=CreditSpread((_vertical(short, long),)),
    )
    return HoldingAdopted(
        at, name, SPREADS, short.contract.underlying, Origin.ORPHAN,
        {leg.contract.occ: leg.held for leg in (short, long)}, credit, acquired_at, long.held, terms,
    )  # fmt: skip


def orphan_policy(policy: StopPolicy) -> StopPolicy:
    """The active stops with a fixed target; sold at a distance of 0 it is never held for settlement. Rule: CS-575."""
    return evolve(
        policy,
        fixed_target=ORPHAN_TARGET,
        time_weighted_targets=False,
        hold_distance=max(policy.hold_distance, CENT),  # a distance of 0 may be all that is configured
    )


def _rest(
    unknown: Mapping[str, int], adopted: Iterable[HoldingAdopted], naked: Iterable[AcquiredLeg]
) -> dict[str, int]:
    ours = {symbol: held for event in adopted for symbol, held in event.symbols.items()}
    ours |= {leg.contract.occ: leg.held for leg in naked}
    left = {symbol: held - ours.get(symbol, 0) for symbol, held in unknown.items()}
    return {symbol: held for symbol, held in left.items() if held}
