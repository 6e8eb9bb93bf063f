"""Simulated equity of the one-year record: the figures of checks 4 to 7 of the study, and the command. ST-401..412."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders_cli import CommandLine, at_home
from builders_paths import GUIDE, averages_of_source_000, one_year
from gammacore.domain.columns import Floats
from gammacore.domain.sizing.on_paths import PathSizing
from gammacore.domain.sizing.policies import SizingRules
from gammacore.domain.study.draws import Drawing, DrawMode
from gammacore.domain.study.equity import EquityStudy
from gammacore.domain.study.paths import Outcomes, drawdowns, walk
from gammacore.domain.study.record import ClosedTrade
from gammacore.domain.study.terms import CostGiven, MonteCarloTerms, drawn_trades
from gammacore.wiring.study.monte_carlo import drawing_from, simulate_record

PUBLISHED = {1: 60_638, 5: 62_766, 10: 63_976, 25: 65_975, 50: 68_184, 75: 70_366, 90: 72_266, 95: 73_437, 99: 75_728}
"""Source 001's table."""


@pytest.fixture(scope="module")
def record(shared_data: Path) -> tuple[ClosedTrade, ...]:
    return one_year(shared_data)


@pytest.fixture(scope="module")
def study(record: tuple[ClosedTrade, ...]) -> EquityStudy:
    return simulate_record(record, MonteCarloTerms(risk=GUIDE))


def balances(record: tuple[ClosedTrade, ...], terms: MonteCarloTerms, steps: int | None = None) -> Floats:
    """The balances of 10,000 paths without all that a result tells of them."""
    drawing = Drawing.of(DrawMode(), record, steps or len(record))
    outcomes, draw = Outcomes.of(drawn_trades(record, terms, CostGiven())), drawing_from(terms.seed)
    blocks = (drawing.trades(draw(block, drawing.columns, drawing.below, 0)[0]) for block in range(10))
    return np.concatenate([walk(outcomes, terms.sizing, codes, terms.start).balances for codes in blocks], axis=1)


def test_the_first_paths_are_those_of_seed_1(study: EquityStudy) -> None:
    """Check 4."""
    assert study.first_trades == (6, 305, 362, 76, 363)
    ends = [63_834.757720, 67_005.514888, 70_725.236494, 69_721.631263, 69_844.840319]
    assert study.ends[:5].tolist() == pytest.approx(ends, rel=1e-8)
    assert study.found.percentiles[50] == pytest.approx(68_135.3054, rel=1e-8)


@pytest.mark.parametrize("seed", range(1, 6))
def test_source_001_is_reproduced_whatever_the_seed(record: tuple[ClosedTrade, ...], seed: int) -> None:
    """ST-410, check 4."""
    paths = balances(record, MonteCarloTerms(seed=seed, risk=GUIDE))
    ends, (deepest, _) = paths[-1], drawdowns(paths)

    for rank, published in PUBLISHED.items():
        near = 0.01 if rank in (1, 99) else 0.005
        assert np.percentile(ends, rank) == pytest.approx(published, rel=near)
    falls = (deepest.mean(), np.median(deepest), np.percentile(deepest, 95))
    assert falls == pytest.approx((570.7, 546.4, 826.8), rel=0.03)
    assert 100 * (ends > 60_000).mean() == pytest.approx(99.3, abs=0.4)
    assert 100 * (ends < 67_967.949413).mean() == pytest.approx(47.5, abs=1)


def test_source_000_s_adjustments_of_source_001_s_record(study: EquityStudy) -> None:
    """ST-412, check 7: the ladder of a plain result."""
    as_is, costs, stress, both = study.ladder

    assert as_is.p50 == study.found.percentiles[50]
    assert costs.p50 == pytest.approx(60_352.612544, rel=1e-8)
    assert stress.p50 == pytest.approx(25_158.513437, rel=1e-8)
    assert stress.profit == 0.8258
    assert (both.p50, both.mean) == pytest.approx((19_553.205417, 20_130.569343), rel=1e-8)
    assert (both.profit, both.halt) == (0.4662, 0.0066)
    assert both.drawdown_p95 == pytest.approx(9_292.81, abs=0.005)
    assert both.mean_per_contract == pytest.approx(1.814533, abs=5e-7)


def test_a_fixed_size_has_its_closed_form(record: tuple[ClosedTrade, ...]) -> None:
    """Check 6."""
    ends = balances(record, MonteCarloTerms(sizing=PathSizing.parse("fixed:3")))[-1]

    error = 3_272.67 / 100
    assert ends.mean() == pytest.approx(68_930.89, abs=4 * error)
    assert ends.mean() == pytest.approx(68_920.98, abs=0.005)
    assert ends.std() == pytest.approx(3_272.67, rel=0.02)


@pytest.mark.parametrize(("size", "steps", "mean"), [(3, 945, 329_723.75), (10, 1_437, 1_589_922.50)])
def test_source_000_s_averages_make_its_median_with_10_contracts_only(size: int, steps: int, mean: float) -> None:
    """ST-411, check 6: at its own cap of 3 a year ends at a fifth of what it printed."""
    sizing = PathSizing.parse(f"fixed:{size}", SizingRules(halt_below=Decimal(0)))
    ends = balances(averages_of_source_000(), MonteCarloTerms(sizing=sizing), steps)[-1]

    assert ends.mean() == pytest.approx(mean, abs=4 * ends.std() / 100)
    if size == 10:
        assert np.percentile(ends, 5) == pytest.approx(1_476_170, rel=0.005)


# -- the command -------------------------------------------------------------------------------------------------------


@pytest.fixture
def gammacore(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> CommandLine:
    at_home(monkeypatch, tmp_path)
    return CommandLine(capfd)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Two dates of five trades, with VIX and maximum risk."""
    path = tmp_path / "trades.csv"
    rows = [f"2026-03-0{2 + n // 5},{profit},1,250,{14 + n}" for n, profit in enumerate([90, -60, 40, 120, -110] * 2)]
    path.write_text("\n".join(["date,pl_per_contract,contracts,max_risk,vix", *rows]) + "\n")
    return path


def document_of(gammacore: CommandLine, *words: object) -> Any:
    return gammacore.document("montecarlo", *map(str, words), "--runs", "50")


def test_the_command_says_what_the_library_says(gammacore: CommandLine, table: Path) -> None:
    page = document_of(gammacore, table, "--mode", "block:3", "--policy", "fixed:2", "--cost", "1.50", "--trades", "20")

    terms = MonteCarloTerms(
        runs=50, mode=DrawMode.parse("block:3"), sizing=PathSizing.parse("fixed:2"), cost=CostGiven(Decimal("1.50")),
        trades=20,
    )  # fmt: skip
    assert page == json.loads(simulate_record(table, terms).to_json())


def test_settings_act_and_options_win(gammacore: CommandLine, table: Path, tmp_path: Path) -> None:
    """ST-402: every key of sizing.*; ST-406: the fee is broker.fees' unless given."""
    (tmp_path / "own.toml").write_text(
        '[sizing]\npolicy = "bootstrap-stats"\nmax_contracts = 2\nstarting_capital = 30000\n'
        "[broker.fees]\noption_contract = 1.00\n"
    )
    page = document_of(gammacore, table, "--config", tmp_path / "own.toml", "--slippage", "0.05", "--legs", "4")

    assert (page["policy"], page["starting_capital"], page["cost"]) == ("bootstrap-stats", 30_000, 48.0)
    assert set(page["sizes"]) == {"2"}
    page = document_of(
        gammacore, table, "--config", tmp_path / "own.toml", "--starting-capital", "500", "--fee", "0.50"
    )
    assert (page["starting_capital"], page["cost"]) == (500, 2.0)


def test_stress_is_source_000_s_or_what_the_options_say(gammacore: CommandLine, table: Path) -> None:
    whole = document_of(gammacore, table, "--stress", "source-000")
    by_options = document_of(gammacore, table, "--gap-share", "0.02")
    by_width = document_of(
        gammacore, table, "--gap-share", "1", "--gap-loss", "width", "--stop-share", "0", "--policy", "off"
    )

    assert whole == by_options
    assert by_width["mean"] == 20_000 - 10 * 250


def test_the_screen_shows_warnings_first_and_the_line_beside(gammacore: CommandLine, table: Path) -> None:
    screen = gammacore("montecarlo", table, "--runs", "50").out

    assert screen.startswith("few_trades  10 trades, fewer than 100")
    assert screen.index("draws_repeat_the_record") < screen.index("mode trade")
    assert "mode trade" in screen
    assert "mode day" in screen
    assert "with both" in screen


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_the_fan_is_drawn(gammacore: CommandLine, table: Path, tmp_path: Path, kind: str) -> None:
    document_of(gammacore, table, "--plot", tmp_path / f"fan.{kind}")

    assert (tmp_path / f"fan.{kind}").stat().st_size > 5_000


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--runs", "0"], "runs: 0 is not valid; give 1 path or more"),
        (["--mode", "block:11"], "mode: block:11 is not valid; give blocks of at most the 10 trades"),
        (["--risk", "0"], "risk: 0 is not valid; give dollars a contract, above 0"),
        (["--risk", "GEX=250"], "risk: GEX is not valid; give strategies of the record: (none)"),
        (["--gap-share", "1.5"], "gap_share: 1.5 is not valid; give a number at most 1"),
        (["--gap-share", "0.5", "--stop-share", "0.6"], "gap_share + stop_share: 1.1 is not valid"),
        (["--gap-loss", "wide"], "gap_loss: wide is not valid; give dollars a contract, or width"),
        (["--policy", "kelly"], "policy: kelly is not valid; give rolling,"),
        (["--starting-capital", "0"], "sizing.starting_capital"),
        (["--cost", "5", "--slippage", "0.05"], "leave --slippage and --fee out"),
        (["--plot", "fan.xyz"], "end the name in one of .png, .svg, .pdf"),
    ],
)
def test_bad_options_are_one_sentence_and_exit_2(
    gammacore: CommandLine, table: Path, words: list[str], sentence: str
) -> None:  # fmt: skip
    """ST-803."""
    refusal = gammacore.refusal("montecarlo", table, *words)

    assert refusal.code == 2
    assert sentence in " ".join(refusal.err.split())


@pytest.mark.parametrize(("mode", "sentence"), [("day", "trade 1 has no date"), ("regime", "trade 1 has no VIX")])
def test_a_mode_that_the_record_cannot_serve_is_refused(
    gammacore: CommandLine, tmp_path: Path, mode: str, sentence: str
) -> None:  # fmt: skip
    path = tmp_path / "bare.csv"
    path.write_text("pl_per_contract\n10\n-5\n")

    refusal = gammacore.refusal("montecarlo", path, "--mode", mode)

    assert refusal.code == 2
    assert sentence in " ".join(refusal.err.split())


@pytest.mark.parametrize("text", ["pl_per_contract\n", "pl_per_contract\nNaN\n", "pl_per_contract,max_risk\n10,0\n"])
def test_a_record_that_cannot_be_drawn_from_is_a_matter_of_data(
    gammacore: CommandLine, tmp_path: Path, text: str
) -> None:  # fmt: skip
    path = tmp_path / "bad.csv"
    path.write_text(text)

    refusal = gammacore.refusal("montecarlo", path)

    assert refusal.code == 1
