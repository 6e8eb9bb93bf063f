"""When a row of a vendor's table was true; and a first look through a table for the days and underlyings it holds."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from attrs import define, field, frozen

from gammacore.adapters.recorded.columns import ColumnMap, column_index, layout
from gammacore.adapters.recorded.text_table import open_table
from gammacore.domain.sessions import new_york_date
from gammacore.domain.written_dates import at_clock, read_clock, read_day, read_instant


@define
class RowClock:
    """Reads the instant of a row; each spelling is understood once."""

    columns: ColumnMap
    header: tuple[str, ...]
    day_first: bool | None = None
    _date: int | None = field(init=False)
    _time: int | None = field(init=False)
    _known: dict[tuple[str, str], tuple[dt.datetime | None, dt.date | None]] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        date, time = self.columns.date, None if self.columns.clock else self.columns.time
        self._date = None if date is None else column_index(self.header, date)
        self._time = None if time is None else column_index(self.header, time)

    def read(self, cells: list[str]) -> tuple[dt.datetime | None, dt.date | None]:
        """The instant and its New York date; (None, None) when the cells do not say."""
        text = ("" if self._date is None else cells[self._date], "" if self._time is None else cells[self._time])
        if text not in self._known:
            instant = self._understand(*text)
            if instant is not None:
                instant += dt.timedelta(seconds=self.columns.seconds_late)
            self._known[text] = (instant, None if instant is None else new_york_date(instant))
        return self._known[text]

    def _understand(self, date_text: str, time_text: str) -> dt.datetime | None:
        if self._date is None:
            return read_instant(time_text, self.columns.zone, self.day_first)
        date, clock = read_day(date_text, self.day_first), self.columns.clock or read_clock(time_text)
        return None if date is None or clock is None else at_clock(date, clock, self.columns.zone)


def symbol_of(text: str) -> str:
    """An underlying as we name it: ^SPX, $SPX, .SPX and I:SPX are SPX."""
    return text.strip().rpartition(":")[2].lstrip("^$.").upper()


@frozen
class TableSurvey:
    """What a table holds: New York dates, and the underlyings its rows name (none when no column says)."""

    dates: tuple[dt.date, ...]
    underlyings: tuple[str, ...]


def survey_csv(path: Path, columns: ColumnMap | str | None = None, *, day_first: bool | None = None) -> TableSurvey:
    """Look through a table without reading its quotes: for choosing a date when none was asked for."""
    with open_table(path) as table:
        columns = layout(columns, table.header, str(path))
        clock = RowClock(columns, table.header, day_first)
        named = None if columns.underlying is None else column_index(table.header, columns.underlying)
        dates: set[dt.date] = set()
        symbols: set[str] = set()
        for _, cells in table:
            if len(cells) == len(table.header):
                dates.update(filter(None, [clock.read(cells)[1]]))
                symbols.update([] if named is None else [symbol_of(cells[named])])
    return TableSurvey(tuple(sorted(dates)), tuple(sorted(symbols)))
