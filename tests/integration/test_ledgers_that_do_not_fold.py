"""A ledger whose tail cannot follow is named by verify, refused with the repair command, and cut. Decision 0030. R6."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from builders_cli import CommandLine, at_home, begun, book_of, rows
from builders_ledger import halted
from gammacore.adapters.sqlite.repair import repair
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.domain.ledger import OrderFilled
from gammacore.domain.orders import Execution
from gammacore_cli.main import EXIT_FAILED


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    at_home(monkeypatch, tmp_path)


@pytest.fixture
def gammacore(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


@pytest.fixture
def poisoned() -> tuple[Path, int]:
    """A day with a position open, a fill of an order nobody sent, and a halt behind it; how many events fold.

    As a gammacore wrote it that appended before it folded.
    """
    ledger = begun(Path("day.sqlite"))
    events = len(rows(ledger))
    with closing(SqliteStorage(ledger)) as storage:
        last = list(storage.events())[-1]
        poison = OrderFilled(last.at, "gc-of-nobody", Execution(1, None), complete=True)
        storage.append([poison, halted(1)], events)
    return ledger, events


@pytest.mark.parametrize(
    "command", ["trade", "trade --once", "status", "flatten", "report", "journal", "ledger verify"]
)
def test_every_command_names_the_event_and_the_repair(
    command: str, poisoned: tuple[Path, int], gammacore: CommandLine
) -> None:
    ledger, events = poisoned
    before = rows(ledger)

    refused = gammacore.refusal(*command.split(), "--ledger", ledger)

    assert refused.code == EXIT_FAILED
    assert f"event {events + 1} (OrderFilled) does not follow those before it: order: gc-of-nobody" in refused.err
    assert "repair with: gammacore ledger repair --ledger " in refused.err
    assert rows(ledger) == before


def test_repair_cuts_at_the_last_event_that_folds_and_keeps_the_original(
    poisoned: tuple[Path, int], gammacore: CommandLine
) -> None:
    ledger, events = poisoned
    before = rows(ledger)

    fixed = gammacore.document("ledger", "repair", "--ledger", ledger)

    assert (fixed["kept"], fixed["lost"]) == (events, 2)
    assert f"event {events + 1} (OrderFilled)" in fixed["problem"]
    assert rows(Path(fixed["damaged"])) == before
    assert rows(ledger) == before[:events]
    assert gammacore.document("ledger", "verify", "--ledger", ledger)["events"] == events
    assert book_of(ledger).live_spreads


def test_after_the_repair_the_day_goes_on_without_entries(poisoned: tuple[Path, int], gammacore: CommandLine) -> None:
    """What was cut may have been a trade: the position is watched to its end, and a person resumes."""
    ledger, _ = poisoned
    gammacore.document("ledger", "repair", "--ledger", ledger)

    gammacore("trade", "--ledger", ledger, "--quiet")

    book = book_of(ledger)
    assert book.halted is not None
    assert "2 events lost" in book.halted
    assert book.finished is not None
    assert not book.live_holdings


def test_a_ledger_that_folds_is_not_cut(gammacore: CommandLine) -> None:
    ledger = begun(Path("day.sqlite"))
    before = rows(ledger)

    report = repair(ledger)

    assert (report.problem, report.damaged, rows(ledger)) == ("", None, before)
