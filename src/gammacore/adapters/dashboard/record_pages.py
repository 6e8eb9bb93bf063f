"""What moves on the pages Journal, Performance and System."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlencode

from htpy import Node, a, button, div, form, h2, label, option, p, select
from htpy import input as field

from gammacore.adapters.dashboard import api
from gammacore.adapters.dashboard.api import Asked
from gammacore.adapters.dashboard.html import Line, chart, clock, figures, gain, number, rows_table
from gammacore.domain.reports import api_documents as documents

MOST_ENTRIES = 300
FEWEST = 20
"""Below so many trades nothing is forecast. Rule: SC-902."""


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
            label(for_="date")["Day"],
            _choice("date", sorted({row["date"] for row in every}, reverse=True), asked),
            label(for_="code")["Code"],
            _choice("code", sorted({row["code"] for row in every}), asked),
            label(for_="strategy")["Strategy"],
            _choice("strategy", sorted({row["strategy"] for row in every}), asked),
            button(type="submit")["Show"],
        ],
        p[a(href=f"/journal.csv?{urlencode(kept)}")["As CSV"], f" · {len(found)} entries"],
        rows_table(
            f"Journal{'' if len(found) <= MOST_ENTRIES else f', the newest {MOST_ENTRIES}'}",
            ["day", "time", "kind", "code", "what"],
            ([one["date"], clock(one["at"]), one["kind"], one["code"], one["text"]] for one in found[:MOST_ENTRIES]),
        ),
    ]


def _choice(name: str, values: list[str], asked: Asked) -> Node:
    chosen = asked.query.get(name, "")
    return select(f"#{name}", name=name)[
        option(value="", selected=not chosen)["all"],
        (option(value=value, selected=value == chosen)[value] for value in values),
    ]


def performance(asked: Asked) -> Node:
    """Equity, drawdown, the year by month, and what the trades did by strategy, hour, weekday, VIX and exit."""
    if asked.reading.card is None:
        return ""
    reports, book = asked.reading.reports, asked.reading.book
    month, year = api.performance(asked), api.yearly(asked)
    x = [dt.datetime.combine(report.date, dt.time(), dt.UTC).timestamp() for report in reports]
    equity = [float(report.balance) for report in reports]
    peak, falls = float("-inf"), []
    for value in equity:
        peak = max(peak, value)
        falls.append(value - peak)
    trades = sum(report.ended for report in reports)
    rows: list[Any] = [
        figures(
            [
                ("balance", number(float(book.balance), 2, " $")),
                ("days", str(len(reports))),
                ("trades", str(trades)),
                ("win rate this month", number(month["winRate"], 1, " %")),
                ("trades this month", str(month["totalTrades"])),
            ]
        ),
        chart("Equity, $", "day", x, [Line("balance", equity, "accent")], note="", is_time=True)
        if len(x) > 1
        else p(".card")["A curve needs two days."],
        chart("Below the highest balance, $", "day", x, [Line("drawdown", falls, "loss")]) if len(x) > 1 else "",
        rows_table(
            "The year",
            ["month", "P/L", "capital", "return"],
            (
                [name, gain(pnl), number(capital, 2, " $"), number(part, 2, " %")]
                for name, pnl, capital, part in zip(*year.values(), strict=True)
            ),
        ),
        rows_table(
            "The days",
            ["day", "strategy", "trades", "wins", "after fees", "drawdown", "halts", "alarms"],
            (
                [
                    a(href=_day_link(asked, row["date"]))[row["date"]],
                    row["strategy"],
                    str(row["trades"]),
                    str(row["wins"]),
                    gain(row["net"]),
                    number(row["drawdown"]),
                    str(row["halts"]),
                    str(row["alarms"]),
                ]
                for row in reversed(documents.days(reports, "")[-60:])
            ),
        ),
    ]
    for name, members in documents.groups(reports).items():
        rows.append(
            rows_table(
                f"By {name}",
                [name, "trades", "wins", "net"],
                ([one["name"], str(one["trades"]), str(one["wins"]), gain(one["net"])] for one in members),
            )
        )
    if trades < FEWEST:
        rows.append(
            p(".card")[f"What-if of own trades: {trades} trades, shown from {FEWEST} on (gammacore montecarlo)."]
        )
    return rows


def _day_link(asked: Asked, date: str) -> str:
    return f"/day/{date}" + (f"?{urlencode({'ledger': asked.name})}" if asked.name else "")


def system(asked: Asked) -> Node:
    """The loop, the machine, the ledgers."""
    found = api.system(asked)
    loop, cycle = found["loop"], found["loop"]["cycle"] or {}
    return [
        figures(
            [
                ("loop", "runs" if loop["running"] else "no loop runs"),
                (
                    "last published",
                    number(loop["age_seconds"], 0, " s ago") if loop["age_seconds"] is not None else "–",
                ),
                ("cycles", number(cycle.get("n"), 0)),
                ("cycle, middle", number(cycle.get("p50"), 1, " ms")),
                ("cycle, 99 of 100", number(cycle.get("p99"), 1, " ms")),
                ("pictures dropped", number(loop["dropped_pictures"], 0)),
                ("version", str(found["version"])),
                ("ledger", _size(found["ledger_bytes"])),
                ("disk free", _size(found["disk_free_bytes"])),
                (
                    "newest backup",
                    number(found["backup_age_seconds"], 0, " s ago")
                    if found["backup_age_seconds"] is not None
                    else "none",
                ),
            ]
        ),
        rows_table(
            "Ledgers",
            ["ledger", "mode", "loop"],
            (
                [one["name"], one["mode"].upper(), "runs" if one["running"] else "no loop runs"]
                for one in found["ledgers"]
            ),
        ),
        div(".card")[
            h2["For programs"],
            p[a(href="/health")["/health"], " · ", a(href="/api/system")["/api/system"], " · /metrics"],
        ],
    ]


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
