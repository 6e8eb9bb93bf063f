"""The JSON of the page, route by route: SC-905..910 to the letter, and ours. Rule: OP-504."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from attrs import frozen

from gammacore.adapters.dashboard.security import Refused
from gammacore.domain.reports import api_documents as documents
from gammacore.domain.reports.picture_age import GREY_SECONDS, holdings_now, seconds_since
from gammacore.domain.reports.plain_values import plain
from gammacore.domain.sessions import TradingSession, new_york_date
from gammacore.ports.desk_source import DeskSource, LedgerReading

SILENT_SECONDS = 60.0
"""A loop without a published cycle for so long within a session makes the day degraded (ours). Rule: OP-504."""
Document = dict[str, Any]


@frozen(eq=False)
class Asked:
    """One request: which ledger and day, with what is known of them. `now` is the newest picture, of whatever day."""

    source: DeskSource
    name: str | None
    now: Mapping[str, Any] | None
    at: dt.datetime
    session: TradingSession | None
    query: Mapping[str, str]

    @classmethod
    def of(cls, source: DeskSource, query: Mapping[str, str]) -> Asked:
        """Raises Refused 404: `?ledger=` takes only names that the page lists."""
        name = query.get("ledger") or None
        if name is not None and name not in {card.name for card in source.cards()}:
            raise Refused(404, "no such ledger is listed here")
        return cls(source, name, source.now(name), source.time(), source.session(), query)

    @cached_property
    def reading(self) -> LedgerReading:
        """The ledger as it stands, read when it is first asked for: a list of days needs none."""
        return self.source.read(self.name)

    @property
    def today(self) -> dt.date:
        return new_york_date(self.at)

    @property
    def date(self) -> dt.date | None:
        """The day asked for, else the ledger's newest; None of an empty ledger.

        Raises:
            Refused: 400, no date.
        """
        if text := self.query.get("date"):
            try:
                return dt.date.fromisoformat(text)
            except ValueError:
                raise Refused(400, "date: give YYYY-MM-DD") from None
        return self.reading.reports[-1].date if self.reading.reports else None

    @property
    def current(self) -> Mapping[str, Any] | None:
        """The picture, where it is of the ledger's newest day."""
        book = self.reading.book
        if self.now is None or book.day is None or self.now.get("date") != book.day.date.isoformat():
            return None
        return self.now

    @property
    def age(self) -> float | None:
        """Seconds since the loop published."""
        return None if self.current is None else seconds_since(self.current.get("at"), self.at)

    @property
    def is_running(self) -> bool:
        return self.reading.card is not None and self.reading.card.running

    @property
    def is_grey(self) -> bool:
        """Whether marks are too old to be believed. Rule: OP-503."""
        return not self.is_running or self.age is None or self.age > GREY_SECONDS

    @property
    def whole(self) -> Document:
        """What every document of ours begins with."""
        last = self.reading.book.last_at
        return {
            "mode": self.reading.mode,
            "as_of": plain(last),
            **({"error": self.reading.error} if self.reading.error else {}),
        }


def health(asked: Asked) -> Document:
    """SC-905, and why: degraded is a ledger that cannot be read, or a session without a cycle for a minute."""
    reasons = []
    if asked.reading.error:
        reasons.append("a ledger cannot be read")
    session, finished = asked.session, asked.reading.book.finished
    is_open = session is not None and session.is_trading(asked.at)
    is_over = finished is not None and session is not None and finished.date == session.date
    is_account = asked.reading.mode in ("paper", "live")
    if is_open and is_account and not is_over and (asked.age is None or asked.age > SILENT_SECONDS):
        reasons.append("no cycle for 60 s while the session is open")
    if asked.source.system(asked.name).get("critical_undelivered"):
        reasons.append("a critical message is not delivered")
    return {"status": "degraded" if reasons else "healthy", "timestamp": plain(asked.at), "reasons": reasons}


def performance(asked: Asked) -> Document:
    return documents.performance(asked.reading.reports, asked.reading.book, asked.at)


def yearly(asked: Asked) -> Document:
    return documents.yearly(asked.reading.reports, asked.reading.book, asked.at)


def metrics(asked: Asked) -> Document:
    return documents.metrics(asked.reading.reports, asked.current if asked.is_running else None, asked.at)


def trades(asked: Asked) -> list[Document]:
    text = asked.query.get("limit", "20")
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 500):
        raise Refused(400, "limit: give 1 to 500")
    return documents.trades(asked.reading.reports, int(text))


def status(asked: Asked) -> Document:
    return documents.status(asked.reading.reports, asked.reading.book, asked.current, asked.reading.mode)


def days(asked: Asked) -> Document:
    """The days of one ledger where one is named, else of every ledger. Rule: OP-108."""
    cards = asked.source.cards()
    names = [asked.name] if asked.name is not None else [card.name for card in cards]
    rows: list[Mapping[str, Any]] = []
    unread: dict[str, str] = {}
    for name in names:
        lines, error = asked.source.days(name)
        if error:
            unread[name] = error
        rows += lines
    rows.sort(key=lambda row: (row["date"], row["ledger"]))
    mode = next((card.mode for card in cards if asked.name in (None, card.name)), None)
    return {"mode": mode, "as_of": plain(asked.at), "days": rows, "unread": unread}


def day(asked: Asked) -> Document:
    date = asked.date
    report = None if date is None else asked.reading.report(date)
    if date is None or report is None:
        return {
            **asked.whole,
            "date": plain(date),
            "day": None,
            "alarms": open_alarms(asked),
            "next_action": None,
            "course": [],
        }
    return {
        **asked.whole,
        "date": plain(date),
        "day": documents.day(report),
        "alarms": open_alarms(asked),
        "next_action": None if asked.current is None or not asked.is_running else asked.current.get("next_action"),
        "course": asked.source.course(asked.name, date),
    }


def positions(asked: Asked) -> Document:
    """Marks and levels as the loop published them; without a picture what is held, and unknown marks."""
    shown = asked.current
    if shown is None:
        rows = status(asked)["positions"]
        return {
            **asked.whole,
            "marked_at": None,
            "grey": True,
            "holdings": [],
            "greeks": None,
            "orders": [],
            "held": rows,
            "day": None,
        }
    return {
        **asked.whole,
        "marked_at": shown["market_at"],
        "grey": asked.is_grey,
        "holdings": holdings_now(shown, asked.at),
        "greeks": shown["greeks"],
        "orders": shown["orders"],
        "held": status(asked)["positions"],
        "day": shown["day"],
    }


def open_alarms(asked: Asked) -> list[Document]:
    """What still asks for something, by the ledger. Rule: OP-106."""
    rows: list[Document] = plain(asked.reading.open_alarms)
    return rows


def filters(asked: Asked) -> Document:
    shown = asked.current
    empty: Document = {"at": None, "list": [], "asked_at": None, "scheduled_at": None, "scheduled": []}
    if shown is not None:
        return {**asked.whole, **(shown.get("filters") or empty)}
    last = asked.reading.book.last_judged
    if last is None:
        return {**asked.whole, **empty}
    return {**asked.whole, **empty, "scheduled_at": plain(last.scheduled_at), "scheduled": plain(last.filters)}


EXPOSURE_KEYS = ("at", "price", "net", "unit", "flip", "flips", "call_wall", "put_wall", "pin")


def exposure(asked: Asked) -> Document:
    """The newest measurement, and the course of the day asked for; what `gex --track` keeps where no loop measured."""
    shown, date = asked.current, asked.date
    is_newest = date is not None and shown is not None and shown.get("date") == date.isoformat()
    newest = shown.get("exposure") if is_newest and shown is not None else None
    course = [] if date is None else asked.source.course(asked.name, date)
    source = "loop"
    if newest is None and not any(line.get("net") is not None for line in course):
        tracked = asked.source.tracked()
        if tracked is not None and asked.query.get("date") in (None, "", tracked[0]["date"]):
            newest, course, source = tracked[0].get("exposure"), tracked[1], "track"
            date = dt.date.fromisoformat(tracked[0]["date"])
    return {
        **asked.whole,
        "date": plain(date),
        "source": source,
        "exposure": newest,
        "course": [{key: line.get(key) for key in EXPOSURE_KEYS} for line in course],
    }


def journal(asked: Asked) -> Document:
    reports = asked.reading.reports
    if asked.query.get("date"):
        reports = tuple(report for report in reports if report.date == asked.date)
    rows = documents.journal(reports)
    for key in ("code", "strategy", "kind"):
        if wanted := asked.query.get(key):
            rows = [row for row in rows if row[key] == wanted]
    return {**asked.whole, "entries": rows}


def system(asked: Asked, streams: int = 0) -> Document:
    shown, card = asked.current, asked.reading.card
    return {
        **asked.whole,
        "ledger": None if card is None else card.name,
        "loop": {
            "running": asked.is_running,
            "process": card.loop if card is not None else None,
            "age_seconds": asked.age,
            "cycle": None if shown is None else shown["cycle"],
            "dropped_pictures": None if shown is None else shown.get("dropped"),
        },
        "feeds": None if shown is None else shown["market"]["ages"],
        "broker": None if shown is None else shown["metrics"]["connection_pool_stats"],
        "reconciled": None if shown is None else shown.get("reconciled"),
        "alarms": open_alarms(asked),
        "streams": streams,
        "ledgers": [{"name": one.name, "mode": one.mode, "running": one.running} for one in asked.source.cards()],
        **asked.source.system(asked.name),
    }


ROUTES = {
    "/api/performance": performance,
    "/api/performance/yearly": yearly,
    "/api/metrics": metrics,
    "/api/trades": trades,
    "/api/status": status,
    "/api/days": days,
    "/api/day": day,
    "/api/positions": positions,
    "/api/filters": filters,
    "/api/exposure": exposure,
    "/api/journal": journal,
}
"""Every document but health and system, which the server adds to."""
