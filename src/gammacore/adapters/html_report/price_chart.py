"""The day's price with each trade on it: its strikes from entry to exit, where it went in and where it came out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import field, frozen

from gammacore.adapters.html_report.canvas import PAGE, ROLES, blank, inline_svg
from gammacore.domain.dollars import signed_dollars
from gammacore.domain.instruments import Right
from gammacore.domain.reports.day_report import DayReport
from gammacore.domain.reports.figures import Tone
from gammacore.domain.reports.trades import Sold, Trade
from gammacore.domain.sessions import NEW_YORK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Prices = Sequence[tuple[dt.datetime, Decimal]]
"""The underlying's price over the day: (time, points), oldest first."""

LABEL_HOURS, ROW = 0.9, 11
"""Hours of the day that the label of a strike is long, and points that it is high."""

HOLD = dt.timedelta(minutes=5)
"""How long the last price seen stands for those after it."""


def known_prices(report: DayReport) -> list[tuple[dt.datetime, Decimal]]:
    """The underlying's prices the ledger itself holds: at judgements, entries and settlement."""
    points = {entry.at: entry.record.price for entry in report.scheduled if entry.record.price is not None}
    points |= {trade.opened: trade.sold.plan.price for trade in report.spreads if trade.sold is not None}
    points |= {end.at: end.settlement_price for end in report.ends if end.settlement_price is not None}
    return sorted(points.items())


def price_chart(report: DayReport, prices: Prices) -> str:
    """The picture as inline SVG."""
    title = f"{report.underlying} on {report.date} with the strikes, entries and exits of each trade"
    return inline_svg(price_figure(report, prices), "price", title)


def price_figure(report: DayReport, prices: Prices = ()) -> Figure:
    """The picture; without prices a dashed line joins those the ledger holds."""
    figure, axes = blank(10.6, 4.8)
    opening, closing = report.session_open, report.session_close
    path = [(when, price) for when, price in (prices or known_prices(report)) if opening <= when <= closing]
    labels = _Rows()
    for number, trade in enumerate(report.trades, 1):
        if trade.sold is not None:
            _draw_trade(axes, report, number, trade, trade.sold, path, labels)
        else:
            _draw_bought(axes, report, number, trade, path)
    if path:
        sparse: dict[str, Any] = {"linestyle": (0, (3, 3)), "marker": "o", "markersize": 2.5}
        hours = [hours_into(report, when) for when, _ in path]
        axes.plot(
            hours, [float(price) for _, price in path], color=PAGE.ink, linewidth=1.3, zorder=4,
            **({} if prices else sparse),
        )  # fmt: skip
    _draw_pins(axes, report)
    label_hours(axes, report, every=1.0)
    axes.margins(y=0.1)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value == round(value) else f"{value:,.1f}")
    return figure


def label_hours(axes: Axes, report: DayReport, *, every: float) -> None:
    """New York's clock below, from the open to the close."""
    length = hours_into(report, report.session_close)
    ticks = np.arange(0.5, length + 1e-9, every)
    clock = [(report.session_open + dt.timedelta(hours=float(tick))).astimezone(NEW_YORK) for tick in ticks]
    axes.set_xticks(ticks, [f"{time:%H:%M}" for time in clock])
    axes.set_xlim(0, length)


def hours_into(report: DayReport, when: dt.datetime) -> float:
    """Hours since the open."""
    return (when - report.session_open).total_seconds() / 3600


@frozen
class _Rows:
    """Where strikes are written, so that those of a second trade nearby stand beyond those of the first."""

    written: list[tuple[float, float]] = field(factory=list)

    def beyond(self, hours: float, strike: float, width: float) -> int:
        """How many labels already stand where one would begin."""
        here = [at for at in self.written if hours - at[0] < LABEL_HOURS and abs(strike - at[1]) < width / 2]
        self.written.append((hours, strike))
        return len(here)


def _draw_trade(
    axes: Axes, report: DayReport, number: int, trade: Trade, sold: Sold, path: Prices, labels: _Rows
) -> None:  # fmt: skip
    start = max(hours_into(report, trade.opened), 0.0)
    ended = report.session_close if trade.end is None else min(trade.end.at, report.session_close)
    end = hours_into(report, ended)
    for side in sold.plan.spread.sides:
        short, long = float(side.short.strike), float(side.long.strike)
        calls = side.right is Right.CALL
        colour = PAGE.call if calls else PAGE.put
        axes.fill_between([start, end], short, long, color=colour, alpha=0.16, linewidth=0)
        axes.plot([start, end], [short, short], color=colour, linewidth=1.8, solid_capstyle="butt")
        axes.plot([start, end], [long, long], color=colour, linewidth=0.8, solid_capstyle="butt")
        off = 3 + ROW * labels.beyond(start, long, abs(short - long))
        axes.annotate(
            f"{number}  {side.short.strike}/{side.long.strike} {'calls' if calls else 'puts'}",
            (start, long), xytext=(1, off if calls else -off), textcoords="offset points",
            va="bottom" if calls else "top", color=colour, fontsize=8.5,
        )  # fmt: skip
    _mark(axes, start, float(sold.plan.price), "v", PAGE.ink, str(number), above=True)
    if trade.end is not None:
        price = _price_at(path, ended) or float(sold.plan.spread.sides[0].short.strike)
        colour = getattr(PAGE, ROLES[Tone.of(trade.end.gross)] or "muted")
        _mark(axes, end, price, "s", colour, f"{number}  {signed_dollars(trade.end.gross)}", above=False)


def _draw_bought(axes: Axes, report: DayReport, number: int, trade: Trade, path: Prices) -> None:
    """Entry and exit of shares or bought options, at the price of the underlying; none where that is not known."""
    terms = trade.holding.terms
    paid = None if terms is None or terms.price is None else float(terms.price)
    if trade.opened >= report.session_open and (at := _price_at(path, trade.opened) or paid) is not None:
        _mark(axes, hours_into(report, trade.opened), at, "v", PAGE.ink, str(number), above=True)
    if trade.end is None or trade.end.at > report.session_close:
        return
    if (at := _price_at(path, trade.end.at)) is not None:
        colour = getattr(PAGE, ROLES[Tone.of(trade.end.gross)] or "muted")
        label = f"{number}  {signed_dollars(trade.end.gross)}"
        _mark(axes, hours_into(report, trade.end.at), at, "s", colour, label, above=False)


def _mark(axes: Axes, hours: float, price: float, shape: str, colour: str, label: str, *, above: bool) -> None:
    axes.plot([hours], [price], shape, color=colour, markersize=8, markeredgecolor=PAGE.card, zorder=6)
    axes.annotate(
        label, (hours, price), xytext=(0, 10 if above else -10), textcoords="offset points", ha="center",
        va="bottom" if above else "top", color=colour, fontsize=8.5, fontweight="bold", zorder=7,
        bbox={"boxstyle": "round,pad=0.05", "facecolor": PAGE.card, "edgecolor": "none", "alpha": 0.7},
    )  # fmt: skip


def _draw_pins(axes: Axes, report: DayReport) -> None:
    pins = [(hours_into(report, entry.at), float(entry.record.pin)) for entry in report.scheduled if entry.record.pin]
    if not pins:
        return
    axes.plot(*zip(*pins, strict=True), "D", color=PAGE.pin, markersize=5, markeredgecolor=PAGE.card, zorder=5)
    axes.annotate("pin", pins[0], xytext=(-7, 0), textcoords="offset points", ha="right", va="center",
                  color=PAGE.pin, fontsize=8.5)  # fmt: skip


def _price_at(path: Prices, when: dt.datetime) -> float | None:
    """The price at an instant, straight between its neighbours; None where none was seen before or after."""
    if not path or not path[0][0] <= when <= path[-1][0] + HOLD:
        return None
    stamps = [at.timestamp() for at, _ in path]
    return float(np.interp(when.timestamp(), stamps, [float(price) for _, price in path]))
