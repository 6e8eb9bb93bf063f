"""The market a finished day was traded on, opened again for its pictures: the whole path and the exposure."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from gammacore.errors import GammacoreError

if TYPE_CHECKING:
    from gammacore.configuration import Settings
    from gammacore.domain.gex.survey import GammaSurvey
    from gammacore.domain.reports.day_report import DayReport
    from gammacore.ports.market_data import MarketData

FINEST = dt.timedelta(seconds=60)
"""The picture needs no more than a price a minute."""

HALF_A_TICK = Decimal("0.005")
"""A scalping desk records the middle of the share's quote, which may lie between two cents."""

_SIMULATED = re.compile(r"simulated \(seed (\d+), every (\d+) s\)")


@frozen(eq=False)
class TradedMarket:
    """Prices over the day, and the dealer gamma at the last judgement; both may be missing."""

    prices: tuple[tuple[dt.datetime, Decimal], ...] = ()
    survey: GammaSurvey | None = None


def traded_market(settings: Settings, report: DayReport) -> TradedMarket:
    """What the market of this day showed; nothing where it cannot be opened again.

    It is believed only when it shows, at every judgement, the price that the ledger recorded there.
    """
    from gammacore import wiring
    from gammacore.adapters.calendars.nyse import NyseCalendar

    settings = _as_traded(settings, report)
    calendar = NyseCalendar()
    try:
        underlying = settings.underlying(report.underlying)
        session = wiring.open_session(calendar, report.date)
        market = wiring.open_market(settings, underlying, session, calendar)
        if market.label != report.market or not _shows_what_was_recorded(market, report):
            return TradedMarket()
        return TradedMarket(_path(market, report), _survey(settings, market, report))
    except GammacoreError:
        return TradedMarket()  # a picture less, never a report less


def _as_traded(settings: Settings, report: DayReport) -> Settings:
    """The settings with the day, the underlying and, simulated, the seed and step of this report."""
    market = evolve(settings.market, date=report.date, underlying=report.underlying)
    if (simulated := _SIMULATED.fullmatch(report.market)) is not None:
        seed, step = map(int, simulated.groups())
        market = evolve(market, source="simulated", seed=seed, step_seconds=step)
    return evolve(settings, market=market)


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
