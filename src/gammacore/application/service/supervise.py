"""`gammacore service`: an account that runs itself by the exchange's calendar. Rules: OP-201..209.

A single thread looks every second: signals, the plan of the day, checks before the open, the loop, the day's end. A
crash of the loop leaves it alive, and a loop may outlive it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar, assert_never

from attrs import define, field, frozen

from gammacore.application.diagnose import Check
from gammacore.application.service.keep_loop import KeepLoop
from gammacore.application.service.keep_page import KeepPage
from gammacore.domain.service.alerts import ServiceAlert
from gammacore.domain.service.day_plan import DayPlan, Duty, PlannedStep, ServiceTimes
from gammacore.domain.service.endings import Level
from gammacore.domain.sessions import NEW_YORK, new_york_date
from gammacore.errors import GammacoreError, StorageError, fault_in_words
from gammacore.ports.clock import Calendar, Clock
from gammacore.ports.service import Alive, ChildSignal, Operator, StateBoard, Wish, Wishes

Result = TypeVar("Result")
FORMAT = 1
SLEPT_SECONDS = 120.0
"""A gap of the clock from which on the machine is taken to have slept (ours)."""
SAVE_SECONDS = 10.0
"""The state is saved at least so often, for the health check (ours)."""
WATCHDOG_SECONDS = 30.0
STOPS_A_START = frozenset({"credentials", "mode", "calendar", "clock", "broker", "account", "ledger"})
"""Checks whose failure keeps the loop from being started; while something is held, none does. Rule: OP-204."""


@frozen(eq=False)
class Duties:
    """What is done around the session besides the loop. Each may raise GammacoreError: it is reported, and no more.

    `check` is `doctor --before-open`; `wake` returns what is wrong, in words; `day_end` a summary. Rule: OP-204.
    """

    check: Callable[[], Sequence[Check]]
    wake: Callable[[], Sequence[str]] = lambda: ()
    day_end: Callable[[dt.date], str] = lambda _date: "no figures"
    resume_line: str = "gammacore resume"


@define(eq=False)
class _Day:
    """What was done of a day's plan."""

    plan: DayPlan
    due: dict[Duty, dt.datetime] = field(factory=dict)
    has_pinged: bool = False
    has_woken: bool = False
    is_green: bool = False
    failing: tuple[str, ...] = ()
    """Checks that stop a start, in words."""
    next_check: dt.datetime | None = None
    is_warned: bool = False
    cannot_start: bool = False
    has_ended: bool = False

    def __attrs_post_init__(self) -> None:
        self.due = {step.duty: step.at for step in self.plan.steps()}

    def has_come(self, duty: Duty, now: dt.datetime) -> bool:
        """Whether a duty of this day is due or past; one that it does not have never is."""
        return duty in self.due and now >= self.due[duty]


@define(eq=False)
class Supervisor:
    """Runs until SIGTERM or SIGINT. Rule: OP-201."""

    clock: Clock
    calendar: Calendar
    loop: KeepLoop
    duties: Duties
    operator: Operator
    alive: Alive
    board: StateBoard
    wishes: Wishes
    times: ServiceTimes
    about: dict[str, Any] = field(factory=dict)
    """Process, mode, account and strategy, as the state shows them."""
    page: KeepPage | None = None
    read_channels: Callable[[], str] = lambda: ""
    """Takes the channels of the configuration as it is now: "", or why it is refused."""
    tick_seconds: float = 1.0
    _day: _Day | None = None
    _seen_at: dt.datetime | None = None
    _saved_at: dt.datetime | None = None
    _fed_at: dt.datetime | None = None
    _status: str = ""
    _ended_date: dt.date | None = None
    """The day that was ended last, by an earlier supervisor too: each has one summary."""

    def run(self) -> int:
        """The exit code: 0 when it was asked to end, 1 when its loop could not be ended."""
        with suppress(KeyError, ValueError, TypeError):
            self._ended_date = dt.date.fromisoformat((self.board.load() or {})["ended"])
        self._begin_day(self.clock.now())
        self.alive.ready(self._next_words(self.clock.now()))
        self._report("service_started", Level.NOTICE, self._next_words(self.clock.now()))
        self.loop.is_permitted()
        while self.step():
            self.clock.wait_until(self.clock.now() + dt.timedelta(seconds=self.tick_seconds))
        return self._stop()

    def step(self) -> bool:
        """Look once at everything; False when it was asked to end."""
        now = self.clock.now()
        if self._obey():
            return False
        if self.page is not None:
            self.page.step()
        day = self._today(now)
        self._notice_sleep(now, day)
        if day.plan.session is None:
            self._rest(now, day)
        else:
            self._live_through(now, day)
        self._show(now, day)
        return True

    def _obey(self) -> bool:
        """Whether the end was asked for."""
        for wish in self.wishes.take():
            match wish:
                case Wish.STOP:
                    return True
                case Wish.RELOAD:
                    self.loop.reload()
                    if refusal := self.read_channels():
                        text = f"the configuration is refused, the channels of alerts stay as they are: {refusal}"
                        self._report("service_reload", Level.WARNING, text)
                    else:
                        text = "the channels of alerts are read, the rest of the configuration for the next session"
                        self._report("service_reload", Level.NOTICE, text)
                case Wish.FLATTEN:
                    self.loop.send(ChildSignal.FLATTEN)
                    self._report("flatten_asked", Level.WARNING, "flatten by signal, passed on to the loop")
                case _:
                    assert_never(wish)
        return False

    def _today(self, now: dt.datetime) -> _Day:
        day = self._day
        if day is None or new_york_date(now) != day.plan.date:
            day = self._begin_day(now)
        return day

    def _begin_day(self, now: dt.datetime) -> _Day:
        date = new_york_date(now)
        day = _Day(DayPlan(date, self.calendar.session(date), self.times))
        # what was over before the service began is not done after the fact
        day.has_ended = day.has_come(Duty.DAY_END, now) or self._ended_date == date
        day.has_woken = day.has_ended
        self._day = day
        if day.plan.session is not None and not day.has_ended:
            self.loop.begin_day()
        return day

    def _notice_sleep(self, now: dt.datetime, day: _Day) -> None:
        seen, self._seen_at = self._seen_at, now
        if seen is None or (gap := (now - seen).total_seconds()) <= self.tick_seconds + SLEPT_SECONDS:
            return
        session = day.plan.session
        level = Level.WARNING if session is not None and session.is_trading(now) else Level.INFO
        self._report(
            "machine_slept", level, f"the clock went on by {gap:.0f} s between two looks; the plan is made anew"
        )

    def _rest(self, now: dt.datetime, day: _Day) -> None:
        """A day without a session: one ping, one line. Rule: OP-204."""
        self._watch_what_is_left(day)
        if not day.has_pinged and day.has_come(Duty.PING, now):
            day.has_pinged = True
            self._report("no_session", Level.INFO, f"{day.plan.date} has no session; {self._next_words(now)}")

    def _live_through(self, now: dt.datetime, day: _Day) -> None:
        session = day.plan.session
        assert session is not None
        if not day.has_woken and day.has_come(Duty.WAKE, now):
            day.has_woken = True
            self._wake(now)
        self.loop.watch(session)
        end = day.due[Duty.DAY_END]
        if not day.has_ended:
            self._check(now, day, session.close)
            if day.has_come(Duty.START, now) and self.loop.wants_start and self._may_start(now, day, session.close):
                self.loop.start(session.close)
            if now >= end or (self.loop.is_over and self.loop.child is None):
                self._end_day(day)

    def _may_start(self, now: dt.datetime, day: _Day, close: dt.datetime) -> bool:
        """Checked and clear, or something is held. After the close only what runs, ran or is held is gone on with."""
        checked = day.next_check is not None and (day.is_green or not day.failing)
        if now < close or self.loop.starts:
            return checked or self.loop.holds()
        return self.loop.is_running_elsewhere or self.loop.holds()

    def _watch_what_is_left(self, day: _Day) -> None:
        """A loop that still runs on a day without a session has outlived its own."""
        if self.loop.child is not None and self.loop.child.poll() is not None:
            self.loop.child = None

    def _wake(self, now: dt.datetime) -> None:
        """Version, disk, backup, ledger; and, while it is halted, every morning that it is. Rule: OP-204."""
        self.loop.is_permitted()
        nothing: Sequence[str] = ()
        for wrong in self._guarded("wake_failed", self.duties.wake, nothing):
            self._report("wake", Level.WARNING, wrong)
        try:
            halted = self.loop.seen.halted()
        except StorageError as damaged:
            self._report("ledger_unreadable", Level.CRITICAL, str(damaged))
            return
        if halted is not None:
            self._report("still_halted", Level.WARNING, f"trading is halted ({halted}): exits only; once the cause is "
                                                      f"known: {self.duties.resume_line}")  # fmt: skip

    def _check(self, now: dt.datetime, day: _Day, close: dt.datetime) -> None:
        """Check until green, every few minutes; what still fails when the loop is to start is critical. OP-204."""
        if day.is_green or self.loop.child is not None or self.loop.is_over or now >= close:
            return
        if day.has_come(Duty.CHECK, now) and (day.next_check is None or now >= day.next_check):
            day.next_check = now + dt.timedelta(minutes=self.times.check_every)
            self._look_before_the_open(day)
        if day.failing and not day.cannot_start and day.has_come(Duty.START, now) and not self.loop.holds():
            day.cannot_start = True
            self._report("cannot_start", Level.CRITICAL, f"{'; '.join(day.failing)}; tried again every "
                                                       f"{self.times.check_every} min until the close")  # fmt: skip

    def _look_before_the_open(self, day: _Day) -> None:
        try:
            checks = self.duties.check()
        except GammacoreError as fault:
            day.failing = (str(fault),)
        except Exception as fault:  # a fault of ours must not end the supervisor
            day.failing = (fault_in_words(fault),)
        else:
            red = [check for check in checks if not check.ok]
            day.failing = tuple(f"{one.name}: {one.detail}" for one in red if one.name in STOPS_A_START)
            day.is_green = not red
            if red and not day.is_warned:
                day.is_warned = True
                self._report(
                    "doctor_red", Level.WARNING, "; ".join(f"{one.name}: {one.detail} ({one.fix})" for one in red)
                )
            return
        if not day.is_warned:
            day.is_warned = True
            self._report("doctor_red", Level.WARNING, day.failing[0])

    def _end_day(self, day: _Day) -> None:
        """Reconcile, report, back up, sum up: once, at the latest 45 minutes after the close. Rule: OP-204."""
        day.has_ended, self._ended_date = True, day.plan.date
        self.alive.watchdog()
        if self.loop.child is not None:
            self._report("day_not_over", Level.WARNING, "the loop still runs at the day's end; it is left to it")
        summary = self._guarded("day_end_failed", lambda: self.duties.day_end(day.plan.date), "not done")
        self._report("day_summary", Level.NOTICE, summary)
        self._save(self.clock.now(), day)

    def _guarded(self, code: str, duty: Callable[[], Result], otherwise: Result) -> Result:
        try:
            return duty()
        except Exception as fault:  # nothing of a day's duties ends the supervisor
            self._report(code, Level.WARNING, fault_in_words(fault))
            return otherwise

    def _stop(self) -> int:
        """SIGTERM: the loop ends by its rules; what stays open then has no watcher. Rule: OP-207."""
        self.alive.stopping()
        gone = self.loop.end(self.times.stop_seconds)
        if self.page is not None:
            self.page.end()
        try:
            held: Sequence[str] = self.loop.seen.held()
        except StorageError as damaged:
            held = (f"unknown: {damaged}",)
        if held:
            self._report("stopped_with_holdings", Level.CRITICAL, f"nothing watches {'; '.join(held)}")
        self._report("service_stopped", Level.NOTICE, "asked to end" if gone else "asked to end; its loop still runs")
        self._save(self.clock.now(), None)
        return 0 if gone else 1

    def _show(self, now: dt.datetime, day: _Day) -> None:
        if self._fed_at is None or (now - self._fed_at).total_seconds() >= WATCHDOG_SECONDS:
            self._fed_at = now
            if self._is_fresh(now, day):
                self.alive.watchdog()
        if self._saved_at is None or (now - self._saved_at).total_seconds() >= SAVE_SECONDS:
            self._saved_at = now
            if (status := self._next_words(now)) != self._status:
                self._status = status
                self.alive.status(status)
            self._save(now, day)

    def _is_fresh(self, now: dt.datetime, day: _Day) -> bool:
        """Whether the loop's cycles are, in a session; stalled ones were replaced before. Rule: OP-209."""
        session = day.plan.session
        if session is None or not session.is_trading(now):
            return True
        age = self.loop.cycle_age(session)
        return age is None or age <= 2 * self.loop.stalled_after

    def _is_well(self, now: dt.datetime, day: _Day) -> bool:
        """Whether nothing keeps the loop from running as it should."""
        if self.loop.child is not None:
            return self._is_fresh(now, day)
        return not (day.cannot_start and not day.has_ended) and self.loop.refused_mark is None

    def _save(self, now: dt.datetime, day: _Day | None) -> None:
        """What `--health`, `status` and the pages read."""
        step = None if day is None else self._next(now)
        child, session = self.loop.child, None if day is None else day.plan.session
        pulse = self.loop.seen.pulse() if child is not None else None
        self.board.save({
            "format": FORMAT,
            "at": now.isoformat(),
            **self.about,
            "running": day is not None,
            "ok": day is not None and self._is_well(now, day),
            "ended": None if self._ended_date is None else self._ended_date.isoformat(),
            "session": None if session is None else [session.open.isoformat(), session.close.isoformat()],
            "next": None if step is None else {"at": step.at.isoformat(), "duty": step.duty.value},
            "status": self._next_words(now) if day is not None else "stopped",
            "loop": None if child is None else {"pid": child.pid},
            "starts": self.loop.starts,
            "last_cycle": None if pulse is None else pulse.at.isoformat(),
            "failing": [] if day is None else list(day.failing),
            "waits_for_settings": self.loop.refused_mark is not None,
        })  # fmt: skip

    def _next(self, now: dt.datetime) -> PlannedStep | None:
        assert self._day is not None
        if (step := self._day.plan.next_step(now)) is not None and step.duty is not Duty.PING:
            return step
        session = self.calendar.next_session(self._day.plan.date)
        return next(DayPlan(session.date, session, self.times).steps())

    def _next_words(self, now: dt.datetime) -> str:
        step = self._next(now)
        assert step is not None
        return f"next {step.duty.value} {step.at.astimezone(NEW_YORK):%a %Y-%m-%d %H:%M} New York"

    def _report(self, code: str, level: Level, text: str) -> None:
        self.operator.report(ServiceAlert(code, level, text, self.clock.now()))
