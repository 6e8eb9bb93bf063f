"""LEAN minute folders: no look-ahead, sides carried with their own age, missing files are missing values. R8."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from builders_recorded import HALF_DAY, STOCK, milliseconds, ny, write_zip
from gammacore.adapters.recorded.lean import read_lean_market
from gammacore.adapters.recorded.market import RecordedMarket
from gammacore.adapters.recorded.surroundings import ReplaySettings
from gammacore.domain.instruments import REGISTRY, Right
from gammacore.domain.sessions import TradingSession
from gammacore.errors import GammacoreError, InvalidInput, MissingData

DAY = HALF_DAY.date
BEFORE = TradingSession.of(dt.date(2015, 12, 23))


def quote(time: str, bid: str = "21500", ask: str = "22500") -> str:
    sides = [side for price in (bid, ask) for side in (price, price, price, price, "10" if price else "0")]
    return ",".join([str(milliseconds(time)), *sides])


def trade(time: str, close: int, spread: int = 0) -> str:
    return f"{milliseconds(time)},{close},{close + spread},{close - spread},{close},100"


def options(folder: Path, kind: str, contracts: dict[str, list[str]], date: dt.date = DAY) -> Path:
    day = f"{date:%Y%m%d}"
    members = {f"{day}_goog_minute_{kind}_american_{name}.csv": rows for name, rows in contracts.items()}
    return write_zip(folder / f"option/usa/minute/goog/{day}_{kind}_american.zip", members)


def shares(folder: Path, kind: str, rows: list[str], date: dt.date = DAY) -> Path:
    name = f"{date:%Y%m%d}_{kind}"
    return write_zip(folder / f"equity/usa/minute/goog/{name}.zip", {f"{date:%Y%m%d}_goog_minute_{kind}.csv": rows})


CALL, PUT, LATER = "call_7500000_20151224", "put_7450000_20151224", "call_7500000_20151231"


def read(folder: Path, **options: object) -> RecordedMarket:
    return read_lean_market(folder, STOCK, HALF_DAY, **options)  # type: ignore[arg-type]  # options by name


def on_the_day(time: str) -> dt.datetime:
    return ny(time, DAY)


def test_a_minutes_quote_is_known_when_the_minute_has_ended(tmp_path: Path) -> None:
    options(tmp_path, "quote", {CALL: [quote("09:30"), quote("09:31", "30000", "31000")]})
    market, contract = read(tmp_path), STOCK.contract(DAY, Right.CALL, Decimal(750))

    assert market.snapshot(on_the_day("09:30:59")).chain is None
    shown = market.snapshot(on_the_day("09:31:59")).quote(contract)
    assert shown is not None
    assert (shown.bid, shown.ask, shown.at) == (Decimal("2.15"), Decimal("2.25"), on_the_day("09:31"))


def test_a_side_that_did_not_change_is_carried_and_the_quote_is_as_old_as_its_older_side(tmp_path: Path) -> None:
    options(tmp_path, "quote", {CALL: [quote("09:30"), quote("09:31", "", "22000"), quote("09:32", "", "22100")]})
    market, contract = read(tmp_path), STOCK.contract(DAY, Right.CALL, Decimal(750))

    shown = market.snapshot(on_the_day("09:33")).quote(contract)
    assert shown is not None
    assert (shown.bid, shown.ask, shown.at) == (Decimal("2.15"), Decimal("2.21"), on_the_day("09:31"))
    assert market.snapshot(on_the_day("09:33:01")).quote(contract) is None  # two steps of a minute


def test_a_side_never_seen_is_missing(tmp_path: Path) -> None:
    options(tmp_path, "quote", {CALL: [quote("09:30", "", "500")], PUT: [quote("09:30")]})

    chain = read(tmp_path).snapshot(on_the_day("09:31")).chain

    assert chain is not None
    assert chain.defects == {"missing": 1}
    assert np.isnan(chain.bid).sum() == 1


def test_only_contracts_of_the_day_unless_all_are_asked_for(tmp_path: Path) -> None:
    options(tmp_path, "quote", {CALL: [quote("09:30")], PUT: [quote("09:30")], LATER: [quote("09:30")]})
    options(tmp_path, "openinterest", {CALL: ["23460000,780"], LATER: ["23460000,12"]})

    today, everything = (
        read(tmp_path, all_expiries=choice).snapshot(on_the_day("09:31")).chain for choice in (False, True)
    )

    assert today is not None
    assert everything is not None
    assert (len(today), len(everything)) == (2, 3)
    assert dict(zip(today.strike.tolist(), today.open_interest.tolist(), strict=True)) == {750: 780, 745: 0}


def test_what_has_no_file_is_not_known(tmp_path: Path) -> None:
    options(tmp_path, "quote", {CALL: [quote("09:30")]})
    market = read(tmp_path, previous=BEFORE)

    snapshot = market.snapshot(on_the_day("10:00"))
    assert (snapshot.spot, snapshot.vix, snapshot.previous_close) == (None, None, None)
    assert market.settlement("GOOG", DAY) is None
    assert market.bars("GOOG", 60, HALF_DAY.open, HALF_DAY.close) == ()


def test_price_is_the_last_trade_at_the_end_of_its_minute(tmp_path: Path) -> None:
    options(tmp_path, "quote", {CALL: [quote("09:30")]})
    shares(
        tmp_path,
        "trade",
        [trade("09:29", 7502000), trade("09:30", 7485400), trade("12:59", 7484000), trade("13:00", 1)],
    )
    shares(tmp_path, "quote", [quote("09:30", "1", "2")])
    market = read(tmp_path)

    assert market.snapshot(on_the_day("09:30:30")).spot == Decimal("750.2")
    assert market.snapshot(on_the_day("09:31")).spot == Decimal("748.54")
    settlement = market.settlement("GOOG", DAY)
    assert settlement is not None
    assert (settlement.price, settlement.estimated) == (Decimal("748.4"), True)  # not what traded after the close


def test_without_trades_the_price_is_the_mid_of_the_shares_quotes(tmp_path: Path) -> None:
    options(tmp_path, "quote", {CALL: [quote("09:30")]})
    shares(tmp_path, "quote", [quote("09:30", "7485000", "7486000"), quote("09:31", "", "7486000")])

    assert read(tmp_path).snapshot(on_the_day("09:32")).spot == Decimal("748.55")


def test_the_previous_close_is_the_last_trade_before_the_close_of_the_session_before(tmp_path: Path) -> None:
    options(tmp_path, "quote", {CALL: [quote("09:30")]})
    shares(tmp_path, "trade", [trade("15:59", 7503100), trade("16:00", 7501900)], BEFORE.date)

    assert read(tmp_path, previous=BEFORE).snapshot(on_the_day("09:31")).previous_close == Decimal("750.31")
    assert read(tmp_path).snapshot(on_the_day("09:31")).previous_close is None


def test_index_prices_are_plain_and_vix_comes_from_its_own_file(tmp_path: Path) -> None:
    day = "20151224"
    names = {f"{day}_spxw_minute_quote_european_put_20500000_{day}.csv": [quote("09:30")]}
    write_zip(tmp_path / f"indexoption/usa/minute/spxw/{day}_quote_european.zip", names)
    for symbol, price in (("spx", "2063.52"), ("vix", "15.57")):
        rows = [f"{milliseconds('09:30')},{price},{price},{price},{price},1"]
        write_zip(tmp_path / f"index/usa/minute/{symbol}/{day}_trade.zip", {f"{day}_{symbol}_minute_trade.csv": rows})

    snapshot = read_lean_market(tmp_path, REGISTRY["SPX"], HALF_DAY).snapshot(on_the_day("09:31"))

    assert (snapshot.spot, snapshot.vix) == (Decimal("2063.52"), Decimal("15.57"))
    assert snapshot.chain is not None
    assert (snapshot.chain.roots, snapshot.chain.strike.tolist()) == (("SPXW",), [2050])


def test_bars_come_from_trades_of_every_day_in_the_folder(tmp_path: Path) -> None:
    options(tmp_path, "quote", {CALL: [quote("09:30")]})
    shares(tmp_path, "trade", [trade("09:30", 7485400, 10000), trade("09:33", 7490000)])
    shares(tmp_path, "trade", [trade("15:59", 7503100)], BEFORE.date)
    market = read(tmp_path)

    assert len(market.bars("GOOG", 60, BEFORE.open, HALF_DAY.close)) == 3
    (five,) = market.bars("GOOG", 300, HALF_DAY.open, HALF_DAY.close)
    assert (five.high, five.close) == (Decimal("749.54"), Decimal(749))


def test_rows_that_cannot_be_read_are_left_out_and_counted(tmp_path: Path) -> None:
    options(tmp_path, "quote", {CALL: [quote("09:30"), "x,1", "34260000,1", quote("09:33")]})

    intake = read(tmp_path).intake

    assert (intake.used, intake["unreadable_row"]) == (2, 2)


def no_folder(folder: Path) -> Path:
    return folder / "none"


def empty_folder(folder: Path) -> Path:
    return folder


def another_underlying(folder: Path) -> Path:
    (folder / "option/usa/minute/aapl").mkdir(parents=True)
    return folder


def another_day(folder: Path) -> Path:
    options(folder, "quote", {}, dt.date(2015, 12, 22))
    return folder


def half_a_zip(folder: Path) -> Path:
    archive = options(folder, "quote", {CALL: [quote("09:30")] * 50})
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    return folder


def flipped_bytes(folder: Path) -> Path:
    archive = options(folder, "quote", {CALL: [quote("09:30")] * 50})
    content = bytearray(archive.read_bytes())
    content[120:140] = bytes(20)
    archive.write_bytes(bytes(content))
    return folder


def nothing_expires(folder: Path) -> Path:
    options(folder, "quote", {LATER: [quote("09:30")]})
    return folder


@pytest.mark.parametrize(
    ("prepare", "fault", "words"),
    [
        (no_folder, InvalidInput, "is not a directory"),
        (empty_folder, MissingData, "no minute options of GOOG"),
        (another_underlying, MissingData, "there are aapl"),
        (another_day, MissingData, "no option quotes of GOOG on 2015-12-24; dates there: 2015-12-22"),
        (half_a_zip, InvalidInput, "damaged zip archive"),
        (flipped_bytes, InvalidInput, "damaged zip archive"),
        (nothing_expires, MissingData, "the next expire on 2015-12-31, which `gex --scope 7d` or"),
    ],
)
def test_a_folder_that_cannot_serve_is_refused_in_one_sentence(
    tmp_path: Path, prepare: object, fault: type[GammacoreError], words: str
) -> None:
    assert callable(prepare)
    with pytest.raises(fault, match=words):
        read(prepare(tmp_path))


def test_settings_win_over_the_folder(tmp_path: Path) -> None:
    options(tmp_path, "quote", {CALL: [quote("09:30")]})
    market = read(tmp_path, settings=ReplaySettings(vix=Decimal(14), settlement=Decimal(749)))

    assert market.snapshot(on_the_day("09:31")).vix == 14
    settlement = market.settlement("GOOG", DAY)
    assert settlement is not None
    assert (settlement.price, settlement.estimated) == (Decimal(749), False)
