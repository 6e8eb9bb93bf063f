"""Simulated equity as reported: warnings first, the ladder, figures that are null. ST-006, ST-408..412, ST-802."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attrs import evolve

import gammacore
from builders_paths import a_record
from gammacore.domain.sizing.max_risk import RiskBasis
from gammacore.domain.sizing.on_paths import PathSizing
from gammacore.domain.sizing.policies import SizingRules
from gammacore.domain.study.paths import Stress
from gammacore.domain.study.record import TradeFlag
from gammacore.domain.study.terms import CostGiven, MonteCarloTerms, RiskGiven, drawn_trades
from gammacore.errors import InvalidInput
from gammacore.wiring.study.monte_carlo import equity_band, simulate_record

RECORD = a_record(*[90, -60, 40, 120, -110] * 12, max_risk=Decimal(250), vix=Decimal(16))


def simulated(**terms: Any) -> Any:
    return gammacore.simulate_equity(RECORD, **{"runs": 40, **terms})


def test_more_runs_repeat_the_first_ones_and_another_seed_does_not() -> None:
    """ST-403."""
    few, many = simulated(runs=3), simulated(runs=2_500)

    assert few.ends.tolist() == many.ends[:3].tolist()
    assert len(many.ends) == 2_500
    assert len(set(many.ends.tolist())) > 100
    assert simulated(runs=3, seed=2).ends.tolist() != few.ends.tolist()


def test_three_sentences_stand_on_every_result_before_any_figure() -> None:
    """ST-006, ST-409."""
    study = simulated(mode="day")
    found = ["draws_repeat_the_record", "independent_draws", "percentiles_have_errors"]

    assert [one.code for one in study.warnings][-3:] == found
    assert study.warnings[0].code == "few_trades"  # what the record itself cannot carry comes with them
    assert list(study.document())[:2] == ["warnings", "assumptions"]
    assert "warning: draws_repeat_the_record: every path is made of the 60 trades" in repr(study)
    assert "± 6.3 %" in str(study.warnings[-1])  # 40 paths: 0.4 % × √(10,000/40)


def test_the_keys_are_those_of_the_rule() -> None:
    """ST-801 and cli.md."""
    page = simulated().document()

    assert {
        "runs", "seed", "percentiles", "probabilities", "drawdown", "mode", "policy", "trades", "mean", "sd", "sizes",
        "fan", "rank", "ladder", "warnings", "assumptions", "undefined", "beside",
    } <= set(page)  # fmt: skip
    assert list(page["percentiles"]) == ["1", "5", "10", "25", "50", "75", "90", "95", "99"]
    assert set(page["probabilities"]) == {"profit", "double", "triple", "loss", "ruin", "halt"}
    assert set(page["drawdown"]) == {"mean", "median", "p95", "worst", "percent_median", "percent_p95"}
    assert [set(row) for row in page["fan"]] == [{"step", "5", "25", "50", "75", "95"}] * 61
    assert [rung["name"] for rung in page["ladder"]] == ["as_is", "costs", "stress", "costs_and_stress"]


@pytest.mark.parametrize(
    ("mode", "beside"), [("trade", "day"), ("block:5", "day"), ("regime", "day"), ("day", "block:10")]
)
def test_whole_days_or_blocks_stand_beside_every_mode(mode: str, beside: str) -> None:
    """ST-408."""
    assert simulated(mode=mode).beside.mode == beside


def test_without_dates_blocks_stand_beside_and_a_short_record_has_short_ones() -> None:
    undated = [evolve(trade, date=None) for trade in RECORD[:4]]

    assert gammacore.simulate_equity(undated, runs=5).beside.mode == "block:4"


def test_the_ladder_says_what_the_same_draws_come_to_whatever_was_asked() -> None:
    """ST-412: the rung that was asked for is the result."""
    plain, cost, stress = simulated(), simulated(cost=Decimal("6.03")), simulated(stress=Stress())
    both = simulated(cost=Decimal("6.03"), stress=Stress())

    assert plain.ladder == cost.ladder == stress.ladder == both.ladder
    medians = [study.found.percentiles[50] for study in (plain, cost, stress, both)]
    assert medians == [rung.p50 for rung in plain.ladder]
    assert [rung.mean_per_contract for rung in plain.ladder] == pytest.approx([16, 9.97, -10.92, -16.95])


def test_figures_that_do_not_exist_are_null_with_their_reason() -> None:
    """ST-005."""
    page = simulated(runs=1, trades=30).document()

    assert (page["sd"], page["rank"]) == (None, None)
    assert page["undefined"] == {"sd": "one_run", "rank": "other_horizon"}


def test_the_rank_is_the_percent_of_paths_below_the_record_s_own_end() -> None:
    study = simulated(runs=500)

    assert study.own[-1] == 20_000 + 12 * 80
    assert study.rank == 100 * np.count_nonzero(study.ends < study.own[-1]) / 500


def test_the_fan_is_a_frame() -> None:
    """ST-802."""
    frame = simulated().to_frame()

    assert list(frame.columns) == ["step", "p5", "p25", "p50", "p75", "p95"]
    assert len(frame) == 61


def test_halted_paths_are_counted_and_their_steps_are_of_size_0() -> None:
    """ST-401, ST-408."""
    losing = a_record(*[-400, 100, 100] * 10)

    study = gammacore.simulate_equity(losing, runs=300, policy="fixed:3", trades=60)

    stopped = study.ends < 10_000
    assert 0 < study.found.probabilities["halt"] <= float(stopped.mean())
    assert study.found.sizes[0] + study.found.sizes[3] == 300 * 60


def test_the_band_of_the_tear_sheet_is_of_net_results_as_traded() -> None:
    """ST-313, ST-408: whatever is drawn of trades that all came to 150 net, each path rises by that."""
    same = [evolve(trade, gross=Decimal(152), fees=Decimal(2), contracts=2) for trade in RECORD]

    band = equity_band(same, Decimal(10_000))

    assert band is not None
    assert band.p5 == band.p50 == band.p95 == [10_000.0 + 150 * step for step in range(61)]
    assert "10,000 paths of this record's own results, mode day" in band.caption
    assert equity_band([], Decimal(10_000)) is None


# -- what is given -----------------------------------------------------------------------------------------------------


def test_the_maximum_risk_is_the_column_s_then_the_one_given_then_800() -> None:
    """ST-402, CS-606."""
    trades = [
        evolve(RECORD[0], max_risk=Decimal(310)),
        evolve(RECORD[1], max_risk=None, strategy="GEX"),
        evolve(RECORD[2], max_risk=None, strategy="CALL_SPREAD"),
    ]
    given = MonteCarloTerms(risk=RiskGiven.parse("GEX=250"))
    table = MonteCarloTerms(sizing=PathSizing(rules=SizingRules(basis=RiskBasis.TABLE)), risk=RiskGiven.parse("70"))

    assert [int(one.terms.max_risk) for one in drawn_trades(trades, given, CostGiven())] == [310, 250, 800]
    assert [int(one.terms.max_risk) for one in drawn_trades(trades, table, CostGiven())] == [310, 70, 250]


def test_the_p_l_a_contract_is_the_table_s_own_where_it_stands_beside_a_rounded_total(tmp_path: Path) -> None:
    """ST-214: 118.90 over 3 is 39.6333...; the table knows that it was 39.63."""
    table = tmp_path / "trades.csv"
    table.write_text("pl_per_contract,pnl,contracts\n39.63,118.90,3\n", encoding="utf-8")

    study = gammacore.simulate_equity(table, runs=1, policy="fixed:1")

    assert study.ends[0] == 20_039.63


def test_unknown_risks_and_fees_left_out_are_said() -> None:
    bare = [evolve(trade, max_risk=None, fees=Decimal("5.20"), contracts=2) for trade in RECORD]

    found = {one.code: one.text for one in gammacore.simulate_equity(bare, runs=5).warnings}

    assert "60 of 60 trades" in found["risk_assumed"]
    assert "give --cost 2.60" in found["fees_not_charged"]
    assert "fees_not_charged" not in {
        one.code for one in gammacore.simulate_equity(bare, runs=5, cost=Decimal("2.60")).warnings
    }


def test_a_settled_trade_pays_one_way() -> None:
    """ST-406."""
    cost = CostGiven.of_legs(Decimal("0.65"), Decimal("0.05"), 2)
    settled = evolve(RECORD[0], flags=frozenset({TradeFlag.SETTLED}))

    assert (cost.of(RECORD[0]), cost.of(settled)) == (Decimal("22.60"), Decimal("11.30"))
    assert CostGiven(Decimal("6.03")).of(settled) == Decimal("6.03")


@pytest.mark.parametrize(
    ("terms", "field"),
    [({"runs": 0}, "runs"), ({"trades": 0}, "trades"), ({"seed": -1}, "seed"), ({"risk": Decimal(0)}, "risk"),
     ({"risk": {"GEX": Decimal(-5)}}, "risk"), ({"risk": {"gex": Decimal(5)}}, "risk"), ({"cost": Decimal(-1)}, "cost"),
     ({"runs": 10**8}, "runs"), ({"mode": "block:61"}, "mode"), ({"policy": "fixed:0"}, "policy")],
)  # fmt: skip
def test_bad_terms_are_refused_by_name(terms: dict[str, Any], field: str) -> None:
    """ST-803."""
    with pytest.raises(InvalidInput) as refused:
        simulated(**terms)

    assert refused.value.field == field


@pytest.mark.parametrize("text", ["", "GEX", "GEX=", "=250", "GEX=NaN", "250,x", "GEX=1e400"])
def test_a_risk_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="risk"):
        RiskGiven.parse(text)


def test_a_record_without_trades_and_one_without_a_risk_above_0_are_refused() -> None:
    with pytest.raises(InvalidInput, match="record"):
        simulate_record([], MonteCarloTerms())
    with pytest.raises(InvalidInput, match="max_risk"):
        simulate_record([evolve(RECORD[0], max_risk=Decimal(0))], MonteCarloTerms())
