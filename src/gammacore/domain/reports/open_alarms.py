"""Which alarms still ask for something, from what the ledger holds of them. Pure. Rules: OP-106, OP-503."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from attrs import evolve, frozen

from gammacore.domain.book.book import Book
from gammacore.domain.ledger import AlarmRaised
from gammacore.domain.sessions import new_york_date

QUARANTINED = "quarantined"


@frozen
class OpenAlarm:
    """One alarm, raised `count` times about the same: first at `since`, last at `at`, with the newest words."""

    code: str
    holding: str
    detail: str
    since: dt.datetime
    at: dt.datetime
    count: int


def open_alarms(alarms: Iterable[AlarmRaised], book: Book) -> tuple[OpenAlarm, ...]:
    """The alarms that are not over, the newest last.

    One about a holding is open while that is held, a quarantine while something is quarantined, any other until its
    day is finished: the ledger has no event for its end, and an alarm is rather shown too long than too short.
    """
    found: dict[tuple[str, str], OpenAlarm] = {}
    for one in alarms:
        if not _is_open(one, book):
            continue
        known = found.pop((one.code, one.holding), None)
        found[one.code, one.holding] = (
            OpenAlarm(one.code, one.holding, one.detail, one.at, one.at, 1)
            if known is None
            else evolve(known, detail=one.detail, at=one.at, count=known.count + 1)
        )
    return tuple(found.values())


def _is_open(alarm: AlarmRaised, book: Book) -> bool:
    if alarm.holding and (holding := book.holding(alarm.holding)) is not None:
        return any(one.id == holding.id for one in book.live_holdings)
    if alarm.code == QUARANTINED:
        return bool(book.quarantined)
    day = book.day
    return day is not None and book.finished is None and new_york_date(alarm.at) == day.date
