"""Statistics of a record: the one-year table, a record by hand, its edges, and laws that hold for any record."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gammacore
from gammacore.application.study.record_statistics import RecordStatistics
from gammacore.domain.study.daily import results_by_date
from gammacore.domain.study.drawdowns import Fall, drawdowns_of, longest_under_water
from gammacore.domain.study.groups import wilson
from gammacore.domain.study.record import ClosedTrade, TradeFlag
from gammacore.domain.study.statistics import StatisticsRules
from gammacore.domain.study.undefined import Undefined
from gammacore.domain.study.warnings import RunFacts, Simulated
from gammacore.errors import InvalidInput, MissingData
from gammacore.wiring.study.record_statistics import draws

CODES = {code.value for code in Undefined}


def close(value: float) -> Any:
    return pytest.approx(value, rel=1e-6)


def sold(pnl: str, date: str, contracts: int = 1, fees: str = "2.60", **more: Any) -> ClosedTrade:
    day = dt.date.fromisoformat(date)
    return ClosedTrade(f"{date}{pnl}", Decimal(pnl), Decimal(fees), contracts, date=day, **more)


BY_HAND = (
    sold("100", "2026-03-02"),
    sold("-50", "2026-03-02"),
    sold("2.60", "2026-03-03"),
    sold("-200", "2026-03-05"),
    sold("300", "2026-03-06", 2, "5.20"),
    sold("-22.40", "2026-03-06"),
)


def document_of(trades: Iterable[ClosedTrade], **options: Any) -> dict[str, Any]:
    options.setdefault("resamples", 200)
    options.setdefault("starting_capital", 10_000)
    document: dict[str, Any] = json.loads(gammacore.statistics_of(trades, **options).to_json())
    return document


# -- a real record -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def one_year(shared_data: Path) -> RecordStatistics:
    return gammacore.statistics_of(shared_data / "credit_spreads" / "BACKTEST_1YEAR_SIMULATION.csv")


def test_the_one_year_table_has_the_figures_computed_elsewhere(one_year: RecordStatistics) -> None:
    """ST-301..309, section 10, check 1."""
    net, counted = one_year.net, one_year.net.counted

    assert (counted.trades, counted.wins, counted.losses) == (437, 320, 117)
    assert counted.profit_factor == close(4.627294718)
    assert float(counted.mean or 0) == close(109.766474630)
    assert float(net.mean_per_contract or 0) == close(37.155654077)
    assert float(net.sd or 0) == close(156.532608593)
    assert float(net.drawdown.dollars.dollars) == close(742.459585)
    assert 100 * net.drawdown.percent.part == close(1.184200)
    assert (net.longest_wins, net.longest_losses) == (13, 5)
    assert net.hold.mean == pytest.approx(72.2586, abs=5e-5)
    assert net.hold.median == 41
    assert (net.daily.sessions, net.daily.sharpe) == (251, close(12.8033762))
    assert net.daily.sortino == close(57.3126494)
    gex = next(group for group in one_year.groups["strategy"] if group.name == "GEX")
    assert gex.interval == pytest.approx((0.579116, 0.694454), abs=5e-7)
    assert len(one_year.no_session) == 9
    assert [warning.code for warning in one_year.warnings] == ["no_session"]


def test_the_one_year_table_by_dates_with_trades(shared_data: Path) -> None:
    """ST-304, section 10, check 1."""
    path = shared_data / "credit_spreads" / "BACKTEST_1YEAR_SIMULATION.csv"
    daily = gammacore.statistics_of(path, days="trade-dates", resamples=2).net.daily

    assert (daily.sessions, daily.sharpe, daily.sortino) == (226, close(14.0053712), close(60.3994698))


def test_the_bootstrap_of_the_one_year_table(one_year: RecordStatistics) -> None:
    """ST-311, section 10, check 3."""
    bootstrap = one_year.bootstrap

    assert (bootstrap.clusters, bootstrap.resamples, bootstrap.probability_of_edge) == (226, 10_000, 1.0)
    assert bootstrap.mean == pytest.approx((94.965163, 123.842285), abs=5e-7)
    assert bootstrap.win_rate == pytest.approx((0.691562, 0.771302), abs=5e-7)


# -- by hand -----------------------------------------------------------------------------------------------------------


def test_a_record_by_hand() -> None:
    """ST-301..306, section 10, check 2."""
    document = document_of(BY_HAND)
    net, gross = document["statistics"]["net"], document["statistics"]["gross"]

    assert (net["total"], net["wins"], net["losses"], net["flats"]) == ("112.00", 2, 3, 1)
    assert (net["win_rate"], net["win_rate_of_all"]) == (0.4, close(1 / 3))
    assert net["profit_factor"] == close(1.399714490)
    assert (net["drawdown"]["dollars"], net["drawdown"]["percent"]) == ("255.20", close(2.527383))
    assert (net["longest_wins"], net["longest_losses"]) == (1, 2)
    assert (net["sessions"], net["sharpe"], net["sortino"]) == (5, close(2.194256494), close(4.126228798))
    assert (gross["wins"], gross["losses"], gross["flats"], gross["total"]) == (3, 3, 0, "130.20")
    assert (net["cagr"], net["calmar"], document["undefined"]["statistics.net.cagr"]) == (None, None, "few_days")
    assert document_of(BY_HAND, risk_free="0.04")["statistics"]["net"]["sharpe"] == close(2.045703755)


def test_drawdown_in_dollars_and_in_percent_are_each_by_itself() -> None:
    """ST-303: 100, 80, 300, 270 fell 30 dollars and 20 percent."""
    falls = drawdowns_of([Decimal(x) for x in (100, 80, 300, 270)])

    assert falls.dollars == Fall(Decimal(30), 0.1, peak=2, trough=3)
    assert falls.percent == Fall(Decimal(20), 0.2, peak=0, trough=1, recovery=2)


def test_wilson_of_two_in_five() -> None:
    """ST-309."""
    assert wilson(2, 5) == pytest.approx((0.117621, 0.769276), abs=5e-7)


EDGES: dict[str, tuple[Sequence[ClosedTrade], dict[str, str]]] = {
    "no trades": (
        (),
        {"mean": "no_trades", "win_rate": "no_trades", "sharpe": "no_trades", "profit_factor": "no_trades"},
    ),
    "one trade": (BY_HAND[:1], {"sd": "one_trade", "sharpe": "one_trade", "profit_factor": "no_losses"}),
    "all wins": (
        (BY_HAND[0], BY_HAND[4]),
        {"profit_factor": "no_losses", "payoff": "no_losses", "largest_loss": "no_losses", "sortino": "no_losses"},
    ),
    "all losses": ((BY_HAND[1], BY_HAND[3]), {"payoff": "no_wins", "largest_win": "no_wins"}),
    "all flats": (
        (sold("2.60", "2026-03-02"), sold("2.60", "2026-03-03")),
        {"win_rate": "no_wins", "profit_factor": "no_losses", "sharpe": "zero_variance", "sortino": "zero_variance"},
    ),
    "no dates": (
        tuple(ClosedTrade(str(n), Decimal(n - 2), Decimal(0), 1) for n in range(5)),
        {"sharpe": "dates_unknown", "cagr": "dates_unknown"},
    ),
    "ruined": (
        (sold("-10000", "2026-03-02", fees="0"), sold("100", "2026-03-03")),
        {"sharpe": "no_equity", "cagr": "no_equity"},
    ),
}


@pytest.mark.parametrize("edge", EDGES)
def test_a_figure_that_does_not_exist_is_null_with_its_code(edge: str) -> None:
    """ST-005."""
    trades, expected = EDGES[edge]
    document = document_of(trades)

    for name, code in expected.items():
        assert document["statistics"]["net"][name] is None
        assert document["undefined"][f"statistics.net.{name}"] == code
    assert set(document["undefined"].values()) <= CODES
    assert nulls(document["statistics"], "statistics") <= set(document["undefined"])
    assert nulls(document["bootstrap"], "bootstrap") <= set(document["undefined"])
    assert nulls(document["costs"], "costs") <= set(document["undefined"])


def nulls(part: Any, path: str) -> set[str]:
    """The paths of every figure that is null; a point of the curve without a date is none."""
    if isinstance(part, dict):
        named = ("by_date", "trade", "date")
        return set().union(*(nulls(value, f"{path}.{key}") for key, value in part.items() if key not in named))
    return {path} if part is None else set()


def test_an_empty_record_has_counts_and_no_exception() -> None:
    net = document_of(())["statistics"]["net"]

    assert (net["trades"], net["total"], net["end"]) == (0, "0.00", "10000.00")


def test_a_date_outside_the_calendar_is_refused_in_a_sentence() -> None:
    with pytest.raises(MissingData, match="the calendar covers"):
        gammacore.statistics_of([sold("1", "1900-01-02")])


@pytest.mark.parametrize(
    ("name", "value"),
    [("starting_capital", Decimal(0)), ("risk_free", Decimal(4)), ("resamples", 0), ("seed", -1)],
)
def test_a_setting_out_of_bounds_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(InvalidInput, match=name):
        StatisticsRules(**{name: value})


# -- warnings ----------------------------------------------------------------------------------------------------------


def codes(trades: Iterable[ClosedTrade], **options: Any) -> list[str]:
    return [one["code"] for one in document_of(trades, **options)["warnings"]]


def many(count: int, pnl: str = "10", vix: str | None = None) -> list[ClosedTrade]:
    """A trade a weekday from 2 March 2026 on, one loss in three."""
    days = [day for day in (dt.date(2025, 3, 3) + dt.timedelta(days=n) for n in range(2 * count)) if day.weekday() < 5]
    results = (pnl if number % 3 else "-4" for number in range(count))
    return [
        sold(result, str(day), fees="0", vix=None if vix is None else Decimal(vix))
        for result, day in zip(results, days, strict=False)
    ]


def test_few_trades_and_days_are_warned_of() -> None:
    """ST-312."""
    assert codes(BY_HAND) == ["few_trades", "few_days", "day_makes_result", "trade_makes_result", "edge_unproven"]
    assert {"few_days", "one_day"} <= set(codes(BY_HAND[:2]))
    assert not {"few_trades", "few_days"} & set(codes(many(100)))


def test_one_date_or_one_trade_that_makes_the_result_is_named() -> None:
    trades = many(100)
    assert not {"day_makes_result", "trade_makes_result"} & set(codes(trades))

    lucky = [*trades, sold("1000", str(trades[5].date), fees="0")]
    found = {one["code"]: one for one in document_of(lucky)["warnings"]}

    assert found["day_makes_result"]["numbers"]["date"] == str(trades[5].date)
    assert found["trade_makes_result"]["numbers"]["pnl"] == "1000.00"
    assert "without that one trade" in found["trade_makes_result"]["text"]


def test_a_loss_needs_no_day_that_makes_it() -> None:
    assert "day_makes_result" not in codes([sold("-5", "2026-03-02"), sold("1", "2026-03-03")])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"credit": Decimal(101)}, "implausible"),
        ({"flags": frozenset({TradeFlag.UNWATCHED})}, "unwatched"),
        ({"flags": frozenset({TradeFlag.ESTIMATED})}, "estimated_settlement"),
        ({"flags": frozenset({TradeFlag.STOP_INSIDE_QUOTES})}, "stop_inside_quotes"),
        ({"mid_pnl": Decimal(0), "spread_cost": Decimal(0), "slippage": Decimal(-1)}, "fills_inside_spread"),
    ],
)
def test_what_single_trades_are_is_warned_of(change: dict[str, Any], code: str) -> None:
    """ST-312."""
    assert code not in codes(many(100))
    assert code in codes([*many(100), sold("1", "2026-03-02", **change)])


def test_an_implausible_trade_counts_and_is_flagged() -> None:
    """ST-003: CS-623's bounds leave no trade out here."""
    document = document_of([sold("10001", "2026-03-02"), sold("-5", "2026-03-03")])

    assert document["statistics"]["net"]["trades"] == 2
    assert [trade["flags"] for trade in document["trades"]] == [["implausible"], []]


def test_the_same_vix_on_every_date_is_warned_of() -> None:
    assert "constant_vix" in codes(many(100, vix="15"))
    assert "constant_vix" not in codes(many(100))


def test_all_wins_all_losses_and_all_equal_are_warned_of() -> None:
    assert "no_losses" in codes([sold("5", "2026-03-02"), sold("6", "2026-03-03")])
    equal = codes([sold("1", "2026-03-02"), sold("1", "2026-03-03")])
    assert {"no_wins", "zero_variance"} <= set(equal)


def test_what_is_known_of_a_run_is_warned_of_first() -> None:
    """ST-006, ST-111, ST-201, ST-202, ST-211."""
    monday = dt.date(2026, 3, 2)
    facts = RunFacts(
        missing_days=(monday,), partial_days={monday: ("holes",)}, failed_days={monday: "no chain"},
        unknown_filters={"adx": 0.11, "rsi": 0.10}, look_ahead=1, simulated=Simulated(), assumptions=("Fills: ours.",),
    )  # fmt: skip
    found = gammacore.statistics_of(BY_HAND, facts=facts, resamples=50)

    assert [warning.code for warning in found.warnings][:6] == [
        "look_ahead", "simulated_edge", "failed_days", "missing_days", "partial_days", "unknown_filters",
    ]  # fmt: skip
    unknown = next(warning for warning in found.warnings if warning.code == "unknown_filters")
    assert (dict(unknown.numbers), "rsi" in unknown.text) == ({"adx": 0.11}, False)
    assert found.assumptions[0] == "Fills: ours."
    assert found.assumptions[-1].startswith("Win rate: flats (1)")


# -- laws --------------------------------------------------------------------------------------------------------------

cents = st.integers(-40_000, 40_000).map(lambda amount: Decimal(amount) / 100)
curves = st.lists(st.integers(1, 10_000).map(Decimal), min_size=1, max_size=40)
MONDAY = dt.date(2026, 3, 2)


@st.composite
def records(draw: st.DrawFn) -> list[ClosedTrade]:
    results = draw(st.lists(st.tuples(cents, st.integers(1, 5), st.integers(0, 9)), min_size=1, max_size=25))
    return [
        ClosedTrade(
            str(number), pnl, Decimal("1.30") * contracts, contracts, date=MONDAY + dt.timedelta(days=day),
            mid_pnl=pnl + 7, spread_cost=Decimal(5), slippage=Decimal(2),
        )
        for number, (pnl, contracts, day) in enumerate(sorted(results, key=lambda one: one[2]))
    ]  # fmt: skip


@given(curves)
def test_a_drawdown_is_a_fall_between_two_points_and_none_is_deeper(equity: list[Decimal]) -> None:
    falls = drawdowns_of(equity)
    pairs = [(high, low) for number, high in enumerate(equity) for low in equity[number:]]

    assert falls.dollars.dollars == max(max(high - low, Decimal(0)) for high, low in pairs)
    assert falls.percent.part == pytest.approx(max(max(float(1 - low / high), 0.0) for high, low in pairs))
    if falls.dollars.recovery is not None and falls.dollars.peak is not None:
        assert equity[falls.dollars.recovery] >= equity[falls.dollars.peak]


@given(curves, st.integers(1, 9))
def test_drawdown_in_percent_knows_no_unit_of_money(equity: list[Decimal], factor: int) -> None:
    scaled = [balance * factor for balance in equity]

    assert drawdowns_of(scaled).percent.part == drawdowns_of(equity).percent.part
    assert longest_under_water(scaled) == longest_under_water(equity)


@settings(max_examples=40, deadline=None)
@given(records())
def test_sums_counts_and_costs_agree(trades: list[ClosedTrade]) -> None:
    found = gammacore.statistics_of(trades, resamples=20)
    net, gross, costs = found.net, found.gross, found.costs

    assert net.counted.wins + net.counted.losses + net.counted.flats == len(trades)
    assert gross.counted.total - net.counted.total == sum(trade.fees for trade in trades)
    assert net.end == net.start + net.counted.total
    assert sum(day.pnl for day in net.daily.days) == net.counted.total
    assert costs.mid_pnl is not None
    assert costs.spread_cost is not None
    assert costs.slippage is not None
    assert costs.mid_pnl - costs.spread_cost - costs.slippage - costs.fees == costs.net == net.counted.total
    assert costs.unexplained == 0
    for groups in found.groups.values():
        if groups:
            assert sum(group.net.trades for group in groups) == len(trades)
            assert sum((group.net.total for group in groups), Decimal(0)) == net.counted.total
    assert sum(json.loads(found.to_json())["statistics"]["net"]["histogram"]["counts"]) == len(trades)


@settings(max_examples=30, deadline=None)
@given(records(), st.randoms(use_true_random=False))
def test_the_bootstrap_does_not_know_the_order_within_a_date(trades: list[ClosedTrade], shuffled: Any) -> None:
    """ST-311: whole dates are drawn."""
    mixed = list(trades)
    shuffled.shuffle(mixed)
    mixed.sort(key=lambda trade: trade.date or MONDAY)

    one, other = (gammacore.statistics_of(each, resamples=50).bootstrap for each in (trades, mixed))

    assert one == other


@settings(max_examples=20, deadline=None)
@given(records())
def test_the_interval_is_that_of_a_plain_loop(trades: list[ClosedTrade]) -> None:
    """ST-311: one generator, `integers(0, D, size=D)` a resample."""
    days = list(results_by_date(trades, [trade.net for trade in trades]).values())
    if len(days) < 2:
        return
    generator = np.random.Generator(np.random.PCG64(7))
    means = []
    for _ in range(60):
        drawn = [days[index] for index in generator.integers(0, len(days), size=len(days))]
        flat = [float(result) for day in drawn for result in day]
        means.append(sum(flat) / len(flat))

    found = gammacore.statistics_of(trades, resamples=60, seed=7).bootstrap

    assert found.mean == pytest.approx(tuple(np.quantile(means, (0.025, 0.975))), abs=1e-9)


def test_draws_in_blocks_are_those_of_one_resample_after_another() -> None:
    """ST-004: also for an odd number of clusters, where a generator keeps half a word."""
    generator = np.random.Generator(np.random.PCG64(3))
    one_by_one = np.array([generator.integers(0, 7, size=7) for _ in range(2500)])

    assert np.array_equal(np.concatenate(list(draws(7, 2500, seed=3))), one_by_one)


@given(st.integers(0, 200), st.integers(0, 200))
def test_wilson_holds_the_rate_and_stays_within_zero_and_one(wins: int, losses: int) -> None:
    interval = wilson(wins, wins + losses)
    if interval is None:
        assert wins + losses == 0
        return
    low, high = interval
    assert 0 <= low <= wins / (wins + losses) + 1e-12
    assert wins / (wins + losses) - 1e-12 <= high <= 1


# -- what is handed out ------------------------------------------------------------------------------------------------


def test_the_document_has_the_keys_of_the_rule_and_no_nan() -> None:
    """ST-801, ST-213."""
    text = gammacore.statistics_of(BY_HAND).to_json()
    document = json.loads(text, parse_constant=pytest.fail)

    assert set(document) == {
        "kind", "settings", "settings_hash", "data_hash", "mode", "warnings", "assumptions", "statistics", "undefined",
        "groups", "bootstrap", "costs", "skipped", "unknown_by_filter", "equity", "trades",
    }  # fmt: skip
    assert list(document) == sorted(document)
    assert text == gammacore.statistics_of(BY_HAND).to_json()
    assert len(document["equity"]) == len(BY_HAND) + 1
    assert set(document["bootstrap"]) == {
        "mean", "win_rate", "probability_of_edge", "clusters", "resamples", "seed",
    }  # fmt: skip


def test_the_repr_shows_the_warnings() -> None:
    """ST-802."""
    shown = repr(gammacore.statistics_of(BY_HAND, resamples=50))

    assert shown.startswith("RecordStatistics(6 trades, net 112.00, 5 warnings)")
    assert "few_trades: 6 trades, fewer than 100" in shown


@pytest.mark.parametrize("backend", ["pandas", "polars"])
def test_trades_as_a_frame(backend: str) -> None:
    """ST-802."""
    frame = gammacore.statistics_of(BY_HAND, resamples=50).to_frame(backend)

    assert list(frame["net"])[:2] == pytest.approx([97.4, -52.6])
    assert len(frame) == 6


@pytest.mark.parametrize("backend", ["pandas", "polars"])
def test_a_frame_of_trades_is_a_record(backend: str) -> None:
    """ST-802: what comes out goes in again."""
    found = gammacore.statistics_of(BY_HAND, resamples=50)

    again = gammacore.statistics_of(found.to_frame(backend), resamples=50)

    assert again.net.counted == found.net.counted
    assert again.bootstrap == found.bootstrap
