"""`gammacore backtest` as a user runs it: folders, processes, kills, refusals. Rules: ST-201..213, ST-803."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from builders_study import BUNDLE, FIRST, bundle_of, sessions
from extent import WHOLE, many
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.domain.ledger import DayStarted, Event
from gammacore_cli.main import run

DAYS = many(5, 60)
LAST = sessions(DAYS)[-1]
RANGE = ["--from", str(FIRST), "--to", str(LAST), "--seed", "57"]


@pytest.fixture(autouse=True)
def a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GAMMACORE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def backtest(*words: str) -> int:
    return run(["backtest", *words])


def started(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "gammacore_cli.main", "backtest", *words], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run on one worker that every other is compared with."""
    path = tmp_path_factory.mktemp("undisturbed") / "run"
    assert backtest(*RANGE, "--workers", "1", "--out", str(path), "--quiet") == 0
    return path


def let_run(process: subprocess.Popen[str], seconds: float) -> None:
    """Wait for another process, which may end meanwhile."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


def lines(path: Path) -> int:
    file = path / "days.ndjson"
    return file.read_bytes().count(b"\n") if file.exists() else 0


# -- the bundle --------------------------------------------------------------------------------------------------------


def test_the_bundle_has_every_file_and_result_json_has_the_keys_of_the_command(undisturbed: Path) -> None:
    document = json.loads((undisturbed / "result.json").read_text())

    assert {*BUNDLE, "run.json", "ledger.sqlite"} <= {path.name for path in undisturbed.iterdir()}
    assert {
        "kind", "settings", "settings_hash", "data_hash", "mode", "days", "warnings", "assumptions", "statistics",
        "undefined", "groups", "bootstrap", "costs", "skipped", "unknown_by_filter", "equity", "trades",
    } == {*document}  # fmt: skip
    assert (document["kind"], document["mode"]) == ("backtest", "carry")
    assert document["days"] == {
        "requested": DAYS, "traded": DAYS, "missing": [], "partial": {}, "left_out": [], "failed": {},
    }  # fmt: skip
    assert "simulated_edge" in [warning["code"] for warning in document["warnings"]]
    assert str(undisturbed) not in (undisturbed / "result.json").read_text()


def test_the_costs_add_up_to_the_cent(undisturbed: Path) -> None:
    costs = json.loads((undisturbed / "result.json").read_text())["costs"]
    paid = sum(Decimal(costs[name]) for name in ("spread_cost", "slippage", "fees"))

    assert costs["trades"] == costs["of"] > 0
    assert Decimal(costs["mid_pnl"]) - paid == Decimal(costs["net"])


@pytest.mark.parametrize("workers", [2, 4] if WHOLE else [2])
def test_the_bundle_is_the_same_for_any_number_of_workers(undisturbed: Path, tmp_path: Path, workers: int) -> None:
    assert backtest(*RANGE, "--workers", str(workers), "--out", str(tmp_path / "run"), "--quiet") == 0

    assert bundle_of(tmp_path / "run") == bundle_of(undisturbed)
    noted = json.loads((tmp_path / "run" / "run.json").read_text())
    assert noted["workers"] == workers
    assert {"passes", "reruns", "code", "data", "settings"} <= {*noted}


def test_the_ledger_of_a_run_is_read_by_journal_report_and_status(
    undisturbed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = json.loads((undisturbed / "result.json").read_text())
    ledger = str(undisturbed / "ledger.sqlite")
    seen: dict[str, Any] = {}
    for command in ("journal", "report", "status"):
        capsys.readouterr()
        assert run([command, "--ledger", ledger, "--json", "--quiet"]) == 0
        seen[command] = json.loads(capsys.readouterr().out)

    assert len(seen["journal"]["trades"]) == len(result["trades"])
    assert Decimal(seen["report"]["balance"]) == Decimal(result["statistics"]["net"]["end"])
    assert len(seen["report"]["days"]) == DAYS
    assert seen["status"]["balance"] == seen["report"]["balance"]


def test_a_chain_of_single_days_on_one_ledger_trades_the_same(
    undisturbed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Check 10: trades, fees and balances of `trade --ledger L`, day after day."""
    chained: list[tuple[str, str, str]] = []
    ledger = str(tmp_path / "chain.sqlite")
    for date in sessions(DAYS):
        capsys.readouterr()
        assert run(["trade", "--date", str(date), "--seed", "57", "--ledger", ledger, "--json", "--quiet"]) == 0
        day = json.loads(capsys.readouterr().out)
        chained += [(trade["id"], trade["pnl"], trade["fees"]) for trade in day["trades"]]
    run_trades = json.loads((undisturbed / "result.json").read_text())["trades"]

    assert [(trade["id"], trade["pnl"], trade["fees"]) for trade in run_trades] == chained
    last = json.loads((undisturbed / "days.ndjson").read_text().splitlines()[-1])
    assert Decimal(last["balance"]) == Decimal(day["balance"])


def test_the_newest_study_may_be_a_backtest(a_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """ST-801: --study finds it, under the home's folder of studies."""
    assert run(["trade", "--step", "300", "--quiet"]) == 0
    assert backtest(*RANGE[:2], "--to", str(FIRST), "--seed", "57", "--workers", "1", "--quiet") == 0
    capsys.readouterr()
    assert run(["report", "--study", "--json", "--quiet"]) == 0

    (study,) = a_home.glob("studies/*/ledger.sqlite")
    assert json.loads(capsys.readouterr().out)["ledger"] == str(study)


# -- left and taken up again -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(many(2, 20)))
def test_a_run_killed_at_a_drawn_instant_goes_on_to_the_same_bytes(
    undisturbed: Path, tmp_path: Path, seed: int
) -> None:
    """Check 11: the parent is killed after a drawn number of days and a drawn moment."""
    drawn, path = random.Random(seed), tmp_path / "run"
    after, moment = drawn.randrange(1, DAYS), drawn.random() * 0.2
    process = started(*RANGE, "--workers", str(drawn.choice((1, 2))), "--out", str(path), "--quiet")
    while lines(path) < after and process.poll() is None:
        let_run(process, 0.01)
    let_run(process, moment)
    process.kill()
    process.communicate()

    assert backtest(*RANGE, "--resume", str(path), "--workers", "1", "--quiet") == 0
    assert_same_run(path, undisturbed)


@pytest.mark.parametrize("seed", range(many(1, 20)))
def test_a_run_whose_worker_is_killed_comes_out_the_same(undisturbed: Path, tmp_path: Path, seed: int) -> None:
    """Check 11: one of two workers is killed while days are still to be traded."""
    drawn, path = random.Random(100 + seed), tmp_path / "run"
    process = started(*RANGE, "--workers", "2", "--out", str(path), "--quiet")
    let_trade(process, path, drawn)
    workers = children_of(process.pid)
    os.kill(drawn.choice(workers), signal.SIGKILL)
    process.communicate(timeout=300)

    assert process.returncode == 0
    assert_same_run(path, undisturbed)


def let_trade(process: subprocess.Popen[str], path: Path, drawn: random.Random) -> None:
    """Wait for a worker, then for fewer than half of the days, then for a drawn moment: some are left to trade."""
    after, moment = drawn.randrange(DAYS // 2) if WHOLE else 0, drawn.random() * 0.2
    while not children_of(process.pid) or lines(path) < after:
        assert process.poll() is None
        let_run(process, 0.01)
    let_run(process, moment)
    assert process.poll() is None


def assert_same_run(path: Path, undisturbed: Path) -> None:
    """The same files, and a ledger with the same events: no day is in it twice."""
    assert bundle_of(path) == bundle_of(undisturbed)
    events = events_of(path)
    assert events == events_of(undisturbed)
    assert [event.date for event in events if isinstance(event, DayStarted)] == sessions(DAYS)


def events_of(run: Path) -> list[Event]:
    storage = SqliteStorage(run / "ledger.sqlite", read_only=True)
    try:
        return [*storage.events()]
    finally:
        storage.close()


def children_of(parent: int) -> list[int]:
    """The worker processes of a run: those that were spawned, without the tracker of resources."""
    found = [child for listed in Path(f"/proc/{parent}/task").glob("*/children") for child in text_of(listed).split()]
    return [int(child) for child in found if "spawn_main" in text_of(Path(f"/proc/{child}/cmdline"))]


def text_of(file: Path) -> str:
    """Of /proc: nothing of what is gone."""
    try:
        return file.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


@pytest.mark.parametrize(
    ("how", "seed"), [*((signal.SIGINT, seed) for seed in range(many(1, 10))), (signal.SIGTERM, 0)]
)
def test_a_signal_leaves_the_finished_days_and_says_how_to_go_on(
    undisturbed: Path, tmp_path: Path, how: signal.Signals, seed: int
) -> None:
    """Check 11: a whole group of processes is interrupted, as by Ctrl-C, at a drawn instant."""
    drawn, path = random.Random(200 + seed), tmp_path / "run"
    process = started(*RANGE, "--workers", str(drawn.choice((1, 2))), "--out", str(path), "--quiet")
    let_trade(process, path, drawn)
    os.killpg(process.pid, how)
    out, err = process.communicate(timeout=60)

    assert process.returncode == 130, err
    assert out == ""
    assert f"--resume {path}" in " ".join(err.split())
    assert lines(path) < DAYS
    assert backtest(*RANGE, "--resume", str(path), "--quiet", "--workers", "1") == 0
    assert_same_run(path, undisturbed)


def test_a_finished_run_that_is_resumed_trades_nothing_and_writes_the_same(undisturbed: Path) -> None:
    before = bundle_of(undisturbed)

    assert backtest(*RANGE, "--resume", str(undisturbed), "--quiet") == 0
    assert bundle_of(undisturbed) == before


def test_a_line_cut_short_is_dropped_and_its_day_traded_again(undisturbed: Path, tmp_path: Path) -> None:
    path = tmp_path / "run"
    assert backtest(*RANGE, "--out", str(path), "--workers", "1", "--quiet") == 0
    with (path / "days.ndjson").open("r+b") as file:
        file.truncate((path / "days.ndjson").stat().st_size - 100)

    assert backtest(*RANGE, "--resume", str(path), "--workers", "1", "--quiet") == 0
    assert_same_run(path, undisturbed)  # its ledger had the day already: it is there once


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--seed", "58"], "market.seed"),
        (["--mode", "days"], "backtest.mode"),
        (["--balance", "30000"], "sizing.starting_capital"),
    ],
)
def test_other_settings_are_refused_by_name(
    undisturbed: Path, words: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = [*RANGE[:4], *([] if "--seed" in words else RANGE[4:]), *words]

    assert backtest(*wanted, "--resume", str(undisturbed), "--quiet") == 2
    assert named in capsys.readouterr().err


def test_other_code_is_refused(undisturbed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begun = json.loads((undisturbed / "run.json").read_text())
    (tmp_path / "run").mkdir()
    begun["code"]["files"] = "0" * 64
    (tmp_path / "run" / "run.json").write_text(json.dumps(begun))

    assert backtest(*RANGE, "--resume", str(tmp_path / "run"), "--quiet") == 2
    assert "files 000000000000... then" in capsys.readouterr().err


def test_two_runs_in_one_folder_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "run"
    process = started(*RANGE, "--workers", "1", "--out", str(path), "--quiet")
    while not (path / "run.json").exists() and process.poll() is None:
        let_run(process, 0.01)
    code = backtest(*RANGE, "--resume", str(path), "--quiet")
    process.kill()
    process.communicate()

    assert code == 1
    assert "another run writes to this folder" in capsys.readouterr().err


def test_a_full_disk_ends_the_run_which_can_be_resumed(
    undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from gammacore.adapters.study_files import run_folder

    honest, calls = os.fsync, []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        honest(descriptor)

    path = tmp_path / "run"
    with monkeypatch.context() as patched:
        patched.setattr(run_folder, "fsync", full)
        assert backtest(*RANGE, "--out", str(path), "--workers", "1", "--quiet") == 1
    assert "No space left on device" in capsys.readouterr().err
    assert lines(path) == 2

    assert backtest(*RANGE, "--resume", str(path), "--workers", "1", "--quiet") == 0
    assert bundle_of(path) == bundle_of(undisturbed)


# -- progress ----------------------------------------------------------------------------------------------------------


def test_with_json_stdout_has_the_document_alone(undisturbed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert backtest(*RANGE, "--resume", str(undisturbed), "--json") == 0

    assert json.loads(capsys.readouterr().out) == json.loads((undisturbed / "result.json").read_text())


def test_a_seed_is_one_result_and_seeds_are_never_added_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [*RANGE[:2], "--to", str(FIRST), "--mode", "days", "--seeds", "56..57", "--out", str(tmp_path / "s")]
    assert backtest(*words, "--workers", "1", "--quiet", "--json") == 0

    document = json.loads(capsys.readouterr().out)
    assert [*document["seeds"]] == ["56", "57"]
    assert document["spread"]["total"]["n"] == 2
    assert "total" not in document
    assert (tmp_path / "s" / "seed-57" / "result.json").exists()


def test_a_history_is_what_sizing_looks_back_on(tmp_path: Path) -> None:
    from gammacore.domain.ledger import HistoryImported, LedgerOpened

    (tmp_path / "before.csv").write_text("pl_per_contract\n" + "56\n" * 6 + "-34.62\n" * 6)
    words = [*RANGE[:2], "--to", str(FIRST), "--seed", "57", "--workers", "1", "--out", str(tmp_path / "run")]
    assert backtest(*words, "--history", str(tmp_path / "before.csv"), "--quiet") == 0

    record, opened, *_ = events_of(tmp_path / "run")
    assert isinstance(record, HistoryImported)
    assert record.total_trades == 12
    assert isinstance(opened, LedgerOpened)
    assert backtest(*words[:-2], "--resume", str(tmp_path / "run"), "--quiet") == 2  # another record: none


def test_without_a_warm_up_the_first_day_has_no_past(tmp_path: Path) -> None:
    words = [*RANGE[:2], "--to", str(FIRST), "--seed", "57", "--workers", "1", "--quiet"]
    unknown = {}
    for sessions_before in ("0", "20"):
        path = tmp_path / sessions_before
        assert backtest(*words, "--warm-up", sessions_before, "--out", str(path)) == 0
        unknown[sessions_before] = json.loads((path / "result.json").read_text())["unknown_by_filter"]

    assert {"gap", "rsi", "down_days"} <= {*unknown["0"]} - {*unknown["20"]}


# -- bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["--from", "2026-03-05", "--to", "2026-03-03"], 2, "--from 2026-03-05 is after --to 2026-03-03"),
        (["--from", "2026-07-04", "--to", "2026-07-05"], 2, "has no session then"),
        (["--from", "2026-03-03", "--to", "2026-03-03", "--mode", "days", "--contracts", "0"], 2, "contracts"),
        (["--from", "2026-03-03", "--to", "2026-03-03", "--contracts", "2"], 2, "--mode carry"),
        (["--from", "2026-03-03", "--to", "2026-03-03", "--market", "csv:none/*.csv"], 1, "no file matches"),
        (["--from", "2026-03-03", "--to", "2026-03-03", "--market", "tradier"], 2, "live"),
        (["--from", "2026-03-03", "--to", "2026-03-03", "--seeds", "9..1"], 2, "give A..B"),
        (["--from", "2026-03-03", "--to", "2026-03-03", "--seeds", "1..2", "--html", "x.html"], 2, "folder of its own"),
        (["--from", "2026-03-03", "--to", "2026-03-03", "--resume", "nowhere"], 2, "holds no run to resume"),
        (["--from", "2026-03-03", "--to", "2026-03-03", "--workers", "0"], 2, "workers"),
    ],
)
def test_bad_input_is_one_sentence(
    words: list[str], code: int, sentence: str, capsys: pytest.CaptureFixture[str], a_home: Path
) -> None:
    assert backtest(*words, "--quiet") == code

    said = capsys.readouterr()
    assert sentence in " ".join(said.err.split())
    assert "Traceback" not in said.err
    assert said.out == ""
    assert not [*a_home.glob("studies/*")]


# -- real days ---------------------------------------------------------------------------------------------------------


class TestRealDays:
    """Check 9: five real days against five single runs."""

    @pytest.fixture
    def spy(self, shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        folder = shared_data / "replay_spy_0dte"
        monkeypatch.setenv("GAMMACORE_MARKET__VIX_FILE", str(folder / "vix_daily.csv"))
        monkeypatch.setenv("GAMMACORE_MARKET__CLOSES_FILE", str(folder / "spy_close.csv"))
        return folder

    def ran(self, spy: Path, path: Path, *more: str) -> dict[str, Any]:
        words = ["--market", f"csv:{spy}/SPY_*.csv.gz", "--underlying", "SPY", "--mode", "days", "--workers", "1"]
        assert backtest("--from", "2026-07-20", "--to", "2026-08-19", *words, "--out", str(path), "--quiet", *more) == 0
        return json.loads((path / "result.json").read_text())  # type: ignore[no-any-return]

    def test_they_are_traded_as_five_single_runs(
        self, spy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        result = self.ran(spy, tmp_path / "run", "--keep-ledgers")
        singles = []
        for day in ("2026-07-20", "2026-07-23", "2026-07-24", "2026-08-12", "2026-08-19"):
            capsys.readouterr()
            assert run(["trade", "--market", f"csv:{spy}/SPY_{day}.csv.gz", "--underlying", "SPY", "--json"]) == 0
            singles += json.loads(capsys.readouterr().out)["trades"]

        assert [(one["id"], one["pnl"], one["fees"], one["exit_reason"]) for one in result["trades"]] == [
            (one["id"], one["pnl"], one["fees"], one["exit_reason"]) for one in singles
        ]
        assert (len(singles), result["costs"]["gross"], result["costs"]["fees"]) == (7, "65.00", "23.40")
        assert len(result["days"]["missing"]) == 18
        assert {"early_end", "holes"} <= {*result["days"]["partial"]["2026-07-23"]}
        assert "missing_days" in [warning["code"] for warning in result["warnings"]]
        assert len([*(tmp_path / "run" / "ledgers").glob("*.sqlite")]) == 5

    def test_whole_days_only_leaves_the_cut_one_out(self, spy: Path, tmp_path: Path) -> None:
        result = self.ran(spy, tmp_path / "run", "--require-whole")

        assert result["days"]["left_out"] == ["2026-07-23"]
        assert "2026-07-23" not in {trade["date"] for trade in result["trades"]}

    def test_missing_days_may_be_refused(self, spy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        words = ["--market", f"csv:{spy}/SPY_*.csv.gz", "--underlying", "SPY", "--missing", "fail", "--quiet"]

        assert backtest("--from", "2026-07-20", "--to", "2026-07-24", *words) == 1
        assert "2026-07-21, 2026-07-22" in capsys.readouterr().err


# -- the library -------------------------------------------------------------------------------------------------------


def test_the_library_gives_the_same_result_as_a_value(undisturbed: Path, tmp_path: Path) -> None:
    import gammacore

    found = gammacore.backtest(FIRST, str(LAST), settings={"market.seed": 57}, out=tmp_path / "run", workers=1)

    assert found.to_json() == (undisturbed / "result.json").read_text()
    assert "simulated_edge" in repr(found)
    assert len(found.to_frame("pandas")) == len(found.statistics.record) > 0
    assert found.failed == {}
