"""What must hold of a half-day under a fault, each promise by name. Issue 11; rules R2..R5.

A check answers with what broke, "" where it holds.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping

from attrs import frozen

from builders_fault_day import CONTRACTS, UNDERLYING, Ended
from builders_unbid import legs_of
from gammacore.domain.book.book import Book
from gammacore.domain.ledger import AlarmRaised, DayFinished, Event, HoldingsQuarantined
from gammacore.domain.orders import Execution, Order

NAKED_AT_MOST = dt.timedelta(seconds=60)
COVERED_AT_LATEST = dt.timedelta(minutes=5)
Check = Callable[[Ended, Book], str]


def nothing_crashed(ended: Ended, _: Book) -> str:
    """The loop outlives every answer."""
    return "; ".join(ended.crashes[:1])


def nothing_lost(ended: Ended, book: Book) -> str:
    """Every fill at the exchange is in the book, or was quarantined with an alarm."""
    known = {symbol for event in ended.events if isinstance(event, HoldingsQuarantined) for symbol in event.holdings}
    for report in ended.world.exchange.every_order:
        if not report.execution.any:
            continue
        order = book.order(report.id)
        filled, booked = _legs(report.execution), None if order is None else _booked(order)
        if filled != booked and not set(filled) <= known:
            return f"filled {filled}, booked {booked}"
    return ""


def nothing_doubled(ended: Ended, _: Book) -> str:
    """Never more was opened than was planned, and never more closed than was held."""
    short, long = (contract.occ for contract in legs_of(UNDERLYING[ended.run.broker]))
    for at, held in ended.held:
        if not -CONTRACTS <= held.get(short, 0) <= 0 or not 0 <= held.get(long, 0) <= CONTRACTS:
            return f"{at:%H:%M:%S} {dict(held)}"
    return ""


def dollars_agree(ended: Ended, book: Book) -> str:
    """The book's dollars are the exchange's."""
    there = ended.world.exchange.account().balance
    return "" if book.balance == there else f"book {book.balance}, exchange {there}"


def nothing_naked(ended: Ended, _: Book) -> str:
    """A short without its cover raises an alarm that names it within 60 seconds, unless it is covered by then."""
    short = legs_of(UNDERLYING[ended.run.broker])[0].occ
    alarms = [event.at for event in ended.events if isinstance(event, AlarmRaised) and short in event.detail]
    for since, until in _naked(ended):
        if until - since > NAKED_AT_MOST and not any(since <= at <= since + NAKED_AT_MOST for at in alarms):
            later = [f"{(at - since).total_seconds():.0f} s" for at in alarms if at > since]
            return f"naked for {(until - since).total_seconds():.0f} s, alarm after {(*later, 'none')[0]}"
    return ""


def covered_in_time(ended: Ended, _: Book) -> str:
    """Five minutes after the fault is gone no short is without its cover."""
    for since, until in _naked(ended):
        if until > max(since, ended.run.off) + COVERED_AT_LATEST:
            return f"naked from {since:%H:%M:%S} to {until:%H:%M:%S}"
    return ""


def flat_in_the_end(ended: Ended, book: Book) -> str:
    """A later cycle or a request to flatten closes everything."""
    asked = " after flatten" if ended.flattened else ""
    kept = " in quarantine" if book.quarantined or _was_quarantined(ended.events) else ""
    return f"held{kept}{asked}: {dict(ended.left)}" if ended.left else ""


def day_is_finished(ended: Ended, _: Book) -> str:
    """The day ends in the ledger."""
    return "" if any(isinstance(event, DayFinished) for event in ended.events) else "no DayFinished"


CHECKS: Mapping[str, Check] = {
    "crashed": nothing_crashed,
    "lost": nothing_lost,
    "doubled": nothing_doubled,
    "dollars": dollars_agree,
    "naked": nothing_naked,
    "uncovered": covered_in_time,
    "not flat": flat_in_the_end,
    "unfinished": day_is_finished,
}
STAYS_ALIVE = ("crashed", "naked", "uncovered", "not flat", "unfinished")
"""What holds even where the broker's figures are lies."""


def breaks_of(ended: Ended) -> dict[str, str]:
    """What broke, by the name of the promise. A ledger that cannot be folded breaks every promise at once."""
    try:
        book = Book.of(ended.events)
    except Exception as refused:
        return {"wedged": f"the ledger does not fold: {type(refused).__name__}: {refused}"}
    return {name: why for name, check in CHECKS.items() if (why := check(ended, book))}


# -- the alarm ---------------------------------------------------------------------------------------------------------


@frozen
class FirstAlarm:
    """The first alarm after a fault was met: how long it took, its code, and what a person reads, word for word."""

    seconds: float
    code: str
    words: str

    def __str__(self) -> str:
        return f"{self.seconds:.0f} s {self.code}: {self.words}"


def first_alarm(ended: Ended) -> FirstAlarm | None:
    """None: no alarm followed, or the fault met no answer. The hash in an order's id is another one each time."""
    if ended.met_at is None:
        return None
    for event in ended.events:
        if isinstance(event, AlarmRaised) and event.at >= ended.met_at:
            words = re.sub(r"gc-[0-9a-f]+", "gc-…", event.detail)
            return FirstAlarm((event.at - ended.met_at).total_seconds(), event.code, words)
    return None


# -- inside ------------------------------------------------------------------------------------------------------------


def _legs(execution: Execution) -> dict[str, int]:
    return {fill.symbol: fill.side.sign * fill.quantity for fill in execution.legs}


def _booked(order: Order) -> dict[str, int]:
    """What the book has of an order; one that came without its legs has filled all of them alike."""
    if order.execution.legs or not order.execution.quantity:
        return _legs(order.execution)
    return {leg.symbol: leg.side.sign * leg.ratio * order.execution.quantity for leg in order.ticket.option_legs}


def _naked(ended: Ended) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """From when to when the exchange held more short puts than long ones."""
    since: dt.datetime | None = None
    for at, held in ended.held:
        is_naked = sum(held.values()) < 0
        if is_naked and since is None:
            since = at
        elif not is_naked and since is not None:
            yield since, at
            since = None
    if since is not None:
        yield since, ended.world.now()


def _was_quarantined(events: list[Event]) -> bool:
    return any(isinstance(event, HoldingsQuarantined) and event.holdings for event in events)
