"""A damaged ledger is refused with the repair command or opened to its last good record; never reset. R6, CS-609."""

from __future__ import annotations

import errno
import os
import random
import shlex
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from builders_ledger import halted, one_of_each, some_events, that_follow
from gammacore.adapters.codec.records import link
from gammacore.adapters.sqlite.repair import repair
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.domain.ledger import Event
from gammacore.errors import CorruptLedger, StorageError

EVENTS: list[Event] = that_follow((*one_of_each(), *some_events(120)))
LAST = len(EVENTS)
BEFORE_50 = next(n for n, event in enumerate(EVENTS) if "halt 50" in str(event))
Damage = Callable[[Path], None]


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A sound ledger of several pages, closed in good order."""
    path = tmp_path / "paper.ledger"
    storage = SqliteStorage(path)
    storage.append(EVENTS, 0)
    storage.close()
    return path


def flip(path: Path, offset: int, mask: int = 0x01) -> None:
    content = bytearray(path.read_bytes())
    content[offset] ^= mask
    path.write_bytes(content)


def flip_in(text: bytes) -> Damage:
    """Flip a bit of the first place in the file where this text stands."""
    return lambda path: flip(path, path.read_bytes().index(text) + len(text) - 1)


def flip_at(offset: int) -> Damage:
    return lambda path: flip(path, offset)


def cut_to(part: float) -> Damage:
    def cut(path: Path) -> None:
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * part)])

    return cut


def replaced_by(content: bytes) -> Damage:
    def replace(path: Path) -> None:
        path.write_bytes(content)

    return replace


def sql(*statements: str) -> Damage:
    """What somebody with a SQL shell did, the guards of the schema put back afterwards."""

    def tamper(path: Path) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            guards = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for name, _ in guards:
                connection.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                connection.execute(statement)
            for _, guard in guards:
                connection.execute(guard)

    return tamper


def another_database(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE trades (id INTEGER)")


SWAP = (
    "UPDATE events SET seq = -1 WHERE seq = 20",
    "UPDATE events SET seq = 20 WHERE seq = 21",
    "UPDATE events SET seq = 21 WHERE seq = -1",
)
NOT_MENDABLE = None
DAMAGES = [
    pytest.param(flip_in(b"halt 50"), BEFORE_50, id="a flipped bit in a payload"),
    pytest.param(flip_in(b"paper-1"), NOT_MENDABLE, id="a flipped bit in the first payload"),
    pytest.param(flip_at(3), LAST, id="a flipped bit in the magic"),
    pytest.param(flip_at(16), LAST, id="a flipped bit in the page size"),
    pytest.param(flip_at(71), LAST, id="a flipped bit in the application id"),
    pytest.param(flip_in(b"CREATE TABLE events"), LAST, id="a flipped bit in the schema"),
    pytest.param(cut_to(0.6), "some", id="truncated to 60 %"),
    pytest.param(cut_to(0.99999), "some", id="truncated by one byte"),
    pytest.param(cut_to(0.001), NOT_MENDABLE, id="truncated to a few bytes"),
    pytest.param(replaced_by(random.Random(1).randbytes(40_000)), NOT_MENDABLE, id="garbage"),
    pytest.param(replaced_by(b'{"balance": 20000}'), NOT_MENDABLE, id="a text"),
    pytest.param(replaced_by(bytes(8192)), NOT_MENDABLE, id="zeros"),
    pytest.param(replaced_by(b""), NOT_MENDABLE, id="empty"),
    pytest.param(another_database, NOT_MENDABLE, id="another program's database"),
    pytest.param(sql("DELETE FROM events WHERE seq = 20"), 19, id="a removed row"),
    pytest.param(sql("DELETE FROM events WHERE seq = 1"), NOT_MENDABLE, id="the first row removed"),
    pytest.param(sql(f"DELETE FROM events WHERE seq = {LAST}"), LAST - 1, id="the last row removed"),
    pytest.param(sql("DELETE FROM events"), NOT_MENDABLE, id="all rows removed"),
    pytest.param(sql("DELETE FROM head"), LAST, id="the head removed"),
    pytest.param(sql("UPDATE head SET version = 'x'"), LAST, id="the head overwritten"),
    pytest.param(sql(*SWAP), 19, id="two rows swapped"),
    pytest.param(
        sql(f"UPDATE events SET payload = replace(payload, 'halt', 'HALT') WHERE seq = {BEFORE_50 + 1}"),
        BEFORE_50,
        id="an edited row",
    ),
    pytest.param(sql("UPDATE events SET payload = CAST(payload AS BLOB) WHERE seq = 40"), 39, id="a row of other type"),
    pytest.param(
        sql("INSERT INTO events (seq, checksum, payload) SELECT 999, checksum, payload FROM events WHERE seq = 3"),
        LAST,
        id="an added row",
    ),
    pytest.param(sql("DROP TABLE head", "CREATE TABLE head (version, checksum)"), LAST, id="another schema"),
]


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize(("damage", "mended_to"), DAMAGES)
def test_a_damaged_ledger_is_refused_with_the_repair_command_and_left_as_it_is(
    ledger: Path, damage: Damage, mended_to: object, read_only: bool
) -> None:
    damage(ledger)
    found = ledger.read_bytes()

    with pytest.raises(CorruptLedger) as refusal:
        SqliteStorage(ledger, read_only=read_only)

    assert refusal.value.repair == f"gammacore ledger repair --ledger {ledger}"
    assert str(ledger) in refusal.value.problem
    assert ledger.read_bytes() == found


def test_the_repair_command_can_be_pasted_whatever_the_path(tmp_path: Path) -> None:
    folder = tmp_path / "my runs; rm x"
    folder.mkdir()
    path = folder / "it's paper.ledger"
    path.write_bytes(b"")

    with pytest.raises(CorruptLedger) as refusal:
        SqliteStorage(path)

    assert shlex.split(refusal.value.repair) == ["gammacore", "ledger", "repair", "--ledger", str(path)]


@pytest.mark.parametrize(("damage", "mended_to"), DAMAGES)
def test_repair_keeps_the_events_before_the_damage_and_the_damaged_file(
    ledger: Path, damage: Damage, mended_to: int | str | None
) -> None:
    damage(ledger)
    found = ledger.read_bytes()

    if mended_to is NOT_MENDABLE:
        with pytest.raises(StorageError, match="not one event can be read"):
            repair(ledger)
        assert ledger.read_bytes() == found
        return
    report = repair(ledger)

    if mended_to == "some":
        assert 0 < report.kept < LAST
    else:
        assert report.kept == mended_to
    assert report.lost in (None, LAST - report.kept)
    assert report.damaged == ledger.with_name("paper.ledger.damaged-1")
    assert report.damaged.read_bytes() == found
    storage = SqliteStorage(ledger)
    assert list(storage.events()) == EVENTS[: report.kept]
    assert storage.append([halted(1)], report.kept) == report.kept + 1
    storage.close()


def test_no_flipped_byte_is_ever_read_as_another_event(ledger: Path) -> None:
    """All of the header and every 97th byte after it: refused, or in a place that holds nothing."""
    sound = ledger.read_bytes()
    refused = 0
    for offset in [*range(100), *range(100, len(sound), 97)]:
        flip(ledger, offset, 0x10)
        try:
            with closing(SqliteStorage(ledger, read_only=True)) as storage:
                assert list(storage.events()) == EVENTS, f"byte {offset}"
        except StorageError:
            refused += 1
        ledger.write_bytes(sound)

    assert refused > 200


def test_a_sound_ledger_is_not_repaired(ledger: Path) -> None:
    found = ledger.read_bytes()

    report = repair(ledger)

    assert (report.kept, report.lost, report.damaged, report.problem) == (LAST, 0, None, "")
    assert ledger.read_bytes() == found


def test_a_second_repair_keeps_both_damaged_files(ledger: Path) -> None:
    flip_in(b"halt 50")(ledger)
    repair(ledger)
    flip_in(b"halt 40")(ledger)

    report = repair(ledger)

    assert report.damaged == ledger.with_name("paper.ledger.damaged-2")
    assert report.kept == BEFORE_50 - 10


def test_an_interrupted_repair_is_refused_until_it_is_finished(ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flip_in(b"halt 50")(ledger)

    def power_cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", power_cut)
        with pytest.raises(KeyboardInterrupt):
            repair(ledger)

    for read_only in (False, True):
        with pytest.raises(CorruptLedger, match="interrupted"):
            SqliteStorage(ledger, read_only=read_only)
    report = repair(ledger)
    assert report.kept == BEFORE_50
    with closing(SqliteStorage(ledger)) as storage:
        assert list(storage.events()) == EVENTS[:BEFORE_50]


def test_a_repair_on_a_full_disk_says_so_changes_nothing_and_can_be_done_later(
    ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flip_in(b"halt 50")(ledger)
    found = ledger.read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as disk:
        disk.setattr(shutil, "copyfile", full)
        with pytest.raises(StorageError, match="No space left on device; free some space and try again"):
            repair(ledger)

    assert ledger.read_bytes() == found
    assert repair(ledger).kept == BEFORE_50


def test_repair_is_refused_while_another_process_writes(ledger: Path) -> None:
    with closing(SqliteStorage(ledger)), pytest.raises(StorageError, match="is writing to it"):
        repair(ledger)


def test_repair_makes_no_ledger_where_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="there is no ledger"):
        repair(tmp_path / "none.ledger")


def test_a_record_that_is_whole_but_not_ours_is_named_when_it_is_read(ledger: Path) -> None:
    """The chain is intact, so somebody wrote it on purpose: the message names the event."""
    chain_on(ledger, '{"body":{"at":"2026-08-19T13:30:00+00:00"},"type":"Halted","v":1}')

    with closing(SqliteStorage(ledger)) as storage, pytest.raises(CorruptLedger, match=f"event {LAST + 1}.*reason"):
        list(storage.events())
    assert repair(ledger).kept == LAST


@pytest.mark.parametrize("record", ['{"body":{},"type":"Halted","v":2}', '{"body":{},"type":"MoonLanding","v":1}'])
def test_a_newer_record_asks_for_a_newer_gammacore_and_is_never_repaired_away(ledger: Path, record: str) -> None:
    chain_on(ledger, record)

    with closing(SqliteStorage(ledger)) as storage, pytest.raises(StorageError, match="newer gammacore") as refusal:
        list(storage.events())
    assert not isinstance(refusal.value, CorruptLedger)
    with pytest.raises(StorageError, match="newer gammacore"):
        repair(ledger)


def test_a_newer_schema_asks_for_a_newer_gammacore_and_is_never_repaired_away(ledger: Path) -> None:
    sql("PRAGMA user_version=2")(ledger)

    for attempt in (SqliteStorage, repair):
        with pytest.raises(StorageError, match=r"a newer gammacore wrote it \(schema 2\)") as refusal:
            attempt(ledger)
        assert not isinstance(refusal.value, CorruptLedger)


def chain_on(ledger: Path, record: str) -> None:
    """Append a record past the codec, properly chained."""
    with closing(sqlite3.connect(ledger)) as connection, connection:
        (checksum,) = connection.execute("SELECT checksum FROM head").fetchone()
        row = (LAST + 1, link(checksum, record), record)
        connection.execute("INSERT INTO events (seq, checksum, payload) VALUES (?, ?, ?)", row)
        connection.execute("UPDATE head SET version = ?, checksum = ?", row[:2])


class TestALedgerWhoseWriterDied:
    """The file, its write-ahead log and the log's index, as SIGKILL leaves them: 40 appends of 3 events in the log."""

    @pytest.fixture
    def crashed(self, tmp_path: Path) -> Path:
        live = SqliteStorage(tmp_path / "live.ledger")
        for start in range(0, 120, 3):
            live.append(some_events(3, first=start + 1), start)
        folder = tmp_path / "crashed"
        folder.mkdir()
        for ending in ("", "-wal", "-shm"):
            shutil.copyfile(tmp_path / f"live.ledger{ending}", folder / f"paper.ledger{ending}")
        live.close()
        return folder / "paper.ledger"

    @pytest.mark.parametrize("without_index", [False, True])
    def test_it_opens_with_every_event(self, crashed: Path, without_index: bool) -> None:
        if without_index:
            beside(crashed, "-shm").unlink()

        with closing(SqliteStorage(crashed)) as storage:
            assert list(storage.events()) == some_events(120)

    @pytest.mark.parametrize("without_index", [False, True])
    def test_a_reader_leaves_no_trace(self, crashed: Path, without_index: bool) -> None:
        if without_index:
            beside(crashed, "-shm").unlink()
        before = traces(crashed.parent)

        with closing(SqliteStorage(crashed, read_only=True)) as storage:
            assert list(storage.events()) == some_events(120)

        assert traces(crashed.parent) == before

    def test_a_log_cut_short_opens_to_the_last_whole_append(self, crashed: Path) -> None:
        log = beside(crashed, "-wal")
        cut_to(0.5)(log)

        with closing(SqliteStorage(crashed)) as storage:
            kept = storage.version
            assert 0 < kept < 120
            assert kept % 3 == 0
            assert list(storage.events()) == some_events(kept)

    def test_a_torn_last_append_is_gone_as_a_whole(self, crashed: Path) -> None:
        flip(beside(crashed, "-wal"), -10)

        with closing(SqliteStorage(crashed)) as storage:
            assert list(storage.events()) == some_events(117)

    @pytest.mark.parametrize("read_only", [False, True])
    @pytest.mark.parametrize("offset", [5, 13, 40, 5_000, 60_000])
    def test_a_flipped_bit_in_the_log_never_takes_back_later_appends(
        self, crashed: Path, offset: int, read_only: bool
    ) -> None:
        """Neither for the next writer nor for a reader: `ledger verify` is one."""
        flip(beside(crashed, "-wal"), offset)
        before = traces(crashed.parent)

        with pytest.raises(CorruptLedger, match="write-ahead log"):
            SqliteStorage(crashed, read_only=read_only)

        assert traces(crashed.parent).items() >= before.items()

    def test_repair_keeps_what_lies_before_the_damage_in_the_log(self, crashed: Path) -> None:
        flip(beside(crashed, "-wal"), 200_000)

        report = repair(crashed)

        assert 0 < report.kept < 120
        assert report.lost is None
        assert report.damaged is not None
        assert beside(report.damaged, "-wal").exists()
        with closing(SqliteStorage(crashed)) as storage:
            assert list(storage.events()) == some_events(report.kept)

    def test_a_log_without_its_ledger_is_no_new_ledger(self, crashed: Path) -> None:
        crashed.unlink()

        with pytest.raises(CorruptLedger, match="the ledger is gone"):
            SqliteStorage(crashed)

    def test_a_header_that_disowns_the_log_does_not_lose_it(self, crashed: Path) -> None:
        content = bytearray(crashed.read_bytes())
        content[18:20] = b"\x01\x01"
        crashed.write_bytes(content)

        with closing(SqliteStorage(crashed)) as storage:
            assert list(storage.events()) == some_events(120)


def beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def traces(folder: Path) -> dict[str, tuple[int, int]]:
    """Name, size and time of change of every file in a folder."""
    return {file.name: (file.stat().st_size, file.stat().st_mtime_ns) for file in folder.iterdir()}
