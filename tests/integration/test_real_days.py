"""Real recorded days: SPY 0DTE chains, the GOOG half day and SPXW in LEAN's layout. R8, CS-008, CS-014, CS-528."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve

from builders_quotes_only import quotes_alone
from builders_recorded import HALF_DAY, STOCK, write_recording
from contracts.market_data_contract import Build, MarketDataContract, assert_same_snapshot
from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.chain_exposure import ChainExposure
from gammacore.adapters.recorded.csv_table import read_csv_market
from gammacore.adapters.recorded.lean import read_lean_market
from gammacore.adapters.recorded.market import RecordedMarket
from gammacore.adapters.recorded.recording import RecordingHeader
from gammacore.adapters.recorded.recording_reader import read_recording
from gammacore.adapters.recorded.surroundings import ReplaySettings
from gammacore.adapters.recorded.survey import survey_csv
from gammacore.domain.gex.pin import find_pin
from gammacore.domain.gex.units import ExposureUnit
from gammacore.domain.instruments import REGISTRY, Right
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.sessions import TradingSession, new_york

SPY = REGISTRY["SPY"]
SPX_DAY = TradingSession.of(dt.date(2021, 1, 8))


@pytest.fixture(scope="module")
def calendar() -> NyseCalendar:
    return NyseCalendar()


@pytest.fixture(scope="module")
def chains(shared_data: Path) -> Path:
    return shared_data / "replay_spy_0dte"


@pytest.fixture(scope="module")
def lean(shared_data: Path) -> Path:
    return shared_data / "replay_lean"


def spy_day(chains: Path, day: str, settings: ReplaySettings | None = None) -> RecordedMarket:
    session = TradingSession.of(dt.date.fromisoformat(day))
    return read_csv_market(chains / f"SPY_{day}.csv.gz", SPY, session, settings=settings)


def ny(day: str, clock: str) -> dt.datetime:
    return new_york(dt.date.fromisoformat(day), dt.time.fromisoformat(clock))


@pytest.mark.parametrize(
    ("day", "snapshots", "rows", "duplicates", "first", "last", "spot"),
    [
        ("2026-07-20", 72, 11344, 598, "09:33:37", "15:49:18", "747.67"),
        ("2026-07-23", 7, 1034, 0, "09:36:05", "13:46:12", "741.07"),
        ("2026-07-24", 76, 11250, 0, "09:32:19", "15:49:31", "738.97"),
        ("2026-08-12", 77, 11890, 0, "09:30:04", "15:51:15", "774.22"),
        ("2026-08-19", 76, 11708, 0, "09:33:04", "15:49:16", "770.4"),
    ],
)
def test_each_spy_day_is_read_whole(
    chains: Path, day: str, snapshots: int, rows: int, duplicates: int, first: str, last: str, spot: str
) -> None:
    market = spy_day(chains, day)

    assert len(market.times) == snapshots
    assert (market.times[0], market.times[-1]) == (ny(day, first), ny(day, last))
    assert (market.intake.rows, market.intake.used) == (rows, rows - duplicates)
    assert market.intake.reasons == ({"exact_duplicate": duplicates} if duplicates else {})
    assert market.step_seconds == pytest.approx(300, abs=2)
    opening = market.snapshot(market.times[0])
    assert (opening.spot, opening.spot_at) == (Decimal(spot), market.times[0])
    prices = [market.snapshot(at).spot for at in market.times]
    assert all(price is not None and abs(price / Decimal(spot) - 1) < Decimal("0.02") for price in prices)
    sizes = {len(chain) for at in market.times if (chain := market.snapshot(at).chain) is not None}
    assert sizes <= set(range(126, 158, 2))


def test_the_hole_of_171_minutes_stays_a_hole_with_a_look_at_every_step(chains: Path) -> None:
    market = spy_day(chains, "2026-07-23")
    before, after = ny("2026-07-23", "10:55:07"), ny("2026-07-23", "13:46:12")
    assert (after - before).total_seconds() == 10_265

    looks = [market.next_at(before)]
    while looks[-1] < after:
        looks.append(market.next_at(looks[-1]))

    step = dt.timedelta(seconds=market.step_seconds)
    assert looks[:3] == [before + step, before + 2 * step, before + 3 * step]
    assert looks[-1] == after
    assert len(looks) == 34
    assert {market.snapshot(look).spot_at for look in looks[:-1]} == {before}
    contract = SPY.contract(dt.date(2026, 7, 23), Right.CALL, Decimal(740))
    fresh = [market.snapshot(look).quote(contract) is not None for look in looks[:-1]]
    assert fresh == [True, True, *[False] * 31]  # two steps, then stale


def test_the_first_snapshot_of_august_12_has_no_greeks_and_the_next_one_has(chains: Path) -> None:
    market = spy_day(chains, "2026-08-12")
    first, second = (market.snapshot(at).chain for at in market.times[:2])

    assert first is not None
    assert second is not None
    assert np.isnan(first.iv).all()
    assert np.isnan(first.gamma).all()
    assert not np.isnan(first.bid).any()
    assert np.isfinite(second.iv).sum() > 50


def test_a_quarter_of_the_rows_has_no_bid_and_they_are_usable(chains: Path) -> None:
    """CS-014: bid 0 is usable."""
    market = spy_day(chains, "2026-08-19")
    bids = np.concatenate([chain.bid for at in market.times if (chain := market.snapshot(at).chain) is not None])

    assert not np.isnan(bids).any()
    assert 0.2 < (bids == 0).mean() < 0.35


def test_a_spy_day_settles_at_its_file_of_closes_flagged_estimated(chains: Path) -> None:
    """CS-528."""
    settings = ReplaySettings(closes_file=chains / "spy_close.csv", vix_file=chains / "vix_daily.csv")
    market = spy_day(chains, "2026-08-19", settings)

    settlement = market.settlement("SPY", dt.date(2026, 8, 19))
    assert settlement is not None
    assert (settlement.price, settlement.estimated) == (Decimal("768.84"), True)
    assert market.snapshot(market.times[0]).vix == Decimal("15.92")  # the open, not the close of 14.89


def test_minute_bars_of_the_index_serve_as_price_and_bars(chains: Path) -> None:
    settings = ReplaySettings(price_file=chains / "spx_1m" / "2026-08-19.csv")
    market = spy_day(chains, "2026-08-19", settings)

    assert market.snapshot(ny("2026-08-19", "09:31")).spot == Decimal("7723.13")
    assert market.snapshot(ny("2026-08-19", "09:30:59")).spot is None
    session = market.session
    assert len(market.bars("SPY", 300, session.open, session.close)) == 78


def test_a_survey_finds_the_day(chains: Path) -> None:
    assert survey_csv(chains / "SPY_2026-07-24.csv.gz").dates == (dt.date(2026, 7, 24),)


def goog(lean: Path, *, all_expiries: bool = False) -> RecordedMarket:
    previous = TradingSession.of(dt.date(2015, 12, 23))
    return read_lean_market(lean, STOCK, HALF_DAY, all_expiries=all_expiries, previous=previous)


def test_the_goog_half_day(lean: Path, calendar: NyseCalendar) -> None:
    """CS-008: 13:00."""
    market = goog(lean)
    assert calendar.session(HALF_DAY.date) == HALF_DAY

    assert market.step_seconds == 60
    assert market.times[-1] == HALF_DAY.close
    snapshot = market.snapshot(HALF_DAY.after_open(5))
    assert snapshot.chain is not None
    assert len(snapshot.chain) == 176
    assert snapshot.chain.roots == ("GOOG",)
    assert snapshot.spot == Decimal("749.4")
    assert snapshot.previous_close == Decimal("750.31")
    assert snapshot.quote_age_limit == 120
    at_the_money = STOCK.contract(HALF_DAY.date, Right.CALL, Decimal(750))
    row = snapshot.chain.row(at_the_money)
    assert row is not None
    assert snapshot.chain.open_interest[row] == 780
    settlement = market.settlement("GOOG", HALF_DAY.date)
    assert settlement is not None
    assert (settlement.price, settlement.estimated) == (Decimal("748.4"), True)


def test_the_first_goog_quote_is_the_close_of_the_first_minute(lean: Path) -> None:
    market, contract = goog(lean), STOCK.contract(HALF_DAY.date, Right.CALL, Decimal(750))

    assert market.snapshot(HALF_DAY.after_open(0.99)).chain is None
    shown = market.snapshot(HALF_DAY.after_open(1)).quote(contract)
    assert shown is not None
    assert (shown.bid, shown.ask, shown.at) == (Decimal("1"), Decimal("1.85"), HALF_DAY.after_open(1))


def test_every_goog_expiry_on_request(lean: Path) -> None:
    chain = goog(lean, all_expiries=True).snapshot(HALF_DAY.after_open(60)).chain
    assert chain is not None
    assert len(chain) == 2192
    assert len(chain.expiring(HALF_DAY.date)) == 176


def test_an_spxw_day_without_index_and_without_open_interest(lean: Path) -> None:
    market = read_lean_market(lean, REGISTRY["SPX"], SPX_DAY)

    snapshot = market.snapshot(SPX_DAY.after_open(30))
    assert (snapshot.spot, snapshot.vix) == (None, None)
    assert snapshot.chain is not None
    assert (len(snapshot.chain), snapshot.chain.roots) == (4, ("SPXW",))
    assert snapshot.chain.open_interest.tolist() == [0, 0, 0, 0]
    assert market.settlement("SPX", SPX_DAY.date) is None
    everything = read_lean_market(lean, REGISTRY["SPX"], SPX_DAY, all_expiries=True)
    chain = everything.snapshot(SPX_DAY.after_open(30)).chain
    assert chain is not None
    assert len(chain) == 16


def record(market: RecordedMarket, path: Path) -> None:
    header = RecordingHeader(market.underlying, market.session, market.step_seconds)
    write_recording(path, header, (market.snapshot(at) for at in market.times))


def test_a_real_day_is_recorded_and_read_back_exactly(chains: Path, tmp_path: Path) -> None:
    day = spy_day(chains, "2026-08-12", ReplaySettings(vix_file=chains / "vix_daily.csv"))
    record(day, tmp_path / "day")

    replayed = read_recording(tmp_path / "day")

    for at in day.times:
        assert_same_snapshot(replayed.snapshot(at), day.snapshot(at))
        assert replayed.next_at(at) == day.next_at(at)


class TestSpyTable(MarketDataContract):
    underlying = "SPY"

    @pytest.fixture
    def session(self) -> TradingSession:
        return TradingSession.of(dt.date(2026, 7, 20))

    @pytest.fixture
    def build(self, chains: Path) -> Build:
        return lambda: spy_day(chains, "2026-07-20")


class TestSpyTableWithAHole(MarketDataContract):
    underlying = "SPY"

    @pytest.fixture
    def session(self) -> TradingSession:
        return TradingSession.of(dt.date(2026, 7, 23))

    @pytest.fixture
    def build(self, chains: Path) -> Build:
        return lambda: spy_day(chains, "2026-07-23")


class TestGoogLean(MarketDataContract):
    underlying = "GOOG"

    @pytest.fixture
    def session(self) -> TradingSession:
        return HALF_DAY

    @pytest.fixture
    def build(self, lean: Path) -> Build:
        return lambda: goog(lean)


class TestSpxwLean(MarketDataContract):
    @pytest.fixture
    def session(self) -> TradingSession:
        return SPX_DAY

    @pytest.fixture
    def build(self, lean: Path) -> Build:
        return lambda: read_lean_market(lean, REGISTRY["SPX"], SPX_DAY)


class TestRecordedSpxwLean(MarketDataContract):
    """The recording of the LEAN day keeps the same contract."""

    @pytest.fixture
    def session(self) -> TradingSession:
        return SPX_DAY

    @pytest.fixture
    def build(self, lean: Path, tmp_path: Path) -> Build:
        record(read_lean_market(lean, REGISTRY["SPX"], SPX_DAY), tmp_path / "day")
        return lambda: read_recording(tmp_path / "day")


@pytest.mark.parametrize(
    ("day", "same", "looks"),
    [
        ("2026-07-20", 67, 72),
        ("2026-07-23", 6, 7),
        ("2026-07-24", 67, 76),
        ("2026-08-12", 74, 77),
        ("2026-08-19", 69, 76),
    ],
)
def test_a_day_has_the_pins_of_its_quotes_with_its_vendor_s_volatility_and_without(
    chains: Path, day: str, same: int, looks: int
) -> None:
    """CS-101. Where they are apart two peaks are close, or it is late: the vendor has half an hour more left."""
    market = spy_day(chains, day)
    source = ChainExposure(SPY, market.session)

    def pin(snapshot: MarketSnapshot) -> Decimal | None:
        exposure = source.exposure(snapshot)
        assert exposure is not None
        assert snapshot.spot is not None
        exposure = exposure.converted(ExposureUnit.PER_100PCT)
        found = find_pin(exposure.strikes, exposure.net, snapshot.spot, SPY)
        return None if found is None else found.strike

    agreed = 0
    for at in market.times:
        seen = market.snapshot(at)
        assert seen.chain is not None
        agreed += pin(seen) == pin(evolve(seen, chain=quotes_alone(seen.chain)))

    assert (agreed, len(market.times)) == (same, looks)
