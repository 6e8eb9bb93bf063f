"""Old files become the first events of a new paper ledger, once, and only what was read."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from builders_legacy import FOURTEEN, a_condor_order, an_order, write_balance, write_orders, write_trades
from gammacore.adapters.codec.records import decode, encode
from gammacore.adapters.legacy.importer import LegacyImport, read_legacy
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.domain.book.book import Book
from gammacore.domain.holdings.holding import HoldingState, Origin
from gammacore.domain.holdings.policy import StopPolicy
from gammacore.domain.ledger import Event, HistoryImported, Mode
from gammacore.errors import InvalidInput, MissingData
from gammacore_cli.main import EXIT_DONE, EXIT_FAILED, EXIT_USAGE, run

AT = dt.datetime(2026, 1, 13, 14, 30, tzinfo=dt.UTC)


def events_of(preview: LegacyImport) -> tuple[Event, ...]:
    return preview.events(AT, account="paper", lineage="f00d", policy=StopPolicy(), starting_capital=Decimal(20_000))


def journal_row(pnl: str, closed: str) -> str:
    return f"2026-01-08 10:00:01,1,VA1,PUT,6955/6945,2.35,HIGH,50%,{closed},1.00,{pnl},+1.0%,TARGET,5"


MATCHING = (
    journal_row("+12.00", "2026-01-08 10:40:00"),
    journal_row("+56.00", "2026-01-09 10:40:00"),
    journal_row("-34.62", "2026-01-09 11:40:00"),
    journal_row("+175.00", "2026-01-12 10:51:12"),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "old"
    folder.mkdir()
    return folder


def test_the_new_ledger_folds_to_balance_record_and_open_positions(folder: Path) -> None:
    write_orders(folder, an_order(trailing_stop_active=True, best_profit_pct=0.35), a_condor_order())
    write_balance(folder)

    book = Book.of(decode(encode(event)) for event in events_of(read_legacy(folder)))

    assert book.opened is not None
    assert book.opened.mode is Mode.PAPER
    assert book.balance == 20525
    assert book.total_trades == 45
    assert book.results == (Decimal("56.0"), Decimal("-34.62"), Decimal("175.0"))
    first, second = book.live_spreads
    assert (first.state, first.contracts, first.watch.trailing_armed) == (HoldingState.OPEN, 1, True)
    assert (second.open_contracts, second.cash) == (3, Decimal("705.00"))
    assert first.is_adopted
    assert first.origin is Origin.IMPORTED
    assert book.expected_holdings()["SPXW260112P06955000"] == -1


def test_a_pending_close_is_taken_up_where_it_was_left(folder: Path) -> None:
    """CS-563."""
    write_orders(folder, an_order(pending_closure=True, closure_exit_reason="STOP_LOSS"))

    (position,) = Book.of(events_of(read_legacy(folder))).live_spreads

    assert (position.state, position.exit_reason) == (HoldingState.CLOSING, "STOP_LOSS")


def test_an_orphan_keeps_the_active_preset_with_a_target_of_half_the_credit(folder: Path) -> None:
    """CS-575."""
    write_orders(folder, an_order(orphan_recovery=True))

    (position,) = Book.of(events_of(read_legacy(folder))).live_spreads

    assert position.origin is Origin.ORPHAN
    assert position.entry_distance == 0
    assert (position.plan.policy.preset, position.plan.policy.fixed_target) == ("standard", Decimal("0.50"))


def test_an_unknown_underlying_raises_an_alarm(folder: Path) -> None:
    """CS-017."""
    write_orders(folder, an_order(index_code="DJX"))

    assert [getattr(event, "code", "") for event in events_of(read_legacy(folder))][-1] == "unknown_underlying"


def test_a_longer_journal_counts_when_it_ends_with_the_trades_of_the_balance(folder: Path) -> None:
    """CS-603: each trade once."""
    write_balance(folder)
    write_trades(folder, FOURTEEN, *MATCHING)

    preview = read_legacy(folder)

    assert preview.history_source == "trades.csv"
    assert preview.history == tuple(map(Decimal, ("12.00", "56.00", "-34.62", "175.00")))
    assert preview.total_trades == 45


def test_a_journal_that_tells_another_story_is_not_mixed_in(folder: Path) -> None:
    write_balance(folder)
    write_trades(folder, FOURTEEN, *MATCHING[:-1])

    preview = read_legacy(folder)

    assert preview.history_source == "account_balance.json"
    assert len(preview.history) == 3
    assert any("does not end with" in note for note in preview.notes)


def test_a_journal_alone_is_a_record_with_the_configured_capital(folder: Path) -> None:
    write_trades(folder, FOURTEEN, *MATCHING)

    opened, history = events_of(read_legacy(folder))

    assert getattr(opened, "starting_balance", None) == 20_000
    assert isinstance(history, HistoryImported)
    assert (history.total_trades, history.source) == (4, "trades.csv")


def test_an_unreadable_balance_is_never_replaced(folder: Path) -> None:
    """CS-609."""
    (folder / "account_balance.json").write_text('{"balance": 20')
    write_orders(folder, an_order())

    with pytest.raises(InvalidInput, match="never made up"):
        events_of(read_legacy(folder))


@pytest.mark.parametrize("text", ['[{"order_id": "24001"', "{}", "", '[{"entry_credit": NaN}]'])
def test_unreadable_orders_are_never_none(folder: Path, text: str) -> None:
    """CS-565: a new ledger without the open positions would leave them to nobody."""
    (folder / "orders.json").write_text(text)
    write_balance(folder)

    with pytest.raises(InvalidInput, match="never dropped"):
        events_of(read_legacy(folder))


def test_a_position_that_is_not_taken_over_is_noted(folder: Path) -> None:
    write_orders(folder, an_order(), an_order(order_id="24002", entry_credit=0))
    write_balance(folder)

    assert any("1 refused" in note and "never closed" in note for note in read_legacy(folder).notes)


def test_a_table_beside_the_journal_is_refused_by_name(folder: Path, shared_data: Path) -> None:
    source = shared_data / "credit_spreads" / "trades_20260112.csv"
    (folder / source.name).symlink_to(source)
    write_balance(folder)

    (refusal,) = read_legacy(folder).refused

    assert (refusal.file, refusal.field) == ("trades_20260112.csv", "header")


def test_a_folder_without_any_of_the_files_is_missing_data(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match="none of orders"):
        read_legacy(tmp_path)
    with pytest.raises(MissingData, match="no such folder"):
        read_legacy(tmp_path / "nowhere")


# The command ----------------------------------------------------------------------------------------------------------


def document(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(capsys.readouterr().out)
    return loaded


def test_the_command_previews_and_writes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAMMACORE_HOME", str(folder / "home"))
    write_orders(folder, an_order(), an_order(entry_credit=0, order_id="x"))
    write_balance(folder)

    assert run(["import-legacy", str(folder), "--json"]) == EXIT_DONE

    printed = document(capsys)
    assert printed["found"] == ["orders.json", "account_balance.json"]
    assert printed["balance"] == "20525.00"
    assert [position["id"] for position in printed["positions"]] == ["24001"]
    assert printed["history"]["trades"] == 3
    (refusal,) = printed["refused"]
    assert {"file": "orders.json", "index": 1, "field": "entry_credit"}.items() <= refusal.items()
    assert printed["ledger"] is None
    assert not (folder / "home").exists()


def test_the_command_writes_a_new_ledger_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ledger = folder / "paper.sqlite"
    write_orders(folder, an_order())
    write_balance(folder)
    write = ["import-legacy", str(folder), "--write", "--ledger", str(ledger), "--json"]

    assert run(write) == EXIT_DONE
    assert document(capsys)["ledger"] == str(ledger)
    before = ledger.read_bytes()
    assert run(write) == EXIT_USAGE
    assert "exists already" in capsys.readouterr().err
    assert ledger.read_bytes() == before
    storage = SqliteStorage(ledger, read_only=True)
    assert Book.of(storage.events()).balance == 20525
    storage.close()


def test_with_refusals_it_writes_only_when_asked_to(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ledger = folder / "paper.sqlite"
    write_orders(folder, an_order(), an_order(entry_credit=0, order_id="x"))
    write = ["import-legacy", str(folder), "--write", "--ledger", str(ledger)]

    assert run(write) == EXIT_FAILED
    assert "--without-refused" in capsys.readouterr().err
    assert not ledger.exists()
    assert run([*write, "--without-refused"]) == EXIT_DONE
    assert ledger.exists()


def test_a_folder_of_which_nothing_can_be_read_fails_with_the_reason(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_trades(folder, "a,b,c", "1,2,3")

    assert run(["import-legacy", str(folder)]) == EXIT_FAILED

    printed = capsys.readouterr()
    assert "none of the journal's layouts" in printed.err
    assert "refused" in printed.out
