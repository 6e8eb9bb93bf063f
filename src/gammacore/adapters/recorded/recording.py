"""Our own recording of a market: gzip, one JSON document a line, written and read back without losing a digit.

Lines: a header; then snapshots in time order (`at`), each with its whole chain, or without the key `chain` when it is
the one before; bars (`bars`) and the settlement print (`settlement`) wherever they became known; last `end` with the
number of snapshots, so that a recording cut short is noticed. Decimals are text, floats are JSON's shortest exact form.

Format 2 has the share's quote, the time of VIX and volumes; format 1 had none of them and is read for ever (`upcast`).
"""

from __future__ import annotations

import datetime as dt
import fcntl
import gzip
import json
import math
import os
import zlib
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from attrs import define, field, frozen

from gammacore.adapters.recorded.text_table import UnreadableFile
from gammacore.domain.columns import Floats
from gammacore.domain.instruments import is_adjusted
from gammacore.domain.market import Bar, MarketSnapshot, OptionChain, Quote
from gammacore.domain.sessions import TradingSession, require_aware
from gammacore.errors import InvalidInput, WriteConflict
from gammacore.ports.market_data import SettlementPrint

FORMAT = "gammacore-recording"
VERSION = 2
FIRST_VERSION = 1
Line = dict[str, Any]


def upcast(line: Line, version: int) -> Line:
    """A line of an older format as the present one would have it: what was not recorded then is not known.

    >>> upcast({"bars": "SPY", "rows": [["2026-03-03T14:30:00+00:00", 60, "1", "1", "1", "1"]]}, 1)["rows"][0][-1]
    """
    if version >= VERSION:
        return line
    if "format" in line:
        return {**line, "version": VERSION}
    if "bars" in line:
        return {**line, "rows": [[*row, None] for row in line["rows"]]}
    if "at" not in line:
        return line
    later = {**line, "vix_at": None, "share": None, "share_defect": None}
    return later | {"chain": {**line["chain"], "volume": None}} if line.get("chain") is not None else later


def header_line(underlying: str, session: TradingSession, step_seconds: float, lineage: str, label: str) -> Line:
    return {
        "format": FORMAT, "version": VERSION, "underlying": underlying, "date": session.date.isoformat(),
        "open": instant_text(session.open), "close": instant_text(session.close), "step_seconds": step_seconds,
        "lineage": lineage, "label": label,
    }  # fmt: skip


def session_of(line: Line) -> TradingSession:
    return TradingSession(dt.date.fromisoformat(line["date"]), instant(line["open"]), instant(line["close"]))


def instant_text(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat()


def instant(text: str) -> dt.datetime:
    return require_aware("at", dt.datetime.fromisoformat(text))


def decimal_text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def snapshot_line(snapshot: MarketSnapshot, *, with_chain: bool) -> Line:
    line: Line = {
        "at": instant_text(snapshot.at),
        "spot": decimal_text(snapshot.spot),
        "spot_at": None if snapshot.spot_at is None else instant_text(snapshot.spot_at),
        "vix": decimal_text(snapshot.vix),
        "previous_close": decimal_text(snapshot.previous_close),
        "quote_age_limit": float(snapshot.quote_age_limit),
        "vix_at": None if snapshot.vix_at is None else instant_text(snapshot.vix_at),
        "share": None
        if (share := snapshot.share) is None
        else [str(share.bid), str(share.ask), instant_text(share.at)],
        "share_defect": snapshot.share_defect,
    }
    if with_chain:
        line["chain"] = None if snapshot.chain is None else chain_columns(snapshot.chain)
    return line


def _quote_cells(quote: Quote) -> list[str]:
    return [str(quote.bid), str(quote.ask), instant_text(quote.at)]


def share_of(line: Line) -> Quote | str | None:
    """The share's quote of a snapshot's line, or why the one shown was unusable."""
    if line["share"] is None:
        return None if line["share_defect"] is None else str(line["share_defect"])
    bid, ask, at = line["share"]
    return Quote(Decimal(bid), Decimal(ask), instant(at))


def chain_columns(chain: OptionChain) -> Line:
    return {
        "as_of": instant_text(chain.as_of),
        "roots": list(chain.roots),
        "strike": _numbers(chain.strike),
        "is_call": [int(call) for call in chain.is_call.tolist()],
        "expiry": np.datetime_as_string(chain.expiry).tolist(),
        "root": chain.root.tolist(),
        "bid": _numbers(chain.bid),
        "ask": _numbers(chain.ask),
        "open_interest": _numbers(chain.open_interest),
        "iv": _numbers(chain.iv),
        "gamma": _numbers(chain.gamma),
        "quoted_at": _numbers(chain.quoted_at),
        "defects": chain.defects,
        "volume": None if np.isnan(chain.volume).all() else _numbers(chain.volume),
    }


def _numbers(column: Floats) -> list[float | None]:
    return [None if math.isnan(value) else value for value in column.tolist()]


def chain_of(underlying: str, columns: Line, option_root: str = "") -> OptionChain:
    """The chain as it was seen, without adjusted contracts, which older recordings still hold (decision 0017)."""

    def numbers(name: str) -> Floats:
        return np.array(columns[name], dtype=np.float64)  # null becomes NaN

    chain = OptionChain(
        underlying, instant(columns["as_of"]), tuple(columns["roots"]), numbers("strike"), columns["is_call"],
        np.array(columns["expiry"], dtype="datetime64[D]"), columns["root"], numbers("bid"), numbers("ask"),
        numbers("open_interest"), numbers("iv"), numbers("gamma"), numbers("quoted_at"),
        volume=() if columns["volume"] is None else numbers("volume"),
    )  # fmt: skip
    chain.defects.clear()  # unusable quotes were taken out, and counted, before they were recorded
    chain.defects.update(columns["defects"])
    adjusted = [code for code, root in enumerate(chain.roots) if is_adjusted(root, underlying, option_root)]
    return chain.without(np.isin(chain.root, adjusted), "adjusted") if adjusted else chain


def settlement_line(date: dt.date, settlement: SettlementPrint) -> Line:
    return {
        "settlement": str(settlement.price), "date": date.isoformat(), "estimated": settlement.estimated,
        "source": settlement.source,
    }  # fmt: skip


def settlement_of(line: Line) -> tuple[dt.date, SettlementPrint]:
    known = SettlementPrint(Decimal(line["settlement"]), bool(line["estimated"]), str(line["source"]))
    return dt.date.fromisoformat(line["date"]), known


def bars_line(symbol: str, bars: Sequence[Bar]) -> Line:
    rows = [
        [instant_text(bar.start), bar.seconds, *map(str, (bar.open, bar.high, bar.low, bar.close)), bar.volume]
        for bar in bars
    ]
    return {"bars": symbol, "rows": rows}


def bars_of(line: Line) -> list[Bar]:
    return [
        Bar(instant(start), seconds, *map(Decimal, prices), volume=volume)
        for start, seconds, *prices, volume in line["rows"]
    ]


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
        """The header, and what an earlier writer left of the same day; no other process may still be writing it."""
        if not self.partial.exists():
            return iter([ours])
        with self.partial.open("rb") as earlier:
            hold(earlier, self.path)
        lines = lines_left(self.partial)
        header = next(lines, None)
        if header is None:
            return iter([ours])
        version = header.get("version")
        found = version if isinstance(version, int) and version >= FIRST_VERSION else VERSION
        header = upcast(header, found)
        refuse_another(self.partial, header, ours, any_lineage=self.goes_on)
        return chain([header], (upcast(line, found) for line in lines)) if self.goes_on else iter([ours])

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
        found_there = (
            f"an unfinished recording of {found.get('underlying')} on {found.get('date')} ({found.get('label')})"
        )
        raise UnreadableFile(str(path), found_there, "move it away, or record to another file")


def hold(file: BinaryIO, path: Path) -> None:
    """Be the only one who writes this file, until it is closed or the process ends.

    Raises:
        WriteConflict: another process is.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise WriteConflict(f"{path}: another process records to it; name another file") from None
