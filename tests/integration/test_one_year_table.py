"""The published one-year table, replayed row by row through the sizing policy. Section 10 of the credit-spread rules.

The table's outcomes are random draws: it proves the arithmetic of sizing, not a strategy.
"""

import csv
import json
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate, groupby
from pathlib import Path

import pytest

from gammacore.adapters.study_files import read_pl_history
from gammacore.domain.sizing.kelly import TradeStatistics
from gammacore.domain.sizing.policies import RollingHalfKelly, Size, SizeReason

START = Decimal(20_000)
RISK = {"GEX": Decimal(250), "OTM-SS": Decimal(900)}
Row = dict[str, str]


@pytest.fixture(scope="module")
def table(shared_data: Path) -> Path:
    return shared_data / "credit_spreads" / "BACKTEST_1YEAR_SIMULATION.csv"


@pytest.fixture(scope="module")
def rows(table: Path) -> list[Row]:
    with table.open(newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def published(shared_data: Path) -> dict[str, dict[str, object]]:
    text = (shared_data / "credit_spreads" / "published_figures.json").read_text()
    figures: dict[str, dict[str, object]] = json.loads(text)
    return figures


@pytest.fixture(scope="module")
def sizes(table: Path, rows: list[Row]) -> list[Size]:
    """Version B on every row, with its own history and the balance of the row before."""
    history, policy = read_pl_history(table), RollingHalfKelly()
    balances = [START, *(Decimal(row["balance"]) for row in rows)]
    return [policy.size(balances[n], history[:n], RISK[row["strategy"]]) for n, row in enumerate(rows)]


def test_every_row_has_the_size_of_version_b(rows: list[Row], sizes: list[Size]) -> None:
    """CS-604: 1 for ids 1-10, 3 for 11-437."""
    assert len(rows) == 437
    assert [size.contracts for size in sizes] == [int(row["position_size"]) for row in rows]
    assert [size.contracts for size in sizes] == [1] * 10 + [3] * 427
    assert {size.reason for size in sizes[:10]} == {SizeReason.FEW_TRADES}
    assert {size.reason for size in sizes[10:]} == {SizeReason.CAP}


@pytest.mark.parametrize(
    ("row_id", "kelly", "raw"),
    [
        (11, "0.8578001710", "35.138"),
        (12, "0.8713627586", "10.0101"),
        (14, "0.8913809667", "37.5012"),
        (84, "0.4491093887", "6.766574"),
        (437, "0.3606426835", "13.5531"),
    ],
)
def test_kelly_and_raw_contracts_behind_the_cap(sizes: list[Size], row_id: int, kelly: str, raw: str) -> None:
    """CS-602..604: the cap binds everywhere, so the numbers behind it are compared too, to the last digit given.

    One unit of that digit is allowed: id 14 is exactly .89138096664..., published as .8913809667.
    """
    size = sizes[row_id - 1]

    assert abs(size.kelly - Fraction(kelly)) <= Fraction("1e-10")
    last_digit = Fraction(10) ** int(Decimal(raw).as_tuple().exponent)
    assert abs(size.raw_contracts - Fraction(raw)) <= last_digit / 2


def test_the_identities_of_the_table_hold_exactly(rows: list[Row]) -> None:
    """CS-005: in the float arithmetic the table was written with."""
    balance, cumulative = float(START), 0.0
    for row in rows:
        profit, per_contract = float(row["pl"]), float(row["pl_per_contract"])
        balance, cumulative = balance + profit, cumulative + profit
        assert profit == per_contract * int(row["position_size"])
        assert per_contract == (float(row["entry_credit"]) - float(row["exit_credit"])) * 100
        assert float(row["balance"]) == balance
        assert float(row["cumulative_pnl"]) == cumulative
        assert row["wl"] == ("WIN" if profit > 0 else "LOSS")


def test_the_published_totals(rows: list[Row]) -> None:
    record = TradeStatistics.of([Decimal(row["pl"]) for row in rows])
    won, lost = record.wins * record.average_win, record.losses * record.average_loss

    assert (record.trades, record.wins, record.losses) == (437, 320, 117)
    assert float(record.win_rate) * 100 == pytest.approx(73.2265, abs=5e-5)
    assert float(won / lost) == pytest.approx(4.627295, abs=5e-7)
    assert float(won - lost) == pytest.approx(47_967.949413, abs=5e-7)
    assert float((won - lost) / record.trades) == pytest.approx(109.766, abs=5e-4)
    assert float(record.average_win) == pytest.approx(191.225, abs=5e-4)
    assert float(record.average_loss) == pytest.approx(113.027, abs=5e-4)
    assert float(record.average_win / record.average_loss) == pytest.approx(1.6919, abs=5e-5)


@pytest.mark.parametrize(
    ("strategy", "trades", "win_rate", "total", "average"),
    [("GEX", 263, 63.878, 19_521.06, 74.22), ("OTM-SS", 174, 87.356, 28_446.89, 163.49)],
)
def test_the_published_strategies(
    rows: list[Row], strategy: str, trades: int, win_rate: float, total: float, average: float
) -> None:
    profits = [Decimal(row["pl"]) for row in rows if row["strategy"] == strategy]

    assert len(profits) == trades
    assert float(TradeStatistics.of(profits).win_rate) * 100 == pytest.approx(win_rate, abs=5e-4)
    assert float(sum(profits)) == pytest.approx(total, abs=5e-3)
    assert float(sum(profits) / trades) == pytest.approx(average, abs=5e-3)


def test_the_published_months(rows: list[Row], published: dict[str, dict[str, object]]) -> None:
    months = {}
    for month, of_month in groupby(rows, key=lambda row: row["month"]):
        profits = [Decimal(row["pl"]) for row in of_month]
        rate = float(TradeStatistics.of(profits).win_rate) * 100
        months[month] = [len(profits), round(rate, 1), round(sum(profits))]

    assert len(months) == 13
    assert months == published["one_year_sim"]["monthly"]


def test_the_drawdown_from_the_running_peak(rows: list[Row]) -> None:
    """CS-705: the deepest in dollars and the deepest in percent are two different days."""
    balances = [START, *(Decimal(row["balance"]) for row in rows)]
    peaks = list(accumulate(balances, max))
    falls = [(peak - balance, (peak - balance) / peak) for peak, balance in zip(peaks, balances, strict=True)]

    assert float(max(dollars for dollars, _ in falls)) == pytest.approx(742.46, abs=5e-3)
    assert float(max(share for _, share in falls)) * 100 == pytest.approx(1.184, abs=5e-4)
