"""What moves on the pages Positions and Filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from htpy import Element, Node, div, h2, h3, p, section, span

from gammacore.adapters.dashboard import api
from gammacore.adapters.dashboard.api import Asked
from gammacore.adapters.dashboard.day_page import marked
from gammacore.adapters.dashboard.html import Line, chart, clock, figures, gain, number, rows_table, seconds_of

Document = Mapping[str, Any]
LEVEL_COLOURS = {
    "stop_loss": "loss",
    "stop": "loss",
    "r_stop": "loss",
    "option_stop": "loss",
    "premium_stop": "loss",
    "emergency_stop": "loss",
    "profit_target": "win",
    "final_target": "win",
    "take_profit": "win",
    "scale_out": "win",
    "trailing_stop": "doubt",
    "trail_stop": "doubt",
    "lock_in": "doubt",
}
MEASURED = {
    "mid": "mid of the spread",
    "worst": "cost to close at worst",
    "share": "price of the share",
    "option bid": "bid of the option",
    "profit": "profit with hedges, $",
}
COURSES = {
    "mark": ("Mark and the levels on it that act, as they moved, points", "mark"),
    "price": ("Price of the underlying with the levels on it, points", "price"),
    "profit": ("Profit with hedges, before fees, and its levels, $", "profit"),
}
SIGNS = {"pass": "✓ pass", "skip": "✗ skip", "unknown": "? unknown", "not_judged": "· not judged"}
NO, YES = "no", "yes"


def positions(asked: Asked) -> Node:
    """Each holding with its mark over time and the levels that act."""
    found = api.positions(asked)
    if asked.reading.card is None:
        return ""
    course = [] if asked.date is None else asked.source.course(asked.name, asked.date)
    if asked.current is None:
        return rows_table(
            "Held, without marks",
            ["symbol", "owner", "quantity", "entry"],
            ([one["symbol"], one["owner"], str(one["quantity"]), number(one["entry_price"])] for one in found["held"]),
            "Nothing is held.",
        )
    old = " stale" if found["grey"] else ""
    return [
        p(".over")[marked(asked)],
        [_holding(one, course, old) for one in found["holdings"]] or p(".card")["Nothing is held."],
        _past(course, {one["id"] for one in found["holdings"]}),
        _greeks("All holdings", found["greeks"]) if len(found["holdings"]) > 1 else "",
        rows_table(
            "Working orders",
            ["order", "for", "state", "filled", "limit"],
            (
                [
                    one["id"],
                    f"{one['purpose']} {one['holding']}",
                    one["state"],
                    f"{one['filled']} of {one['quantity']}",
                    "market" if one["limit"] is None else number(one["limit"]),
                ]
                for one in found["orders"]
            ),
        ),
    ]


def _holding(one: Document, course: Sequence[Document], old: str) -> Element:
    age = "never marked" if one["mark_age"] is None else "old" if old else f"{one['mark_age']:.0f} s old"
    is_profit = any(level["measured_on"] == "profit" for level in one["levels"])
    return section(class_=f"holding{old}")[
        h2[one["words"]],
        p(".over")[f"{one['id']} · {one['owner']}"],
        figures(
            [
                ("entry, points", number(one["entry"])),
                ("mark, points", [number(one["mark"]), " ", span(".muted")[age]]),
                ("closed at worst, points", number(one["mark_worst"])),
                ("open P/L", gain(one["open_pnl"])),
                *([("profit with hedges, before fees", gain(one["profit"]))] if is_profit else []),
                ("closed at the latest", clock(one["forced_exit_at"])),
            ]
        ),
        rows_table(
            "Levels of the policy that acts",
            ["rule", "level", "measured on", "points away", "of the entry", "$ away", "acts"],
            (_level(level, one) for level in one["levels"]),
            "No level: it is closed by time or by its desk.",
        ),
        _course_of(one["id"], course),
        rows_table(
            "Legs",
            ["symbol", "held", "bid, points", "ask, points", "age when published"],
            (
                [
                    leg["symbol"],
                    f"{leg['quantity']:+d}",
                    number(leg["bid"]),
                    number(leg["ask"]),
                    number(leg["age"], 0, " s"),
                ]
                for leg in one["legs"]
            ),
        ),
        _greeks("Greeks", one["greeks"]),
        rows_table(
            "What its rules remember",
            ["what", "value"],
            (
                [key.replace("_", " "), _remembered(value)]
                for key, value in one["watch"].items()
                if not (value is None or isinstance(value, dict))
            ),
        ),
    ]


def _remembered(value: object) -> str:
    if isinstance(value, bool):
        return YES if value else NO
    if isinstance(value, str) and len(value) >= 19 and value[10:11] == "T":
        return f"{clock(value)} New York"
    return number(value) if isinstance(value, float) else str(value)


def _level(level: Document, one: Document) -> Sequence[Node]:
    away, entry, on = level["distance"], one["entry"], level["measured_on"]
    acts = "yes" if level["acts"] else "not yet"
    name = [level["rule"].replace("_", " ")]
    if on == "profit":  # dollars already
        return [*name, number(level["price"], 2, " $"), MEASURED[on], "–", "–", number(away, 2, " $"), acts]
    is_own = on != "share" or not _has_options(one)  # of what is held itself, not of its underlying
    part = number(100 * away / entry, 1, " %") if away is not None and entry and is_own else "–"
    size = 100 if _has_options(one) else 1
    dollars = number(away * size * one["quantity"], 0, " $") if away is not None and is_own else "–"
    return [*name, number(level["price"]), MEASURED.get(on, on), number(away), part, dollars, acts]


def _has_options(one: Document) -> bool:
    return any(leg.get("is_option") for leg in one["legs"])


def _course_of(holding: str, course: Sequence[Document]) -> Node:
    """One chart for each figure that levels belong to: its mark, the underlying's price, its profit."""
    rows = [(line, one) for line in course for one in line["holdings"] if one["id"] == holding]
    times = seconds_of(line for line, _ in rows)
    on = {rule: figure for _, one in rows for rule, figure in (one.get("measured") or {}).items()}
    rules = list(dict.fromkeys(rule for _, one in rows for rule in one["levels"]))
    drawn: list[Node] = []
    for figure, (title, label) in COURSES.items():
        names = [rule for rule in rules if on.get(rule, "mark") == figure]
        if not names and figure != "mark":
            continue
        values = [line["price"] if figure == "price" else one.get(figure) for line, one in rows]
        levels = [
            Line(
                rule.replace("_", " "),
                [one["levels"].get(rule) for _, one in rows],
                LEVEL_COLOURS.get(rule, "muted"),
                True,
                "steps",
            )
            for rule in names
        ]
        lines = [Line(label, values, "ink"), *levels]
        drawn.append(chart(title, "time", times, lines, empty="Two minutes are needed for a picture."))
    return drawn


def _past(course: Sequence[Document], held: set[str]) -> Node:
    """What was held earlier in the day, with its course."""
    gone = dict.fromkeys(one["id"] for line in course for one in line["holdings"] if one["id"] not in held)
    return [section(".holding")[h3[f"{name}, closed"], _course_of(name, course)] for name in gone]


def _greeks(title: str, greeks: Document | None) -> Element:
    if greeks is None:
        return p(".card")[f"{title}: greeks unknown (a price or a quote is missing)."]
    return div(".card")[
        div(".over")[title],
        figures(
            [
                ("delta, shares", number(greeks["delta"], 1)),
                ("gamma, shares a $1", number(greeks["gamma"])),
                ("theta, $ a day", number(greeks["theta"], 0)),
                ("vega, $ a volatility point", number(greeks["vega"], 0)),
            ]
        ),
    ]


def filters(asked: Asked) -> Node:
    """Every filter now, beside the last scheduled check."""
    if asked.reading.card is None:
        return ""
    found = api.filters(asked)
    if not found["list"] and not found["scheduled"]:
        return p(".card")["No entry was checked yet."]
    now = {(one["rule"], one["name"]): one for one in found["list"]}
    then = {(one["rule"], one["name"]): one for one in found["scheduled"]}
    asked_at = f"; the broker's answers are of {clock(found['asked_at'])}" if found["asked_at"] else ""
    return [
        p(".over")[
            f"judged {clock(found['at'])} New York{asked_at}; last scheduled check {clock(found['scheduled_at'])}"
        ],
        rows_table(
            "Filters",
            ["filter", "now", "value", "limit", "reason", "at the last check", "value then"],
            (
                [
                    f"{name} ({rule})",
                    _verdict(now.get((rule, name))),
                    _of(now, rule, name, "value"),
                    _of(now, rule, name, "limit"),
                    _of(now, rule, name, "reason"),
                    _verdict(then.get((rule, name))),
                    _of(then, rule, name, "value"),
                ]
                for rule, name in dict.fromkeys([*now, *then])
            ),
            words=True,
        ),
    ]


def _verdict(one: Document | None) -> Element:
    if one is None:
        return span["–"]
    return span(class_=f"verdict {one['verdict']}")[SIGNS.get(one["verdict"], one["verdict"])]


def _of(found: Mapping[tuple[str, str], Document], rule: str, name: str, key: str) -> str:
    return str((found.get((rule, name)) or {}).get(key) or "–")
