"""What moves on the page Gamma: exposure by strike, over the price, its flips and walls, and their course."""

from __future__ import annotations

from htpy import Node, code, p

from gammacore.adapters.dashboard import api
from gammacore.adapters.dashboard.api import Asked, Document
from gammacore.adapters.dashboard.html import Line, Spot, chart, clock, figures, number, rows_table, seconds_of
from gammacore.domain.gex.units import ExposureUnit

NEAREST = 60
"""Strikes drawn: further out nothing is seen beside the tall bars at the price."""


def gamma(asked: Asked) -> Node:
    """Unit, sign, scope and clock are named with the figures."""
    found = api.exposure(asked)
    shown, course = found["exposure"], found["course"]
    if shown is None and not course:
        return p(".card")[
            "No exposure was published for this day. A loop publishes it, measured of today's expiry; without one ",
            code["gammacore gex --every 60 --track"],
            " does.",
        ]
    parts: list[Node] = []
    if found["source"] == "track":
        parts.append(p(".banner")[f"Measured on {found['date']} by `gammacore gex --track`, not by a trading loop."])
    if shown is not None:
        parts += [_measured(shown), _levels(shown), *_charts(shown)]
    parts += _course(course)
    if shown is not None:
        parts.append(_contracts(shown["contracts"]))
    return parts


def _measured(shown: Document) -> Node:
    return p(".over")[
        f"{shown['underlying']} at {number(shown['spot'])}, measured {clock(shown['as_of'])} New York · unit "
        f"{_unit(shown)} · sign {shown['sign']} · scope {shown['scope']} · greeks {shown['greeks']} · "
        f"clock {shown['clock']}",
    ]


def _levels(shown: Document) -> Node:
    pin, unit = shown["pin"], _unit(shown)
    strike = runner_up = "–"
    if pin is not None:
        strike = number(pin["strike"], 0) + (", competing" if pin["competing"] else "")
        runner_up = "–" if len(pin["candidates"]) < 2 else number(pin["candidates"][1]["strike"], 0)
    return figures(
        [
            (f"net, {unit}", number(shown["net"], 0)),
            ("flip, points", number(shown["flip"])),
            (f"call wall ({unit})", _wall(shown["call_wall"])),
            (f"put wall ({unit})", _wall(shown["put_wall"])),
            ("pin, strike", strike),
            ("runner-up, strike", runner_up),
        ]
    )


def _charts(shown: Document) -> list[Node]:
    """Exposure by strike, and the net over the price; price, flip and pin are marked on both."""
    spot, unit = shown["spot"], _unit(shown)
    near = sorted(shown["by_strike"], key=lambda row: abs(row["strike"] - spot))[:NEAREST]
    near.sort(key=lambda row: row["strike"])
    low, high = (near[0]["strike"], near[-1]["strike"]) if near else (0, 0)
    spots = _spots(shown)
    return [
        chart(
            f"Exposure by strike, {unit}",
            "strike",
            [row["strike"] for row in near],
            [
                Line("calls", [row["call"] for row in near], "call", kind="bars"),
                Line("puts", [row["put"] for row in near], "put", kind="bars"),
                Line("net", [row["net"] for row in near], "ink"),
            ],
            is_time=False,
            note=f"the {NEAREST} strikes nearest to the price",
            spots=[one for one in spots if low <= one.x <= high],
        ),
        chart(
            f"Net exposure if the price stood there, {unit}",
            "price",
            [level for level, _ in shown["profile"]],
            [Line("net", [net for _, net in shown["profile"]], "accent")],
            is_time=False,
            spots=spots,
        ),
    ]


def _spots(shown: Document) -> list[Spot]:
    pin = shown["pin"]
    marked = (
        ("price", shown["spot"], "ink"),
        ("flip", shown["flip"], "flip"),
        ("pin", None if pin is None else pin["strike"], "pin"),
    )
    return [Spot(name, at, colour) for name, at, colour in marked if at is not None]


def _course(course: list[Document]) -> list[Node]:
    levels = (
        ("flip", "flip", "flip"),
        ("call wall", "call_wall", "call"),
        ("put wall", "put_wall", "put"),
        ("pin", "pin", "pin"),
    )
    return [
        chart(
            "Flip, walls and pin through the day, points",
            "time",
            seconds_of(course),
            [
                Line("price", [one["price"] for one in course], "ink"),
                *(Line(name, [one[key] for one in course], colour, True, "steps") for name, key, colour in levels),
            ],
        ),
        chart(
            f"Net exposure through the day, {_unit_of(course)}",
            "time",
            seconds_of(course),
            [Line("net", [one["net"] for one in course], "accent")],
        ),
    ]


def _contracts(counted: Document) -> Node:
    left_out = [[name, str(count)] for name, count in counted["skipped"].items()]
    return rows_table("Contracts", ["contracts", "count"], [["used", str(counted["used"])], *left_out])


def _unit(shown: Document) -> str:
    return ExposureUnit(shown["unit"]).label


def _unit_of(course: list[Document]) -> str:
    """The unit of the published lines; they are all of one."""
    units = [str(one["unit"]) for one in course if one.get("unit")]
    return ExposureUnit(units[-1]).label if units else "unit unknown"


def _wall(wall: dict[str, float] | None) -> str:
    return "–" if wall is None else f"{number(wall['strike'], 0)} ({number(wall['value'], 0)})"
