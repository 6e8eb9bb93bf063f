"""The written parts of the page: each function is one section, every text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from gammacore.adapters.html_report.canvas import ROLES
from gammacore.adapters.html_report.cost_ladder import cost_ladder
from gammacore.domain.reports import words
from gammacore.domain.reports.figures import OUTCOMES, Figure, Section, clock_text, known, labelled
from gammacore.domain.reports.trade_views import Line, TradeView
from gammacore.domain.reports.views import DayView, Note, found
from gammacore.domain.verdicts import FilterVerdict

OPEN_TABLE = 40
"""A longer table of hedges is folded away."""


def heading(view: DayView) -> str:
    """Which day this is and what it changed the balance by."""
    report = view.report
    day = f"{report.date:%A}, {report.date.day} {report.date:%B %Y}"
    state = "" if report.finished else " · not finished"
    return (
        f'<header><div><p class="over">{escape(report.underlying)} · {escape(report.strategy)} · {report.mode}{state}'
        f'</p><h1>{day}</h1></div><div class="result"><p class="over">{escape(view.result.label)}</p>'
        f"{toned('strong', view.result)}</div></header>"
    )


def figures(shown: Iterable[Figure], kind: str = "figures") -> str:
    """Figures side by side."""
    cells = "".join(f"<div><dt>{escape(one.label)}</dt><dd>{toned('span', one)}</dd></div>" for one in shown)
    return f'<dl class="{kind}">{cells}</dl>'


def trades(view: DayView) -> str:
    """Each trade with its reasons, a spread with its cost-to-close ladder, a hedged holding with its hedges."""
    if not view.trades:
        return '<p class="card muted">No trade was opened; the table below says why.</p>'
    return "".join(_trade(number, trade) for number, trade in enumerate(view.trades, 1))


def _trade(number: int, view: TradeView) -> str:
    size = f" <span class=muted>{escape(view.size)}</span>" if view.size else ""
    story = [(line.day + clock_text(line.at), _line(line)) for line in view.story]
    story += [("note", escape(doubt)) for doubt in view.doubts]
    lines = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in story)
    lines += f"<dt>{escape(view.trade.strategy)}</dt><dd class=muted>{escape(view.trade.id)}</dd>"
    terms = "".join(f"<li>{escape(sentence)}</li>" for sentence in view.terms)
    return (
        f'<article class="card trade"><div class="trade-head"><h3><span class="number">{number}</span>'
        f"{escape(_sentence(view.title))}{size}</h3>{toned('strong', view.result)}</div>"
        f"<dl class=story>{lines}</dl>{figures(known(view.figures), 'figures split')}"
        + ("" if view.trade.sold is None else scrolling(cost_ladder(view.trade, view.trade.sold)))
        + (f"<details><summary>What was to end it</summary><ul>{terms}</ul></details>" if terms else "")
        + f"{_hedges(view)}</article>"
    )


def _line(line: Line) -> str:
    text = escape(_sentence(line.text))
    if line.aside:
        text += f" <span class=muted>{escape(line.aside)}</span>"
    if not line.reason:
        return text
    return f"{text}, <b>{escape(line.reason)}</b>{f': {escape(line.detail)}' if line.detail else ''}."


def _hedges(view: TradeView) -> str:
    hedges = view.trade.hedges
    if not hedges:
        return ""
    day = f" {words.day_in_words(hedges[0].decision.at, view.trade)}".rstrip()
    opened = " open" if len(hedges) <= OPEN_TABLE else ""
    return f"<details{opened}><summary>Every hedge{day}</summary>{table(view.hedges, 'matrix hedges')}</details>"


def entries(view: DayView) -> str:
    """Every scheduled entry and what became of it."""
    if not view.entries.rows:
        return '<p class="card muted">No scheduled entry was reached.</p>'
    return f'<div class="card table">{table(view.entries)}</div>'


def signals(view: DayView) -> str:
    """What became of each signal; nothing on a day without one. Rule: SC-324."""
    if not view.signals.rows:
        return ""
    return f'<h2>Signals</h2><div class="card table">{table(view.signals)}</div>'


def table(section: Section, kind: str = "", links: Sequence[str] = ()) -> str:
    """The rows of a section, of each row the labels as columns; a `narrow` one fits a phone and does not scroll.

    `links`, one a row, are where the first column leads.
    """
    rows = [labelled(row) for row in section.rows]
    head = "".join(f"<th{_number(one)}>{escape(one.label)}</th>" for one in rows[0])
    body = "".join(
        f'<tr><th scope="row">{_linked(first.text, link)}</th>'
        + "".join(f"<td{_number(one)}>{toned('span', one)}</td>" for one in rest)
        + "</tr>"
        for (first, *rest), link in zip(rows, links or [""] * len(rows), strict=True)
    )
    css = f' class="{kind}"' if kind else ""
    whole = f"<table{css}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return whole if "narrow" in kind.split() else scrolling(whole)


def _linked(text: str, link: str) -> str:
    return f'<a href="{escape(link)}">{escape(text)}</a>' if link else escape(text)


def filter_matrix(view: DayView) -> str:
    """Filters down, scheduled entries across: each verdict with what it found. Rule: CS-366."""
    scheduled = view.report.scheduled
    if not scheduled:
        return ""
    head = "".join(f"<th>{clock_text(entry.scheduled_at)}</th>" for entry in scheduled)
    filters = list(dict.fromkeys((one.rule, one.name) for entry in scheduled for one in entry.filters))
    judged = [{(one.rule, one.name): one for one in entry.filters} for entry in scheduled]
    rows = "".join(
        f'<tr><th scope="row"><small>{escape(rule)}</small>{escape(name)}</th>'
        + "".join(_verdict(verdicts.get((rule, name))) for verdicts in judged)
        + "</tr>"
        for rule, name in filters
    )
    table = f"<thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody>"
    matrix = f'<table class="matrix">{table}</table>'
    return f'<div class="card table">{scrolling(matrix)}</div>'


def _verdict(one: FilterVerdict | None) -> str:
    if one is None:
        return "<td></td>"
    sign, _ = OUTCOMES[one.verdict.outcome]
    decides = " decides" if one.verdict.blocks else ""
    limit = f" <small>{escape(one.verdict.limit)}</small>" if one.verdict.limit else ""
    return (
        f'<td class="{one.verdict.outcome}{decides}"><span class="mark">{sign}</span>{escape(found(one))}{limit}</td>'
    )


def notices(view: DayView) -> str:
    """Alarms, refused orders, halts and what was let pass unknown; empty when there is none of them."""
    if not view.notes:
        return ""
    rows = "".join(map(_note, view.notes))
    table = scrolling(f"<table><tbody>{rows}</tbody></table>")
    return f'<h2>Alarms and halts</h2><div class="card table">{table}</div>'


def _note(note: Note) -> str:
    when = "" if note.at is None else clock_text(note.at)
    what = f'{note.kind} <span class="{ROLES[note.tone]}">{escape(note.what)}</span>'
    return f'<tr><th scope="row">{when}</th><td>{what}</td><td>{escape(note.text)}</td></tr>'


def scrolling(content: str) -> str:
    """Content that keeps its width on a narrow screen: it scrolls, by keyboard too, and the line below points on."""
    return (
        f'<div class="scroll" tabindex="0">{content}</div>'
        '<p class="more">Scroll sideways: it goes on to the right →</p>'
    )


def toned(element: str, figure: Figure) -> str:
    """The text of a figure in an element of its tone."""
    css = f"{ROLES[figure.tone]}{' tag' if figure.label == 'outcome' else ''}"
    text = escape(figure.text) + (f" <small>{escape(figure.note)}</small>" if figure.note else "")
    if element == "span" and not css:
        return text
    role = f' class="{css}"' if css else ""
    return f"<{element}{role}>{text}</{element}>"


def _number(figure: Figure) -> str:
    return " class=n" if figure.unit.is_number else ""


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
