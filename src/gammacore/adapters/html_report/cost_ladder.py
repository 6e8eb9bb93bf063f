"""What closing a trade cost against what had been promised: one line from nothing to beyond the emergency stop."""

from __future__ import annotations

from decimal import Decimal

from gammacore.adapters.html_report.canvas import ROLES
from gammacore.domain.reports.figures import Tone
from gammacore.domain.reports.trades import Sold, Trade, TradeEnd

WIDTH, MARGIN = 900, 10
ABOVE, BELOW, AXIS = 22, 62, 40


def cost_ladder(trade: Trade, sold: Sold) -> str:
    """Target, credit, stops and the exit on an axis of points to close, as inline SVG. Rules: CS-511, CS-512."""
    levels = [
        ("sold", sold.credit, "ink", ABOVE),
        ("stop", sold.stop, "loss", BELOW),
        ("emergency", sold.emergency, "loss", BELOW),
    ]
    if sold.target is not None:
        levels.append(("target", sold.target, "win", BELOW))
    top = max(value for _, value, _, _ in levels)
    if trade.end is not None:
        top = max(top, trade.end.value)
    axis = _Axis(top * Decimal("1.12") or Decimal(1))
    parts = [_stroke(MARGIN, WIDTH - MARGIN, AXIS, AXIS, "line", 3)]
    for name, value, colour, row in levels:
        where = axis.at(value)
        parts.append(_stroke(where, where, AXIS - 9, AXIS + 9, colour, 2))
        parts.append(f'<text x="{where}" y="{row}" text-anchor="middle">{name} {value:.2f}</text>')
    parts += [] if trade.end is None else _exit(trade.end, sold, axis)
    return (
        f'<svg class="ladder" viewBox="0 0 {WIDTH} 68" role="img" aria-label="cost to close, points">'
        f"{''.join(parts)}</svg>"
    )


class _Axis:
    """Points to close, from 0 at the left."""

    def __init__(self, top: Decimal) -> None:
        self._top = top

    def at(self, value: Decimal) -> float:
        return round(MARGIN + float(value / self._top) * (WIDTH - 2 * MARGIN), 1)


def _exit(end: TradeEnd, sold: Sold, axis: _Axis) -> list[str]:
    where, colour = axis.at(end.value), ROLES[Tone.of(end.gross)] or "ink"
    anchor = "start" if where < 40 else "middle"
    return [
        _stroke(where, axis.at(sold.credit), AXIS, AXIS, colour, 3),
        f'<circle cx="{where}" cy="{AXIS}" r="6" fill="var(--{colour})"/>',
        f'<text x="{where}" y="10" text-anchor="{anchor}" style="fill:var(--{colour});font-weight:600">'
        f"out {end.value:.2f}</text>",
    ]


def _stroke(x1: float, x2: float, y1: float, y2: float, colour: str, width: int) -> str:
    ends = f'x1="{x1}" x2="{x2}" y1="{y1}" y2="{y2}"'
    return f'<line {ends} stroke="var(--{colour})" stroke-width="{width}"/>'
