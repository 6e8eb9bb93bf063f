"""What a chain recording often lacks and other files have: price, VIX, closes; and the settings of a replay."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path

from attrs import field, frozen

from gammacore.adapters.recorded.bars import BarSource, bars_within, no_bars
from gammacore.adapters.recorded.price_tables import PriceTable, read_closes, read_prices, read_vix
from gammacore.adapters.recorded.tracks import Seen, Track
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
    prices in the recording. Rules: CS-014, CS-528.
    """

    quote_age_steps: float = parameter(2.0, "Oldest quote a decision may rest on, in recorded steps.", above=0)
    vix: Decimal | None = parameter(None, "VIX of the whole day, points.", above=0)
    vix_file: Path | None = field(default=None, converter=_path)
    settlement: Decimal | None = parameter(None, "Settlement price of the day, points.", above=0)
    closes_file: Path | None = field(default=None, converter=_path)
    price_file: Path | None = field(default=None, converter=_path)

    def vix_track(self, session: TradingSession) -> Track[Decimal | None]:
        if self.vix is not None:
            return Track.constant(self.vix)
        return Track() if self.vix_file is None else read_vix(self.vix_file, session)

    def prints(self, date: dt.date) -> dict[dt.date, SettlementPrint]:
        prints = {} if self.closes_file is None else read_closes(self.closes_file)
        if self.settlement is not None:
            prints[date] = SettlementPrint(self.settlement, False, "configured")
        return prints

    def previous_close(self, previous: TradingSession | None) -> Track[Decimal | None]:
        """The close of the session before, from the file of closes; an older one is not taken for it."""
        if previous is None or self.closes_file is None:
            return Track()
        close = read_closes(self.closes_file).get(previous.date)
        return Track() if close is None else Track.constant(close.price)

    def spots(self, session: TradingSession) -> Track[Seen | None] | None:
        prices = self._prices(session)
        return None if prices is None else prices.seen

    def bar_source(self, session: TradingSession, symbol: str) -> BarSource:
        prices = self._prices(session)
        return no_bars if prices is None else partial(_bars_of, symbol, prices.bars)

    def _prices(self, session: TradingSession) -> PriceTable | None:
        return None if self.price_file is None else read_prices(self.price_file, session.date)

    def content(self) -> tuple[Path | str, ...]:
        """What of these settings changes a replay, for its fingerprint: the content of files, not their names."""
        figures = f"{self.quote_age_steps} {self.vix} {self.settlement}"
        vix_file = self.vix_file if self.vix is None else None
        files = (("vix", vix_file), ("closes", self.closes_file), ("prices", self.price_file))
        return (figures, *(part for role, path in files if path is not None for part in (role, path)))


def _bars_of(
    symbol: str, native: Sequence[Bar], underlying: str, seconds: int, start: dt.datetime, end: dt.datetime
) -> Sequence[Bar]:
    return bars_within(native, seconds, start, end) if underlying == symbol else ()


def session_words(session: TradingSession, previous: TradingSession | None) -> tuple[str, ...]:
    """The sessions a replay was asked for, for its fingerprint."""
    asked = (session,) if previous is None else (session, previous)
    return tuple(f"{each.date} {each.open.isoformat()} {each.close.isoformat()}" for each in asked)
