"""The written parts of the page: each function is one section, every text escaped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from html import escape

from gammacore.adapters.html_report.cost_ladder import cost_ladder
from gammacore.adapters.html_report.inventory_sections import inventory
from gammacore.adapters.html_report.words import scrolling, time, tone, words
from gammacore.domain.dollars import dollars, signed_dollars
from gammacore.domain.judged_entry import EntryOutcome, JudgedEntry
from gammacore.domain.reports.day_report import DayReport, halt_line
from gammacore.domain.reports.trade_record import TradeLine
from gammacore.domain.verdicts import FilterVerdict, Outcome

SIGNS = {Outcome.PASS: "✓", Outcome.SKIP: "✗", Outcome.UNKNOWN: "?", Outcome.NOT_JUDGED: "·"}
OUTCOMES = {
    EntryOutcome.FILLED: ("taken", "win"),
    EntryOutcome.SKIPPED: ("skipped", "muted"),
    EntryOutcome.WORKING: ("working", "doubt"),
    EntryOutcome.UNFILLED: ("not filled", "doubt"),
}


def heading(report: DayReport) -> str:
    """Which day this is and what it changed the balance by."""
    day = f"{report.date:%A}, {report.date.day} {report.date:%B %Y}"
    state = "" if report.finished else " · not finished"
    return (
        f'<header><div><p class="over">{escape(report.underlying)} · {escape(report.strategy)} · {report.mode}{state}'
        f'</p><h1>{day}</h1></div><div class="result"><p class="over">after fees</p>'
        f'<strong class="{tone(report.net)}">{signed_dollars(report.net)}</strong></div></header>'
    )


def figures(report: DayReport) -> str:
    """The day in figures."""
    told, fall = report.figures, report.drawdown
    factor = "∞" if told.profit_factor is None and told.won else "–"
    if told.profit_factor is not None:
        factor = f"{float(told.profit_factor):.2f}"
    pairs = (
        ("balance", dollars(report.balance)),
        ("P/L, gross", f'<span class="{tone(report.pnl)}">{signed_dollars(report.pnl)}</span>'),
        ("fees", dollars(report.fees)),
        ("win rate", "–" if told.win_rate is None else f"{float(told.win_rate):.0%}"),
        ("profit factor", factor),
        ("drawdown", f"{float(fall.part):.1%}" if fall.dollars else "none"),
        ("entries", str(report.entries)),
        ("exits", str(report.ended)),
        ("skipped", str(sum(report.skipped.values()))),
    )
    cells = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in pairs)
    return f'<dl class="figures">{cells}</dl>'


def trades(report: DayReport) -> str:
    """Each credit spread with its reasons and its cost-to-close ladder, each inventory with its hedges."""
    if not report.records:
        return '<p class="card muted">No trade was opened; the table below says why.</p>'
    return "".join(
        _trade(number, record) if isinstance(record, TradeLine) else inventory(number, record)
        for number, record in enumerate(report.records, 1)
    )


def _trade(number: int, trade: TradeLine) -> str:
    plan, ended = trade.plan, trade.exit
    result = '<strong class="muted">open</strong>'
    story = [(time(trade.opened), f"Sold for {trade.credit:.2f}. {escape(trade.why)}")]
    if ended is not None:
        result = f'<strong class="{tone(ended.gross)}">{signed_dollars(ended.gross)}</strong>'
        detail = f": {escape(ended.detail)}" if ended.detail else ""
        story.append((time(ended.at), f"Closed for {ended.value:.2f}, <b>{words(ended.reason)}</b>{detail}."))
    held = "" if trade.minutes is None else f", held {trade.minutes} {'minute' if trade.minutes == 1 else 'minutes'}"
    story.append(("at risk", f"{dollars(trade.maximum_risk)}{held}, fees {dollars(trade.fees)}"))
    story += [("note", escape(doubt)) for doubt in trade.doubts]
    lines = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in story)
    terms = "".join(f"<li>{escape(sentence)}</li>" for sentence in trade.terms)
    return (
        f'<article class="card trade"><div class="trade-head"><h3><span class="number">{number}</span>'
        f"{words(plan.strategy)} {escape(trade.strikes)} <span class=muted>{trade.contracts} × ${trade.credit:.2f} = "
        f"{dollars(trade.premium)}</span></h3>{result}</div><dl class=story>{lines}</dl>"
        f"{scrolling(cost_ladder(trade))}"
        f"<details><summary>What was to end it</summary><ul>{terms}</ul></details></article>"
    )


def entries(report: DayReport) -> str:
    """Every scheduled entry and what became of it."""
    if not report.scheduled:
        return '<p class="card muted">No scheduled entry was reached.</p>'
    rows = "".join(_entry(entry) for entry in report.scheduled)
    table = (
        "<table><thead><tr><th>entry</th><th></th><th>reason</th><th class=n>price</th>"
        f"<th class=n>pin</th><th class=n>VIX</th></tr></thead><tbody>{rows}</tbody></table>"
    )
    return f'<div class="card table">{scrolling(table)}</div>'


def _entry(entry: JudgedEntry) -> str:
    name, tone = OUTCOMES[entry.outcome]
    record = entry.record
    numbers = "".join(
        f"<td class=n>{'–' if value is None else value}</td>" for value in (record.price, record.pin, record.vix)
    )
    return (
        f'<tr><th scope="row">{time(entry.scheduled_at)}</th><td><span class="tag {tone}">{name}</span></td>'
        f"<td>{escape(entry.sentence)}</td>{numbers}</tr>"
    )


def filter_matrix(report: DayReport) -> str:
    """Filters down, scheduled entries across: each verdict with what it found. Rule: CS-366."""
    if not report.scheduled:
        return ""
    head = "".join(f"<th>{time(entry.scheduled_at)}</th>" for entry in report.scheduled)
    filters = list(dict.fromkeys((one.rule, one.name) for entry in report.scheduled for one in entry.filters))
    told = [{(one.rule, one.name): one for one in entry.filters} for entry in report.scheduled]
    rows = "".join(
        f'<tr><th scope="row"><small>{escape(rule)}</small>{escape(name)}</th>'
        + "".join(_verdict(verdicts.get((rule, name))) for verdicts in told)
        + "</tr>"
        for rule, name in filters
    )
    table = f"<thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody>"
    matrix = f'<table class="matrix">{table}</table>'
    return f'<div class="card table">{scrolling(matrix)}</div>'


def _verdict(one: FilterVerdict | None) -> str:
    if one is None:
        return "<td></td>"
    verdict = one.verdict
    decides = " decides" if verdict.blocks else ""
    found = verdict.value or (verdict.reason or "" if verdict.outcome is not Outcome.PASS else "")
    limit = f" <small>{escape(verdict.limit)}</small>" if verdict.limit else ""
    return (
        f'<td class="{verdict.outcome}{decides}"><span class="mark">{SIGNS[verdict.outcome]}</span>'
        f"{escape(found)}{limit}</td>"
    )


def notices(report: DayReport) -> str:
    """Alarms, refused orders, halts and what was let pass unknown; empty when there is none of them."""
    lines = list(_notices(report))
    if not lines:
        return ""
    rows = "".join(f'<tr><th scope="row">{when}</th><td>{what}</td><td>{text}</td></tr>' for when, what, text in lines)
    table = scrolling(f"<table><tbody>{rows}</tbody></table>")
    return f'<h2>Alarms and halts</h2><div class="card table">{table}</div>'


def _notices(report: DayReport) -> Iterator[tuple[str, str, str]]:
    rows: list[tuple[dt.datetime, str, str]] = [
        (alarm.at, escape(f"{alarm.code} {alarm.holding}".strip()), escape(alarm.detail)) for alarm in report.alarms
    ]
    rows += [
        (refusal.at, escape(f"refused {refusal.purpose} {refusal.holding}".strip()), escape(refusal.detail))
        for refusal in report.refused
    ]
    for halt in report.halts:
        happened, said = halt_line(halt)
        rows.append((halt.at, f"<b>{happened}</b>", escape(said)))
    for at, what, text in sorted(rows):
        yield time(at), what, text
    if report.unknown_by_filter:
        counts = ", ".join(f"{escape(name)} {count}" for name, count in report.unknown_by_filter.items())
        yield "", '<span class="doubt">unknown</span>', f"verdicts by filter: {counts}"
