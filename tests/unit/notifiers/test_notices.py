"""What people are alerted of: in which colour, for how long, and what is kept from them. CS-623, CS-626..628."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from builders import a_plan
from builders_day import (
    CONDOR,
    PUT_TRADE,
    a_day,
    closed,
    day_started,
    entry_ticket,
    judged,
    ledger_opened,
    opened,
    ordered,
)
from builders_hedge_day import a_delivery, a_hedge_day
from builders_ledger import one_of_each, position_adopted, that_follow
from gammacore.adapters.notifiers.webhook import COLOURS, SUMMARY_COLOURS
from gammacore.domain.book.book import Book
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.ledger import AlarmRaised, Event, OrderCanceled, OrderFilled
from gammacore.domain.orders import Execution
from gammacore.domain.reports.day_report import day_report
from gammacore.domain.reports.figures import Figures
from gammacore.domain.reports.notice import Life, Notice, crash, heartbeat
from gammacore.domain.reports.notices import day_summary, notices
from gammacore.domain.verdicts import Verdict
from gammacore.domain.words import StrategyTag


def alerts(event: Event, book: Book) -> list[Notice]:
    return [notice for notice in notices(event, book) if notice.alerts]


def last_alert(events: list[Event]) -> Notice | None:
    book, last = Book(), None
    for event in events:
        book.apply(event)
        last = next(iter(alerts(event, book)), None)
    return last


def the_alert(events: list[Event]) -> Notice:
    notice = last_alert([ledger_opened(), day_started(), *events])
    assert notice is not None
    return notice


def texts(figures: Figures) -> dict[str, str]:
    return {figure.label: figure.text for figure in figures}


@pytest.mark.parametrize(
    ("tag", "colour"),
    [
        (StrategyTag.CALL_SPREAD, 0xFF6B6B),
        (StrategyTag.PUT_SPREAD, 0x4ECDC4),
        (StrategyTag.IRON_CONDOR, 0xFFE66D),
        (StrategyTag.BROKEN_WING_CONDOR, 0xFFE66D),
        (StrategyTag.OTM_SINGLE_SIDED, 0x95A5A6),
    ],
)
def test_an_entry_has_the_colour_of_what_was_sold(tag: StrategyTag, colour: int) -> None:
    message = the_alert(opened(a_plan(strategy=tag)))

    assert (COLOURS[message.tone], message.life) == (colour, Life.SIGNAL)


def test_an_entry_tells_size_premium_and_the_levels_of_the_policy_that_acts() -> None:
    """CS-512."""
    figures = texts(the_alert(opened(a_plan(contracts=3))).figures)

    assert figures == {"contracts": "3", "credit": "2.50", "premium": "$750", "stop": "2.75", "target": "1.25"}


@pytest.mark.parametrize(
    ("value", "gross", "colour", "shown"),
    [("0.75", "525", 0x2ECC71, "+$525"), ("2.88", "-114", 0xE74C3C, "-$114"), ("2.50", "0", 0x95A5A6, "+$0")],
)
def test_an_exit_tells_the_p_l_of_the_whole_position(value: str, gross: str, colour: int, shown: str) -> None:
    """CS-628."""
    plan: SpreadPlan = a_plan(contracts=3)

    message = the_alert([*opened(plan), *closed(plan, "12:00", "profit_target", value, gross)])

    assert texts(message.figures)["P/L"] == shown
    assert (COLOURS[message.tone], message.life) == (colour, Life.SIGNAL)


@pytest.mark.parametrize(
    "refusal",
    [
        Verdict.skip("too_far", "price 56 points from the pin", "> 50"),
        Verdict.skip("competing_off_centre", "nearest short -1 points out of the money", "< 5"),
        Verdict.skip("short_too_near", "gap 4 from 6916", ">= 5"),
        Verdict.skip("exact_strike_match", "6890/6880P", "with p1 6890/6880P"),
        Verdict.skip("price_moved", "pin 6915 to 6930", "< 10"),
        Verdict.skip("a_reason_of_tomorrow", "pin 6915", "< 10"),
    ],
)
def test_a_skip_hides_pin_and_distance(refusal: Verdict) -> None:
    """CS-628."""
    message = the_alert([judged("10:30", refusal, price="6971", pin="6915")])

    assert message.text == f"skip {refusal.reason}"
    assert "6915" not in str(message)
    assert "56" not in str(message)


def test_a_skip_that_gives_nothing_away_comes_with_its_numbers() -> None:
    message = the_alert([judged("10:30", Verdict.skip("vix_ceiling", "VIX 21.3", ">= 20.0"))])

    assert message.headline == "No entry at 10:30"
    assert message.text == "skip vix_ceiling: VIX 21.3 >= 20.0"
    assert (COLOURS[message.tone], message.life) == (0x95A5A6, Life.OTHER)


def test_an_entry_that_is_taken_is_reported_by_its_fill_only() -> None:
    assert last_alert([ledger_opened(), day_started(), judged("10:30")]) is None


@pytest.mark.parametrize(("code", "colour"), [("stuck", 0xFF0000), ("quarantined", 0xFF9900)])
def test_alarms_are_red_when_stuck_and_orange_for_orphans(code: str, colour: int) -> None:
    alarm = AlarmRaised(dt.datetime(2026, 1, 5, 16, tzinfo=dt.UTC), code, "5 attempts to close", "p1")

    assert COLOURS[the_alert([alarm]).tone] == colour


def test_an_adopted_orphan_is_orange() -> None:
    message = the_alert([position_adopted(orphan=True)])

    assert (message.headline[:14], COLOURS[message.tone]) == ("Orphan adopted", 0xFF9900)


@pytest.mark.parametrize(("gross", "colour"), [("525", 0x17DFAD), ("-114", 0xDD326B), ("0", 0x808080)])
def test_the_day_summary_is_green_red_or_grey(gross: str, colour: int) -> None:
    events = [ledger_opened(), day_started(), *opened(PUT_TRADE), *closed(PUT_TRADE, "12:00", "x", "1.00", gross)]

    assert SUMMARY_COLOURS[day_summary(day_report(events)).tone] == colour


def test_the_day_summary_counts_open_trades_apart_and_tells_each_strategy() -> None:
    """CS-623."""
    events = [ledger_opened(), day_started(), *opened(PUT_TRADE), *opened(CONDOR)]
    events += closed(PUT_TRADE, "12:00", "profit_target", "0.75", "525")

    figures = texts(day_summary(day_report(events)).figures)

    assert figures["trades"] == "1, 1 open"
    assert (figures["won / lost"], figures["win rate"]) == ("1 / 0", "100%")
    assert figures["PUT_SPREAD"] == "1 closed, +$525"


def test_the_day_summary_names_what_it_leaves_out() -> None:
    """CS-623: |P/L| above 10,000 is no trade of this desk."""
    events = [ledger_opened(), day_started(), *opened(PUT_TRADE), *closed(PUT_TRADE, "12:00", "x", "1.00", "10001")]

    assert texts(day_summary(day_report(events)).figures)["left out, no such figures"] == PUT_TRADE.holding


def test_of_every_event_there_are_notices_or_none() -> None:
    """A whole day and one sample of every kind of event: nothing raises."""
    book, signals = Book(), 0
    for event in a_day():
        book.apply(event)
        signals += sum(notice.life is Life.SIGNAL for notice in alerts(event, book))
    book = Book()
    for event in that_follow(one_of_each()):
        book.apply(event)
        notices(event, book)

    assert signals == 4


def test_crash_and_heartbeat_live_as_long_as_their_kind() -> None:
    """CS-627."""
    noon = dt.datetime(2026, 1, 5, 17, tzinfo=dt.UTC)

    assert crash("disk full").life is Life.CRASH
    assert heartbeat(noon, Decimal(20525), 1).life is Life.HEARTBEAT
    assert heartbeat(noon, Decimal(20525), 1).headline == "Running at 12:00"


def test_a_part_filled_entry_is_reported_when_the_rest_is_called_back() -> None:
    """CS-412: what is filled is the position."""
    plan = a_plan(contracts=3)
    ticket = entry_ticket(plan)
    part = OrderFilled(plan.scheduled_at, ticket.id, Execution(1, Decimal("2.50")), complete=False)
    rest = OrderCanceled(plan.scheduled_at, ticket.id, "not filled in 300 s")

    assert last_alert([ledger_opened(), day_started(), *ordered(plan), part]) is None
    assert texts(the_alert([*ordered(plan), part, rest]).figures)["contracts"] == "1"


# -- other holdings ----------------------------------------------------------------------------------------------------


def titles(events: list[Event]) -> list[str]:
    book, shown = Book(), []
    for event in events:
        book.apply(event)
        shown += [notice.headline for notice in alerts(event, book)]
    return shown


def test_a_hedged_day_is_reported_by_its_purchase_and_its_end_not_hedge_by_hedge() -> None:
    assert titles(a_hedge_day()) == ["Opened SPY delta-hedge 600 straddle", "Closed SPY delta-hedge"]


def test_the_end_of_a_holding_tells_where_the_money_came_from() -> None:
    """DH-243, CS-628."""
    message = last_alert(a_hedge_day()[:-1])

    assert message is not None
    assert texts(message.figures) == {
        "P/L": "+$440.40", "size": "2 × $3.10 = $620", "options": "+$380", "shares": "+$60.40", "fees": "$3.90",
        "after fees": "+$436.50", "hedges": "2", "held": "374 minutes",
    }  # fmt: skip
    assert (COLOURS[message.tone], message.life, message.text) == (0x2ECC71, Life.SIGNAL, "daily flatten")


def test_delivered_shares_are_reported_at_once_and_when_they_are_sold() -> None:
    """CS-529."""
    assert titles(a_delivery(sold=True)) == ["Shares delivered: SPY", "Closed SPY delivered"]


def test_a_naked_short_is_red() -> None:
    """CS-574."""
    alarm = AlarmRaised(dt.datetime(2026, 1, 5, 16, tzinfo=dt.UTC), "naked_short", "-1 of ours", "stranded-1")

    assert COLOURS[the_alert([alarm]).tone] == 0xFF0000
