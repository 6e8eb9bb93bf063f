"""Every command of README and docs is one that exists, and those that need nothing from outside run to their end."""

from __future__ import annotations

import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from builders_cli import PINNED, CommandLine, at_home
from builders_legacy import write_balance
from conftest import ROOT
from gammacore.configuration import configure, read_toml
from gammacore.configuration.brokers import credential_names
from gammacore_cli.main import EXIT_DONE

MODES = tuple(sorted((ROOT / "docs" / "scalping").glob("*.md")))
"""A page a scalping strategy: its first command is its example, and its block of text what that prints."""
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *MODES)
BLOCK = re.compile(r"^```(\S*)(?: [^\n]*)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROGRAMS = {"gammacore", ".venv/bin/gammacore"}
VARIABLE = re.compile(r"[A-Z_]+=")

OUTSIDE = {
    "csv:SPY_*": "no file matches",
    "csv:": "no such file",
    "lean:": "is not a directory",
    "--publish": "FIREBASE_PROJECT_ID",
    "firestore:": "FIREBASE_PROJECT_ID",
    "recording:": "no such file",
    "dask://": "no scheduler answers there",
    "dask+tls://": "ca.pem is no file",
    "store:": "no store of imported days",
    "tradier": "TRADIER_",
    "alpaca": "ALPACA_",
}
"""What a command names that is not here, and what its refusal then names."""


@frozen
class Documented:
    """One command of a page: its words after `gammacore`, and the variables that are set before it."""

    page: str
    words: tuple[str, ...]
    variables: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.page}: {' '.join((*self.variables, *self.words))}"

    @property
    def environment(self) -> dict[str, str]:
        return dict(each.split("=", 1) for each in self.variables)

    @property
    def lacks(self) -> str | None:
        """What its refusal must name here; None where it must run."""
        return next((named for part, named in OUTSIDE.items() if any(part in word for word in self.words)), None)


def shell_lines(page: Path) -> list[str]:
    """Lines of the blocks that a shell reads, continued lines joined."""
    blocks = [text for language, text in BLOCK.findall(page.read_text(encoding="utf-8")) if language in ("sh", "")]
    return [line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines() if line.strip()]


@cache
def documented() -> tuple[Documented, ...]:
    found = []
    for page in PAGES:
        for line in shell_lines(page):
            for part in re.split(r"\||&&", re.sub(r"\s#.*", "", line)):
                words = shlex.split(part)
                variables = tuple(takewhile(VARIABLE.match, words))
                if words[len(variables) :] and words[len(variables)] in PROGRAMS:
                    found.append(Documented(page.name, tuple(words[len(variables) + 1 :]), variables))
    return tuple(dict.fromkeys(found))


def examples() -> list[Documented]:
    """The first command of each scalping strategy's page."""
    return [next(each for each in documented() if each.page == page.name) for page in MODES]


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A clone's folder with the files that the pages expect of the reader; no credential, nothing on stdin."""
    at_home(monkeypatch, tmp_path)
    for name in (*credential_names(), "FIREBASE_PROJECT_ID"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "spy.toml").symlink_to(ROOT / "examples" / "spy-0dte.toml")
    page = (ROOT / "docs" / "delta-hedging.md").read_text(encoding="utf-8")
    events = re.search(r"```ndjson in\n(.*?)```", page, re.DOTALL)
    assert events is not None
    (tmp_path / "EVENTS.ndjson").write_text(events[1], encoding="utf-8")
    sample = re.search(r"```csv in\n(.*?)```", (ROOT / "docs" / "statistics.md").read_text("utf-8"), re.DOTALL)
    assert sample is not None
    (tmp_path / "trades.csv").write_text(sample[1], encoding="utf-8")
    (tmp_path / "OLD_DESK").mkdir()
    write_balance(tmp_path / "OLD_DESK")
    with (tmp_path / "EVENTS.ndjson").open(encoding="utf-8") as feed:
        monkeypatch.setattr(sys, "stdin", feed)
        yield tmp_path


def test_the_pages_have_their_commands() -> None:
    assert len(documented()) >= 25
    shown = {
        "README.md", "alerts.md", "backtest.md", "brokers.md", "credit-spreads.md", "dashboard.md", "data.md",
        "delta-hedging.md", "first-day.md", "look-ahead.md", "monte-carlo.md", "nothing-happens.md", "pins.md",
        "real-days.md", "scalping.md", "statistics.md", "sweeps.md",
    }  # fmt: skip
    assert shown | {page.name for page in MODES} == {one.page for one in documented()}


SERVES = ("dashboard",)
"""The page serves until it is ended: `test_dashboard` starts it."""


@pytest.mark.parametrize(
    "command", [each for each in documented() if each not in examples() and each.words != SERVES], ids=str
)
def test_a_documented_command_runs_or_names_what_is_not_here(
    command: Documented, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gammacore = CommandLine(capsys)
    monkeypatch.setattr("gammacore.adapters.dask_cluster.REACHED_WITHIN", 0.5)  # no scheduler is there to be reached
    for name, value in command.environment.items():
        monkeypatch.setenv(name, value)
    if command.words[0] in ("journal", "report", "status"):
        assert gammacore("trade", "--step", "300").code == EXIT_DONE
    if command.page == "backtest.md" and "--out" not in command.words and any("RUN" in one for one in command.words):
        begun = next(one for one in documented() if one.page == command.page)  # the page's first command
        assert gammacore(*begun.words).code == EXIT_DONE
    answer = gammacore(*command.words)

    assert "Usage:" not in answer.err
    assert "Traceback" not in answer.err
    assert "a fault of gammacore" not in answer.err
    if command.lacks is None:
        assert answer.code == EXIT_DONE, answer.err
    else:
        assert answer.code != EXIT_DONE
        assert command.lacks in answer.err + answer.out


PYTHON_PAGES = tuple(page for page in PAGES[1:] if "```python" in page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PYTHON_PAGES, ids=lambda page: page.name)
def test_the_python_of_a_page_runs(page: Path, folder: Path) -> None:
    """OP-904: block by block, each as a program of its own; its assertions are the test."""
    blocks = [text for language, text in BLOCK.findall(page.read_text(encoding="utf-8")) if language == "python"]

    for block in blocks:
        exec(compile(block, page.name, "exec"), {})


def test_the_hedged_day_of_the_page_comes_out_as_it_stands(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The text block of docs/delta-hedging.md is what the command above it prints."""
    page = (ROOT / "docs" / "delta-hedging.md").read_text(encoding="utf-8")
    [sample] = [text for language, text in BLOCK.findall(page) if language == "text"]

    answer = CommandLine(capsys)("trade", "--strategy", "delta-hedge", "--seed", str(PINNED), "--quiet")

    assert answer.code == EXIT_DONE
    assert sample in answer.out


@pytest.mark.parametrize("example", examples(), ids=str)
def test_the_day_of_a_scalping_page_comes_out_as_it_stands(
    example: Documented, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "docs" / "scalping" / example.page).read_text(encoding="utf-8")
    [sample] = [text for language, text in BLOCK.findall(page) if language == "text"]
    for name, value in example.environment.items():
        monkeypatch.setenv(name, value)

    answer = CommandLine(capsys)(*example.words, "--quiet")

    assert answer.code == EXIT_DONE, answer.err
    assert sample in answer.out


def dotted(table: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """The keys of a TOML document as settings are named."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from dotted(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def test_settings_of_a_page_are_settings(folder: Path) -> None:
    """The blocks in TOML."""
    blocks = [
        text for page in PAGES for name, text in BLOCK.findall(page.read_text(encoding="utf-8")) if name == "toml"
    ]

    assert blocks
    for block in blocks:
        (folder / "page.toml").write_text(block, encoding="utf-8")
        keys = set(dotted(tomllib.loads(block)))
        assert keys <= set(configure([read_toml(folder / "page.toml")]).given)  # a profile gives more


def test_every_make_target_of_a_page_is_one() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {words[1] for page in PAGES for line in shell_lines(page) if (words := line.split())[0] == "make"}

    assert {"run", "test", "install"} <= named <= targets


def installs() -> list[str]:
    """Every line, on the pages and in refusals, by which gammacore or one of its extras is installed."""
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    texts += [path.read_text(encoding="utf-8") for room in ("src", "cli") for path in (ROOT / room).rglob("*.py")]
    found = [line for text in texts for line in text.splitlines() if "pip install" in line]
    return [line for line in found if "gammacore" in line or "--editable" in line]


def test_gammacore_is_installed_from_the_clone_and_its_extras_exist() -> None:
    """Nothing is published: a package index has no gammacore."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]

    assert len(installs()) >= 2
    for line in installs():
        wanted = re.search(r"""--editable ['"]?\.\[([\w,{}]+)\]""", line)
        assert wanted is not None, line
        assert {extra for extra in wanted[1].split(",") if "{" not in extra} <= set(extras), line
