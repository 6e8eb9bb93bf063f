"""Our own recording of a market: gzip, one JSON document a line, written and read back exactly.

Lines: a header; then snapshots in time order (`at`), each with its whole chain, or without the key `chain` when it is
the one before; bars (`bars`) and the settlement print (`settlement`) wherever they became known; last `end` with the
number of snapshots, so that a recording cut short is noticed. Decimals are text, floats are JSON's shortest exact form.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import gzip
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from attrs import define, field, frozen

from gammacore.adapters.recorded.recording_lines import (
    bars_line,
    header_line,
    instant,
    settlement_line,
    snapshot_line,
)
from gammacore.adapters.recorded.unreadable import UnreadableFile
from gammacore.domain.market import Bar, MarketSnapshot, OptionChain
from gammacore.domain.sessions import TradingSession
from gammacore.errors import InvalidInput, WriteConflict
from gammacore.ports.market_data import SettlementPrint


@frozen
class RecordingHeader:
    """What a recording is of.

    `lineage` is that of the ledger it was made beside, and `label` the market's: a replay inherits both, so that it
    makes the same ledger.
    """

    underlying: str
    session: TradingSession
    step_seconds: float
    lineage: str = ""
    label: str = "recording"


@define(eq=False)
class RecordingWriter:
    """Writes a recording; used as a context.

    Lines go to `PATH.partial`, flushed one by one, and the file takes its name when the context ends in order: a
    recording under its own name is whole. After a crash the partial file holds what was seen up to then; with `goes_on`
    (a live market is seen once) the next writer takes it up, else it begins anew. What is of another market, day or
    underlying is left alone.

    Raises:
        InvalidInput: the partial file is of something else.
        WriteConflict: another process is writing it.
    """

    path: Path
    header: RecordingHeader
    goes_on: bool = field(default=False, kw_only=True)
    snapshots: int = field(default=0, init=False)
    _latest: dt.datetime | None = field(default=None, init=False)
    _chain: OptionChain | None = field(default=None, init=False)
    _can_repeat: bool = field(default=False, init=False)
    _raw: BinaryIO = field(init=False)
    _packed: gzip.GzipFile = field(init=False)

    @property
    def partial(self) -> Path:
        return self.path.with_name(self.path.name + ".partial")

    def __enter__(self) -> RecordingWriter:
        ours = header_line(self.header.underlying, self.header.session, self.header.step_seconds,
                           self.header.lineage, self.header.label)  # fmt: skip
        left = self._left(ours)
        fresh = self.partial.with_name(self.partial.name + ".new")
        self._raw = fresh.open("ab")
        try:
            hold(self._raw, self.path)
            self._raw.truncate(0)
            self._packed = gzip.GzipFile(filename="", fileobj=self._raw, mode="wb", mtime=0)
            for line in left:
                self._take_up(line)
            fresh.replace(self.partial)
        except BaseException:
            self._raw.close()
            raise
        return self

    def _left(self, ours: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The header, and what an earlier writer left of the same day; nobody may still be writing it."""
        if not self.partial.exists():
            return iter([ours])
        with self.partial.open("rb") as earlier:
            hold(earlier, self.path)
        lines = lines_left(self.partial)
        header = next(lines, None)
        if header is None:
            return iter([ours])
        refuse_another(self.partial, header, ours, any_lineage=self.goes_on)
        return chain([header], lines) if self.goes_on else iter([ours])

    def _take_up(self, line: dict[str, Any]) -> None:
        self._write(line)
        if "at" in line:
            self.snapshots, self._latest = self.snapshots + 1, instant(line["at"])

    def __exit__(
        self, fault: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None
    ) -> None:
        try:
            if fault is None:
                self._write({"end": self.snapshots})
            self._packed.close()
            self._raw.flush()
            os.fsync(self._raw.fileno())
        finally:
            self._raw.close()
        if fault is None:
            self.partial.replace(self.path)
        elif self.snapshots == 0:
            self.partial.unlink(missing_ok=True)  # nothing was seen

    def append(self, snapshot: MarketSnapshot) -> None:
        """Write what was seen. A second look at the same instant is not written again.

        Raises:
            InvalidInput: another underlying, or a snapshot older than the one before.
        """
        if snapshot.underlying != self.header.underlying:
            raise InvalidInput("underlying", snapshot.underlying, f"this recording is of {self.header.underlying}")
        if self._latest is not None and snapshot.at < self._latest:
            raise InvalidInput("at", snapshot.at, f"give snapshots in time order; the last was at {self._latest}")
        if snapshot.at == self._latest:
            return
        unchanged = self._can_repeat and snapshot.chain is self._chain
        self._write(snapshot_line(snapshot, with_chain=not unchanged))
        self._latest, self._chain, self._can_repeat = snapshot.at, snapshot.chain, True
        self.snapshots += 1

    def write_bars(self, symbol: str, bars: Sequence[Bar]) -> None:
        """Keep bars that were shown, of any symbol; a bar written twice is read once."""
        if bars:
            self._write(bars_line(symbol, bars))

    def write_settlement(self, date: dt.date, settlement: SettlementPrint) -> None:
        self._write(settlement_line(date, settlement))

    def _write(self, line: dict[str, Any]) -> None:
        self._packed.write(json.dumps(line, separators=(",", ":"), allow_nan=False).encode() + b"\n")
        self._packed.flush()


def lines_left(path: Path) -> Iterator[dict[str, Any]]:
    """Every whole line of a packed file, up to where it was cut or damaged, but for its `end`; none without a file."""
    try:
        with gzip.open(path) as content:
            for text in content:
                line = json.loads(text) if text.endswith(b"\n") else None
                if not isinstance(line, dict):
                    return
                if "end" not in line:
                    yield line
    except (FileNotFoundError, EOFError, gzip.BadGzipFile, zlib.error, ValueError):
        return


def refuse_another(path: Path, found: dict[str, Any], ours: dict[str, Any], *, any_lineage: bool) -> None:
    """Refuse to touch what was recorded of something else: nothing else may hold it.

    Raises:
        InvalidInput: it is of another market, day or underlying; it is named.
    """
    apart = {"lineage"} if any_lineage else set()
    if any(found.get(name) != value for name, value in ours.items() if name not in apart):
        told = f"an unfinished recording of {found.get('underlying')} on {found.get('date')} ({found.get('label')})"
        raise UnreadableFile(str(path), told, "move it away, or record to another file")


def hold(file: BinaryIO, path: Path) -> None:
    """Be the only one who writes this file, until it is closed or the process ends.

    Raises:
        WriteConflict: somebody else is.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise WriteConflict(f"{path}: another process records to it; name another file") from None
