"""The month on paper, point by point, before real money: advice, never a condition. Rules: OP-707, SC-617.

What is counted stands in the ledger, beside it, in the log of the service and in HOME/rehearsals.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

from attrs import field, frozen

from gammacore.application.diagnose import Check, failed, passed
from gammacore.configuration import Settings
from gammacore.domain.book.book import Book
from gammacore.domain.dollars import signed_dollars
from gammacore.domain.ledger import DayFinished, DayStarted, Event, Mode
from gammacore.domain.reports.day_report import day_reports, trades_of
from gammacore.domain.reports.review import Period, reviews
from gammacore.domain.sessions import new_york_date
from gammacore.ports.desk_source import FEWEST
from gammacore.wiring.alerts.channels import last_delivered
from gammacore.wiring.checks.rehearsals import why_not_rehearsed
from gammacore.wiring.controls import events_of
from gammacore.wiring.ledgers.storage import LedgerPlace, account_ledger, ledger_exists, local_path
from gammacore.wiring.service.files import service_log
from gammacore.wiring.service.kept_day_ends import day_ends_of

ENOUGH_SESSIONS = 20
"""Finished sessions (ours; the sources ask for two weeks)."""
LASTS = dt.timedelta(days=30)
START, SUMMARY, RESTART = "day_started", "day_summary", "loop_restarted"


@frozen
class Band:
    """The later half of an account's trades beside what chance makes of the earlier one, dollars after fees."""

    actual: Decimal
    low: Decimal
    high: Decimal

    @property
    def is_inside(self) -> bool:
        return self.low <= self.actual <= self.high

    def __str__(self) -> str:
        where = "inside" if self.is_inside else "outside"
        return (
            f"the later half of the trades came to {signed_dollars(self.actual)}, {where} the band that chance draws "
            f"from the earlier half ({signed_dollars(self.low)} to {signed_dollars(self.high)}, 9 of 10)"
        )


@frozen
class Checklist:
    """Every point with what was seen, and the band, which is shown and decides nothing."""

    place: LedgerPlace
    mode: Mode
    points: tuple[Check, ...]
    band: Band | None = None

    @property
    def open(self) -> tuple[Check, ...]:
        return tuple(point for point in self.points if not point.ok)


@frozen
class _Month:
    settings: Settings
    mode: Mode
    place: LedgerPlace
    now: dt.datetime
    events: Sequence[Event] = field(repr=False)

    @property
    def finished(self) -> tuple[dt.date, ...]:
        return tuple(sorted({event.date for event in self.events if isinstance(event, DayFinished)}))

    @property
    def unfinished(self) -> tuple[dt.date, ...]:
        today = new_york_date(self.now)
        begun = {event.date for event in self.events if isinstance(event, DayStarted)}
        return tuple(sorted(date for date in begun - set(self.finished) if date < today))


def checklist(settings: Settings, mode: Mode, now: dt.datetime, *, with_band: bool = True) -> Checklist:
    """The points of an account's ledger; without a ledger every one is open.

    Raises:
        StorageError: the ledger cannot be read.
    """
    place = account_ledger(settings, mode)
    events = events_of(settings, place) if ledger_exists(settings, place) else []
    month = _Month(settings, mode, place, now, events)
    points = (
        _sessions(month), _flat(month), _reconciled(month), _standing(month), *_messages(month), _rehearsal(month),
        _restored(month), _channels(month), _reviewed(month, Period.WEEK, 5), _reviewed(month, Period.MONTH, 20),
    )  # fmt: skip
    return Checklist(place, mode, points, _band(month) if with_band else None)


def before_real_money(settings: Settings, now: dt.datetime) -> Iterator[str]:
    """What of the month on paper is open, a sentence each; a live start prints it and goes on. Rule: SC-617."""
    try:
        found = checklist(settings, Mode.PAPER, now, with_band=False)
    except Exception as wrong:  # advice: whatever is damaged, the loop of a live account starts
        yield f"the month on paper cannot be read: {type(wrong).__name__}: {wrong}"
        return
    for point in found.open:
        yield f"{point.name}: {point.detail}; {point.fix}"


# -- the ledger ---------------------------------------------------------------------------------------------------


def _sessions(month: _Month) -> Check:
    count = len(month.finished)
    detail = f"{count} sessions finished, {ENOUGH_SESSIONS} asked for"
    if count < ENOUGH_SESSIONS:
        return failed("sessions", detail, f"let `gammacore service --{month.mode}` run on")
    return passed("sessions", detail)


def _flat(month: _Month) -> Check:
    if month.unfinished:
        dates = ", ".join(map(str, month.unfinished[-3:]))
        return failed(
            "flat", f"{len(month.unfinished)} days were begun and not finished, the last {dates}",
            "see the report of each: gammacore report --day D",
        )  # fmt: skip
    return passed("flat", "every day that was begun ended flat" if month.finished else "no day yet")


def _reconciled(month: _Month) -> Check:
    ends = day_ends_of(month.settings, month.place)
    agreed = {dt.date.fromisoformat(one["date"]) for one in ends if _agreed(one)}
    missing = [date for date in month.finished if date not in agreed]
    detail = f"{len(month.finished) - len(missing)} of {len(month.finished)} sessions agree with the broker, in dollars"
    if missing or not month.finished:
        last = f", the last that does not {missing[-1]}" if missing else ""
        return failed("reconciled", detail + last, "see LEDGER.day-ends and `gammacore report --day D`")
    return passed("reconciled", detail)


def _agreed(day_end: dict[str, Any]) -> bool:
    """In the evening, and the morning after as far as it has come."""
    return day_end.get("agrees") is True and not (day_end.get("morning") or {}).get("difference")


def _standing(month: _Month) -> Check:
    """What stands now and waits for a person."""
    book = Book.of(month.events)
    stands = [
        *([f"halted ({book.halted})"] if book.halted is not None else []),
        *([f"{len(book.quarantined)} symbols quarantined"] if book.quarantined else []),
        *([f"{len(book.differences)} differences not judged"] if book.differences else []),
        *(["the circuit breaker is tripped"] if book.breaker_tripped_at is not None else []),
    ]
    if stands:
        return failed("no_open_alarm", "; ".join(stands), "gammacore doctor --before-open names what ends each")
    return passed("no_open_alarm", "nothing stands open")


# -- the log of the service ---------------------------------------------------------------------------------------


def _messages(month: _Month) -> Iterator[Check]:
    """One message of the start and one of the end of each session; and a start again that the day outlived."""
    started = _dates(service_log(month.settings, month.mode, ".loop"), START)
    summed = _dates(service_log(month.settings, month.mode), SUMMARY)
    again = _dates(service_log(month.settings, month.mode), RESTART) & set(month.finished)
    recent = month.finished[-ENOUGH_SESSIONS:]
    both = [date for date in recent if date in started & summed]
    detail = f"{len(both)} of the last {len(recent)} sessions had a start and a summary"
    fix = f"let `gammacore service --{month.mode}` run the days; its log is in HOME/logs"
    if len(both) < len(recent) or not recent:
        yield failed("messages", detail, fix)
    else:
        yield passed("messages", detail)
    if again:
        yield passed("restart_survived", f"on {max(again)} the loop was started again and the day ended as it must")
    else:
        yield failed(
            "restart_survived", "no day with a start again in it yet", "kill the loop once in a session on paper"
        )


def _dates(log: Path, event: str) -> set[dt.date]:
    """New York dates on which an event was logged, in the files that were put away too."""
    found = set()
    for path in (log, *log.parent.glob(f"{log.name}.*.gz")):
        with suppress(OSError, EOFError, zlib.error):  # one that is damaged has no dates
            raw = path.read_bytes()
            for line in (gzip.decompress(raw) if path.suffix == ".gz" else raw).splitlines():
                if event.encode() in line:
                    with suppress(ValueError, KeyError, TypeError):
                        row = json.loads(line)
                        if row["event"] == event:
                            found.add(new_york_date(dt.datetime.fromisoformat(row["at"])))
    return found


# -- what a person does -------------------------------------------------------------------------------------------


def _rehearsal(month: _Month) -> Check:
    if why := why_not_rehearsed(month.settings.storage.home, month.now):
        return failed("rehearsal", why, "gammacore rehearse")
    return passed("rehearsal", "one passed within 30 days")


def _restored(month: _Month) -> Check:
    """A rehearsal restores one and reads it again."""
    if why_not_rehearsed(month.settings.storage.home, month.now):
        return failed("restored_backup", "no backup was restored within 30 days", "gammacore rehearse restores one")
    return passed("restored_backup", "a backup was restored and read again within 30 days")


def _channels(month: _Month) -> Check:
    """A message on each channel. Rule: OP-707."""
    last = last_delivered(month.settings, local_path(month.settings, month.place))
    if not last:
        return failed(
            "channels", "alarms go to the log alone", "set a channel ([[alerts.channels]] or alerts.webhook_url)"
        )
    silent = [
        f"{name}: {'nothing was delivered yet' if at is None else f'nothing was delivered since {at:%Y-%m-%d}'}"
        for name, at in last.items()
        if at is None or month.now - at > LASTS
    ]
    if silent:
        return failed("channels", "; ".join(silent), "gammacore alerts test")
    return passed("channels", f"a message was delivered on each of {', '.join(last)}")


def _reviewed(month: _Month, period: Period, sessions: int) -> Check:
    """The sources look back each week and each month: how many trades, how many won, what they came to."""
    name = f"{period}ly_review"
    if len(month.finished) < sessions:
        return failed(name, f"{len(month.finished)} sessions, a {period} has {sessions}", "gammacore report")
    found = reviews(trades_of(day_reports(month.events)), period)
    if not found:
        return passed(name, "no trade to look back at")
    last = found[-1]
    return passed(
        name, f"the {period} of {last.first}: {signed_dollars(last.actual)} gross; `gammacore report` has all"
    )


def _band(month: _Month) -> Band | None:
    """Drawn from the earlier half of the closed trades; None with too few."""
    from gammacore.domain.study.from_ledger import closed_trades
    from gammacore.wiring.study.monte_carlo import equity_band

    trades = closed_trades(day_reports(month.events))
    half = len(trades) // 2
    opened = Book.of(month.events).opened
    if len(trades) < FEWEST or opened is None:
        return None
    start = opened.starting_balance
    band = equity_band(trades[:half], start)
    assert band is not None  # there are trades
    low, high = (Decimal(str(round(row[-1], 2))) - start for row in (band.p5, band.p95))
    return Band(sum((trade.net for trade in trades[-half:]), Decimal(0)), low, high)


def in_words(found: Checklist) -> str:
    """The whole in one line."""
    count = f"{len(found.points) - len(found.open)} of {len(found.points)} points are done"
    return f"{found.mode} {found.place}: {count}; advice, no condition"
