"""Our own recording of a market: gzip, one JSON document a line, written and read back exactly.

Lines: a header; then snapshots in time order (`at`), each with its whole chain, or without the key `chain` when it is
the one before; bars (`bars`) and the settlement print (`settlement`) wherever they became known; last `end` with the
number of snapshots, so that a recording cut short is noticed. Decimals are text, floats are JSON's shortest exact form.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from attrs import define, field, frozen

from gammacore.adapters.recorded.recording_lines import (
    bars_line,
    header_line,
    settlement_line,
    snapshot_line,
)
from gammacore.domain.market import Bar, MarketSnapshot, OptionChain
from gammacore.domain.sessions import TradingSession
from gammacore.errors import InvalidInput
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
    recording under its own name is whole. After a crash the partial file holds what was seen up to then.
    """

    path: Path
    header: RecordingHeader
    snapshots: int = field(default=0, init=False)
    _latest: dt.datetime | None = field(default=None, init=False)
    _chain: OptionChain | None = field(default=None, init=False)
    _raw: BinaryIO = field(init=False)
    _packed: gzip.GzipFile = field(init=False)

    @property
    def partial(self) -> Path:
        return self.path.with_name(self.path.name + ".partial")

    def __enter__(self) -> RecordingWriter:
        self._raw = self.partial.open("wb")
        self._packed = gzip.GzipFile(filename="", fileobj=self._raw, mode="wb", mtime=0)
        self._write(header_line(self.header.underlying, self.header.session, self.header.step_seconds,
                                self.header.lineage, self.header.label))  # fmt: skip
        return self

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
        unchanged = self.snapshots > 0 and snapshot.chain is self._chain
        self._write(snapshot_line(snapshot, with_chain=not unchanged))
        self._latest, self._chain = snapshot.at, snapshot.chain
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


def write_recording(
    path: Path,
    header: RecordingHeader,
    snapshots: Iterable[MarketSnapshot],
    *,
    bars: Iterable[tuple[str, Sequence[Bar]]] = (),
    settlement: SettlementPrint | None = None,
) -> None:
    """Write a whole day at once; the file appears complete or not at all."""
    with RecordingWriter(path, header) as recording:
        for snapshot in snapshots:
            recording.append(snapshot)
        for symbol, shown in bars:
            recording.write_bars(symbol, shown)
        if settlement is not None:
            recording.write_settlement(header.session.date, settlement)
