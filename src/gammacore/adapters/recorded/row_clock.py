"""When a row of a table was true, and of which underlying or contract it says it is."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

from attrs import define, field

from gammacore.adapters.recorded.columns import ColumnMap, column_index
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


_CONTRACT_IN_NAME = re.compile(
    r"(?P<root>[A-Za-z]{1,6})[_.\- ]?(?P<expiry>\d{8}|\d{6}|\d{4}-\d{2}-\d{2})[_.\- ]?"
    r"(?:(?P<first>[CPcp])(?:all|ut|ALL|UT)?[_.\- ]?(?P<after>\d+(?:\.\d+)?)"
    r"|(?P<before>\d+(?:\.\d+)?)[_.\- ]?(?P<last>[CPcp])(?:all|ut|ALL|UT)?)(?![A-Za-z0-9])"
)


def contract_in_name(path: Path) -> tuple[str, str, str, str] | None:
    """Expiry, right, strike and root as the name of a file tells them; None where it does not.

    The strike is written as in the table's own strike column.

    >>> contract_in_name(Path("SPXW_20260105_6000000_C.csv")), contract_in_name(Path("day.csv"))
    (('20260105', 'C', '6000000', 'SPXW'), None)
    """
    match = _CONTRACT_IN_NAME.search(path.name)
    if match is None:
        return None
    right, strike = match["first"] or match["last"], match["after"] or match["before"]
    return match["expiry"], right, strike, match["root"].upper()
