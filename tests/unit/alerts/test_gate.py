"""Which message a channel is sent, and when. Rules: OP-401, OP-402."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve

from gammacore.domain.alerts.gate import Gate, GateRules, QuietHours
from gammacore.domain.alerts.messages import Message
from gammacore.domain.service.endings import Level
from gammacore.errors import InvalidInput

NOON = dt.datetime(2026, 3, 3, 17, tzinfo=dt.UTC)
"""12:00 in New York."""
MIDNIGHT = dt.datetime(2026, 3, 4, 5, tzinfo=dt.UTC)
MORNING = dt.datetime(2026, 3, 4, 12, tzinfo=dt.UTC)
"""07:00 in New York."""
NIGHT = GateRules(level=Level.INFO, quiet=QuietHours.read("22:00-07:00"))
ALL = GateRules(level=Level.INFO)


def message(code: str = "halted", level: Level = Level.WARNING, subject: str = "", at: dt.datetime = NOON) -> Message:
    return Message(code, level, f"{code} {subject}".strip(), "", at, subject)


def after(seconds: float, since: dt.datetime = NOON) -> dt.datetime:
    return since + dt.timedelta(seconds=seconds)


def titles(messages: Sequence[Message]) -> list[str]:
    return [one.title for one in messages]


@pytest.mark.parametrize(
    ("rules", "passed"),
    [
        (GateRules(), ["critical", "warning", "notice"]),
        (GateRules(level=Level.INFO), ["critical", "warning", "notice", "info"]),
        (GateRules(level=Level.CRITICAL), ["critical"]),
        (GateRules(events=frozenset({"notice"})), ["critical", "notice"]),
        (GateRules(events=frozenset({"info"})), ["critical"]),
    ],
)
def test_a_channel_gets_its_level_and_its_events_and_whatever_is_critical(rules: GateRules, passed: list[str]) -> None:
    gate = Gate(rules)

    assert [code for code in Level if list(gate.take(message(code.value, code), NOON))] == passed


def test_the_same_comes_again_after_five_minutes_with_its_number() -> None:
    gate = Gate(ALL)

    assert len([*gate.take(message(), NOON)]) == 1
    assert [*gate.take(message(), after(10)), *gate.take(message(), after(20)), *gate.due(after(299))] == []
    assert titles([*gate.take(message(subject="another"), after(30))]) == ["halted another"]
    assert titles([*gate.due(after(300))]) == ["halted (2 times more)"]
    assert not [*gate.due(after(3000))]
    assert not gate.waits


def test_what_repeats_and_does_not_wait_is_sent_anew_after_five_minutes() -> None:
    gate = Gate(ALL)

    assert [len([*gate.take(message(), after(seconds))]) for seconds in (0, 299, 301, 700)] == [1, 0, 1, 1]


def test_beyond_twenty_a_minute_one_message_says_how_many_of_what() -> None:
    gate = Gate(ALL)
    sent = [one for number in range(30) for one in gate.take(message("skip", Level.INFO, str(number)), NOON)]
    sent += gate.take(message("order_filled", Level.NOTICE, "p1"), NOON)

    assert len(sent) == 20
    assert not [*gate.due(after(59))]
    (gathered,) = gate.due(after(60))
    assert gathered.title == "11 messages"
    assert "skip 10, order_filled 1" in gathered.text
    assert len([*gate.take(message("skip", Level.INFO, "next"), after(61))]) == 1


def test_beyond_two_hundred_a_day_it_is_gathered_until_the_next_day_of_the_zone() -> None:
    gate = Gate(evolve(ALL, zone=ZoneInfo("Europe/Berlin")))
    sent = 0
    for number in range(300):
        sent += len([*gate.take(message("skip", Level.INFO, str(number)), after(4 * number))])

    assert sent == 200
    assert "skip 100" in next(iter(gate.due(after(1300)))).text
    berlin_midnight = dt.datetime(2026, 3, 3, 23, tzinfo=dt.UTC)
    assert len([*gate.take(message("skip", Level.INFO, "new"), berlin_midnight)]) == 1


def test_critical_messages_know_no_limit_and_are_never_gathered() -> None:
    gate = Gate(evolve(ALL, per_minute=1, per_day=1))
    [*gate.take(message(), NOON)]

    sent = [one for number in range(50) for one in gate.take(message("stuck", Level.CRITICAL, str(number)), NOON)]

    assert len(sent) == 50


def test_a_critical_alarm_comes_every_five_minutes_until_its_holding_is_closed() -> None:
    gate = Gate(ALL)
    [*gate.take(message("stuck", Level.CRITICAL, "p1"), NOON)]
    [*gate.take(message("stuck", Level.CRITICAL, "p2"), NOON)]

    assert titles([*gate.due(after(300))]) == [f"stuck {one} (still so, since 12:00)" for one in ("p1", "p2")]
    [*gate.take(message("holding_closed", Level.INFO, "p1"), after(400))]
    assert titles([*gate.due(after(600))]) == ["stuck p2 (still so, since 12:00)"]
    gate.acknowledge(after(601))
    assert not [*gate.due(after(6000))]


@pytest.mark.parametrize(
    ("alarm", "end"),
    [
        ("loop_stalled", "loop_restarted"),
        ("cannot_start", "loop_started"),
        ("not_armed", "loop_taken_over"),
        ("loop_refused", "day_summary"),
        ("ledger_not_written", "day_summary"),
    ],
)
def test_an_alarm_of_no_holding_is_over_when_what_it_says_is(alarm: str, end: str) -> None:
    gate = Gate(GateRules())
    [*gate.take(message(alarm, Level.CRITICAL), NOON)]
    [*gate.take(message("order_filled", Level.NOTICE), NOON)]
    assert gate.waits

    [*gate.take(message(end, Level.INFO), after(1))]

    assert not [*gate.due(after(301))]


def test_an_acknowledged_alarm_that_is_raised_anew_is_sent() -> None:
    gate = Gate(ALL)
    [*gate.take(message("stuck", Level.CRITICAL, "p1"), NOON)]
    gate.acknowledge(after(10))

    anew = message("stuck", Level.CRITICAL, "p1", at=after(301))

    assert len([*gate.take(anew, after(301))]) == 1
    assert len([*gate.due(after(700))]) == 1


def test_quiet_hours_hold_warnings_to_their_end_and_make_one_message_of_the_rest() -> None:
    gate = Gate(NIGHT)
    for one in (message("halted"), message("a", Level.NOTICE, "1"), message("a", Level.NOTICE, "2")):
        assert not [*gate.take(one, MIDNIGHT)]

    assert not [*gate.due(after(-1, MORNING))]
    assert [one.code for one in gate.held] == ["halted", "a", "a"]
    halted, rest = gate.due(MORNING)
    assert (halted.title, rest.title) == ("halted", "2 messages")
    assert "a 2" in rest.text
    assert not gate.waits


@pytest.mark.parametrize(("live", "sent"), [(True, 1), (False, 0)])
def test_critical_messages_come_through_quiet_hours_on_a_live_account(live: bool, sent: int) -> None:
    gate = Gate(evolve(NIGHT, through_quiet=live))

    assert len([*gate.take(message("stuck", Level.CRITICAL), MIDNIGHT)]) == sent
    assert len([*gate.due(MORNING)]) == 1


def test_at_the_end_what_was_counted_and_gathered_is_told_and_what_is_held_is_known() -> None:
    gate = Gate(evolve(ALL, per_minute=1))
    for one in (message("a"), message("a"), message("b"), message("c")):
        [*gate.take(one, NOON)]

    assert titles([*gate.flush(after(1))]) == ["a (once more)", "2 messages"]
    quiet = Gate(NIGHT)
    [*quiet.take(message(), MIDNIGHT)]
    assert (titles([*quiet.flush(MIDNIGHT)]), titles(quiet.held)) == ([], ["halted"])


def test_nothing_counted_or_gathered_breaks_quiet_hours_and_all_of_it_is_held_at_the_end() -> None:
    evening = after(-30, dt.datetime(2026, 3, 4, 3, tzinfo=dt.UTC))  # 21:59:30 in New York
    gate = Gate(evolve(NIGHT, per_minute=1))
    for one in (message("a"), message("a"), message("b"), message("c")):
        [*gate.take(one, evening)]

    assert titles([*gate.due(after(400, evening))]) == []
    assert titles(gate.held) == ["a (once more)"]
    assert titles([*gate.flush(after(400, evening))]) == []
    assert titles(gate.held) == ["a (once more)", "2 messages"]


def test_more_than_quiet_hours_hold_is_counted_in_the_morning_and_not_at_night() -> None:
    gate = Gate(NIGHT)
    for number in range(502):
        [*gate.take(message("a", Level.NOTICE, str(number)), MIDNIGHT)]

    assert not [*gate.due(after(120, MIDNIGHT))]
    assert titles([*gate.due(MORNING)]) == ["500 messages", "2 messages"]


@pytest.mark.parametrize(
    ("night", "changes_at"),
    [(dt.date(2026, 3, 8), "to summer time"), (dt.date(2026, 11, 1), "to winter time")],
)
def test_quiet_hours_end_by_the_clock_on_the_wall_where_it_changes_within_them(night: dt.date, changes_at: str) -> None:
    gate = Gate(NIGHT)
    begins, ends = (dt.datetime.combine(night, dt.time(hour), ZoneInfo("America/New_York")) for hour in (0, 7))
    [*gate.take(message(at=begins), begins)]

    assert not [*gate.due(after(-1, ends.astimezone(dt.UTC)))], changes_at
    assert len([*gate.due(ends.astimezone(dt.UTC))]) == 1, changes_at


def test_a_clock_set_back_within_quiet_hours_loses_nothing() -> None:
    gate = Gate(NIGHT)
    [*gate.take(message(), MIDNIGHT)]

    assert not [*gate.due(after(-3600, MIDNIGHT))]
    assert titles([*gate.due(MORNING)]) == ["halted"]


@pytest.mark.parametrize("text", ["22", "22:00", "22:00-25:00", "late-early", "07:00-07:00"])
def test_hours_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="quiet"):
        QuietHours.read(text)


def test_no_hours_are_none_and_hours_may_be_within_a_day() -> None:
    lunch = QuietHours.read("12:00-13:00")

    assert QuietHours.read("") is None
    assert lunch is not None
    assert [lunch.cover(dt.time(hour)) for hour in (11, 12, 13)] == [False, True, False]
