"""Which alarms are still open, what halted trading, and how old a mark is. OP-106, OP-503."""

import datetime as dt

import pytest

from builders import DAY, at
from builders_day import a_day, day_finished, day_started, ledger_opened
from gammacore.domain.book.book import Book
from gammacore.domain.ledger import AlarmRaised, Event, FlattenRequested, Halted, HoldingsQuarantined, Resumed
from gammacore.domain.reports.halt_origin import HaltOrigin
from gammacore.domain.reports.open_alarms import open_alarms
from gammacore.domain.reports.picture_age import holdings_now

BEGUN: list[Event] = [ledger_opened(), day_started()]


def open_codes(*events: Event) -> list[tuple[str, int]]:
    alarms = [one for one in events if isinstance(one, AlarmRaised)]
    return [(one.code, one.count) for one in open_alarms(alarms, Book.of(events))]


def test_an_alarm_of_the_account_is_open_until_the_day_is_finished() -> None:
    raised = [AlarmRaised(at("10:00"), "feed_silent", "12 s"), AlarmRaised(at("10:05"), "feed_silent", "312 s")]

    (one,) = open_alarms(raised, Book.of([*BEGUN, *raised]))
    assert (one.count, one.since, one.at, one.detail) == (2, at("10:00"), at("10:05"), "312 s")
    assert open_codes(*BEGUN, *raised, day_finished("20000.00")) == []


def test_an_alarm_about_a_holding_is_open_while_that_is_held() -> None:
    """p2 was closed, p1 of an older ledger is not known and counts for the account."""
    events = [one for one in a_day() if not isinstance(one, AlarmRaised)]
    over = AlarmRaised(at("11:10"), "stale_quotes", "20 cycles", "p2")

    assert open_codes(*events, over) == []


def test_a_quarantine_is_open_while_something_is_quarantined() -> None:
    alarm = AlarmRaised(at("10:00"), "quarantined", "+2 X")
    held = HoldingsQuarantined(at("10:00"), {"SPXW260303C06000000": 2}, "+2")

    assert open_codes(*BEGUN, alarm) == []
    assert open_codes(*BEGUN, alarm, held) == [("quarantined", 1)]
    assert open_codes(*BEGUN, alarm, held, day_finished("20000.00")) == [("quarantined", 1)]


@pytest.mark.parametrize(
    ("events", "by"),
    [
        ((Halted(at("10:00"), "drill"),), "halt"),
        ((FlattenRequested(at("10:00"), "drill"),), "flatten"),
        ((FlattenRequested(at("10:00"), "drill"), Halted(at("10:02"), "drill")), "flatten"),
        ((AlarmRaised(at("10:00"), "ledger_behind", ""), Halted(at("10:00"), "reconcile")), "ledger_behind"),
        ((AlarmRaised(at("09:59"), "feed_silent", ""), Halted(at("10:00"), "drill")), "halt"),
        ((Halted(at("10:00"), "drill"), Resumed(at("10:01"), "")), None),
    ],
)
def test_what_halted_is_named(events: tuple[Event, ...], by: str | None) -> None:
    assert HaltOrigin().after(events).by == by


def test_the_age_of_a_mark_grows_while_nothing_is_published() -> None:
    then = dt.datetime(2026, 3, 3, 15, tzinfo=dt.UTC)
    holdings: list[dict[str, object]] = [{"id": "a", "mark_age": 3.0}, {"id": "b", "mark_age": None}]
    seen: dict[str, object] = {"at": then.isoformat(), "pace": 1.0, "holdings": holdings}

    ages = [one["mark_age"] for one in holdings_now(seen, then + dt.timedelta(seconds=4))]
    assert ages == [7.0, None]
    assert holdings[0]["mark_age"] == 3.0
    assert [one["mark_age"] for one in holdings_now({**seen, "pace": None}, then)] == [3.0, None]


def test_a_day_of_another_date_has_no_open_alarm_of_the_account() -> None:
    old = AlarmRaised(at("10:00", DAY - dt.timedelta(days=1)), "feed_silent", "12 s")

    assert open_alarms([old], Book.of(BEGUN)) == ()
