"""Dealer gamma through a day or several: measured again and again over a recorded or simulated market."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from attrs import evolve, frozen

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.configuration import Configuration
from gammacore.domain.sessions import NEW_YORK, TradingSession, new_york_date
from gammacore.errors import ConfigurationError, InvalidInput, MissingData
from gammacore.wiring.exposures import ExposureTerms, ExposureView, SeenChain, instant_of, market_of_file, measured
from gammacore.wiring.looks import OpenLook, live_market, open_look
from gammacore.wiring.markets import naming_underlying, rows_left_out, trading_date

When = dt.date | dt.time | dt.datetime
MOST_LOOKS = 10_000


@frozen
class NotMeasured:
    """A time at which nothing could be measured, and why."""

    at: dt.datetime
    reason: str


@frozen(eq=False)
class ExposureCourse:
    """Exposures in order of time, and the times between them at which there was none.

    A chain that was measured already is not measured again: the next measurement is of the next chain.
    """

    underlying: str
    begin: dt.datetime
    end: dt.datetime
    every_seconds: int
    views: tuple[ExposureView, ...]
    missing: tuple[NotMeasured, ...]
    left_out: str = ""


def exposure_course(
    configuration: Configuration,
    chain_file: Path | None,
    terms: ExposureTerms,
    begin: When,
    end: When,
    every_seconds: int,
) -> ExposureCourse:
    """Exposure every so many seconds of every session between two dates, times of the market's day, or instants.

    Raises:
        ConfigurationError: a broker's market, or a file with one moment only.
        InvalidInput: the end before the beginning, or more than 10,000 looks.
        MissingData: nothing could be measured at all.
    """
    if chain_file is not None:
        if (of_file := market_of_file(configuration, chain_file)) is None:
            raise ConfigurationError(f"--from: {chain_file} shows one moment; leave --from and --to out")
        configuration = of_file
    if live_market(configuration) is not None:
        raise ConfigurationError("--from: a broker's market can be measured only as it is now; give --every alone")
    configuration = naming_underlying(configuration)
    first, last = _instant(configuration, begin, dt.time.min), _instant(configuration, end, dt.time.max)
    if last < first:
        raise InvalidInput("--to", f"{last.astimezone(NEW_YORK):%Y-%m-%d %H:%M}", "give an end after --from")
    views: list[ExposureView] = []
    missing: list[NotMeasured] = []
    left_out = ""
    looks = 0
    for session in NyseCalendar().sessions(new_york_date(first), new_york_date(last)):
        times = list(_times(session, first, last, every_seconds))
        looks += len(times)
        if looks > MOST_LOOKS:
            raise InvalidInput("--every", every_seconds, f"give more seconds: at most {MOST_LOOKS:,} looks are taken")
        try:
            look = _look_at(configuration, terms, session)
        except MissingData as gap:
            missing.append(NotMeasured(session.open, str(gap)))
            continue
        try:
            for one in _measured(configuration, look, terms, times):
                (views if isinstance(one, ExposureView) else missing).append(one)  # type: ignore[arg-type]
            left_out = left_out or rows_left_out(look.market)
        finally:
            look.close()
    if not views:
        why = missing[0].reason if missing else "the exchange was closed; give a range with a session"
        raise MissingData(f"--from, --to: nothing could be measured: {why}")
    underlying = views[0].survey.exposure.underlying
    return ExposureCourse(underlying, first, last, every_seconds, tuple(views), tuple(missing), left_out)


def _instant(configuration: Configuration, when: When, of_a_date: dt.time) -> dt.datetime:
    """A date counts from midnight, or to the next one; a time of day is of the market's date."""
    if isinstance(when, dt.datetime):
        return instant_of(when, when.date())
    if isinstance(when, dt.time):
        return instant_of(when, trading_date(configuration.settings))
    return instant_of(of_a_date, when)


def _times(
    session: TradingSession, first: dt.datetime, last: dt.datetime, every_seconds: int
) -> Iterator[dt.datetime]:  # fmt: skip
    """From the open, or the first instant in it, to before the close, when nothing of the day is left to measure."""
    at, end = max(session.open, first), min(session.close - dt.timedelta(seconds=1), last)
    while at <= end:
        yield at
        at += dt.timedelta(seconds=every_seconds)


def _look_at(configuration: Configuration, terms: ExposureTerms, session: TradingSession) -> OpenLook:
    settings = configuration.settings
    dated = evolve(settings, market=evolve(settings.market, date=session.date))
    return open_look(evolve(configuration, settings=dated), expiries=terms.scope)


def _measured(
    configuration: Configuration, look: OpenLook, terms: ExposureTerms, times: list[dt.datetime]
) -> Iterator[ExposureView | NotMeasured]:  # fmt: skip
    last: dt.datetime | None = None
    for at in times:
        snapshot = look.market.snapshot(at)
        chain, price = snapshot.chain, snapshot.spot
        if chain is None or price is None:
            yield NotMeasured(at, "no chain" if chain is None else "no price of the underlying")
            continue
        if chain.as_of == last:
            continue
        last = chain.as_of
        try:
            yield measured(configuration, SeenChain(chain, price), price, terms)
        except MissingData as gap:
            yield NotMeasured(at, str(gap))
