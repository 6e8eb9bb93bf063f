"""What the loop saw last, and the entry filters judged on it for a page. Pure. Rules: OP-502, OP-503."""

from __future__ import annotations

import datetime as dt

from attrs import evolve, frozen

from gammacore.domain.book.book import Book
from gammacore.domain.desks.credit_spread import CreditSpreadDesk
from gammacore.domain.entries.filters import judge_entry
from gammacore.domain.sessions import BrokerClock
from gammacore.domain.strategy import Situation, Strategy
from gammacore.domain.verdicts import FilterVerdict


@frozen(eq=False)
class Sight:
    """What the loop had at the end of a cycle: its last look with a copy of its book, and when it looks again."""

    now: dt.datetime
    situation: Situation
    book: Book
    next_at: dt.datetime | None = None


@frozen
class FiltersNow:
    """The filters judged again at `at` (`now`), beside the last scheduled check; `asked_at`: the broker's answer."""

    at: dt.datetime | None
    now: tuple[FilterVerdict, ...]
    scheduled_at: dt.datetime | None
    scheduled: tuple[FilterVerdict, ...]
    asked_at: dt.datetime | None = None


def filters_now(sight: Sight, strategy: Strategy, answered: Situation | None) -> FiltersNow:
    """The entry filters judged now on what the loop has, beside the last scheduled check.

    `answered` is the last look that asked the broker: its account, clock, history and exposure stand in for those this
    look did not ask for. A strategy without a table of filters shows its last scheduled check alone.
    """
    situation, book = sight.situation, sight.book
    last = book.last_judged
    scheduled_at, scheduled = (None, ()) if last is None else (last.scheduled_at, last.filters)
    if not isinstance(strategy, CreditSpreadDesk):
        return FiltersNow(None, (), scheduled_at, scheduled)
    slots = strategy.entries.schedule.slots(situation.session)
    slot = next((one for one in slots if one >= situation.now), slots[-1] if slots else situation.now)
    asked = situation if situation.broker_clock is not None else _laid_under(situation, answered)
    case = strategy.case(evolve(asked, book=book, latest=None, latest_exposure=None), slot)
    asked_at = None if answered is None else answered.now
    return FiltersNow(sight.now, judge_entry(case).record.filters, scheduled_at, scheduled, asked_at)


def _laid_under(situation: Situation, answered: Situation | None) -> Situation:
    if answered is None:
        return situation
    clock = answered.broker_clock
    moved = None if clock is None else BrokerClock(clock.at + (situation.now - answered.now), clock.is_open)
    return evolve(
        situation,
        buying_power=answered.buying_power if situation.buying_power is None else situation.buying_power,
        broker_clock=moved,
        history=situation.history or answered.history,
        exposure=situation.exposure or answered.exposure,
        pause=answered.pause if situation.pause is None else situation.pause,
    )
