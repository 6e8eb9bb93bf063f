"""Volume, the share's quote and the time of VIX come from every recording that has them. SC-008, SC-009, SC-108."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from builders_recorded import DAY, HALF_DAY, HEADER, STOCK, milliseconds, ny, row, write_table, write_zip
from gammacore.adapters.recorded.csv_table import read_csv_market
from gammacore.adapters.recorded.lean import read_lean_market
from gammacore.adapters.recorded.market import RecordedMarket
from gammacore.adapters.recorded.surroundings import ReplaySettings
from gammacore.domain.instruments import REGISTRY, Right
from gammacore.domain.market import Quote
from gammacore.domain.sessions import TradingSession

SESSION = TradingSession.of(DAY)
CALL, PUT = "call_7500000_20151224", "put_7500000_20151224"


def on_the_day(time: str) -> dt.datetime:
    return ny(time, HALF_DAY.date)


def option_quote(time: str) -> str:
    return f"{milliseconds(time)},21500,21500,21500,21500,1,22500,22500,22500,22500,1"


def a_folder(folder: Path, *, traded: bool = True) -> Path:
    options = folder / "option/usa/minute/goog"
    kept = {f"20151224_goog_minute_quote_american_{name}.csv": [option_quote("09:30")] for name in (CALL, PUT)}
    write_zip(options / "20151224_quote_american.zip", kept)
    if traded:
        rows = [f"{milliseconds(time)},1,1,1,1,{volume}" for time, volume in (("09:31", 3), ("09:33", 4))]
        traded_in = {f"20151224_goog_minute_trade_american_{CALL}.csv": rows}
        write_zip(options / "20151224_trade_american.zip", traded_in)
    shares = folder / "equity/usa/minute/goog"
    trades = [f"{milliseconds(time)},7500000,7500000,7500000,7500000,{volume}" for time, volume in
              (("09:30", 100), ("09:31", 250), ("09:32", ""))]  # fmt: skip
    write_zip(shares / "20151224_trade.zip", {"20151224_goog_minute_trade.csv": trades})
    quotes = [
        f"{milliseconds('09:30')},1,1,1,7499500,1,1,1,1,7502000,1",
        f"{milliseconds('09:31')},,,,,0,1,1,1,7501000,1",
        f"{milliseconds('09:32')},1,1,1,7503000,1,,,,,0",
    ]
    write_zip(shares / "20151224_quote.zip", {"20151224_goog_minute_quote.csv": quotes})
    return folder


def lean(folder: Path) -> RecordedMarket:
    return read_lean_market(folder, STOCK, HALF_DAY)


def test_a_share_quote_is_known_at_its_minutes_end_and_a_side_that_did_not_change_stands(tmp_path: Path) -> None:
    market = lean(a_folder(tmp_path))

    shown = {time: market.snapshot(on_the_day(time)).share for time in ("09:30:59", "09:31", "09:32:30")}

    assert shown == {
        "09:30:59": None,
        "09:31": Quote(Decimal("749.95"), Decimal("750.2"), on_the_day("09:31")),
        "09:32:30": Quote(Decimal("749.95"), Decimal("750.1"), on_the_day("09:32")),
    }


def test_a_crossed_share_quote_is_shown_as_its_defect(tmp_path: Path) -> None:
    seen = lean(a_folder(tmp_path)).snapshot(on_the_day("09:33"))

    assert (seen.share, seen.share_defect) == (None, "crossed")


def test_bars_carry_the_shares_traded_and_a_sum_needs_every_part(tmp_path: Path) -> None:
    market = lean(a_folder(tmp_path))

    minutes = market.bars("GOOG", 60, HALF_DAY.open, HALF_DAY.close)
    assert [bar.volume for bar in minutes] == [100, 250, None]
    assert [bar.volume for bar in market.bars("GOOG", 120, HALF_DAY.open, on_the_day("09:32"))] == [350]
    assert [bar.volume for bar in market.bars("GOOG", 300, HALF_DAY.open, HALF_DAY.close)] == [None]


def volume_of(market: RecordedMarket, time: str, right: Right) -> float:
    chain = market.snapshot(on_the_day(time)).chain
    assert chain is not None
    row = chain.row(STOCK.contract(HALF_DAY.date, right, Decimal(750)))
    return float(chain.volume[row])


def test_an_options_volume_is_what_was_traded_until_then(tmp_path: Path) -> None:
    market = lean(a_folder(tmp_path))

    assert [volume_of(market, time, Right.CALL) for time in ("09:31", "09:32", "09:33", "09:34")] == [0, 3, 3, 3]
    assert volume_of(market, "09:33", Right.PUT) == 0  # trades were recorded, none of it


def test_without_recorded_trades_an_options_volume_is_missing(tmp_path: Path) -> None:
    assert np.isnan(volume_of(lean(a_folder(tmp_path, traded=False)), "09:33", Right.CALL))


@pytest.mark.parametrize(("cell", "volume"), [("1,204", 1204.0), ("0", 0.0), ("", None), ("-3", None), ("x", None)])
def test_a_tables_volume_column_is_read_and_missing_is_not_zero(
    tmp_path: Path, cell: str, volume: float | None
) -> None:
    quoted = f'"{cell}"' if "," in cell else cell
    path = write_table(tmp_path / "day.csv", [row(vol=quoted)], HEADER + ",volume")

    chain = read_csv_market(path, REGISTRY["SPY"], SESSION).snapshot(ny("10:00")).chain

    assert chain is not None
    assert (None if np.isnan(chain.volume[0]) else float(chain.volume[0])) == volume


def test_a_price_files_volume_goes_into_its_bars(tmp_path: Path) -> None:
    bars = ["09:30,770,771,769,770,5000", "09:31,770,771,769,770,", "09:32,770,771,769,770,7000"]
    prices = write_table(tmp_path / "bars.csv", bars, "time,open,high,low,close,Volume")
    table = write_table(tmp_path / "day.csv", [row()])
    market = read_csv_market(table, REGISTRY["SPY"], SESSION, settings=ReplaySettings(price_file=prices))

    assert [bar.volume for bar in market.bars("SPY", 60, SESSION.open, SESSION.close)] == [5000, None, 7000]


def test_a_daily_vix_open_was_seen_at_the_bell_and_a_constant_is_of_now(tmp_path: Path) -> None:
    rows = ["2026-08-18,16,17,15,15.80", "2026-08-19,15.92,99,1,14.77"]
    daily = ReplaySettings(vix_file=write_table(tmp_path / "vix.csv", rows, "date,open,high,low,close"))
    table = write_table(tmp_path / "day.csv", [row()])

    def vix_at(settings: ReplaySettings, time: str) -> dt.datetime | None:
        return read_csv_market(table, REGISTRY["SPY"], SESSION, settings=settings).snapshot(ny(time)).vix_at

    assert vix_at(daily, "09:29") == ny("00:00")
    assert vix_at(daily, "11:00") == SESSION.open
    assert vix_at(ReplaySettings(vix=Decimal(15)), "11:00") == ny("11:00")
    assert vix_at(ReplaySettings(), "11:00") is None


def test_the_real_half_day_has_a_share_quote_and_a_volume_every_minute(shared_data: Path) -> None:
    """The U of volume: 09:30-10:00 carries 19 % of it in 14 % of the time."""
    market = read_lean_market(shared_data / "replay_lean", STOCK, HALF_DAY)
    minutes = [market.snapshot(HALF_DAY.after_open(minute)) for minute in range(1, 211)]
    bars = market.bars("GOOG", 60, HALF_DAY.open, HALF_DAY.close)
    volumes = [bar.volume or 0 for bar in bars]
    spreads = sorted(seen.share.width for seen in minutes if seen.share is not None)

    assert len(bars) == len(spreads) == 210
    assert round(sum(volumes[:30]) / sum(volumes), 2) == 0.19
    assert (spreads[104], spreads[-1]) == (Decimal("0.36"), Decimal("1.14"))
