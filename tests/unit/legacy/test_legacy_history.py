"""Old balances and journals: every layout there was, and nothing that only looks like one. Section 6."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from builders_legacy import ELEVEN, FOURTEEN, THIRTEEN, write_balance, write_trades
from gammacore.adapters.legacy.trades import read_balance, read_trades

ROW_14 = "2026-01-12 10:00:01,24001,VA1,PUT,6955/6945,2.35,HIGH,50%,2026-01-12 10:05:13,2.80,-45.00,-19.1%,STOP,5"
ROW_13 = ROW_14.replace("VA1,", "")
ROW_11 = ROW_13.replace("HIGH,50%,", "")
OPEN_14 = "2026-01-12 11:00:01,24009,VA1,PUT,6955/6945,2.35,HIGH,50%,,,,,,"


@pytest.mark.parametrize(
    ("header", "row", "columns", "per_contract"),
    [
        (FOURTEEN, ROW_14, 14, "-45"),
        (THIRTEEN, ROW_13, 13, "-45"),
        (ELEVEN, ROW_11, 11, "-45"),
        (FOURTEEN + ",Position_Size", ROW_14 + ",3", 15, "-15"),
    ],
)
def test_each_layout_is_read_and_a_missing_size_is_one(
    tmp_path: Path, header: str, row: str, columns: int, per_contract: str
) -> None:
    journal, refused = read_trades(write_trades(tmp_path, header, row))

    assert journal is not None
    assert not refused
    assert (journal.columns, journal.results) == (columns, (Decimal(per_contract),))
    (trade,) = journal.trades
    assert (trade.credit, trade.exit_value, trade.exit_reason) == (Decimal("2.35"), Decimal("2.80"), "STOP")
    assert trade.closed == dt.datetime(2026, 1, 12, 15, 5, 13, tzinfo=dt.UTC)


def test_a_trade_counts_once(tmp_path: Path) -> None:
    """CS-610, must not regress 16: 4,400 repeats of one trade once made a history of $5.8 M."""
    later = ROW_14.replace("10:00:01", "10:30:01").replace("10:05:13", "10:35:13")
    journal, refused = read_trades(write_trades(tmp_path, FOURTEEN, ROW_14, OPEN_14, ROW_14, later, OPEN_14))

    assert journal is not None
    assert len(journal.trades) == 3
    assert [(refusal.line, refusal.field) for refusal in refused] == [(4, "Trade_ID"), (6, "Trade_ID")]
    assert "line 2 already" in refused[0].reason


def test_rows_without_an_id_may_look_alike(tmp_path: Path) -> None:
    nameless = ROW_14.replace("24001", "")
    journal, refused = read_trades(write_trades(tmp_path, FOURTEEN, nameless, nameless))

    assert journal is not None
    assert (len(journal.trades), refused) == (2, ())


def test_the_day_of_12_january_is_in_none_of_the_layouts(shared_data: Path) -> None:
    """Section 10: refused, with that reason."""
    journal, (refusal,) = read_trades(shared_data / "credit_spreads" / "trades_20260112.csv")

    assert journal is None
    assert (refusal.file, refusal.line, refusal.field) == ("trades_20260112.csv", 1, "header")
    assert "none of the journal's layouts" in refusal.reason
    assert "UTC" in refusal.reason


@pytest.mark.parametrize(
    "header", ["", "a,b", FOURTEEN.replace("Strikes", "Strike"), FOURTEEN + ",Size", FOURTEEN[:20]]
)
def test_other_headers_are_refused(tmp_path: Path, header: str) -> None:
    journal, (refusal,) = read_trades(write_trades(tmp_path, header, ROW_14))

    assert journal is None
    assert refusal.field == "header"


def test_an_open_trade_is_neither_won_nor_lost(tmp_path: Path) -> None:
    """CS-624."""
    journal, _ = read_trades(write_trades(tmp_path, FOURTEEN, ROW_14, OPEN_14))

    assert journal is not None
    assert (len(journal.trades), journal.open, len(journal.results)) == (2, 1, 1)


def test_results_are_in_the_order_of_the_closes(tmp_path: Path) -> None:
    later = ROW_14.replace("10:05:13", "12:00:00").replace("-45.00", "+10.00")

    journal, _ = read_trades(write_trades(tmp_path, FOURTEEN, later, ROW_14))

    assert journal is not None
    assert journal.results == (Decimal("-45.00"), Decimal("10.00"))


@pytest.mark.parametrize(
    ("was", "becomes", "field"),
    [
        ("-45.00", "lots", "P/L_$"),
        ("-45.00", "NaN", "P/L_$"),
        ("-45.00", "", "P/L_$"),
        ("2.35", "235", "Entry_Credit"),
        ("2026-01-12 10:00:01", "noon", "Timestamp_ET"),
        ("2026-01-12 10:05:13", "2026-01-12 09:05:13", "Exit_Time"),
        (",5", ",5,6,7", "row"),
    ],
)
def test_a_bad_row_is_refused_by_line_and_column(tmp_path: Path, was: str, becomes: str, field: str) -> None:
    journal, (refusal,) = read_trades(write_trades(tmp_path, FOURTEEN, OPEN_14, ROW_14.replace(was, becomes, 1)))

    assert journal is not None
    assert len(journal.trades) == 1
    assert (refusal.line, refusal.field) == (3, field)


def test_two_accounts_share_no_history(tmp_path: Path) -> None:
    """CS-603, CS-609; must-not-regress 15."""
    journal, (refusal,) = read_trades(write_trades(tmp_path, FOURTEEN, ROW_14, ROW_14.replace("VA1", "6YA2")))

    assert journal is None
    assert refusal.field == "Account_ID"


def test_a_balance_is_read_with_its_trades_in_order_of_time(tmp_path: Path) -> None:
    late_first = [
        {"pnl": 175, "timestamp": "2026-01-12 10:51:12"},
        {"pnl": 56.0, "timestamp": "2026-01-09T10:40:00-05:00"},
    ]

    balance, refused = read_balance(write_balance(tmp_path, trades=late_first))

    assert balance is not None
    assert not refused
    assert balance.balance == 20525
    assert balance.results == (Decimal("56.0"), Decimal(175))
    assert balance.total_trades == 45


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"balance": None}, "balance"),
        ({"balance": "20525"}, "balance"),
        ({"balance": -1}, "balance"),
        ({"trades": {}}, "trades"),
        ({"total_trades": 2}, "total_trades"),
        ({"last_updated": "yesterday"}, "last_updated"),
    ],
)
def test_a_balance_that_cannot_be_is_refused(tmp_path: Path, changes: dict[str, Any], field: str) -> None:
    """CS-609: no reset to 20,000."""
    balance, (refusal,) = read_balance(write_balance(tmp_path, **changes))

    assert balance is None
    assert refusal.field == field


def test_a_bad_trade_of_the_balance_is_refused_by_its_index(tmp_path: Path) -> None:
    trades = [{"pnl": 56.0, "timestamp": "2026-01-09 10:40:00"}, {"pnl": "56", "timestamp": "2026-01-09 10:41:00"}]

    balance, (refusal,) = read_balance(write_balance(tmp_path, trades=trades))

    assert balance is not None
    assert balance.results == (Decimal("56.0"),)
    assert (refusal.index, refusal.field) == (1, "pnl")
