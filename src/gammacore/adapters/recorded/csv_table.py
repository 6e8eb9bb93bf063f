"""Any vendor's tables of chain snapshots, one row a contract (or strike) and time, as a market."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from gammacore.adapters.recorded.columns import ColumnMap
from gammacore.adapters.recorded.day_rows import DayRows
from gammacore.adapters.recorded.market import RecordedMarket, Track
from gammacore.adapters.recorded.presets import layout
from gammacore.adapters.recorded.row_clock import RowClock, contract_in_name
from gammacore.adapters.recorded.row_reader import RowReader
from gammacore.adapters.recorded.source_files import source_files
from gammacore.adapters.recorded.surroundings import ReplaySettings, session_words
from gammacore.adapters.recorded.survey import chain_tables, survey_file
from gammacore.adapters.recorded.text_table import TextTable, UnreadableFile, content_hash
from gammacore.domain.gex.units import ALL, Scope
from gammacore.domain.instruments import Underlying
from gammacore.domain.sessions import TradingSession
from gammacore.errors import MissingData


def read_csv_market(
    path: Path,
    underlying: Underlying,
    session: TradingSession,
    *,
    columns: ColumnMap | str | None = None,
    settings: ReplaySettings | None = None,
    previous: TradingSession | None = None,
    expiries: Scope = ALL,
) -> RecordedMarket:
    """The rows of one New York date and underlying, as a market.

    `path` is a file, a folder or a pattern: the tables of it that hold the day are merged by instant and contract, in
    the order of their names. `columns` is a map, the name of a preset, or None to recognise a preset by the header.
    `previous` is the session before, whose close is looked up in the settings' file of closes. Rows of one contract and
    time that say the same are one; of those that differ the last holds; rows that cannot be read are left out; all are
    counted in the market's `intake`. An expiry before the day of its quote, or more than ten years after it, is a
    misread one. Open interest that is not given counts 0; what cannot be read is unknown, and of more than one row in
    twenty of a snapshot leaves that snapshot without exposure. An instant without rows is a hole and stays one, but in
    layouts that say only what changed. IV 0 means "not given", and so does gamma 0 beside it; IV may be in percent.
    Price is the table's, or the settings' price file; a table without either shows none: it is not implied from quotes.

    Raises:
        MissingData: no file, or no row of that date and underlying; what is there is named.
        InvalidInput: not a table, or a column that is missing.
    """
    settings = settings or ReplaySettings()
    files = chain_tables(source_files(path), columns, settings.tables)
    if len(files) > 1:
        held = [file for file in files if session.date in _dates(file, underlying, columns, settings)]
        files = held or files
    day = day_rows(underlying, session, previous, settings, expiries)
    read_rows(files, {(underlying.symbol, session.date): day}, columns=columns, settings=settings)
    if not len(day.chains):
        raise MissingData(f"{path}: {day.why_empty()}")
    words = "".join(day.maps)
    content = content_hash(
        *files, underlying.symbol, *session_words(session, previous), words, *settings.content()
    )  # fmt: skip
    return market_of(day, session, previous, settings, content, f"csv:{path.name}")


def _dates(
    file: Path, underlying: Underlying, columns: ColumnMap | str | None, settings: ReplaySettings
) -> frozenset[dt.date]:
    survey = survey_file(file, columns, day_first=settings.day_first, opener=settings.tables)
    return survey.dates_of(underlying.symbol)


def day_rows(
    underlying: Underlying,
    session: TradingSession,
    previous: TradingSession | None,
    settings: ReplaySettings,
    expiries: Scope = ALL,
) -> DayRows:
    """What the rows of a session are collected in: with the open interest of the side table, where one is given."""
    table = settings.open_interest(underlying, session, previous)
    return DayRows(underlying, session.date, expiries.until(session.date), None if table is None else table.at)


def read_rows(
    files: Iterable[Path],
    days: Mapping[tuple[str, dt.date], DayRows],
    *,
    columns: ColumnMap | str | None = None,
    settings: ReplaySettings,
) -> None:
    """Read every table once and give each day its rows."""
    for file in files:
        with settings.tables(file) as table:
            known = layout(columns, table.header, str(file))
            named = _named(file, known)
            readers = {
                key: RowReader(known, table.header, day, settings.day_first, named) for key, day in days.items()
            }  # fmt: skip
            if len(readers) == 1:
                (reader,) = readers.values()
                for line, cells in table:
                    reader.take(line, cells)
            else:
                _deal_out(table, known, readers, settings.day_first)


def _deal_out(
    table: TextTable,
    columns: ColumnMap,
    readers: Mapping[tuple[str, dt.date], RowReader],
    day_first: bool | None,
) -> None:
    """Give a row to the readers of its date; one without a date to those of the row before."""
    by_date: dict[dt.date, list[RowReader]] = {}
    for (_, date), reader in readers.items():
        by_date.setdefault(date, []).append(reader)
    clock, width = RowClock(columns, table.header, day_first), len(table.header)
    before: Sequence[RowReader] = by_date[min(by_date)]
    for line, cells in table:
        read = clock.read(cells)[1] if len(cells) >= width else None
        if read is not None:
            before = by_date.get(read, ())
        for reader in before:
            reader.take(line, cells)


def _named(file: Path, columns: ColumnMap) -> tuple[str, str, str, str] | None:
    """The contract that the name of a file tells, where its table does not.

    Raises:
        InvalidInput: the name does not tell it.
    """
    if not columns.contract_in_name:
        return None
    if (named := contract_in_name(file)) is None:
        fix = "name it like SPXW_20260105_6000000_C.csv, or give a table with root, expiration, strike and right"
        raise UnreadableFile(str(file), "a table without columns of the contract, and its name tells none", fix)
    return named


def market_of(
    day: DayRows,
    session: TradingSession,
    previous: TradingSession | None,
    settings: ReplaySettings,
    content: str,
    label: str,
) -> RecordedMarket:
    """The rows of a day, and what stands beside them, as a market."""
    underlying = day.underlying
    tape = day.chains.tape(day.intake)
    step = tape.step_seconds()
    return RecordedMarket(
        underlying=underlying.symbol,
        session=session,
        chains=tape,
        spots=settings.spots(session) or day.spot_track(),
        step_seconds=step,
        quote_age_limit=Track.constant(settings.quote_age_steps * step),
        vix=settings.vix_track(session),
        previous_close=settings.previous_close(previous),
        prints=settings.prints(session.date),
        bar_source=settings.bar_source(session, underlying.symbol),
        content=content,
        label=label,
        intake=day.intake,
        beside=settings.intakes(session, previous, underlying),
    )
