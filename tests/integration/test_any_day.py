"""Any day of any ledger: journal and report over a range, a page a day and an index, one line a day. OP-107, OP-108."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from gammacore.configuration import configure
from gammacore.wiring import wire_day
from gammacore_cli.main import EXIT_USAGE, gammacore
from gammacore_cli.main import run as run_line

DATES = ("2026-03-02", "2026-03-03", "2026-03-04")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one study of three days on one ledger."""
    home = tmp_path_factory.mktemp("home")
    (home / "runs").mkdir()
    for date in DATES:
        given = {"market.seed": 57, "market.date": date, "market.step_seconds": 300, "storage.home": str(home)}
        day = wire_day(configure([given]), home / "runs" / "week.sqlite")
        day.trade()
        day.close()
    return home


def run(home: Path, *arguments: str) -> str:
    answer = CliRunner().invoke(
        gammacore, [*arguments, "--quiet"], env={"GAMMACORE_HOME": str(home)}, catch_exceptions=False
    )
    assert answer.exit_code == 0, answer.output
    return answer.stdout


def test_the_journal_lists_the_days_meant(home: Path) -> None:
    for options, days in (
        (["--day", DATES[1]], DATES[1:2]),
        (["--from", DATES[1]], DATES[1:]),
        (["--to", DATES[1]], DATES[:2]),
        (["--last", "1"], DATES[2:]),
        ([], DATES),
    ):
        shown = json.loads(run(home, "journal", "--study", "--json", *options))
        assert tuple(shown["days"]) == days
        assert {row["at"][:10] for row in shown["decisions"]} == set(days)


def test_the_report_is_of_the_days_meant(home: Path) -> None:
    shown = json.loads(run(home, "report", "--study", "--json", "--from", DATES[1]))
    assert tuple(day["date"] for day in shown["days"]) == DATES[1:]


def test_a_page_a_day_and_an_index_that_links_them(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    run(home, "report", "--study", "--last", "2", "--html", str(folder))

    assert sorted(page.name for page in folder.iterdir()) == ["2026-03-03.html", "2026-03-04.html", "index.html"]
    index = (folder / "index.html").read_text(encoding="utf-8")
    assert index.index('<a href="2026-03-04.html">') < index.index('<a href="2026-03-03.html">')


def test_one_day_is_one_page(home: Path, tmp_path: Path) -> None:
    page = tmp_path / "day.html"
    run(home, "report", "--study", "--day", DATES[1], "--html", str(page))
    assert DATES[1] in page.read_text(encoding="utf-8")


def test_days_has_a_line_a_day_whose_net_is_the_change_of_balance(home: Path) -> None:
    """OP-108."""
    days = json.loads(run(home, "days", "--json"))["days"]

    assert tuple(day["date"] for day in days) == DATES
    assert {day["mode"] for day in days} == {"study"}
    balance = json.loads(run(home, "status", "--study", "--json"))["balance"]
    assert sum(Decimal(day["net"]) for day in days) == Decimal(balance) - 20_000
    assert json.loads(run(home, "days", "--live", "--json"))["days"] == []


def test_the_lines_are_a_table_for_spreadsheets_too(home: Path, tmp_path: Path) -> None:
    table = tmp_path / "days.csv"
    run(home, "days", "--csv", str(table))
    lines = table.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "date,mode,strategy,trades,wins,net,drawdown,halts,alarms,finished,ledger"
    assert len(lines) == 1 + len(DATES)


def test_a_ledger_that_cannot_be_read_is_named_and_the_others_are_listed(home: Path) -> None:
    damaged = home / "runs" / "damaged.sqlite"
    damaged.write_text("nothing", encoding="utf-8")
    try:
        shown = json.loads(run(home, "days", "--json"))
    finally:
        damaged.unlink()
    assert len(shown["days"]) == len(DATES)
    assert str(damaged) in shown["unread"]


@pytest.mark.parametrize(
    "options",
    [
        ("--last", "0"),
        ("--last", "-3"),
        ("--from", "2026-03-04", "--to", "2026-03-02"),
        ("--day", DATES[0], "--last", "1"),
    ],
)
@pytest.mark.parametrize("command", [("journal", "--study"), ("report", "--study"), ("days",)])
def test_days_that_cannot_be_meant_are_a_matter_of_usage(
    command: tuple[str, ...], options: tuple[str, ...], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setenv("GAMMACORE_HOME", str(home))

    assert run_line([*command, *options, "--quiet"]) == EXIT_USAGE
