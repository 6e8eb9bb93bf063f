"""Vendors' tables by their headers: every usable quote with its age, every planted defect counted. ST-101..109."""

from __future__ import annotations

import datetime as dt
import gzip
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from builders_vendors import (
    CBOE_CALCS,
    CBOE_END_OF_DAY,
    CBOE_INTERVAL,
    DATABENTO,
    OPTIONSDX,
    SUMMER,
    THETA_V2,
    THETA_V2_BARE,
    THETA_V3,
    WINTER,
    line_of,
    market,
    ny,
    quotes,
    table,
    turned,
)
from gammacore.adapters.recorded.csv_table import read_csv_market
from gammacore.adapters.recorded.presets import PRESETS
from gammacore.adapters.recorded.quality import integrity
from gammacore.configuration import configure
from gammacore.domain.gex.units import ALL
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.sessions import TradingSession
from gammacore.errors import ConfigurationError, InvalidInput

NO_DEFECT = dict.fromkeys(
    ("unreadable", "other_expiry", "exact_duplicate", "conflicting_duplicate", "crossed", "no_ask", "negative",
     "missing", "no_bid"), 0,
)  # fmt: skip


def cboe(header: str = CBOE_INTERVAL, **cells: object) -> str:
    known: dict[str, object] = {
        "underlying_symbol": "^SPX", "quote_datetime": "2026-03-06 10:00:00", "root": "SPXW", "expiration": WINTER,
        "strike": "6000.000", "option_type": "C", "bid": "1.10", "ask": "1.20", "underlying_bid": "6001.10",
        "underlying_ask": "6001.30",
    }  # fmt: skip
    return line_of(header, known | cells)


PLANTED = [
    cboe(),
    cboe(option_type="P", bid="2.50", ask="2.60"),
    cboe(strike="6005.000", bid="0.00", ask="0.05"),  # nobody bids: usable
    cboe(strike="6010.000", bid="1.00", ask="0.90"),  # crossed
    cboe(strike="6015.000", bid="0", ask="0"),  # nobody asks
    cboe(strike="6020.000", bid="-0.05", ask="0.10"),  # negative
    cboe(strike="6025.000", bid="", ask="0.10"),  # missing
    cboe(strike="6030.000", bid="x1.00", ask="1.10"),  # unreadable
    cboe(strike="six thousand"),  # unreadable
    cboe(expiration="2026-03-09"),  # another expiry
    cboe(),  # the first row again
    cboe(option_type="P", bid="2.55", ask="2.65"),  # another word on the second row: it holds
    cboe(root="SPX", bid="9.00", ask="9.20"),  # the AM-settled series of that day
    cboe(underlying_symbol="^NDX", root="NDXP"),  # of another underlying
    cboe(quote_datetime="2026-03-06 10:01:00", bid="1.15", ask="1.25"),
    "^SPX,2026-03-06 10:01:00,SPXW",  # cut short
]
COUNTS = {
    "unreadable": 3, "other_expiry": 1, "exact_duplicate": 1, "conflicting_duplicate": 1, "crossed": 1, "no_ask": 1,
    "negative": 1, "missing": 1, "no_bid": 1,
}  # fmt: skip


def test_every_planted_defect_of_a_cboe_file_is_counted_and_every_usable_quote_read(tmp_path: Path) -> None:
    """ST-102, ST-109: root tells SPXW from SPX; index symbols have ^; every row is used or has one reason."""
    day = market(table(tmp_path / "day.csv", CBOE_INTERVAL, PLANTED), WINTER)

    report = integrity(day)

    assert dict(report.counts.reasons) == COUNTS
    assert (report.counts.rows, report.counts.used, report.instants, report.counts.contracts) == (15, 5, 2, 9)
    assert report.counts.rows == report.counts.used + sum(COUNTS.values()) - COUNTS["no_bid"]
    assert quotes(day, ny(WINTER, "10:00")) == {
        "SPXW 6000C": ("1.1", "1.2", 0.0),
        "SPXW 6000P": ("2.55", "2.65", 0.0),
        "SPXW 6005C": ("0", "0.05", 0.0),
        "SPX 6000C": ("9", "9.2", 0.0),
    }
    assert quotes(day, ny(WINTER, "10:01:30")) == {"SPXW 6000C": ("1.15", "1.25", 30.0)}
    assert day.snapshot(ny(WINTER, "10:00")).spot == Decimal("6001.20")


def test_columns_in_any_order_padded_and_in_capitals_are_the_same_table(tmp_path: Path) -> None:
    header, *rows = turned(CBOE_INTERVAL, [row for row in PLANTED if row.count(",") > 5])
    plain = market(table(tmp_path / "plain.csv", CBOE_INTERVAL, PLANTED[:-1]), WINTER)
    odd = market(table(tmp_path / "odd.csv", header, rows), WINTER)

    assert integrity(odd) == integrity(plain)
    assert [quotes(odd, at) for at in odd.times] == [quotes(plain, at) for at in plain.times]


def test_cboe_with_calcs_gives_volatility_gamma_open_interest_and_the_active_price(tmp_path: Path) -> None:
    row = cboe(CBOE_CALCS, implied_volatility="0.1530", gamma="0.0041", open_interest=1200, trade_volume=77,
               active_underlying_price="6002.50", implied_underlying_price="9.99")  # fmt: skip
    seen = market(table(tmp_path / "day.csv", CBOE_CALCS, [row]), WINTER).snapshot(ny(WINTER, "10:00"))

    assert seen.chain is not None
    assert (seen.chain.iv[0], seen.chain.gamma[0], seen.chain.open_interest[0]) == (0.153, 0.0041, 1200)
    assert (seen.chain.volume[0], seen.spot) == (77, Decimal("6002.50"))


def test_the_end_of_day_file_of_cboe_is_its_1545_snapshot(tmp_path: Path) -> None:
    row = line_of(CBOE_END_OF_DAY, {
        "underlying_symbol": "^SPX", "quote_date": WINTER, "root": "SPXW", "expiration": WINTER, "strike": 6000,
        "option_type": "c", "bid_1545": "1.0", "ask_1545": "1.1", "bid_eod": 5, "ask_eod": 6, "open_interest": 10,
        "active_underlying_price_1545": "6003.00",
    })  # fmt: skip
    day = market(table(tmp_path / "eod.csv", CBOE_END_OF_DAY, [row]), WINTER)

    assert day.times == (ny(WINTER, "15:45"),)
    assert quotes(day, ny(WINTER, "15:45")) == {"SPXW 6000C": ("1", "1.1", 0.0)}


def dx(at: dt.datetime, **cells: object) -> str:
    known: dict[str, object] = {
        "quote_unixtime": int(at.timestamp()), "quote_readtime": f" {at:%Y-%m-%d %H:%M}", "underlying_last": "6001.50",
        "expire_date": f" {at.date()}", "strike": "6000.00", "c_bid": "3.00", "c_ask": "3.10", "c_iv": "0.15",
        "c_gamma": "0.004", "c_volume": "12", "p_bid": "1.50", "p_ask": "1.60", "p_iv": "", "p_gamma": "0.005",
        "c_size": "10 x 12", "p_size": "1 x 1", "p_volume": "",
    }  # fmt: skip
    return ", ".join(line_of(OPTIONSDX, known | cells).split(","))


@pytest.mark.parametrize("date", [WINTER, SUMMER])
def test_a_row_of_optionsdx_is_a_call_and_a_put_and_a_blank_no_quote(tmp_path: Path, date: dt.date) -> None:
    """ST-102: unix seconds are UTC: 10:00 in New York on both sides of the change of clocks."""
    ten = ny(date, "10:00")
    rows = [
        dx(ten),
        dx(ten),  # twice: two duplicates
        dx(ten, strike="6005.00", c_bid=" ", c_ask="", p_bid="5.00", p_ask="4.90"),  # no call, a crossed put
        dx(ten, strike="6010.00", p_bid="", p_ask="9.90", c_bid="0.00", c_ask="0.05"),
        dx(ten, strike="6015.00", expire_date="2026-04-17"),  # another expiry: two rows of it
        dx(ten, strike=""),
        dx(ny(date, "10:15"), c_bid="3.20", c_ask="3.30"),
    ]
    day = market(table(tmp_path / "dx.txt", OPTIONSDX, rows), date)
    report = integrity(day)

    assert dict(report.counts.reasons) == NO_DEFECT | {
        "exact_duplicate": 2, "other_expiry": 2, "unreadable": 2, "missing": 2, "crossed": 1, "no_bid": 1,
    }  # fmt: skip
    assert (report.counts.rows, report.counts.used, report.instants, report.step_seconds) == (14, 5, 2, 900.0)
    assert quotes(day, ten) == {
        "SPXW 6000C": ("3", "3.1", 0.0), "SPXW 6000P": ("1.5", "1.6", 0.0), "SPXW 6010C": ("0", "0.05", 0.0),
    }  # fmt: skip
    assert day.snapshot(ten).spot == Decimal("6001.50")
    assert "no_open_interest" in report.flags


def theta(date: dt.date = WINTER, clock: str = "10:00:00.000", **cells: object) -> str:
    known: dict[str, object] = {
        "symbol": "SPXW", "expiration": date, "strike": "6000.000", "right": "CALL", "timestamp": f"{date}T{clock}",
        "bid": "1.10", "ask": "1.20",
    }  # fmt: skip
    return line_of(THETA_V3, known | cells)


@pytest.mark.parametrize(("date", "offset"), [(WINTER, "-05:00"), (SUMMER, "-04:00")])
def test_thetadata_v3_in_new_york_time_or_with_its_offset(tmp_path: Path, date: dt.date, offset: str) -> None:
    """ST-102: bid = ask = 0 is no quote; CALL and put in any case; the symbol is the root, and says whose it is."""
    rows = [
        theta(date),
        theta(date, "10:00:00.250" + offset, right="put", bid="0", ask="0"),
        theta(date, symbol="SPX", right="Put", bid="7.0", ask="7.2"),
        theta(date, symbol="QQQ", strike="500.000"),
        theta(date, symbol="SPXW", strike="6005.000", bid="0.00", ask="0.05"),
    ]
    path = table(tmp_path / "v3.csv", THETA_V3, rows)
    day = market(path, date)
    report = integrity(day)

    assert day.times == (ny(date, "10:00"), ny(date, "10:00:00.250"))
    assert dict(report.counts.reasons) == NO_DEFECT | {"missing": 1, "no_bid": 1}
    assert (report.counts.rows, report.counts.used) == (4, 3)
    assert quotes(day, ny(date, "10:00")) == {
        "SPXW 6000C": ("1.1", "1.2", 0.0), "SPX 6000P": ("7", "7.2", 0.0), "SPXW 6005C": ("0", "0.05", 0.0),
    }  # fmt: skip
    assert integrity(market(path, date, "QQQ")).counts.rows == 1


def test_thetadata_v2_has_strikes_in_tenths_of_a_cent_and_milliseconds(tmp_path: Path) -> None:
    rows = [
        line_of(THETA_V2, {
            "root": "SPXW", "expiration": "20260306", "strike": strike, "right": "C", "ms_of_day": 34_200_000 + step,
            "bid": bid, "ask": "1.25", "date": "20260306",
        })
        for strike, step, bid in ((6_000_000, 60_000, "1.20"), (6_002_500, 60_000, "0"), (6_000_000, 120_500, "1.10"))
    ]  # fmt: skip
    day = market(table(tmp_path / "v2.csv", THETA_V2, rows), WINTER)

    assert day.times == (ny(WINTER, "09:31"), ny(WINTER, "09:32:00.500"))
    assert quotes(day, ny(WINTER, "09:31")) == {
        "SPXW 6000C": ("1.2", "1.25", 0.0), "SPXW 6002.5C": ("0", "1.25", 0.0),
    }  # fmt: skip


@pytest.mark.parametrize(
    "name", ["SPXW_20260306_6000000_C.csv", "SPXW260306C06000000.csv", "spxw-2026-03-06-C-6000000"]
)
def test_thetadata_v2_without_the_contract_takes_it_from_the_files_name(tmp_path: Path, name: str) -> None:
    row = line_of(THETA_V2_BARE, {"ms_of_day": 36_000_000, "bid": "1.0", "ask": "1.1", "date": 20260306})
    day = market(table(tmp_path / name, THETA_V2_BARE, [row]), WINTER)

    assert quotes(day, ny(WINTER, "10:00")) == {"SPXW 6000C": ("1", "1.1", 0.0)}


def test_a_table_without_a_contract_whose_name_tells_none_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path / "day.csv", THETA_V2_BARE, [])

    with pytest.raises(InvalidInput, match=r"name it like SPXW_20260105_6000000_C\.csv"):
        market(path, WINTER)


NONE = 2**63 - 1


def dbn(clock: str, symbol: str = "SPXW  260306C06000000", **cells: object) -> str:
    known: dict[str, object] = {
        "ts_recv": f"2026-03-06T{clock}.000000000Z", "bid_px_00": "1.100000000", "ask_px_00": "1.200000000",
        "symbol": symbol,
    }  # fmt: skip
    return line_of(DATABENTO, known | cells)


def test_databento_carries_what_did_not_change_with_its_age(tmp_path: Path) -> None:
    """ST-102, ST-103: no record = unchanged; a blank bid is 0; 2^63 - 1 is none; whole 1e-9ths or decimals; UTC."""
    put, far = "SPXW  260306P06000000", "SPXW  260306C06100000"
    rows = [
        dbn("15:00:00"),
        dbn("15:00:00", put, bid_px_00="1250000000", ask_px_00="1300000000"),
        dbn("15:01:00", bid_px_00="1.150000000"),
        dbn("15:02:00", far, bid_px_00="", ask_px_00="0.050000000"),
        dbn("15:03:00", put, bid_px_00=NONE, ask_px_00=NONE),  # the quote is gone: nothing is carried on
        dbn("15:03:00", "SPY   260306C00600000"),
        dbn("15:03:00", "SPXW  260309C06000000"),
        dbn("15:03:00", "SPX 6000 call?"),
    ]
    day = market(table(tmp_path / "cbbo.csv", DATABENTO, rows), WINTER)
    report = integrity(day)
    call = ("1.15", "1.2")

    assert quotes(day, ny(WINTER, "10:00")) == {
        "SPXW 6000C": ("1.1", "1.2", 0.0), "SPXW 6000P": ("1.25", "1.3", 0.0),
    }  # fmt: skip
    assert quotes(day, ny(WINTER, "10:02")) == {
        "SPXW 6000C": (*call, 60.0), "SPXW 6000P": ("1.25", "1.3", 120.0), "SPXW 6100C": ("0", "0.05", 0.0),
    }  # fmt: skip
    assert quotes(day, ny(WINTER, "10:03")) == {"SPXW 6000C": (*call, 120.0), "SPXW 6100C": ("0", "0.05", 60.0)}
    assert dict(report.counts.reasons) == NO_DEFECT | {
        "unreadable": 1, "other_expiry": 1, "missing": 1, "no_bid": 1,
    }  # fmt: skip
    assert (report.counts.rows, report.counts.used, report.instants) == (7, 4, 4)
    assert "no_price" in report.flags


def test_a_carried_quote_is_too_old_by_cs_014_alone(tmp_path: Path) -> None:
    rows = [dbn("15:00:00"), *(dbn(f"15:0{minute}:00", "SPXW  260306P06000000") for minute in range(5))]
    day = market(table(tmp_path / "cbbo.csv", DATABENTO, rows), WINTER)
    chain = day.snapshot(day.times[-1]).chain
    assert chain is not None
    call = chain.contract(int(chain.is_call.argmax()), REGISTRY["SPX"])

    shown = [day.snapshot(at).quote(call) is not None for at in day.times]

    assert shown == [True, True, True, False, False]  # two steps of a minute


@pytest.mark.parametrize(
    ("name", "header", "lost"),
    [
        ("cboe-datashop", CBOE_INTERVAL, "expiration"),
        ("optionsdx", OPTIONSDX, "[P_ASK]"),
        ("optionsdx", OPTIONSDX, "[QUOTE_UNIXTIME]"),
        ("thetadata", THETA_V3, "symbol"),
        ("thetadata", THETA_V3, "strike"),
        ("thetadata-v2", THETA_V2, "strike"),
        ("thetadata-v2", THETA_V2, "root"),
        ("databento-cbbo", DATABENTO, "symbol"),
        ("databento-cbbo", DATABENTO, "ts_recv"),
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_a_header_that_misses_a_needed_column_is_refused_naming_it(
    tmp_path: Path, name: str, header: str, lost: str, named: bool
) -> None:
    """ST-102: whether the preset was named or is told by the header."""
    names = [each.strip() for each in header.split(",") if each.strip() != lost]
    path = table(tmp_path / "SPXW_20260306_6000000_C.csv", ",".join(names), [])

    with pytest.raises(InvalidInput, match=rf"column {lost.strip('[]').lower()} is missing"):
        market(path, WINTER, preset=name if named else None)


def test_an_unknown_header_names_the_nearest_preset_and_what_it_lacks_of_it(tmp_path: Path) -> None:
    path = table(tmp_path / "odd.csv", "timestamp,right,strike,last,volume", [])

    with pytest.raises(InvalidInput, match=r"the nearest preset is thetadata, of which it lacks expiration, bid, ask"):
        market(path, WINTER)


def test_every_preset_says_what_it_reads() -> None:
    assert list(PRESETS) == [
        "zero-dte-lab", "cboe-datashop", "optionsdx", "thetadata", "thetadata-v2", "databento-cbbo",
    ]  # fmt: skip


def test_a_day_in_several_files_is_merged_whatever_their_order(tmp_path: Path) -> None:
    """ST-101: one file a contract, a zip, a gzip, and other tables beside them in the folder."""
    rows = [theta(strike=f"{strike}.000", bid=bid) for strike, bid in ((6000, "1.0"), (6005, "0.9"), (6010, "0.8"))]
    texts = ["\n".join([THETA_V3, row]) + "\n" for row in rows]
    orders: list[Any] = []
    for folder, names in (("one", "abc"), ("two", "cab")):
        there = tmp_path / folder
        there.mkdir()
        (there / f"{names[0]}.csv").write_text(texts[0])
        (there / f"{names[1]}.csv.gz").write_bytes(gzip.compress(texts[1].encode()))
        with zipfile.ZipFile(there / f"{names[2]}.zip", "w") as archive:
            archive.writestr("quotes.csv", texts[2])
        (there / "closes.csv").write_text("date,close\n2026-03-06,6001\n")
        (there / ".hidden.csv").write_text("nothing\n")
        day = market(there, WINTER)
        orders.append((quotes(day, ny(WINTER, "10:00")), integrity(day)))

    assert orders[0] == orders[1]
    assert set(orders[0][0]) == {"SPXW 6000C", "SPXW 6005C", "SPXW 6010C"}
    some = market(tmp_path / "one" / "[ab]*", WINTER)
    assert quotes(some, ny(WINTER, "10:00")).keys() == {"SPXW 6000C", "SPXW 6005C"}


def test_several_days_and_underlyings_in_one_file_are_told_apart(tmp_path: Path) -> None:
    rows = [theta(date, symbol=symbol, strike=strike, bid="1.0", right=right)
            for date in (WINTER, SUMMER) for symbol, strike in (("SPXW", "6000"), ("SPY", "600"))
            for right in ("C", "P")]  # fmt: skip
    path = table(tmp_path / "all.csv", THETA_V3, rows)

    assert quotes(market(path, SUMMER, "SPY"), ny(SUMMER, "10:00")).keys() == {"SPY 600C", "SPY 600P"}
    assert integrity(market(path, WINTER)).counts.rows == 2


def test_a_broken_row_is_of_the_day_of_the_row_before_it(tmp_path: Path) -> None:
    rows = [theta(WINTER), "cut,short", theta(SUMMER), theta(SUMMER, "noon"), theta(SUMMER, "10:01:00")]
    path = table(tmp_path / "all.csv", THETA_V3, rows)

    assert [integrity(market(path, date)).counts.reasons["unreadable"] for date in (WINTER, SUMMER)] == [1, 1]
    assert [integrity(market(path, date)).counts.rows for date in (WINTER, SUMMER)] == [2, 3]


def test_all_expiries_are_kept_on_request(tmp_path: Path) -> None:
    rows = [theta(), theta(expiration=SUMMER)]
    path = table(tmp_path / "v3.csv", THETA_V3, rows)

    assert integrity(market(path, WINTER)).counts.reasons["other_expiry"] == 1
    assert integrity(market(path, WINTER, scope=ALL)).counts.used == 2


def test_databento_in_nanoseconds_is_the_same_instant(tmp_path: Path) -> None:
    nanoseconds = int(ny(WINTER, "10:00").timestamp()) * 10**9
    day = market(table(tmp_path / "cbbo.csv", DATABENTO, [dbn("15:00:00", ts_recv=nanoseconds)]), WINTER)

    assert quotes(day, ny(WINTER, "10:00")) == {"SPXW 6000C": ("1.1", "1.2", 0.0)}


WIDE = {
    "time": "when", "expiry": "exp", "strike": "k", "call_bid": "cb", "call_ask": "ca", "put_bid": "pb",
    "put_ask": "pa", "call_open_interest": "coi", "price_scale": "100", "spot": "s",
}  # fmt: skip


@pytest.mark.parametrize(("unchanged", "shown"), [("absent", {}), ("carry", {"SPXW 6000C": ("1.1", "1.2", 60.0)})])
def test_a_map_of_columns_reads_wide_rows_in_cents_and_carries_on_request(
    tmp_path: Path, unchanged: str, shown: dict[str, Any]
) -> None:
    """ST-103: by the configuration, as a user writes it."""
    columns = configure([{f"market.columns.{key}": text for key, text in (WIDE | {"unchanged": unchanged}).items()}])
    rows = [
        f"{WINTER}T10:00:00,{WINTER},6000,110,120,,,77,600050",
        f"{WINTER}T10:01:00,{WINTER},6005,50,60,0,5,,600050",
    ]
    path = table(tmp_path / "wide.csv", "when,exp,k,cb,ca,pb,pa,coi,s", rows)
    day = read_csv_market(path, REGISTRY["SPX"], TradingSession.of(WINTER), columns=columns.settings.market.columns)
    chain = day.snapshot(day.times[0]).chain

    assert chain is not None
    assert sorted(chain.open_interest.tolist()) == [0.0, 77.0]
    assert day.snapshot(day.times[0]).spot == Decimal("6000.50")
    assert quotes(day, ny(WINTER, "10:01")) == {
        **shown, "SPXW 6005C": ("0.5", "0.6", 0.0), "SPXW 6005P": ("0", "0.05", 0.0),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("left_out", "words"), [("put_ask", "put_ask"), ("strike", "strike"), ("time", "name the column of the time")]
)
def test_a_map_that_lacks_a_column_is_refused(left_out: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        configure([{f"market.columns.{key}": text for key, text in WIDE.items() if key != left_out}])
