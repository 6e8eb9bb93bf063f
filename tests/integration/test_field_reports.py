"""Faults that users of such software met, each with its right value: figures, columns and dates from outside.

The cases are in the shared field reports; beside each stand siblings of its kind.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from builders_cli import CommandLine, at_home

NET = 155_594_580.597
"""Of the table of the first report, dollars per 1 %: an independent Black-Scholes gives 155,594,581."""


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    at_home(monkeypatch, tmp_path)
    return CommandLine(capsys)


@pytest.fixture
def reports(shared_data: Path) -> Path:
    return shared_data / "field_reports"


@pytest.fixture
def spy(shared_data: Path) -> Path:
    return shared_data / "replay_spy_0dte" / "SPY_2026-07-20.csv.gz"


def rewritten(source: Path, target: Path, change: Callable[[dict[str, str]], dict[str, str]]) -> Path:
    """A table with each row changed; figures that need quotes get them."""
    content = source.read_bytes()
    text = (gzip.decompress(content) if source.suffix == ".gz" else content).decode()
    with target.open("w", newline="") as out:
        rows = csv.DictReader(text.splitlines())
        writer = csv.DictWriter(out, rows.fieldnames or ())
        writer.writeheader()
        writer.writerows(change(row) for row in rows)
    return target


def measured(document: dict[str, Any]) -> tuple[object, ...]:
    return (document["net"], document["pin"]["strike"], document["call_wall"]["strike"], document["contracts"]["used"])


def gex(cli: CommandLine, table: Path, *more: str) -> dict[str, Any]:
    return cli.document("gex", table, "--underlying", "SPY", "--scope", "0dte", *more)


@pytest.mark.parametrize("table", ["plain", "grouped"])
def test_report_01_grouped_open_interest_counts_in_full(cli: CommandLine, reports: Path, table: str) -> None:
    document = gex(cli, reports / "01-grouped-open-interest" / f"{table}.csv")

    assert measured(document) == (pytest.approx(NET, abs=1), 772, 772, 12)


@pytest.mark.parametrize(
    "dress",
    [
        lambda row: row | {"open_interest": f"{int(row['open_interest']):,}", "strike": f"${row['strike']}.00"},
        lambda row: row | {"open_interest": f"{int(row['open_interest']):_}", "spot": f"$ {row['spot']}"},
        lambda row: row | {"iv": "15%", "bid": f"${row['bid']}", "ask": f"{row['ask']} USD"},
        lambda row: row | {"open_interest": f"{int(row['open_interest']):,}.0".replace(",", "\u202f")},
    ],
)
def test_siblings_of_01_any_figure_as_vendors_write_it(
    cli: CommandLine, reports: Path, tmp_path: Path, dress: Callable[[dict[str, str]], dict[str, str]]
) -> None:
    plain = reports / "01-grouped-open-interest" / "plain.csv"

    document = gex(cli, rewritten(plain, tmp_path / "dressed.csv", dress))

    assert measured(document) == (pytest.approx(NET, abs=1), 772, 772, 12)


@pytest.mark.parametrize("interest", ["2,50", "2.5K", "nan", "-5"])
def test_a_table_with_too_much_unreadable_open_interest_has_no_exposure(
    cli: CommandLine, reports: Path, tmp_path: Path, interest: str
) -> None:
    """One row of twelve is more than one in twenty."""
    plain = reports / "01-grouped-open-interest" / "plain.csv"
    table = rewritten(
        plain,
        tmp_path / "bad.csv",
        lambda row: row | ({"open_interest": interest} if row["open_interest"] == "2500" else {}),
    )

    refusal = cli.refusal("gex", table, "--underlying", "SPY", "--scope", "0dte")

    assert refusal.code == 1
    assert "too_many_unknown_oi" in refusal.err
    assert "open_interest (first in line 10)" in refusal.err


def test_a_real_day_with_grouped_open_interest_trades_as_the_plain_file(
    cli: CommandLine, spy: Path, tmp_path: Path
) -> None:
    grouped = rewritten(
        spy, tmp_path / "grouped.csv", lambda row: row | {"open_interest": f"{int(float(row['open_interest'])):,}"}
    )
    options = ("--underlying", "SPY", "--date", "2026-07-20", "--vix", "18.9")

    plain, other = (cli.document("trade", "--market", f"csv:{table}", *options) for table in (spy, grouped))

    assert plain | {"ledger": ""} == other | {"ledger": ""}
    assert plain["trades"]


@pytest.mark.parametrize("closes", ["plain", "yfinance"])
def test_report_03_the_unadjusted_close_settles(
    cli: CommandLine, reports: Path, spy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closes: str
) -> None:
    """CS-528: worth 1.98 at 742.02, 100 shares delivered at 744, -123.60 after fees."""
    monkeypatch.setenv("GAMMACORE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(reports / "03-adjusted-close-settles")  # the files name their closes from here

    document = cli.document(
        "trade", "--config", f"{closes}.toml", "--market", f"csv:{spy}", "--underlying", "SPY", "--date", "2026-07-20",
        "--vix", "18.9",
    )  # fmt: skip

    assert Decimal(document["balance"]) == Decimal("19876.40")
    assert "742.02" in str(document["trades"])


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Date,Prev Close,Change,Close", "2026-07-20,737.10,4.92,742.02"),
        ("date,adjusted_close,close_price", "7/20/2026,740.13,$742.02"),
        ("Date,Close/Last,Volume,Open,High,Low", "07/20/2026,742.02,\"61,000,000\",746.3,748.1,740.9"),
    ],
)  # fmt: skip
def test_siblings_of_03_no_other_figure_is_taken_for_the_close(
    cli: CommandLine, reports: Path, spy: Path, tmp_path: Path, header: str, row: str
) -> None:
    (tmp_path / "closes.csv").write_text(f"{header}\n{row}\n")
    config = (reports / "03-adjusted-close-settles" / "plain.toml").read_text().replace("plain.csv", "closes.csv")
    (tmp_path / "own.toml").write_text(config)

    document = cli.document(
        "trade", "--config", "own.toml", "--market", f"csv:{spy}", "--underlying", "SPY", "--date", "2026-07-20",
        "--vix", "18.9",
    )  # fmt: skip

    assert Decimal(document["balance"]) == Decimal("19876.40")


def test_two_columns_that_could_be_the_close_are_refused_until_one_is_named(
    cli: CommandLine, reports: Path, spy: Path, tmp_path: Path
) -> None:
    (tmp_path / "closes.csv").write_text("Date,Close,Settle\n2026-07-20,742.02,742.03\n")
    config = (reports / "03-adjusted-close-settles" / "plain.toml").read_text().replace("plain.csv", "closes.csv")
    (tmp_path / "two.toml").write_text(config)
    (tmp_path / "one.toml").write_text(config.replace("[market]", '[market]\ncloses_column = "Close"', 1))
    options = ("--market", f"csv:{spy}", "--underlying", "SPY", "--date", "2026-07-20", "--vix", "18.9")

    refusal = cli.refusal("trade", "--config", "two.toml", *options)
    document = cli.document("trade", "--config", "one.toml", *options)

    assert "columns 'Close' and 'Settle' could both be the close; name one by market.closes_column" in refusal.err
    assert Decimal(document["balance"]) == Decimal("19876.40")


@pytest.mark.parametrize("scope", ["0dte", "all"])
def test_report_04_an_expiry_of_six_digits_is_read_as_in_option_symbols(
    cli: CommandLine, reports: Path, scope: str
) -> None:
    document = cli.document(
        "gex", reports / "04-expiry-yymmdd" / "yymmdd.csv", "--underlying", "SPY", "--scope", scope
    )  # fmt: skip

    assert measured(document) == (pytest.approx(NET, abs=1), 772, 772, 12)


@pytest.mark.parametrize(
    ("expiry", "reason"),
    [
        ("2024119", "unreadable_expiry"), ("26819", "unreadable_expiry"), ("2608-01-09", "expiry_beyond_ten_years"),
        ("2026-08-18", "expiry_before_quote"), ("09/10/2026", "ambiguous_expiry"),
    ],
)  # fmt: skip
def test_siblings_of_04_an_expiry_that_cannot_be_meant_is_refused_with_its_reason(
    cli: CommandLine, reports: Path, tmp_path: Path, expiry: str, reason: str
) -> None:
    plain = reports / "01-grouped-open-interest" / "plain.csv"
    table = rewritten(plain, tmp_path / "dated.csv", lambda row: row | {"expiry": expiry})

    refusal = cli.refusal("gex", table, "--underlying", "SPY", "--scope", "0dte")

    assert refusal.code == 1
    assert f"0 of 12 rows used; 12 {reason} (first in line 2" in refusal.err


@pytest.mark.parametrize("spelling", ["%m/%d/%Y", "%d-%b-%y", "%Y%m%d", "%d.%m.%Y"])
def test_siblings_of_04_an_expiry_in_any_spelling_of_one_day(
    cli: CommandLine, reports: Path, tmp_path: Path, spelling: str
) -> None:
    plain = reports / "01-grouped-open-interest" / "plain.csv"
    spelled = {"%m/%d/%Y": "08/19/2026", "%d-%b-%y": "19-Aug-26", "%Y%m%d": "20260819", "%d.%m.%Y": "19.08.2026"}
    table = rewritten(plain, tmp_path / "dated.csv", lambda row: row | {"expiry": spelled[spelling]})

    assert measured(gex(cli, table)) == (pytest.approx(NET, abs=1), 772, 772, 12)


@pytest.mark.parametrize(
    "arguments",
    [("--spot", "$6,057.25"), ("--spot", "6_057.25"), ("--spot", "6057.25 USD")],
)
def test_a_figure_typed_by_a_user_is_read_by_the_same_rule(
    cli: CommandLine, reports: Path, arguments: tuple[str, str]
) -> None:
    document = gex(cli, reports / "01-grouped-open-interest" / "plain.csv", *arguments)

    assert document["spot"] == 6057.25


def test_a_date_typed_by_a_user_is_never_guessed(cli: CommandLine) -> None:
    refusal = cli.refusal("trade", "--date", "03/04/2026")

    assert refusal.code == 2
    assert "'03/04/2026' could be 2026-03-04 or 2026-04-03; write it like 2026-08-19" in refusal.err
