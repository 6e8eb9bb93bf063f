"""Days checked for looks into the future: each is traded again on altered copies of its market. Rules: ST-601..603."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from attrs import define, evolve

from gammacore.adapters.altered_market import AlteredMarket
from gammacore.adapters.altered_tables import altered_daily_table
from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.codec.records import encode
from gammacore.application.study.look_ahead import DayChecked, LookAheadCheck, RunDay, check_day
from gammacore.configuration import Configuration
from gammacore.domain.sessions import TradingSession
from gammacore.domain.strategy import Strategy
from gammacore.domain.study.look_ahead import Alteration, MarketInput, Recorded
from gammacore.errors import ConfigurationError, InvalidInput, MissingData
from gammacore.ports.market_data import MarketData
from gammacore.ports.people import EntryAdvisor, ExitAdvisor
from gammacore.wiring.looks import live_market, open_look
from gammacore.wiring.markets import open_session
from gammacore.wiring.strategies import naming_its_underlying
from gammacore.wiring.study.days import StudiedDay, on_date, study_day
from gammacore.wiring.study.pins import sessions_between

DRAWN = 20
"""Instants drawn for each day, besides those of its events (ours)."""


class _FarEnough(Exception):
    """The day has been traded up to the altered instant; what comes after is not compared."""


def check_lookahead(
    configuration: Configuration,
    first: dt.date,
    last: dt.date,
    *,
    draws: int = DRAWN,
    draw_seed: int = 1,
    most: int = 3,
    strategy: Strategy | None = None,
    advisor: ExitAdvisor | None = None,
    entry_advisor: EntryAdvisor | None = None,
    wrap_market: Callable[[MarketData], MarketData] = lambda market: market,
    on_day: Callable[[dt.date], None] = lambda _date: None,
) -> LookAheadCheck:
    """Trade each session `first`..`last` again on copies whose rows after t are altered; compare what was decided by t.

    t is every instant of an event and `draws` drawn ones; a day with `most` differences is left. `strategy` and the
    advisors stand in for the configured ones; `wrap_market` may put a reader of your own between market and day, which
    then is checked too. Rules: ST-601, ST-602.

    Raises:
        ConfigurationError: first after last, no session between them, or a market that is a broker's.
        MissingData: none of the sessions has data.

    >>> from gammacore.configuration import configure
    >>> day = dt.date(2026, 3, 3)
    >>> check_lookahead(configure([{"market.step_seconds": 1800}]), day, day, draws=1).differences
    ()
    """
    if live_market(configuration) is not None:
        raise ConfigurationError(
            "lookahead: a broker's market shows only this moment; name a recorded or simulated one"
        )
    if draws < 0:
        raise InvalidInput("draws", draws, "give 0 or more")
    if strategy is None:
        naming_its_underlying(configuration)  # a strategy that cannot be loaded is said once, before the first day
    calendar = NyseCalendar()
    generator = np.random.Generator(np.random.PCG64(draw_seed))
    days: list[DayChecked] = []
    failed: dict[dt.date, str] = {}
    missing: list[dt.date] = []
    why_missing = ""
    check = _CheckedDays(configuration, strategy, advisor, entry_advisor, wrap_market)
    for date in sessions_between(first, last):
        on_day(date)
        session = open_session(calendar, date)
        length = int((session.close - session.open).total_seconds())
        drawn = [session.open + dt.timedelta(seconds=int(one)) for one in generator.integers(0, length, draws)]
        try:
            open_look(on_date(configuration, date)).close()
        except MissingData as gap:
            missing.append(date)
            why_missing = why_missing or str(gap)
            continue
        with TemporaryDirectory() as folder:
            whole = check.traded(session, None, Path(folder))
            if whole.error is not None:
                failed[date] = whole.error
            else:
                days.append(check_day(date, check.runner(session, whole, Path(folder)), drawn, most=most))
    if not days and not failed:
        raise MissingData(f"none of the {len(missing)} sessions {first} to {last} has data; first: {why_missing}")
    return LookAheadCheck(tuple(days), tuple(missing), failed)


@define(eq=False)
class _CheckedDays:
    """Trades days as they are, and on altered copies of their market and of the daily tables beside it."""

    configuration: Configuration
    strategy: Strategy | None
    advisor: ExitAdvisor | None
    entry_advisor: EntryAdvisor | None
    wrap_market: Callable[[MarketData], MarketData]
    _original: MarketData | None = None

    def runner(self, session: TradingSession, whole: StudiedDay, folder: Path) -> RunDay:
        """Trades the day as far as it is compared, and gives its events byte for byte."""

        def run(alteration: Alteration | None) -> list[Recorded]:
            day = whole if alteration is None else self.traded(session, alteration, folder)
            return [Recorded(event.at, encode(event)) for event in day.events]

        return run

    def traded(self, session: TradingSession, alteration: Alteration | None, folder: Path) -> StudiedDay:
        """The day, up to the first look after the altered instant."""

        def wrapped(market: MarketData) -> MarketData:
            if alteration is None:
                self._original = market
                return self.wrap_market(market)
            beneath = market
            if configuration is self.configuration and self._original is not None:
                beneath = self._original  # from the same tables, and what it has read is kept
            return self.wrap_market(AlteredMarket(beneath, session, alteration, self._original))

        def far_enough(now: dt.datetime) -> None:
            if alteration is not None and now > alteration.after:
                raise _FarEnough

        configuration = self.configuration
        if alteration is not None:
            configuration = _with_altered_tables(configuration, session, alteration, folder)
        return study_day(
            configuration, session.date, strategy=self.strategy, advisor=self.advisor,
            entry_advisor=self.entry_advisor, wrap_market=wrapped, on_cycle=far_enough,
        )  # fmt: skip


def _with_altered_tables(
    configuration: Configuration, session: TradingSession, alteration: Alteration, folder: Path
) -> Configuration:
    """The configuration with copies of its daily tables in which only what was known at the instant is as it was."""
    market = configuration.settings.market
    if market.vix_file is None and market.closes_file is None:
        return configuration
    place = folder / f"{alteration.change}-{alteration.after >= session.open}-{alteration.after >= session.close}"
    if MarketInput.VIX in alteration.inputs and market.vix_file is not None:
        market = evolve(market, vix_file=altered_daily_table(market.vix_file, place, session, alteration))
    if MarketInput.CLOSES in alteration.inputs and market.closes_file is not None:
        market = evolve(market, closes_file=altered_daily_table(market.closes_file, place, session, alteration))
    return evolve(configuration, settings=evolve(configuration.settings, market=market))
