"""Vendors' tables: what is read, what is left out and counted, what is refused in one sentence. R8, CS-014."""

from __future__ import annotations

import gzip
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders_recorded import DAY, HEADER, ny, row, write_table
from gammacore.adapters.recorded.columns import ColumnMap
from gammacore.adapters.recorded.csv_table import read_csv_market
from gammacore.adapters.recorded.market import RecordedMarket
from gammacore.adapters.recorded.surroundings import ReplaySettings
from gammacore.adapters.recorded.survey import survey_csv
from gammacore.domain.instruments import REGISTRY, Right
from gammacore.domain.sessions import TradingSession
from gammacore.errors import ConfigurationError, GammacoreError, InvalidInput, MissingData

SESSION = TradingSession.of(DAY)
SPY = REGISTRY["SPY"]


def read(tmp_path: Path, *rows: str, header: str = HEADER, columns: ColumnMap | str | None = None) -> RecordedMarket:
    return read_csv_market(write_table(tmp_path / "day.csv", rows, header), SPY, SESSION, columns=columns)


def test_a_row_becomes_a_quote_at_its_time(tmp_path: Path) -> None:
    snapshot = read(tmp_path, row("10:00:04")).snapshot(ny("10:00:04"))

    quote = snapshot.quote(SPY.contract(DAY, Right.CALL, Decimal(770)))
    assert quote is not None
    assert (quote.bid, quote.ask, quote.at) == (Decimal("1.1"), Decimal("1.15"), ny("10:00:04"))
    assert (snapshot.spot, snapshot.spot_at) == (Decimal("770.12"), ny("10:00:04"))
    assert snapshot.chain is not None
    assert snapshot.chain.open_interest.tolist() == [250]


def test_gzip_is_known_by_content_not_by_name(tmp_path: Path) -> None:
    plain = write_table(tmp_path / "plain.csv.gz", [row()])
    packed = write_table(tmp_path / "packed.csv", [row()], packed=True)

    one, other = (read_csv_market(path, SPY, SESSION) for path in (plain, packed))

    assert one.fingerprint() == other.fingerprint()


def test_rows_that_say_the_same_are_one_and_of_differing_ones_the_last_holds(tmp_path: Path) -> None:
    market = read(tmp_path, row(), row(), row(bid="1.05"), row(bid="1.12"), row(strike=771), row(strike=771))

    chain = market.snapshot(ny("10:00")).chain
    assert chain is not None
    assert (chain.strike.tolist(), chain.bid.tolist()) == ([770, 771], [1.12, 1.10])
    assert (market.intake["exact_duplicate"], market.intake["conflicting_duplicate"]) == (2, 2)
    assert (market.intake.rows, market.intake.used) == (6, 2)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row(ts="sometime"), "unreadable_time"),
        (row(ts=f"{DAY}"), "unreadable_time"),
        (row(expiry="never"), "unreadable_expiry"),
        (row(right="X"), "unreadable_right"),
        (row(strike="nan"), "unusable_strike"),
        (row(strike="-5"), "unusable_strike"),
        (row(strike="0"), "unusable_strike"),
        (row(strike="100000"), "unusable_strike"),
        ("2026-08-19T10:00:00,770", "short_row"),
        (row(ts="2026-08-18T10:00:00"), "other_date"),
    ],
)
def test_a_row_that_cannot_be_read_is_left_out_and_counted_with_its_line(tmp_path: Path, bad: str, reason: str) -> None:
    market = read(tmp_path, row(), bad, row(strike=771), bad)

    assert market.intake.used == 2
    assert market.intake.reasons == {reason: 2}
    assert market.intake.first_line == {reason: 3}
    assert f"2 {reason} (first in line 3)" in str(market.intake)


@pytest.mark.parametrize(
    ("bid", "ask"),
    [("", "1.2"), ("nan", "1.2"), ("1.3", "1.2"), ("-1", "1"), ("0", "0"), ("x", "1"), ("inf", "inf")],
)
def test_a_contract_without_a_usable_quote_stays_listed_with_its_open_interest(
    tmp_path: Path, bid: str, ask: str
) -> None:
    """R8: a gap in the quotes is a gap, not a price."""
    chain = read(tmp_path, row(bid=bid, ask=ask)).snapshot(ny("10:00")).chain

    assert chain is not None
    assert np.isnan(chain.bid).all()
    assert np.isnan(chain.ask).all()
    assert chain.open_interest.tolist() == [250]
    assert sum(chain.defects.values()) == 1


@pytest.mark.parametrize(
    ("iv", "gamma", "expected"),
    [("0.12", "0", (0.12, 0.0)), ("0", "0", (None, None)), ("0.0", "0.001", (None, 0.001)), ("", "", (None, None)),
     ("-0.1", "0.01", (None, 0.01)), ("rubbish", "0.01", (None, 0.01))],
)  # fmt: skip
def test_iv_zero_is_not_given_and_gamma_zero_beside_it_neither(
    tmp_path: Path, iv: str, gamma: str, expected: tuple[float | None, float | None]
) -> None:
    chain = read(tmp_path, row(iv=iv, gamma=gamma)).snapshot(ny("10:00")).chain

    assert chain is not None
    for column, value in zip((chain.iv, chain.gamma), expected, strict=True):
        np.testing.assert_array_equal(column, [np.nan if value is None else value])


@pytest.mark.parametrize("interest", ["", "-", "N/A"])
def test_open_interest_that_is_not_given_is_zero_and_counted(tmp_path: Path, interest: str) -> None:
    market = read(tmp_path, row(oi=interest))
    chain = market.snapshot(ny("10:00")).chain
    assert chain is not None
    assert chain.open_interest.tolist() == [0]
    assert market.intake.reasons == {"no_open_interest": 1}


@pytest.mark.parametrize(
    ("interest", "reason"),
    [("-3", "unusable_open_interest"), ("nan", "unreadable_open_interest"), ("rubbish", "unreadable_open_interest"),
     ('"2,50"', "unreadable_open_interest"), ("1.2K", "unreadable_open_interest"),
     ("2.500", "unreadable_open_interest")],
)  # fmt: skip
def test_open_interest_that_cannot_be_read_is_unknown_never_zero(tmp_path: Path, interest: str, reason: str) -> None:
    market = read(tmp_path, row(oi=interest), *(row(strike=771 + number) for number in range(19)))
    chain = market.snapshot(ny("10:00")).chain
    assert chain is not None
    assert np.isnan(chain.open_interest).tolist() == [True] + [False] * 19
    assert (market.intake.reasons, market.intake.without_exposure) == ({reason: 1}, 0)


def test_a_price_that_is_none_is_never_made_up(tmp_path: Path) -> None:
    market = read(tmp_path, row(spot="0"), row("10:05:00", spot="nan"), row("10:10:00", spot="770"))

    assert market.snapshot(ny("10:05")).spot is None
    assert market.snapshot(ny("10:10")).spot == 770


def test_an_instant_without_rows_stays_a_hole(tmp_path: Path) -> None:
    market = read(tmp_path, *(row(f"10:{minute:02}:00") for minute in (0, 5, 10, 40, 45)))

    looks = [now := ny("10:10")]
    while now < ny("10:40"):
        looks.append(now := market.next_at(now))
    assert [f"{look:%M}" for look in looks] == ["10", "15", "20", "25", "30", "35", "40"]
    assert {market.snapshot(look).spot_at for look in looks[:-1]} == {ny("10:10")}


CBOE = (
    "underlying_symbol,quote_datetime,root,expiration,strike,option_type,open,high,low,close,trade_volume,bid_size,bid,"
    "ask_size,ask,underlying_bid,underlying_ask"
)


def cboe(symbol: str = "^SPX", root: str = "SPXW", right: str = "P", more: str = "") -> str:
    when = f"{DAY} 10:00:00"
    return f"{symbol},{when},{root},{DAY},6400.000,{right},0,0,0,0,0,5,3.10,7,3.30,6444.50,6445.50{more}"


def test_cboe_datashop_rows_without_calculations(tmp_path: Path) -> None:
    path = write_table(tmp_path / "intervals.csv", [cboe(), cboe(root="SPX"), cboe("SPY", "SPY")], CBOE)

    market = read_csv_market(path, REGISTRY["SPX"], SESSION, columns="cboe-datashop")

    snapshot = market.snapshot(ny("10:00"))
    assert snapshot.chain is not None
    assert sorted(snapshot.chain.roots) == ["SPX", "SPXW"]
    assert len(snapshot.chain) == 2
    assert snapshot.spot == Decimal("6445")
    assert market.intake.reasons == {"other_underlying": 1}


def test_cboe_datashop_rows_with_calculations(tmp_path: Path) -> None:
    extra = (
        ",implied_underlying_price,active_underlying_price,implied_volatility,delta,gamma,theta,vega,rho,open_interest"
    )
    rows = [cboe(more=",6445.1,6445.20,0.1234,-0.3,0.0021,0,0,0,812")]

    snapshot = read_csv_market(
        write_table(tmp_path / "calcs.csv", rows, CBOE + extra), REGISTRY["SPX"], SESSION
    ).snapshot(ny("10:00"))

    assert snapshot.spot == Decimal("6445.20")
    assert snapshot.chain is not None
    columns = (snapshot.chain.iv, snapshot.chain.gamma, snapshot.chain.open_interest)
    assert [column.tolist() for column in columns] == [[0.1234], [0.0021], [812]]


def test_cboe_end_of_day_rows_are_the_snapshot_of_1545(tmp_path: Path) -> None:
    header = (
        "underlying_symbol,quote_date,root,expiration,strike,option_type,bid_1545,ask_1545,underlying_bid_1545,"
        "underlying_ask_1545,bid_eod,ask_eod,open_interest"
    )
    rows = [f"SPY,{DAY},SPY,{DAY},770.000,C,1.00,1.10,770.10,770.12,0,0,99"]

    market = read_csv_market(write_table(tmp_path / "eod.csv", rows, header), SPY, SESSION)

    assert market.times == (ny("15:45"),)
    assert market.snapshot(ny("15:45")).spot == Decimal("770.11")


def test_a_table_of_another_vendor_is_read_by_a_map_of_its_columns(tmp_path: Path) -> None:
    columns = ColumnMap(
        date="day", time="ms", expiry="exp", right="cp", strike="k", strike_scale=Decimal(1000), bid="b", ask="a",
        iv="vol", iv_scale=Decimal(100), seconds_late=60, filters={"venue": "ALL"},
    )  # fmt: skip
    header = "day;ms;exp;cp;k;b;a;vol;venue"
    rows = [
        "20260819;36000000;20260819;CALL;770000;1.1;1.2;12.5;ALL",
        "20260819;36000000;20260819;CALL;771000;1;2;9;CBOE",
    ]

    market = read(tmp_path, *rows, header=header, columns=columns)

    chain = market.snapshot(ny("10:01")).chain
    assert market.times == (ny("10:01"),)  # stamped with its start, known a minute later
    assert chain is not None
    assert (chain.strike.tolist(), chain.iv.tolist(), chain.roots) == ([770], [0.125], ("SPY",))
    assert market.intake["filtered"] == 1
    assert market.snapshot(ny("10:01")).spot is None


def test_a_table_of_occ_symbols(tmp_path: Path) -> None:
    columns = ColumnMap(bid="bid", ask="ask", time="t", zone="UTC", occ_symbol="sym")
    rows = ["O:SPXW260819C06400000,1787148000000,1.0,1.1", "SPX   260821P06400000,1787148000000,2,3",
            ".SPXW260819C6410.5,1787148000000,1.0,1.1", "SPXW_081926P6390,1787148000000,1.0,1.1",
            "SPXW1260819C06400000,1787148000000,1.0,1.1", "SPY260819C00770000,1787148000000,1,2",
            "rubbish,1787148000000,1,2"]  # fmt: skip
    path = write_table(tmp_path / "occ.csv", rows, "sym,t,bid,ask")

    market = read_csv_market(path, REGISTRY["SPX"], SESSION, columns=columns)

    chain = market.snapshot(ny("10:00")).chain
    assert chain is not None
    assert sorted(chain.contract(number, REGISTRY["SPX"]).occ for number in range(len(chain))) == [
        "SPX260821P06400000",
        "SPXW260819C06400000",
        "SPXW260819C06410500",
        "SPXW260819P06390000",
    ]
    assert market.intake.reasons == {"adjusted": 1, "other_underlying": 1, "unreadable_occ_symbol": 1}


def test_a_date_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    path = write_table(tmp_path / "day.csv", [row(), row(ts="2026-08-20T10:00:00")])
    session = TradingSession.of(DAY.replace(day=21))

    with pytest.raises(MissingData, match="no rows of 2026-08-21; the table holds 2026-08-19, 2026-08-20"):
        read_csv_market(path, SPY, session)


def test_an_underlying_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    path = write_table(tmp_path / "spx.csv", [cboe()], CBOE)

    with pytest.raises(MissingData, match="no rows of SPY; the table holds SPX"):
        read_csv_market(path, SPY, SESSION)


def test_a_table_of_nothing_but_bad_rows_is_refused_with_the_reasons(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match=r"0 of 2 rows used; 2 unusable_strike \(first in line 2\)"):
        read(tmp_path, row(strike="x"), row(strike="y"))


@pytest.mark.parametrize(
    ("header", "columns", "words"),
    [
        (HEADER.replace("ask", "aks"), None, ["column ask is missing", "aks", "did you mean aks?"]),
        (HEADER.replace("ask", "aks"), "zero-dte-lab", ["column ask is missing", "did you mean aks?"]),
        ("a,b,c", None, ["a, b, c", "zero-dte-lab", "cboe-datashop"]),
        (
            HEADER,
            ColumnMap("bid", "ask", time="quote_time", occ_symbol="sym"),
            ["quote_time is missing", "quote_ts"],
        ),
        (HEADER, ColumnMap("bid", "ask", "quote_ts", occ_symbol="type", iv="vol"), ["column vol is missing"]),
    ],
)
def test_a_missing_column_is_named_with_those_that_are_there(
    tmp_path: Path, header: str, columns: ColumnMap | str | None, words: list[str]
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read(tmp_path, row(), header=header, columns=columns)
    assert all(word in str(refusal.value) for word in words)


WHOLE = gzip.compress("\n".join([HEADER, *(row(strike=700 + number) for number in range(200))]).encode())


@pytest.mark.parametrize(
    ("content", "fault", "words"),
    [
        (b"", MissingData, "empty"),
        (b"\n\n", MissingData, "empty"),
        (HEADER.encode(), MissingData, "no usable row"),
        (gzip.compress(b"", mtime=0), MissingData, "empty"),
        (WHOLE[: len(WHOLE) // 2], InvalidInput, "ends too early"),
        (WHOLE[:60] + b"\x00\xff" * 40 + WHOLE[140:], InvalidInput, "damaged gzip"),
        (bytes(range(256)) * 8, InvalidInput, "not"),
        (b"\x00\x01\x02,\x03\n", InvalidInput, "not a text table"),
        (b"PK\x03\x04rest", InvalidInput, "zip archive"),
        (HEADER.encode() + b"\n" + row().encode() + b"\n\xff\xfe", InvalidInput, "not UTF-8"),
        (b"<html><body>Not found</body></html>", InvalidInput, "map its columns"),
    ],
)
def test_what_is_no_table_is_refused_in_one_sentence(
    tmp_path: Path, content: bytes, fault: type[GammacoreError], words: str
) -> None:
    path = tmp_path / "day.csv"
    path.write_bytes(content)

    with pytest.raises(fault) as refusal:
        read_csv_market(path, SPY, SESSION)
    assert words in str(refusal.value)
    assert str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_directory_and_a_file_that_is_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match=r"no file matches; give a file, a folder or a pattern"):
        read_csv_market(tmp_path, SPY, SESSION)
    with pytest.raises(MissingData, match="no such file"):
        read_csv_market(tmp_path / "none.csv", SPY, SESSION)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"bid": "b", "ask": "a"}, "name the column of the time"),
        ({"bid": "b", "ask": "a", "time": "t", "expiry": "e", "right": "r"}, "strike"),
        ({"bid": "b", "ask": "a", "time": "t", "occ_symbol": "s", "zone": "Mars/Olympus"}, "IANA"),
        ({"bid": "b", "ask": "a", "time": "t", "occ_symbol": "s", "strike_scale": 0}, "above 0"),
        ({"bid": "b", "ask": "a", "date": "t", "clock": "noonish", "occ_symbol": "s"}, "time of day"),
    ],
)
def test_a_column_map_that_cannot_work_is_refused_with_the_key(table: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        ColumnMap(**table)
    assert words in str(refusal.value)


def test_an_unknown_preset_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="did you mean cboe-datashop"):
        read(tmp_path, row(), columns="cboe-datashp")


def test_a_survey_names_days_and_underlyings(tmp_path: Path) -> None:
    days = survey_csv(write_table(tmp_path / "spy.csv", [row(), row(ts="2026-08-20T10:00:00"), "x,y"]))
    named = survey_csv(write_table(tmp_path / "spx.csv", [cboe(), cboe("SPY", "SPY")], CBOE))

    assert (days.dates, days.underlyings) == ((DAY, DAY.replace(day=20)), ())
    assert named.underlyings == ("SPX", "SPY")


def test_what_changes_a_replay_changes_its_fingerprint(tmp_path: Path) -> None:
    path = write_table(tmp_path / "day.csv", [row()])
    settings = (
        None,
        ReplaySettings(vix=Decimal(15)),
        ReplaySettings(settlement=Decimal(770)),
        ReplaySettings(quote_age_steps=3),
    )
    hashes = {read_csv_market(path, SPY, SESSION, settings=each).fingerprint() for each in settings}
    copy = write_table(tmp_path / "copy.csv", [row()])

    assert len(hashes) == 4
    assert read_csv_market(copy, SPY, SESSION).fingerprint() in hashes


@pytest.mark.parametrize(
    "cells",
    [
        {
            "strike": '"4,750.00"',
            "spot": '"$4,751.20"',
            "oi": '"2,500"',
            "iv": "15.3%",
            "bid": "$1.10",
            "ask": "1.15 USD",
        },
        {"strike": "4 750", "spot": "4_751.20", "oi": "2'500", "iv": "15.3 %", "bid": "+1.10", "ask": "$ 1.15"},
    ],
)
def test_every_figure_of_a_row_is_read_as_vendors_write_it(tmp_path: Path, cells: dict[str, object]) -> None:
    snapshot = read(tmp_path, row(**cells)).snapshot(ny("10:00"))  # type: ignore[arg-type]  # cells by name

    assert snapshot.spot == Decimal("4751.20")
    assert snapshot.chain is not None
    columns = (snapshot.chain.strike, snapshot.chain.open_interest, snapshot.chain.iv, snapshot.chain.bid)
    assert [column.tolist() for column in columns] == [[4750.0], [2500.0], [0.153], [1.10]]
    assert snapshot.chain.ask.tolist() == [1.15]


def test_a_thousands_separator_outside_quotes_shifts_no_cell(tmp_path: Path) -> None:
    """2,500 unquoted is two cells: the row is left out, never read as 2."""
    market = read(tmp_path, *(row(strike=700 + number) for number in range(40)), row(strike=771, oi="2,500"))

    assert market.intake.reasons == {"long_row": 1}
    chain = market.snapshot(ny("10:00")).chain
    assert chain is not None
    assert 771 not in chain.strike


@pytest.mark.parametrize(("bad", "known"), [(2, True), (3, False)])
@pytest.mark.parametrize("cell", [{"strike": "4,75"}, {"oi": "2,50"}, {"right": "X"}, {"expiry": "2024119"}])
def test_more_than_one_unreadable_row_in_twenty_leaves_quotes_and_no_open_interest(
    tmp_path: Path, bad: int, known: bool, cell: dict[str, str]
) -> None:
    good = [row(strike=700 + number) for number in range(40 - bad)]
    quoted = {name: f'"{text}"' for name, text in cell.items()}
    broken = [row(**({"strike": 600 + number} | quoted)) for number in range(bad)]  # type: ignore[arg-type]  # by name
    market = read(tmp_path, *good, *broken, row("10:05:00"))

    chain, later = market.snapshot(ny("10:00")).chain, market.snapshot(ny("10:05")).chain
    assert chain is not None
    assert later is not None
    assert bool(np.isnan(chain.open_interest).all()) is not known
    assert not np.isnan(chain.bid).any()
    assert later.open_interest.tolist() == [250]
    assert market.intake.without_exposure == (0 if known else 1)


@pytest.mark.parametrize(
    ("expiry", "reason"),
    [
        ("2608-01-09", "expiry_beyond_ten_years"), ("2036-08-20", "expiry_beyond_ten_years"),
        ("2026-08-18", "expiry_before_quote"), ("120126", "expiry_before_quote"), ("2024119", "unreadable_expiry"),
        ("26819", "unreadable_expiry"), ("46253", "unreadable_expiry"), ("09/10/2026", "ambiguous_expiry"),
    ],
)  # fmt: skip
def test_an_expiry_that_cannot_be_meant_is_left_out_and_counted(tmp_path: Path, expiry: str, reason: str) -> None:
    market = read(tmp_path, row(expiry=expiry), *(row(strike=700 + number) for number in range(40)))

    assert market.intake.reasons == {reason: 1}
    if reason == "ambiguous_expiry":
        assert "market.day_first" in str(market.intake)


@pytest.mark.parametrize("expiry", ["260819", "20260819", "8/19/2026", "19-AUG-26", "Wed Aug 19 2026"])
def test_an_expiry_is_read_in_every_spelling_that_means_one_day(tmp_path: Path, expiry: str) -> None:
    chain = read(tmp_path, row(expiry=expiry)).snapshot(ny("10:00")).chain
    assert chain is not None
    assert chain.expiry.tolist() == [DAY]


def test_day_first_settles_the_dates_of_a_table(tmp_path: Path) -> None:
    path = write_table(tmp_path / "day.csv", [row(ts="19/08/2026 10:00", expiry="09/10/2026")])

    for day_first, expiry in ((True, DAY.replace(month=10, day=9)), (False, DAY.replace(month=9, day=10))):
        market = read_csv_market(path, SPY, SESSION, settings=ReplaySettings(day_first=day_first))
        chain = market.snapshot(ny("10:00")).chain
        assert chain is not None
        assert chain.expiry.tolist() == [expiry]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (HEADER.replace("spot", "bid"), "column bid is there more than once (columns bid, bid)"),
        (HEADER.replace("spot", "Open_Interest").replace("open_interest", "OPEN_INTEREST"), "more than once"),
    ],
)
def test_two_columns_of_one_name_are_refused_by_name(tmp_path: Path, header: str, words: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read(tmp_path, row(), header=header)
    assert words in str(refusal.value)


def test_a_header_that_two_vendors_could_have_written_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"zero-dte-lab and of cboe-datashop; name one by market\.preset"):
        read(tmp_path, row(), header=f"{HEADER},{CBOE}")
