"""Every renderer of every kind of day, as it was written down: a figure that one of them forgets is a difference.

A change on purpose is written down anew and read in the diff: `GAMMACORE_WRITE_SNAPSHOTS=1 pytest` with this file.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console, Group

from builders_kinds_of_day import KINDS
from gammacore.adapters.html_report import render_day
from gammacore.adapters.journal_csv import journal_text
from gammacore.adapters.notifiers.log_lines import LogNotifier
from gammacore.adapters.notifiers.webhook import COLOURS, SUMMARY_COLOURS
from gammacore.domain.book.book import Book
from gammacore.domain.ledger import Event
from gammacore.domain.reports import trade_views, views
from gammacore.domain.reports.day_report import DayReport, day_report, day_reports, trades_of
from gammacore.domain.reports.figures import Figure, Figures, Unit, known, labelled
from gammacore.domain.reports.notice import Notice
from gammacore.domain.reports.notices import day_summary, notices
from gammacore.domain.reports.trades import Sold, Trade
from gammacore_cli.day_view import journal_lines, journal_view
from gammacore_cli.documents import journal_document, report_document, status_document, trade_document
from gammacore_cli.reviews import report_view, reviews_document
from gammacore_cli.status import status_view

SNAPSHOTS = Path(__file__).resolve().parents[2] / "fixtures" / "days"
WRITES = os.environ.get("GAMMACORE_WRITE_SNAPSHOTS") == "1"
LEDGER = Path("day.sqlite")


def terminal(events: list[Event]) -> str:
    """What `report`, `journal`, `journal --brief` and `status` show."""
    reports, book = day_reports(events), Book.of(events)
    console = Console(width=100, highlight=False, color_system="standard", force_terminal=True)
    shown = Group(report_view(reports, LEDGER), journal_view(reports, LEDGER), journal_lines(reports, LEDGER),
                  status_view(book, book.balance - reports[0].starting_balance, LEDGER))  # fmt: skip
    with console.capture() as screen:
        console.print(shown)
    return marked(screen.get())


def marked(screen: str) -> str:
    """Colours as words between brackets, so that the file can be read."""
    names = {
        "0": "/",
        "1": "bold",
        "2": "dim",
        "3": "italic",
        "31": "red",
        "32": "green",
        "33": "yellow",
        "39": "plain",
    }
    codes = re.compile("\x1b\\[([0-9;]*)m")
    words = codes.sub(lambda found: f"[{' '.join(names[code] for code in found[1].split(';'))}]", screen)
    return "\n".join(line.rstrip() for line in words.splitlines()) + "\n"


def page(events: list[Event]) -> str:
    """One element a line; style and the lines of the pictures left out."""
    html = re.sub("<style>.*?</style>", "", render_day(day_report(events)), flags=re.DOTALL)
    html = re.sub(r'<svg(?! class="ladder")[^>]*aria-label="([^"]*)".*?</svg>', r"<svg: \1>", html, flags=re.DOTALL)
    return re.sub(r"(<(?:div|dl|dt|tr|h\d|article|details|li|p|header|figure|text|table|footer)\b)", r"\n\1", html)


def documents(events: list[Event]) -> str:
    reports, book = day_reports(events), Book.of(events)
    printed = {
        "trade": trade_document(reports[-1], LEDGER),
        "journal": journal_document(reports, LEDGER),
        "report": {**report_document(reports, LEDGER), "reviews": reviews_document(trades_of(reports))},
        "status": status_document(book, book.balance - reports[0].starting_balance, LEDGER),
    }
    return json.dumps(printed, indent=1, ensure_ascii=False, default=str) + "\n"


def table(events: list[Event]) -> str:
    return journal_text("paper-1", trades_of(day_reports(events)))


def alerts(events: list[Event]) -> str:
    book, printed = Book(), []
    for event in events:
        book.apply(event)
        printed += [in_words(notice) for notice in notices(event, book) if notice.alerts]
    return "\n".join([*printed, in_words(day_summary(day_report(events)))])


def in_words(notice: Notice) -> str:
    colour = (SUMMARY_COLOURS if notice.sums_up else COLOURS)[notice.tone]
    figures = "".join(f"  {figure.label}: {figure.full_text}\n" for figure in notice.figures)
    return f"{notice.headline} [#{colour:06X}, {notice.life}]\n  {notice.text}\n{figures}"


def log(events: list[Event]) -> str:
    notifier, book, lines = LogNotifier(logging.getLogger("day")), Book(), []
    for event in events:
        book.apply(event)
        lines += [f"{logging.getLevelName(line.level)} {line.text}\n" for line in notifier.lines(event, book)]
    return "".join(lines)


RENDERERS: dict[str, Callable[[list[Event]], str]] = {
    "terminal.txt": terminal, "page.html": page, "document.json": documents, "journal.csv": table,
    "alerts.txt": alerts, "log.txt": log,
}  # fmt: skip


@pytest.mark.parametrize("renderer", RENDERERS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_day_is_rendered_as_it_was_written_down(kind: str, renderer: str) -> None:
    path = SNAPSHOTS / kind / renderer
    now = RENDERERS[renderer](KINDS[kind])
    if WRITES:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(now, encoding="utf-8")

    assert now == path.read_text(encoding="utf-8")


# -- a figure is added in one place ------------------------------------------------------------------------------------

SLOWEST = Figure("slowest fill", 37, Unit.MINUTES, key="slowest_fill", column="Slowest_Fill")


def test_a_new_figure_of_a_day_is_in_every_renderer_of_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    before = views.day_figures

    def with_one_more(report: DayReport) -> Figures:
        return (*before(report), SLOWEST)

    monkeypatch.setattr(views, "day_figures", with_one_more)

    shown = {name: RENDERERS[name](KINDS["trade"]) for name in ("terminal.txt", "page.html", "alerts.txt")}
    assert [name for name, text in shown.items() if not re.search("slowest fill.*37 minutes", text)] == []
    assert json.loads(documents(KINDS["trade"]))["trade"]["slowest_fill"] == 37


@pytest.mark.parametrize("kind", ["trade", "half_day", "quarantine"])
def test_a_new_figure_of_a_trade_is_in_every_renderer(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = trade_views._spread_figures

    def with_one_more(trade: Trade, sold: Sold) -> Figures:
        return (*before(trade, sold), SLOWEST)

    monkeypatch.setattr(trade_views, "_spread_figures", with_one_more)

    texts = {name: RENDERERS[name](KINDS[kind]) for name in RENDERERS}
    assert "37 minutes" in texts["terminal.txt"].replace("[/]", "").replace("│\n│", "")
    assert "<dt>slowest fill</dt><dd>37 minutes</dd>" in texts["page.html"]
    assert [trade["slowest_fill"] for trade in json.loads(texts["document.json"])["trade"]["trades"]] != []
    assert [line.rsplit(",")[-1] for line in texts["journal.csv"].splitlines()][:2] == ["Slowest_Fill", "37"]
    if kind != "quarantine":  # whose trade is still open: an end is what an alert and the log report
        assert "slowest fill: 37 minutes" in texts["alerts.txt"]
        assert "slowest fill 37 minutes" in texts["log.txt"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_renderer_forgets_a_figure(kind: str) -> None:
    report = day_report(KINDS[kind])
    view = views.day_view(report)
    people = [*labelled(view.figures), *(figure for trade in view.trades for figure in known(trade.figures))]
    screen, html = re.sub(r"\[[a-z /]*\]|│|\s", "", terminal(KINDS[kind])), re.sub("<[^>]+>", " ", page(KINDS[kind]))

    for figure in people:
        assert f"{figure.label}{figure.full_text}".replace(" ", "") in screen
        assert re.search(rf"{re.escape(figure.label)}\s+{re.escape(figure.text)}", html)
    trade = json.loads(documents(KINDS[kind]))["trade"]
    assert {figure.key for figure in view.figures if figure.key} <= trade.keys()
    for line, printed in zip(trade["trades"], view.trades, strict=True):
        assert {figure.key for figure in printed.figures if figure.key} == line.keys()
