"""The pictures of docs/scalping: one simulated day of each mode, drawn from its ledger on the report's own canvas.

    python benchmarks/scalping_pictures.py [MODE ...]

Writes docs/images/MODE.png. The days are those whose reports stand on the pages.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from gammacore.adapters.html_report.canvas import PRINT, stacked
from gammacore.adapters.html_report.price_chart import hours_into, label_hours
from gammacore.application.gather_history import GatherHistory, GatherMinutes
from gammacore.configuration import configure
from gammacore.domain.holding_events import WatchChanged
from gammacore.domain.holdings.plans import RWatch
from gammacore.domain.instruments import Right
from gammacore.domain.ledger import DeskSwitched, Event, OrderFilled, OrderIntended
from gammacore.domain.legs import ShareLeg
from gammacore.domain.orders import OrderTicket, Purpose
from gammacore.domain.reports.day_report import DayReport, day_report
from gammacore.domain.reports.trades import Trade
from gammacore.domain.sessions import NEW_YORK
from gammacore.domain.volatility import VolatilityRules
from gammacore.domain.words import DeskState
from gammacore.ports.market_data import MarketData
from gammacore.wiring import wire_day

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
WIDTH = 10.6
SEED = 57
"""The seed that the pages name in their commands."""
DAYS: dict[str, dict[str, Any]] = {
    "st0cka": {"market.step_seconds": 10},
    "st0ckg": {"market.step_seconds": 10, "market.mood": "trending"},
    "gamma-scalping": {"market.step_seconds": 60},
    "hybrid": {"market.step_seconds": 60, "market.mood": "spike"},
}


@frozen
class Drawn:
    """A day that has been traded: its report, its events, and the market it was traded on."""

    report: DayReport
    events: tuple[Event, ...]
    market: MarketData

    def hours(self, when: dt.datetime) -> float:
        return hours_into(self.report, when)

    def prices(self, first: float, last: float) -> tuple[list[float], list[float]]:
        """Hours and points of the underlying between two hours of the day, at every look of the market."""
        now = self.report.session_open + dt.timedelta(hours=first)
        end = self.report.session_open + dt.timedelta(hours=last)
        hours, points = [], []
        while now < min(end, self.report.session_close):
            spot = self.market.snapshot(now).spot
            if spot is not None:
                hours.append(self.hours(now))
                points.append(float(spot))
            now = self.market.next_at(now)
        return hours, points

    @property
    def fills(self) -> Iterator[tuple[OrderTicket, OrderFilled]]:
        """Every fill with its ticket, in order."""
        tickets: dict[str, OrderTicket] = {}
        for event in self.events:
            if isinstance(event, OrderIntended):
                tickets[event.ticket.id] = event.ticket
            elif isinstance(event, OrderFilled):
                yield tickets[event.id], event


def traded(mode: str) -> Drawn:
    day = wire_day(configure([{"trade.strategy": mode, "market.seed": SEED, **DAYS[mode]}]))
    try:
        day.trade()
        events = tuple(day.storage.events())
        return Drawn(day_report(events), events, day.trade.market)
    finally:
        day.close()


# -- one drawing a mode ------------------------------------------------------------------------------------------------


def draw_st0cka(day: Drawn) -> Figure:
    """Buy and sell window with each trade, and what they came to."""
    figure, (path, money) = stacked(WIDTH, (3.6, 1.6), PRINT)
    last = 40 / 60
    _price(path, day, 0, last)
    _window(path, 0, 0.5, "buys, and rests its target", PRINT.accent)
    _window(path, 0.5, last, "sells what is left", PRINT.loss)
    for trade in day.report.closed:
        _trade(path, day, trade)
    _sum_of_trades(money, day, last)
    _clock(money, day, 0, last, every=5 / 60)
    _name(path, "SPY")
    _name(money, "P/L, $")
    return figure


def draw_st0ckg(day: Drawn) -> Figure:
    """Each option trade on the underlying, and its R from entry to exit."""
    figure, (path, multiples) = stacked(WIDTH, (3.2, 2.6), PRINT)
    first, last = 0.25, 1.5
    _price(path, day, first, last)
    _window(path, first, 0.5, "opening range", PRINT.muted)
    _window(path, 0.5, last, "buys on a signal", PRINT.accent)
    for level, words in ((3, "all"), (1.5, "half"), (1, "armed"), (0, "back at the entry"), (-1, "stopped")):
        colour = PRINT.muted if level >= 0 else PRINT.loss
        multiples.axhline(level, color=colour, linewidth=0.9, linestyle=(0, (4, 3)))
        multiples.annotate(f"{level:+g} R: {words}" if level else words, (first, level), xytext=(3, 2),
                           textcoords="offset points", color=colour, fontsize=8)  # fmt: skip
    for trade in day.report.closed:
        _option(path, day, trade)
        _multiples(multiples, day, trade, first, last)
    multiples.set_ylim(-1.6, 3.4)
    _clock(multiples, day, first, last, every=0.25)
    _name(path, "SPY")
    _name(multiples, "R, of 0.10 points")
    return figure


def draw_gamma(day: Drawn) -> Figure:
    """Price and hedges, delta before and after each, shares held."""
    figure, (path, deltas, shares) = stacked(WIDTH, (2.8, 2.4, 1.3), PRINT)
    _hedged(day, path, deltas, shares)
    _clock(shares, day, 0, _length(day), every=1)
    for axes, name in ((path, "SPY"), (deltas, "net delta, shares"), (shares, "hedge shares")):
        _name(axes, name)
    return figure


def draw_hybrid(day: Drawn) -> Figure:
    """Volatility with the two thresholds, which desk trades, and what it traded."""
    figure, (volatility, path, shares) = stacked(WIDTH, (2.4, 2.8, 1.3), PRINT)
    _volatility(volatility, day)
    _hedged(day, path, None, shares)
    for trade in day.report.closed:
        if trade.holding.owner == "st0cka":
            _trade(path, day, trade)
    for axes in (volatility, path):
        _desks(axes, day, named=axes is volatility)
    _clock(shares, day, 0, _length(day), every=1)
    for axes, name in ((volatility, "volatility, a year"), (path, "SPY"), (shares, "hedge shares")):
        _name(axes, name)
    return figure


# -- parts -------------------------------------------------------------------------------------------------------------


def _length(day: Drawn) -> float:
    return day.hours(day.report.session_close)


def _price(axes: Axes, day: Drawn, first: float, last: float) -> None:
    axes.plot(*day.prices(first, last), color=PRINT.ink, linewidth=1.1, zorder=3)
    axes.margins(y=0.16)


def _window(axes: Axes, first: float, last: float, words: str, colour: str) -> None:
    axes.axvspan(first, last, color=colour, alpha=0.07, linewidth=0)
    axes.annotate(words, (first, 1), xycoords=("data", "axes fraction"), xytext=(4, -3), textcoords="offset points",
                  va="top", color=colour, fontsize=8.5)  # fmt: skip


def _trade(axes: Axes, day: Drawn, trade: Trade) -> None:
    """A line from the purchase to the sale, with what it brought."""
    entry, end = trade.entry, trade.end
    exits = [order for order in trade.exits if order.execution.any]
    if entry is None or end is None or entry.execution.price is None or not exits or exits[-1].execution.price is None:
        return
    bought = (day.hours(trade.opened), float(entry.execution.price))
    sold = (day.hours(end.at), float(exits[-1].execution.price))
    colour = PRINT.win if end.net > 0 else PRINT.loss
    axes.plot(*zip(bought, sold, strict=True), color=colour, linewidth=1.6, zorder=4)
    axes.plot(*bought, "^", color=PRINT.put, markersize=7, markeredgecolor=PRINT.card, zorder=6)
    axes.plot(*sold, "v", color=colour, markersize=7, markeredgecolor=PRINT.card, zorder=6)
    above = end.net > 0
    _label(axes, f"{end.net:+.2f}", sold, colour, above=above)


def _option(axes: Axes, day: Drawn, trade: Trade) -> None:
    """Where an option was bought and sold, at the underlying's price of then."""
    [symbol] = {leg.symbol for leg in trade.legs}
    contract = trade.holding.contract(symbol)
    call = contract.right is Right.CALL
    colour = PRINT.call if call else PRINT.put
    sales = 0
    for ticket, fill in day.fills:
        if ticket.holding != trade.id:
            continue
        spot = day.market.snapshot(fill.at).spot
        point = (day.hours(fill.at), float(spot or 0))
        bought = ticket.purpose is Purpose.ENTRY
        axes.plot(*point, "^" if bought else "v", color=colour, markersize=7, markeredgecolor=PRINT.card, zorder=6)
        count, price = fill.execution.quantity, fill.execution.price
        if bought:
            _label(axes, f"{count} {contract.strike:g} {contract.right.name.lower()}s at {price}", point, colour,
                   above=not call, off=42)  # fmt: skip
        else:
            sales += 1
            _label(axes, f"{count} at {price:.2f}", point, colour, above=call == (sales == 1),
                   beside="right" if sales == 1 else "left")  # fmt: skip


def _multiples(axes: Axes, day: Drawn, trade: Trade, first: float, last: float) -> None:
    """R of the underlying while it was held, from the price at its fill."""
    kept = next((event.watch for event in day.events if isinstance(event, WatchChanged) and event.holding == trade.id
                 and isinstance(event.watch, RWatch)), None)  # fmt: skip
    if kept is None or trade.end is None:
        return
    [symbol] = {leg.symbol for leg in trade.legs}
    call = trade.holding.contract(symbol).right is Right.CALL
    sign = 1 if call else -1
    start, end = day.hours(trade.opened), day.hours(trade.end.at)
    shown = zip(*day.prices(first, last), strict=True)
    held = [(hour, sign * (price - float(kept.price)) / 0.1) for hour, price in shown if start <= hour <= end]
    axes.plot(*zip(*held, strict=True), color=PRINT.call if call else PRINT.put, linewidth=1.4, zorder=4)
    axes.annotate(f"{trade.end.reason.replace('_', ' ')}, {trade.end.net:+.2f}", held[-1], xytext=(4, -4),
                  textcoords="offset points", va="top", color=PRINT.ink, fontsize=8.5)  # fmt: skip


def _hedged(day: Drawn, path: Axes, deltas: Axes | None, shares: Axes) -> None:
    """The straddle's hedges on the price, its delta, and the shares held; numbers only where hedges stand apart."""
    _price(path, day, 0, _length(day))
    held, steps = 0, [(0.0, 0)]
    straddle = next(trade for trade in day.report.closed if trade.decisions)
    assert straddle.end is not None
    for moment, words in ((straddle.opened, "straddle bought"), (straddle.exits[0].intended_at, "sold")):
        early = words != "sold" and day.hours(moment) > 1
        path.axvline(day.hours(moment), color=PRINT.pin, linewidth=1, linestyle=(0, (2, 2)))
        path.annotate(words, (day.hours(moment), 0), xycoords=("data", "axes fraction"), xytext=(-3 if early else 3, 3),
                      textcoords="offset points", ha="right" if early else "left", color=PRINT.pin,
                      fontsize=8.5)  # fmt: skip
    for ticket, fill in day.fills:
        (leg, *more) = ticket.legs
        if ticket.holding != straddle.id or more or not isinstance(leg, ShareLeg):
            continue
        signed = leg.side.sign * fill.execution.quantity
        held += signed
        steps.append((day.hours(fill.at), held))
        point = (day.hours(fill.at), float(fill.execution.price or 0))
        colour = PRINT.put if signed > 0 else PRINT.call
        path.plot(*point, "^" if signed > 0 else "v", color=colour, markersize=6, markeredgecolor=PRINT.card, zorder=6)
        if deltas is not None:
            _label(path, f"{abs(signed)}", point, colour, above=signed < 0)
    steps.append((_length(day), held))
    shares.axhline(0, color=PRINT.muted, linewidth=0.8)
    hours, counts = zip(*steps, strict=True)
    shares.step(hours, counts, where="post", color=PRINT.accent, linewidth=1.4)
    shares.fill_between(hours, counts, 0, step="post", color=PRINT.accent, alpha=0.12, linewidth=0)
    if deltas is not None:
        _deltas(deltas, day, straddle)


def _deltas(axes: Axes, day: Drawn, straddle: Trade) -> None:
    """Each hedge a line from the delta before it to the one after; nothing is hedged inside the band."""
    hedges = [(day.hours(one.decision.at), float(one.decision.net_shares), one.shares) for one in straddle.hedges]
    axes.axhspan(-2, 2, color=PRINT.accent, alpha=0.10, linewidth=0)
    axes.axhline(0, color=PRINT.muted, linewidth=0.8)
    for hour, before, shares in hedges:
        colour = PRINT.put if shares > 0 else PRINT.call
        axes.plot([hour, hour], [before, before + shares], color=colour, linewidth=1.8)
        axes.plot([hour], [before], "o", color=colour, markersize=5)
        axes.plot([hour], [before + shares], "o", color=PRINT.card, markeredgecolor=colour, markersize=4.5)
    axes.set_yscale("symlog", linthresh=3)
    axes.set_yticks([-40, -10, -2, 0, 2], ["-40", "-10", "-2", "0", "+2"])
    axes.minorticks_off()
    axes.set_ylim(-60, 5)
    axes.annotate("not hedged up to ±2 shares", (_length(day), 2), xytext=(-4, 2), textcoords="offset points",
                  ha="right", color=PRINT.accent, fontsize=8.5)  # fmt: skip


def _volatility(axes: Axes, day: Drawn) -> None:
    """The reading at every minute, and where the hybrid changes."""
    rules, session = VolatilityRules(), day.market.session  # type: ignore[attr-defined]
    underlying = day.market.underlying  # type: ignore[attr-defined]
    minutes = GatherMinutes(GatherHistory(day.market, underlying, session, None))
    readings = []
    for minute in range(1, int(_length(day) * 60)):
        now = day.report.session_open + dt.timedelta(minutes=minute)
        reading = rules.reading(minutes(now), now)
        if not reading.is_assumed:
            readings.append((day.hours(now), 100 * reading.value))
    axes.plot(*zip(*readings, strict=True), color=PRINT.ink, linewidth=1.2)
    for level, words in ((20, "above 20 %: gamma"), (18, "at 18 % or below: back")):
        axes.axhline(level, color=PRINT.pin, linewidth=1, linestyle=(0, (4, 3)))
        axes.annotate(words, (0, level), xytext=(4, 2 if level == 20 else -2), textcoords="offset points",
                      va="bottom" if level == 20 else "top", color=PRINT.pin, fontsize=8.5)  # fmt: skip
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g} %")
    axes.margins(y=0.12)


COLOURS = {DeskState.ST0CKA: PRINT.accent, DeskState.GAMMA: PRINT.pin}


def _desks(axes: Axes, day: Drawn, *, named: bool) -> None:
    switches = [event for event in day.events if isinstance(event, DeskSwitched)]
    ends = [*(one.at for one in switches[1:]), day.report.session_close]
    for switch, end in zip(switches, ends, strict=True):
        colour = COLOURS.get(switch.after, PRINT.muted)
        first, last = day.hours(switch.at), day.hours(end)
        axes.axvspan(first, last, color=colour, alpha=0.08, linewidth=0)
        if named and switch.after in COLOURS:
            axes.annotate(str(switch.after), ((first + last) / 2, 1), xycoords=("data", "axes fraction"), ha="center",
                          xytext=(0, -3), textcoords="offset points", va="top", color=colour, fontsize=9)  # fmt: skip


def _sum_of_trades(axes: Axes, day: Drawn, last: float) -> None:
    """Net dollars of what has been closed."""
    total, steps = 0.0, [(0.0, 0.0)]
    for trade in day.report.closed:
        assert trade.end is not None
        total += float(trade.end.net)
        steps.append((day.hours(trade.end.at), total))
    steps.append((last, total))
    axes.axhline(0, color=PRINT.muted, linewidth=0.8)
    axes.step(*zip(*steps, strict=True), where="post", color=PRINT.accent, linewidth=1.5)
    axes.margins(y=0.2)


def _label(
    axes: Axes, words: str, point: tuple[float, float], colour: str, *, above: bool, off: int = 8,
    beside: str = "center",
) -> None:  # fmt: skip
    axes.annotate(words, point, xytext=(0, off if above else -off), textcoords="offset points", ha=beside,
                  va="bottom" if above else "top", color=colour, fontsize=8.5, zorder=7,
                  bbox={"boxstyle": "round,pad=0.1", "facecolor": PRINT.card, "edgecolor": "none", "alpha": 0.75},
                  )  # fmt: skip


def _name(axes: Axes, words: str) -> None:
    axes.set_ylabel(words, color=PRINT.muted, fontsize=8.5)
    axes.yaxis.set_label_coords(-0.055, 0.5)


def _clock(axes: Axes, day: Drawn, first: float, last: float, *, every: float) -> None:
    """New York's clock below a part of the day, hours after the open."""
    if last - first == _length(day):
        label_hours(axes, day.report, every=every)
        return
    steps = range(round((last - first) / every) + 1)
    ticks = [first + step * every for step in steps]
    clock = [day.report.session_open.astimezone(NEW_YORK) + dt.timedelta(hours=tick) for tick in ticks]
    axes.set_xticks(ticks, [f"{time:%H:%M}" for time in clock])
    axes.set_xlim(first, last)


DRAW: dict[str, Callable[[Drawn], Figure]] = {
    "st0cka": draw_st0cka,
    "st0ckg": draw_st0ckg,
    "gamma-scalping": draw_gamma,
    "hybrid": draw_hybrid,
}


def main(modes: Sequence[str]) -> None:
    for mode in modes or DRAW:
        figure = DRAW[mode](traded(mode))
        figure.patch.set_alpha(1)
        figure.patch.set_facecolor(PRINT.card)
        figure.savefig(IMAGES / f"{mode}.png", dpi=110, metadata={"Software": None})
        print(f"docs/images/{mode}.png", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
