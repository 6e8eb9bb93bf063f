"""A sweep from its options to its files: what is refused first, what is kept, what fails. ST-501..511, ST-803."""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

import pytest
from attrs import evolve

import gammacore
from builders_cli import CommandLine, at_home
from builders_sweep import InlineExecutor, last_of, seeded, swept
from gammacore.adapters.sweep_results import RESULTS, NotDeterministic, SweepResults, line_of, locked, row_of
from gammacore.application.study.run_tasks import TasksDone
from gammacore.application.study.sweep import Path as SweepPath
from gammacore.domain.study.grid import parse_axis
from gammacore.domain.study.sweep_outcome import Objective
from gammacore.errors import ConfigurationError, StorageError, WriteConflict
from gammacore.ports.executor import WorkerDied, perform
from gammacore.wiring.study.backtests import BacktestOptions, RunMode
from gammacore.wiring.study.sweep_tasks import OtherData
from gammacore.wiring.study.sweeps import SweepTerms, run_sweep


@pytest.fixture
def command_line(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    at_home(monkeypatch, tmp_path)
    return CommandLine(capsys)


WEEK = ["--from", "2026-03-02", "--to", "2026-03-03", "--engine", "local:1", "--min-trades", "1"]


# -- refused before the first day --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "nothing to sweep; name a key with its values"),
        (["--set", "stops.stp=0.1"], "no such key; did you mean stops.stop?"),
        (["--set", "hedging.fill_timeout=1,2"], "nothing reads it on a day of credit-spread"),
        (["--set", "log_level=INFO,DEBUG"], "nothing reads it on a day of credit-spread"),
        (["--set", "market.look_seconds=1,2"], "nothing reads it on a day of credit-spread"),
        (["--set", "market.date=2026-03-02"], "give --market, --underlying, --from and --to"),
        (["--set", "stops.stop=0.1,x"], "option --set"),
        (["--set", "stops.stop=-1"], "option --set"),
        (["--set", "stops.stop=0.1,0.5"], "give at least the regular stop 0.5"),
        (["--set", "stops.stop=0..1e6:1"], "give a larger step"),
        (["--set", "stops.stop=0.1", "--set", "stops.stop=0.2"], "name each key once"),
        (["--set", "stops.stop=0.1", "--engine", "dask://10.0.0.1:1"], "is not on this machine"),
        (["--set", "stops.stop=0.1", "--engine", "cloud"], "write local, local:N"),
        (["--set", "stops.stop=0.1", "--mode", "carry", "--halving", "2"], "give --mode days"),
        (["--set", "stops.stop=0.1", "--walk-forward", "60"], "write them like 60,20"),
        (["--set", "stops.stop=0.1", "--from", "2026-03-09"], "give the earlier date"),
        (["--set", "stops.stop=0.1", "--from", "2026-02-28", "--to", "2026-03-01"], "no session"),
        (["--grid", "no.toml"], "no.toml"),
        (["--set", "stops.stop=0.1", "--seeds", "5"], "give A..B, like 1..10"),
        (["--set", "market.seed=1,2", "--seeds", "5..6"], "both choose the simulated history"),
        (["--set", "stops.stop=0.1", "--seeds", "5..6", "--seed", "1"], "leave one out"),
        (["--set", "stops.stop=0.1", "--seeds", "5..6", "--csv", "all.csv"], "leave --html, --csv and --parquet out"),
        (["--set", "stops.stop=0.1", "--seeds", "5..6", "--market", "csv:x.csv"], "with a recorded --market"),
    ],
)
def test_what_cannot_be_is_refused_with_one_sentence_before_the_first_day(
    command_line: CommandLine, options: list[str], words: str
) -> None:
    done = command_line("sweep", *WEEK, *options)

    assert done.code == 2, done.err
    assert words in " ".join(done.err.split())
    assert "Traceback" not in done.err


# -- what is written ---------------------------------------------------------------------------------------------------


def test_a_sweep_answers_with_its_verdict_and_writes_its_folder(command_line: CommandLine, tmp_path: Path) -> None:
    out = tmp_path / "out"

    done = command_line("sweep", *WEEK, "--set", "stops.stop=0.10,0.30", "--out", str(out), "--json")

    assert done.code == 0, done.err
    document = json.loads(done.out)
    keys = {"tried", "results", "best", "guards", "verdict", "checked_against_loop", "warnings", "assumptions"}
    assert keys <= set(document)
    guards = {"deflated_sharpe", "expected_maximum", "p_value", "plateau", "walk_forward"}
    assert guards <= set(document["guards"])
    assert document["verdict"] == "nothing found"
    assert "simulated_edge" in [one["code"] for one in document["warnings"]]
    assert json.loads((out / "result.json").read_text()) == document
    rows = list(csv.DictReader((out / "results.csv").read_text().splitlines()))
    assert [row["stops.stop"] for row in rows] == ["0.10", "0.30"]
    assert [row["net"] for row in rows] == [one["figures"]["net"] for one in document["results"]]
    page = (out / "report.html").read_text()
    assert (
        page.index("What these figures cannot carry") < page.index("Is it more than the search?") < page.index("Best 2")
    )


def test_the_screen_says_the_verdict_before_the_best(command_line: CommandLine, tmp_path: Path) -> None:
    done = command_line("sweep", *WEEK, "--set", "stops.stop=0.10,0.30", "--out", str(tmp_path / "out"))

    assert done.code == 0, done.err
    assert done.out.index("simulated_edge") < done.out.index("Verdict: nothing found") < done.out.index("Best 2")


def test_lines_are_whole_or_not_there_and_the_same_when_read_and_written_again(tmp_path: Path) -> None:
    swept(tmp_path, "stops.stop=0.10", 2, path=SweepPath.LOOP, executor=InlineExecutor())
    file = tmp_path / RESULTS
    whole = file.read_bytes()
    assert [line_of(row_of(line)) for line in whole.decode().splitlines()] == whole.decode().splitlines()

    file.write_bytes(whole + b'{"key": "cut sho')

    assert len(SweepResults(tmp_path).rows) == 2
    assert file.read_bytes() == whole


def test_a_line_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / RESULTS).write_text("{}\n")

    with pytest.raises(StorageError, match="line 1: cannot be read"):
        SweepResults(tmp_path)


def test_the_same_key_with_another_result_stops_everything(tmp_path: Path) -> None:
    swept(tmp_path, "stops.stop=0.10", 2, path=SweepPath.LOOP, executor=InlineExecutor())
    results = SweepResults(tmp_path)
    row = next(row for row in results.rows.values() if row.trades)

    with pytest.raises(NotDeterministic, match=r"not_deterministic: 2026-03-03 with stops\.stop 0\.10"):
        results.append([evolve(row, trades=row.trades[:1])])


def test_two_sweeps_do_not_write_into_one_folder(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(WriteConflict, match="another run writes here"):
        swept(tmp_path, executor=InlineExecutor())


# -- what is tried -----------------------------------------------------------------------------------------------------


def test_a_random_part_counts_as_tried_and_the_rest_does_not(tmp_path: Path) -> None:
    outcome = swept(tmp_path, "stops.stop=0.05..0.40:0.05", 1, random=3, executor=InlineExecutor())

    assert (len(outcome.results), outcome.tried) == (3, 3)
    assert [one.index for one in outcome.results] == sorted(one.index for one in outcome.results)


def test_halving_compares_whole_figures_of_the_last_rung_alone(tmp_path: Path) -> None:
    outcome = swept(
        tmp_path, "stops.stop=0.10,0.20,0.30,0.39", 4, halving=2, objective=Objective.NET, executor=InlineExecutor()
    )

    assert (len(outcome.results), outcome.tried) == (2, 4)
    assert all(len(one.daily) == 4 for one in outcome.results)


def test_in_mode_carry_a_cell_is_all_days_of_one_configuration(tmp_path: Path) -> None:
    outcome = swept(tmp_path, "stops.stop=0.10,0.30", 3, mode=RunMode.CARRY, executor=InlineExecutor())

    assert len((tmp_path / RESULTS).read_text().splitlines()) == 2
    assert outcome.paths == {"loop": 2}
    assert "mode carry" in outcome.notes[0]


def test_settings_that_come_to_the_same_rules_are_run_once(tmp_path: Path) -> None:
    outcome = swept(tmp_path, "stops.noise_gate=true,on", 1, executor=InlineExecutor())

    assert (len(outcome.results), outcome.tried, outcome.paths) == (2, 1, {"loop": 1})


def test_days_come_with_the_task_where_workers_do_not_see_the_files(shared_data: Path, tmp_path: Path) -> None:
    file = shared_data / "replay_spy_0dte" / "SPY_2026-07-24.csv.gz"
    executor = InlineExecutor()
    command = {"market.source": f"csv:{file}", "market.underlying": "SPY", "market.vix": 16}

    day = dt.date(2026, 7, 24)
    for data in ("shared", "ship"):
        terms = SweepTerms(BacktestOptions(day, day, mode=RunMode.DAYS), tmp_path / data, data=data, min_trades=0)
        run_sweep(seeded(**command), [parse_axis("stops.stop=0.10")], terms, executor=executor)

    assert (tmp_path / "shared" / RESULTS).read_bytes() == (tmp_path / "ship" / RESULTS).read_bytes()
    assert json.loads(executor.asked[-1])["files"]


def test_a_worker_that_reads_other_data_is_not_believed(tmp_path: Path) -> None:
    class OtherFiles(InlineExecutor):
        def submit(self, task: str, given: str) -> Future[str]:
            asked = json.loads(given)
            if "hashes" in asked:
                asked["hashes"] = [["0" * 64 for _ in day] for day in asked["hashes"]]
            return super().submit(task, json.dumps(asked))

    with pytest.raises(OtherData, match=r"2026-03-02: a worker reads other data of this day"):
        swept(tmp_path, "stops.stop=0.10", 1, path=SweepPath.LOOP, executor=OtherFiles())


def test_a_notebook_gets_a_value_with_its_warnings_a_frame_and_json(tmp_path: Path) -> None:
    first, last = dt.date(2026, 3, 2), last_of(2)

    found = gammacore.sweep(
        str(first), last, {"stops": {"stop": "0.10..0.30:0.10"}}, settings={"market.seed": 57}, out=tmp_path,
        min_trades=1, executor=InlineExecutor(),
    )  # fmt: skip

    assert repr(found).index("simulated_edge") < repr(found).index("nothing found")
    assert list(found.to_frame("pandas")["stops.stop"]) == ["0.10", "0.20", "0.30"]
    assert found.to_frame("polars").height == 3
    assert json.loads(found.to_json())["tried"] == 3
    with pytest.raises(ConfigurationError, match="end on a step"):
        gammacore.sweep(first, last, {"stops.stop": "0.1..0.25:0.1"}, out=tmp_path)


def test_each_seed_is_a_sweep_of_its_own_and_none_is_added_up(command_line: CommandLine, tmp_path: Path) -> None:
    """ST-111."""
    words = ("sweep", *WEEK, "--set", "stops.stop=0.10,0.30", "--seeds", "56..57", "--out", str(tmp_path))
    document = command_line.document(*words)
    assert (document["kind"], [*document["seeds"]], document["found"]) == ("sweep_seeds", ["56", "57"], 0)
    assert document == json.loads((tmp_path / "result.json").read_text())
    alone = command_line.document(*words[:-4], "--seed", "57", "--out", str(tmp_path / "alone"))
    assert document["seeds"]["57"] == alone == json.loads((tmp_path / "seed-57" / "result.json").read_text())
    shown = command_line(*words, "--quiet").out
    assert shown.index("simulated_edge") < shown.index("nothing found")


def test_without_a_warm_up_days_have_another_past_on_both_paths(tmp_path: Path) -> None:
    """ST-202: what is known of days with a past is not taken for theirs."""
    keys = []
    for warm_up in (20, 0):
        options = BacktestOptions(dt.date(2026, 3, 2), last_of(1), mode=RunMode.DAYS, warm_up=warm_up)
        for path in (SweepPath.LOOP, SweepPath.COLUMNS):
            terms = SweepTerms(options, tmp_path / f"{path}{warm_up}", path=path, min_trades=0)
            run_sweep(seeded(), [parse_axis("stops.stop=0.10,0.30")], terms, executor=InlineExecutor())
            keys.append((tmp_path / f"{path}{warm_up}" / RESULTS).read_text())

    assert keys[0] == keys[1]
    assert keys[2] == keys[3]
    known, unknown = ([row_of(line).key for line in text.splitlines()] for text in (keys[0], keys[2]))
    assert not {*known} & {*unknown}


def test_days_that_are_not_whole_may_be_left_out(shared_data: Path, tmp_path: Path) -> None:
    """ST-201: the 23rd ends early and has holes."""
    folder = shared_data / "replay_spy_0dte"
    source = {"market.source": f"csv:{folder}/SPY_2026-07-2*.csv.gz", "market.underlying": "SPY",
              "market.vix_file": folder / "vix_daily.csv", "market.closes_file": folder / "spy_close.csv"}  # fmt: skip
    options = BacktestOptions(dt.date(2026, 7, 23), dt.date(2026, 7, 24), mode=RunMode.DAYS, whole_days_only=True)
    terms = SweepTerms(options, tmp_path, path=SweepPath.LOOP, min_trades=0)

    found = run_sweep(seeded(**source), [parse_axis("stops.stop=0.10")], terms, executor=InlineExecutor())

    assert found.sessions == (dt.date(2026, 7, 24),)
    assert [*found.missing] == [dt.date(2026, 7, 23)]
    assert found.missing[dt.date(2026, 7, 23)].startswith("not whole: early_end, holes")


# -- what fails --------------------------------------------------------------------------------------------------------


class Deadly(InlineExecutor):
    """A worker dies of every task about one stop, so often."""

    def __init__(self, deaths: int) -> None:
        super().__init__()
        self.left = deaths

    def submit(self, task: str, given: str) -> Future[str]:
        if self.left and "0.30" in given and task.endswith(":trade"):
            self.left -= 1
            died: Future[str] = Future()
            died.set_exception(WorkerDied("killed"))
            return died
        return super().submit(task, given)


def test_a_task_of_which_two_workers_died_is_done_by_the_third(tmp_path: Path) -> None:
    outcome = swept(tmp_path, "stops.stop=0.10,0.30", 1, path=SweepPath.LOOP, executor=Deadly(2))

    assert not outcome.failed
    assert len(outcome.results) == 2


def test_a_task_of_which_three_workers_died_is_failed_and_the_rest_goes_on(tmp_path: Path) -> None:
    outcome = swept(tmp_path, "stops.stop=0.10,0.30", 1, path=SweepPath.LOOP, executor=Deadly(3))

    assert list(outcome.failed) == ["2026-03-02 with stops.stop 0.30"]
    assert [one.settings["stops.stop"] for one in outcome.results] == ["0.10"]


def test_a_sweep_left_by_ctrl_c_exits_130_and_the_same_command_goes_on(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", "from gammacore_cli.main import main; main()", "sweep",
                 "--from", "2026-03-02", "--to", str(last_of(12)),
                 "--set", "stops.stop=0.10,0.30", "--engine", "local:1", "--path", "loop", "--min-trades", "1",
                 "--out", str(tmp_path / "out"), "--json"]  # fmt: skip
    environment = {**os.environ, "GAMMACORE_HOME": str(tmp_path / "home")}
    running = subprocess.Popen(arguments, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    results = tmp_path / "out" / RESULTS
    while running.poll() is None and not (results.exists() and results.stat().st_size):
        with suppress(subprocess.TimeoutExpired):
            running.wait(0.05)
    running.send_signal(signal.SIGINT)
    _, told = running.communicate()

    assert running.returncode == 130, told
    assert b"the same command goes on" in told
    kept = set(results.read_text().splitlines())
    assert 0 < len(kept) < 24

    again = subprocess.run(arguments, cwd=tmp_path, env=environment, capture_output=True, check=False)

    assert again.returncode == 0, again.stderr
    assert kept < set(results.read_text().splitlines())
    assert len(results.read_text().splitlines()) == 24


def test_progress_counts_tasks_with_the_time_left(tmp_path: Path) -> None:
    shown: list[TasksDone] = []

    swept(tmp_path, "stops.stop=0.10,0.30", 1, path=SweepPath.LOOP, executor=InlineExecutor(), on_progress=shown.append)

    assert (shown[-1].done, shown[-1].tasks, shown[-1].workers) == (2, 2, 1)
    assert shown[-1].seconds_left == 0
    assert perform("gammacore.ports.executor:echo", "{}") == "{}"
