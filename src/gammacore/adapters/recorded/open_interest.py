"""Open interest from a table beside the chains: each figure counts from when it was known. Rules: ST-104, ST-105."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from functools import lru_cache
from pathlib import Path

from attrs import define, evolve, field, frozen

from gammacore.adapters.recorded.chain_columns import Contract
from gammacore.adapters.recorded.day_rows import DayRows
from gammacore.adapters.recorded.market import Intake
from gammacore.adapters.recorded.presets import detect_interest
from gammacore.adapters.recorded.row_reader import RowReader
from gammacore.adapters.recorded.source_files import files_state, source_files
from gammacore.adapters.recorded.text_table import TableOpener, open_table, row_defect
from gammacore.domain.instruments import Underlying
from gammacore.domain.sessions import TradingSession
from gammacore.errors import MissingData

OLDEST_DAYS = 5
"""Without a session before, a figure older than this many days is none: a long weekend is four."""

_Listed = tuple[str, int, int, float]


@define
class InterestTable:
    """Open interest by contract: the figures of one session with the seconds since the epoch they are known from."""

    known: dict[_Listed, list[tuple[float, float]]] = field(factory=dict)
    intake: Intake = field(factory=Intake)

    def at(self, root: str, contract: Contract, seconds: float) -> float:
        """The newest figure known at `seconds`, contracts; 0 where none is, as in a chain without the cell."""
        figures = self.known.get((root, contract[0], contract[2], contract[3]), [])
        newest = bisect_right(figures, (seconds, float("inf"))) - 1
        return figures[newest][1] if newest >= 0 else 0.0


@frozen
class InterestSpan:
    """When a figure must have been made known to count in a session: since the close before, and before its own."""

    since: dt.datetime
    until: dt.datetime

    @classmethod
    def of(cls, session: TradingSession, previous: TradingSession | None) -> InterestSpan:
        since = session.open - dt.timedelta(days=OLDEST_DAYS) if previous is None else previous.close
        return cls(since, session.close)


def read_open_interest(
    path: Path,
    underlying: Underlying,
    session: TradingSession,
    previous: TradingSession | None,
    *,
    day_first: bool | None = None,
    opener: TableOpener = open_table,
) -> InterestTable:
    """The open interest of one session, from one table or several.

    A figure stamped between the close before and the open counts the whole session; one stamped in the session from
    then on; one stamped at the close, or with a day alone, on the next session. Of two at one instant the last holds.

    Raises:
        MissingData: no file, or no figure of any contract of this underlying in it.
        InvalidInput: a column is missing.
    """
    every = _every_figure(path, files_state(path), underlying, session.date, day_first, opener)
    if not every.known:
        raise MissingData(f"{path}: no open interest of {underlying.symbol}: {every.intake}")
    span = InterestSpan.of(session, previous)
    since, until = span.since.timestamp(), span.until.timestamp()
    table = InterestTable(intake=evolve(every.intake, reasons=dict(every.intake.reasons)))
    for contract, figures in every.known.items():
        if counting := [each for each in figures if since <= each[0] < until]:
            table.known[contract] = counting
    table.intake.used = sum(map(len, table.known.values()))
    table.intake.count("other_date", times=every.intake.used - table.intake.used)
    return table


@lru_cache(maxsize=2)
def _every_figure(
    path: Path, _state: object, underlying: Underlying, date: dt.date, day_first: bool | None, opener: TableOpener
) -> InterestTable:
    """The figures of all days: read once while the files stay as they are."""
    table = InterestTable()
    found: dict[_Listed, dict[float, float]] = {}
    for file in source_files(path):
        with opener(file) as rows:
            day = DayRows(underlying, date)
            day.intake = table.intake
            reader = RowReader(detect_interest(rows.header, str(file)), rows.header, day, day_first)
            for line, cells in rows:
                table.intake.rows += 1
                figure = _figure(reader, line, cells)
                if isinstance(figure, str):
                    table.intake.count(figure, line)
                    continue
                contract, seconds, contracts = figure
                found.setdefault(contract, {})[seconds] = contracts
    table.known = {contract: sorted(figures.items()) for contract, figures in found.items()}
    table.intake.used = sum(map(len, table.known.values()))
    return table


def _figure(reader: RowReader, line: int, cells: list[str]) -> tuple[_Listed, float, float] | str:
    """A row's contract, the seconds it was stamped at and its figure; or why it has none."""
    if (defect := row_defect(cells, reader.header) or reader.unwanted(cells)) is not None:
        return defect
    instant, _ = reader.clock.read(cells)
    if instant is None:
        return "unreadable_time"
    contract = reader.contract(cells, None)
    if isinstance(contract, str):
        return contract
    listed = (reader.day.chains.root_of(contract), contract[0], contract[2], contract[3])
    return listed, instant.timestamp(), reader.interest(cells, reader.interest_column, line)
