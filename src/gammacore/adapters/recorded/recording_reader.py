"""Read our own recordings back as a market."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from attrs import define, field

from gammacore.adapters.recorded.market import BarSource, ChainTape, Intake, RecordedMarket, Seen, Track, bars_within
from gammacore.adapters.recorded.recording import (
    FIRST_VERSION,
    FORMAT,
    VERSION,
    Line,
    RecordingHeader,
    bars_of,
    chain_of,
    decimal,
    instant,
    session_of,
    settlement_of,
    share_of,
    upcast,
)
from gammacore.adapters.recorded.surroundings import ReplaySettings
from gammacore.adapters.recorded.text_table import UnreadableFile, content_hash, open_bytes
from gammacore.domain.market import Bar, OptionChain, Quote
from gammacore.errors import GammacoreError, MissingData
from gammacore.ports.market_data import SettlementPrint


def is_recording(path: Path) -> bool:
    """Whether a file is one of our recordings, by its content; False for anything else that can be read or not."""
    try:
        read_recording_header(path)
    except GammacoreError:
        return False
    return True


def read_recording_header(path: Path) -> RecordingHeader:
    """What a recording is of, from its first line.

    Raises:
        MissingData: no such file.
        InvalidInput: not a recording, or one of a newer version.
    """
    with open_bytes(path) as content:
        return _header(path, content.readline(1_000_000))[0]


def _header(path: Path, first: bytes) -> tuple[RecordingHeader, int]:
    """The header and its format's version."""
    try:
        line = json.loads(first)
        known = line["format"] == FORMAT
    except (ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise UnreadableFile(str(path), "not a gammacore recording", "give a file that `gammacore record` wrote")
    if line.get("version") not in range(FIRST_VERSION, VERSION + 1):
        version = f"of version {line.get('version')}, and this gammacore reads versions up to {VERSION}"
        raise UnreadableFile(str(path), version, "update gammacore, or record it again")
    try:
        header = RecordingHeader(
            str(line["underlying"]),
            session_of(line),
            float(line["step_seconds"]),
            str(line["lineage"]),
            str(line.get("label", "recording")),
        )
        return header, int(line["version"])
    except (ValueError, KeyError, TypeError) as damage:
        raise UnreadableFile(f"{path}, line 1", f"damaged ({damage!r})", "record it again") from damage


def read_recording(
    path: Path, *, settings: ReplaySettings | None = None, accept_cut: bool = False, option_root: str = ""
) -> RecordedMarket:
    """A recorded day, exactly as it was seen: at every recorded instant the snapshot equals the one recorded.

    The age limit of quotes, the step and the lineage are the recorded ones; VIX, settlement and price of the settings,
    where given, win over what was recorded. `accept_cut` reads what is left of a recording that was cut short,
    but for the last few kilobytes. `option_root` is the underlying's own where it ends in a digit, as adjusted ones do.

    Raises:
        MissingData: no such file, or no snapshot in it.
        InvalidInput: not a recording, cut short, or a line that cannot be read.
    """
    settings = settings or ReplaySettings()
    with open_bytes(path) as content:
        header, version = _header(path, content.readline(1_000_000))
        day = _Day(path, version)
        lines = hashlib.sha256(repr(header).encode())
        for number, line in enumerate(_lines(content, accept_cut), start=2):
            lines.update(line)
            day.take(number, line)
    if not (day.complete or accept_cut):
        raise UnreadableFile(str(path), f"cut short after {len(day.times)} snapshots",
                             "give a whole one, or read it by read_recording with accept_cut=True")  # fmt: skip
    if not day.times:
        raise MissingData(f"{path}: a recording without a snapshot")
    session, symbol = header.session, header.underlying
    constant_vix = settings.vix is not None or settings.vix_file is not None
    return RecordedMarket(
        underlying=symbol,
        session=session,
        chains=day.tape(symbol, option_root),
        spots=settings.spots(session) or Track(tuple(day.times), tuple(day.spots)),
        step_seconds=header.step_seconds,
        quote_age_limit=Track(tuple(day.times), tuple(day.age_limits)),
        vix=settings.vix_track(session) if constant_vix else Track(tuple(day.times), tuple(day.vix)),
        vix_at=None if constant_vix else Track(tuple(day.times), tuple(day.vix_times)),
        share=Track(tuple(day.times), tuple(day.shares)),
        previous_close=Track(tuple(day.times), tuple(day.previous_closes)),
        prints={**day.prints, **settings.prints(session.date)},
        bar_source=day.bar_source() if settings.price_file is None else settings.bar_source(session, symbol),
        content=content_hash(lines.hexdigest(), *settings.content()),
        label=header.label,
        lineage=header.lineage,
        intake=Intake(rows=len(day.times), used=len(day.times)),
        beside=settings.intakes(session),
    )


def _lines(content: io.BufferedIOBase, accept_cut: bool) -> Iterator[bytes]:
    try:
        yield from content
    except (EOFError, gzip.BadGzipFile, zlib.error):
        if not accept_cut:
            raise


@define
class _Day:
    """Collects the lines of a recording."""

    path: Path
    version: int
    times: list[dt.datetime] = field(factory=list, init=False)
    spots: list[Seen | None] = field(factory=list, init=False)
    vix: list[Decimal | None] = field(factory=list, init=False)
    vix_times: list[dt.datetime | None] = field(factory=list, init=False)
    shares: list[Quote | str | None] = field(factory=list, init=False)
    previous_closes: list[Decimal | None] = field(factory=list, init=False)
    age_limits: list[float] = field(factory=list, init=False)
    chains: list[Line | None] = field(factory=list, init=False)
    chain_of_snapshot: list[int] = field(factory=list, init=False)
    prints: dict[dt.date, SettlementPrint] = field(factory=dict, init=False)
    bars: dict[tuple[str, int, dt.datetime], Bar] = field(factory=dict, init=False)
    complete: bool = field(default=False, init=False)

    def take(self, number: int, text: bytes) -> None:
        try:
            self._understand(upcast(json.loads(text), self.version))
        except (ValueError, KeyError, TypeError, ArithmeticError, GammacoreError) as damage:
            raise UnreadableFile(f"{self.path}, line {number}", f"damaged ({damage!r})", "record it again") from damage

    def _understand(self, line: dict[str, Any]) -> None:
        if "at" in line:
            self._snapshot(line)
        elif "settlement" in line:
            date, known = settlement_of(line)
            self.prints[date] = known
        elif "bars" in line:
            self.bars.update(((line["bars"], bar.seconds, bar.start), bar) for bar in bars_of(line))
        else:
            self.complete = line["end"] == len(self.times)

    def _snapshot(self, line: Line) -> None:
        spot, seen = decimal(line["spot"]), line["spot_at"]
        self.times.append(instant(line["at"]))
        self.spots.append(None if spot is None else Seen(spot, None if seen is None else instant(seen)))
        self.vix.append(decimal(line["vix"]))
        self.vix_times.append(None if line["vix_at"] is None else instant(line["vix_at"]))
        self.shares.append(share_of(line))
        self.previous_closes.append(decimal(line["previous_close"]))
        self.age_limits.append(float(line["quote_age_limit"]))
        if "chain" in line:
            self.chains.append(line["chain"])
        self.chain_of_snapshot.append(len(self.chains) - 1)

    def tape(self, underlying: str, option_root: str) -> ChainTape:
        chains, chain_of_snapshot = self.chains, self.chain_of_snapshot

        @cache
        def recorded(number: int) -> OptionChain | None:
            columns = chains[number]
            return None if columns is None else chain_of(underlying, columns, option_root)

        return ChainTape(tuple(self.times), lambda index: recorded(chain_of_snapshot[index]))

    def bar_source(self) -> BarSource:
        ordered = sorted(self.bars.items(), key=lambda pair: pair[0][2])

        def bars(symbol: str, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
            return bars_within((bar for (of, _, _), bar in ordered if of == symbol), seconds, start, end)

        return bars
