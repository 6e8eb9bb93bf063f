"""A log kept in a file: JSON lines, changed by day and size, zipped. Rules: OP-002, OP-302, OP-303."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import logging
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gammacore.adapters.log_files import LONGEST_LINE, BoundedQueue, JsonLines, RotatedFile
from gammacore.adapters.notifiers.settings import LogSettings
from gammacore.domain.sessions import new_york
from gammacore.errors import StorageError

DAY = dt.date(2026, 3, 3)
WHOSE = {"mode": "paper", "account": "main", "strategy": "credit-spread"}


def plain(text: str) -> str:
    return text


def a_record(message: str = "entered", **extra: Any) -> logging.LogRecord:
    record = logging.LogRecord("gammacore", logging.INFO, __file__, 1, message, None, None)
    record.__dict__.update(extra)
    return record


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., RotatedFile]]:
    files: list[RotatedFile] = []

    def open_file(hours: list[dt.datetime] | None = None, **settings: Any) -> RotatedFile:
        instants = hours or [new_york(DAY, dt.time(12))]
        now = iter([*instants, *[instants[-1]] * 100])
        file = RotatedFile(tmp_path / "log.ndjson", LogSettings(**settings), lambda: next(now).timestamp())
        file.setFormatter(JsonLines(plain, WHOSE))
        files.append(file)
        return file

    yield open_file
    for file in files:
        file.close()


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_line_says_when_how_loud_whose_and_what(opened: Callable[..., RotatedFile], tmp_path: Path) -> None:
    ten = new_york(DAY, dt.time(10))
    opened().emit(a_record(event="OrderFilled", figures={"credit": "2.50"}, ledger_version=7, market_now=ten))

    (line,) = lines_of(tmp_path / "log.ndjson")
    assert line["market_at"] == "2026-03-03T10:00:00-05:00"
    assert {key: line[key] for key in ("level", "mode", "account", "strategy", "event", "message")} == {
        "level": "info", **WHOSE, "event": "OrderFilled", "message": "entered",
    }  # fmt: skip
    assert (line["ledger_version"], line["figures"]) == (7, {"credit": "2.50"})
    assert dt.datetime.fromisoformat(line["at"]).utcoffset() == dt.timedelta(0)


def test_before_the_day_begins_the_markets_time_is_null(opened: Callable[..., RotatedFile], tmp_path: Path) -> None:
    opened().emit(a_record())
    assert lines_of(tmp_path / "log.ndjson")[0]["market_at"] is None


@pytest.mark.parametrize("message", ["x" * 20_000, "é" * 20_000, '"\\' * 9_000, "\n" * 9_000])
def test_a_line_is_at_most_8_kb_and_still_json(
    opened: Callable[..., RotatedFile], tmp_path: Path, message: str
) -> None:  # fmt: skip
    opened().emit(a_record(message, figures={"note": "y" * 9_000}))

    text = (tmp_path / "log.ndjson").read_bytes()
    assert len(text) <= LONGEST_LINE
    assert lines_of(tmp_path / "log.ndjson")[0]["message"].endswith("…")


def test_a_brokers_text_cannot_forge_a_line(opened: Callable[..., RotatedFile], tmp_path: Path) -> None:
    opened().emit(a_record('rejected\n{"at": "forged"}\x1b[2J\u2028'))

    text = (tmp_path / "log.ndjson").read_text(encoding="utf-8")
    assert text.count("\n") == 1
    assert "\x1b" not in text


def test_secrets_are_hidden(opened: Callable[..., RotatedFile], tmp_path: Path) -> None:
    file = opened()
    file.setFormatter(JsonLines(lambda text: text.replace("s3cret", "***"), WHOSE))
    file.emit(a_record("token s3cret", figures={"url": "https://x/s3cret"}))

    assert "s3cret" not in (tmp_path / "log.ndjson").read_text(encoding="utf-8")


def test_a_new_new_york_day_is_a_new_file_and_the_old_one_is_zipped(
    opened: Callable[..., RotatedFile], tmp_path: Path
) -> None:
    last, first = new_york(DAY, dt.time(23, 59)), new_york(DAY + dt.timedelta(days=1), dt.time(0))
    file = opened([last, last, first])
    file.emit(a_record("before"))
    file.emit(a_record("after"))

    assert [line["message"] for line in lines_of(tmp_path / "log.ndjson")] == ["after"]
    with gzip.open(tmp_path / "log.ndjson.2026-03-03.1.gz", "rt") as old:
        assert json.loads(old.read())["message"] == "before"


def test_beyond_its_size_the_file_is_changed(opened: Callable[..., RotatedFile], tmp_path: Path) -> None:
    file = opened(max_bytes=1_000)
    for number in range(12):
        file.emit(a_record(f"line {number}"))

    zipped = sorted(tmp_path.glob("log.ndjson.2026-03-03.*.gz"))
    assert len(zipped) >= 2
    told = [
        json.loads(line)["message"] for name in zipped for line in gzip.decompress(name.read_bytes()).splitlines()
    ]  # fmt: skip
    told += [line["message"] for line in lines_of(tmp_path / "log.ndjson")]
    assert told == [f"line {number}" for number in range(12)]


def test_old_files_are_kept_so_many_days(opened: Callable[..., RotatedFile], tmp_path: Path) -> None:
    for days in (90, 91):
        (tmp_path / f"log.ndjson.{DAY - dt.timedelta(days=days)}.1.gz").touch()
    file = opened(max_bytes=1_000)
    for _ in range(8):
        file.emit(a_record("x" * 200))

    kept = {path.name for path in tmp_path.iterdir()}
    assert f"log.ndjson.{DAY - dt.timedelta(days=90)}.1.gz" in kept
    assert f"log.ndjson.{DAY - dt.timedelta(days=91)}.1.gz" not in kept


def test_with_rotate_off_a_moved_file_is_opened_again(opened: Callable[..., RotatedFile], tmp_path: Path) -> None:
    file = opened(rotate=False, max_bytes=1_000)
    file.emit(a_record("before"))
    (tmp_path / "log.ndjson").rename(tmp_path / "moved")
    file.emit(a_record("after"))

    assert [line["message"] for line in lines_of(tmp_path / "log.ndjson")] == ["after"]
    assert [line["message"] for line in lines_of(tmp_path / "moved")] == ["before"]


def test_the_file_is_for_its_owner_alone(opened: Callable[..., RotatedFile], tmp_path: Path) -> None:
    opened()
    assert stat.S_IMODE((tmp_path / "log.ndjson").stat().st_mode) == 0o600


def test_a_full_disk_costs_lines_and_nothing_else(
    opened: Callable[..., RotatedFile], capsys: pytest.CaptureFixture[str]
) -> None:
    file = opened()

    class Full:
        def write(self, _text: str) -> None:
            raise OSError(28, "No space left on device")

        def close(self) -> None: ...
        def flush(self) -> None: ...
        def tell(self) -> int:
            return 0

    file.stream.close()
    file.stream = Full()
    for _ in range(3):
        file.emit(a_record())

    assert file.lost == 3
    assert capsys.readouterr().err.count("lines of the log are lost") == 1


def test_a_full_queue_drops_counts_and_says_so_at_the_end(tmp_path: Path) -> None:
    file = RotatedFile(tmp_path / "log.ndjson")
    file.setFormatter(JsonLines(plain, WHOSE))
    kept = BoundedQueue(file, waiting=1)
    kept._listener.stop()  # the thread that writes has stopped: the disk does not answer
    for _ in range(5):
        kept.emit(a_record())
    assert kept.dropped == 4
    kept._listener.start()
    kept.close()

    assert "4 lines of the log were dropped" in lines_of(tmp_path / "log.ndjson")[-1]["message"]


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot be written"):
        RotatedFile(tmp_path / "file" / "log.ndjson")
