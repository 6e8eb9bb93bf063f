"""Small tables, LEAN folders and snapshots to replay."""

from __future__ import annotations

import datetime as dt
import gzip
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np

from gammacore.adapters.recorded.recording import RecordingHeader, RecordingWriter
from gammacore.domain.instruments import PENNY, Exercise, Settlement, Underlying
from gammacore.domain.market import Bar, MarketSnapshot, OptionChain
from gammacore.domain.sessions import TradingSession, new_york
from gammacore.ports.market_data import SettlementPrint

DAY = dt.date(2026, 8, 19)
HEADER = "quote_ts,spot,expiry,type,strike,bid,ask,iv,gamma,open_interest"
STOCK = Underlying("GOOG", "GOOG", Exercise.AMERICAN, Settlement.PHYSICAL, ticks=PENNY)
HALF_DAY = TradingSession.of(dt.date(2015, 12, 24), close=dt.time(13))


def ny(time: str, date: dt.date = DAY) -> dt.datetime:
    return new_york(date, dt.time.fromisoformat(time))


def row(time: str = "10:00:00", strike: object = 770, right: str = "C", **other: object) -> str:
    cells: dict[str, object] = {
        "ts": f"{DAY}T{time}", "spot": "770.12", "expiry": DAY, "right": right, "strike": strike, "bid": "1.10",
        "ask": "1.15", "iv": "0.12", "gamma": "0.05", "oi": "250",
    }  # fmt: skip
    return ",".join(str(cell) for cell in (cells | other).values())


def write_table(path: Path, rows: Iterable[str], header: str = HEADER, *, packed: bool = False) -> Path:
    text = "\n".join([header, *rows]) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    return path


def write_zip(path: Path, members: Mapping[str, Iterable[str]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, rows in members.items():
            archive.writestr(name, "\n".join(rows) + "\n")
    return path


def milliseconds(time: str) -> int:
    clock = dt.time.fromisoformat(time)
    return ((clock.hour * 60 + clock.minute) * 60 + clock.second) * 1000


def a_chain(as_of: dt.datetime, bids: Iterable[float] = (1.1, 0.0, float("nan"))) -> OptionChain:
    """Calls from 770 up, with the given bids; asks 0.05 higher."""
    bid = np.array(list(bids), dtype=np.float64)
    size = len(bid)
    seconds = np.full(size, as_of.timestamp())
    return OptionChain(
        "SPX", as_of, ("SPX", "SPXW"), 770 + np.arange(size, dtype=np.float64), np.ones(size),
        np.full(size, np.datetime64(DAY)), np.ones(size), bid, bid + 0.05, np.arange(size, dtype=np.float64),
        np.full(size, 0.1), np.full(size, np.nan), seconds,
    )  # fmt: skip


def a_snapshot(time: str, chain: OptionChain | None = None, **parts: object) -> MarketSnapshot:
    at = ny(time)
    known: dict[str, object] = {"spot": Decimal("770.10"), "spot_at": at, "vix": Decimal("15.92"), **parts}
    return MarketSnapshot(at=at, underlying="SPX", chain=chain, **known)  # type: ignore[arg-type]  # parts by name


def write_recording(
    path: Path,
    header: RecordingHeader,
    snapshots: Iterable[MarketSnapshot],
    *,
    bars: Iterable[tuple[str, Sequence[Bar]]] = (),
    settlement: SettlementPrint | None = None,
) -> None:
    """Write a whole day at once; the file appears complete or not at all."""
    with RecordingWriter(path, header) as recording:
        for snapshot in snapshots:
            recording.append(snapshot)
        for symbol, shown in bars:
            recording.write_bars(symbol, shown)
        if settlement is not None:
            recording.write_settlement(header.session.date, settlement)
