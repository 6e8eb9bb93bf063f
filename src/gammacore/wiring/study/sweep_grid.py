"""What a sweep tries, and how its cells are put to workers: keys, data hashes, tasks, answers. ST-504..507."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any

from attrs import field, frozen

from gammacore.adapters.sweep_results import trades_of_json
from gammacore.application.study.run_tasks import Task, run_tasks
from gammacore.application.study.sweep import BATCH, Cell, CellDone, Path
from gammacore.configuration import Configuration
from gammacore.domain.study.grid import Grid
from gammacore.domain.study.record import ClosedTrade
from gammacore.domain.study.sweep_outcome import SweepRow
from gammacore.ports.clock import Clock
from gammacore.ports.executor import Executor
from gammacore.wiring.markets import MarketSource
from gammacore.wiring.study.code_fingerprint import code_fingerprint
from gammacore.wiring.study.days import CarryIn
from gammacore.wiring.study.sweep_tasks import HASH_DAYS, TRADE, layer_json, row_key
from gammacore.wiring.study.tasks import carry_to_text

FILES_OF_THE_MARKET = ("market.vix_file", "market.closes_file", "market.price_file", "market.oi_file")


@frozen(eq=False)
class Trial:
    """Everything checked: the configurations by their number in the grid, their acting hashes, the days.

    `read_from` is the first date that may be read, None where the past is not cut; with `whole_only` a day is left out
    whose data has a flag.
    """

    base: Configuration
    chosen: tuple[int, ...]
    configurations: Mapping[int, Configuration]
    acting: Mapping[int, str]
    days: tuple[dt.date, ...]
    missing: tuple[dt.date, ...]
    start: CarryIn
    read_from: dt.date | None = None
    whole_only: bool = False

    def market_layer(self, settings: Mapping[str, str]) -> dict[str, str]:
        """What of the swept settings the market is opened with."""
        return {key: value for key, value in settings.items() if key.startswith("market.")}


def files_of(configuration: Configuration) -> dict[str, str]:
    """The files of the market by their whole path, for workers that do not see them. Rule: ST-506."""
    source = MarketSource.parse(configuration.settings.market.source)
    places = [] if source.path is None else [source.path]
    places += [FilePath(configuration.given[key].value) for key in FILES_OF_THE_MARKET if key in configuration.given]
    found: dict[str, str] = {}
    for place in places:
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file():
                found[str(path.resolve())] = base64.b64encode(path.read_bytes()).decode()
    return found


Hashes = Mapping[tuple[dt.date, str], str]
"""The data hash of a day under the market settings of a configuration (as JSON)."""


def data_hashes(
    engine: Executor, clock: Clock, trial: Trial, files: Mapping[str, str]
) -> tuple[Hashes, dict[dt.date, str], dict[dt.date, str]]:
    """What data each day has, asked of the workers, who will read it; the days without any, and those not whole."""
    markets = {_market_key(trial, number): trial.market_layer(_swept(trial, number)) for number in trial.chosen}
    found: dict[tuple[dt.date, str], str] = {}
    missing: dict[dt.date, str] = {}
    flagged: dict[dt.date, str] = {}

    def take(batch: tuple[dt.date, ...], answer: str) -> None:
        told = json.loads(answer)
        flagged.update({dt.date.fromisoformat(day): flags for day, flags in told["flagged"].items()})
        for date, hashes in zip(batch, told["hashes"], strict=True):
            if any(one is None for one in hashes):
                missing[date] = told["problems"][date.isoformat()]
                continue
            found.update({(date, key): one for key, one in zip(markets, hashes, strict=True)})

    def died(batch: tuple[dt.date, ...], why: str) -> None:
        missing.update(dict.fromkeys(batch, why))

    tasks = []
    for begin in range(0, len(trial.days), BATCH):
        batch = trial.days[begin : begin + BATCH]
        asked = {"days": [date.isoformat() for date in batch], "markets": list(markets.values()),
                 "whole_only": trial.whole_only}  # fmt: skip
        tasks.append(Task(HASH_DAYS, _ask(trial.base, asked, files), batch))
    run_tasks(engine, tasks, clock, take, died)
    return found, missing, flagged


def _swept(trial: Trial, number: int) -> dict[str, str]:
    given = trial.configurations[number].given
    return {key: str(one.value) for key, one in given.items() if one.source == "option --set"}


def _market_key(trial: Trial, number: int) -> str:
    return json.dumps(trial.market_layer(_swept(trial, number)), sort_keys=True)


def _ask(base: Configuration, asked: Mapping[str, Any], files: Mapping[str, str]) -> str:
    sent = {path: content for path, content in files.items() if _is_of(path, asked["days"])}
    shared = {"code": code_fingerprint().as_json(), "settings": layer_json(base.given), "files": sent}
    return json.dumps({**shared, **asked}, sort_keys=True)


def _is_of(path: str, days: Sequence[str]) -> bool:
    """Whether a task over these days needs a file: of a store, each day has its own."""
    return not path.endswith(".npz") or FilePath(path).stem in days


@frozen(eq=False)
class GridTrading:
    """How the cells of a grid are traded by workers. Implements `SweepTrading`."""

    trial: Trial
    grid: Grid
    hashes: Hashes
    days: tuple[dt.date, ...]
    files: Mapping[str, str]
    carries: bool = False
    task: str = field(default=TRADE, init=False)
    _markets: dict[int, str] = field(factory=dict, init=False, repr=False)

    def _hash(self, number: int, date: dt.date) -> str | None:
        if number not in self._markets:
            self._markets[number] = _market_key(self.trial, number)
        return self.hashes.get((date, self._markets[number]))

    def key(self, cell: Cell) -> str | None:
        days = self.days if self.carries else (cell.date,)
        hashes = [self._hash(cell.configuration, date) for date in days]
        if any(one is None for one in hashes):
            return None
        if self.trial.read_from is not None:
            hashes.append(f"read from {self.trial.read_from}")
        return row_key(self.trial.acting[cell.configuration], "\n".join(map(str, hashes)), self.trial.start.hash)

    def row(self, cell: Cell, trades: tuple[ClosedTrade, ...]) -> SweepRow:
        key = self.key(cell)
        assert key is not None
        return SweepRow(
            key, cell.date, self.trial.acting[cell.configuration], self.grid.settings(cell.configuration), trades
        )  # fmt: skip

    def ask(self, path: Path, days: Sequence[dt.date], configurations: Sequence[int]) -> str:
        every = self.days if self.carries else tuple(days)
        asked = {
            "days": [date.isoformat() for date in every],
            "hashes": [[self._hash(number, date) for number in configurations] for date in every],
            "configurations": [self.grid.settings(number) for number in configurations],
            "carry": carry_to_text(self.trial.start),
            "read_from": self.trial.read_from and self.trial.read_from.isoformat(),
            "path": "carry" if self.carries else path.value,
        }
        return _ask(self.trial.base, asked, self.files)

    def answers(self, days: Sequence[dt.date], configurations: Sequence[int], answer: str) -> Sequence[CellDone]:
        told = json.loads(answer)
        done = [
            CellDone(
                Cell(configurations[row["configuration"]], dt.date.fromisoformat(row["day"])),
                trades_of_json(row["trades"]), row["path"],
            )
            for row in told["rows"]
        ]  # fmt: skip
        failed = [
            CellDone(Cell(configurations[one["configuration"]], dt.date.fromisoformat(one["day"])), error=one["error"])
            for one in told["failed"]
        ]
        return (*done, *failed)
