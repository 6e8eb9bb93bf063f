"""The command line as a program calls it: arguments in; exit code, stdout and stderr out."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from attrs import field, frozen

from gammacore.configuration import Configuration, Sourced, configure
from gammacore.domain.book.book import Book
from gammacore.wiring import wire_day
from gammacore_cli.main import run

QUICK = 300
"""Seconds a step: a simulated day in a tenth of a second."""

PINNED = 57
"""The seed of the simulated days whose figures tests hold: named, for the default may change (decision 0061)."""


@frozen
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        document = json.loads(self.out)
        assert isinstance(document, dict)
        return document


@frozen
class CommandLine:
    """`gammacore` in this process."""

    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str | Path) -> Answer:
        self.capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        said = self.capsys.readouterr()
        return Answer(code, said.out, said.err)

    def document(self, *arguments: str | Path) -> dict[str, Any]:
        """The JSON of a command that is done."""
        answer = self(*arguments, "--json", "--quiet")
        assert answer.code == 0, answer.err
        return answer.document

    def refusal(self, *arguments: str | Path) -> Answer:
        """A command that cannot: nothing on stdout, one sentence and no traceback on stderr."""
        answer = self(*arguments, "--quiet")
        assert answer.code != 0
        assert answer.out == ""
        assert "Traceback" not in answer.err
        assert "a fault of gammacore" not in answer.err
        sentences = [line for line in answer.err.splitlines() if line.startswith(("gammacore: ", "Error: "))]
        assert len(sentences) == 1, answer.err
        return answer


def at_home(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Work in an empty folder, without any setting of the environment."""
    for name in [name for name in os.environ if name.startswith("GAMMACORE_") and name != "GAMMACORE_SHARED_DATA"]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("IS_PAPER_TRADING", raising=False)
    monkeypatch.chdir(folder)


@cache
def trading_seed(step: int = QUICK) -> int:
    """A seed whose simulated day holds a position: found by looking, for the rules of entry are not the matter here."""
    seeds: tuple[int, ...] = (PINNED, *range(60))
    for seed in seeds:
        day = wire_day(simulated(step, seed))
        book = day.trade.run_until(lambda book: bool(book.live_spreads))
        day.close()
        if book.live_spreads:
            return seed
    raise AssertionError("no simulated day enters any more")


def on_a_trading_day(step: int = QUICK) -> tuple[str, ...]:
    """The options of a simulated day with an entry."""
    return ("--step", str(step), "--seed", str(trading_seed(step)))


def simulated(step: int, seed: int) -> Configuration:
    """The configuration that `--step` and `--seed` make."""
    given = {"market.step_seconds": step, "market.seed": seed}
    return configure([{key: Sourced(value, "test") for key, value in given.items()}])


def interrupted(ledger: Path, done: Callable[[Book], bool], step: int = QUICK) -> Path:
    """A ledger whose simulated day was left when the book was as asked, or at its end."""
    day = wire_day(simulated(step, trading_seed(step)), ledger)
    try:
        day.trade.run_until(done)
    finally:
        day.close()
    return ledger


def begun(ledger: Path, *, holding: bool = True) -> Path:
    """A ledger whose simulated day was interrupted: with a position open, or before its first entry."""
    return interrupted(ledger, (lambda book: bool(book.live_spreads)) if holding else (lambda book: True))


def rows(ledger: Path) -> list[tuple[Any, ...]]:
    """The events of a ledger file, byte for byte."""
    with sqlite3.connect(f"file:{ledger}?mode=ro", uri=True) as connection:
        found = connection.execute("SELECT * FROM events ORDER BY 1").fetchall()
    connection.close()
    return found


def kinds(ledger: Path) -> list[str]:
    """The types of a ledger's events, in order."""
    from gammacore.adapters.sqlite.storage import SqliteStorage

    storage = SqliteStorage(ledger, read_only=True)
    try:
        return [type(event).__name__ for event in storage.events()]
    finally:
        storage.close()


def book_of(ledger: Path) -> Book:
    """The fold of a ledger file."""
    from gammacore.adapters.sqlite.storage import SqliteStorage

    storage = SqliteStorage(ledger, read_only=True)
    try:
        return Book.of(storage.events())
    finally:
        storage.close()


@frozen
class Process:
    """`gammacore` in a process of its own, its log lines read one by one."""

    popen: subprocess.Popen[str] = field()

    def wait_for(self, words: str) -> str:
        """Read the log until a line has these words; it is returned."""
        assert self.popen.stderr is not None
        seen = []
        for line in self.popen.stderr:
            if words in line:
                return line
            seen.append(line)
        raise AssertionError(f"never said {words!r}:\n{''.join(seen)}")

    def end(self) -> Answer:
        """What it said from here to its end."""
        out, err = self.popen.communicate(timeout=60)
        return Answer(self.popen.returncode, out, err)


@contextmanager
def process(*arguments: str | Path) -> Iterator[Process]:
    """A command in another process; it does not outlive the block."""
    command = [sys.executable, "-m", "gammacore_cli.main", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as popen:
        try:
            yield Process(popen)
        finally:
            popen.kill()
