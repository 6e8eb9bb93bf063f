"""`gammacore import` and the store on real days: counts, nothing twice, killed and gone on, damage refused. Check 8."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve

import gammacore as gammacore_library
from builders_cli import CommandLine, at_home
from builders_vendors import THETA_V3, WINTER, line_of, table
from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.npz_store.store import NpzStore
from gammacore.adapters.recorded.csv_table import read_csv_market
from gammacore.adapters.recorded.lean import read_lean_market
from gammacore.adapters.recorded.market import RecordedMarket
from gammacore.adapters.recorded.store_market import stored_market
from gammacore.adapters.recorded.surroundings import ReplaySettings
from gammacore.configuration import Configuration, configure
from gammacore.domain.instruments import PENNY, REGISTRY, Exercise, Settlement, Underlying
from gammacore.domain.sessions import TradingSession
from gammacore.errors import InvalidInput, WriteConflict
from gammacore.wiring.markets import previous_session
from gammacore.wiring.study.imports import import_days

DAYS = ("2026-07-20", "2026-07-23", "2026-07-24", "2026-08-12", "2026-08-19")
COLUMNS = ("strike", "is_call", "expiry", "root", "bid", "ask", "open_interest", "iv", "gamma", "quoted_at", "volume")


@pytest.fixture
def gammacore(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    at_home(monkeypatch, tmp_path)
    return CommandLine(capsys)


@pytest.fixture
def chains(shared_data: Path) -> Path:
    return shared_data / "replay_spy_0dte"


def spy(chains: Path) -> Configuration:
    return configure([{
        "market.underlying": "SPY", "market.vix_file": str(chains / "vix_daily.csv"),
        "market.closes_file": str(chains / "spy_close.csv"),
    }])  # fmt: skip


def imported(chains: Path, store: Path, *, check: bool = False) -> dict[str, str]:
    report = import_days(f"csv:{chains / 'SPY_*.csv.gz'}", store, configuration=spy(chains), workers=1, check=check)
    return {str(day.date): str(day.action) for day in report.days}


@pytest.fixture(scope="module")
def whole_store(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """The five days' store, imported once; each test has a copy."""
    made = tmp_path_factory.mktemp("store") / "S"

    def copied(chains: Path) -> Path:
        if not made.exists():
            imported(chains, made)
        copy = tmp_path_factory.mktemp("copy") / "S"
        shutil.copytree(made, copy)
        return copy

    return copied


def content(folder: Path) -> dict[str, str]:
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def assert_shows_the_same(files: RecordedMarket, stored: RecordedMarket) -> None:
    assert files.times == stored.times
    assert (files.step_seconds, files.prints) == (stored.step_seconds, stored.prints)
    for at in files.times:
        one, other = files.snapshot(at), stored.snapshot(at)
        for name in ("spot", "spot_at", "vix", "vix_at", "previous_close", "share", "share_defect", "quote_age_limit"):
            assert getattr(one, name) == getattr(other, name), (at, name)
        assert (one.chain is None) == (other.chain is None)
        if one.chain is not None and other.chain is not None:
            assert (one.chain.as_of, one.chain.roots, one.chain.defects) == (
                other.chain.as_of, other.chain.roots, other.chain.defects,
            )  # fmt: skip
            for name in COLUMNS:
                left, right = getattr(one.chain, name), getattr(other.chain, name)
                assert left.dtype == right.dtype
                assert np.array_equal(left, right, equal_nan=left.dtype.kind == "f"), (at, name)


def test_the_real_days_are_counted_and_the_second_run_writes_nothing(gammacore: CommandLine, chains: Path) -> None:
    """ST-108, ST-109, ST-801."""
    source = f"csv:{chains / 'SPY_*.csv.gz'}"

    first = gammacore.document("import", source, "--store", "S", "--underlying", "SPY", "--workers", "1")
    before = content(Path("S"))
    second = gammacore.document("import", source, "--store", "S", "--underlying", "SPY", "--workers", "1")
    days = {day["date"]: day for day in first["days"]}

    assert list(days) == list(DAYS)
    assert set(first) == {"store", "days", "missing_days", "bytes"}
    assert (days[DAYS[0]]["rows"], days[DAYS[0]]["reasons"]["exact_duplicate"]) == (11_344, 598)
    assert (days[DAYS[0]]["instants"], days[DAYS[0]]["holes"]) == (72, 0)
    assert (days[DAYS[1]]["instants"], days[DAYS[1]]["holes"], days[DAYS[1]]["largest_gap_seconds"]) == (7, 2, 10_265)
    assert {"early_end", "holes"} <= set(days[DAYS[1]]["flags"])
    assert len(first["missing_days"]) == 18
    assert [day["action"] for day in first["days"]] == ["written"] * 5
    assert [day["action"] for day in second["days"]] == ["unchanged"] * 5
    assert [{**day, "action": ""} for day in first["days"]] == [{**day, "action": ""} for day in second["days"]]
    assert content(Path("S")) == before
    assert first["bytes"] == sum(file.stat().st_size for file in Path("S").rglob("*.npz"))


def test_two_imports_give_the_same_bytes_whatever_the_workers(
    chains: Path, tmp_path: Path, whole_store: Callable[[Path], Path]
) -> None:
    import_days(f"csv:{chains / 'SPY_*.csv.gz'}", tmp_path / "two", configuration=spy(chains), workers=2)

    assert content(whole_store(chains)) == content(tmp_path / "two")


@pytest.mark.parametrize("date", [DAYS[0], DAYS[1], DAYS[3]])
def test_the_store_shows_what_the_files_show(chains: Path, date: str, whole_store: Callable[[Path], Path]) -> None:
    """ST-110."""
    store = whole_store(chains)
    session = TradingSession.of(dt.date.fromisoformat(date))
    previous = previous_session(NyseCalendar(), session.date)
    settings = ReplaySettings(vix_file=chains / "vix_daily.csv", closes_file=chains / "spy_close.csv")
    files = read_csv_market(
        chains / f"SPY_{date}.csv.gz", REGISTRY["SPY"], session, settings=settings, previous=previous
    )  # fmt: skip

    stored = stored_market(NpzStore(store).read("SPY", session.date), previous=previous)

    assert files.label != stored.label
    assert all(files.prints[day] == each for day, each in stored.prints.items())
    assert_shows_the_same(files, stored_with_all_prints(stored, files))


def stored_with_all_prints(stored: RecordedMarket, files: RecordedMarket) -> RecordedMarket:
    """The store keeps the prints of ten days; those of the file of closes reach further."""
    return evolve(stored, prints=files.prints)


def test_a_lean_day_is_stored_with_its_bars_and_share_quotes(shared_data: Path, tmp_path: Path) -> None:
    lean = shared_data / "replay_lean"
    report = import_days(lean, tmp_path / "S", configuration=configure([{"market.underlying": "GOOG"}]), workers=1)
    (day,) = report.days
    session = TradingSession.of(day.date, close=dt.time(13))
    goog = Underlying("GOOG", "GOOG", Exercise.AMERICAN, Settlement.PHYSICAL, ticks=PENNY)
    previous = TradingSession.of(dt.date(2015, 12, 23))
    files = read_lean_market(lean, goog, session, previous=previous)
    stored = stored_market(NpzStore(tmp_path / "S").read("GOOG", day.date), previous=previous)

    assert day.report is not None
    assert (day.report.counts.contracts, day.report.instants) == (176, 211)
    assert_shows_the_same(files, stored)
    for seconds in (60, 300):
        wanted = files.bars("GOOG", seconds, previous.open, session.close)
        assert len(wanted) > 50
        assert list(stored.bars("GOOG", seconds, previous.open, session.close)) == list(wanted)


def test_an_import_killed_at_any_instant_goes_on_and_ends_in_the_same_bytes(
    chains: Path, tmp_path: Path, whole_store: Callable[[Path], Path]
) -> None:
    """ST-108: SIGKILL in between."""
    store = tmp_path / "killed"
    command = [
        sys.executable, "-c", "import sys; from gammacore_cli.main import run; sys.exit(run(sys.argv[1:]))",
        "import", f"csv:{chains / 'SPY_*.csv.gz'}", "--store", str(store), "--underlying", "SPY", "--workers", "1",
        "--config", str(tmp_path / "spy.toml"),
    ]  # fmt: skip
    (tmp_path / "spy.toml").write_text(
        f'[market]\nvix_file = "{chains / "vix_daily.csv"}"\ncloses_file = "{chains / "spy_close.csv"}"\n'
    )
    kept: list[int] = []
    for after in (1, 3):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tmp_path)
        while process.poll() is None and len(list(store.glob("SPY/2*.npz"))) < after:
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        kept.append(len(list(store.glob("SPY/2*.npz"))))
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)

    assert done.returncode == 0, done.stderr
    assert kept[0] < 5
    assert content(store) == content(whole_store(chains))


@pytest.mark.parametrize("damage", ["flipped", "truncated", "gone"])
def test_a_damaged_day_is_refused_by_name_and_imported_again(
    gammacore: CommandLine, chains: Path, damage: str, whole_store: Callable[[Path], Path]
) -> None:
    """ST-106, ST-803."""
    store = whole_store(chains)
    file = store / "SPY" / "2026-08-19.npz"
    whole = file.read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(flipped if damage == "flipped" else whole[:middle])
    market = ("--market", f"store:{store}", "--underlying", "SPY", "--date", "2026-08-19")

    refusal = gammacore.refusal("trade", *market)

    assert "2026-08-19" in refusal.err
    assert "import again" in refusal.err
    if damage == "flipped":
        assert imported(chains, store, check=True)["2026-08-19"] == "differs"
    assert imported(chains, store) == dict.fromkeys(DAYS, "unchanged")
    assert file.read_bytes() == whole


def test_a_store_of_another_version_is_refused(tmp_path: Path) -> None:
    import_days(a_day(tmp_path / "in", "1.0"), tmp_path / "S", workers=1)
    index = tmp_path / "S" / "index.json"
    index.write_text(json.dumps(json.loads(index.read_text()) | {"version": 9}))

    with pytest.raises(InvalidInput, match=r"version 9.*import again"):
        NpzStore(tmp_path / "S").read("SPX", WINTER)


def a_day(folder: Path, *bids: str, ask: str = "9") -> Path:
    rows = [
        line_of(THETA_V3, {
            "symbol": "SPXW", "expiration": WINTER, "strike": "6000", "right": "C", "bid": bid, "ask": ask,
            "timestamp": f"{WINTER}T10:0{minute}:00",
        })
        for minute, bid in enumerate(bids)
    ]  # fmt: skip
    return table(folder / f"{WINTER}.csv", THETA_V3, rows)


def test_a_day_that_changed_is_replaced_and_said_and_a_check_sees_it(tmp_path: Path) -> None:
    source, store = a_day(tmp_path / "in", "1.0", "1.1").parent, tmp_path / "S"

    def actions(*, check: bool = False) -> list[str]:
        return [str(day.action) for day in import_days(f"csv:{source}", store, workers=1, check=check).days]

    assert actions(check=True) == ["not_stored"]
    assert actions() == ["written"]
    a_day(tmp_path / "in", "1.0", "1.2")
    assert actions(check=True) == ["differs"]
    assert actions() == ["replaced"]
    (tmp_path / "in" / f"{WINTER}.csv").write_text((tmp_path / "in" / f"{WINTER}.csv").read_text() + "\n")
    assert actions() == ["unchanged"]  # read again, and the same came out
    assert actions(check=True) == ["checked"]


def test_what_a_killed_import_left_half_written_is_swept_away(tmp_path: Path) -> None:
    left = tmp_path / "S" / "SPX" / f".{WINTER}.npz.4711.partial"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")

    import_days(f"csv:{a_day(tmp_path / 'in', '1.0')}", tmp_path / "S", workers=1)

    assert sorted(content(tmp_path / "S")) == [".lock", f"SPX/{WINTER}.npz", "index.json"]


def test_a_recording_is_imported_as_it_was_seen(gammacore: CommandLine) -> None:
    gammacore.document("record", "day.gz", "--step", "300")
    imported = gammacore.document("import", "day.gz", "--store", "S", "--workers", "1")
    said = []
    for name, market in (("files", "recording:day.gz"), ("store", "store:S")):
        trade = gammacore.document("trade", "--market", market, "--ledger", f"{name}.sqlite")
        said.append([{**trade, "ledger": ""}, gammacore.document("journal", "--ledger", f"{name}.sqlite")["trades"]])

    assert (imported["days"][0]["instants"], imported["days"][0]["flags"]) == (79, [])
    assert said[0] == said[1]


def test_two_imports_into_one_store_are_refused(tmp_path: Path) -> None:
    source = a_day(tmp_path / "in", "1.0")

    with NpzStore(tmp_path / "S").held(), pytest.raises(WriteConflict, match="another import writes this store"):
        import_days(f"csv:{source}", tmp_path / "S", workers=1)


def test_a_day_without_todays_expiry_is_empty_and_missing(tmp_path: Path) -> None:
    row = line_of(THETA_V3, {
        "symbol": "SPXW", "expiration": "2026-03-09", "strike": "6000", "right": "C", "bid": "1", "ask": "2",
        "timestamp": "2026-03-05T10:00:00",
    })  # fmt: skip
    source = a_day(tmp_path / "in", "1.0")
    table(tmp_path / "in" / "before.csv", THETA_V3, [row])

    report = import_days(f"csv:{source.parent}", tmp_path / "S", workers=1)

    assert [str(day.action) for day in report.days] == ["empty", "written"]
    assert report.days[0].report is not None
    assert report.days[0].report.counts.reasons["other_expiry"] == 1
    assert not report.has_fault


def test_prices_finer_or_larger_than_the_store_keeps_are_kept_all_the_same(tmp_path: Path) -> None:
    source = a_day(tmp_path / "in", "1.00005", "0.3333333", "8", ask="999999.99")
    import_days(f"csv:{source}", tmp_path / "S", workers=1)
    session = TradingSession.of(WINTER)

    stored = stored_market(NpzStore(tmp_path / "S").read("SPX", WINTER))

    assert_shows_the_same(read_csv_market(source, REGISTRY["SPX"], session), stored)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("import", "csv:none*.csv", "--store", "S"), "no file matches"),
        (("import", "csv:odd.csv", "--store", "S"), "the nearest preset is"),
        (("import", "simulated", "--store", "S"), "no such file"),
        (("import", "store:S", "--store", "T"), "cannot be imported"),
        (("import", "csv:odd.csv", "--store", "S", "--scope", "weekly"), "give 0dte, a number of days"),
        (("import", "csv:odd.csv", "--store", "S", "--preset", "optiondx"), "did you mean optionsdx"),
        (("trade", "--market", "store:nowhere"), "no store of imported days"),
    ],
)
def test_bad_input_is_one_sentence(gammacore: CommandLine, arguments: tuple[str, ...], words: str) -> None:
    """ST-803."""
    Path("odd.csv").write_text("a,b,c,d\n1,2,3,4\n")

    assert words in gammacore.refusal(*arguments).err


def test_the_report_is_a_value_of_the_library(tmp_path: Path) -> None:
    """ST-802."""
    report = gammacore_library.import_days(f"csv:{a_day(tmp_path / 'in', '1.0', '1.1')}", tmp_path / "S", workers=1)

    frame = report.to_frame("pandas")
    assert repr(report).startswith("<1 days: 1 written; flags: ")
    assert frame[["underlying", "rows", "rows_no_bid", "no_price"]].iloc[0].tolist() == ["SPX", 2, 0, True]
    assert report.to_frame("polars").shape == frame.shape
    assert report.document()["days"][0]["date"] == str(WINTER)


@pytest.mark.parametrize("date", [DAYS[0], DAYS[1]])
def test_store_and_files_give_the_same_trades_skips_and_figures(
    gammacore: CommandLine, chains: Path, whole_store: Callable[[Path], Path], date: str
) -> None:
    """ST-110, with the whole ledger read back: what the journal and the exposure say is the same."""
    said = []
    for name, market in (("files", f"csv:{chains / 'SPY_*.csv.gz'}"), ("store", f"store:{whole_store(chains)}")):
        asked = ("--market", market, "--underlying", "SPY", "--date", date)
        ledger = ("--ledger", f"{name}.sqlite")
        trade = gammacore.document("trade", *asked, "--vix", "16", *ledger)
        journal, exposure = gammacore.document("journal", *ledger), gammacore.document("gex", *asked)
        said.append([{**trade, "ledger": ""}, journal["trades"], exposure])

    assert said[0] == said[1]


@pytest.mark.parametrize(
    ("beside", "reason"),
    [({}, "price_missing"), ({"price_file": "price.csv"}, "pin_missing")],
    ids=["no price", "no oi"],
)
def test_without_a_price_or_open_interest_every_entry_is_skipped(
    gammacore: CommandLine, tmp_path: Path, beside: dict[str, str], reason: str
) -> None:
    """ST-105: nothing stands in for either, from files and from the store."""
    clocks = [f"{hour:02d}:{minute:02d}" for hour in range(10, 16) for minute in (0, 15, 30, 45)]
    rows = [
        line_of(THETA_V3, {
            "symbol": "SPXW", "expiration": WINTER, "strike": strike, "right": right, "bid": "1.10", "ask": "1.20",
            "timestamp": f"{WINTER}T{clock}:00",
        })
        for clock in clocks for strike in range(5950, 6055, 5) for right in ("C", "P")
    ]  # fmt: skip
    table(tmp_path / "day.csv", THETA_V3, rows)
    table(tmp_path / "price.csv", "time,price", [f"{WINTER}T{clock}:00,6000.50" for clock in clocks])
    given = "".join(f'{key} = "{value}"\n' for key, value in beside.items())
    Path("gammacore.toml").write_text(f"[market]\nvix = 16\n{given}")

    imported = gammacore.document("import", "csv:day.csv", "--store", "S", "--workers", "1")
    skipped = [
        gammacore.document("trade", "--market", market, "--underlying", "SPX", "--date", str(WINTER))["skipped"]
        for market in ("csv:day.csv", "store:S")
    ]

    assert "no_open_interest" in imported["days"][0]["flags"]
    assert ("no_price" in imported["days"][0]["flags"]) is (reason == "price_missing")
    assert skipped[0] == skipped[1]
    assert set(skipped[0]) == {reason}
