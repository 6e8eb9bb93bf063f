"""Records of trades: every layout read into one kind of trade, every bad cell refused with its place, and written."""

import csv
import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gammacore.adapters.study_files import COLUMNS, read_record, trades_text, write_trades
from gammacore.domain.sessions import new_york_date
from gammacore.domain.study.record import ClosedTrade, TradeFlag, in_order_of_closing
from gammacore.errors import GammacoreError, InvalidInput, MissingData

OPENED = "2026-03-02T10:30:05-05:00"
CLOSED = "2026-03-02T11:10:05-05:00"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "trades.csv"


def test_the_one_year_table_is_read_by_its_own_names_in_file_order(shared_data: Path) -> None:
    """ST-214: pl, position_size, duration_min, reason, time of entry; no time of closing, so the file's order."""
    record = read_record(shared_data / "credit_spreads" / "BACKTEST_1YEAR_SIMULATION.csv")

    first = record[0]
    assert (len(record), sum(trade.contracts for trade in record)) == (437, 1291)
    assert (first.id, first.date, str(first.opened)) == ("1", dt.date(2025, 1, 16), "2025-01-16 15:30:00+00:00")
    assert (first.closed, first.minutes, first.strategy) == (None, Decimal(159), "OTM-SS")
    assert (first.gross, first.fees) == (Decimal("57.752437599351104"), Decimal(0))
    assert first.exit_reason.startswith("OTM 50% Lock-In Stop")
    assert [trade.id for trade in record] == [str(number) for number in range(1, 438)]


def test_trades_are_in_order_of_closing(table: Path) -> None:
    """ST-002."""
    table.write_text(f"id,opened,closed,pl_per_contract\na,{OPENED},{CLOSED},5\nb,{OPENED},{OPENED},-3\n")

    assert [trade.id for trade in read_record(table)] == ["b", "a"]
    assert [trade.minutes for trade in read_record(table)] == [0, 40]


def test_pnl_with_contracts_is_enough_and_is_before_fees(table: Path) -> None:
    table.write_text("PNL,contracts,fees\n300,2,5.20\n")

    (trade,) = read_record(table)

    assert (trade.gross, trade.net, trade.per_contract) == (Decimal(300), Decimal("294.80"), Decimal(150))


@pytest.mark.parametrize(("pnl", "gross"), [("300", "300"), ("300.02", "300.02"), ("294.80", "300.00")])
def test_pnl_after_fees_is_known_by_the_figure_beside_it(table: Path, pnl: str, gross: str) -> None:
    table.write_text(f"pl_per_contract,pnl,contracts,fees\n150,{pnl},2,5.20\n")

    assert read_record(table)[0].gross == Decimal(gross)


def test_the_journal_is_read_with_its_times_and_without_what_is_open(table: Path) -> None:
    head = (
        "Timestamp_ET,Trade_ID,Account_ID,Strategy,Strikes,Entry_Credit,Confidence,TP%,Exit_Time,Exit_Value,P/L_$,"
        "P/L_%,Exit_Reason,Duration_Min,Position_Size"
    )
    done = "2026-01-12 10:00:01,t1,A,PUT_SPREAD,6880/6870P,2.50,HIGH,50%,2026-01-12 10:40:00,1.00,+450,+60%,target,39,3"
    still_open = "2026-01-12 11:00:01,t2,A,PUT_SPREAD,6880/6870P,2.50,HIGH,50%,,,,,,,1"
    table.write_text(f"{head}\n{done}\n{still_open}\n")

    (trade,) = read_record(table)

    assert (trade.gross, trade.contracts, trade.credit, trade.debit) == (Decimal(450), 3, Decimal("2.50"), Decimal(1))
    assert (str(trade.closed), trade.exit_reason, trade.minutes) == ("2026-01-12 15:40:00+00:00", "target", Decimal(39))


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("pl_per_contract", "NaN"), ("pl_per_contract", "inf"), ("pl_per_contract", "ten"), ("pl_per_contract", ""),
        ("contracts", "0"), ("contracts", "-1"), ("contracts", "1.5"), ("contracts", ""), ("fees", "nan"),
        ("vix", "calm"), ("max_risk", "1E99"), ("opened", "2026-03-02T10:30:05"), ("closed", "soon"),
        ("opened", "0001-01-01T00:00:00+00:00"),
        ("closed", "2026-03-02T10:30:04-05:00"), ("date", "2026-02-30"), ("date", "2026-03-03"),
        ("flags", "settled;odd"), ("minutes", "x"), ("mae", "Infinity"), ("credit", "1,23"), ("pnl", "12"),
    ],
)  # fmt: skip
def test_a_bad_cell_is_refused_by_file_line_and_column(table: Path, column: str, cell: str) -> None:
    """ST-803."""
    good = {"opened": OPENED, "pl_per_contract": "5", "contracts": "1", "id": "1"}
    bad = {**good, column: cell}
    names = list(bad)
    rows = [",".join(f'"{row.get(name, "")}"' for name in names) for row in (good | {"pnl": "5"}, bad)]
    table.write_text("\n".join([",".join(names), *rows]) + "\n")

    with pytest.raises(InvalidInput) as refusal:
        read_record(table)

    assert refusal.value.field == f"{table}, line 3, column {column}"


def test_a_bad_cell_is_named_by_the_file_s_own_column(table: Path) -> None:
    table.write_text("pl,position_size\n5,0\n")

    with pytest.raises(InvalidInput, match="line 2, column position_size: 0 is not valid"):
        read_record(table)


def test_a_record_without_a_closed_trade_is_refused(table: Path) -> None:
    """ST-803."""
    table.write_text("pl_per_contract\n")

    with pytest.raises(MissingData, match="without a closed trade"):
        read_record(table)


def test_a_row_that_stands_there_twice_is_refused(table: Path) -> None:
    table.write_text("id,pl_per_contract\na,5\nb,5\na,5\n")

    with pytest.raises(InvalidInput, match=r"line 4, column id: a is not valid; all of it stands in line 2"):
        read_record(table)


money = st.decimals(-9000, 9000, places=2)
maybe = st.none() | money
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
instants = st.integers(0, 360 * 86_400).map(lambda since: START + dt.timedelta(seconds=since))
days = st.integers(0, 3000).map(lambda since: dt.date(2020, 1, 1) + dt.timedelta(days=since))
names = st.text("ABCxyz-_/, \"'", max_size=8).map(str.strip)


@st.composite
def closed_trades(draw: st.DrawFn) -> ClosedTrade:
    opened, closed = draw(st.none() | instants), None
    if opened is not None and draw(st.booleans()):
        closed = opened + dt.timedelta(minutes=draw(st.integers(0, 300)))
    date = draw(st.none() | days) if opened is None else new_york_date(opened)
    minutes = draw(maybe) if closed is None or opened is None else Decimal((closed - opened).seconds) / 60
    return ClosedTrade(
        id=draw(st.uuids()).hex, gross=draw(money), fees=draw(money), contracts=draw(st.integers(1, 20)), date=date,
        opened=opened, closed=closed, strategy=draw(names), direction=draw(names), exit_reason=draw(names),
        credit=draw(maybe), debit=draw(maybe), mid_pnl=draw(maybe), spread_cost=draw(maybe), slippage=draw(maybe),
        max_risk=draw(maybe), vix=draw(maybe), price=draw(maybe), pin=draw(maybe), minutes=minutes, mae=draw(maybe),
        mfe=draw(maybe), flags=draw(st.frozensets(st.sampled_from(TradeFlag))),
    )  # fmt: skip


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("record") / "trades.csv"


@given(st.lists(closed_trades(), min_size=1, max_size=6))
def test_what_is_written_is_read_back_equal(
    tmp_path_factory: pytest.TempPathFactory, trades: list[ClosedTrade]
) -> None:
    path = tmp_path_factory.getbasetemp() / "trades.csv"
    write_trades(path, trades)

    assert read_record(path) == in_order_of_closing(trades)


def test_the_folder_of_a_run_stands_for_its_trades(table: Path) -> None:
    table.write_text("pl_per_contract\n5\n")

    assert read_record(table.parent) == read_record(table)


SOME = ("", "0", "1", "-5", "NaN", "2026-03-02", "0001-01-01T00:00:00+00:00", OPENED, "settled", "9e9")
cells = st.one_of(st.text(max_size=12), st.sampled_from(SOME))


@given(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=8, unique=True), st.data())
def test_no_table_of_any_text_ends_otherwise_than_read_or_refused(
    scratch: Path, columns: list[str], data: st.DataObject
) -> None:
    """ST-803."""
    rows = data.draw(st.lists(st.lists(cells, min_size=len(columns), max_size=len(columns)), max_size=4))
    with scratch.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    try:
        trades = read_record(scratch)
    except GammacoreError:
        return
    assert 0 < len(trades) <= len(rows)


def test_the_header_is_that_of_the_rule() -> None:
    """ST-214."""
    assert trades_text([]) == ",".join(COLUMNS) + "\n"
    assert COLUMNS[:3] == ("id", "date", "opened")
    assert COLUMNS[-3:] == ("mae", "mfe", "flags")
