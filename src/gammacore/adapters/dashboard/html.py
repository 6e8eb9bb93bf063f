"""What every page is made of: tables, figures, charts with their table. htpy escapes every text. OP-507, OP-513."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
from attrs import frozen
from htpy import (
    Element,
    Node,
    caption,
    dd,
    details,
    div,
    dl,
    dt,
    figcaption,
    figure,
    p,
    small,
    span,
    summary,
    table,
    tbody,
    td,
    th,
    thead,
    tr,
)

from gammacore.domain.sessions import NEW_YORK

UNKNOWN = "–"
MOST_POINTS = 110
"""So many points of a chart are sent: a first visit weighs 150 kB at most. Rule: OP-514."""
MOST_ROWS = 30


def number(value: object, places: int = 2, unit: str = "") -> str:
    """A figure as people read it; a dash where it is unknown.

    >>> number(1234.5), number(None), number(-3, 0, " $"), number(4000421534.0)
    ('1,234.50', '–', '-3 $', '4.00 bn')
    """
    if not isinstance(value, int | float) or isinstance(value, bool):
        return UNKNOWN if value is None else str(value)
    if abs(value) >= 1e6:
        return f"{value / 1e9:,.2f} bn{unit}" if abs(value) >= 1e9 else f"{value / 1e6:,.2f} m{unit}"
    return f"{value:,.{places}f}{unit}"


def gain(value: object) -> Element:
    """Dollars with their sign, in colour and in words of the sign."""
    if not isinstance(value, int | float):
        return span[UNKNOWN]
    kind = "win" if value > 0 else "loss" if value < 0 else "plain"
    return span(class_=kind)[f"{value:+,.2f} $"]


def ago(value: object) -> str:
    """An age as people read it.

    >>> ago(3.4), ago(200), ago(90000.0), ago(None)
    ('3 s ago', '3 min ago', '25 h ago', '–')
    """
    if not isinstance(value, int | float):
        return UNKNOWN
    if value < 120:
        return f"{value:.0f} s ago"
    if value < 7200:
        return f"{value / 60:.0f} min ago"
    return f"{value / 3600:.0f} h ago" if value < 3 * 86_400 else f"{value / 86_400:.0f} days ago"


def clock(text: object) -> str:
    """New York's clock of an ISO instant.

    >>> clock("2026-03-03T10:02:00-05:00"), clock(None)
    ('10:02:00', '–')
    """
    return text[11:19] if isinstance(text, str) and len(text) >= 19 else UNKNOWN


def figures(rows: Iterable[tuple[str, Node]]) -> Element:
    """Figures side by side, each with its name."""
    return dl(".figures")[(div[dt[name], dd[value]] for name, value in rows)]


def rows_table(
    title: str, head: Sequence[str], rows: Iterable[Sequence[Node]], empty: str = "none", *, words: bool = False
) -> Element:
    """A table with a caption; it scrolls by itself where it is wider than the screen, never the page.

    Cells of `words` are broken into lines, figures are not.
    """
    listed = [*rows]
    if not listed:
        return div(".card")[div(".over")[title], empty]
    return div(".card.scroll.words" if words else ".card.scroll", tabindex="0", role="region", aria_label=title)[
        table[
            caption[title],
            thead[tr[(th(scope="col")[name] for name in head)]],
            tbody[(tr[th(scope="row")[row[0]], (td[cell] for cell in row[1:])] for row in listed)],
        ]
    ]


@frozen
class Line:
    """One line of a chart: its values, its colour by role, dashed or not, and how it is drawn: line, steps, bars, or
    a strike, which the legend leaves out."""

    label: str
    values: Sequence[float | None]
    colour: str
    dashed: bool = False
    kind: str = "line"


@frozen
class Spot:
    """One place that is marked in a chart: a point, or without `y` a line down the whole of it.

    The words stand above a point, or `below` it; a `small` one is no event.
    """

    label: str
    x: float
    colour: str
    y: float | None = None
    below: bool = False
    small: bool = False


def chart(
    title: str,
    x_label: str,
    x: Sequence[Any],
    lines: Sequence[Line],
    *,
    is_time: bool = True,
    note: str = "",
    spots: Sequence[Spot] = (),
    empty: str = "Nothing was published yet.",
) -> Element:
    """A picture drawn by uPlot, and the same figures as a table below it. Without two points it says `empty`.

    A line without a value is left out. The title names the unit of what is drawn.
    """
    if len(x) < 2:
        return figure(".card.chart")[figcaption[title], div(".muted")[empty]]
    lines = [one for one in lines if any(value is not None for value in one.values)]
    picked = _picked(len(x), MOST_POINTS)
    data = {
        "time": is_time,
        "x": [x[at] for at in picked],
        "series": [
            {
                "label": one.label,
                "colour": one.colour,
                "dash": one.dashed,
                "kind": one.kind,
                "values": [one.values[at] for at in picked],
            }
            for one in lines
        ],
        "spots": [attrs.asdict(one) for one in spots],
    }
    few = _picked(len(x), MOST_ROWS)
    shown = rows_table(
        title,
        [x_label, *(one.label for one in lines)],
        ([_x(x[at], is_time), *(number(one.values[at]) for one in lines)] for at in few),
    )
    return figure(".card.chart")[
        figcaption[title, (" ", small[note]) if note else ""],
        div(
            ".plot",
            data_plot=json.dumps(data, separators=(",", ":")),
            role="img",
            aria_label=f"{title}; its figures are in the table below",
        ),
        _marked(spots, is_time),
        details[summary["The figures as a table"], shown],
    ]


def _marked(spots: Sequence[Spot], is_time: bool) -> Node:
    """The events of a chart in words; strikes are in its table."""
    named = [f"{one.label} {_x(one.x, is_time)}" for one in spots if not one.small]
    return p(".muted")["Marked: ", ", ".join(named)] if named else ""


def _picked(count: int, most: int) -> list[int]:
    if count <= most:
        return list(range(count))
    return sorted({round(at * (count - 1) / (most - 1)) for at in range(most)})


def _x(value: Any, is_time: bool) -> str:
    if not is_time:
        return number(value)
    if value % 86_400 == 0:  # the beginning of a date in UTC: a day, no instant of it
        return f"{datetime.datetime.fromtimestamp(value, datetime.UTC):%Y-%m-%d}"
    return f"{datetime.datetime.fromtimestamp(value, NEW_YORK):%H:%M}"


def seconds_of(lines: Iterable[Mapping[str, Any]]) -> list[float]:
    """The instants of published lines, seconds since 1970."""
    return [seconds(line["at"]) for line in lines]


def seconds(instant: str) -> float:
    """An ISO instant as seconds since 1970."""
    return datetime.datetime.fromisoformat(instant).timestamp()
