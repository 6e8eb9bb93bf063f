"""Days checked for looks into the future: each is traded again on altered copies of its market. Rules: ST-601..603."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np

from gammacore.adapters.altered_market import AlteredMarket
from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.codec.records import encode
from gammacore.application.study.look_ahead import DayChecked, LookAheadCheck, check_day
from gammacore.configuration import Configuration
from gammacore.domain.sessions import TradingSession
from gammacore.domain.strategy import Strategy
from gammacore.domain.study.look_ahead import Alteration, Recorded
from gammacore.errors import ConfigurationError, InvalidInput, MissingData
from gammacore.ports.market_data import MarketData
from gammacore.ports.people import EntryAdvisor, ExitAdvisor
from gammacore.wiring.looks import live_market
from gammacore.wiring.markets import open_session
from gammacore.wiring.pin_study import sessions_between
from gammacore.wiring.studies import StudiedDay, study_day

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

    t is every instant of an event and `draws` drawn ones; a day with `most` differences is left.
    `strategy` and the advisors stand in for the configured ones;
    `wrap_market` may put a reader of your own between market and day, which then is checked too. Rules: ST-601, ST-602.

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
    calendar = NyseCalendar()
    generator = np.random.Generator(np.random.PCG64(draw_seed))
    days: list[DayChecked] = []
    failed: dict[dt.date, str] = {}
    missing: list[dt.date] = []
    for date in sessions_between(first, last):
        on_day(date)
        session = open_session(calendar, date)
        length = int((session.close - session.open).total_seconds())
        drawn = [session.open + dt.timedelta(seconds=int(one)) for one in generator.integers(0, length, draws)]

        def traded(alteration: Alteration | None, session: TradingSession = session) -> StudiedDay:
            def altered(market: MarketData) -> MarketData:
                return wrap_market(market if alteration is None else AlteredMarket(market, session, alteration))

            def far_enough(now: dt.datetime) -> None:
                if alteration is not None and now > alteration.after:
                    raise _FarEnough

            return study_day(
                configuration, session.date, strategy=strategy, advisor=advisor, entry_advisor=entry_advisor,
                wrap_market=altered, on_cycle=far_enough,
            )  # fmt: skip

        whole = traded(None)
        if whole.error is not None:
            if not whole.events and not whole.market:
                missing.append(date)
            else:
                failed[date] = whole.error
            continue

        def run(alteration: Alteration | None, whole: StudiedDay = whole) -> list[Recorded]:
            day = whole if alteration is None else traded(alteration)
            return [Recorded(event.at, encode(event)) for event in day.events]

        days.append(check_day(date, run, drawn, most=most))
    if not days and not failed:
        raise MissingData(f"none of the {len(missing)} sessions {first} to {last} has data")
    return LookAheadCheck(tuple(days), tuple(missing), failed)
