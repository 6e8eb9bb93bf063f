"""What a loop published of its day, as `status` shows it: marks with age, levels with distances, greeks. OP-106."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gammacore.domain.ledger import AlarmRaised, Event
from gammacore.domain.reports.figures import clock_text
from gammacore_cli.json_values import clock

if TYPE_CHECKING:
    from gammacore.domain.book.book import Book


def current_view(now: dict[str, Any] | None, book: Book) -> dict[str, Any] | None:
    """The published view, unless it is of another day than the ledger's newest."""
    if now is None or book.day is None or now.get("date") != book.day.date.isoformat():
        return None
    return now


def marks_document(
    now: Mapping[str, Any] | None, events: Sequence[Event], book: Book, at: dt.datetime, *, running: bool
) -> dict[str, Any]:  # fmt: skip
    """Marks as published, `mark_age` as of `at`, and what the ledger says of halts and open alarms.

    `marks_since` is None while a loop runs.
    """
    from gammacore.domain.reports.halt_origin import HaltOrigin
    from gammacore.domain.reports.open_alarms import open_alarms
    from gammacore.domain.reports.picture_age import holdings_now

    marked_at = None if now is None else now["market_at"]
    origin = HaltOrigin().after(events)
    shown = now if now is not None and running else {}
    return {
        "marks": [] if now is None else holdings_now(now, at),
        "greeks": None if now is None else now["greeks"],
        "marked_at": marked_at,
        "marks_since": None if running else marked_at,
        "day": None if now is None else now["day"],
        "next_at": shown["cycle"]["next_at"] if shown else None,
        "next_action": shown.get("next_action"),
        "reconciled": None if now is None else now.get("reconciled"),
        "halted_since": None if origin.since is None else clock(origin.since),
        "halted_by": origin.by,
        "alarms": [
            {
                "at": clock(one.at),
                "since": clock(one.since),
                "code": one.code,
                "holding": one.holding or None,
                "detail": one.detail,
                "count": one.count,
            }
            for one in open_alarms((event for event in events if isinstance(event, AlarmRaised)), book)
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
        lines.append(f"halted since {_time(shown['halted_since'])} New York by {escape(shown['halted_by'])}")
    if (action := shown["next_action"]) is not None:
        lines.append(f"next: {escape(action['words'])} at {_time(action['at'])} New York")
    if shown["next_at"] is not None:
        lines.append(f"next look {_time(shown['next_at'])} New York")
    if (compared := shown["reconciled"]) is not None:
        verdicts = ", ".join(f"{count} {verdict}" for verdict, count in compared["verdicts"].items())
        lines.append(f"last reconciliation {_time(compared['at'])} New York: {verdicts}")
    if alarms := shown["alarms"]:
        lines.append(f"[yellow]{len(alarms)} open alarm{'s' if len(alarms) > 1 else ''}[/]")
        lines += [
            f"  {_time(one['at'])} {escape(one['code'])}{_times(one['count'])}: {escape(one['detail'])}"
            for one in alarms
        ]
    return lines


def _level(level: Mapping[str, Any]) -> str:
    unit = " $" if level["measured_on"] == "profit" else ""
    away = "no mark" if level["distance"] is None else f"{level['distance']:.2f}{unit} away"
    acts = "" if level["acts"] else ", not acting yet"
    return f"{level['rule'].replace('_', ' ')} {level['price']:.2f}{unit} on {level['measured_on']} ({away}{acts})"


def _times(count: int) -> str:
    return f" ({count} times)" if count > 1 else ""


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
