"""Which ledger a command means: each command in each situation, and the files it changed, byte for byte. OP-101..105.

Each cell runs `gammacore` in a process of its own over a home with a paper, a live and a study ledger, beside another
home that must never change. A running loop is a process that holds the ledger's lock and obeys its inbox.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import define

from builders_cli import Answer, begun, book_of, kinds
from gammacore.adapters.sqlite.inbox import SqliteInbox
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.domain.ledger import LedgerOpened, Mode

TESTS = Path(__file__).resolve().parents[1]
AT = dt.datetime(2026, 3, 2, 15, tzinfo=dt.UTC)
NUMBER = "6YA12345"
KEYS = {"TRADIER_TOKEN": "live-token", "TRADIER_ACCOUNT": NUMBER}
LOCKS = ("--live", "--broker", "tradier", "--confirm-account", NUMBER)
LEDGERS = {"paper": "home/paper/paper.sqlite", "live": "home/live/paper.sqlite", "study": "home/runs/0001-spx.sqlite"}
DONE, FAILED, USAGE, HALTED = 0, 1, 2, 3


def opened(path: Path, mode: Mode) -> Path:
    """A ledger that was opened and holds nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    storage = SqliteStorage(path)
    storage.append([LedgerOpened(AT, "paper", mode, "a" * 16, Decimal(20000))], 0)
    storage.close()
    return path


@define
class Desk:
    """Two homes, their files, and the loops that run in the first."""

    root: Path
    env: Mapping[str, str]
    commands: subprocess.Popen[str]
    loops: ExitStack

    @property
    def home(self) -> Path:
        return self.root / "home"

    def ledger(self, name: str) -> Path:
        return self.root / LEDGERS[name]

    def __call__(self, *arguments: str) -> Answer:
        out, err = self.root.parent / "out", self.root.parent / "err"
        asked = {
            "arguments": arguments,
            "folder": str(self.root),
            "env": dict(self.env),
            "out": str(out),
            "err": str(err),
        }
        assert self.commands.stdin is not None
        assert self.commands.stdout is not None
        self.commands.stdin.write(json.dumps(asked) + "\n")
        self.commands.stdin.flush()
        answer = Answer(int(self.commands.stdout.readline()), out.read_text("utf-8"), err.read_text("utf-8"))
        assert "Traceback" not in answer.err
        assert "a fault of gammacore" not in answer.err
        return answer

    def run_loop(self, name: str, *deaf: str) -> subprocess.Popen[str]:
        return self.loops.enter_context(_loop(self.ledger(name), *deaf))

    def files(self) -> dict[str, str]:
        """The sha256 of every file; a log's index (-shm) belongs to SQLite and holds nothing of a ledger."""
        return {
            str(file.relative_to(self.root)): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in sorted(self.root.rglob("*"))
            if file.is_file() and not file.name.endswith("-shm")
        }

    def changed_since(self, before: Mapping[str, str]) -> set[str]:
        """The ledgers whose files differ: the ledger, its log, lock, inbox, kill file, and what lies beside it."""
        after = self.files()
        files = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        return {next((one for one, path in LEDGERS.items() if file.startswith(path)), file) for file in files}


@contextmanager
def _loop(ledger: Path, *deaf: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(TESTS / "loop_child.py"), str(ledger), *deaf]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as loop:
        assert loop.stdout is not None
        assert loop.stdin is not None
        assert loop.stdout.readline() == "ready\n"
        try:
            yield loop
        finally:
            loop.stdin.close()
            loop.wait(timeout=20)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two homes as they are copied for every cell; the study holds a spread."""
    root = tmp_path_factory.mktemp("homes")
    for home in ("home", "other"):
        opened(root / home / "paper" / "paper.sqlite", Mode.PAPER)
        opened(root / home / "live" / "paper.sqlite", Mode.LIVE)
    (root / "home" / "runs").mkdir()
    begun(root / LEDGERS["study"])
    (root / "other" / "live" / "paper.sqlite.halt").touch()
    return root


@pytest.fixture(scope="module")
def commands() -> Iterator[subprocess.Popen[str]]:
    """What runs each command in a process of its own."""
    with subprocess.Popen(
        [sys.executable, str(TESTS / "command_child.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        yield server
        assert server.stdin is not None
        server.stdin.close()


@pytest.fixture
def desk(template: Path, commands: subprocess.Popen[str], tmp_path: Path) -> Iterator[Desk]:
    root = tmp_path / "desk"
    shutil.copytree(template, root)
    kept = {
        name: text for name, text in os.environ.items() if not name.startswith(("GAMMACORE_", "TRADIER_", "ALPACA_"))
    }
    kept.pop("IS_PAPER_TRADING", None)
    env = {**kept, "GAMMACORE_HOME": "home", "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    with ExitStack() as loops:
        yield Desk(root, env, commands, loops)


def with_keys(desk: Desk) -> Desk:
    desk.env = {**desk.env, **KEYS}
    return desk


# --- no loop runs, a ledger is chosen ---


@pytest.mark.parametrize(
    ("command", "choice", "code", "changed"),
    [
        ("halt", "--paper", DONE, {"paper"}),
        ("halt", "--live", DONE, {"live"}),
        ("halt", "--study", DONE, {"study"}),
        ("halt", f"--ledger {LEDGERS['live']}", DONE, {"live"}),
        ("resume", "--paper", DONE, {"paper"}),
        ("resume", "--live", USAGE, set()),
        ("resume", f"--ledger {LEDGERS['live']}", USAGE, set()),
        ("resume", "--study", DONE, {"study"}),
        ("flatten", "--study", DONE, {"study"}),
        ("flatten", "--paper", USAGE, set()),  # no broker is configured: the paper account cannot be reached
        ("flatten", "--live", USAGE, set()),
        ("flatten", "--live --broker tradier --confirm-account 6YA99999", USAGE, set()),
        ("flatten", f"--ledger {LEDGERS['live']}", USAGE, set()),
        ("flatten", f"--ledger {LEDGERS['live']} --broker tradier", USAGE, set()),
        ("flatten", "--study --broker tradier", USAGE, set()),
        ("flatten", f"--paper --confirm-account {NUMBER}", USAGE, set()),
        ("reconcile", "--study", DONE, set()),  # alike: nothing is journaled
        ("reconcile", "--live", USAGE, set()),
        ("reconcile", f"--ledger {LEDGERS['live']} --broker tradier", USAGE, set()),
        ("status", "--paper", DONE, set()),
        ("status", "--live", DONE, set()),
        ("status", "--study", DONE, set()),
        ("journal", "--live", DONE, set()),
        ("report", "--study", DONE, set()),
        ("ledger verify", "--live", DONE, set()),
        ("ledger repair", "--live", DONE, set()),
        ("trade", f"--ledger {LEDGERS['live']}", USAGE, set()),
        ("trade", f"--ledger {LEDGERS['paper']}", USAGE, set()),
        ("plan", f"--ledger {LEDGERS['live']}", USAGE, set()),
        ("plan", f"--ledger {LEDGERS['study']}", DONE, set()),
        ("hedge events.ndjson", f"--ledger {LEDGERS['live']}", USAGE, set()),
    ],
)  # fmt: skip
def test_without_a_loop_only_the_ledger_named_changes(
    desk: Desk, command: str, choice: str, code: int, changed: set[str]
) -> None:
    (desk.root / "events.ndjson").touch()
    before = desk.files()

    answer = desk(*command.split(), *choice.split())

    assert (answer.code, desk.changed_since(before) - {f"{LEDGERS['live']}.lock"}) == (code, changed), answer.err


def test_flatten_of_a_live_account_whose_broker_is_unreachable_latches_it_alone(desk: Desk) -> None:
    """The fault that was measured: paper was halted, live was not."""
    with_keys(desk)
    before = desk.files()

    answer = desk("flatten", *LOCKS, "--json")

    assert (answer.code, desk.changed_since(before)) == (FAILED, {"live"}), answer.err
    assert book_of(desk.ledger("live")).halted == "flattened by hand"
    assert answer.document["mode"] == "live"
    assert "not flattened: " in answer.document["done"]
    assert answer.document["done"].endswith("halted")


def test_reconcile_of_a_live_account_whose_broker_is_unreachable_is_refused(desk: Desk) -> None:
    with_keys(desk)
    before = desk.files()

    answer = desk("reconcile", *LOCKS)

    assert (answer.code, desk.changed_since(before) - {"live"}) == (FAILED, set()), answer.err
    assert kinds(desk.ledger("live")) == ["LedgerOpened"]


def test_halt_and_resume_live_need_no_credential_but_the_number(desk: Desk) -> None:
    """OP-101, OP-004: halt none at all; resume the number typed back, compared with the credentials."""
    assert desk("halt", "--live", "--reason", "drill").code == DONE
    seen = desk("status", "--live", "--json").document
    assert (seen["mode"], seen["halted"], seen["halt_reason"]) == ("live", True, "drill")
    before = desk.files()

    assert desk("resume", "--live").code == USAGE
    assert desk("resume", "--live", "--broker", "tradier", "--confirm-account", NUMBER).code == USAGE  # no credential
    with_keys(desk)
    assert desk("resume", "--live", "--broker", "tradier", "--confirm-account", "6YA99999").code == USAGE
    assert desk("resume", "--broker", "tradier", "--confirm-account", NUMBER).code == USAGE  # never guessed
    assert desk.changed_since(before) == set()

    assert desk("resume", "--live", "--broker", "tradier", "--confirm-account", NUMBER).code == DONE
    assert desk.changed_since(before) == {"live"}
    assert book_of(desk.ledger("live")).halted is None


@pytest.mark.parametrize(("choice", "kill"), [("paper", "home/HALT"), ("paper", "paper.halt"), ("study", "study.halt")])
def test_resume_names_the_kill_file_that_stands(desk: Desk, choice: str, kill: str) -> None:
    file = desk.root / kill if kill == "home/HALT" else Path(f"{desk.ledger(choice)}.halt")
    file.touch()
    before = desk.files()

    answer = desk("resume", f"--{choice}")

    assert (answer.code, desk.changed_since(before)) == (HALTED, set())
    assert f"{file.name} stands" in answer.err


def test_the_kill_file_of_a_home_holds_for_no_study(desk: Desk) -> None:
    """OP-105: for accounts and paced studies."""
    (desk.home / "HALT").touch()

    assert desk("resume", "--study").code == DONE


# --- a loop runs ---


@pytest.mark.parametrize("name", ["paper", "live", "study"])
@pytest.mark.parametrize(
    ("command", "code", "changes"),
    [
        ("halt", DONE, True), ("halt --json", DONE, True), ("status", DONE, False), ("journal", DONE, False),
        ("ledger verify", DONE, False), ("reconcile", DONE, False), ("ledger repair", FAILED, False),
    ],
)  # fmt: skip
def test_beside_a_loop_the_one_that_runs_is_meant(
    desk: Desk, name: str, command: str, code: int, changes: bool
) -> None:
    desk.run_loop(name)
    before = desk.files()

    answer = desk(*command.split())

    assert (answer.code, desk.changed_since(before)) == (code, {name} if changes else set()), answer.err
    first = (answer.err if "--json" in command or code else answer.out).splitlines()[0]
    assert code or first.startswith(f"{name.upper()}  {LEDGERS[name]}  loop: process ")


def test_flatten_and_resume_act_on_the_only_loop(desk: Desk) -> None:
    loop = desk.run_loop("paper")
    before = desk.files()

    flat = desk("flatten", "--json")
    resumed = desk("resume", "--json")

    assert (flat.code, resumed.code, desk.changed_since(before)) == (DONE, DONE, {"paper"}), flat.err
    assert flat.document["done"].startswith(f"flat and halted; flattened by the running loop (process {loop.pid}) at ")
    assert kinds(desk.ledger("paper"))[-2:] == ["FlattenRequested", "Resumed"]


def test_a_live_loop_is_not_resumed_without_being_named(desk: Desk) -> None:
    with_keys(desk).run_loop("live")
    before = desk.files()

    refused = desk("resume", "--broker", "tradier", "--confirm-account", NUMBER)
    assert (refused.code, desk.changed_since(before)) == (USAGE, set())
    assert "gammacore resume --broker tradier --live --confirm-account N" in refused.err

    assert desk("resume", "--live", "--broker", "tradier", "--confirm-account", NUMBER).code == DONE
    assert desk.changed_since(before) == {"live"}


def test_flatten_of_a_spread_that_its_loop_does_not_close_says_what_is_open(desk: Desk) -> None:
    """The loop of this test latches and closes nothing; the request was obeyed, the ledger is not flat."""
    desk.run_loop("study")
    before = desk.files()

    answer = desk("flatten", "--wait", "1", "--json")

    assert (answer.code, desk.changed_since(before)) == (FAILED, {"study"})
    assert answer.document["open"] == [book_of(desk.ledger("study")).live_spreads[0].id]
    assert "still open: " in answer.document["done"]
    assert desk("resume", "--study").code == HALTED  # a flatten that is not finished is not undone


def test_a_loop_that_does_not_obey_leaves_the_request_in_its_inbox(desk: Desk) -> None:
    desk.run_loop("paper", "deaf")
    before = desk.files()

    answer = desk("flatten", "--wait", "0.3", "--json")

    assert (answer.code, desk.changed_since(before)) == (FAILED, {"paper"})
    assert "has not obeyed yet; the request stays" in answer.document["done"]
    assert [request.reason for request in SqliteInbox(desk.ledger("paper")).pending()] == ["flattened by hand"]


@pytest.mark.parametrize("command", ["halt", "flatten", "resume"])
@pytest.mark.parametrize("stopped", [False, True])
def test_a_loop_that_hangs_or_is_stopped_is_named_with_what_a_person_can_do(
    desk: Desk, command: str, stopped: bool
) -> None:
    """No command says "acts within one cycle" of a process that does not run; one rule for all of them."""
    loop = desk.run_loop("paper", *([] if stopped else ["deaf"]))
    if stopped:
        loop.send_signal(signal.SIGSTOP)
    try:
        answer = desk(command, "--wait", "0.3")
    finally:
        loop.send_signal(signal.SIGCONT)

    assert answer.code == FAILED
    assert f"the running loop has not answered within 0.3 s: {LEDGERS['paper']} (process {loop.pid})" in answer.err
    assert "close it by hand at the broker, or end `kill -9" in answer.err
    assert "run `gammacore flatten`" in answer.err


@pytest.mark.parametrize("options", [("--confirm-account", NUMBER), ("--broker", "fake")])
def test_options_that_mean_another_mode_than_the_loop_that_runs_are_refused(desk: Desk, options: Sequence[str]) -> None:
    desk.run_loop("paper")
    before = desk.files()

    assert (desk("flatten", *options).code, desk.changed_since(before)) == (USAGE, set())


def test_the_live_account_is_meant_while_the_paper_loop_runs(desk: Desk) -> None:
    desk.run_loop("paper")
    before = desk.files()

    assert (desk("halt", "--live").code, desk.changed_since(before)) == (DONE, {"live"})


# --- several could be meant ---


@pytest.mark.parametrize("command", ["halt", "flatten", "resume", "reconcile", "ledger repair"])
def test_of_several_ledgers_none_is_guessed(desk: Desk, command: str) -> None:
    before = desk.files()

    answer = desk(*command.split())

    assert (answer.code, answer.out, desk.changed_since(before)) == (USAGE, "", set())
    assert f"gammacore {command} --paper" in answer.err
    assert f"gammacore {command} --live" in answer.err


def test_halt_halts_every_loop_that_runs_one_line_each(desk: Desk) -> None:
    """OP-105."""
    desk.run_loop("paper")
    desk.run_loop("study")
    before = desk.files()

    answer = desk("halt", "--reason", "drill")

    assert (answer.code, desk.changed_since(before)) == (DONE, {"paper", "study"}), answer.err
    assert answer.out.count("halt (drill): ") == 2
    assert (book_of(desk.ledger("paper")).halted, book_of(desk.ledger("study")).halted) == ("drill", "drill")


@pytest.mark.parametrize("command", ["flatten", "resume", "reconcile"])
def test_of_several_loops_none_is_guessed(desk: Desk, command: str) -> None:
    desk.run_loop("paper")
    desk.run_loop("study")
    before = desk.files()

    answer = desk(command)

    assert (answer.code, desk.changed_since(before)) == (USAGE, set())
    assert f"gammacore {command} --paper" in answer.err
    assert f"gammacore {command} --ledger {LEDGERS['study']}" in answer.err


@pytest.mark.parametrize("command", ["status", "journal", "ledger verify"])
def test_readers_show_the_configured_account_and_list_the_others(desk: Desk, command: str) -> None:
    desk.env = {**desk.env, "GAMMACORE_ACCOUNT__PAPER": "false"}
    before = desk.files()

    answer = desk(*command.split())

    assert (answer.code, desk.changed_since(before)) == (DONE, set())
    assert answer.out.splitlines()[0].startswith("LIVE  home/live/paper.sqlite  no loop runs, last event 2026-03-02 ")
    assert "also there: PAPER home/paper/paper.sqlite, no loop runs" in answer.out


# --- no such ledger ---


@pytest.mark.parametrize(
    "command",
    ["halt", "flatten", "resume", "reconcile", "status", "journal", "report", "ledger verify", "ledger repair"],
)
@pytest.mark.parametrize("choice", ["--live", "--ledger home/none.sqlite"])
def test_a_ledger_that_is_not_there_is_refused_with_those_that_are(desk: Desk, command: str, choice: str) -> None:
    desk.ledger("live").unlink()
    desk.ledger("live").with_name("paper.sqlite.lock").unlink()
    before = desk.files()

    answer = desk(*command.split(), *choice.split())

    assert (answer.code, answer.out, desk.changed_since(before)) == (FAILED, "", set())
    assert "no such ledger; there are: PAPER home/paper/paper.sqlite" in answer.err


def test_in_an_empty_home_the_refusal_names_the_command_that_makes_a_ledger(desk: Desk) -> None:
    desk.env = {**desk.env, "GAMMACORE_HOME": "empty"}
    before = desk.files()

    answers = [desk(command) for command in ("status", "halt")]

    assert [answer.code for answer in answers] == [FAILED, FAILED]
    assert all("`gammacore trade` makes one" in answer.err for answer in answers)
    assert desk.changed_since(before) == set()


# --- the options and the first line ---


@pytest.mark.parametrize(
    "options",
    ["--paper --live", "--live --study", "--paper --ledger home/paper/paper.sqlite", "--study --ledger home/x.sqlite"],
)
@pytest.mark.parametrize("command", ["halt", "status", "flatten"])
def test_two_choices_are_refused(desk: Desk, command: str, options: str) -> None:
    """OP-101."""
    before = desk.files()

    assert (desk(command, *options.split()).code, desk.changed_since(before)) == (USAGE, set())


@pytest.mark.parametrize("command", ["halt", "status", "flatten", "reconcile", "ledger repair"])
def test_a_ledger_of_another_mode_in_the_place_of_the_live_one_is_refused(desk: Desk, command: str) -> None:
    """OP-101: what stands in HOME/live was opened on paper."""
    for file in desk.ledger("live").parent.iterdir():
        file.unlink()
    opened(desk.ledger("live"), Mode.PAPER)
    before = desk.files()

    answer = with_keys(desk)(*command.split(), "--live")

    assert (answer.code, desk.changed_since(before)) == (USAGE, set())
    assert "is a paper ledger, and --live was asked for" in answer.err


@pytest.mark.parametrize("command", ["status", "journal", "report", "ledger verify", "halt"])
def test_json_has_the_keys_of_the_first_line_which_goes_to_stderr(desk: Desk, command: str) -> None:
    """OP-103."""
    answer = desk(*command.split(), "--study", "--json")

    document = json.loads(answer.out)
    assert (document["mode"], document["account"], document["ledger"]) == ("study", None, LEDGERS["study"])
    assert document["running"] is False
    assert document["as_of"]
    assert answer.err.splitlines()[0].startswith(f"STUDY  {LEDGERS['study']}  no loop runs, last event 2026-03-03 ")


def test_status_shows_the_live_holding_and_not_the_flat_study(desk: Desk) -> None:
    """The fault that was measured: "no open position" was shown of a study while the live account held a spread."""
    events = SqliteStorage(desk.ledger("study"), read_only=True)
    story = list(events.events())
    events.close()
    for file in desk.ledger("live").parent.iterdir():
        file.unlink()
    desk.ledger("paper").unlink()
    storage = SqliteStorage(desk.ledger("live"))
    storage.append([LedgerOpened(story[0].at, "paper", Mode.LIVE, "a" * 16, Decimal(20000)), *story[1:]], 0)
    storage.close()
    os.utime(desk.ledger("study"))

    answer = desk("status")

    assert answer.out.startswith("LIVE  home/live/paper.sqlite")
    assert "no open position" not in answer.out
    assert "put spread" in answer.out.lower() or "_SPREAD" in answer.out or "CONDOR" in answer.out


def test_status_names_the_kill_file_that_stands(desk: Desk) -> None:
    """OP-105: the file of the home stops its accounts and no study; one beside a ledger stops that ledger."""
    home = desk.ledger("live").parent.parent
    (home / "HALT").touch()
    beside = desk.ledger("study").with_name(desk.ledger("study").name + ".halt")
    beside.touch()
    account, study = desk("status", "--live"), desk("status", "--study", "--json").document

    assert "kill file home/HALT: a loop closes everything and halts" in account.out
    assert study["kill_files"] == [str(beside.relative_to(desk.root))]
