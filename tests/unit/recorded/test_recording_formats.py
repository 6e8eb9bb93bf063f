"""A recording of any format is read for ever; format 2 has share quotes, the time of VIX and volumes. SC-108."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve

from builders_recorded import DAY, a_chain, a_snapshot, ny, write_recording
from gammacore.adapters.recorded.recording import RecordingHeader, RecordingWriter
from gammacore.adapters.recorded.recording_reader import read_recording
from gammacore.domain.instruments import REGISTRY, Right
from gammacore.domain.market import Bar, Quote
from gammacore.domain.sessions import TradingSession

KEPT = Path(__file__).resolve().parents[2] / "fixtures" / "recordings" / "format_1.gz"
HEADER = RecordingHeader("SPX", TradingSession.of(DAY), 60.0)


def test_the_kept_recording_of_format_1_is_read_as_it_was_seen() -> None:
    market = read_recording(KEPT)
    session = TradingSession.of(dt.date(2026, 3, 3))
    seen = market.snapshot(session.after_open(1))

    assert len(market.times) == 4
    assert (market.lineage, market.label) == ("lineage-of-format-1", "simulated (seed 57, every 60 s)")
    assert (seen.spot, seen.vix, seen.previous_close) == (Decimal("559.29"), Decimal("16.76"), Decimal("557.71"))
    assert seen.chain is not None
    assert (len(seen.chain), float(seen.chain.open_interest.sum())) == (8, 43_247)
    assert seen.quote(REGISTRY["SPY"].contract(session.date, Right.CALL, Decimal(560))) is not None
    assert [bar.close for bar in market.bars("SPY", 60, session.open, session.close)] == [
        Decimal("559.30"), Decimal("559.26"), Decimal("559.12"),
    ]  # fmt: skip
    assert (settled := market.settlement("SPY", session.date)) is not None
    assert settled.price == Decimal("554.95")


def test_what_format_1_did_not_record_is_not_known() -> None:
    market = read_recording(KEPT)
    session = TradingSession.of(dt.date(2026, 3, 3))
    seen = market.snapshot(session.after_open(1))

    assert (seen.share, seen.share_defect, seen.vix_at) == (None, None, None)
    assert seen.chain is not None
    assert np.isnan(seen.chain.volume).all()
    assert {bar.volume for bar in market.bars("SPY", 60, session.open, session.close)} == {None}


def test_the_kept_recording_keeps_its_fingerprint() -> None:
    """A ledger that was replayed from it goes on with it."""
    assert read_recording(KEPT).fingerprint() == KEPT_FINGERPRINT


KEPT_FINGERPRINT = "13bef28e9918986718f713a26088a5a25aa0dc4597d13a0476fd9520e0502835"


def test_volumes_share_quotes_and_the_time_of_vix_are_read_back(tmp_path: Path) -> None:
    at = ny("10:00")
    chain = a_chain(at)
    traded = evolve(chain, volume=np.array([5.0, np.nan, 0.0]))
    snapshot = a_snapshot("10:00", traded, share=Quote(Decimal("770.09"), Decimal("770.11"), at), vix_at=ny("09:59"))
    bars = [Bar(at, 60, *[Decimal(770)] * 4, volume=1200), Bar(ny("10:01"), 60, *[Decimal(770)] * 4)]
    write_recording(tmp_path / "day", HEADER, [snapshot], bars=[("SPX", bars)])

    market = read_recording(tmp_path / "day")
    seen = market.snapshot(at)

    assert (seen.share, seen.vix_at) == (snapshot.share, ny("09:59"))
    assert seen.chain is not None
    np.testing.assert_array_equal(seen.chain.volume, traded.volume)
    assert [bar.volume for bar in market.bars("SPX", 60, at, ny("10:02"))] == [1200, None]


@pytest.mark.parametrize("version", [1, 2])
def test_a_live_day_is_taken_up_where_an_earlier_version_left_it(tmp_path: Path, version: int) -> None:
    path = tmp_path / "day"
    with suppress(KeyboardInterrupt), RecordingWriter(path, HEADER, goes_on=True) as recording:
        recording.append(a_snapshot("10:00", a_chain(ny("10:00"))))
        recording.write_bars("SPX", [Bar(ny("10:00"), 60, *[Decimal(770)] * 4)])
        raise KeyboardInterrupt
    if version == 1:
        downgrade(path.with_name("day.partial"))

    with RecordingWriter(path, HEADER, goes_on=True) as recording:
        recording.append(a_snapshot("10:01", share=Quote(Decimal(770), Decimal(771), ny("10:01"))))

    market = read_recording(path)
    assert market.times == (ny("10:00"), ny("10:01"))
    assert market.snapshot(ny("10:01")).share is not None
    assert market.snapshot(ny("10:00")).chain is not None
    assert [bar.volume for bar in market.bars("SPX", 60, ny("10:00"), ny("10:02"))] == [None]


def downgrade(path: Path) -> None:
    """Rewrite a file of format 2 as format 1 would have had it."""
    lines = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    for line in lines:
        for name in ("vix_at", "share", "share_defect"):
            line.pop(name, None)
        if "chain" in line:
            line["chain"].pop("volume")
        if "bars" in line:
            line["rows"] = [row[:-1] for row in line["rows"]]
        if "format" in line:
            line["version"] = 1
    path.write_bytes(gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode()))
