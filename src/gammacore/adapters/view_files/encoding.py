"""A picture of a day as JSON: money and prices to 2 places, greeks to 4, times with New York's offset. SC-903."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import attrs

from gammacore.domain.gex.pin import Pin
from gammacore.domain.gex.survey import GammaSurvey
from gammacore.domain.reports.gex_document import exposure_document, profile_points
from gammacore.domain.reports.now_view import HoldingNow, NowView
from gammacore.domain.reports.plain_values import plain
from gammacore.domain.stops.levels import Level
from gammacore.ports.people import Picture

FORMAT = 1
Document = dict[str, Any]
MOST_STRIKES = 240
"""Strikes nearest to the price that are published, so that the file stays below 64 kB."""


@attrs.frozen
class Whose:
    """What every picture of a run says of itself; `pace` is market seconds a second, None of a study at full speed."""

    version: str
    mode: str
    account: str
    pace: float | None


def now_document(picture: Picture, whose: Whose, at: dt.datetime, dropped: int) -> Document:
    """`now.json`. Rule: OP-503."""
    view, filters = picture.view, picture.view.filters
    return {
        "format": FORMAT,
        "version": whose.version,
        "at": at.isoformat(),
        "market_at": plain(view.at),
        "pace": whose.pace,
        "mode": whose.mode,
        "account": whose.account,
        "strategy": view.strategy,
        "underlying": view.underlying,
        "date": plain(view.date),
        "session": {"open": plain(view.session_open), "close": plain(view.session_close)},
        "cycle": {
            "n": picture.cycles,
            "p50": plain(picture.p50),
            "p99": plain(picture.p99),
            "next_at": plain(view.next_at),
        },
        "market": {
            "spot": plain(view.spot),
            "vix": plain(view.vix),
            "previous_close": plain(view.previous_close),
            "ages": {"spot": plain(view.spot_age), "vix": plain(view.vix_age)},
        },
        "holdings": plain(view.holdings),
        "greeks": plain(view.greeks),
        "orders": plain(view.orders),
        "day": plain(view.day),
        "balance": plain(view.balance),
        "exposure": None if picture.survey is None else exposure_now(picture.survey, picture.pin),
        "filters": {
            "at": plain(filters.at),
            "list": plain(filters.now),
            "asked_at": plain(filters.asked_at),
            "scheduled_at": plain(filters.scheduled_at),
            "scheduled": plain(filters.scheduled),
        },
        "volatility": {
            "value": plain(view.volatility),
            "source": view.volatility_source or None,
            "time": plain(view.at),
            "regime": view.regime or None,
        },
        "state": view.state or None,
        "losses_in_a_row": view.losses_in_a_row,
        "metrics": _metrics(picture),
        "alarms": plain(view.alarms),
        "next_action": plain(view.next_action),
        "reconciled": plain(picture.compared),
        "halted": view.halted,
        "quarantined": dict(view.quarantined),
        "dropped": dropped,
        "ledger_version": view.ledger_version,
    }


def line_document(picture: Picture) -> Document:
    """One line of the day's course. Rule: OP-502."""
    view = picture.view
    return {
        "at": plain(view.at),
        "fill": picture.filled,
        "price": plain(view.spot),
        "vix": plain(view.vix),
        **measured_document(picture.survey, picture.pin),
        "holdings": [
            {
                "id": one.id,
                "mark": plain(one.mark),
                "entry": plain(one.entry),
                "profit": plain(one.profit),
                "levels": {level.rule: plain(level.price) for level in one.levels if level.acts},
                "measured": {level.rule: _drawn_on(level, one) for level in one.levels if level.acts},
            }
            for one in view.holdings
        ],
        "day_pnl": plain(_day_pnl(view)),
        "limit": plain(view.day.limit),
        "version": view.ledger_version,
    }


def measured_document(survey: GammaSurvey | None, pin: Pin | None) -> Document:
    """What a line says of the exposure."""
    flips = None if survey is None else survey.flips
    walls = None if survey is None else survey.walls
    return {
        "net": None if survey is None else plain(survey.exposure.net_total),
        "unit": None if survey is None else survey.exposure.unit.value,
        "flips": [] if flips is None else [plain(root) for root in flips.roots],
        "flip": None if flips is None else plain(flips.flip),
        "call_wall": None if walls is None or walls.call is None else plain(walls.call.strike),
        "put_wall": None if walls is None or walls.put is None else plain(walls.put.strike),
        "pin": None if pin is None else plain(pin.strike),
    }


def _drawn_on(level: Level, one: HoldingNow) -> str:
    """Which figure of a line a level belongs to: the holding's `mark`, the underlying's `price`, or its `profit`."""
    if level.measured_on == "profit":
        return "profit"
    is_of_share = level.measured_on == "share"
    return "price" if is_of_share and any(leg.is_option for leg in one.legs) else "mark"


def _day_pnl(view: NowView) -> Decimal:
    return view.day.realised + (view.day.open or Decimal(0))


def exposure_now(survey: GammaSurvey, pin: Pin | None) -> Document:
    """The keys of gex.md with the profile, of the strikes nearest to the price."""
    document = exposure_document(survey, pin)
    spot, rows = float(survey.exposure.spot), document["by_strike"]
    assert isinstance(rows, list)
    nearest = sorted(rows, key=lambda row: abs(row["strike"] - spot))[:MOST_STRIKES]
    document["by_strike"] = sorted(nearest, key=lambda row: row["strike"])
    return {**plain(document), "profile": plain(profile_points(survey))}


def _metrics(picture: Picture) -> Document:
    """SC-908: what the house does not have is null, not zero."""
    hits = ("total_hits", "total_misses", "hit_rate", "quote_hit_rate", "option_hit_rate")
    requests, errors = picture.requests or (None, None)
    stats = picture.stats
    return {
        "cache_stats": {
            **dict.fromkeys(hits),
            "cache_sizes": dict.fromkeys(("quotes", "options", "snapshots", "bars")),
        },
        "connection_pool_stats": {
            "requests": requests,
            "rate_limited": None,
            "errors": errors,
            "pool_timeouts": None,
            "pools": dict.fromkeys(("stock_data", "option_data", "trading")),
        },
        "loop_stats": {
            "quotes_per_second": None if stats is None else plain(stats.quotes_per_second),
            "decision_ms_p50": plain(picture.p50 if stats is None else stats.decision_ms_p50),
            "decision_ms_p99": plain(picture.p99 if stats is None else stats.decision_ms_p99),
            "slots": {} if stats is None else plain(stats.slots),
        },
    }
