"""Amounts, times and parts as people read them on the screen."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

from gammacore.domain.dollars import dollars, signed_dollars
from gammacore.domain.reports.trade_figures import Drawdown, TradeFigures
from gammacore.domain.sessions import NEW_YORK


def hour(instant: dt.datetime) -> str:
    """New York wall clock, to the second only when there are seconds."""
    local = instant.astimezone(NEW_YORK)
    return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"


def date_hour(instant: dt.datetime) -> str:
    """New York date and wall clock, to the minute."""
    return f"{instant.astimezone(NEW_YORK):%Y-%m-%d %H:%M}"


def amount(value: Decimal) -> str:
    """A gain green, a loss red."""
    colour = "green" if value > 0 else "red" if value < 0 else "default"
    return f"[{colour}]{signed_dollars(value)}[/]"


def percent(part: Fraction | None) -> str:
    return "–" if part is None else f"{float(part):.1%}"


def factor(figures: TradeFigures) -> str:
    """Dollars won for each dollar lost; ∞ while nothing was lost."""
    if figures.profit_factor is None:
        return "∞" if figures.won else "–"
    return f"{float(figures.profit_factor):.2f}"


def fall_text(fall: Drawdown) -> str:
    return f"{dollars(fall.dollars)} ({float(fall.part):.1%})" if fall.dollars else "none"
