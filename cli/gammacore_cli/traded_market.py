"""The market a finished day was traded on, opened again for its pictures: the whole path and the exposure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from gammacore.errors import GammacoreError

if TYPE_CHECKING:
    from gammacore.configuration import Settings
    from gammacore.domain.gex.survey import GammaSurvey
    from gammacore.domain.reports.day_report import DayReport
    from gammacore.ports.market_data import MarketData

FINEST = dt.timedelta(seconds=60)
"""The picture needs no more than a price a minute."""

_SIMULATED = re.compile(r"simulated \(seed (\d+), every (\d+) s\)")


@frozen(eq=False)
class TradedMarket:
    """Prices over the day, and the dealer gamma at the last judgement; both may be missing, then `missing` says why."""

    prices: tuple[tuple[dt.datetime, Decimal], ...] = ()
    survey: GammaSurvey | None = None
    missing: str = ""


def traded_market(
    settings: Settings, report: DayReport, course: Sequence[Mapping[str, Any]] = ()
) -> TradedMarket:  # fmt: skip
    """What the market of this day showed; where it cannot be opened again, what a loop published of it (`course`).

    It is believed only when it shows, at every judgement, the price that the ledger recorded there. Rule: OP-107.
    """
    found = _opened(settings, report)
    if found.prices or not course:
        return found
    prices = [
        (dt.datetime.fromisoformat(line["at"]), Decimal(str(line["price"])))
        for line in course
        if line.get("price") is not None
    ]
    return evolve(found, prices=tuple(prices))


def _opened(settings: Settings, report: DayReport) -> TradedMarket:
    from gammacore import wiring
    from gammacore.adapters.calendars.nyse import NyseCalendar

    settings = _as_traded(settings, report)
    calendar = NyseCalendar()
    try:
        underlying = settings.underlying(report.underlying)
        session = wiring.open_session(calendar, report.date)
        for quotes in (settings.market.share_quotes, True):  # the scalping desks trade by quotes of the share
            as_quoted = evolve(settings, market=evolve(settings.market, share_quotes=quotes))
            market = wiring.open_market(as_quoted, underlying, session, calendar)
            if market.label == report.market and _shows_what_was_recorded(market, report):
                return TradedMarket(_path(market, report), _survey(settings, market, report))
        return TradedMarket(missing=f"market {report.market} is not at hand; see --market")
    except GammacoreError as refusal:  # a picture less, never a report less
        return TradedMarket(missing=f"market {report.market} is not at hand: {refusal}")


def _as_traded(settings: Settings, report: DayReport) -> Settings:
    """The settings with the day, the underlying and, simulated, the seed and step of this report."""
    market = evolve(settings.market, date=report.date, underlying=report.underlying)
    if (simulated := _SIMULATED.fullmatch(report.market)) is not None:
        seed, step = map(int, simulated.groups())
        market = evolve(market, source="simulated", seed=seed, step_seconds=step)
    return evolve(settings, market=market)


def _shows_what_was_recorded(market: MarketData, report: DayReport) -> bool:
    recorded = [(entry.at, entry.record.price) for entry in report.scheduled if entry.record.price is not None]
    seen = ((market.snapshot(at), price) for at, price in recorded)
    return all(price in (one.spot, None if one.share is None else one.share.mid) for one, price in seen)


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
