"""Tables beside the chains: several files of a kind, and each figure from the instant it was known. ST-104, ST-105."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from builders_vendors import DATABENTO, DATABENTO_STATISTICS, SUMMER, THETA_V3, WINTER, line_of, market, ny, table
from gammacore.adapters.recorded.surroundings import ReplaySettings
from gammacore.domain.sessions import TradingSession
from gammacore.errors import InvalidInput, MissingData

THETA_INTEREST = "symbol,expiration,strike,right,timestamp,open_interest"
BEFORE = dt.date(2026, 3, 5)


def chains(path: Path, date: dt.date = WINTER) -> Path:
    rows = [
        line_of(THETA_V3, {
            "symbol": "SPXW", "expiration": date, "strike": "6000", "right": right, "timestamp": f"{date}T{clock}:00",
            "bid": "1.0", "ask": "1.1",
        })
        for clock in ("10:00", "11:00") for right in ("C", "P")
    ]  # fmt: skip
    return table(path, THETA_V3, rows)


def interest(tmp_path: Path, text: str, date: dt.date = WINTER) -> list[list[float]]:
    """Open interest of call and put at ten and eleven."""
    beside = tmp_path / "oi.csv"
    beside.write_text(text)
    day = market(chains(tmp_path / "day.csv", date), date, settings=ReplaySettings(oi_file=beside))
    found = []
    for at in day.times:
        chain = day.snapshot(at).chain
        assert chain is not None
        found.append([float(chain.open_interest[chain.is_call][0]), float(chain.open_interest[~chain.is_call][0])])
    return found


def theta(stamp: str, figure: object, right: str = "CALL", expiry: dt.date = WINTER) -> str:
    return f"SPXW,{expiry},6000.000,{right},{stamp},{figure}"


@pytest.mark.parametrize(
    ("stamp", "ten", "eleven"),
    [
        (f"{WINTER}T06:30:00", 500, 500),  # before the open: on its date
        (f"{BEFORE}T16:00:00", 500, 500),  # at the close: on the next session
        (f"{BEFORE}T18:30:00", 500, 500),
        (f"{BEFORE}T06:30:00", 0, 0),  # of the day before
        (f"{WINTER}T10:30:00", 0, 500),  # in the session: from then on
        (f"{WINTER}T16:00:00", 0, 0),  # at the close: never seen before it
        (f"{WINTER}T17:00:00", 0, 0),
    ],
)
def test_open_interest_counts_from_the_instant_it_was_known(
    tmp_path: Path, stamp: str, ten: float, eleven: float
) -> None:  # fmt: skip
    text = "\n".join([THETA_INTEREST, theta(stamp, 500)])

    assert interest(tmp_path, text) == [[ten, 0.0], [eleven, 0.0]]


def test_a_day_without_a_time_is_an_end_of_day_figure(tmp_path: Path) -> None:
    text = (
        f"date,expiry,right,strike,root,open_interest\n{BEFORE},{WINTER},C,6000,SPXW,7\n{WINTER},{WINTER},P,6000,SPXW,9"
    )

    assert interest(tmp_path, text) == [[7.0, 0.0], [7.0, 0.0]]


def test_an_unreadable_figure_is_unknown_and_a_later_one_holds(tmp_path: Path) -> None:
    rows = [theta(f"{WINTER}T06:30:00", 100), theta(f"{WINTER}T06:31:00", 120), theta(f"{WINTER}T06:30:00", 40, "PUT")]

    assert interest(tmp_path, "\n".join([THETA_INTEREST, *rows])) == [[120.0, 40.0], [120.0, 40.0]]


def test_open_interest_of_databento_is_its_statistics_of_type_9(tmp_path: Path) -> None:
    def row(kind: int, figure: int, symbol: str = "SPXW  260306C06000000") -> str:
        return line_of(DATABENTO_STATISTICS, {
            "ts_recv": "2026-03-06T11:30:00.000000000Z", "stat_type": kind, "quantity": figure, "symbol": symbol,
        })  # fmt: skip

    quotes = [
        line_of(DATABENTO, {
            "ts_recv": "2026-03-06T15:00:00.000000000Z", "bid_px_00": "1.000000000", "ask_px_00": "1.100000000",
            "symbol": "SPXW  260306C06000000",
        })
    ]  # fmt: skip
    beside = table(tmp_path / "statistics.csv", DATABENTO_STATISTICS, [row(6, 1), row(9, 321), row(9, 5, "nonsense")])
    day = market(table(tmp_path / "cbbo.csv", DATABENTO, quotes), WINTER, settings=ReplaySettings(oi_file=beside))
    chain = day.snapshot(day.times[0]).chain

    assert chain is not None
    assert chain.open_interest.tolist() == [321.0]
    assert day.beside["statistics.csv"].reasons == {"filtered": 1, "unreadable_occ_symbol": 1}


def test_a_table_of_open_interest_that_lacks_a_column_or_has_no_figure_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="column open_interest is missing"):
        interest(tmp_path, "symbol,expiration,strike,right,timestamp,oi\n")
    with pytest.raises(MissingData, match="no open interest of SPX"):
        interest(tmp_path, THETA_INTEREST + "\n" + f"SPY,{WINTER},600,C,{WINTER}T06:30:00,3")


def test_prices_of_several_files_are_of_the_days_in_their_names(tmp_path: Path) -> None:
    """ST-104: a side table may be a pattern; a bar counts at its end."""
    for date, price in ((WINTER, 6000), (SUMMER, 6100)):
        rows = [f"10:00,{price},{price},{price},{price}", f"10:01,{price},{price + 1},{price},{price + 1}"]
        table(tmp_path / f"spx_{date}.csv", "time,open,high,low,close", rows)
    settings = ReplaySettings(price_file=tmp_path / "spx_*.csv")

    for date, price in ((WINTER, 6000), (SUMMER, 6100)):
        spots = settings.spots(TradingSession.of(date))
        assert spots is not None
        before = spots.at(ny(date, "10:00:59"))
        assert before is None or (before.at is not None and before.at < ny(date, "10:00"))
        assert [seen.price for seen in map(spots.at, (ny(date, "10:01"), ny(date, "10:02"))) if seen] == [
            Decimal(price), Decimal(price + 1),
        ]  # fmt: skip


def test_closes_of_several_files_are_one_table_whatever_their_columns_order(tmp_path: Path) -> None:
    table(tmp_path / "a.csv", "date,close", [f"{BEFORE},6000"])
    table(tmp_path / "b.csv", "close,date", [f"6010,{WINTER}"])

    prints = ReplaySettings(closes_file=tmp_path / "[ab].csv").prints(WINTER)

    assert {day: each.price for day, each in prints.items()} == {BEFORE: Decimal(6000), WINTER: Decimal(6010)}


def test_files_of_a_pattern_that_are_of_another_layout_are_refused(tmp_path: Path) -> None:
    table(tmp_path / "a.csv", "date,close", [f"{BEFORE},6000"])
    table(tmp_path / "b.csv", "date,high", [f"{WINTER},6010"])

    with pytest.raises(InvalidInput, match=r"b\.csv: column close is missing"):
        ReplaySettings(closes_file=tmp_path / "[ab].csv").prints(WINTER)


def test_no_file_matches_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match=r"no file matches; give a file, a folder or a pattern in quotes"):
        market(tmp_path / "none*.csv", WINTER)
