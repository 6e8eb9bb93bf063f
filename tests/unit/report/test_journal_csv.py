"""The journal CSV: fifteen columns as section 6 says, and a file that sizing reads back."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve

from builders import at
from builders_day import CONDOR, a_day, day_started, ledger_opened, opened
from gammacore.adapters.journal_csv import PerformanceFile, journal_text, write_journal
from gammacore.adapters.study_files import read_pl_history
from gammacore.domain.book.book import Book
from gammacore.domain.reports.day_report import day_report
from gammacore.domain.reports.journal_layouts import FIFTEEN
from gammacore.errors import StorageError


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def test_a_closed_trade_fills_every_column() -> None:
    put_spread = rows(journal_text("paper-1", day_report(a_day()).trades))[0]

    assert put_spread == {
        "Timestamp_ET": "2026-01-05 10:00:30",
        "Trade_ID": "p1",
        "Account_ID": "paper-1",
        "Strategy": "PUT_SPREAD",
        "Strikes": "6880/6870",
        "Entry_Credit": "2.50",
        "Confidence": "HIGH",
        "TP%": "50%",
        "Exit_Time": "2026-01-05 12:30:03",
        "Exit_Value": "0.75",
        "P/L_$": "+525.00",
        "P/L_%": "+70.0%",
        "Exit_Reason": "profit_target",
        "Duration_Min": "149",
        "Position_Size": "3",
    }


def test_an_open_trade_leaves_the_exit_fields_blank() -> None:
    report = day_report([ledger_opened(), day_started(), *opened(CONDOR)])

    row = rows(journal_text("paper-1", report.trades))[0]

    assert [row[column] for column in FIFTEEN[8:14]] == [""] * 6
    assert (row["Strikes"], row["Position_Size"]) == ("6940/6950/6900/6890", "1")


def test_sizing_reads_the_journal_back_per_contract(tmp_path: Path) -> None:
    """CS-603: P/L of the whole position, divided by its size; open trades are no history."""
    still_open = evolve(CONDOR, holding="p4", scheduled_at=at("11:45"))
    report = day_report([*a_day()[:-1], *opened(still_open)])
    write_journal(tmp_path / "journal.csv", "paper-1", report.trades)

    assert read_pl_history(tmp_path / "journal.csv") == [Decimal(175), Decimal(-34)]


def test_a_journal_with_more_columns_behind_its_own_is_read_all_the_same(tmp_path: Path) -> None:
    header, *lines = journal_text("paper-1", day_report(a_day()).trades).splitlines()
    (tmp_path / "journal.csv").write_text("\n".join([f"{header},Slowest_Fill", *(f"{line},37" for line in lines)]))

    assert read_pl_history(tmp_path / "journal.csv") == [Decimal(175), Decimal(-34)]


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written"):
        write_journal(tmp_path / "missing" / "journal.csv", "paper-1", ())

    assert list(tmp_path.iterdir()) == []


def test_the_table_beside_a_ledger_is_written_once_a_minute_and_at_the_end(tmp_path: Path) -> None:
    """SC-707: where nothing happened nothing is written; the events before the start are in it."""
    events, path, book = a_day(), tmp_path / "day.trades.csv", Book()
    known, later = events[:-3], events[-3:]
    table = PerformanceFile(path, known)

    table.tick(at("11:00"))
    assert not path.exists()
    table.notify(later[0], book)
    table.tick(at("11:01"))
    first = path.read_text()
    table.notify(later[1], book)
    table.tick(at("11:01:59"))
    assert path.read_text() == first
    table.tick(at("11:02"))
    table.notify(later[2], book)
    table.close(at("11:02:10"))

    assert path.read_text() == journal_text(day_report(events).account, day_report(events).trades, every=True)
