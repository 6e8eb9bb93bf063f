"""Keep the account's loop running through one session: start it, see how it ends, replace it when it stalls.

Rules: OP-201, OP-206, OP-208 and the table of exit codes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import assert_never

from attrs import define, field, frozen

from gammacore.domain.service.alerts import ServiceAlert
from gammacore.domain.service.endings import FIRST_PAUSE, Ending, Level, Then, after_ending
from gammacore.domain.sessions import TradingSession
from gammacore.errors import StorageError
from gammacore.ports.clock import Clock
from gammacore.ports.service import Child, Children, ChildSignal, LoopSeen, Operator, ServiceSettings

STACKS_SECONDS = 1.0
"""So long a stalled loop may take to write its stacks before it is killed (ours)."""
BEGINNING = 3
"""How many times as long a loop may take for its first cycle (ours): it reads its ledger and the history first."""
KILLED_SECONDS = 5.0
"""So long after SIGKILL a process is waited for (ours)."""


@frozen
class Permit:
    """Whether a loop may be started. `why` says why not, or why it is only started `latched`, to exit."""

    granted: bool = True
    latched: bool = False
    why: str = ""


GRANTED = Permit()


@define(eq=False)
class KeepLoop:
    """The loop of one account; `begin_day` before each session, `step` every second of it.

    `permit` is asked before every start (a live account's arming); a loop that starts latched sees to that itself.
    """

    clock: Clock
    children: Children
    seen: LoopSeen
    operator: Operator
    settings: ServiceSettings
    stalled_after: float
    permit: Callable[[], Permit] = lambda: GRANTED
    child: Child | None = None
    started_at: dt.datetime | None = None
    starts: int = 0
    is_over: bool = False
    """The loop of this session has ended, finished or halted."""
    refused_mark: str | None = None
    """The settings that a loop refused: nothing is started until they differ."""
    last_code: int | None = None
    _again_at: dt.datetime | None = None
    _faults: list[dt.datetime] = field(factory=list)
    _why_not: str = ""
    _mark: str = ""
    """The settings by which loops are started now."""

    def begin_day(self) -> None:
        """Another session: its failures are counted anew."""
        self.is_over, self.starts, self._again_at, self._why_not = False, 0, None, ""
        self._faults = []
        if self.refused_mark is not None:
            self._report(
                "loop_refused", Level.CRITICAL, "the settings are still those that were refused; none is started"
            )

    def reload(self) -> None:
        """SIGHUP: what was refused is tried again; a session that runs goes on by its own settings. Rule: OP-207."""
        if self.refused_mark is not None:
            self.refused_mark = None
            self._take_settings()

    def _take_settings(self) -> None:
        self._mark = self.settings.mark()
        self.settings.take()

    @property
    def wants_start(self) -> bool:
        """Whether a loop is to be started as soon as it may."""
        if self.child is not None or self.is_over:
            return False
        if self.refused_mark is not None and self.settings.mark() != self.refused_mark:
            self.reload()
        return self.refused_mark is None and (self._again_at is None or self.clock.now() >= self._again_at)

    def start(self, until: dt.datetime) -> None:
        """Start the loop, or take over the one that runs."""
        now = self.clock.now()
        if (running := self._running()) is not None:
            self.child, self.started_at = self.children.take_over(running), now
            self._report("loop_taken_over", Level.NOTICE, f"process {running} runs already; it is watched from now on")
            return
        if self.starts == 0:  # the first of a session: what follows in it goes on by the same settings
            self._take_settings()
        if not self.is_permitted():
            self._again_at = now + dt.timedelta(seconds=FIRST_PAUSE)
            return
        try:
            self.child = self.children.start(max(0.0, (until - now).total_seconds()))
        except OSError as fault:
            self._ended(1, now, f"no process could be started ({fault.strerror or type(fault).__name__})")
            return
        self.started_at, self.starts = now, self.starts + 1
        if self.starts > 1:
            self._report(
                "loop_restarted", Level.WARNING, f"start {self.starts} of this session, process {self.child.pid}"
            )
        else:
            self._report("loop_started", Level.NOTICE, f"process {self.child.pid}")

    def is_permitted(self) -> bool:
        """Whether a loop may be started; what stands against it, or latches it, is reported once for each reason."""
        permit = self.permit()
        if permit.why != self._why_not:
            self._why_not = permit.why
            then = "something is held, so the loop only exits and settles" if permit.granted else (
                "no loop is started, on paper neither"
            )  # fmt: skip
            if permit.why:
                self._report("not_armed", Level.CRITICAL, f"{permit.why}; {then}")
        return permit.granted

    def watch(self, session: TradingSession) -> None:
        """See whether the loop has ended or stalls."""
        if self.child is None:
            return
        now = self.clock.now()
        if (code := self.child.poll()) is not None:
            self.child = None
            self._ended(code, now)
        elif session.is_trading(now) and (age := self.cycle_age(session)) is not None and age > self._most_seconds():
            self._replace(age)

    def _most_seconds(self) -> float:
        """How old the last cycle may be; a loop in its first one has three times as long."""
        pulse = self.seen.pulse()
        is_beginning = self.started_at is not None and (pulse is None or pulse.at < self.started_at)
        return self.stalled_after * (BEGINNING if is_beginning else 1)

    def cycle_age(self, session: TradingSession) -> float | None:
        """Seconds since the loop was last known to work; None while it does not hold its ledger: it may wait for the
        network, or begin."""
        if self.child is None or self._writer() is None:
            return None
        known = [session.open, self.started_at or session.open]
        if (pulse := self.seen.pulse()) is not None:
            known += [pulse.at, pulse.next_at or pulse.at]
        return (self.clock.now() - max(known)).total_seconds()

    def send(self, signal: ChildSignal) -> None:
        if self.child is not None:
            self.child.send(signal)

    def end(self, seconds: float) -> bool:
        """Ask the loop to end by its rules and kill it when it does not; whether it is gone. Rule: OP-207."""
        if self.child is None:
            return True
        self.child.send(ChildSignal.END)
        if not self._gone_within(seconds):
            self._report("loop_killed", Level.WARNING, f"it did not end within {seconds:.0f} s")
            self.child.send(ChildSignal.KILL)
            if not self._gone_within(KILLED_SECONDS):
                return False
        self.child = None
        return True

    @property
    def is_running_elsewhere(self) -> bool:
        """Whether a loop runs that was not started here."""
        return self.child is None and self._running() is not None

    def _running(self) -> int | None:
        return self._writer() or None

    def _writer(self) -> int | None:
        """See `LoopSeen.writer`; None too where it cannot be seen: the loop itself finds out, and says why."""
        try:
            return self.seen.writer()
        except StorageError:
            return None

    def _replace(self, age: float) -> None:
        """Kill a loop that lives and does nothing; the next one takes the ledger up as it stands. OP-206, R2."""
        assert self.child is not None
        self._report(
            "loop_stalled", Level.CRITICAL, f"no cycle for {age:.0f} s, process {self.child.pid}; it is replaced"
        )
        self.child.send(ChildSignal.STACKS)
        self._gone_within(STACKS_SECONDS)
        self.child.send(ChildSignal.KILL)
        if not self._gone_within(KILLED_SECONDS):
            self._report(
                "loop_stalled", Level.CRITICAL, f"process {self.child.pid} cannot be killed; it is tried again"
            )
            return
        self.child, self._again_at = None, self.clock.now()

    def _gone_within(self, seconds: float) -> bool:
        assert self.child is not None
        until = self.clock.now() + dt.timedelta(seconds=seconds)
        while (gone := self.child.poll() is not None) is False and self.clock.now() < until:
            self.clock.wait_until(min(until, self.clock.now() + dt.timedelta(seconds=0.25)))
        return gone

    def _ended(self, code: int, now: dt.datetime, detail: str = "") -> None:
        ending = after_ending(code, now, self._faults, holds=self.holds())
        self.last_code = code
        if ending.code == "loop_failed":
            self._faults.append(now)
        self._report(ending.code, ending.level, detail or _words(code, ending))
        match ending.then:
            case Then.DAY_END | Then.END:
                self.is_over = True
            case Then.START_AGAIN:
                self._again_at = now + dt.timedelta(seconds=ending.pause)
            case Then.WAIT_FOR_SETTINGS:
                self.refused_mark = self._mark
            case _:
                assert_never(ending.then)

    def holds(self) -> bool:
        """Whether something is held; a ledger that cannot be read is taken for one that does."""
        try:
            return bool(self.seen.held())
        except StorageError:
            return True

    def _report(self, code: str, level: Level, text: str) -> None:
        self.operator.report(ServiceAlert(code, level, text, self.clock.now()))


def _words(code: int, ending: Ending) -> str:
    how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
    match ending.then:
        case Then.START_AGAIN:
            return f"the loop ended {how}; started again in {ending.pause} s"
        case Then.WAIT_FOR_SETTINGS:
            return f"the loop ended {how}; nothing is started until the configuration file changes or SIGHUP comes"
        case Then.DAY_END | Then.END:
            return f"the loop ended {how}"
        case _:
            assert_never(ending.then)
