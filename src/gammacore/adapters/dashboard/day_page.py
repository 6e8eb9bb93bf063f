"""What moves on the page Day: price, P/L against its limit, what is held, trades, checks, alarms, signals, the year."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from attrs import evolve
from htpy import Element, Node, a, nav, p

from gammacore.adapters.dashboard import api
from gammacore.adapters.dashboard.api import Asked
from gammacore.adapters.dashboard.html import (
    Line,
    Spot,
    ago,
    chart,
    clock,
    figures,
    gain,
    number,
    rows_table,
    seconds_of,
)
from gammacore.domain.legs import ShareLeg
from gammacore.domain.reports.day_report import DayReport
from gammacore.domain.reports.plain_values import plain

Document = Mapping[str, Any]
MOST_STRIKES = 8
"""So many strikes of trades are drawn into the price (ours)."""


def day(asked: Asked) -> Node:
    """What SC-902 asks of the day, its course, and the year below."""
    found, date = api.day(asked), asked.date
    if date is None:
        return ""
    report = found["day"]
    known = asked.reading.report(date)
    if report is None or known is None:
        return p(".card")[f"The ledger holds no day {date}."]
    shown = asked.current if asked.current is not None and asked.current.get("date") == date.isoformat() else None
    course = found["course"]
    return [
        _around(asked, known),
        p(".over")[
            f"{report['underlying']} · {report['strategy']} · {date}{'' if report['finished'] else ' · not finished'}"
        ],
        figures(_figures(report, shown, asked)),
        _alarms(asked, known),
        _price(course, known),
        _profit(course),
        _held(shown),
        rows_table(
            "Trades",
            ["position", "kind", "entry", "price, points", "exit", "why", "after fees"],
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
            "No entry was checked.",
            words=True,
        ),
        _signals(asked),
        _year(asked),
    ]


def year_table(asked: Asked) -> Element:
    """The year by month, as SC-907 has it."""
    return rows_table(
        "The year",
        ["month", "P/L after fees", "capital at its end", "return"],
        (
            [name, gain(pnl), number(capital, 2, " $"), number(part, 2, " %")]
            for name, pnl, capital, part in zip(*api.yearly(asked).values(), strict=True)
            if pnl is not None
        ),
    )


def _year(asked: Asked) -> Node:
    return year_table(asked) if asked.reading.book.opened is not None else ""


def day_link(asked: Asked, date: str) -> str:
    """Where the page of a date is."""
    return f"/day/{date}" + (f"?{urlencode({'ledger': asked.name})}" if asked.name else "")


def _around(asked: Asked, report: DayReport) -> Node:
    """The days before and after, of those the ledger holds."""
    dates = [one.date for one in asked.reading.reports]
    place = dates.index(report.date)
    before = dates[place - 1] if place else None
    after = dates[place + 1] if place + 1 < len(dates) else None
    if before is None and after is None:
        return ""
    return nav(".days", aria_label="Days")[
        a(href=day_link(asked, before.isoformat()))[f"← {before}"] if before is not None else "",
        a(href=day_link(asked, after.isoformat()))[f"{after} →"] if after is not None else "",
    ]


def _figures(report: Document, shown: Document | None, asked: Asked) -> list[tuple[str, Node]]:
    rows: list[tuple[str, Node]] = [("balance", number(report["balance"], 2, " $"))]
    if shown is None:
        rows.append(("P/L after fees", gain(round((report["pnl"] or 0) - (report["fees"] or 0), 2))))
    else:
        profit, volatility, action = shown["day"], shown["volatility"], shown.get("next_action")
        total = (profit["realised"] or 0) + (profit["open"] or 0)
        value = volatility["value"]
        rows += [
            ("P/L of the day, realised and open", gain(total)),
            (f"left of the limit of {number(profit['limit'], 0)} $", number(profit["left"], 2, " $")),
            (f"{report['underlying']}, points", number(shown["market"]["spot"])),
            ("VIX, points", number(shown["market"]["vix"])),
            ("volatility a year", "–" if value is None else f"{100 * value:.1f} % ({volatility['source']})"),
            ("regime", volatility["regime"] or "–"),
        ]
        if not asked.is_running:
            rows.append(("next", "no loop runs"))
        elif action is not None:
            rows.append(("next", f"{clock(action['at'])} {action['words']}"))
    skipped = sum((report["skipped"] or {}).values())
    return [*rows, ("entries", f"{report['entries']} taken, {skipped} skipped")]


def _alarms(asked: Asked, report: DayReport) -> Node:
    """What is open, of the newest day; of an older day what was raised."""
    if report is not asked.reading.reports[-1]:
        return rows_table(
            "Alarms of the day",
            ["at", "code", "what"],
            ([clock(plain(one.at)), one.code, one.detail] for one in report.alarms),
        )
    rows = api.open_alarms(asked)
    raised = len(report.alarms)
    over = f"none is open; {raised} of the day {'is' if raised == 1 else 'are'} over" if raised else "none"
    return rows_table(
        "Open alarms",
        ["last at", "code", "about", "times", "what"],
        ([clock(one["at"]), one["code"], one["holding"] or "–", str(one["count"]), one["detail"]] for one in rows),
        over,
        words=True,
    )


def _price(course: Sequence[Document], report: DayReport) -> Element:
    times, price = seconds_of(course), [one["price"] for one in course]
    lines = [
        Line("pin", [one["pin"] for one in course], "pin", True, "steps"),
        Line("flip", [one["flip"] for one in course], "flip", True, "steps"),
        Line("call wall", [one["call_wall"] for one in course], "call", True, "steps"),
        Line("put wall", [one["put_wall"] for one in course], "put", True, "steps"),
    ]
    strikes = [*_strikes(times, report)]
    spots = [*_turns(times, price, report)]
    near = [value for value in price if value is not None]
    if near:  # levels far from the price are on the page Gamma: here they would flatten the price
        low, high = min(near), max(near)
        room = max((high - low) * 2, high * 0.004)

        def is_near(value: float | None) -> bool:
            return value is not None and low - room <= value <= high + room

        lines = [evolve(one, values=[v if is_near(v) else None for v in one.values]) for one in lines]
        strikes = [(line, strike) for line, strike in strikes if is_near(strike.y)]
        spots = [*(strike for _, strike in strikes), *spots]
    return chart(
        "Price with strikes held, pin, flip and walls, points",
        "time",
        times,
        [Line("price", price, "ink"), *lines, *(line for line, _ in strikes)],
        note="New York; levels near the price",
        spots=spots,
        empty="No price was published for this day; `gammacore report --html` draws it from the recording.",
    )


def _strikes(times: Sequence[float], report: DayReport) -> Iterator[tuple[Line, Spot]]:
    """Each strike that was held, while it was, and where that began."""
    spans: dict[float, list[tuple[float, float]]] = {}
    for trade in report.trades:
        began = trade.opened.timestamp()
        ended = float("inf") if trade.end is None else trade.end.at.timestamp()
        for leg in trade.legs:
            if not isinstance(leg, ShareLeg):
                spans.setdefault(float(leg.contract.strike), []).append((began, ended))
    for strike in sorted(spans)[:MOST_STRIKES]:
        values = [strike if any(a <= at <= b for a, b in spans[strike]) else None for at in times]
        began = spans[strike][0][0]
        yield (
            Line(f"strike {strike:g}", values, "muted", True, "strike"),
            Spot(f"{strike:g}", began, "muted", strike, small=True),
        )


def _turns(times: Sequence[float], price: Sequence[float | None], report: DayReport) -> Iterator[Spot]:
    """Entries and exits, at the price there was."""
    for count, trade in enumerate(report.trades, 1):
        moments = [(f"{count} in", trade.opened, "accent", False)]
        if trade.end is not None:
            colour = "win" if trade.end.net > 0 else "loss"
            moments.append((f"{count} out {trade.end.net:+,.0f} $", trade.end.at, colour, True))
        for words, at, colour, below in moments:
            moment = at.timestamp()
            if times and times[0] <= moment <= times[-1]:
                nearest = min(range(len(times)), key=lambda place: abs(times[place] - moment))
                yield Spot(words, moment, colour, price[nearest], below)


def _profit(course: Sequence[Document]) -> Element:
    lines = [
        Line("P/L of the day", [one["day_pnl"] for one in course], "accent"),
        Line("limit", [-one["limit"] for one in course], "loss", True),
    ]
    return chart("Profit and loss of the day against its limit, $", "time", seconds_of(course), lines)


def _held(shown: Document | None) -> Node:
    if shown is None:
        return ""
    return rows_table(
        "Held now",
        ["position", "what", "mark, points", "open P/L", "closed at the latest"],
        (
            [one["id"], one["words"], number(one["mark"]), gain(one["open_pnl"]), clock(one["forced_exit_at"])]
            for one in shown["holdings"]
        ),
        "Nothing is held.",
    )


def _signals(asked: Asked) -> Node:
    """How each kind of entry did, over the whole ledger. Rule: SC-902."""
    return rows_table(
        "Signals, all days of this ledger",
        ["kind", "traded", "won", "won of the closed"],
        (
            [one["type"], str(one["traded"]), str(one["won"]), number(one["hit_rate"], 1, " %")]
            for one in api.status(asked)["signals"]
        ),
        "No trade yet.",
    )


def marked(asked: Asked) -> str:
    """When the marks were published, and how long ago."""
    shown = asked.current
    return "" if shown is None else f"marked {clock(shown['market_at'])} New York, published {ago(asked.age)}"
