"""What a loop published of its day, as `status` shows it: marks with age, levels with distances, greeks. OP-106."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from gammacore.domain.ledger import AlarmRaised, Event, FlattenRequested, Halted, Resumed
from gammacore.domain.reports.figures import clock_text
from gammacore.domain.sessions import new_york_date
from gammacore_cli.json_values import clock

if TYPE_CHECKING:
    from gammacore.domain.book.book import Book


def current_view(now: dict[str, Any] | None, book: Book) -> dict[str, Any] | None:
    """The published view, unless it is of another day than the ledger's newest."""
    if now is None or book.day is None or now.get("date") != book.day.date.isoformat():
        return None
    return now


def marks_document(now: Mapping[str, Any] | None, events: Iterable[Event], *, running: bool) -> dict[str, Any]:
    """Marks as published, and what the ledger says of halts and alarms. `marks_since` is None while a loop runs."""
    listed = list(events)
    marked_at = None if now is None else now["market_at"]
    last = None if not listed else new_york_date(listed[-1].at)
    halt = next((one for one in reversed(listed) if isinstance(one, Halted | FlattenRequested | Resumed)), None)
    return {
        "marks": [] if now is None else now["holdings"],
        "greeks": None if now is None else now["greeks"],
        "marked_at": marked_at,
        "marks_since": None if running else marked_at,
        "day": None if now is None else now["day"],
        "next_at": now["cycle"]["next_at"] if now is not None and running else None,
        "halted_since": clock(halt.at) if isinstance(halt, Halted | FlattenRequested) else None,
        "alarms": [
            {"at": clock(one.at), "code": one.code, "detail": one.detail}
            for one in listed
            if isinstance(one, AlarmRaised) and new_york_date(one.at) == last
        ],
    }


def marks_lines(shown: Mapping[str, Any]) -> list[str]:
    """One line a holding and one a level, for people; one sentence where no loop publishes."""
    from rich.markup import escape

    lines: list[str] = []
    if shown["marks_since"] is not None:
        lines.append(f"[yellow]no marks since {_time(shown['marks_since'])} New York[/]: no loop runs")
    for one in shown["marks"]:
        age = "never marked" if one["mark_age"] is None else f"{one['mark_age']:.0f} s old"
        forced = "" if one["forced_exit_at"] is None else f", closed by {_time(one['forced_exit_at'])}"
        mark = f"mark {_points(one['mark'])} ({age}), open {_dollars(one['open_pnl'])}{forced}"
        lines.append(f"[bold]{escape(one['id'])}[/]  {mark}")
        lines += [f"  {_level(level)}" for level in one["levels"]]
        lines.append(f"  {_greeks(one['greeks'])}")
    if len(shown["marks"]) > 1:
        lines.append(f"together: {_greeks(shown['greeks'])}")
    if shown["day"] is not None:
        day = shown["day"]
        lines.append(
            f"day: open {_dollars(day['open'])}, {_dollars(day['left'])} left of the limit {_dollars(day['limit'])}"
        )
    if shown["halted_since"] is not None:
        lines.append(f"halted since {_time(shown['halted_since'])} New York")
    if shown["next_at"] is not None:
        lines.append(f"next look {_time(shown['next_at'])} New York")
    if alarms := shown["alarms"]:
        lines.append(f"[yellow]{len(alarms)} alarms today[/], the last: {escape(alarms[-1]['detail'])}")
    return lines


def _level(level: Mapping[str, Any]) -> str:
    away = "no mark" if level["distance"] is None else f"{level['distance']:.2f} away"
    return (
        f"{level['rule'].replace('_', ' ')} {level['price']:.2f} ({away}{'' if level['acts'] else ', not acting yet'})"
    )


def _greeks(greeks: Mapping[str, float] | None) -> str:
    if greeks is None:
        return "greeks unknown"
    return (
        f"delta {greeks['delta']:+.1f} shares, gamma {greeks['gamma']:+.2f} a $1, "
        f"theta {greeks['theta']:+.0f} $ a day, vega {greeks['vega']:+.0f} $ a point"
    )


def _points(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"


def _dollars(value: float | None) -> str:
    return "unknown" if value is None else f"{value:+,.2f} $"


def _time(instant: str) -> str:
    return clock_text(dt.datetime.fromisoformat(instant))
