"""P4: 10,000 paths × 437 trades under version B, drawn and traded, and against a plain Python loop of the same rules.

Run with `python benchmarks/monte_carlo.py [TRADES] [--runs N] [--exact N]`. Without TRADES a record of 437 trades is
made up. Seconds are of CPU; rounds alternate and the best of each counts, because a busy machine only ever adds. Two
loops in floats are measured on a part of the paths and scaled up: the plain one has the rules as they are written, on
the last 50 trades at each step; the tuned one keeps running sums and looks nothing up twice. Every size and end of both
must be those of the columns. `--exact` compares so many paths a mode with
the policies themselves in exact arithmetic, which takes 0.1 s a path.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np

from gammacore.adapters.study_files import read_record
from gammacore.application.study.monte_carlo import TOGETHER
from gammacore.domain.dollars import exact
from gammacore.domain.sizing.on_paths import Codes, PathSizing
from gammacore.domain.study.draws import Drawing, DrawMode
from gammacore.domain.study.paths import Outcomes, Paths, walk
from gammacore.domain.study.record import ClosedTrade
from gammacore.domain.study.terms import CostGiven, MonteCarloTerms, RiskGiven, drawn_trades
from gammacore.wiring.study.monte_carlo import drawing_from

ROUNDS, LOOPED = 7, 100
START = Decimal(20_000)


def made_up() -> list[ClosedTrade]:
    """437 trades of two strategies, three in four won."""
    random = np.random.Generator(np.random.PCG64(20260819))
    won, names = random.random(437) < 0.73, np.where(random.random(437) < 0.6, "GEX", "OTM-SS")
    profits = np.round(np.where(won, random.gamma(4, 16, 437), -random.gamma(6, 7, 437)), 2)
    return [
        ClosedTrade(str(n), Decimal(f"{profit:.2f}"), Decimal(0), 1, strategy=str(name))
        for n, (profit, name) in enumerate(zip(profits, names, strict=True))
    ]


def draws(record: Sequence[ClosedTrade], runs: int, mode: str = "trade") -> list[Codes]:
    """All draws, some blocks at a time, as the command makes them."""
    drawing, draw = Drawing.of(DrawMode.parse(mode), record, len(record)), drawing_from(1)
    blocks = range(-(-runs // 1_000))
    found = [drawing.trades(draw(block, drawing.columns, drawing.below, 0)[0]) for block in blocks]
    return [
        np.concatenate(found[k : k + TOGETHER], axis=1)[:, : runs - 1_000 * k] for k in range(0, len(found), TOGETHER)
    ]


def plain(profits: list[float], risks: list[float], codes: list[int]) -> tuple[list[int], float]:
    """One path of version B as CS-601..604 have it: sizes and the end."""
    balance = 20_000.0
    history: list[float] = []
    sizes = []
    for code in codes:
        recent = history[-50:]
        wins = [profit for profit in recent if profit > 0]
        losses = [profit for profit in recent if profit <= 0]
        if balance < 10_000.0:
            size = 0
        elif len(recent) < 10 or not wins or not losses:
            size = 1
        else:
            rate = len(wins) / len(recent)
            win, loss = sum(wins) / len(wins), -sum(losses) / len(losses)
            half = 0.5 * (rate * win - (1 - rate) * loss) / win
            size = min(max(int(balance * half / risks[code]), 1), 3)
        if size:
            balance += size * profits[code]
            history.append(profits[code])
        sizes.append(size)
    return sizes, balance


def tuned(profits: list[float], risks: list[float], codes: list[int]) -> tuple[list[int], float]:
    """The same with running sums."""
    balance, won, total, wins = 20_000.0, 0.0, 0.0, 0
    window: deque[float] = deque()
    sizes = []
    for code in codes:
        known = len(window)
        if balance < 10_000.0:
            size = 0
        elif known < 10 or wins in (0, known):
            size = 1
        else:
            rate = wins / known
            half = 0.5 * (rate - (1 - rate) * ((won - total) / (known - wins)) / (won / wins))
            size = min(max(int(balance * half / risks[code]), 1), 3)
        profit = profits[code]
        if size:
            balance += size * profit
            if known == 50:
                gone = window.popleft()
                total -= gone
                if gone > 0:
                    won -= gone
                    wins -= 1
            window.append(profit)
            total += profit
            if profit > 0:
                won += profit
                wins += 1
        sizes.append(size)
    return sizes, balance


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trades", nargs="?", type=Path)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--exact", type=int, default=0)
    given = parser.parse_args()
    record = read_record(given.trades) if given.trades else made_up()
    terms = MonteCarloTerms(risk=RiskGiven(by_strategy={"GEX": Decimal(250), "OTM-SS": Decimal(900)}))
    outcomes, sizing = Outcomes.of(drawn_trades(record, terms, CostGiven())), PathSizing()
    profits = [float(profit) for profit in outcomes.profits]
    risks = [float(each.max_risk) for each in outcomes.terms]
    codes = draws(record, given.runs)
    looped_codes = codes[0][:, :LOOPED].T.tolist()
    paths: list[Paths] = []

    def walk_all() -> None:
        paths[:] = [walk(outcomes, sizing, each, START) for each in codes]

    def loop_some(loop: Callable[..., tuple[list[int], float]]) -> list[tuple[list[int], float]]:
        return [loop(profits, risks, path) for path in looped_codes]

    works = (lambda: draws(record, given.runs), walk_all, lambda: loop_some(plain), lambda: loop_some(tuned))
    times = [[seconds(work) for work in works] for _ in range(ROUNDS)]
    drawing, walking, *looping = (min(column) for column in zip(*times, strict=True))
    for loop in (plain, tuned):
        sizes, ends = zip(*loop_some(loop), strict=True)
        assert paths[0].sizes[:, :LOOPED].T.tolist() == list(sizes), "a size differs"
        assert np.abs(paths[0].balances[-1, :LOOPED] - ends).max() < 1e-6, "an end differs"
    by_hand, by_sums = (each * given.runs / len(looped_codes) for each in looping)
    print(
        f"{given.runs:,} paths × {len(record)} trades, CPU seconds, "
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    print(f"draws {drawing:.3f}, paths {walking:.3f}, together {drawing + walking:.3f} (bar 0.35)")
    print(f"plain loop {by_hand:.1f}: {by_hand / walking:.0f} × the paths (bar 150); {LOOPED} paths equal")
    print(f"tuned loop {by_sums:.1f}: {by_sums / walking:.0f} × the paths; {LOOPED} paths equal")
    for mode in ("trade", "block:10", "day", "regime") if given.exact else ():
        compare_exactly(outcomes, sizing, draws(record, 1_000, mode)[0][:, : given.exact])
        print(f"{mode}: {given.exact} paths equal to the policies in exact arithmetic, size by size")


def compare_exactly(outcomes: Outcomes, sizing: PathSizing, codes: Codes) -> None:
    """Every size asked of the policy that trades live, with the exact balance."""
    paths = walk(outcomes, sizing, codes, START)
    for path in range(codes.shape[1]):
        balance = Fraction(START)
        history: list[Decimal] = []
        for step, code in enumerate(codes[:, path].tolist()):
            size = sizing.contracts(exact(balance), history[-50:], outcomes.terms[code])
            assert size == paths.sizes[step, path], (path, step)
            balance += size * Fraction(outcomes.profits[code])
            history += [outcomes.profits[code]] if size else []
        assert abs(float(balance) - paths.balances[-1, path]) < 1e-6, path


if __name__ == "__main__":
    main()
