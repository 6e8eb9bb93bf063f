"""`gammacore stats`: a record in, warnings first, the same figures on the screen, as JSON, on a page and as CSV."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from builders_cli import CommandLine, at_home
from gammacore.adapters.study_files import read_record
from gammacore_cli.main import EXIT_DONE, EXIT_FAILED, EXIT_USAGE

ROWS = """date,pnl,contracts,fees,strategy,minutes,mae,credit
2026-03-02,100,1,2.60,PUT_SPREAD,30,-20,2.00
2026-03-02,-50,1,2.60,<b>CALL</b>,12,-60,1.50
2026-03-03,2.60,1,2.60,PUT_SPREAD,45,-10,2.10
2026-03-05,-200,1,2.60,PUT_SPREAD,9,-210,2.00
2026-03-06,300,2,5.20,CALL_SPREAD,160,-15,2.50
2026-03-06,-22.40,1,2.60,CALL_SPREAD,71,-40,1.90
"""


@pytest.fixture
def gammacore(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    at_home(monkeypatch, tmp_path)
    (tmp_path / "trades.csv").write_text(ROWS)
    return CommandLine(capsys)


def test_the_document_has_the_figures_of_the_record(gammacore: CommandLine) -> None:
    """ST-801, section 10, check 2."""
    document = gammacore.document("stats", "trades.csv", "--starting-capital", "10000", "--risk-free", "0.04")

    net = document["statistics"]["net"]
    assert (document["kind"], document["mode"]) == ("stats", "record")
    assert net["total"] == "112.00"
    assert net["sharpe"] == pytest.approx(2.045703755, rel=1e-6)
    assert document["settings"]["days"] == "sessions"
    assert list(document).index("warnings") < list(document).index("statistics")


def test_warnings_stand_before_every_figure_on_the_screen(gammacore: CommandLine) -> None:
    """ST-006."""
    answer = gammacore("stats", "trades.csv", "--starting-capital", "10000")

    assert answer.code == EXIT_DONE
    assert answer.out.startswith("few_trades")
    assert answer.out.index("edge_unproven") < answer.out.index("net of fees")
    assert "Fees: as the record says" in answer.out
    assert "no losses" not in answer.out


def test_dates_with_trades_alone_are_other_days(gammacore: CommandLine) -> None:
    document = gammacore.document("stats", "trades.csv", "--days", "trade-dates")

    assert document["statistics"]["net"]["sessions"] == 4


def test_the_page_is_whole_and_says_first_what_it_cannot_carry(gammacore: CommandLine, tmp_path: Path) -> None:
    """ST-313."""
    gammacore("stats", "trades.csv", "--html", "sheet.html")
    page = (tmp_path / "sheet.html").read_text(encoding="utf-8")

    assert page.index("What these figures cannot carry") < page.index("profit factor") < page.index("<svg")
    assert page.count("<svg") >= 6
    assert "<b>CALL</b>" not in page
    assert not re.search(r'(src|href)="(?!#)', page)
    assert "<script" not in page


def test_the_csv_is_the_record_in_the_layout_of_a_study(gammacore: CommandLine, tmp_path: Path) -> None:
    """ST-214."""
    gammacore("stats", "trades.csv", "--csv", "out.csv")

    assert read_record(tmp_path / "out.csv") == read_record(tmp_path / "trades.csv")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("pl_per_contract\nNaN\n", "line 2, column pl_per_contract: NaN is not valid"),
        ("pl_per_contract,contracts\n5,0\n", "line 2, column contracts: 0 is not valid"),
        ("pl_per_contract\n", "without a closed trade"),
        ("", "the file is empty"),
        ("profit\n5\n", "header profit is not valid"),
        ("date,pl_per_contract\n1950-01-02,5\n", "the calendar covers"),
    ],
)
def test_bad_input_is_one_sentence(gammacore: CommandLine, tmp_path: Path, rows: str, words: str) -> None:
    """ST-803."""
    (tmp_path / "bad.csv").write_text(rows)
    answer = gammacore("stats", "bad.csv")

    assert answer.code == EXIT_FAILED
    assert words in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("option", "value"), [("--starting-capital", "0"), ("--risk-free", "4"), ("--days", "weeks"), ("--resamples", "0")]
)
def test_an_option_out_of_bounds_is_usage(gammacore: CommandLine, option: str, value: str) -> None:
    answer = gammacore("stats", "trades.csv", option, value)

    assert answer.code == EXIT_USAGE
    assert option.lstrip("-").replace("-", "_") in answer.err.replace("-", "_")
