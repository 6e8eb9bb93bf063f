"""The supervisor over doubles: every exit code, stalls, checks, signals, and a month with Thanksgiving. Section 2."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest

from fakes import FakeCalendar
from fakes_service import Desk, FakeChildren, a_desk
from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.application.diagnose import Check, failed, passed
from gammacore.application.service.keep_loop import Permit
from gammacore.application.service.keep_page import KeepPage
from gammacore.domain.service.endings import Level
from gammacore.domain.sessions import new_york
from gammacore.ports.service import ChildSignal, Wish

DAY = dt.date(2026, 3, 3)
OPEN, CLOSE = new_york(DAY, dt.time(9, 30)), new_york(DAY, dt.time(16))
NEXT_START = new_york(dt.date(2026, 3, 4), dt.time(9, 20))


def at(hour: int, minute: int = 0, second: int = 0, day: dt.date = DAY) -> dt.datetime:
    return new_york(day, dt.time(hour, minute, second))


def a_day(**options: object) -> Desk:
    return a_desk(at(7, 30), FakeCalendar(), **options)  # type: ignore[arg-type]


def starts(desk: Desk) -> list[dt.datetime]:
    return [child.started_at for child in desk.children.born]


def test_check_8_each_ending_of_the_loop_has_its_pause_and_its_level() -> None:
    desk = a_day(script=[(1, 1), (1, 1), (1, 1), (1, 2)])
    desk.at(at(12), lambda: setattr(desk.settings, "text", "two"))
    desk.children.script += [(1, 130), (1, -9), (1, 3)]

    assert desk.run_until(at(9, 30, day=dt.date(2026, 3, 4))) == 0

    begun = starts(desk)
    first = at(9, 20)
    gaps = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(begun)]
    assert begun[0] == first
    assert gaps[:3] == [11, 21, 41]  # a second of life, then 10, 20, 40
    assert begun[4] == at(12)  # not before the file changed
    assert gaps[4:6] == [61, 11]
    assert begun[7] == NEXT_START  # after exit code 3 the next session
    failed_ones = desk.diary.of("loop_failed")
    assert [alert.level for alert in failed_ones] == [Level.WARNING, Level.WARNING, Level.CRITICAL]
    assert desk.diary.of("loop_refused")[0].level is Level.CRITICAL
    assert desk.diary.of("day_halted")[0].level is Level.WARNING
    assert desk.children.alive == []
    assert desk.ended == [DAY]


def test_a_refusal_is_also_tried_again_after_sighup_and_not_otherwise() -> None:
    desk = a_day(script=[(1, 2)])
    desk.at(at(13), lambda: desk.wishes.waiting.append(Wish.RELOAD))

    desk.run_until(at(14))

    assert starts(desk) == [at(9, 20), at(13)]
    assert desk.settings.taken == ["one", "one"]


def test_sighup_reads_the_channels_of_alerts_and_says_why_a_file_is_refused() -> None:
    desk = a_day()
    answers = ["", "alerts.channels: no such level"]
    desk.supervisor.read_channels = lambda: answers.pop(0)
    for minute in (1, 2):
        desk.at(at(10, minute), lambda: desk.wishes.waiting.append(Wish.RELOAD))

    desk.run_until(at(11))

    read, refused = desk.diary.of("service_reload")
    assert (read.level, refused.level) == (Level.NOTICE, Level.WARNING)
    assert "stay as they are: alerts.channels: no such level" in refused.text


def test_settings_that_change_in_a_session_are_read_for_the_next_one() -> None:
    desk = a_day(script=[(3600, 1), (6 * 3600, 0)])
    desk.at(at(10), lambda: setattr(desk.settings, "text", "two"))
    desk.at(at(10, 1), lambda: desk.wishes.waiting.append(Wish.RELOAD))

    desk.run_until(at(9, 21, day=dt.date(2026, 3, 4)))

    assert desk.settings.taken == ["one", "two"]


def test_a_stalled_loop_is_replaced_within_75_seconds_and_its_stacks_are_asked_for() -> None:
    desk = a_day()

    def stop() -> None:
        desk.children.born[0].stopped_at = at(11)

    desk.at(at(11), stop)
    desk.run_until(at(12))

    first, second = desk.children.born
    assert first.signals == [ChildSignal.STACKS, ChildSignal.KILL]
    assert (second.started_at - at(11)).total_seconds() <= 75
    assert desk.diary.of("loop_stalled")[0].level is Level.CRITICAL
    assert len(desk.diary.of("loop_restarted")) == 1


def test_a_loop_that_waits_for_its_next_look_or_before_the_open_is_not_stalled() -> None:
    desk = a_day()
    desk.at(at(9, 21), lambda: setattr(desk.children.born[0], "stopped_at", at(9, 21)))
    desk.at(at(9, 30, 50), lambda: setattr(desk.children.born[0], "stopped_at", None))
    desk.run_until(at(10))
    assert len(desk.children.born) == 1


def test_a_loop_that_outlived_its_supervisor_is_watched_not_doubled() -> None:
    desk = a_desk(at(11), FakeCalendar())
    desk.seen.outlived = 4711
    desk.run_until(at(11, 5))
    assert [child.pid for child in desk.children.born] == [4711]
    assert desk.diary.codes().count("loop_taken_over") == 1


def red() -> list[Check]:
    return [failed("broker", "no answer", "see the line"), failed("disk", "small", "tidy up")]


def test_checks_that_stay_red_become_critical_at_the_start_and_are_tried_until_the_close() -> None:
    looks: list[dt.datetime] = []

    def checks() -> list[Check]:
        looks.append(desk.clock.now())
        return red() if desk.clock.now() < at(10) else [passed("broker", "answers")]

    desk = a_day(checks=checks)
    desk.run_until(at(11))

    assert looks[:3] == [at(8, 30), at(8, 35), at(8, 40)]
    assert [(alert.at, alert.level) for alert in desk.diary.of("doctor_red")] == [(at(8, 30), Level.WARNING)]
    assert [(alert.at, alert.level) for alert in desk.diary.of("cannot_start")] == [(at(9, 20), Level.CRITICAL)]
    assert starts(desk) == [at(10)]


def test_a_red_check_that_stops_no_start_does_not_stop_it() -> None:
    desk = a_day(checks=lambda: [failed("disk", "small", "tidy up")])
    desk.run_until(at(11))
    assert starts(desk) == [at(9, 20)]
    assert "cannot_start" not in desk.diary.codes()


def test_nothing_stops_a_start_while_something_is_held() -> None:
    desk = a_day(checks=red)
    desk.seen.holding = ("SPX put spread, stop 2.60",)
    desk.run_until(at(11))
    assert starts(desk) == [at(9, 20)]
    assert "cannot_start" not in desk.diary.codes()


def test_a_check_that_raises_is_a_red_one() -> None:
    def checks() -> list[Check]:
        raise ValueError("a secret may stand here")

    desk = a_day(checks=checks)
    desk.run_until(at(11))
    assert starts(desk) == []
    assert "secret" not in "".join(map(str, desk.diary.alerts))


def test_sigterm_is_passed_on_and_what_stays_open_is_named() -> None:
    desk = a_day()
    desk.seen.holding = ("SPX put spread, stop 2.60",)
    assert desk.run_until(at(11)) == 0
    assert desk.children.born[0].signals == [ChildSignal.END]
    (told,) = desk.diary.of("stopped_with_holdings")
    assert told.level is Level.CRITICAL
    assert "stop 2.60" in told.text
    assert desk.children.alive == []
    assert desk.diary.state["running"] is False


def test_a_deaf_loop_is_killed_and_one_that_cannot_be_ended_is_exit_code_1() -> None:
    desk = a_day()
    desk.children.deaf = True
    assert desk.run_until(at(11)) == 0
    assert (desk.clock.now() - at(11)).total_seconds() <= 75
    desk = a_day()
    desk.children.deaf = desk.children.immortal = True
    assert desk.run_until(at(11)) == 1


def test_sigusr1_reaches_the_loop() -> None:
    desk = a_day()
    desk.at(at(10), lambda: desk.wishes.waiting.append(Wish.FLATTEN))
    desk.run_until(at(11))
    assert desk.children.born[0].signals[0] is ChildSignal.FLATTEN


def test_an_account_that_is_not_armed_is_never_started_and_said_once_for_each_reason() -> None:
    desk = a_day(permit=lambda: Permit(granted=False, why="stops.stop has changed"))
    desk.run_until(at(11))
    assert starts(desk) == []
    assert [str(alert) for alert in desk.diary.of("not_armed")] == [
        "not_armed: stops.stop has changed; no loop is started, on paper neither"
    ]


def test_a_void_arming_with_something_held_starts_the_loop_latched() -> None:
    desk = a_day(permit=lambda: Permit(latched=True, why="the arming has lapsed"))
    desk.run_until(at(11))
    assert [alert.level for alert in desk.diary.of("not_armed")] == [Level.CRITICAL]
    assert starts(desk) == [at(9, 20)]


def test_a_halt_is_said_every_morning_with_the_line_that_resumes() -> None:
    desk = a_desk(at(7, 30), FakeCalendar(), tick=10)
    desk.seen.halt = "daily loss"
    desk.children.script = [(60, 3), (60, 3)]
    desk.run_until(at(12, day=dt.date(2026, 3, 4)))
    told = desk.diary.of("still_halted")
    assert [alert.at.hour for alert in told] == [13, 13]
    assert "gammacore resume" in told[0].text


def test_a_machine_that_slept_is_noticed() -> None:
    desk = a_day()
    desk.at(at(11), lambda: setattr(desk.clock, "at", at(11, 30)))
    desk.run_until(at(12))
    (told,) = desk.diary.of("machine_slept")
    assert told.level is Level.WARNING


def test_a_service_begun_after_the_close_starts_nothing_and_ends_nothing() -> None:
    desk = a_desk(at(17), FakeCalendar())
    desk.run_until(at(18))
    assert desk.children.born == []
    assert desk.ended == []


def test_a_service_begun_between_the_close_and_the_days_end_watches_what_runs_and_ends_the_day() -> None:
    desk = a_desk(at(16, 5), FakeCalendar())
    desk.seen.outlived = 4711
    desk.run_until(at(17))
    assert [child.pid for child in desk.children.born] == [4711]
    assert desk.ended == [DAY]


def test_a_day_that_an_earlier_supervisor_ended_is_not_ended_again() -> None:
    desk = a_desk(at(12), FakeCalendar())
    desk.diary.state = {"ended": "2026-03-03"}
    desk.run_until(at(17))
    assert desk.children.born == []
    assert desk.ended == []


def test_a_ledger_that_cannot_be_seen_ends_no_supervisor_and_is_taken_to_hold_something() -> None:
    desk = a_day(checks=red)
    desk.seen.is_unseen = True
    assert desk.run_until(at(9, 40)) == 0
    assert starts(desk) == [at(9, 20)]
    assert len(desk.diary.of("ledger_unreadable")) == 1
    assert "unknown: cannot be seen" in desk.diary.of("stopped_with_holdings")[0].text


def test_the_page_is_kept_whatever_trades_and_ends_with_the_service() -> None:
    desk = a_desk(at(17), FakeCalendar())
    pages = FakeChildren(desk.clock, [(1, 1), (1, 1)])
    desk.supervisor.page = KeepPage(desk.clock, lambda: pages.start(0), desk.diary)
    desk.run_until(at(17, 5))
    begun = [child.started_at for child in pages.born]
    assert [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(begun)] == [11, 21]
    assert len(desk.diary.of("page_ended")) == 1
    assert pages.alive == []


@pytest.mark.parametrize("code", [0, 3])
def test_a_finished_day_is_ended_at_once_and_once(code: int) -> None:
    desk = a_day(script=[(7 * 3600, code)])
    desk.run_until(at(20))
    assert desk.ended == [DAY]
    assert desk.diary.of("day_summary")[0].at == at(16, 20)


def test_a_month_with_thanksgiving_runs_itself() -> None:
    """25 calendar days: a kill, a stall, a refused token and an outage; every session traded, its alarm raised."""
    first, days = dt.date(2026, 11, 9), 25
    calendar = NyseCalendar()
    desk = a_desk(new_york(first, dt.time(6)), calendar, tick=20)

    def till_settled(now: dt.datetime) -> dt.datetime:
        session = calendar.session(now.astimezone(dt.UTC).date())
        assert session is not None
        return session.before_close(-20)

    desk.children.day_long = till_settled
    outage = [dt.date(2026, 11, 12)]
    check = desk.supervisor.duties.check
    desk.supervisor.duties = type(desk.supervisor.duties)(
        lambda: red() if desk.clock.now().date() in outage and desk.clock.now() < at(10, day=outage[0]) else check(),
        day_end=desk.supervisor.duties.day_end,
    )
    killed, stalled, refused = dt.date(2026, 11, 10), dt.date(2026, 11, 18), dt.date(2026, 11, 20)

    def newest_ends(code: int) -> None:
        child = desk.children.alive[-1]
        child.ends_at, child.code = desk.clock.now(), code

    desk.at(at(12, day=killed), lambda: newest_ends(-9))
    desk.at(at(13, day=stalled), lambda: setattr(desk.children.alive[-1], "stopped_at", desk.clock.now()))
    desk.at(at(9, 25, day=refused), lambda: newest_ends(2))
    desk.at(at(10, 30, day=refused), lambda: setattr(desk.settings, "text", "a new token"))

    assert desk.run_until(new_york(first + dt.timedelta(days=days), dt.time(6))) == 0

    dates = [first + dt.timedelta(days=number) for number in range(days)]
    sessions = [date for date in dates if calendar.session(date) is not None]
    assert len(sessions) == 18  # of 19 weekdays one is Thanksgiving
    assert {one.date() for one in starts(desk)} == set(sessions)
    assert desk.ended == sessions
    rests = [alert.at.date() for alert in desk.diary.of("no_session")]
    assert rests == [date for date in dates if date not in sessions]
    alarms = {"loop_killed": killed, "loop_stalled": stalled, "loop_refused": refused, "cannot_start": outage[0]}
    for code, date in alarms.items():
        assert [alert.at.date() for alert in desk.diary.of(code)] == [date]
    half = dt.date(2026, 11, 27)
    (summed_up,) = (alert.at for alert in desk.diary.of("day_summary") if alert.at.date() == half)
    assert at(13, 20, day=half) <= summed_up <= at(13, 45, day=half)
    assert desk.children.alive == []
