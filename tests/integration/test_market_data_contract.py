"""The market data contract, held by the simulated market, its recording and a vendor's table. R13."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from builders_recorded import DAY, row, write_table
from contracts.market_data_contract import Build, MarketDataContract, assert_same_snapshot
from gammacore.adapters.recorded.csv_table import read_csv_market
from gammacore.adapters.recorded.recording import RecordingHeader, RecordingWriter
from gammacore.adapters.recorded.recording_reader import read_recording
from gammacore.adapters.simulated.market import SimulatedMarket
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.sessions import TradingSession

SESSION = TradingSession.of(dt.date(2026, 3, 3))


def simulated() -> SimulatedMarket:
    return SimulatedMarket(REGISTRY["SPX"], SESSION, seed=7, step_seconds=300)


def record(market: SimulatedMarket, path: Path) -> None:
    """What the loop saw at each look, from open to close, and the settlement print."""
    now = SESSION.open
    with RecordingWriter(path, RecordingHeader("SPX", SESSION, 300.0, "lineage", market.label)) as recording:
        while now <= SESSION.close:
            recording.append(market.snapshot(now))
            now = market.next_at(now)
        settlement = market.settlement("SPX", SESSION.date)
        assert settlement is not None
        recording.write_settlement(SESSION.date, settlement)


class TestSimulatedMarket(MarketDataContract):
    @pytest.fixture
    def session(self) -> TradingSession:
        return SESSION

    @pytest.fixture
    def build(self) -> Build:
        return simulated


class TestRecordedSimulatedMarket(MarketDataContract):
    @pytest.fixture
    def session(self) -> TradingSession:
        return SESSION

    @pytest.fixture
    def build(self, tmp_path: Path) -> Build:
        record(simulated(), tmp_path / "day")
        return lambda: read_recording(tmp_path / "day")


class TestVendorTable(MarketDataContract):
    underlying = "SPY"

    @pytest.fixture
    def session(self) -> TradingSession:
        return TradingSession.of(DAY)

    @pytest.fixture
    def build(self, tmp_path: Path) -> Build:
        times = ("09:35:00", "09:40:00", "09:45:00", "12:00:00", "15:50:00", "16:10:00")
        rows = [row(time, strike, right) for time in times for strike in (769, 770) for right in "CP"]
        path = write_table(tmp_path / "day.csv", [*rows, row("09:40:00", bid="9"), *rows[:4]], packed=True)
        return lambda: read_csv_market(path, REGISTRY["SPY"], TradingSession.of(DAY))


def test_a_recorded_simulated_day_shows_at_every_look_what_was_shown(tmp_path: Path) -> None:
    """R14: the first half of "recorded and replayed gives the same ledger"."""
    market = simulated()
    record(market, tmp_path / "day")
    replayed, now = read_recording(tmp_path / "day"), SESSION.open

    while now <= SESSION.close:
        assert_same_snapshot(replayed.snapshot(now), market.snapshot(now))
        assert replayed.next_at(now) == market.next_at(now)
        now = market.next_at(now)

    assert replayed.settlement("SPX", SESSION.date) == market.settlement("SPX", SESSION.date)
    assert (replayed.label, replayed.lineage) == (market.label, "lineage")
