"""What moves on the page Gamma: exposure by strike, over the price, its flips and walls, and their course."""

from __future__ import annotations

from htpy import Node, p

from gammacore.adapters.dashboard import api
from gammacore.adapters.dashboard.api import Asked
from gammacore.adapters.dashboard.html import Line, chart, clock, figures, number, rows_table, seconds_of


def gamma(asked: Asked) -> Node:
    """Unit, sign, scope and clock are named with the figures."""
    if asked.reading.card is None:
        return ""
    found = api.exposure(asked)
    shown, course = found["exposure"], found["course"]
    if shown is None and not course:
        return p(".card")[
            "No exposure was published for this day. A loop publishes it; it is measured of today's expiry."
        ]
    parts: list[Node] = []
    if shown is not None:
        strikes = shown["by_strike"]
        near = sorted(
            sorted(strikes, key=lambda row: abs(row["strike"] - shown["spot"]))[:60], key=lambda row: row["strike"]
        )
        pin = shown["pin"]
        parts += [
            p(".over")[
                f"{shown['underlying']} at {number(shown['spot'])}, measured {clock(shown['as_of'])} New York · unit "
                f"{shown['unit']} · sign {shown['sign']} · scope {shown['scope']} · greeks {shown['greeks']} · ",
                shown["clock"],
            ],
            figures(
                [
                    ("net", number(shown["net"], 0)),
                    ("flip", number(shown["flip"])),
                    ("call wall", _wall(shown["call_wall"])),
                    ("put wall", _wall(shown["put_wall"])),
                    (
                        "pin",
                        "–" if pin is None else number(pin["strike"], 0) + (", competing" if pin["competing"] else ""),
                    ),
                    (
                        "runner-up",
                        "–" if pin is None or len(pin["candidates"]) < 2 else number(pin["candidates"][1]["strike"], 0),
                    ),
                ]
            ),
            chart(
                "Net exposure by strike",
                "strike",
                [row["strike"] for row in near],
                [
                    Line("calls", [row["call"] for row in near], "call", kind="bars"),
                    Line("puts", [row["put"] for row in near], "put", kind="bars"),
                    Line("net", [row["net"] for row in near], "ink"),
                ],
                is_time=False,
                note="the 60 strikes nearest to the price",
            ),
            chart(
                "Net exposure if the price stood there",
                "price",
                [level for level, _ in shown["profile"]],
                [Line("net", [net for _, net in shown["profile"]], "accent")],
                is_time=False,
            ),
        ]
    parts += [
        chart(
            "Flip, walls and pin through the day",
            "time",
            seconds_of(course),
            [
                Line("price", [one["price"] for one in course], "ink"),
                *(
                    Line(name, [one[key] for one in course], colour, True, "steps")
                    for name, key, colour in (
                        ("flip", "flip", "flip"),
                        ("call wall", "call_wall", "call"),
                        ("put wall", "put_wall", "put"),
                        ("pin", "pin", "pin"),
                    )
                ),
            ],
        ),
        chart(
            "Net exposure through the day",
            "time",
            seconds_of(course),
            [Line("net", [one["net"] for one in course], "accent")],
        ),
    ]
    if shown is not None:
        parts.append(
            rows_table(
                "Contracts",
                ["contracts", "count"],
                [
                    ["used", str(shown["contracts"]["used"])],
                    *([name, str(count)] for name, count in shown["contracts"]["skipped"].items()),
                ],
            )
        )
    return parts


def _wall(wall: dict[str, float] | None) -> str:
    return "–" if wall is None else f"{number(wall['strike'], 0)} ({number(wall['value'], 0)})"
