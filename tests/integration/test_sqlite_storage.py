"""The ledger among other processes and on hostile disks: one writer, no half append, readers without trace. R6, R12."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from builders_ledger import at, halted, some_events
from gammacore.adapters.sqlite.inbox import SqliteInbox
from gammacore.adapters.sqlite.reading import look, read_head, walk
from gammacore.adapters.sqlite.repair import repair
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.errors import CorruptLedger, StorageError, WriteConflict
from gammacore.ports.storage import Request, RequestKind

WRITER = """
import sys
from builders_ledger import some_events
from gammacore.adapters.sqlite.storage import SqliteStorage

storage = SqliteStorage(sys.argv[1])
print("open", flush=True)
while True:
    version = storage.append(some_events(3, first=storage.version + 1), storage.version)
    print(version, flush=True)
"""

HOLDER = """
import sys
from gammacore.adapters.sqlite.storage import SqliteStorage

storage = SqliteStorage(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""


@contextmanager
def a_process(script: str, ledger: Path) -> Iterator[subprocess.Popen[str]]:
    """A Python process that has opened the ledger; killed at the end if it still lives."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", script, str(ledger)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
            yield process
        finally:
            process.kill()


def traces(folder: Path) -> dict[str, tuple[int, int]]:
    """Name, size and time of change of every file in a folder."""
    return {file.name: (file.stat().st_size, file.stat().st_mtime_ns) for file in folder.iterdir()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "paper.ledger"


def test_a_second_process_is_refused_and_shown_who_writes(path: Path) -> None:
    with a_process(HOLDER, path) as holder, pytest.raises(WriteConflict, match=f"process {holder.pid} is writing"):
        SqliteStorage(path)


def test_the_lock_dies_with_its_process(path: Path) -> None:
    with a_process(HOLDER, path) as holder:
        holder.send_signal(signal.SIGKILL)
        holder.wait()

        with closing(SqliteStorage(path)) as storage:
            assert storage.append(some_events(1), 0) == 1


@pytest.mark.parametrize("appends_before_the_kill", [1, 7, 40, 150])
def test_a_killed_writer_leaves_whole_appends_and_every_one_it_was_promised(
    path: Path, appends_before_the_kill: int
) -> None:
    with a_process(WRITER, path) as writer:
        assert writer.stdout is not None
        for _ in range(appends_before_the_kill):
            writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
        promised = [3 * appends_before_the_kill, *map(int, writer.stdout.read().split())][-1]

    with closing(SqliteStorage(path)) as storage:
        kept = storage.version
        assert kept >= promised
        assert kept % 3 == 0
        assert list(storage.events()) == some_events(kept)


def test_a_reader_follows_a_living_writer(path: Path) -> None:
    with closing(SqliteStorage(path)) as writer, closing(SqliteStorage(path, read_only=True)) as reader:
        writer.append(some_events(2), 0)
        assert list(reader.events()) == some_events(2)

        writer.append(some_events(1, first=3), 2)

        assert reader.version == 3
        assert list(reader.events(2)) == some_events(1, first=3)


def test_a_query_sees_one_instant_whatever_is_appended_meanwhile(path: Path) -> None:
    """Else head and events disagree, and a ledger that is being written passes for a damaged one."""
    with closing(SqliteStorage(path)) as writer:
        writer.append(some_events(3), 0)

        def head_and_rows(connection: sqlite3.Connection) -> tuple[int, int]:
            head = read_head(connection, path)
            writer.append(some_events(3, first=writer.version + 1), writer.version)
            return head.version, len(list(walk(connection, path)))

        assert look(path, head_and_rows) == (3, 3)
        assert look(path, head_and_rows) == (6, 6)


def test_a_reader_outlives_the_writer_and_meets_the_next(path: Path) -> None:
    writer = SqliteStorage(path)
    reader = SqliteStorage(path, read_only=True)
    writer.append(some_events(2), 0)
    writer.close()
    assert list(reader.events()) == some_events(2)

    with closing(SqliteStorage(path)) as second:
        second.append(some_events(1, first=3), 2)
        assert list(reader.events()) == some_events(3)


def test_a_reader_of_a_closed_ledger_leaves_no_trace(path: Path) -> None:
    with closing(SqliteStorage(path)) as writer:
        writer.append(some_events(5), 0)
    before = traces(path.parent)

    with closing(SqliteStorage(path, read_only=True)) as reader:
        assert list(reader.events()) == some_events(5)

    assert traces(path.parent) == before


def test_a_reader_of_a_living_ledger_leaves_no_trace(path: Path) -> None:
    with closing(SqliteStorage(path)) as writer:
        writer.append(some_events(5), 0)
        before = traces(path.parent)

        with closing(SqliteStorage(path, read_only=True)) as reader:
            assert list(reader.events()) == some_events(5)

        assert traces(path.parent) == before


def test_a_reader_never_writes(path: Path) -> None:
    SqliteStorage(path).close()

    with closing(SqliteStorage(path, read_only=True)) as reader, pytest.raises(StorageError, match="open for reading"):
        reader.append(some_events(1), 0)


def test_a_reader_makes_no_ledger(path: Path) -> None:
    with pytest.raises(StorageError, match="there is no ledger at"):
        SqliteStorage(path, read_only=True)
    assert traces(path.parent) == {}


def test_a_process_that_writes_past_the_lock_is_noticed(path: Path) -> None:
    with closing(SqliteStorage(path)) as writer:
        writer.append(some_events(1), 0)
        with closing(sqlite3.connect(path)) as intruder, intruder:
            intruder.execute("UPDATE head SET version = 7")

        with pytest.raises(WriteConflict, match="without the lock"):
            writer.append(some_events(1, first=2), 1)


def test_the_tables_refuse_to_change_or_lose_an_event(path: Path) -> None:
    with closing(SqliteStorage(path)) as writer:
        writer.append(some_events(2), 0)

    for statement in ("UPDATE events SET checksum = 'x'", "DELETE FROM events"):
        with closing(sqlite3.connect(path)) as shell, pytest.raises(sqlite3.IntegrityError, match="append-only"):
            shell.execute(statement)


def test_a_ledger_removed_under_its_writer_is_not_written_into_the_void(path: Path) -> None:
    with closing(SqliteStorage(path)) as writer:
        path.unlink()

        with pytest.raises(StorageError, match="was removed or replaced"):
            writer.append(some_events(1), 0)


def test_two_names_of_one_ledger_have_one_writer(path: Path) -> None:
    alias = path.with_name("alias.ledger")
    with closing(SqliteStorage(path)):
        alias.symlink_to(path)

        with pytest.raises(WriteConflict):
            SqliteStorage(alias)


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_folder_without_locks_is_refused_with_the_fix(path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """R12: network folders may know no locks, and without one there is no single writer."""

    def no_locks(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", no_locks)

    for opened in (SqliteStorage, repair):
        with pytest.raises(StorageError, match=f"{path}: .*knows no locks .*put the ledger on a local disk"):
            opened(path)
    assert not path.exists()


def test_a_full_disk_writes_nothing_and_is_survived(path: Path) -> None:
    with closing(SqliteStorage(path)) as storage:
        version = storage.append(some_events(3), 0)
        fill_up(storage)

        with pytest.raises(StorageError, match="the disk is full, nothing was written; free some space"):
            storage.append(some_events(500, first=4), version)

        assert storage.version == 3
        assert list(storage.events()) == some_events(3)
        make_room(storage)
        assert storage.append(some_events(500, first=4), version) == 503
    with closing(SqliteStorage(path, read_only=True)) as reader:
        assert list(reader.events()) == some_events(503)


def test_a_grouped_ledger_on_a_full_disk_refuses_the_append_that_did_not_fit(path: Path) -> None:
    with closing(SqliteStorage(path, grouped=True)) as storage:
        fill_up(storage)
        storage.append(some_events(60), 0)

        with pytest.raises(StorageError, match="the disk is full"):
            storage.append(some_events(60, first=61), 60)

        make_room(storage)
        assert storage.append(some_events(1, first=61), 60) == 61
        assert list(storage.events()) == some_events(61)


def fill_up(storage: SqliteStorage) -> None:
    """Leave the database no page to grow by; SQLite then says what it says on a full disk."""
    assert storage._connection is not None
    (pages,) = storage._connection.execute("PRAGMA page_count").fetchone()
    storage._connection.execute(f"PRAGMA max_page_count={pages}")


def make_room(storage: SqliteStorage) -> None:
    assert storage._connection is not None
    storage._connection.execute("PRAGMA max_page_count=1000000")


def test_grouped_commits_reach_the_disk_in_hundreds_and_at_the_close(path: Path) -> None:
    storage = SqliteStorage(path, grouped=True)
    reader = SqliteStorage(path, read_only=True)
    for number in range(1, 100):
        storage.append([halted(number)], number - 1)
    assert (storage.version, reader.version) == (99, 0)

    storage.append([halted(100)], 99)
    storage.append([halted(101)], 100)

    assert (storage.version, reader.version) == (101, 100)
    assert list(storage.events()) == some_events(101)
    storage.close()
    assert list(reader.events()) == some_events(101)


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("", "is a folder; give the path of a ledger file in it"),
        ("missing/paper.ledger", "does not exist; make it, or give another path"),
        ("a file/paper.ledger", "does not exist; make it, or give another path"),
    ],
)
def test_a_place_where_no_ledger_can_be_is_named_with_the_fix(
    tmp_path: Path, place: str, sentence: str, read_only: bool
) -> None:
    (tmp_path / "a file").write_text("")

    with pytest.raises(StorageError, match=sentence) as refusal:
        SqliteStorage(tmp_path / place, read_only=read_only)

    assert str(tmp_path) in str(refusal.value)


@pytest.fixture
def read_only_folder() -> Iterator[Path]:
    """A folder in which we may read and not write; as root we become nobody for it."""
    folder = Path(tempfile.mkdtemp())
    with closing(SqliteStorage(folder / "paper.ledger")) as storage:
        storage.append(some_events(3), 0)
    for file in folder.iterdir():
        file.chmod(0o644)  # a ledger is its owner's alone (OP-001); here another user was let in
    folder.chmod(0o555)
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(65534)
    yield folder
    if was_root:
        os.seteuid(0)
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_read_only_folder_can_be_read_and_is_refused_for_writing(read_only_folder: Path) -> None:
    path = read_only_folder / "paper.ledger"

    with closing(SqliteStorage(path, read_only=True)) as reader:
        assert list(reader.events()) == some_events(3)
    for name in ("paper.ledger", "new.ledger"):
        with pytest.raises(StorageError, match="writable"):
            SqliteStorage(read_only_folder / name)


HALT = Request(RequestKind.HALT, at(1), "quotes look wrong")


def test_a_request_is_posted_while_the_ledger_is_being_written(path: Path) -> None:
    with a_process(WRITER, path):
        SqliteInbox(path).post(HALT)

        assert SqliteInbox(path).pending() == (HALT,)


def test_looking_into_an_inbox_makes_none(path: Path) -> None:
    assert SqliteInbox(path).pending() == ()
    assert traces(path.parent) == {}


@pytest.mark.parametrize("content", [b"", b"garbage" * 1000, bytes(20_000)])
def test_an_unreadable_inbox_is_never_taken_for_an_empty_one(path: Path, content: bytes) -> None:
    SqliteInbox(path).post(HALT)
    SqliteInbox(path).path.write_bytes(content)

    for ask in (SqliteInbox(path).pending, lambda: SqliteInbox(path).post(HALT)):
        with pytest.raises(CorruptLedger, match=r"paper\.ledger\.inbox.*post what was asked again"):
            ask()


def test_an_inbox_in_a_read_only_folder_says_how_to_fix_it(read_only_folder: Path) -> None:
    with pytest.raises(StorageError, match="writable"):
        SqliteInbox(read_only_folder / "paper.ledger").post(HALT)
