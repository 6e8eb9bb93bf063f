"""Recorded sources: tables, LEAN folders, recordings and the store, by file, folder or pattern. Rule: ST-101."""

from __future__ import annotations

import datetime as dt
from glob import has_magic
from pathlib import Path

from gammacore.adapters.npz_store.store import NpzStore
from gammacore.adapters.recorded.csv_table import read_csv_market
from gammacore.adapters.recorded.lean import read_lean_market
from gammacore.adapters.recorded.lean_files import LeanFolder
from gammacore.adapters.recorded.market import RecordedMarket
from gammacore.adapters.recorded.recording import RecordingHeader
from gammacore.adapters.recorded.recording_reader import read_recording, read_recording_header
from gammacore.adapters.recorded.source_files import source_files
from gammacore.adapters.recorded.store_market import stored_market
from gammacore.adapters.recorded.surroundings import ReplaySettings
from gammacore.adapters.recorded.survey import TableSurvey, survey_csv
from gammacore.configuration import Settings
from gammacore.domain.gex.units import Scope
from gammacore.domain.instruments import Underlying, is_adjusted, roots_of
from gammacore.domain.sessions import TradingSession
from gammacore.errors import MissingData
from gammacore.wiring.ledgers.tables import open_any_table

RECORDED = ("csv", "lean", "recording", "store")
_LEAN_ROOTS = ("option", "indexoption", "equity", "index")


def is_there(path: Path) -> bool:
    """Whether a path may name data: it exists, or is a pattern."""
    return path.exists() or has_magic(str(path))


def replay_settings(settings: Settings) -> ReplaySettings:
    """What the settings say of a recorded market's surroundings."""
    market = settings.market
    return ReplaySettings(
        quote_age_steps=market.quote_age_steps,
        vix=market.vix,
        vix_file=market.vix_file,
        settlement=market.settlement,
        closes_file=market.closes_file,
        price_file=market.price_file,
        closes_column=market.closes_column or None,
        price_column=market.price_column or None,
        vix_column=market.vix_column or None,
        day_first=market.day_first,
        oi_file=market.oi_file,
        tables=open_any_table,
    )


def lean_folder(path: Path) -> LeanFolder:
    """The LEAN folder a path means: itself, the one a file lies in, or the one a pattern matches."""
    if path.is_dir():
        return LeanFolder(path)
    files = source_files(path)
    for parent in files[0].parents:
        if any((parent / kind / "usa").is_dir() for kind in _LEAN_ROOTS):
            return LeanFolder(parent)
    return LeanFolder(path)


def recordings(path: Path) -> dict[Path, RecordingHeader]:
    """The recordings a path means, by their headers."""
    return {file: read_recording_header(file) for file in source_files(path)}


def survey(settings: Settings, path: Path) -> TableSurvey:
    """The days and underlyings of tables."""
    market = settings.market
    return survey_csv(
        path, market.columns or market.preset or None, day_first=market.day_first, opener=open_any_table
    )  # fmt: skip


def stored_days(path: Path) -> dict[str, tuple[dt.date, ...]]:
    """The days of a store by underlying."""
    store = NpzStore(path)
    store.require_made()
    days = store.index()["days"]
    return {symbol: tuple(map(dt.date.fromisoformat, sorted(dates))) for symbol, dates in sorted(days.items())}


def recorded_underlyings(settings: Settings, kind: str, path: Path) -> tuple[str, ...]:
    """The symbols a recorded source names; none for a table without a column that says."""
    if kind == "csv":
        return survey(settings, path).underlyings
    if kind == "lean":
        there = [folder.name.upper() for folder in lean_folder(path).path.glob("*option/usa/minute/*")]
        known = roots_of(settings.underlyings)
        return tuple(sorted({known.get(root, root) for root in there if not is_adjusted(root, *known)}))
    if kind == "store":
        return tuple(stored_days(path))
    return tuple(sorted({header.underlying for header in recordings(path).values()}))


def recorded_dates(settings: Settings, kind: str, path: Path) -> tuple[dt.date, ...]:
    """The New York dates a recorded source holds of the configured underlying."""
    symbol = settings.market.underlying.upper()
    if kind == "csv":
        return tuple(sorted(survey(settings, path).dates_of(symbol)))
    if kind == "lean":
        return lean_folder(path).option_dates(settings.underlying(symbol))
    if kind == "store":
        return stored_days(path).get(symbol, ())
    return tuple(sorted({each.session.date for each in recordings(path).values() if each.underlying == symbol}))


def open_recorded(
    settings: Settings,
    kind: str,
    path: Path,
    underlying: Underlying,
    session: TradingSession,
    previous: TradingSession | None,
    expiries: Scope,
) -> RecordedMarket:
    """One day of a recorded source as a market.

    Raises:
        MissingData: it does not hold that day.
        InvalidInput: it cannot be read.
    """
    market, replay = settings.market, replay_settings(settings)
    if kind == "csv":
        columns = market.columns or market.preset or None
        return read_csv_market(
            path, underlying, session, columns=columns, settings=replay, previous=previous, expiries=expiries
        )  # fmt: skip
    if kind == "lean":
        folder = lean_folder(path).path
        return read_lean_market(folder, underlying, session, expiries=expiries, settings=replay, previous=previous)
    if kind == "store":
        return stored_market(NpzStore(path).read(underlying.symbol, session.date), settings=replay, previous=previous)
    there = recordings(path)
    wanted = [
        file for file, header in there.items() if (header.underlying, header.session) == (underlying.symbol, session)
    ]
    if not wanted:
        first = next(iter(there.values()))
        of = f"{first.session.date}" if len(there) == 1 else f"{len(there)} days, none of them this one"
        raise MissingData(f"{path}: is a recording of {of}, not of {session.date}")
    return read_recording(wanted[-1], settings=replay, option_root=underlying.option_root)
