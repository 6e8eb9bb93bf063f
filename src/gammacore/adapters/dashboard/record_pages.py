"""What moves on the pages Journal, Performance and System."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from htpy import Element, Node, a, button, code, div, form, h2, label, option, p, select, span
from htpy import input as field

from gammacore.adapters.dashboard import api
from gammacore.adapters.dashboard.api import Asked
from gammacore.adapters.dashboard.day_page import day_link, year_table
from gammacore.adapters.dashboard.html import Line, ago, chart, clock, figures, gain, number, rows_table
from gammacore.domain.reports import api_documents as documents
from gammacore.domain.reports.day_report import DayReport
from gammacore.ports.desk_source import FEWEST

MOST_ENTRIES = 150
MOST_DAYS, MOST_WEEKS = 30, 12
GROUPS = {
    "strategy": "strategy",
    "hour": "hour of the entry, New York",
    "weekday": "weekday",
    "vix": "VIX at the entry, points",
    "exit": "exit rule",
}


def journal(asked: Asked) -> Node:
    """Trades, checks, refusals and alarms with every reason, by day, code and strategy."""
    if asked.reading.card is None:
        return ""
    found = api.journal(asked)["entries"]
    every = documents.journal(asked.reading.reports)
    kept = {key: value for key, value in asked.query.items() if value}
    return [
        form(".filter", method="get", action="/journal")[
            field(type="hidden", name="ledger", value=asked.name or "") if asked.name else "",
            span(".pair")[
                label(for_="date")["Day"],
                _choice("date", sorted({row["date"] for row in every}, reverse=True), asked),
            ],
            span(".pair")[
                label(for_="code")["Code"],
                _choice("code", sorted({row["code"] for row in every}), asked),
            ],
            span(".pair")[
                label(for_="strategy")["Strategy"],
                _choice("strategy", sorted({row["strategy"] for row in every}), asked),
            ],
            button(type="submit")["Show"],
        ],
        p[a(href=f"/journal.csv?{urlencode(kept)}")["As CSV"], f", all {len(found)} entries"],
        rows_table(
            f"Journal{'' if len(found) <= MOST_ENTRIES else f', the newest {MOST_ENTRIES}'}",
            ["day", "time", "kind", "code", "what"],
            ([one["date"], clock(one["at"]), one["kind"], one["code"], one["text"]] for one in found[:MOST_ENTRIES]),
            words=True,
        ),
    ]


def _choice(name: str, values: list[str], asked: Asked) -> Node:
    chosen = asked.query.get(name, "")
    return select(f"#{name}", name=name)[
        option(value="", selected=not chosen)["all"],
        (option(value=value, selected=value == chosen)[value] for value in values),
    ]


def performance(asked: Asked) -> Node:
    """Equity, drawdown, week, month and year, the band of chance, and what the trades did by kind, hour and exit."""
    if asked.reading.card is None:
        return ""
    reports, book = asked.reading.reports, asked.reading.book
    month = api.performance(asked)
    x = [_midnight(report.date) for report in reports]
    equity = [float(report.balance) for report in reports]
    peak, falls = float("-inf"), []
    for value in equity:
        peak = max(peak, value)
        falls.append(value - peak)
    two = "A curve needs two days."
    rows: list[Any] = [
        figures(
            [
                ("balance", number(float(book.balance), 2, " $")),
                ("days", str(len(reports))),
                ("trades closed", str(len({trade.id for report in reports for trade in report.closed}))),
                ("won this month", number(month["winRate"], 1, " %")),
                ("trades this month", str(month["totalTrades"])),
            ]
        ),
        chart("Equity at the end of each day, $", "day", x, [Line("balance", equity, "accent")], empty=two),
        chart("Below the highest balance, $", "day", x, [Line("drawdown", falls, "loss")], empty=two),
        _forecast(asked),
        _month(month),
        rows_table("The newest weeks", ["week from", "days", "trades", "won", "after fees"], _weeks(reports)),
        year_table(asked) if book.opened is not None else "",
        rows_table(
            f"The newest {MOST_DAYS} days" if len(reports) > MOST_DAYS else "The days",
            ["day", "strategy", "trades", "won", "after fees", "drawdown, $", "halts", "alarms"],
            (
                [
                    a(href=day_link(asked, row["date"]))[row["date"]],
                    row["strategy"],
                    str(row["trades"]),
                    str(row["wins"]),
                    gain(row["net"]),
                    number(row["drawdown"]),
                    str(row["halts"]),
                    str(row["alarms"]),
                ]
                for row in reversed(documents.days(reports[-MOST_DAYS:], ""))
            ),
        ),
    ]
    for name, members in documents.groups(reports).items():
        if members:
            rows.append(
                rows_table(
                    f"By {GROUPS[name]}",
                    [GROUPS[name], "trades", "won", "after fees"],
                    ([one["name"], str(one["trades"]), str(one["wins"]), gain(one["net"])] for one in members),
                )
            )
    return rows


def _midnight(date: dt.date) -> float:
    return dt.datetime.combine(date, dt.time(), dt.UTC).timestamp()


def _forecast(asked: Asked) -> Node:
    """The record beside what chance alone makes of its own results. Rule: SC-902."""
    band = asked.source.band(asked.name)
    title = "Equity after each trade beside draws of its own results, $"
    if band is None:
        count = sum(report.ended for report in asked.reading.reports)
        return p(".card")[f"{title}: {count} trades, shown from {FEWEST} on."]
    fan, own = band
    lines = [
        Line("as traded", own, "accent"),
        Line("19 of 20 end below", fan.p95, "win", True),
        Line("3 of 4", fan.p75, "muted", True),
        Line("half", fan.p50, "muted"),
        Line("1 of 4", fan.p25, "muted", True),
        Line("1 of 20", fan.p5, "loss", True),
    ]
    return [chart(title, "trade", list(range(len(own))), lines, is_time=False), p(".muted")[fan.caption]]


def _month(month: dict[str, Any]) -> Element:
    known = [
        (dt.date.fromisoformat(day), pnl, capital)
        for day, pnl, capital in zip(month["days"], month["actuals"], month["cumulativeCapital"], strict=True)
        if capital is not None
    ]
    lines = [Line("P/L of the day", [pnl for _, pnl, _ in known], "accent", kind="bars")]
    title = "P/L of each day of this month, after fees, $"
    if not any(pnl for _, pnl, _ in known):
        return p(".card")["No trade was closed this month."]
    return chart(title, "day", [_midnight(date) for date, _, _ in known], lines, empty="The month has begun today.")


def _weeks(reports: Sequence[DayReport]) -> list[list[Node]]:
    weeks: dict[dt.date, list[DayReport]] = {}
    for report in reports:
        weeks.setdefault(report.date - dt.timedelta(days=report.date.weekday()), []).append(report)
    return [
        [
            monday.isoformat(),
            str(len(members)),
            str(sum(one.ended for one in members)),
            str(sum(end.net > 0 for one in members for end in one.ends)),
            gain(float(sum(one.net for one in members))),
        ]
        for monday, members in list(reversed(weeks.items()))[:MOST_WEEKS]
    ]


def system(asked: Asked) -> Node:
    """The loop, its feeds, the broker, the machine, the ledgers."""
    found = api.system(asked)
    loop, cycle, feeds = found["loop"], found["loop"]["cycle"] or {}, found["feeds"] or {}
    broker, compared, service = found["broker"] or {}, found["reconciled"], found.get("service")
    shown: list[tuple[str, Node]] = [
        ("loop", loop["process"] if loop["running"] else "no loop runs"),
        ("last published", ago(loop["age_seconds"])),
        ("cycles", number(cycle.get("n"), 0)),
        ("a cycle takes, middle", number(cycle.get("p50"), 1, " ms")),
        ("99 of 100 take less than", number(cycle.get("p99"), 1, " ms")),
        ("pictures dropped", number(loop["dropped_pictures"], 0)),
        ("age of the price when published", number(feeds.get("spot"), 0, " s")),
        ("age of VIX when published", number(feeds.get("vix"), 0, " s")),
        ("asked of the broker", number(broker.get("requests"), 0)),
        ("of these failed", number(broker.get("errors"), 0)),
        ("last reconciliation", "–" if compared is None else f"{clock(compared['at'])} {_verdicts(compared)}"),
        ("open alarms", str(len(found["alarms"]))),
        ("service", "none" if service is None else str(service.get("status") or "stopped")),
        ("starts of the loop by it", "–" if service is None else number(service.get("starts"), 0)),
        *([("armed", str(found["armed"]))] if found.get("armed") is not None else []),
        ("newest backup", ago(found["backup_age_seconds"]) if found["backup_age_seconds"] is not None else "none"),
        ("ledger", _size(found["ledger_bytes"])),
        ("disk free", _size(found["disk_free_bytes"])),
        ("version", str(found["version"])),
        ("browsers with a stream", number(found["streams"], 0)),
    ]
    failing = [] if service is None else [*(service.get("failing") or ())]
    return [
        figures(shown),
        rows_table("What keeps the service from going on", ["check"], ([str(one)] for one in failing))
        if failing
        else "",
        rows_table(
            "Ledgers",
            ["ledger", "mode", "loop"],
            (
                [one["name"], one["mode"].upper(), "runs" if one["running"] else "no loop runs"]
                for one in found["ledgers"]
            ),
            "There is none yet.",
        ),
        div(".card")[
            h2["For programs"],
            p[
                a(href="/health")["/health"],
                " · ",
                a(href="/api/system")["/api/system"],
                " · ",
                code["/metrics"],
                ", text for a monitor",
            ],
        ],
    ]


def _verdicts(compared: dict[str, Any]) -> str:
    return ", ".join(f"{count} {verdict}" for verdict, count in compared["verdicts"].items())


def _size(count: object) -> str:
    if not isinstance(count, int | float):
        return "–"
    return (
        f"{count / 1e9:.1f} GB"
        if count >= 1e9
        else f"{count / 1e6:.1f} MB"
        if count >= 1e6
        else f"{count / 1e3:.0f} kB"
    )
