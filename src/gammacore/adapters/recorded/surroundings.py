"""What a chain recording often lacks and other files have: price, VIX, closes; and the settings of a replay."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path

from attrs import field, frozen

from gammacore.adapters.recorded.market import BarSource, Intake, Seen, Track, bars_within, no_bars
from gammacore.adapters.recorded.open_interest import InterestTable, read_open_interest
from gammacore.adapters.recorded.price_tables import (
    CloseTable,
    PriceTable,
    SideFile,
    VixTable,
    read_closes,
    read_prices,
    read_vix,
)
from gammacore.adapters.recorded.source_files import source_files
from gammacore.adapters.recorded.text_table import TableOpener, open_table
from gammacore.domain.instruments import Underlying
from gammacore.domain.market import Bar
from gammacore.domain.parameters import parameter
from gammacore.domain.sessions import TradingSession
from gammacore.ports.market_data import SettlementPrint


def _path(value: Path | str | None) -> Path | None:
    return None if value is None else Path(value)


@frozen
class ReplaySettings:
    """How a recorded day is replayed, whatever file it comes from.

    `vix` (a constant) and `settlement` (the print of the day replayed) win over their files. `vix_file` is daily (date,
    open, close: the close of the session before until the open, then the open; a later figure would be the future)
    or intraday. `closes_file` has date and close. `price_file` has bars or prices of the underlying and wins over
    prices in the recording. `closes_column`, `price_column` and `vix_column` name the column that is meant where the
    header does not tell; `day_first` how 03/04/2026 is meant, in every file. Rules: CS-014, CS-528.
    """

    quote_age_steps: float = parameter(2.0, "Oldest quote a decision may rest on, in recorded steps.", above=0)
    vix: Decimal | None = parameter(None, "VIX of the whole day, points.", above=0)
    vix_file: Path | None = field(default=None, converter=_path)
    settlement: Decimal | None = parameter(None, "Settlement price of the day, points.", above=0)
    closes_file: Path | None = field(default=None, converter=_path)
    price_file: Path | None = field(default=None, converter=_path)
    closes_column: str | None = None
    price_column: str | None = None
    vix_column: str | None = None
    day_first: bool | None = None
    oi_file: Path | None = field(default=None, converter=_path)
    tables: TableOpener = open_table

    def vix_track(self, session: TradingSession) -> Track[Decimal | None]:
        if self.vix is not None:
            return Track.constant(self.vix)
        table = self._vix(session)
        return Track() if table is None else table.known

    def prints(self, date: dt.date) -> dict[dt.date, SettlementPrint]:
        table = self._closes()
        prints = {} if table is None else dict(table.closes)
        if self.settlement is not None:
            prints[date] = SettlementPrint(self.settlement, False, "configured")
        return prints

    def previous_close(self, previous: TradingSession | None) -> Track[Decimal | None]:
        """The close of the session before, from the file of closes; an older one is not taken for it."""
        table = self._closes()
        close = None if table is None or previous is None else table.closes.get(previous.date)
        return Track() if close is None else Track.constant(close.price)

    def spots(self, session: TradingSession) -> Track[Seen | None] | None:
        prices = self._prices(session)
        return None if prices is None else prices.seen

    def bar_source(self, session: TradingSession, symbol: str) -> BarSource:
        prices = self._prices(session)
        return no_bars if prices is None else partial(_bars_of, symbol, prices.bars)

    def open_interest(
        self, underlying: Underlying, session: TradingSession, previous: TradingSession | None
    ) -> InterestTable | None:
        """The open interest of the table beside the recording; None without one."""
        if self.oi_file is None:
            return None
        return read_open_interest(
            self.oi_file, underlying, session, previous, day_first=self.day_first, opener=self.tables
        )  # fmt: skip

    def intakes(
        self, session: TradingSession, previous: TradingSession | None = None, underlying: Underlying | None = None
    ) -> dict[str, Intake]:  # fmt: skip
        """What became of the rows of each file beside the recording, by the file's name.

        That of open interest too, where the underlying whose it is is given.
        """
        interest = None if underlying is None else self.open_interest(underlying, session, previous)
        vix = self._vix(session) if self.vix is None else None
        tables = (
            (self.vix_file, vix), (self.closes_file, self._closes()), (self.price_file, self._prices(session)),
            (self.oi_file, interest),
        )  # fmt: skip
        return {path.name: table.intake for path, table in tables if path is not None and table is not None}

    def _vix(self, session: TradingSession) -> VixTable | None:
        file = self._file(self.vix_file, self.vix_column)
        return None if file is None else read_vix(file, session)

    def _closes(self) -> CloseTable | None:
        file = self._file(self.closes_file, self.closes_column)
        return None if file is None else read_closes(file)

    def _prices(self, session: TradingSession) -> PriceTable | None:
        file = self._file(self.price_file, self.price_column)
        return None if file is None else read_prices(file, session.date)

    def _file(self, path: Path | None, column: str | None) -> SideFile | None:
        return None if path is None else SideFile(path, column, self.day_first, self.tables)

    def content(self) -> tuple[Path | str, ...]:
        """What of these settings changes a replay, for its fingerprint: the content of files, not their names."""
        figures = f"{self.quote_age_steps} {self.vix} {self.settlement}"
        named = (self.closes_column, self.price_column, self.vix_column, self.day_first)
        if any(value is not None for value in named):  # left out while unset: a recording's fingerprint stays its own
            figures += " " + " ".join(map(str, named))
        vix_file = self.vix_file if self.vix is None else None
        files = (
            ("vix", vix_file), ("closes", self.closes_file), ("prices", self.price_file), ("interest", self.oi_file),
        )  # fmt: skip
        named_files = [(role, path) for role, path in files if path is not None]
        parts: list[Path | str] = [figures]
        for role, path in named_files:
            parts += [role, *source_files(path)]
        return tuple(parts)


def _bars_of(
    symbol: str, native: Sequence[Bar], underlying: str, seconds: int, start: dt.datetime, end: dt.datetime
) -> Sequence[Bar]:
    return bars_within(native, seconds, start, end) if underlying == symbol else ()


def session_words(session: TradingSession, previous: TradingSession | None) -> tuple[str, ...]:
    """The sessions a replay was asked for, for its fingerprint."""
    asked = (session,) if previous is None else (session, previous)
    return tuple(f"{each.date} {each.open.isoformat()} {each.close.isoformat()}" for each in asked)
