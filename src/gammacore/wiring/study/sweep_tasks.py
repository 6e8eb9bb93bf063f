"""What a worker of a sweep does: a function's name and JSON in, JSON out. Rules: ST-504, ST-506, ST-507, ST-512."""

from __future__ import annotations

import atexit
import base64
import datetime as dt
import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from attrs import frozen

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.sweep_results import trades_json
from gammacore.configuration import Configuration, configure
from gammacore.configuration.sources import Given
from gammacore.domain.study.column_replay import DayColumns, replay
from gammacore.domain.study.columns import NeedsLoop
from gammacore.domain.study.from_ledger import closed_trades
from gammacore.domain.study.record import ClosedTrade
from gammacore.errors import GammacoreError
from gammacore.ports.market_data import MarketData
from gammacore.wiring.looks import expiries_of
from gammacore.wiring.markets import naming_underlying, open_market, open_session
from gammacore.wiring.strategies import naming_its_underlying
from gammacore.wiring.study.code_fingerprint import code_fingerprint, refuse_other_code
from gammacore.wiring.study.columns import day_columns
from gammacore.wiring.study.days import CarryIn, flags_of, on_date, study_day
from gammacore.wiring.study.tasks import carry_of_text

HASH_DAYS = "gammacore.wiring.study.sweep_tasks:hash_days"
TRADE = "gammacore.wiring.study.sweep_tasks:trade"


@frozen
class Begin:
    """What a day takes over, and the first date it may read at all (None: the past is not cut)."""

    carry: CarryIn
    read_from: dt.date | None


class DayFailed(GammacoreError):
    """A day could not be traded under some settings."""


class OtherData(GammacoreError):
    """A worker sees other data of a day than the sweep was begun with."""


def layer_json(given: Given) -> dict[str, Any]:
    """Settings as JSON, for a worker that may stand in another folder: files by their whole path."""
    return {key: _plain(key, sourced.value) for key, sourced in given.items()}


def _plain(key: str, value: Any) -> Any:
    match value:
        case bool() | int() | None:
            return value
        case Mapping():
            return {name: _plain(key, part) for name, part in value.items()}
        case list() | tuple():
            return [_plain(key, part) for part in value]
        case Path():
            return str(value.resolve())
        case Decimal() | dt.date() | dt.time():
            return str(value)
        case _ if key == "market.source" and ":" in str(value):
            kind, _, path = str(value).partition(":")
            return f"{kind}:{Path(path).resolve()}"
        case _:
            return str(value)


def acting_hash(configuration: Configuration) -> str:
    """The hash of every setting that can change a decision; the market has its own hash."""
    return hashlib.sha256(configuration.fingerprint().encode()).hexdigest()


def row_key(acting: str, data_hash: str, carry_in: str) -> str:
    """SHA-256 of code, acting settings, data and carry-in. Rule: ST-504."""
    return hashlib.sha256("\n".join((code_fingerprint().hash, acting, data_hash, carry_in)).encode()).hexdigest()


def market_of(configuration: Configuration, date: dt.date) -> MarketData:
    """A day's market as these settings open it.

    Raises:
        GammacoreError: there is no such data, or it cannot be read.
    """
    named = naming_underlying(naming_its_underlying(on_date(configuration, date)))
    settings, calendar = named.settings, NyseCalendar()
    session = open_session(calendar, date)
    underlying = settings.underlying(settings.market.underlying)
    return open_market(settings, underlying, session, calendar, expiries_of(settings, session, calendar))


def hash_days(given: str) -> str:
    """Task: the data hash of every day under every market; `{"hashes": [[hash or null, ...] a day]}` and why not.

    `flagged` are the days whose data is not whole, with their flags, where whole ones alone are to be traded.
    """
    asked = _asked(given)
    hashes: list[list[str | None]] = []
    problems: dict[str, str] = {}
    flagged: dict[str, str] = {}
    for day in asked["days"]:
        found: list[str | None] = []
        for own in asked["markets"]:
            try:
                market = market_of(_configured(asked["settings"], own), dt.date.fromisoformat(day))
                found.append(market.fingerprint())
                if asked["whole_only"] and (flags := flags_of(market)):
                    flagged[day] = f"not whole: {', '.join(flag.value for flag in flags)}"
            except GammacoreError as missing:
                found.append(None)
                problems[day] = str(missing)
        hashes.append(found)
    return json.dumps({"hashes": hashes, "problems": problems, "flagged": flagged})


def trade(given: str) -> str:
    """Task: trade days under configurations; `{"rows": [{day, configuration, trades, path}], "failed": [...]}`.

    `path` columns: one pass a day and all configurations replayed on it; a cell the columns do not know goes through
    the loop, and says so. What a day raises is its own failure, never the task's. Rule: ST-211.
    """
    asked = _asked(given)
    configurations = [_configured(asked["settings"], own) for own in asked["configurations"]]
    begin = Begin(carry_of_text(asked["carry"]), asked["read_from"] and dt.date.fromisoformat(asked["read_from"]))
    if asked["path"] == "carry":
        return json.dumps(_carried(configurations, asked["days"], asked["hashes"], begin))
    rows: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for day, expected in zip(asked["days"], asked["hashes"], strict=True):
        date = dt.date.fromisoformat(day)
        columns = _columns(configurations, date, begin) if asked["path"] == "columns" else "the loop was asked for"
        for number, configuration in enumerate(configurations):
            if expected[number] is None:
                continue
            try:
                trades, path = _traded(configuration, date, columns, expected[number], begin)
            except DayFailed as failure:
                failed.append({"day": day, "configuration": number, "error": str(failure)})
                continue
            rows.append({"day": day, "configuration": number, "trades": trades_json(trades), "path": path})
    return json.dumps({"rows": rows, "failed": failed})


def _carried(
    configurations: Sequence[Configuration], days: Sequence[str], hashes: Sequence[Sequence[str]], begin: Begin
) -> dict[str, Any]:
    """Each configuration through all days, each day taking over what the one before leaves. Rule: ST-203."""
    rows: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for number, configuration in enumerate(configurations):
        carry, reports = begin.carry, []
        for day, expected in zip(days, hashes, strict=True):
            traded = study_day(configuration, dt.date.fromisoformat(day), carry=carry, read_from=begin.read_from)
            if traded.error is not None:
                failed.append({"day": days[0], "configuration": number, "error": f"{day}: {traded.error}"})
                break
            _refuse_other_data(traded.date, traded.data_hash, expected[number])
            carry = traded.carry_out
            reports.append(traded.report)
        else:
            trades = trades_json(closed_trades(reports))
            rows.append({"day": days[0], "configuration": number, "trades": trades, "path": "loop: carry"})
    return {"rows": rows, "failed": failed}


def _traded(
    configuration: Configuration, date: dt.date, columns: DayColumns | str, expected: str, begin: Begin
) -> tuple[tuple[ClosedTrade, ...], str]:
    if isinstance(columns, DayColumns):
        try:
            _refuse_other_data(date, columns.data_hash, expected)
            return replay(columns, configuration.settings.stops), "columns"
        except NeedsLoop as unknown:
            why = str(unknown)
    else:
        why = columns
    day = study_day(configuration, date, carry=begin.carry, read_from=begin.read_from)
    if day.error is not None:
        raise DayFailed(day.error)
    _refuse_other_data(date, day.data_hash, expected)
    return closed_trades([day.report]), f"loop: {why}"


def _refuse_other_data(date: dt.date, found: str, expected: str) -> None:
    if found != expected:
        raise OtherData(f"{date}: a worker reads other data of this day (hash {found[:12]}, the sweep has "
                        f"{expected[:12]}); give every worker the same files, or send them: --data ship")  # fmt: skip


def _columns(configurations: Sequence[Configuration], date: dt.date, begin: Begin) -> DayColumns | str:
    try:
        return day_columns(configurations[0], date, [one.settings.stops for one in configurations], begin.read_from)
    except NeedsLoop as unknown:
        return str(unknown)


def _asked(given: str) -> dict[str, Any]:
    """A task as it was sent, by the same code, with the files that came with it in a folder of this worker.

    Raises:
        OtherCode: the sender runs other code.
    """
    asked: dict[str, Any] = json.loads(given)
    refuse_other_code(asked["code"])
    if files := asked["files"]:
        asked["settings"] = _landed(asked["settings"], _folder_of(json.dumps(files, sort_keys=True)))
    return asked


def _landed(settings: Mapping[str, Any], places: Mapping[str, str]) -> dict[str, Any]:
    """The settings with the places files have here, where they came with the task."""
    found = dict(settings)
    for key, value in settings.items():
        kind, colon, path = str(value).rpartition(":") if key == "market.source" else ("", "", str(value))
        under = next((sent for sent in places if sent == path or sent.startswith(f"{path}/")), None)
        if under is not None and key.startswith("market."):
            found[key] = f"{kind}{colon}{places[under].removesuffix(under.removeprefix(path))}"
    return found


@lru_cache(maxsize=4)
def _folder_of(files: str) -> Mapping[str, str]:
    """Where this worker has put files that came with a task, by the place they have at the sender; once a process."""
    folder = tempfile.TemporaryDirectory(prefix="gammacore-")
    atexit.register(folder.cleanup)
    places = {}
    for sent, content in json.loads(files).items():
        place = Path(folder.name) / sent.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(base64.b64decode(content))
        places[sent] = str(place)
    return places


def _configured(base: Mapping[str, Any], own: Mapping[str, Any]) -> Configuration:
    return _configured_once(json.dumps(base, sort_keys=True), json.dumps(own, sort_keys=True))


@lru_cache(maxsize=4096)
def _configured_once(base: str, own: str) -> Configuration:
    return configure([json.loads(base), json.loads(own)])
