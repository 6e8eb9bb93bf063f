"""results.ndjson of a sweep: one line a configuration and day, appended and fsynced as it comes, never written twice.

A line is known by its key; the same key with other trades means that the code is not deterministic, and nothing after
that can be believed. Rules: ST-504, ST-505, ST-510.
"""

from __future__ import annotations

import csv
import datetime as dt
import fcntl
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from attrs import fields

from gammacore.domain.study.record import ClosedTrade, TradeFlag
from gammacore.domain.study.sweep_outcome import SweepOutcome, SweepRow
from gammacore.errors import StorageError, WriteConflict

RESULTS = "results.ndjson"
_MONEY = ("gross", "fees", "credit", "debit", "max_risk", "vix", "price", "pin", "minutes")


class NotDeterministic(StorageError):
    """The same code, settings, data and carry-in gave two results: `not_deterministic`."""


def line_of(row: SweepRow) -> str:
    """Canonical JSON: the same for every engine, number of workers and path."""
    plain = {
        "key": row.key,
        "date": row.date.isoformat(),
        "acting": row.acting,
        "settings": dict(row.settings),
        "trades": trades_json(row.trades),
    }
    return json.dumps(plain, sort_keys=True, separators=(",", ":"))


def row_of(line: str) -> SweepRow:
    """The row of a line."""
    plain = json.loads(line)
    date = dt.date.fromisoformat(plain["date"])
    return SweepRow(plain["key"], date, plain["acting"], plain["settings"], trades_of_json(plain["trades"]))


def trades_json(trades: Iterable[ClosedTrade]) -> list[dict[str, Any]]:
    """Trades as JSON values: figures as text without trailing zeros, what is not known left out."""
    return [_trade_json(trade) for trade in trades]


def trades_of_json(rows: Iterable[Mapping[str, Any]]) -> tuple[ClosedTrade, ...]:
    """The trades of such values."""
    return tuple(_trade(row) for row in rows)


def _trade_json(trade: ClosedTrade) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for one in fields(ClosedTrade):
        match getattr(trade, one.name):
            case None | "":
                continue
            case Decimal() as figure:
                row[one.name] = format(figure.normalize(), "f")
            case dt.datetime() as instant:
                row[one.name] = instant.astimezone(dt.UTC).isoformat()
            case dt.date() as date:
                row[one.name] = date.isoformat()
            case frozenset() as flags:
                row[one.name] = sorted(flags)
            case value:
                row[one.name] = value
    return row


def _trade(row: Mapping[str, Any]) -> ClosedTrade:
    values = dict(row)
    for name in ("opened", "closed"):
        if name in values:
            values[name] = dt.datetime.fromisoformat(values[name])
    if "date" in values:
        values["date"] = dt.date.fromisoformat(values["date"])
    values |= {name: Decimal(values[name]) for name in _MONEY if name in values}
    return ClosedTrade(**{**values, "flags": frozenset(map(TradeFlag, values.get("flags", ())))})


class SweepResults:
    """The results of one folder. `rows` has all that is known by its key; one sweep at a time writes (a lock)."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / RESULTS
        self.rows: dict[str, SweepRow] = {}
        for row in self._read():
            self._take(row)

    @property
    def configurations_tried(self) -> int:
        """Different settings ever tried in this folder: the N of ST-521."""
        return len({row.acting for row in self.rows.values()})

    def _read(self) -> Iterator[SweepRow]:
        """Every whole line; one that a kill has cut is the last, and is dropped from the file."""
        if not self._path.exists():
            return
        content = self._path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            with self._path.open("r+b") as file:
                file.truncate(len(whole))
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                yield row_of(line.decode())
            except (ValueError, KeyError, TypeError) as wrong:
                raise StorageError(f"{self._path}, line {number}: cannot be read; give another --out") from wrong

    def _take(self, row: SweepRow) -> bool:
        """Whether it is new.

        Raises:
            NotDeterministic: it is known with other trades.
        """
        known = self.rows.get(row.key)
        if known is None:
            self.rows[row.key] = row
            return True
        if trades_json(known.trades) != trades_json(row.trades):
            raise NotDeterministic(
                f"not_deterministic: {row.date} with {_words(row.settings)} was traded twice with different results "
                f"(key {row.key[:12]}); nothing of this folder can be believed"
            )
        return False

    def append(self, rows: Iterable[SweepRow]) -> None:
        """Write what is new in one durable step."""
        lines = "".join(f"{line_of(row)}\n" for row in rows if self._take(row))
        if not lines:
            return
        with self._path.open("ab") as file:
            file.write(lines.encode())
            file.flush()
            os.fsync(file.fileno())

    def sort(self) -> None:
        """Put the lines in the order of their keys: a finished sweep's file is the same however it was computed."""
        temporary = self._path.with_suffix(".tmp")
        with temporary.open("wb") as file:
            file.writelines(f"{line_of(self.rows[key])}\n".encode() for key in sorted(self.rows))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)


def _words(settings: Mapping[str, str]) -> str:
    return ", ".join(f"{key} {value}" for key, value in settings.items()) or "the settings as they are"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep every other sweep out of a folder.

    Raises:
        WriteConflict: one is at work there.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as held:
            raise WriteConflict(
                f"{folder}: another run writes here; wait for it, or give --out another folder"
            ) from held
        yield


def results_csv(outcome: SweepOutcome) -> str:
    """Every result as CSV: the swept keys, then its figures; empty where a figure does not exist. Rule: ST-511."""
    table = outcome.table()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table)
    writer.writerows(["" if cell is None else cell for cell in row] for row in zip(*table.values(), strict=True))
    return text.getvalue()
