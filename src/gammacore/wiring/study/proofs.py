"""Whether a day that was traded from an expected carry-in comes out the same from the true one. Rule: ST-206."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from attrs import evolve, frozen

from gammacore.adapters.fake.account import account_of_json
from gammacore.application.study.backtest import DayDone
from gammacore.domain.book.book import Book
from gammacore.domain.holding_events import PolicyRecorded
from gammacore.domain.ledger import Event, OrderIntended
from gammacore.domain.risk.opening_limits import EquityWatch
from gammacore.domain.sessions import NEW_YORK
from gammacore.wiring.study.days import CarryIn

EVER = dt.datetime.min.replace(tzinfo=dt.UTC)
"""Since when losses in a row count where they are carried over nights; else from the newest halt on. Rule: SC-608."""


@frozen
class Taken:
    """What a day can read of the days before it, where everything ended flat; None where something is still held.

    `switches` are the ledger's opening, halts and kill switch, what the guards remember and what was noted of dealer
    gamma; `numbers` balance, cash at the exchange and the records that sizing and streaks look back on. Day trades are
    not in it: the exchange of a study has no rule for them. Decision 0064.
    """

    switches: str
    numbers: str

    @classmethod
    def of(cls, carry: CarryIn, date: dt.date) -> Taken | None:
        book, account = carry.book, carry.account
        is_held = book.live_holdings or book.working_orders or book.quarantined or book.differences
        if is_held or (account is not None and (account.held or account.orders)):
            return None
        switches = (
            book.opened, book.owner, book.halted, book.flatten, book.last_day_halt, book.switched, book.resumed_at,
            book.breaker_tripped_at, sorted(book.regime_notes.items()), remembered(carry, date),
        )  # fmt: skip
        halt = book.last_day_halt
        since = (EVER,) if halt is None else (EVER, halt.at + dt.timedelta(microseconds=1))
        streaks = [book.losses_in_a_row(instant) for instant in since]
        numbers = (book.balance, cash_of(carry), book.results, book.net_results, streaks)
        return cls(repr(switches), repr(numbers))


def remembered(carry: CarryIn, date: dt.date) -> tuple[object, ...] | None:
    """What the guards of openings still know of the account when a New York date begins; None without guards.

    Marks and losses that their windows have passed by then are read by nothing. Rule: DH-1009.
    """
    guards = carry.guards
    if guards is None:
        return None
    watch = EquityWatch() if carry.equity is None else carry.equity.watch
    begins = dt.datetime.combine(date, dt.time(), NEW_YORK)
    first_point = begins - dt.timedelta(seconds=guards.speed_window_seconds)
    first_loss = begins - dt.timedelta(seconds=guards.losses_window_seconds)
    is_paused = watch.paused_until is not None and watch.paused_until >= begins
    return (
        watch.date == date, watch.day_start if watch.date == date else None, watch.equity, watch.high_water,
        [point for point in watch.points if point.at >= first_point],
        [at for at in watch.losses if at >= first_loss],
        watch.paused_until if is_paused else None,
    )  # fmt: skip


def cash_of(carry: CarryIn) -> Decimal | None:
    """Dollars at the exchange; None where neither it nor the ledger is opened: both begin with the starting capital."""
    if carry.account is not None:
        return carry.account.cash
    return carry.book.balance if carry.book.opened is not None else None


def proved(day: DayDone, carry: CarryIn) -> DayDone | None:
    """The day with the true carry-in, where it read the same; None where it has to be traded again."""
    true = Taken.of(carry, day.result.date)
    if true is None or day.taken != (true.switches, true.numbers):
        return None
    events = without_known_policies(day.events, carry.book)
    if not _knows_its_policies(events, carry.book):
        return None
    result = evolve(day.result, carry_in=carry.hash)
    after = carry if result.account is None else carry.after(events, account_of_json(result.account))
    return evolve(day, events=events, result=evolve(result, carry_out=after.hash))


def without_known_policies(events: tuple[Event, ...], book: Book) -> tuple[Event, ...]:
    """A stop policy is recorded once in a ledger, before the first plan that names it."""
    return tuple(one for one in events if not (isinstance(one, PolicyRecorded) and book.knows_policy(one.id)))


def _knows_its_policies(events: tuple[Event, ...], book: Book) -> bool:
    own = {one.id for one in events if isinstance(one, PolicyRecorded)}
    opens = (one.opens for one in events if isinstance(one, OrderIntended) and one.opens is not None)
    used = {one.spread.policy for one in opens if one.spread is not None}
    return all(name in own or book.knows_policy(name) for name in used)
