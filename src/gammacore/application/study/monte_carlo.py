"""Simulate the equity of a record: draw trades from it, trade them by a sizing policy, many times. ST-401..412."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import accumulate
from typing import Protocol

import numpy as np
from attrs import evolve, field, frozen
from numpy.typing import NDArray

from gammacore.domain.columns import Floats
from gammacore.domain.sizing.on_paths import Codes, PathSizing, PolicyKind, TradeTerms
from gammacore.domain.sizing.policies import SizingRules
from gammacore.domain.study.draws import Drawing, DrawKind, DrawMode, has_dates
from gammacore.domain.study.equity import (
    FIRST,
    Distribution,
    Ended,
    EquityStudy,
    Fan,
    Rung,
    undefined_of,
    what_draws_cannot_say,
)
from gammacore.domain.study.paths import DrawnTrade, Outcomes, Stress, walk
from gammacore.domain.study.record import ClosedTrade
from gammacore.domain.study.terms import (
    LADDER_COST,
    CostGiven,
    MonteCarloTerms,
    assumptions_of_terms,
    drawn_trades,
    warnings_of_terms,
)
from gammacore.domain.study.views import EquityBand
from gammacore.domain.study.warnings import StudyWarning
from gammacore.errors import InvalidInput

BLOCK = 1_000
"""Paths that are drawn from one generator. Rule: ST-403."""

TOGETHER = 5
"""Blocks that are walked at once."""

MOST_BALANCES = 100_000_000
"""Runs × trades at most: the fan needs every balance, 8 bytes each."""


class Draw(Protocol):
    """Where random numbers come from. Rules: ST-004, ST-403."""

    def __call__(
        self, block: int, columns: int, below: int | None, luck: int
    ) -> tuple[NDArray[np.int64] | Floats, Floats]:
        """For each of the 1,000 paths of a block, from its own generator: `columns` whole numbers below `below` (of
        0..1 where that is None), then `luck` numbers of 0..1."""  # fmt: skip


@frozen(eq=False)
class _Variant:
    """One way to trade the same draws; the balances of all paths are kept only where a fan is drawn of them."""

    outcomes: Outcomes
    ended: list[Ended] = field(factory=list)
    balances: list[Floats] | None = None


def simulate(
    record: Sequence[ClosedTrade], terms: MonteCarloTerms, draw: Draw, known: Sequence[StudyWarning] = ()
) -> EquityStudy:
    """Paths of draws from a record in order of closing; `known` are warnings of the record itself.

    Raises:
        InvalidInput: terms that this record cannot meet.
    """
    if not record:
        raise InvalidInput("record", "no trade", "give at least one closed trade")
    steps = len(record) if terms.trades is None else terms.trades
    if terms.runs * steps > MOST_BALANCES:
        raise InvalidInput("runs", terms.runs, f"give at most {MOST_BALANCES // steps:,} with {steps:,} trades a path")
    cost = terms.cost if terms.cost.any else CostGiven(LADDER_COST)
    stress = Stress() if terms.stress is None else terms.stress
    trades = drawn_trades(record, terms, cost)
    free = [evolve(trade, cost=Decimal(0)) for trade in trades]
    rungs = {
        ("as_is", False, False): _Variant(Outcomes.of(free)),
        ("costs", True, False): _Variant(Outcomes.of(trades)),
        ("stress", False, True): _Variant(Outcomes.of(free, stress)),
        ("costs_and_stress", True, True): _Variant(Outcomes.of(trades, stress)),
    }
    asked = (terms.cost.any, terms.stress is not None)
    main = next(key for key in rungs if key[1:] == asked)
    chosen = rungs[main] = evolve(rungs[main], balances=[])
    settled = 0
    first: list[int] = []
    for began, codes, luck in _groups(Drawing.of(terms.mode, record, steps), terms, draw, luck=True):
        first = first or began
        for variant in rungs.values():
            settled += _trade(variant, terms, codes, luck)
    other = _Variant(chosen.outcomes)
    beside = mode_beside(terms.mode, record)
    for _, codes, luck in _groups(Drawing.of(beside, record, steps), terms, draw, luck=terms.stress is not None):
        _trade(other, terms, codes, luck)
    start = terms.start
    found = {key: Distribution.of(terms.mode, Ended.together(each.ended), start) for key, each in rungs.items()}
    ends = Ended.together(chosen.ended).ends
    assert chosen.balances is not None
    own = _own(record, terms)
    rank = 100 * int(np.count_nonzero(ends < own[-1])) / len(ends) if steps == len(record) else None
    distribution = found[main]
    ladder = tuple(_rung(*key, trades, stress, found[key]) for key in rungs)
    return EquityStudy(
        warnings=(*warnings_of_terms(record, terms), *known, *what_draws_cannot_say(len(record), terms.runs)),
        assumptions=assumptions_of_terms(terms, cost, stress, beside),
        runs=terms.runs,
        seed=terms.seed,
        trades=steps,
        policy=str(terms.sizing),
        starting_capital=start,
        halt_at=float(start * terms.sizing.rules.halt_below),
        cost=next(rung.cost for rung in ladder if rung.name == main[0]),
        found=distribution,
        beside=Distribution.of(beside, Ended.together(other.ended), start),
        fan=Fan.of(chosen.balances),
        rank=rank,
        own=own,
        ladder=ladder,
        stress=terms.stress,
        ends=ends,
        first_trades=tuple(first),
        settled=settled,
        undefined=undefined_of(distribution, rank),
    )


def band_of(record: Sequence[ClosedTrade], start: Decimal, draw: Draw, runs: int = 10_000) -> EquityBand:
    """What chance alone makes of a record's own net results in its own sizes: whole dates drawn, else blocks of 10.

    The band of the tear sheet, whose equity is net and as traded. Rules: ST-313, ST-408.
    """
    rules = SizingRules(starting_capital=start, halt_below=Decimal(0))
    sizing = PathSizing(PolicyKind.FIXED, rules)
    mode = mode_beside(DrawMode(), record)
    terms = MonteCarloTerms(runs=min(runs, max(1, MOST_BALANCES // len(record))), mode=mode, sizing=sizing)
    outcomes = Outcomes.of([DrawnTrade(trade.net, TradeTerms(Decimal(1))) for trade in record])
    groups = _groups(Drawing.of(mode, record, len(record)), terms, draw, luck=False)
    rows = Fan.of([walk(outcomes, sizing, codes, start).balances for _, codes, _ in groups]).rows
    p5, p25, p50, p75, p95 = rows.T.tolist()
    caption = f"{terms.runs:,} paths of this record's own results, mode {mode}: what it lacks is in none of them."
    return EquityBand(p5, p25, p50, p75, p95, caption)


def mode_beside(mode: DrawMode, record: Sequence[ClosedTrade]) -> DrawMode:
    """The mode whose figures stand next to those asked for: whole days, else blocks of 10. Rule: ST-408."""
    if has_dates(record) and mode.kind is not DrawKind.DAY:
        return DrawMode(DrawKind.DAY)
    return DrawMode(DrawKind.BLOCK, min(DrawMode().length, len(record)))


def _groups(
    drawing: Drawing, terms: MonteCarloTerms, draw: Draw, *, luck: bool
) -> Iterator[tuple[list[int], Codes, Floats | None]]:
    """Some blocks at a time: the first draws of the first path, trades and luck as steps × paths. Rule: ST-403."""
    blocks = -(-terms.runs // BLOCK)
    for start in range(0, blocks, TOGETHER):
        drawn = [
            draw(block, drawing.columns, drawing.below, drawing.steps if luck else 0)
            for block in range(start, min(start + TOGETHER, blocks))
        ]
        paths = min(len(drawn) * BLOCK, terms.runs - start * BLOCK)
        trades = drawing.trades(np.concatenate([first for first, _ in drawn])[:paths])
        chance = np.concatenate([second for _, second in drawn])[:paths].T.copy() if luck else None
        yield trades[:FIRST, 0].tolist(), trades, chance


def _trade(variant: _Variant, terms: MonteCarloTerms, codes: Codes, luck: Floats | None) -> int:
    outcomes = variant.outcomes
    paths = walk(outcomes, terms.sizing, outcomes.codes(codes, luck), terms.start)
    variant.ended.append(Ended.of(paths))
    if variant.balances is not None:
        variant.balances.append(paths.balances)
    return paths.settled


def _own(record: Sequence[ClosedTrade], terms: MonteCarloTerms) -> Floats:
    """The record's own equity in its own sizes after the same costs, dollars, before the first and after each trade."""
    gains = [(trade.per_contract - terms.cost.of(trade)) * trade.contracts for trade in record]
    return np.array([float(balance) for balance in accumulate(gains, initial=terms.start)])


def _rung(
    name: str, costs: bool, stressed: bool, trades: Sequence[DrawnTrade], stress: Stress, found: Distribution
) -> Rung:  # fmt: skip
    count = len(trades)
    mean = sum((trade.profit for trade in trades), Decimal(0)) / count
    cost = sum((trade.cost for trade in trades), Decimal(0)) / count if costs else Decimal(0)
    risk = sum((trade.terms.max_risk for trade in trades), Decimal(0)) / count
    return Rung.of(name, cost, stressed, stress.mean(mean, cost, risk) if stressed else mean - cost, found)
