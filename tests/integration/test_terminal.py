"""A real terminal: no row mixes the bar of a trading day with a log line, whatever the width; lines carry two times."""

from __future__ import annotations

import datetime as dt
import fcntl
import io
import logging
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import field, frozen
from rich.cells import cell_len
from rich.console import Console

from builders import at
from builders_cli import CommandLine, at_home, on_a_trading_day
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore_cli import terminal
from gammacore_cli.main import EXIT_DONE
from gammacore_cli.terminal import LineFormatter, TerminalLines, progress

BAR = "trading"
MACHINE = dt.datetime(2026, 11, 30, 15, 31, 7, 412_900, tzinfo=dt.UTC)
LINE = re.compile(r"(\d\d:\d\d:\d\d|--:--:--) NY \| \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z [A-Z]+ study( |$)")


@frozen
class Screen:
    """As much of a terminal as rich draws on: carriage return, line feed, cursor up, erased lines, wrapped rows.

    `rows` keep everything ever written, `torn` every row that at some line feed held both the bar and a log line.
    """

    width: int
    rows: list[list[str]] = field(factory=lambda: [[]])
    cursor: list[int] = field(factory=lambda: [0, 0])
    torn: list[str] = field(factory=list)
    seen_bar: list[str] = field(factory=list)

    def feed(self, text: str) -> None:
        for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b.|.", text, re.DOTALL):
            if part.startswith("\x1b"):
                self._control(part)
            elif part == "\r":
                self.cursor[1] = 0
            elif part == "\n":
                self._look()
                self._move(self.cursor[0] + 1)
            else:
                self._write(part)
        self._look()

    def text(self) -> list[str]:
        return ["".join(row).rstrip() for row in self.rows]

    def _control(self, part: str) -> None:
        count, kind = part[2:-1], part[-1]
        if kind == "A":
            self.cursor[0] = max(self.cursor[0] - int(count or 1), 0)
        elif kind == "K":
            assert count == "2", part
            self.rows[self.cursor[0]].clear()
        else:
            assert kind in "mhl", part  # colours, and the cursor hidden or shown

    def _write(self, character: str) -> None:
        if self.cursor[1] + cell_len(character) > self.width:
            self._move(self.cursor[0] + 1)
            self.cursor[1] = 0
        row = self.rows[self.cursor[0]]
        row.extend(" " * (self.cursor[1] - len(row)))
        row[self.cursor[1] : self.cursor[1] + 1] = [character]
        self.cursor[1] += cell_len(character)

    def _move(self, row: int) -> None:
        self.cursor[0] = row
        while len(self.rows) <= row:
            self.rows.append([])

    def _look(self) -> None:
        for row in self.text()[-60:]:
            if row.startswith(BAR):
                self.seen_bar.append(row)
            if BAR in row and re.search(r"[━╸╺]", row) and not re.fullmatch(rf"{BAR} [━╸╺]+ +\d+ % \d:\d\d:\d\d", row):
                self.torn.append(row)


def in_a_terminal(width: int, *arguments: str, variables: dict[str, str] | None = None) -> tuple[Screen, str]:
    """`gammacore` in a child whose stderr is a terminal: the screen, and what was written to it."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    kept = {name: text for name, text in os.environ.items() if name not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR")}
    child = subprocess.Popen(
        [sys.executable, "-m", "gammacore_cli.main", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=its, env={**kept, "TERM": "xterm-256color", **(variables or {})},
    )  # fmt: skip
    os.close(its)
    written = b""
    try:
        while part := os.read(ours, 4096):
            written += part
    except OSError:  # Linux ends a terminal whose other side was closed with EIO
        pass
    os.close(ours)
    assert child.wait() == EXIT_DONE, written.decode()
    screen = Screen(width)
    screen.feed(text := written.decode())
    return screen, text


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    at_home(monkeypatch, tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("width", "options"),
    [(60, ()), (80, ("--log-level", "debug")), (120, ()), (61, ("--debug",))],
    ids=["60", "80, debug", "120", "61, --debug"],
)
def test_no_row_mixes_the_bar_with_a_log_line(width: int, options: tuple[str, ...], home: Path) -> None:
    screen, _ = in_a_terminal(width, "trade", *on_a_trading_day(), *options)

    rows = screen.text()
    assert screen.seen_bar
    assert screen.torn == []
    assert all(LINE.match(row) or row.startswith("  ") or not row for row in rows), rows
    assert "Opened SPX " in " ".join(" ".join(rows).split())
    assert all(cell_len(row) <= width for row in rows)
    assert BAR not in {row.split(" ")[0] for row in rows}  # the bar goes when the day is over


def test_quiet_draws_no_bar_and_writes_no_line(home: Path) -> None:
    _, written = in_a_terminal(80, "trade", *on_a_trading_day(), "--quiet")

    assert written == ""


def test_no_color_is_obeyed(home: Path) -> None:
    screen, written = in_a_terminal(80, "trade", *on_a_trading_day(), variables={"NO_COLOR": "1"})

    assert screen.torn == []
    assert not re.search(r"\x1b\[(3|4|9|10)\d(;\d+)*m", written)


def test_a_dumb_terminal_gets_lines_alone(home: Path) -> None:
    screen, written = in_a_terminal(80, "trade", *on_a_trading_day(), variables={"TERM": "dumb"})

    assert "\x1b" not in written
    assert screen.seen_bar == []


def test_without_a_terminal_lines_are_whole_and_there_is_no_bar(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = CommandLine(capsys)("trade", *on_a_trading_day())

    lines = answer.err.splitlines()
    assert all(LINE.match(line) for line in lines), answer.err
    assert any(len(line) > 200 for line in lines)
    assert BAR not in {line.split(" ")[0] for line in lines}


def test_lines_of_a_study_carry_the_days_own_time(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """OP-301: unknown before the day is wired, then the clock of the day, never the machine's."""
    answer = CommandLine(capsys)("trade", *on_a_trading_day())

    times = [line.split(" ")[0] for line in answer.err.splitlines()]
    known = [time for time in times if time != "--:--:--"]
    unknown = len(times) - len(known)
    assert unknown >= 1
    assert times[:unknown] == ["--:--:--"] * unknown
    assert known[0] == "09:30:00"
    assert known == sorted(known)
    assert next(line for line in answer.err.splitlines() if "Day finished" in line) >= "16:00:00"
    opened = next(line for line in answer.err.splitlines() if "Entry at 1" in line)
    assert opened.split(" ")[0][:5] == re.findall(r"Entry at (\d\d:\d\d)", opened)[0]


# -- one line ----------------------------------------------------------------------------------------------------------


def a_record(text: str, level: int = logging.INFO) -> logging.LogRecord:
    record = logging.LogRecord("gammacore", level, __file__, 1, "%s", (text,), None)
    record.created = MACHINE.timestamp()
    return record


def test_a_line_has_market_time_machine_time_level_mode_and_text() -> None:
    """OP-301."""
    formatter = LineFormatter()
    formatter.mode = "paper"

    assert formatter.format(a_record("entered")) == "10:31:07 NY | 2026-11-30 15:31:07.412Z INFO paper entered"


def test_a_command_without_a_mode_names_none() -> None:
    assert LineFormatter().format(a_record("x", logging.WARNING)) == "10:31:07 NY | 2026-11-30 15:31:07.412Z WARNING x"


@pytest.mark.parametrize(
    ("clock", "time"), [(None, "--:--:--"), (FakeClock(at("10:05")), "10:05:00")], ids=["not wired", "wired"]
)
def test_a_studys_time_is_unknown_or_its_own(clock: FakeClock | None, time: str) -> None:
    formatter = LineFormatter()
    formatter.mode, formatter.clock = "study", clock

    assert formatter.format(a_record("x")).startswith(f"{time} NY | ")


def test_the_systems_journal_stamps_the_machine_time_itself() -> None:
    assert LineFormatter(machine_time=False).format(a_record("x")) == "10:31:07 NY | INFO x"


@pytest.mark.parametrize("forged", ["a\nb", "a\rb", "a\x1b[2Kb", "a\x9b1Ab", "a\u2028b", "a\x00b"])
def test_text_of_a_broker_cannot_forge_a_line(forged: str) -> None:
    """OP-302."""
    line = LineFormatter().format(a_record(forged))

    assert line.isprintable()
    assert len(line.splitlines()) == 1


def test_a_traceback_keeps_its_lines_and_loses_its_escapes() -> None:
    record = a_record("failed")
    try:
        raise ValueError("\x1b[2J")
    except ValueError as wrong:
        record.exc_info = (type(wrong), wrong, wrong.__traceback__)

    lines = LineFormatter().format(record).splitlines()
    assert (len(lines) > 3, lines[-1]) == (True, r"ValueError: \x1b[2J")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], tuple[logging.Handler, io.StringIO]]:
    """A handler on a console of so many columns, and what lands on it."""

    def of(width: int) -> tuple[logging.Handler, io.StringIO]:
        stream = io.StringIO()
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        out = Console(file=stream, force_terminal=True, width=width, color_system=None, legacy_windows=False)
        monkeypatch.setattr(terminal, "console", lambda: out)
        handler = TerminalLines()
        handler.setFormatter(LineFormatter())
        return handler, stream

    return of


@pytest.mark.parametrize("width", [60, 61, 80, 120, 200])
@pytest.mark.parametrize(
    "text",
    [
        "short",
        "word " * 100,
        "x" * 500,
        "größe → 5 × 日本語のログ行はここで折り返す " * 8,
        "[bold]not markup[/bold] :smile: " * 9,
    ],
    ids=["short", "words", "one long word", "wide letters", "markup"],
)
def test_any_text_keeps_clear_of_the_bar(
    width: int, text: str, drawn: Callable[[int], tuple[logging.Handler, io.StringIO]]
) -> None:
    handler, stream = drawn(width)
    start = at("09:30")
    with progress(start, start + dt.timedelta(hours=6), quiet=False) as on_cycle:
        assert on_cycle is not None
        for minutes in (1, 100, 359):
            on_cycle(start + dt.timedelta(minutes=minutes))
            handler.handle(a_record(text))

    screen = Screen(width)
    screen.feed(stream.getvalue().replace("\n", "\r\n"))  # a terminal's own line discipline
    written = "".join("".join(row.split()) for row in screen.text())
    assert (screen.torn, bool(screen.seen_bar)) == ([], True)
    assert written.count("".join(text.split())) == 3  # every letter of every line, in order
