"""Doubles of what a supervisor needs: time that jumps, children whose endings are a script, people who write down."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import define, field

from gammacore.application.diagnose import Check, passed
from gammacore.application.service.keep_loop import GRANTED, KeepLoop, Permit
from gammacore.application.service.supervise import Duties, Supervisor
from gammacore.domain.service.alerts import ServiceAlert
from gammacore.domain.service.day_plan import ServiceTimes
from gammacore.errors import StorageError
from gammacore.ports.clock import Calendar
from gammacore.ports.service import ChildSignal, Pulse, Wish

KILLED = -9


@define
class JumpingClock:
    """Jumps to where it is asked to wait until; `events` happen on the way."""

    at: dt.datetime
    events: list[tuple[dt.datetime, Callable[[], None]]] = field(factory=list)

    def now(self) -> dt.datetime:
        return self.at

    def wait_until(self, instant: dt.datetime) -> None:
        due = sorted((one for one in self.events if one[0] <= instant), key=lambda one: one[0])
        self.events = [one for one in self.events if one[0] > instant]
        for at, event in due:
            self.at = max(self.at, at)
            event()
        self.at = max(self.at, instant)


@define(eq=False)
class FakeChild:
    """Ends at an instant with a code, or by a signal unless it is deaf; kept from working, its pulse stops."""

    pid: int
    clock: JumpingClock
    started_at: dt.datetime
    ends_at: dt.datetime | None = None
    code: int = 0
    deaf: bool = False
    immortal: bool = False
    stopped_at: dt.datetime | None = None
    signals: list[ChildSignal] = field(factory=list)
    _ended: int | None = None

    def poll(self) -> int | None:
        if self._ended is None and self.ends_at is not None and self.clock.now() >= self.ends_at:
            self._ended = self.code
        return self._ended

    def send(self, signal: ChildSignal) -> None:
        self.signals.append(signal)
        if self._ended is None and signal is ChildSignal.KILL and not self.immortal:
            self._ended = KILLED
        elif self._ended is None and signal is ChildSignal.END and not self.deaf:
            self._ended = 130


@define(eq=False)
class FakeChildren:
    """Children by a script of (seconds they live, exit code); without a script they live until they are ended."""

    clock: JumpingClock
    script: list[tuple[float, int]] = field(factory=list)
    day_long: Callable[[dt.datetime], dt.datetime | None] = lambda _now: None
    """When a child that is not in the script ends by itself, with code 0."""
    born: list[FakeChild] = field(factory=list)
    waits: list[float] = field(factory=list)
    deaf: bool = False
    immortal: bool = False

    def start(self, seconds_for_network: float) -> FakeChild:
        now = self.clock.now()
        lives, code = self.script.pop(0) if self.script else (None, 0)
        ends = self.day_long(now) if lives is None else now + dt.timedelta(seconds=lives)
        child = FakeChild(100 + len(self.born), self.clock, now, ends, code, self.deaf, self.immortal)
        self.born.append(child)
        self.waits.append(seconds_for_network)
        return child

    def take_over(self, pid: int) -> FakeChild:
        child = FakeChild(pid, self.clock, self.clock.now())
        self.born.append(child)
        return child

    @property
    def alive(self) -> list[FakeChild]:
        return [child for child in self.born if child.poll() is None]


@define(eq=False)
class FakeSeen:
    """The loop as it is seen: it holds the lock while a child lives, and cycles every second unless it is stopped."""

    children: FakeChildren
    holding: tuple[str, ...] = ()
    halt: str | None = None
    outlived: int | None = None
    is_unseen: bool = False
    """Lock and ledger cannot be read."""

    def writer(self) -> int | None:
        self._look()
        if self.outlived is not None:
            return self.outlived
        alive = self.children.alive
        return alive[-1].pid if alive else None

    def pulse(self) -> Pulse | None:
        alive = self.children.alive
        return Pulse(alive[-1].stopped_at or self.children.clock.now()) if alive else None

    def held(self) -> tuple[str, ...]:
        self._look()
        return self.holding

    def halted(self) -> str | None:
        self._look()
        return self.halt

    def _look(self) -> None:
        if self.is_unseen:
            raise StorageError("cannot be seen")


@define(eq=False)
class Diary:
    """Operator, systemd and state file in one: what was said, in order."""

    alerts: list[ServiceAlert] = field(factory=list)
    statuses: list[str] = field(factory=list)
    fed: int = 0
    state: Mapping[str, Any] = field(factory=dict)
    on: Callable[[ServiceAlert], None] = lambda _alert: None

    def report(self, alert: ServiceAlert) -> None:
        self.alerts.append(alert)
        self.on(alert)

    def ready(self, status: str) -> None:
        self.statuses.append(f"READY {status}")

    def status(self, status: str) -> None:
        self.statuses.append(status)

    def watchdog(self) -> None:
        self.fed += 1

    def stopping(self) -> None:
        self.statuses.append("STOPPING")

    def load(self) -> Mapping[str, Any]:
        return self.state

    def save(self, state: Mapping[str, Any]) -> None:
        self.state = state

    def codes(self) -> list[str]:
        return [alert.code for alert in self.alerts]

    def of(self, code: str) -> list[ServiceAlert]:
        return [alert for alert in self.alerts if alert.code == code]


@define(eq=False)
class FakeWishes:
    waiting: list[Wish] = field(factory=list)

    def take(self) -> tuple[Wish, ...]:
        taken, self.waiting = tuple(self.waiting), []
        return taken


@define(eq=False)
class FakeSettingsFile:
    text: str = "one"
    taken: list[str] = field(factory=list)

    def mark(self) -> str:
        return self.text

    def take(self) -> None:
        self.taken.append(self.text)


@define(eq=False)
class Desk:
    """A supervisor over doubles, begun at an instant."""

    clock: JumpingClock
    children: FakeChildren
    seen: FakeSeen
    diary: Diary
    wishes: FakeWishes
    settings: FakeSettingsFile
    supervisor: Supervisor
    ended: list[dt.date]

    def run_until(self, *instants: dt.datetime) -> int:
        """Its exit code when it is asked to end at the last instant."""
        self.clock.events.append((instants[-1], lambda: self.wishes.waiting.append(Wish.STOP)))
        return self.supervisor.run()

    def at(self, instant: dt.datetime, event: Callable[[], None]) -> None:
        self.clock.events.append((instant, event))


def a_desk(
    begins: dt.datetime,
    calendar: Calendar,
    *,
    script: Sequence[tuple[float, int]] = (),
    checks: Callable[[], Sequence[Check]] = lambda: (passed("broker", "answers"),),
    permit: Callable[[], Permit] = lambda: GRANTED,
    tick: float = 1.0,
    times: ServiceTimes = ServiceTimes(),  # noqa: B008  frozen
) -> Desk:
    clock = JumpingClock(begins)
    children = FakeChildren(clock, list(script))
    seen, diary, wishes, settings = FakeSeen(children), Diary(), FakeWishes(), FakeSettingsFile()
    loop = KeepLoop(clock, children, seen, diary, settings, times.stalled_after, permit)
    ended: list[dt.date] = []

    def day_end(date: dt.date) -> str:
        ended.append(date)
        return f"{date} done"

    duties = Duties(checks, day_end=day_end)
    supervisor = Supervisor(clock, calendar, loop, duties, diary, diary, diary, wishes, times, tick_seconds=tick)
    return Desk(clock, children, seen, diary, wishes, settings, supervisor, ended)
