"""`STORE/SYMBOL/YYYY-MM-DD.npz` and `STORE/index.json`: written under a temporary name, proven by hash when read."""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define, field
from numpy.lib import format as npy
from numpy.typing import NDArray

from gammacore.domain.sessions import TradingSession
from gammacore.errors import InvalidInput, MissingData, WriteConflict
from gammacore.ports.day_store import StoredDay

FORMAT = "gammacore-store"
VERSION = 1
FACTS = "facts"
_COMPRESSION = 6


class DamagedDay(InvalidInput):
    """A day of a store is not what was written.

    >>> str(DamagedDay("S/SPY/2026-07-20.npz", "is cut short", "import it again"))
    'S/SPY/2026-07-20.npz: is cut short; import it again'
    """

    def __str__(self) -> str:
        return f"{self.field}: {self.value}; {self.fix}"


@define(eq=False)
class NpzStore:
    """A folder of days. Reading proves each file by the hash in the index; nothing in it is ever unpickled."""

    folder: Path
    _index: tuple[tuple[int, int], Mapping[str, Any]] | None = field(default=None, init=False)

    @property
    def _index_file(self) -> Path:
        return self.folder / "index.json"

    def file_of(self, symbol: str, date: dt.date) -> Path:
        return self.folder / symbol / f"{date}.npz"

    def index(self) -> Mapping[str, Any]:
        """What is told of the days; an empty one where nothing was imported yet.

        Raises:
            InvalidInput: no index of ours, or of another version.
        """
        try:
            state = self._index_file.stat()
        except FileNotFoundError:
            return {"format": FORMAT, "version": VERSION, "days": {}, "files": {}}
        signature = (state.st_size, state.st_mtime_ns)
        if self._index is None or self._index[0] != signature:
            self._index = (signature, self._read_index())
        return self._index[1]

    def _read_index(self) -> Mapping[str, Any]:
        try:
            read = json.loads(self._index_file.read_bytes())
            found, version = read["format"], read["version"]
        except (ValueError, KeyError, TypeError) as damage:
            raise DamagedDay(str(self._index_file), "is not the index of a store", "import again") from damage
        if found != FORMAT or version != VERSION:
            other = f"is of {found} version {version}, this gammacore reads {FORMAT} version {VERSION}"
            raise DamagedDay(str(self._index_file), other, "import again into an empty folder")
        assert isinstance(read, dict)
        return read

    def require_made(self) -> None:
        """Raises MissingData where the folder is no store."""
        if not self._index_file.is_file():
            raise MissingData(f"{self.folder}: no store of imported days; make one by `gammacore import`")

    def read(self, symbol: str, date: dt.date) -> StoredDay:
        self.require_made()
        days = self.index()["days"].get(symbol, {})
        path = self.file_of(symbol, date)
        if (told := days.get(str(date))) is None:
            there = ", ".join(sorted(days)[-5:]) or "none"
            raise MissingData(f"{self.folder}: no day {date} of {symbol}; newest days there: {there}")
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise DamagedDay(str(path), f"{symbol} {date} is not there", "import again") from None
        if (found := hashlib.sha256(content).hexdigest()) != told["hash"]:
            changed = f"{symbol} {date} is not what was written: its hash is {found[:12]}, not {told['hash'][:12]}"
            raise DamagedDay(str(path), changed, "import again")
        return _unpacked(path, content, found)

    def write(self, day: StoredDay) -> tuple[str, int]:
        content = packed(day)
        path = self.file_of(day.symbol, day.session.date)
        path.parent.mkdir(parents=True, exist_ok=True)
        _put(path, content)
        return hashlib.sha256(content).hexdigest(), len(content)

    def has(self, symbol: str, date: dt.date, told_hash: str) -> bool:
        """Whether a day's file is what its hash says."""
        try:
            content = self.file_of(symbol, date).read_bytes()
        except OSError:
            return False
        return hashlib.sha256(content).hexdigest() == told_hash

    def note(self, index: Mapping[str, Any]) -> None:
        whole = {"format": FORMAT, "version": VERSION, **index}
        self.folder.mkdir(parents=True, exist_ok=True)
        _put(self._index_file, json.dumps(whole, indent=1, sort_keys=True).encode() + b"\n")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the store for writing: two imports into one folder are refused.

        Raises:
            WriteConflict: another process holds it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise WriteConflict(f"{self.folder}: another import writes this store; let it end") from None
            for left in (*self.folder.glob(".*.partial"), *self.folder.glob("*/.*.partial")):
                left.unlink(missing_ok=True)  # of an import that was killed
            yield


def packed(day: StoredDay) -> bytes:
    """A day as the bytes of an .npz file: the same for the same day, whenever and wherever they are made."""
    facts = {
        **day.facts, "format": FORMAT, "version": VERSION, "symbol": day.symbol, "date": str(day.session.date),
        "open": day.session.open.isoformat(), "close": day.session.close.isoformat(),
    }  # fmt: skip
    text = np.frombuffer(json.dumps(facts, sort_keys=True).encode(), dtype=np.uint8)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESSION) as archive:
        for name, array in sorted({FACTS: text, **day.arrays}.items()):
            member = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            member.compress_type = zipfile.ZIP_DEFLATED
            plain = io.BytesIO()
            npy.write_array(plain, np.ascontiguousarray(array), allow_pickle=False)
            archive.writestr(member, plain.getvalue(), compresslevel=_COMPRESSION)
    return content.getvalue()


def packed_hash(day: StoredDay) -> tuple[str, int]:
    """The hash and size a day would have in a store, without writing it."""
    content = packed(day)
    return hashlib.sha256(content).hexdigest(), len(content)


def _unpacked(path: Path, content: bytes, digest: str) -> StoredDay:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as members:
            arrays: dict[str, NDArray[Any]] = {name: members[name] for name in members.files}
        facts = json.loads(arrays.pop(FACTS).tobytes())
        if (facts["format"], facts["version"]) != (FORMAT, VERSION):
            raise DamagedDay(str(path), f"is of version {facts['version']} of the store", "import again")
        session = TradingSession(
            dt.date.fromisoformat(facts["date"]),
            dt.datetime.fromisoformat(facts["open"]),
            dt.datetime.fromisoformat(facts["close"]),
        )
    except (zipfile.BadZipFile, EOFError, ValueError, KeyError, OSError) as damage:
        raise DamagedDay(str(path), f"cannot be read ({damage})", "import again") from damage
    for array in arrays.values():
        array.setflags(write=False)
    return StoredDay(str(facts["symbol"]), session, facts, arrays, digest)


def _put(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: a temporary name, to the disk, then its own name."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the new name must survive a crash as well as the content
    finally:
        os.close(folder)
