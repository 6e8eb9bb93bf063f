"""The pages: Day, Positions, Filters, Gamma, Journal, Performance, System; what is missing is said in its place."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from attrs import frozen
from htpy import (
    Element,
    Node,
    a,
    body,
    button,
    code,
    div,
    footer,
    form,
    fragment,
    h1,
    h2,
    head,
    header,
    html,
    label,
    li,
    link,
    main,
    meta,
    nav,
    option,
    p,
    script,
    select,
    span,
    title,
    ul,
)
from htpy import input as field

from gammacore.adapters.dashboard import day_page, gamma_page, positions_page, record_pages
from gammacore.adapters.dashboard.api import Asked
from gammacore.adapters.dashboard.html import clock, gain
from gammacore.domain.reports.plain_values import plain

PAGES: Mapping[str, tuple[str, str, Callable[[Asked], Node]]] = {
    "day": ("Day", "/", day_page.day),
    "positions": ("Positions", "/positions", positions_page.positions),
    "filters": ("Filters", "/filters", positions_page.filters),
    "gamma": ("Gamma", "/gamma", gamma_page.gamma),
    "journal": ("Journal", "/journal", record_pages.journal),
    "performance": ("Performance", "/performance", record_pages.performance),
    "system": ("System", "/system", record_pages.system),
}
"""Every page: its name, its place, and what moves on it."""
PATHS = {
    **{path: name for name, (_, path, _) in PAGES.items()},
    "/day/{date}": "day",
    "/st0ckg": "performance",
    "/forecast": "performance",
}
ICONS = ("live", "paper", "study")
"""Modes with an icon of their own. Rule: OP-513."""
HTMX = '{"includeIndicatorCSS": false, "history": false, "allowEval": false, "defaultTimeout": 8000}'


@frozen
class Frame:
    """What stands around a page: its name and path, and whether controls are open to this browser (`csrf`)."""

    name: str
    path: str
    has_controls: bool = False
    csrf: str = ""


def whole(asked: Asked, frame: Frame) -> str:
    """The whole document of a page."""
    words, mode = PAGES[frame.name][0], _mode(asked)
    query = {key: value for key, value in asked.query.items() if value}
    part_url = f"/part/{frame.name}?{urlencode(query)}"
    return str(
        html(lang="en", data_mode=mode.lower().replace(" ", "-"))[
            _head(_title(asked, frame.name), asked.reading.mode or ""),
            body(
                data_ledger=asked.name or (asked.reading.card.name if asked.reading.card else ""),
                data_halted="true" if asked.reading.book.halted is not None else "false",
            )[
                a(".skip-link", href="#live")["Skip to the page"],
                _top(asked, frame, mode),
                div("#said", role="alert", aria_live="assertive")[""],
                div("#news.visually-hidden", aria_live="polite")[""],
                main("#main")[
                    h1[words],
                    div("#live", hx_get=part_url, hx_trigger="gcchange from:body", hx_swap="innerMorph", tabindex="-1")[
                        _inner(asked, frame.name)
                    ],
                    _controls(asked, frame) if frame.name in ("day", "positions") else "",
                ],
                footer["gammacore · read only unless a control token is given · ", a(href="/api/status")["JSON"]],
            ],
        ]
    )


def part(asked: Asked, name: str) -> str:
    """The moving part of a page."""
    return str(fragment[_inner(asked, name)])


def _inner(asked: Asked, name: str) -> Node:
    return [div(".visually-hidden", data_title=_title(asked, name)), _standing(asked), PAGES[name][2](asked)]


def _title(asked: Asked, name: str) -> str:
    """What a tab shows: halted or not, P/L, mode. Rule: OP-513."""
    halted = "HALTED · " if asked.reading.book.halted is not None else ""
    return f"{halted}{_pnl(asked)}{_mode(asked)} · {PAGES[name][0]} · gammacore"


def _mode(asked: Asked) -> str:
    return (asked.reading.mode or "no ledger").upper()


def _head(words: str, mode: str = "") -> Element:
    icon = f"icon-{mode}.svg" if mode in ICONS else "icon.svg"
    return head[
        meta(charset="utf-8"),
        meta(name="viewport", content="width=device-width, initial-scale=1"),
        meta(name="color-scheme", content="light dark"),
        meta(name="htmx-config", content=HTMX),
        title[words],
        link(rel="icon", href=f"/static/{icon}", type="image/svg+xml"),
        link(rel="stylesheet", href="/static/vendor/uPlot-1.6.32.min.css"),
        link(rel="stylesheet", href="/static/page.css"),
        script(src="/static/vendor/htmx-4.0.1.min.js", defer=True),
        script(src="/static/vendor/uPlot-1.6.32.iife.min.js", defer=True),
        script(src="/static/page.js", defer=True),
    ]


def _pnl(asked: Asked) -> str:
    day = None if asked.current is None else asked.current.get("day")
    if not day:
        return ""
    return f"{(day['realised'] or 0) + (day['open'] or 0):+,.0f} $ · "


def _top(asked: Asked, frame: Frame, mode: str) -> Element:
    kept = {"ledger": asked.name} if asked.name else {}
    ask = f"?{urlencode(kept)}" if kept else ""
    cards = asked.source.cards()
    choose: Node = ""
    if len(cards) > 1:
        chosen = asked.name or (asked.reading.card.name if asked.reading.card else "")
        choose = form(".choose", method="get", action=frame.path)[
            label(for_="ledger")["Ledger"],
            select("#ledger", name="ledger")[
                (
                    option(value=card.name, selected=card.name == chosen)[f"{card.mode.upper()} {card.name}"]
                    for card in cards
                )
            ],
            button(type="submit")["Show"],
        ]
    return header(".top")[
        div(".who")[span(class_=f"mode {mode.lower().replace(' ', '-')}")[mode], span[_whose(asked)]],
        nav(aria_label="Pages")[
            ul[
                (
                    li[a(href=f"{path}{ask}", aria_current="page" if name == frame.name else None)[words]]
                    for name, (words, path, _) in PAGES.items()
                )
            ]
        ],
        choose,
    ]


def _whose(asked: Asked) -> str:
    card = asked.reading.card
    if card is None:
        return "no ledger yet"
    account = f"account {asked.reading.account} · " if asked.reading.account else ""
    loop = f"loop: {card.loop}" if card.running else "no loop runs"
    return f"{account}{card.name} · {loop}"


def _standing(asked: Asked) -> Node:
    """What must be seen before anything else: halted, unreadable, old marks, nothing to trade today."""
    book, found = asked.reading.book, []
    if book.halted is not None:
        origin = asked.reading.origin
        at = "" if origin.since is None else f" since {clock(plain(origin.since))} New York by {origin.by}"
        found.append(p(".banner.urgent", role="alert")[f"HALTED{at}: {book.halted}"])
    if book.flatten is not None and book.live_holdings:
        found.append(p(".banner.urgent")[f"Flattening: {book.flatten}"])
    if asked.reading.error:
        found.append(p(".banner.urgent")["This ledger cannot be read: ", asked.reading.error])
    if asked.reading.is_hedge:
        found.append(
            p(".banner")["This ledger is kept by the hedging filter; ", code["gammacore status"], " shows it."]
        )
    if asked.current is not None and asked.is_grey:
        at = clock(asked.current["market_at"])
        is_over = book.finished is not None and asked.current.get("date") == book.finished.date.isoformat()
        found.append(
            p(".banner")[f"The day is over; the last marks are of {at} New York."]
            if is_over
            else p(".banner.old")[f"No marks since {at} New York; what is shown is old."]
        )
    if asked.reading.card is not None and not asked.is_running and asked.session is None:
        found.append(p(".banner")[f"No session today; the next one is {asked.source.next_session()}."])
    if asked.reading.card is None:
        found.append(_beginning(asked))
    return found


def _beginning(asked: Asked) -> Element:
    return div(".card")[
        h2["Nothing was traded here yet"],
        p["A simulated day takes a moment and needs no account:"],
        p[code["gammacore trade"]],
        p["Then reload this page. A paper account: ", code["gammacore trade --broker tradier"], "."],
    ]


def _controls(asked: Asked, frame: Frame) -> Node:
    if not frame.has_controls or asked.reading.card is None:
        return ""
    if not frame.csrf:
        return div(".card.controls")[
            h2["Controls"],
            form(method="post", action="/session")[
                label(for_="token")["Control token"],
                field("#token", name="token", type="password", autocomplete="off", required=True),
                button(type="submit")["Open the controls"],
            ],
        ]
    name = asked.reading.card.name
    return div(".card.controls")[
        h2["Controls"],
        form(method="post", action="/controls/halt", data_control="halt")[
            _hidden(name, frame.csrf), button(".danger", type="submit")["Halt: no more entries"]
        ],
        form(method="post", action="/controls/flatten", data_control="flatten")[
            _hidden(name, frame.csrf), button(".danger", type="submit")["Flatten: show what would be closed"]
        ],
        ""
        if asked.reading.mode == "live"
        else form(method="post", action="/controls/resume", data_control="resume")[
            _hidden(name, frame.csrf), button(type="submit")["Resume"]
        ],
    ]


def _hidden(name: str, csrf: str) -> Node:
    return [field(type="hidden", name="ledger", value=name), field(type="hidden", name="csrf", value=csrf)]


def answered(kind: str, found: Mapping[str, Any], csrf: str) -> str:
    """What became of a control, as a page: of a flatten first what it would close, and the confirmation."""
    inner: Node
    if found.get("preview"):
        inner = [
            h1[f"Flatten {str(found['mode']).upper()} {found['ledger']}"],
            p[f"Account {found['account'] or 'without a number'}. This is closed, and trading is halted:"],
            ul[
                (
                    li[f"{one['id']}: {one['words']}, mark {one['mark']}, ", gain(one["open_pnl"])]
                    for one in found["closes"]
                )
            ]
            if found["closes"]
            else p["Nothing is held."],
            form(method="post", action="/controls/flatten")[
                _hidden(found["ledger"], csrf),
                field(type="hidden", name="nonce", value=found["nonce"]),
                label(for_="mode")[f"Type {found['mode']} to confirm, within 30 seconds"],
                field("#mode", name="mode", autocomplete="off", required=True),
                button(".danger", type="submit")["Close everything and halt"],
            ],
        ]
    else:
        done = "done" if found["done"] else str(found.get("message", "not done yet"))
        still = found["open"]
        inner = [
            h1[f"{kind.capitalize()}: {done}"],
            p[f"{str(found['mode']).upper()} {found['ledger']}, {found['reason']}"],
            p[f"Still open: {', '.join(still)}"] if still else "",
        ]
    return _bare(f"{kind} · gammacore", inner)


def refusal(status: int, message: str) -> str:
    """A refusal as a page; one that needs the token asks for it."""
    ask: Node = ""
    if status == 401:
        ask = form(method="post", action="/session")[
            label(for_="token")["Control token"],
            field("#token", name="token", type="password", autocomplete="off", required=True),
            button(type="submit")["Go on"],
        ]
    return _bare(f"{status} · gammacore", [h1[str(status)], p[message], ask])


def _bare(words: str, inner: Node) -> str:
    return str(
        html(lang="en")[
            _head(words),
            body[main("#main")[inner, p[a(href="/")["Back to the day"]]]],
        ]
    )


def journal_csv(entries: Iterable[Mapping[str, Any]]) -> str:
    """The rows of the journal page; a cell that a spreadsheet would run as a formula gets a quote in front."""
    text = io.StringIO()
    columns = ("date", "at", "kind", "strategy", "code", "text")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(columns)
    for entry in entries:
        cells = [str(entry[column]) for column in columns]
        rows.writerow([f"'{cell}" if cell[:1] in "=+-@\t\r" else cell for cell in cells])
    return text.getvalue()
