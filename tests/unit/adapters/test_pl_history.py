"""The history a size is computed from: columns, journals, and what is refused with its place."""

from decimal import Decimal
from pathlib import Path

import pytest

from gammacore.adapters.study_files import read_pl_history
from gammacore.errors import InvalidInput, MissingData

FOURTEEN = (
    "Timestamp_ET,Trade_ID,Account_ID,Strategy,Strikes,Entry_Credit,Confidence,TP%,Exit_Time,Exit_Value,P/L_$,P/L_%,"
    "Exit_Reason,Duration_Min"
)
CLOSED = "2026-01-12 10:00:01,t1,A1,PUT_SPREAD,6880/6870,2.50,HIGH,50%,2026-01-12 10:40:00,1.00,{pl},+60.0%,target,40"
OPEN = "2026-01-12 11:00:01,t2,A1,PUT_SPREAD,6880/6870,2.50,HIGH,50%,,,,,,"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "trades.csv"


def test_the_column_is_found_among_others_and_read_exactly(table: Path) -> None:
    """CS-603: exact decimals of the text, in file order."""
    table.write_text("id,pl_per_contract,wl\n1,57.752437599351104,WIN\n2,-34.62,LOSS\n")

    assert read_pl_history(table) == [Decimal("57.752437599351104"), Decimal("-34.62")]


def test_a_table_without_rows_is_an_empty_history(table: Path) -> None:
    table.write_text("pl_per_contract\n")

    assert read_pl_history(table) == []


def test_a_byte_order_mark_and_windows_lines_are_no_obstacle(table: Path) -> None:
    table.write_bytes("\ufeffpl_per_contract\r\n12.5\r\n".encode())

    assert read_pl_history(table) == [Decimal("12.5")]


def test_a_journal_is_of_whole_positions_and_leaves_out_open_trades(table: Path) -> None:
    """Section 6, Journal CSV: P/L over Position_Size."""
    table.write_text(f"{FOURTEEN},Position_Size\n{CLOSED.format(pl='+450.00')},3\n{OPEN},3\n")

    assert read_pl_history(table) == [Decimal(150)]


@pytest.mark.parametrize("absent", [(), ("Account_ID",), ("Account_ID", "Confidence", "TP%")])
def test_older_journals_are_of_one_contract(table: Path, absent: tuple[str, ...]) -> None:
    """Section 6, Journal CSV: legacy layouts of 14, 13 and 11 columns."""
    names = FOURTEEN.split(",")
    kept = [column for column, name in enumerate(names) if name not in absent]
    cells = CLOSED.format(pl="-38.00").split(",")
    rows = (",".join(line[column] for column in kept) for line in (names, cells))
    table.write_text("\n".join(rows) + "\n")

    assert read_pl_history(table) == [Decimal(-38)]


@pytest.mark.parametrize("cell", ["NaN", "inf", "-Infinity", "abc", "", "1e999999999", "1e-999999999", "12,5"])
def test_a_cell_that_is_no_number_is_named_with_its_place(table: Path, cell: str) -> None:
    table.write_text(f'id,pl_per_contract\n1,10\n2,"{cell}"\n')

    with pytest.raises(InvalidInput) as refusal:
        read_pl_history(table)
    assert refusal.value.field == f"{table}, line 3, column pl_per_contract"


@pytest.mark.parametrize("size", ["0", "-1", "1.5", "", "NaN"])
def test_a_position_has_whole_contracts(table: Path, size: str) -> None:
    table.write_text(f"{FOURTEEN},Position_Size\n{CLOSED.format(pl='+450.00')},{size}\n")

    with pytest.raises(InvalidInput, match="line 2, column Position_Size"):
        read_pl_history(table)


@pytest.mark.parametrize("row", ["1", "1,10,3"])
def test_a_row_that_does_not_fit_its_header_is_refused(table: Path, row: str) -> None:
    table.write_text(f"id,pl_per_contract\n{row}\n")

    with pytest.raises(InvalidInput, match="line 2"):
        read_pl_history(table)


@pytest.mark.parametrize("header", ["id,profit", "pl_per_contract,pl_per_contract", FOURTEEN.replace("Trade_ID,", "")])
def test_an_unknown_layout_is_refused_with_what_would_do(table: Path, header: str) -> None:
    table.write_text(header + "\n")

    with pytest.raises(InvalidInput, match=r"line 1.*pl_per_contract.*journal export"):
        read_pl_history(table)


def test_the_live_table_of_one_day_is_in_no_known_layout(shared_data: Path) -> None:
    """Section 10: refused, with that reason."""
    with pytest.raises(InvalidInput, match=r"header Trade_Num.*give one column pl_per_contract"):
        read_pl_history(shared_data / "credit_spreads" / "trades_20260112.csv")


@pytest.mark.parametrize("text", ["", "\n"])
def test_an_empty_file_is_missing_data(table: Path, text: str) -> None:
    table.write_text(text)

    with pytest.raises(MissingData, match="empty"):
        read_pl_history(table)


def test_no_file_a_directory_and_bytes_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match=r"absent\.csv: no such file"):
        read_pl_history(tmp_path / "absent.csv")
    with pytest.raises(InvalidInput, match="a directory"):
        read_pl_history(tmp_path)
    (tmp_path / "blob.csv").write_bytes(b"\x1f\x8b\xff\xfe")
    with pytest.raises(InvalidInput, match="no UTF-8 text"):
        read_pl_history(tmp_path / "blob.csv")
    (tmp_path / "open.csv").write_text('pl_per_contract\n"12\n')
    with pytest.raises(InvalidInput, match=r"open\.csv, line 2"):
        read_pl_history(tmp_path / "open.csv")
