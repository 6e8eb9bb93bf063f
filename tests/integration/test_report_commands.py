"""status, journal and report on a ledger of the disk, as a person and as a program call them."""

import json
from pathlib import Path

import pytest

from builders_day import a_day, ledger_opened
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.adapters.study_files import read_pl_history
from gammacore.domain.ledger import Event
from gammacore_cli.main import EXIT_DONE, EXIT_FAILED, run


def a_ledger(path: Path, events: list[Event]) -> Path:
    storage = SqliteStorage(path)
    storage.append(events, 0)
    storage.close()
    return path


@pytest.fixture
def ledger(tmp_path: Path) -> str:
    return str(a_ledger(tmp_path / "run.sqlite", a_day()))


@pytest.mark.parametrize(("command", "key"), [("status", "balance"), ("journal", "trades"), ("report", "statistics")])
def test_programs_get_one_document(command: str, key: str, ledger: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--ledger", ledger, "--json", "--quiet"]) == EXIT_DONE

    assert key in json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("status", "no open position"),
        ("journal", "skip vix_ceiling: VIX 21.3 >="),
        ("report", "profit factor"),
    ],
)
def test_people_get_tables(command: str, words: str, ledger: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--ledger", ledger, "--quiet"]) == EXIT_DONE

    assert words in capsys.readouterr().out


def test_the_journal_is_written_as_csv(ledger: str, tmp_path: Path) -> None:
    assert run(["journal", "--ledger", ledger, "--quiet", "--json", "--csv", str(tmp_path / "j.csv")]) == EXIT_DONE

    assert [str(profit) for profit in read_pl_history(tmp_path / "j.csv")] == ["175.00", "-34.00"]


def test_the_page_is_written_even_when_the_market_is_not_at_hand(ledger: str, tmp_path: Path) -> None:
    assert run(["report", "--ledger", ledger, "--quiet", "--json", "--html", str(tmp_path / "day.html")]) == EXIT_DONE

    assert "joins the prices the ledger holds" in (tmp_path / "day.html").read_text()


def test_a_day_the_ledger_does_not_hold_cannot_be_reported(ledger: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["journal", "--ledger", ledger, "--quiet", "--day", "2026-01-06"]) == EXIT_FAILED

    assert "no trading day 2026-01-06" in capsys.readouterr().err


def test_a_ledger_without_a_day_has_no_report_but_a_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = str(a_ledger(tmp_path / "new.sqlite", [ledger_opened()]))

    assert run(["report", "--ledger", empty, "--quiet"]) == EXIT_FAILED
    assert "no trading day yet" in capsys.readouterr().err
    assert run(["status", "--ledger", empty, "--quiet"]) == EXIT_DONE
    assert "$20,000" in capsys.readouterr().out


def test_a_simulated_day_is_drawn_with_its_own_market(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The market is opened again by its label and believed because it shows the prices the ledger recorded."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GAMMACORE_HOME", str(tmp_path))
    run_file = str(tmp_path / "day.sqlite")
    assert run(["trade", "--quiet", "--json", "--seed", "7", "--step", "300", "--ledger", run_file]) == EXIT_DONE
    traded = json.loads(capsys.readouterr().out)

    assert run(["report", "--ledger", run_file, "--quiet", "--json", "--html", "day.html"]) == EXIT_DONE

    page = (tmp_path / "day.html").read_text()
    assert "joins the prices" not in page
    assert "Dealer gamma" in page
    assert json.loads(capsys.readouterr().out)["balance"] == traded["balance"]
