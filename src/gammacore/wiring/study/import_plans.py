"""Which days a source holds, which files each is read from, and whether anything of it has changed. Rule: ST-108."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import asdict, define, field, frozen

from gammacore.adapters.npz_store.store import VERSION
from gammacore.adapters.recorded.source_files import base_folder, source_files
from gammacore.adapters.recorded.stored import DAYS_BACK
from gammacore.adapters.recorded.survey import UNSAID, chain_tables, survey_file
from gammacore.adapters.recorded.text_table import reading
from gammacore.application.study.import_days import Input, PlannedDay
from gammacore.configuration import Configuration, Settings
from gammacore.domain.gex.units import Scope
from gammacore.domain.instruments import REGISTRY, Exercise, Settlement, Underlying
from gammacore.errors import ConfigurationError, MissingData
from gammacore.wiring.ledgers.tables import open_any_table
from gammacore.wiring.markets import MarketSource
from gammacore.wiring.study.recorded_sources import lean_folder, recorded_underlyings, recordings

DAYS_AT_ONCE = 20
"""Days of one file that are read together: a file of a month is read once, one of a year thirteen times."""

BESIDE = ("vix_file", "closes_file", "price_file", "oi_file")
OF_THE_MARKET = (
    "market.vix", "market.settlement", "market.day_first", "market.preset", "market.columns.", "market.closes_column",
    "market.price_column", "market.vix_column",
)  # fmt: skip
"""Settings that change what is read of a day."""


def underlying_of(settings: Settings, symbol: str) -> Underlying:
    """The registry's or the configured underlying; of any other symbol an American option on shares is meant."""
    known = {**REGISTRY, **settings.underlyings}
    return known.get(symbol) or Underlying(symbol, symbol, Exercise.AMERICAN, Settlement.PHYSICAL)


@frozen
class ImportAsked:
    """What is imported: a source, with the settings it is read by."""

    configuration: Configuration
    source: MarketSource
    scope: Scope

    @property
    def path(self) -> Path:
        assert self.source.path is not None
        return self.source.path

    @property
    def settings(self) -> Settings:
        return self.configuration.settings

    @property
    def symbol(self) -> str | None:
        """The underlying that was asked for; None: every one the source holds."""
        named = "market.underlying" in self.configuration.given
        return self.settings.market.underlying.upper() if named else None


@define
class Hashes:
    """Hashes of files, each made once."""

    base: Path
    _known: dict[Path, Input] = field(factory=dict, init=False)

    def of(self, file: Path) -> Input:
        if file not in self._known:
            with reading(file), file.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
            name = file.relative_to(self.base).as_posix() if file.is_relative_to(self.base) else file.name
            self._known[file] = Input(name, file.stat().st_size, digest)
        return self._known[file]


@frozen
class Plan:
    """The days by batches that are read together, each with its files, and what was seen in the files of tables."""

    batches: tuple[tuple[PlannedDay, ...], ...]
    files: Mapping[tuple[str, dt.date], tuple[Path, ...]]
    seen: Mapping[str, Any]


def plan_import(asked: ImportAsked, index: Mapping[str, Any]) -> Plan:
    """The days of a source. Files that are as they were at the last import are not looked through again.

    Raises:
        ConfigurationError: the source is no recorded one, or its tables do not say of which underlying they are.
        MissingData: it holds no day.
    """
    match asked.source.kind:
        case "csv":
            return _of_tables(asked, index)
        case "lean":
            return _of_lean(asked)
        case "recording":
            return _of_recordings(asked)
        case kind:
            raise ConfigurationError(f"{kind} cannot be imported; give csv:, lean: or recording: and a path")


def _of_tables(asked: ImportAsked, index: Mapping[str, Any]) -> Plan:
    market = asked.settings.market
    columns = market.columns or market.preset or None
    hashes = Hashes(base_folder(asked.path))
    read_by = _digest(_market_words(asked.configuration))
    seen: dict[str, Any] = {}
    files: dict[tuple[str, dt.date], list[Path]] = defaultdict(list)
    for file in chain_tables(source_files(asked.path), columns, open_any_table):
        own = hashes.of(file)
        told = index["files"].get(own.name)
        if told is None or [told["hash"], told["read_by"]] != [own.hash, read_by]:
            survey = survey_file(file, columns, day_first=market.day_first, opener=open_any_table)
            told = {
                "hash": own.hash, "read_by": read_by,
                "days": sorted([symbol, str(date)] for symbol, date in survey.days),
            }  # fmt: skip
        seen[own.name] = told
        for symbol, date in _wanted(asked, told["days"]):
            files[symbol, date].append(file)
    return _planned(asked, hashes, {key: tuple(found) for key, found in files.items()}, seen)


def _wanted(asked: ImportAsked, days: Iterable[Sequence[str]]) -> set[tuple[str, dt.date]]:
    wanted = set()
    for symbol, date in days:
        if symbol == UNSAID and asked.symbol is None:
            words = "does not say of which underlying it is; name it with --underlying, like --underlying SPY"
            raise ConfigurationError(f"{asked.path}: {words}")
        if symbol in (UNSAID, asked.symbol) or asked.symbol is None:
            wanted.add((symbol if asked.symbol is None else asked.symbol, dt.date.fromisoformat(date)))
    return wanted


def _of_lean(asked: ImportAsked) -> Plan:
    lean = lean_folder(asked.path)
    symbols = recorded_underlyings(asked.settings, "lean", asked.path) if asked.symbol is None else (asked.symbol,)
    files: dict[tuple[str, dt.date], tuple[Path, ...]] = {}
    for symbol in symbols:
        underlying = underlying_of(asked.settings, symbol)
        for date in lean.option_dates(underlying):
            kinds = ("quote", "trade", "openinterest")
            archives = [file for kind in kinds for file in lean.archives(underlying, date, kind).values()]
            for other in filter(None, dict.fromkeys((symbol, underlying.hedge_share, "VIX"))):
                dates = {date, *(day for day in lean.bar_dates(other) if date - DAYS_BACK <= day <= date)}
                found = (lean.price_archive(other, day, kind) for day in sorted(dates) for kind in ("trade", "quote"))
                archives += filter(None, found)
            files[symbol, date] = tuple(archives)
    return _planned(asked, Hashes(lean.path), files, {})


def _of_recordings(asked: ImportAsked) -> Plan:
    headers = recordings(asked.path)
    files = {
        (header.underlying, header.session.date): (file,)
        for file, header in headers.items()
        if asked.symbol in (None, header.underlying)
    }
    return _planned(asked, Hashes(base_folder(asked.path)), files, {})


def _planned(
    asked: ImportAsked, hashes: Hashes, files: Mapping[tuple[str, dt.date], tuple[Path, ...]], seen: Mapping[str, Any]
) -> Plan:
    if not files:
        of = "" if asked.symbol is None else f" of {asked.symbol}"
        raise MissingData(
            f"{asked.path}: holds no day{of} that can be read; see whether it is whole and its columns fit"
        )
    beside = _beside(asked.settings)
    read_together: dict[tuple[Path, ...], list[PlannedDay]] = defaultdict(list)
    for (symbol, date), paths in sorted(files.items()):
        inputs = tuple(hashes.of(path) for path in paths)
        words = [
            VERSION, asked.source.kind, str(asked.scope), _market_words(asked.configuration), beside, str(date),
            str(underlying_of(asked.settings, symbol)), [asdict(each) for each in inputs],
        ]  # fmt: skip
        read_together[paths].append(PlannedDay(symbol, date, inputs, _digest(words)))
    batches = [
        tuple(days[start : start + DAYS_AT_ONCE])
        for days in read_together.values()
        for start in range(0, len(days), DAYS_AT_ONCE)
    ]
    return Plan(tuple(batches), files, seen)


def _beside(settings: Settings) -> dict[str, str]:
    """A hash of the tables beside the chains, by what they are."""
    found: dict[str, str] = {}
    for role in BESIDE:
        path: Path | None = getattr(settings.market, role)
        if path is not None:
            hashes = Hashes(base_folder(path))
            found[role] = _digest([asdict(hashes.of(file)) for file in source_files(path)])
    return found


def _market_words(configuration: Configuration) -> dict[str, str]:
    given = configuration.given
    return {
        key: str(given[key].value) for key in sorted(given) if key.startswith(OF_THE_MARKET) and key[-5:] != "_file"
    }


def _digest(words: object) -> str:
    return hashlib.sha256(json.dumps(words, sort_keys=True, default=str).encode()).hexdigest()
