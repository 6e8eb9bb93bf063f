"""Our own recording: what is read is exactly what was written, or it is refused."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders_recorded import DAY, a_chain, a_snapshot, ny, write_recording
from contracts.market_data_contract import assert_same_snapshot
from gammacore.adapters.recorded.recording import RecordingHeader, RecordingWriter
from gammacore.adapters.recorded.recording_reader import is_recording, read_recording, read_recording_header
from gammacore.adapters.recorded.surroundings import ReplaySettings
from gammacore.domain.market import Bar, MarketSnapshot, Quote
from gammacore.domain.sessions import TradingSession
from gammacore.errors import GammacoreError, InvalidInput, MissingData
from gammacore.ports.market_data import SettlementPrint

HEADER = RecordingHeader("SPX", TradingSession.of(DAY), 60.0, "lineage-7f", "csv:day.csv")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "day.recording"


prices = st.decimals(min_value="0.01", max_value="9999999", places=4)
stamps = st.integers(min_value=0, max_value=7 * 3600 * 1_000_000)
bids = st.lists(st.one_of(st.floats(0, 1e5), st.just(float("nan")), st.just(-1.0)), max_size=5)


@st.composite
def snapshots(draw: st.DrawFn) -> list[MarketSnapshot]:
    opening, day = HEADER.session.open, []
    chain = None
    for microseconds in sorted(draw(st.sets(stamps, min_size=1, max_size=6))):
        at = opening + microseconds * (ny("10:00:01") - ny("10:00:00")) / 1_000_000
        what = draw(st.sampled_from(["new", "same", "none"]))
        chain = {"new": a_chain(at, draw(bids)), "same": chain, "none": None}[what]
        spot, vix, close = (draw(st.none() | prices) for _ in range(3))
        limit = draw(st.floats(0.001, 1e6))
        seen = draw(st.none() | st.just(at))
        vix_at = draw(st.none() | st.just(at)) if vix else None
        share = None if spot is None else draw(st.none() | st.just(Quote(spot, spot + 1, at)))
        defect = None if share is not None else draw(st.sampled_from([None, "crossed", "missing"]))
        day.append(MarketSnapshot(at, "SPX", spot, seen if spot else None, chain, vix, limit, close, share=share,
                                  vix_at=vix_at, share_defect=defect))  # fmt: skip
    return day


@given(day=snapshots())
def test_every_snapshot_is_read_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, day: list[MarketSnapshot]
) -> None:
    path = tmp_path_factory.mktemp("recording") / "day"
    write_recording(path, HEADER, day)

    market = read_recording(path)

    assert market.times == tuple(snapshot.at for snapshot in day)
    for written in day:
        assert_same_snapshot(market.snapshot(written.at), written)


def test_the_header_is_read_back_and_the_lineage_inherited(path: Path) -> None:
    write_recording(path, HEADER, [a_snapshot("10:00")])

    assert read_recording_header(path) == HEADER
    market = read_recording(path)
    assert (market.lineage, market.label, market.step_seconds) == ("lineage-7f", "csv:day.csv", 60.0)
    assert market.session == HEADER.session


def test_a_replay_keeps_the_recorded_cadence(path: Path) -> None:
    times = ("10:00:00", "10:01:00", "10:02:25", "10:30:00")
    write_recording(path, HEADER, [a_snapshot(time) for time in times])
    market = read_recording(path)

    assert market.next_at(ny("10:01:00")) == ny("10:02:25")  # 85 s is no hole at a step of 60 s
    assert market.next_at(ny("10:02:25")) == ny("10:03:25")


def test_bars_and_settlement_are_read_back(path: Path) -> None:
    bars = [
        Bar(ny(f"10:0{minute}"), 60, Decimal(6000), Decimal("6001.25"), Decimal(5999), Decimal(6001))
        for minute in range(4)
    ]
    settlement = SettlementPrint(Decimal("6010.42"), False, "SPX closing print")
    with RecordingWriter(path, HEADER) as recording:
        recording.append(a_snapshot("10:00"))
        recording.write_bars("SPX", bars[:3])
        recording.write_bars("SPX", bars[2:])
        recording.write_bars("SPX", [])
        recording.write_settlement(DAY, settlement)

    market = read_recording(path)

    assert list(market.bars("SPX", 60, ny("10:00"), ny("10:04"))) == bars
    assert market.settlement("SPX", DAY) == settlement


def test_settings_win_over_what_was_recorded(path: Path) -> None:
    write_recording(path, HEADER, [a_snapshot("10:00")], settlement=SettlementPrint(Decimal(6010), False, "print"))

    market = read_recording(path, settings=ReplaySettings(vix=Decimal(20), settlement=Decimal(6000)))

    assert market.snapshot(ny("10:00")).vix == 20
    assert market.settlement("SPX", DAY) == SettlementPrint(Decimal(6000), False, "configured")
    assert market.fingerprint() != read_recording(path).fingerprint()


def test_an_unchanged_chain_is_written_once(path: Path) -> None:
    chain = a_chain(ny("10:00"))
    write_recording(path, HEADER, [a_snapshot("10:00", chain), a_snapshot("10:01", chain), a_snapshot("10:02")])

    lines = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    assert ["chain" in line for line in lines[1:4]] == [True, False, True]
    market = read_recording(path)
    assert market.snapshot(ny("10:00")).chain is market.snapshot(ny("10:01")).chain
    assert market.snapshot(ny("10:02")).chain is None


def test_the_same_day_is_the_same_file_byte_for_byte(tmp_path: Path) -> None:
    """R14."""
    for name in ("one", "other"):
        write_recording(tmp_path / name, HEADER, [a_snapshot("10:00", a_chain(ny("10:00")))])

    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_a_second_look_at_an_instant_is_not_written_again_and_an_earlier_one_refused(path: Path) -> None:
    with RecordingWriter(path, HEADER) as recording:
        recording.append(a_snapshot("10:01"))
        recording.append(a_snapshot("10:01"))
        with pytest.raises(InvalidInput, match="time order"):
            recording.append(a_snapshot("10:00"))
        with pytest.raises(InvalidInput, match="this recording is of SPX"):
            recording.append(attrs.evolve(a_snapshot("10:02"), underlying="NDX"))

    assert read_recording(path).times == (ny("10:01"),)


class _PowerCut(Exception):
    pass


def record_until_the_power_fails(path: Path) -> None:
    with RecordingWriter(path, HEADER) as recording:
        recording.append(a_snapshot("10:00", a_chain(ny("10:00"))))
        recording.append(a_snapshot("10:01"))
        raise _PowerCut


def interrupted(path: Path) -> Path:
    """What is left of a recording whose process died after two snapshots."""
    with pytest.raises(_PowerCut):
        record_until_the_power_fails(path)
    return RecordingWriter(path, HEADER).partial


def test_a_recording_appears_whole_or_not_at_all(path: Path) -> None:
    partial = interrupted(path)

    assert not path.exists()
    with pytest.raises(InvalidInput, match="cut short after 2 snapshots"):
        read_recording(partial)
    assert read_recording(partial, accept_cut=True).times == (ny("10:00"), ny("10:01"))


def test_a_failed_recording_leaves_the_earlier_one_in_place(path: Path) -> None:
    write_recording(path, HEADER, [a_snapshot("09:45")])
    interrupted(path)

    assert read_recording(path).times == (ny("09:45"),)


def test_what_a_torn_gzip_still_holds_can_be_read_on_request(path: Path) -> None:
    write_recording(
        path, HEADER, [a_snapshot(f"10:{minute:02}", a_chain(ny(f"10:{minute:02}"))) for minute in range(30)]
    )
    path.write_bytes(path.read_bytes()[:-400])

    with pytest.raises(InvalidInput, match="ends too early"):
        read_recording(path)
    assert 10 < len(read_recording(path, accept_cut=True).times) < 30


def altered(path: Path, line: int, text: str) -> None:
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    lines[line] = text
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("line", "text", "fault", "words"),
    [
        (0, '{"format": "something else"}', InvalidInput, "not a gammacore recording"),
        (0, "[]", InvalidInput, "not a gammacore recording"),
        (0, '{"format": "gammacore-recording", "version": 3}', InvalidInput, "is of version 3, and this"),
        (0, '{"format": "gammacore-recording", "version": 2}', InvalidInput, "damaged"),
        (0, '{"format": "gammacore-recording", "version": 1}', InvalidInput, "damaged"),
        (1, "garbage", InvalidInput, "line 2 is damaged"),
        (1, '{"at": "2026-08-19T10:00:00"}', InvalidInput, "line 2 is damaged"),
        (1, '{"what": 1}', InvalidInput, "line 2 is damaged"),
        (2, '{"end": 3}', InvalidInput, "cut short"),
    ],
)
def test_a_damaged_recording_is_refused_with_the_line(
    path: Path, line: int, text: str, fault: type[GammacoreError], words: str
) -> None:
    write_recording(path, HEADER, [a_snapshot("10:00")])
    altered(path, line, text)

    with pytest.raises(fault, match=words):
        read_recording(path)


def test_an_empty_recording_is_missing_data(path: Path) -> None:
    write_recording(path, HEADER, [])
    with pytest.raises(MissingData, match="without a snapshot"):
        read_recording(path)


def test_a_recording_is_known_by_its_content(tmp_path: Path, path: Path) -> None:
    write_recording(path, HEADER, [a_snapshot("10:00")])
    table = tmp_path / "table.recording"
    table.write_text("a,b\n1,2\n")

    assert is_recording(path)
    assert not is_recording(table)
    assert not is_recording(tmp_path)
    assert not is_recording(tmp_path / "none")
