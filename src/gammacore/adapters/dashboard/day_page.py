"""What moves on the pages Day, Positions and Filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from htpy import Element, Node, div, h2, h3, p, section, span

from gammacore.adapters.dashboard import api
from gammacore.adapters.dashboard.api import Asked
from gammacore.adapters.dashboard.html import Line, chart, clock, figures, gain, number, rows_table, seconds_of

Document = Mapping[str, Any]
LEVEL_COLOURS = {
    "stop_loss": "loss",
    "emergency_stop": "loss",
    "profit_target": "win",
    "trailing_stop": "doubt",
    "lock_in": "doubt",
}
SIGNS = {"pass": "✓ pass", "skip": "✗ skip", "unknown": "? unknown", "not_judged": "· not judged"}


def day(asked: Asked) -> Node:
    """Price with the strikes held, pin, flip and walls; P/L against its limit; what is next; trades and alarms."""
    found, date = api.day(asked), asked.date
    if date is None:
        return ""
    report = found["day"]
    if report is None:
        return p(".card")[f"The ledger holds no day {date}."]
    shown = asked.current if asked.current is not None and asked.current.get("date") == date.isoformat() else None
    course = found["course"]
    return [
        p(".over")[
            f"{report['underlying']} · {report['strategy']} · {date}{'' if report['finished'] else ' · not finished'}"
        ],
        figures(_figures(report, shown, asked)),
        _price(course),
        _profit(course),
        rows_table(
            "Trades",
            ["position", "kind", "entry", "price", "exit", "why", "after fees"],
            (
                [
                    one["position_id"],
                    one["signal_type"] or one["option_type"] or "–",
                    clock(one["entry_time"]),
                    number(one["entry_price"]),
                    clock(one["exit_time"]),
                    one["exit_reason"] or "open",
                    gain(one["realized_pnl"]),
                ]
                for one in report["trades_now"]
            ),
            "No trade was opened; the journal says why.",
        ),
        rows_table(
            "Entry checks",
            ["at", "outcome", "why"],
            ([clock(one["scheduled_at"]), one["outcome"], one["sentence"]] for one in report["decisions"]),
        ),
        rows_table(
            "Alarms",
            ["at", "code", "what"],
            ([clock(one["at"]), one["code"], one.get("detail") or ""] for one in report["alarms"]),
        ),
    ]


def _figures(report: Document, shown: Document | None, asked: Asked) -> list[tuple[str, Node]]:
    rows: list[tuple[str, Node]] = [("balance", number(report["balance"], 2, " $"))]
    if shown is not None:
        profit, volatility = shown["day"], shown["volatility"]
        total = (profit["realised"] or 0) + (profit["open"] or 0)
        rows += [
            ("P/L of the day", gain(total)),
            ("left of the limit", f"{number(profit['left'])} of {number(profit['limit'])} $"),
            ("price", number(shown["market"]["spot"])),
            ("VIX", number(shown["market"]["vix"])),
            ("regime", volatility["regime"] or "–"),
            ("next look", clock(shown["cycle"]["next_at"]) if asked.is_running else "no loop runs"),
        ]
    else:
        rows += [("P/L after fees", gain(round((report["pnl"] or 0) - (report["fees"] or 0), 2)))]
    entries = f"{report['entries']} taken, {sum((report['skipped'] or {}).values())} skipped"
    return [*rows, ("entries", entries)]


def _price(course: Sequence[Document]) -> Element:
    lines = [
        Line("price", [one["price"] for one in course], "ink"),
        Line("pin", [one["pin"] for one in course], "pin", True, "steps"),
        Line("flip", [one["flip"] for one in course], "flip", True, "steps"),
        Line("call wall", [one["call_wall"] for one in course], "call", True, "steps"),
        Line("put wall", [one["put_wall"] for one in course], "put", True, "steps"),
    ]
    near = [one["price"] for one in course if one["price"] is not None]
    if near:  # levels far from the price are in the table and on the page Gamma: here they would flatten the price
        low, high = min(near), max(near)
        room = max((high - low) * 2, high * 0.004)
        lines = [
            lines[0],
            *(
                Line(
                    one.label,
                    [v if v is not None and low - room <= v <= high + room else None for v in one.values],
                    one.colour,
                    True,
                    "steps",
                )
                for one in lines[1:]
            ),
        ]
    return chart(
        "Price, pin, flip and walls", "time", seconds_of(course), lines, note="New York; levels near the price"
    )


def _profit(course: Sequence[Document]) -> Element:
    lines = [
        Line("P/L of the day", [one["day_pnl"] for one in course], "accent"),
        Line("limit", [-one["limit"] for one in course], "loss", True),
    ]
    return chart("Profit and loss of the day against its limit, $", "time", seconds_of(course), lines)


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
        p(".over")[f"marked {clock(found['marked_at'])} New York"],
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
    return section(class_=f"holding{old}")[
        h2[one["words"]],
        p(".over")[f"{one['id']} · {one['owner']}"],
        figures(
            [
                ("entry", number(one["entry"])),
                ("mark", [number(one["mark"]), " ", span(".muted")[age]]),
                ("to close at worst", number(one["mark_worst"])),
                ("open P/L", gain(one["open_pnl"])),
                ("closed at the latest", clock(one["forced_exit_at"])),
            ]
        ),
        rows_table(
            "Levels of the policy that acts",
            ["rule", "price", "measured on", "points away", "of the entry", "$ away", "acts"],
            (_level(level, one) for level in one["levels"]),
            "No level: it is closed by time or by its desk.",
        ),
        _course_of(one["id"], course),
        rows_table(
            "Legs",
            ["symbol", "held", "bid", "ask", "age"],
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
                [key, str(value)]
                for key, value in one["watch"].items()
                if not (value is None or isinstance(value, dict))
            ),
        ),
    ]


def _level(level: Document, one: Document) -> Sequence[Node]:
    away, entry = level["distance"], one["entry"]
    part = number(100 * away / entry, 0, " %") if away is not None and entry else "–"
    size = 100 if any(len(leg["symbol"]) > 10 for leg in one["legs"]) else 1
    in_points = level["measured_on"] != "share" or size == 1
    dollars = number(away * size * one["quantity"], 0, " $") if away is not None and in_points else "–"
    return [
        level["rule"].replace("_", " "),
        number(level["price"]),
        level["measured_on"],
        number(away),
        part,
        dollars,
        "yes" if level["acts"] else "not yet",
    ]


def _course_of(holding: str, course: Sequence[Document]) -> Element:
    rows = [(line, one) for line in course for one in line["holdings"] if one["id"] == holding]
    rules = list(dict.fromkeys(rule for _, one in rows for rule in one["levels"]))
    lines = [Line("mark", [one["mark"] for _, one in rows], "ink")]
    lines += [
        Line(
            rule.replace("_", " "),
            [one["levels"].get(rule) for _, one in rows],
            LEVEL_COLOURS.get(rule, "muted"),
            True,
            "steps",
        )
        for rule in rules
    ]
    return chart("Mark with the levels that act, as they moved", "time", seconds_of(line for line, _ in rows), lines)


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
        ),
    ]


def _verdict(one: Document | None) -> Element:
    if one is None:
        return span["–"]
    return span(class_=f"verdict {one['verdict']}")[SIGNS.get(one["verdict"], one["verdict"])]


def _of(found: Mapping[tuple[str, str], Document], rule: str, name: str, key: str) -> str:
    return str((found.get((rule, name)) or {}).get(key) or "–")
