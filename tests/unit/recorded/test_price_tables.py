"""VIX, closes and prices beside a chain recording, and never from the future. CS-014, CS-310, CS-528."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import attrs
import pytest

from builders_recorded import DAY, HEADER, ny, row, write_table
from gammacore.adapters.recorded.csv_table import read_csv_market
from gammacore.adapters.recorded.market import RecordedMarket
from gammacore.adapters.recorded.surroundings import ReplaySettings
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.sessions import TradingSession
from gammacore.errors import InvalidInput, MissingData
from gammacore.ports.market_data import SettlementPrint
from gammacore.wiring.markets import rows_left_out

SESSION = TradingSession.of(DAY)
PREVIOUS = TradingSession.of(DAY.replace(day=18))
TIMES = ("09:35:00", "10:00:00", "15:50:00")


def replay(tmp_path: Path, settings: ReplaySettings) -> RecordedMarket:
    path = write_table(tmp_path / "day.csv", [row(time) for time in TIMES], HEADER)
    return read_csv_market(path, REGISTRY["SPY"], SESSION, settings=settings, previous=PREVIOUS)


def test_vix_without_a_source_is_missing(tmp_path: Path) -> None:
    assert replay(tmp_path, ReplaySettings()).snapshot(ny("10:00")).vix is None


def test_a_constant_vix_holds_all_day_and_wins_over_a_file(tmp_path: Path) -> None:
    settings = ReplaySettings(vix=Decimal("15.5"), vix_file=tmp_path / "none.csv")
    assert replay(tmp_path, settings).snapshot(ny("09:30")).vix == Decimal("15.5")


def test_a_daily_vix_is_the_last_close_until_the_open_and_the_open_from_then_on(tmp_path: Path) -> None:
    """The day's own high, low and close are the future."""
    rows = ["2026-08-18,16,17,15,15.80", "2026-08-19,15.92,99,1,14.77"]
    market = replay(
        tmp_path, ReplaySettings(vix_file=write_table(tmp_path / "vix.csv", rows, "date,open,high,low,close"))
    )

    assert market.snapshot(ny("09:29:59")).vix == Decimal("15.80")
    assert market.snapshot(ny("09:30")).vix == Decimal("15.92")
    assert market.snapshot(ny("15:59")).vix == Decimal("15.92")


def test_a_daily_vix_of_weeks_ago_is_missing_not_calm(tmp_path: Path) -> None:
    vix = write_table(tmp_path / "vix.csv", ["2026-08-03,15.80"], "date,close")
    assert replay(tmp_path, ReplaySettings(vix_file=vix)).snapshot(ny("10:00")).vix is None


def test_an_intraday_vix_is_known_from_its_time_on(tmp_path: Path) -> None:
    vix = write_table(tmp_path / "vix.csv", [f"{DAY}T09:45:00,15.1", f"{DAY}T10:00:00,15.2"], "timestamp,vix")
    market = replay(tmp_path, ReplaySettings(vix_file=vix))

    seen = [market.snapshot(ny(time)).vix for time in ("09:44", "09:45", "09:59:59", "10:00")]
    assert seen == [None, Decimal("15.1"), Decimal("15.1"), Decimal("15.2")]


def test_bars_are_known_at_their_end_and_their_price_wins_over_the_recording(tmp_path: Path) -> None:
    rows = ["09:58,770,771,769,770.5", "09:59,770.5,772,770,771.5", "10:00,771.5,773,771,772.5"]
    prices = write_table(tmp_path / "prices.csv", rows, "time,open,high,low,close")
    market = replay(tmp_path, ReplaySettings(price_file=prices))

    snapshot = market.snapshot(ny("10:00:59"))
    assert (snapshot.spot, snapshot.spot_at) == (Decimal("771.5"), ny("10:00"))
    assert market.snapshot(ny("10:01")).spot == Decimal("772.5")
    assert [bar.close for bar in market.bars("SPY", 60, ny("09:59"), ny("10:01"))] == [
        Decimal("771.5"),
        Decimal("772.5"),
    ]
    assert market.bars("QQQ", 60, ny("09:59"), ny("10:01")) == ()


def test_a_configured_settlement_wins_over_the_file_of_closes_and_that_over_the_last_price(tmp_path: Path) -> None:
    """CS-528."""
    closes = write_table(tmp_path / "closes.csv", ["2026-08-18,767.10", "2026-08-19,768.84"], "date,close")

    both = ReplaySettings(settlement=Decimal(769), closes_file=closes)
    configured = replay(tmp_path, both).settlement("SPY", DAY)
    filed = replay(tmp_path, ReplaySettings(closes_file=closes)).settlement("SPY", DAY)
    neither = replay(tmp_path, ReplaySettings()).settlement("SPY", DAY)

    assert configured == SettlementPrint(Decimal(769), False, "configured")
    assert filed == SettlementPrint(Decimal("768.84"), False, "closes.csv, column close")
    assert neither is not None
    assert neither.estimated


def test_an_estimated_close_is_flagged_and_a_reported_one_preferred(tmp_path: Path) -> None:
    header = "date,spy_close_estimate,spy_close_reported,method"
    closes = write_table(tmp_path / "c.csv", ["2026-08-18,767.1,767.2,same", "2026-08-19,768.84,,same"], header)
    market = replay(tmp_path, ReplaySettings(closes_file=closes))

    assert market.settlement("SPY", DAY) == SettlementPrint(Decimal("768.84"), True, "c.csv, column spy_close_estimate")
    assert market.snapshot(ny("10:00")).previous_close == Decimal("767.2")


def test_a_close_of_an_earlier_session_is_not_the_previous_close(tmp_path: Path) -> None:
    closes = write_table(tmp_path / "c.csv", ["2026-08-17,767.1"], "date,close")
    assert replay(tmp_path, ReplaySettings(closes_file=closes)).snapshot(ny("10:00")).previous_close is None


@pytest.mark.parametrize(
    ("setting", "header", "rows", "fault", "words"),
    [
        ("vix_file", None, [], MissingData, "no such file"),
        ("vix_file", "a,b", ["1,2"], InvalidInput, "close or price"),
        ("price_file", "day,close", ["1,2"], InvalidInput, "name one of its columns datetime"),
        ("closes_file", "date,close", [], MissingData, "no complete row"),
        ("closes_file", "date,x", ["1,2"], InvalidInput, "name one of its columns close"),
    ],
)
def test_a_file_that_does_not_say_it_is_refused(
    tmp_path: Path, setting: str, header: str | None, rows: list[str], fault: type[Exception], words: str
) -> None:
    path = tmp_path / "beside.csv"
    if header is not None:
        write_table(path, rows, header)

    with pytest.raises(fault, match=words):
        replay(tmp_path, attrs.evolve(ReplaySettings(), **{setting: path}))  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    ("figure", "value"),
    [("vix", Decimal(0)), ("vix", Decimal("NaN")), ("settlement", Decimal(-1)), ("quote_age_steps", 0)],
)
def test_settings_outside_their_bounds_are_refused(figure: str, value: Decimal) -> None:
    with pytest.raises(InvalidInput, match=figure):
        attrs.evolve(ReplaySettings(), **{figure: value})  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    ("setting", "header", "rows", "counted"),
    [
        ("closes_file", "date,close", ["2026-08-19,$768.84", "2026-08-18,n/a", "2026-08-17,1,23", "soon,7"],
         {"no_price": 1, "long_row": 1, "unreadable_date": 1}),
        ("closes_file", "date,close", ["2026-08-19,768.84", "2026-08-19,768.84", "8/18/2026,\"6,445.10\""],
         {"exact_duplicate": 1}),
        ("closes_file", "date,close", ["2026-08-19,768.84", "2026-08-18,767", "2026-08-18,768"],
         {"conflicting_duplicate": 2}),
        ("closes_file", "date,close", ["2026-08-19,768.84", "03/04/2026,767"], {"ambiguous_date": 1}),
        ("closes_file", "date,close", ["260819,768.84", "2026819,767"], {"unreadable_date": 1}),
        ("vix_file", "date,open,close", ["2026-08-18,15,15.80%", "2026-08-17,15,15.7", "2026-07-03,,"],
         {"unreadable_price": 1, "no_price": 1}),
        ("price_file", "time,price", ["10:00,770.1", "10:01,77O", "25:00,770", "10:02"],
         {"unreadable_price": 1, "unreadable_time": 1, "short_row": 1}),
        ("price_file", "time,open,high,low,close", ["10:00,770,771,769,770", "10:01,770,771,772,770"],
         {"unusable_bar": 1}),
    ],
)  # fmt: skip
def test_rows_of_a_side_file_are_counted_by_what_became_of_them(
    tmp_path: Path, setting: str, header: str, rows: list[str], counted: dict[str, int]
) -> None:
    path = write_table(tmp_path / "beside.csv", rows, header)
    market = replay(tmp_path, attrs.evolve(ReplaySettings(), **{setting: path}))  # type: ignore[arg-type]  # by name

    assert market.beside["beside.csv"].reasons == counted
    assert market.beside["beside.csv"].rows == len(rows)
    assert rows_left_out(market).startswith("beside.csv: ")


@pytest.mark.parametrize(
    ("setting", "header", "rows"),
    [
        ("closes_file", "date,close", ["2026-08-19,7O2", "soon,702"]),
        ("closes_file", "date,close", ["2026-08-19,768", "2026-08-19,769"]),
        ("vix_file", "date,close", ["2026-08-18,fifteen"]),
        ("vix_file", "time,vix", ["10:00,-"]),
        ("price_file", "time,price", ["10:00,\"1,23\""]),
        ("price_file", "time,open,high,low,close", ["10:00,770,n/a,769,770"]),
    ],
)  # fmt: skip
def test_a_side_file_of_which_nothing_could_be_read_is_an_error_with_the_reasons(
    tmp_path: Path, setting: str, header: str, rows: list[str]
) -> None:
    path = write_table(tmp_path / "beside.csv", rows, header)

    with pytest.raises(MissingData, match=rf"beside.csv: no usable row: 0 of {len(rows)} rows used; [12] "):
        replay(tmp_path, attrs.evolve(ReplaySettings(), **{setting: path}))  # type: ignore[arg-type]  # by name


def test_two_closes_of_one_day_settle_nothing(tmp_path: Path) -> None:
    """CS-528: a settlement is never chosen between two figures."""
    closes = write_table(tmp_path / "c.csv", ["2026-08-18,767", f"{DAY},768.84", f"{DAY},786.84"], "date,close")
    market = replay(tmp_path, ReplaySettings(closes_file=closes))

    settlement = market.settlement("SPY", DAY)
    assert settlement is not None
    assert settlement.estimated
    assert market.snapshot(ny("10:00")).previous_close == Decimal(767)


def test_day_first_settles_the_dates_of_a_side_file(tmp_path: Path) -> None:
    closes = write_table(tmp_path / "c.csv", ["18/08/2026,767.10", "03/04/2026,701"], "date,close")

    for day_first, date in ((True, DAY.replace(month=4, day=3)), (False, DAY.replace(month=3, day=4))):
        market = replay(tmp_path, ReplaySettings(closes_file=closes, day_first=day_first))
        assert market.prints[date].price == Decimal(701)


def test_the_adjusted_close_neither_settles_nor_gaps(tmp_path: Path) -> None:
    """CS-322, CS-528: the same print is the previous close of the gap filter."""
    rows = ["2026-08-18,760.00,767.10,770", f"{DAY},766.95,768.84,770"]
    closes = write_table(tmp_path / "c.csv", rows, "Date,Adj Close,Close,High")
    market = replay(tmp_path, ReplaySettings(closes_file=closes))

    assert market.settlement("SPY", DAY) == SettlementPrint(Decimal("768.84"), False, "c.csv, column close")
    assert market.snapshot(ny("10:00")).previous_close == Decimal("767.10")
