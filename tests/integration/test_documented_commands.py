"""Every command of README and docs is one that exists, and those that need nothing from outside run to their end."""

from __future__ import annotations

import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import frozen

from builders_cli import CommandLine, at_home
from builders_legacy import write_balance
from conftest import ROOT
from gammacore.configuration import configure, read_toml
from gammacore.configuration.brokers import credential_names
from gammacore_cli.main import EXIT_DONE

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
BLOCK = re.compile(r"^```(\S*)(?: [^\n]*)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROGRAMS = {"gammacore", ".venv/bin/gammacore"}

OUTSIDE = {
    "csv:": "no such file",
    "--publish": "FIREBASE_PROJECT_ID",
    "firestore:": "FIREBASE_PROJECT_ID",
    "recording:": "no such file",
    "tradier": "TRADIER_",
    "alpaca": "ALPACA_",
}
"""What a command names that is not here, and what its refusal then names."""


@frozen
class Documented:
    """One command of a page: its words after `gammacore`."""

    page: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}: {' '.join(self.words)}"

    @property
    def lacks(self) -> str | None:
        """What its refusal must name here; None where it must run."""
        return next((named for part, named in OUTSIDE.items() if any(part in word for word in self.words)), None)


def shell_lines(page: Path) -> list[str]:
    """Lines of the blocks that a shell reads, continued lines joined."""
    blocks = [text for language, text in BLOCK.findall(page.read_text(encoding="utf-8")) if language in ("sh", "")]
    return [line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines() if line.strip()]


def documented() -> list[Documented]:
    found = []
    for page in PAGES:
        for line in shell_lines(page):
            for part in re.split(r"\||&&", re.sub(r"\s#.*", "", line)):
                words = shlex.split(part)
                if words and words[0] in PROGRAMS:
                    found.append(Documented(page.name, tuple(words[1:])))
    return list(dict.fromkeys(found))


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
    (tmp_path / "OLD_DESK").mkdir()
    write_balance(tmp_path / "OLD_DESK")
    with (tmp_path / "EVENTS.ndjson").open(encoding="utf-8") as feed:
        monkeypatch.setattr(sys, "stdin", feed)
        yield tmp_path


def test_the_pages_have_their_commands() -> None:
    assert len(documented()) >= 25
    assert {"README.md", "brokers.md", "delta-hedging.md", "real-days.md", "scalping.md"} == {
        one.page for one in documented()
    }


@pytest.mark.parametrize("command", documented(), ids=str)
def test_a_documented_command_runs_or_names_what_is_not_here(
    command: Documented, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gammacore = CommandLine(capsys)
    if command.words[0] in ("journal", "report"):
        assert gammacore("trade", "--step", "300").code == EXIT_DONE
    answer = gammacore(*command.words)

    assert "Usage:" not in answer.err
    assert "Traceback" not in answer.err
    assert "a fault of gammacore" not in answer.err
    if command.lacks is None:
        assert answer.code == EXIT_DONE, answer.err
    else:
        assert answer.code != EXIT_DONE
        assert command.lacks in answer.err + answer.out


def test_the_hedged_day_of_the_page_comes_out_as_it_stands(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The text block of docs/delta-hedging.md is what the command above it prints."""
    page = (ROOT / "docs" / "delta-hedging.md").read_text(encoding="utf-8")
    [sample] = [text for language, text in BLOCK.findall(page) if language == "text"]

    answer = CommandLine(capsys)("trade", "--strategy", "delta-hedge", "--quiet")

    assert answer.code == EXIT_DONE
    assert sample in answer.out


def test_settings_of_a_page_are_settings(folder: Path) -> None:
    """The blocks in TOML."""
    blocks = [
        text for page in PAGES for name, text in BLOCK.findall(page.read_text(encoding="utf-8")) if name == "toml"
    ]

    assert blocks
    for block in blocks:
        (folder / "page.toml").write_text(block, encoding="utf-8")
        keys = {f"{table}.{key}" for table, values in tomllib.loads(block).items() for key in values}
        assert set(configure([read_toml(folder / "page.toml")]).given) == keys


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
