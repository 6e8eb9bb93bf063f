"""A hedged holding over the day: its delta before and after each hedge, the price beneath, the shares held."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from gammacore.adapters.html_report.canvas import PAGE, inline_svg, stacked
from gammacore.adapters.html_report.price_chart import Prices, hours_into, label_hours
from gammacore.domain.holding_events import HedgeDecided
from gammacore.domain.instruments import OptionContract
from gammacore.domain.legs import Leg
from gammacore.domain.orders import Order
from gammacore.domain.reports.day_report import DayReport
from gammacore.domain.reports.trades import Hedge, Trade
from gammacore.domain.reports.words import title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CLOSE = dt.timedelta(minutes=6)
"""Hedges of one side nearer than this share one figure."""
LABEL_HOURS = 1.5
"""A band that ends earlier than this after the open is named from its left, or the name would leave the picture."""
SHORT_GAMMA = ", dealers short gamma"


def delta_chart(report: DayReport, trade: Trade, prices: Prices) -> str:
    """The picture as inline SVG; without prices a dashed line joins those the hedges were decided at."""
    figure, (deltas, path, shares) = stacked(10.6, (3.4, 2.6, 1.3))
    _draw_deltas(deltas, report, trade)
    _draw_price(path, report, trade, prices)
    _draw_shares(shares, report, trade)
    label_hours(shares, report, every=1.0)
    for axes, name in ((deltas, "net delta, contracts"), (path, report.underlying), (shares, "hedge shares")):
        axes.set_ylabel(name, color=PAGE.muted, fontsize=8.5)
        axes.yaxis.set_label_coords(-0.052, 0.5)
    reported = f"Net delta of the {title(trade)} before and after each of {len(trade.hedges)} hedges on {report.date}"
    return inline_svg(figure, f"delta-{trade.id}", reported)


# -- the delta ---------------------------------------------------------------------------------------------------------


def _draw_deltas(axes: Axes, report: DayReport, trade: Trade) -> None:
    """Each hedge a line from before to after; a thin one joins what was measured between them."""
    _draw_band(axes, report, trade)
    axes.axhline(0, color=PAGE.muted, linewidth=0.8, zorder=2)
    measured = _measured(report, trade)
    if measured:
        axes.plot(*zip(*measured, strict=True), color=PAGE.muted, linewidth=0.9, alpha=0.8, zorder=3)
    for hedge in trade.hedges:
        when, before, after = hours_into(report, hedge.decision.at), float(hedge.delta_before), float(hedge.delta_after)
        colour = _side_colour(hedge)
        if not hedge.shares:
            axes.plot([when], [before], "x", color=PAGE.loss, markersize=5, zorder=6)
            continue
        axes.plot([when, when], [before, after], color=colour, linewidth=1.8, solid_capstyle="butt", zorder=5)
        axes.plot([when], [before], "o", color=colour, markersize=5, markeredgecolor=PAGE.card, zorder=6)
        axes.plot([when], [after], "o", color=PAGE.card, markersize=4.5, markeredgecolor=colour, zorder=6)
    furthest = max((abs(delta) for _, delta in measured), default=0.0)
    furthest = max(furthest, *(float(decision.threshold) for decision in trade.decisions), 0.05)
    axes.set_ylim(-furthest * 1.18, furthest * 1.18)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:+.2f}" if round(value, 3) else "0")


def _measured(report: DayReport, trade: Trade) -> list[tuple[float, float]]:
    """(hours, contract-deltas) at every decision reported, and after each hedge at its own instant."""
    points: list[tuple[float, float]] = []
    after = {id(hedge.decision): hedge.delta_after for hedge in trade.hedges}
    for decision in trade.decisions:
        when = hours_into(report, decision.at)
        points.append((when, float(decision.delta_before)))
        if id(decision) in after:
            points.append((when, float(after[id(decision)])))
    return points


def _draw_band(axes: Axes, report: DayReport, trade: Trade) -> None:
    """Within the threshold nothing is hedged; each new threshold begins where it was first applied.

    A day may go to and fro between them: each is named once, where it held longest.
    """
    changes = _thresholds(trade)
    until = trade.exits[0].intended_at if trade.exits else report.session_close
    longest: dict[str, tuple[float, float, float]] = {}
    for number, (decision, end) in enumerate(zip(changes, [*(one.at for one in changes[1:]), until], strict=True)):
        start = trade.opened if number == 0 else decision.at
        left, right = hours_into(report, start), hours_into(report, max(end, start))
        limit, words = float(decision.threshold), _band_in_words(decision)
        axes.fill_between([left, right], -limit, limit, color=_band_colour(words), alpha=0.10, linewidth=0)
        known = longest.get(words)
        if known is None or right - left > known[1] - known[0]:
            longest[words] = (left, right, limit)
    for words, (left, right, limit) in longest.items():
        fits = right > LABEL_HOURS
        axes.annotate(
            words, (right if fits else left, limit), xytext=(-2 if fits else 2, 3), textcoords="offset points",
            ha="right" if fits else "left", va="bottom", fontsize=8.5, color=_band_colour(words), zorder=4,
        )  # fmt: skip


def _band_in_words(decision: HedgeDecided) -> str:
    return f"±{decision.threshold:.2f}" + (SHORT_GAMMA if decision.gex is not None and decision.gex < 0 else "")


def _band_colour(words: str) -> str:
    return PAGE.loss if words.endswith(SHORT_GAMMA) else PAGE.accent


def _thresholds(trade: Trade) -> list[HedgeDecided]:
    """The decisions at which the threshold, or the side dealers are on, was another than before."""
    changes: list[HedgeDecided] = []
    for decision in trade.decisions:
        if not changes or _band_in_words(decision) != _band_in_words(changes[-1]):
            changes.append(decision)
    return changes


# -- the price and the shares ------------------------------------------------------------------------------------------


def _draw_price(axes: Axes, report: DayReport, trade: Trade, prices: Prices) -> None:
    decided = [(one.at, one.underlying_price) for one in trade.decisions if one.underlying_price is not None]
    path = [(hours_into(report, at), float(price)) for at, price in (prices or decided)]
    if path:
        style: dict[str, Any] = {} if prices else {"linestyle": (0, (3, 3)), "marker": "o", "markersize": 2.0}
        axes.plot(*zip(*path, strict=True), color=PAGE.ink, linewidth=1.2, zorder=3, **style)
    for strike, until in _strikes(trade, report.session_close).items():
        held = [hours_into(report, trade.opened), hours_into(report, until)]
        axes.plot(held, [strike, strike], color=PAGE.pin, linewidth=1.0, linestyle=(0, (4, 3)), zorder=2)
        axes.annotate(f"strike {strike:g}", (held[1], strike), xytext=(-2, 3), textcoords="offset points", ha="right",
                      color=PAGE.pin, fontsize=8.5)  # fmt: skip
    for hedges in _together(trade.hedges):
        _mark_hedges(axes, report, hedges)
    for moment, words in ((trade.opened, "bought"), (_exit_at(trade), "sold")):
        if moment is not None:
            when = hours_into(report, moment)
            axes.axvline(when, color=PAGE.muted, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1)
            axes.annotate(words, (when, 1.0), xycoords=("data", "axes fraction"), xytext=(3, -2),
                          textcoords="offset points", va="top", color=PAGE.muted, fontsize=8.5)  # fmt: skip
    axes.margins(y=0.22)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value == round(value) else f"{value:,.1f}")


def _mark_hedges(axes: Axes, report: DayReport, hedges: list[Hedge]) -> None:
    """A triangle each, and one number of shares for those that stand too close for two."""
    bought, colour = hedges[0].shares > 0, _side_colour(hedges[0])
    points = [(hours_into(report, one.decision.at), float(one.decision.underlying_price or 0)) for one in hedges]
    axes.plot(*zip(*points, strict=True), "^" if bought else "v", color=colour, markersize=7,
              markeredgecolor=PAGE.card, zorder=5)  # fmt: skip
    axes.annotate(
        f"{sum(abs(one.shares) for one in hedges):,}", points[-1], xytext=(0, -8 if bought else 8),
        textcoords="offset points", ha="center", va="top" if bought else "bottom", color=colour, fontsize=8, zorder=6,
        bbox={"boxstyle": "round,pad=0.05", "facecolor": PAGE.card, "edgecolor": "none", "alpha": 0.7},
    )  # fmt: skip


def _together(hedges: Iterable[Hedge]) -> list[list[Hedge]]:
    """Filled hedges whose price is known, those of one side less than `CLOSE` apart in one group."""
    groups: list[list[Hedge]] = []
    for hedge in hedges:
        if not hedge.shares or hedge.decision.underlying_price is None:
            continue
        last = groups[-1][-1] if groups else None
        if last and last.shares * hedge.shares > 0 and hedge.decision.at - last.decision.at < CLOSE:
            groups[-1].append(hedge)
        else:
            groups.append([hedge])
    return groups


def _draw_shares(axes: Axes, report: DayReport, trade: Trade) -> None:
    """Hedge shares held, signed, by fills."""
    end = _exit_at(trade) or report.session_close
    held, steps = 0, [(hours_into(report, trade.opened), 0)]
    for hedge in trade.hedges:
        held += hedge.shares
        steps.append((hours_into(report, hedge.decision.at), held))
    steps += [(hours_into(report, end), 0 if trade.end is not None else held)]
    steps += [(hours_into(report, report.session_close), steps[-1][1])]
    hours, shares = zip(*steps, strict=True)
    axes.axhline(0, color=PAGE.muted, linewidth=0.8)
    axes.step(hours, shares, where="post", color=PAGE.accent, linewidth=1.4)
    axes.fill_between(hours, shares, 0, step="post", color=PAGE.accent, alpha=0.12, linewidth=0)
    axes.margins(y=0.15)
    axes.locator_params(axis="y", nbins=4, integer=True)
    if not any(shares):
        axes.set_ylim(-1, 1)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:+,.0f}" if value else "0")


def _side_colour(hedge: Hedge) -> str:
    return PAGE.put if hedge.order.ticket.legs[0].side.sign > 0 else PAGE.call


def _strikes(trade: Trade, close: dt.datetime) -> dict[float, dt.datetime]:
    """Each strike that was bought, and when the last option at it was ordered out; the close where one was not."""
    ordered_out = {leg: order.intended_at for order in trade.exits for leg in _contracts(order)}
    until: dict[float, dt.datetime] = {}
    for contract in () if trade.entry is None else _contracts(trade.entry):
        strike, end = float(contract.strike), min(ordered_out.get(contract, close), close)
        until[strike] = max(end, until.get(strike, end))
    return dict(sorted(until.items()))


def _contracts(order: Order) -> list[OptionContract]:
    return [leg.contract for leg in order.ticket.legs if isinstance(leg, Leg)]


def _exit_at(trade: Trade) -> dt.datetime | None:
    return trade.exits[0].intended_at if trade.exits else None
