"""The market a finished day was traded on, opened again for its pictures: the whole path and the exposure. OP-107."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

from attrs import frozen

from gammacore.errors import GammacoreError

if TYPE_CHECKING:
    from gammacore.adapters.html_report.exposure_course_plot import Moment
    from gammacore.configuration import Configuration, Settings
    from gammacore.domain.gex.survey import GammaSurvey
    from gammacore.domain.reports.day_report import DayReport
    from gammacore.ports.market_data import MarketData
    from gammacore.wiring import LedgerPlace
    from gammacore.wiring.market_notes import NotedMarket

FINEST = dt.timedelta(seconds=60)
"""The picture needs no more than a price a minute."""

HALF_A_TICK = Decimal("0.005")
"""A scalping desk records the middle of the share's quote, which may lie between two cents."""


@frozen(eq=False)
class TradedMarket:
    """Prices over the day, the dealer gamma at the last judgement, and its course; all may be missing.

    `missing` names what was looked for and is not there, "" where nothing lacks.
    """

    prices: tuple[tuple[dt.datetime, Decimal], ...] = ()
    survey: GammaSurvey | None = None
    course: tuple[Moment, ...] = ()
    missing: str = ""


def traded_market(configuration: Configuration, ledger: LedgerPlace, report: DayReport) -> TradedMarket:
    """What the market of this day showed: what the loop published of it, and the market itself, opened again.

    That is believed only when it shows, at every judgement, the price that the ledger recorded there.
    """
    from gammacore import wiring
    from gammacore.adapters.calendars.nyse import NyseCalendar
    from gammacore.adapters.html_report.exposure_course_plot import published_moments
    from gammacore.adapters.view_files.reading import read_day

    beside, calendar = wiring.local_path(configuration.settings, ledger), NyseCalendar()
    lines = read_day(wiring.view_of(configuration.settings, ledger), report.date)
    published = tuple(
        (dt.datetime.fromisoformat(one["at"]), Decimal(str(one["price"]))) for one in lines if one["price"]
    )
    noted = wiring.noted_market(beside, report.date)
    for named, meant in wiring.places_of(configuration, beside, noted):
        settings = _as_traded(named, report).settings
        try:
            underlying = settings.underlying(report.underlying)
            session = wiring.open_session(calendar, report.date)
            market = wiring.open_market(settings, underlying, session, calendar, meant.expiries)
            is_it = meant.content in ("", market.fingerprint()) and market.label == report.market
            if is_it and _shows_what_was_recorded(market, report):
                return TradedMarket(published or _path(market, report), _survey(settings, market, report))
        except GammacoreError:
            continue  # a picture less, never a report less
    course = published_moments(lines, configuration.settings.gex.sign)
    return TradedMarket(published, course=course, missing="" if course else _lacks(report, noted))


def _lacks(report: DayReport, noted: NotedMarket | None) -> str:
    if noted is None or noted.path is None:
        return f"{report.market} is not at hand; name it by --market"
    why = "holds something else than was traded" if noted.path.exists() else "is not there"
    return f"{noted.path} {why}; name it by --market, or put it beside the ledger"


def _as_traded(configuration: Configuration, report: DayReport) -> Configuration:
    """The configuration with the day, the underlying and, simulated, the seed and step of this report."""
    from gammacore import wiring
    from gammacore.configuration import Sourced

    day = {"market.underlying": Sourced(report.underlying, "ledger"), "market.date": Sourced(report.date, "ledger")}
    found = wiring.as_simulated(report.market, "ledger")
    return configuration.changed(
        {**day, **found, **({"market.source": Sourced("simulated", "ledger")} if found else {})}
    )


def _shows_what_was_recorded(market: MarketData, report: DayReport) -> bool:
    recorded = [(entry.at, entry.record.price) for entry in report.scheduled if entry.record.price is not None]
    seen = ((market.snapshot(at).spot, price) for at, price in recorded)
    return all(spot is not None and abs(spot - price) <= HALF_A_TICK for spot, price in seen)


def _path(market: MarketData, report: DayReport) -> tuple[tuple[dt.datetime, Decimal], ...]:
    path = []
    now = report.session_open
    while now < report.session_close:
        if (spot := market.snapshot(now).spot) is not None:
            path.append((now, spot))
        now = max(market.next_at(now), now + FINEST)
    return tuple(path)


def _survey(settings: Settings, market: MarketData, report: DayReport) -> GammaSurvey | None:
    """Dealer gamma of the day's contracts at the last judgement that had a pin, as the desk measured it."""
    from gammacore.domain.gex.survey import survey_gamma
    from gammacore.domain.gex.units import TODAY

    judged = next((entry.at for entry in reversed(report.scheduled) if entry.record.pin is not None), None)
    if judged is None:
        return None
    snapshot, underlying = market.snapshot(judged), settings.underlying(report.underlying)
    if snapshot.chain is None or snapshot.spot is None:
        return None
    return survey_gamma(
        snapshot.chain.expiring(report.date, (underlying.option_root,)),
        underlying.round_price(snapshot.spot),
        sign=settings.gex.sign,
        scope=TODAY,
        greeks=settings.gex.greeks,
        rates=settings.gex.rates,
        settles_at=lambda _expiry, _when: report.session_close,
        multiplier=underlying.multiplier,
    )
