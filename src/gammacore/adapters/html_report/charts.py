"""The pictures of the page, as inline SVG in the page's own colours, light or dark."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from gammacore.domain.day_report import DayReport
from gammacore.domain.dollars import dollars, signed_dollars
from gammacore.domain.gex.exposure import GammaExposure
from gammacore.domain.instruments import Right
from gammacore.domain.sessions import NEW_YORK
from gammacore.domain.trade_record import TradeLine, TradeResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Prices = Sequence[tuple[dt.datetime, Decimal]]

# matplotlib knows no CSS: each colour of the page is drawn as a hue nobody uses and named afterwards.
INK, MUTED, LINE, WIN, LOSS, ACCENT, CALL, PUT, PIN, CARD = (f"#0101{n:02x}" for n in range(10))
NAMES = {INK: "ink", MUTED: "muted", LINE: "line", WIN: "win", LOSS: "loss", ACCENT: "accent", CALL: "call",
         PUT: "put", PIN: "pin", CARD: "card"}  # fmt: skip
RESULTS = {TradeResult.WIN: WIN, TradeResult.LOSS: LOSS, TradeResult.BREAK_EVEN: MUTED, TradeResult.OPEN: MUTED}

EXPOSURE_REACH = 0.02
"""The exposure profile shows strikes this near to spot, part of it."""


def known_prices(report: DayReport) -> list[tuple[dt.datetime, Decimal]]:
    """The underlying's prices the ledger itself holds: at judgements, entries and settlement."""
    points = {entry.at: entry.record.price for entry in report.scheduled if entry.record.price is not None}
    points |= {trade.opened: trade.plan.price for trade in report.trades}
    points |= {
        trade.exit.at: trade.exit.settlement_price
        for trade in report.trades
        if trade.exit is not None and trade.exit.settlement_price is not None
    }
    return sorted(points.items())


def price_chart(report: DayReport, prices: Prices) -> str:
    """The day's price with each trade's strikes from its entry to its exit, and the pins it was judged by."""
    figure, axes = _canvas(10.6, 4.6)
    opening, closing = report.session_open, report.session_close
    path = [(when, price) for when, price in (prices or known_prices(report)) if opening <= when <= closing]
    for number, trade in enumerate(report.trades, 1):
        _draw_trade(axes, report, number, trade, path)
    if path:
        sparse = not prices
        style: dict[str, Any] = {"linestyle": (0, (3, 3)), "marker": "o", "markersize": 2.5} if sparse else {}
        hours = [_hours(report, when) for when, _ in path]
        axes.plot(hours, [float(price) for _, price in path], color=INK, linewidth=1.3, zorder=4, **style)
    _draw_pins(axes, report)
    length = _hours(report, closing)
    axes.set_xlim(0, length)
    ticks = np.arange(0.5, length + 1e-9, 1.0)
    axes.set_xticks(ticks, [_clock(opening + dt.timedelta(hours=float(tick))) for tick in ticks])
    axes.margins(y=0.1)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value == round(value) else f"{value:,.1f}")
    return _svg(
        figure, "price", f"{report.underlying} on {report.date} with the strikes, entries and exits of each trade"
    )


def equity_chart(report: DayReport) -> str:
    """The balance after every close."""
    figure, axes = _canvas(5.6, 3.0)
    curve = report.equity
    hours = [max(_hours(report, when), 0.0) for when, _ in curve]
    length = _hours(report, report.session_close)
    balances = [float(balance) for _, balance in curve]
    colour = WIN if report.net >= 0 else LOSS
    hours.append(max(length, hours[-1]))
    balances.append(balances[-1])
    axes.axhline(balances[0], color=MUTED, linewidth=0.8, linestyle=(0, (2, 3)))
    axes.step(hours, balances, where="post", color=colour, linewidth=1.8)
    axes.fill_between(hours, balances, balances[0], step="post", color=colour, alpha=0.12, linewidth=0)
    axes.plot(hours[1:-1], balances[1:-1], "o", color=colour, markersize=4)
    ticks = np.arange(0.5, length + 1e-9, 2.0)
    axes.set_xticks(ticks, [_clock(report.session_open + dt.timedelta(hours=float(tick))) for tick in ticks])
    axes.set_xlim(0, max(length, hours[-1]))
    if len(set(balances)) == 1:
        axes.set_ylim(balances[0] - 100, balances[0] + 100)
    axes.margins(y=0.15)
    axes.yaxis.set_major_formatter(lambda value, _: f"${value:,.0f}")
    return _svg(figure, "equity", f"Balance from {dollars(report.starting_balance)} to {dollars(report.balance)}")


def exposure_chart(exposure: GammaExposure, pin: Decimal | None, flip: float | None) -> str:
    """Net exposure by strike around the spot, with spot, pin and flip marked."""
    figure, axes = _canvas(5.6, 3.0)
    spot = float(exposure.spot)
    near = np.abs(exposure.strikes - spot) <= EXPOSURE_REACH * spot
    strikes, net = exposure.strikes[near], exposure.net[near]
    width = 0.8 * float(np.diff(strikes).min()) if len(strikes) > 1 else 1.0
    axes.bar(strikes, net, width=width, color=[CALL if one > 0 else PUT for one in net], alpha=0.85, linewidth=0)
    axes.axhline(0, color=MUTED, linewidth=0.8)
    marks = [("spot", spot, INK), ("pin", None if pin is None else float(pin), PIN), ("flip", flip, ACCENT)]
    shown = [(name, level, colour) for name, level, colour in marks if level is not None and _is_near(level, spot)]
    for row, (name, level, colour) in enumerate(sorted(shown, key=lambda mark: mark[1])):
        axes.axvline(level, color=colour, linewidth=1.2, linestyle=(0, (4, 2)))
        axes.annotate(
            f"{name} {level:,.0f}", (level, 1.0), xycoords=("data", "axes fraction"), xytext=(4, -9 - 12 * row),
            textcoords="offset points", color=colour, fontsize=8.5,
        )  # fmt: skip
    axes.yaxis.set_major_formatter(lambda value, _: _short_number(value))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.margins(y=0.25)
    return _svg(figure, "exposure", f"Net gamma exposure by strike, {exposure.unit.label}")


def _draw_trade(axes: Axes, report: DayReport, number: int, trade: TradeLine, path: Prices) -> None:
    start = max(_hours(report, trade.opened), 0.0)
    ended = report.session_close if trade.exit is None else min(trade.exit.at, report.session_close)
    end = _hours(report, ended)
    for side in trade.plan.spread.sides:
        short, long = float(side.short.strike), float(side.long.strike)
        colour = CALL if side.right is Right.CALL else PUT
        axes.fill_between([start, end], short, long, color=colour, alpha=0.14, linewidth=0)
        axes.plot([start, end], [short, short], color=colour, linewidth=1.6, solid_capstyle="butt")
        axes.plot([start, end], [long, long], color=colour, linewidth=0.8)
        axes.annotate(
            f"{number}  {side.short.strike}/{side.long.strike} {'calls' if side.right is Right.CALL else 'puts'}",
            (start, (short + long) / 2), xytext=(5, 0), textcoords="offset points", va="center", color=colour,
            fontsize=8.5,
        )  # fmt: skip
    _mark(axes, start, float(trade.plan.price), "v", INK, str(number), above=True)
    if trade.exit is not None and (price := _price_at(path, ended)) is not None:
        label = f"{number}  {signed_dollars(trade.exit.gross)}"
        _mark(axes, end, price, "s", RESULTS[trade.result], label, above=False)


def _mark(axes: Axes, hours: float, price: float, shape: str, colour: str, label: str, *, above: bool) -> None:
    axes.plot([hours], [price], shape, color=colour, markersize=8, markeredgecolor=CARD, markeredgewidth=1.2, zorder=6)
    axes.annotate(
        label, (hours, price), xytext=(0, 9 if above else -9), textcoords="offset points", ha="center",
        va="bottom" if above else "top", color=colour, fontsize=9, fontweight="bold", zorder=7,
    )  # fmt: skip


def _draw_pins(axes: Axes, report: DayReport) -> None:
    pins = [(_hours(report, entry.at), float(entry.record.pin)) for entry in report.scheduled if entry.record.pin]
    if not pins:
        return
    axes.plot(*zip(*pins, strict=True), "D", color=PIN, markersize=5, markeredgecolor=CARD, zorder=5)
    axes.annotate(
        "pin", pins[0], xytext=(-7, 0), textcoords="offset points", ha="right", va="center", color=PIN, fontsize=8.5
    )


def _price_at(path: Prices, when: dt.datetime) -> float | None:
    """The price at an instant, straight between its neighbours."""
    if not path:
        return None
    stamps = [at.timestamp() for at, _ in path]
    return float(np.interp(when.timestamp(), stamps, [float(price) for _, price in path]))


def _hours(report: DayReport, when: dt.datetime) -> float:
    return (when - report.session_open).total_seconds() / 3600


def _clock(when: dt.datetime) -> str:
    return f"{when.astimezone(NEW_YORK):%H:%M}"


def _is_near(level: float, spot: float) -> bool:
    return abs(level - spot) <= EXPOSURE_REACH * spot


def _short_number(value: float) -> str:
    for size, letter in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g} {letter}"
    return f"{value:g}"


def _canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty, quiet pair of axes; inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    figure.patch.set_alpha(0)
    axes.patch.set_alpha(0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(LINE)
    axes.grid(axis="y", color=LINE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=MUTED, labelsize=8.5, length=0)
    return figure, axes


def _svg(figure: Figure, name: str, description: str) -> str:
    """The drawing as an inline element: no prologue, no ids of its own, colours of the page."""
    import matplotlib

    stream = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r' xmlns(:xlink)?="[^"]*"', "", text)
    text = re.sub(r'<g id="[A-Za-z_]+\w*\d">', "<g>", text)
    text = re.sub(r'<svg width="[^"]*" height="[^"]*"', f'<svg role="img" aria-label="{description}"', text)
    for colour, role in NAMES.items():
        text = text.replace(colour, f"var(--{role})")
    return text
