"""What a loop notices of its own time: clocks that jump, sleep, and cycles that take too long. Rule: R7.

Each is an alarm and changes nothing by itself: exits go on, paced by the monotonic clock.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gammacore.application.alarms import RepeatedAlarms
from gammacore.application.day_ledger import DayLedger
from gammacore.domain.ledger import AlarmRaised
from gammacore.domain.loop_limits import LoopLimits
from gammacore.domain.sessions import NEW_YORK, BrokerClock
from gammacore.ports.clock import Clock, ClockJump, DoubtfulClock
from gammacore.ports.people import CycleTimer

FAR_AHEAD = dt.timedelta(minutes=1)
"""Beyond what an answer may take on its way."""
CLOCK_JUMPED, ASLEEP, CYCLE_SLOW = "clock_jumped", "asleep", "cycle_slow"


class KeepTime:
    """Looks at the clock before every cycle, measures the cycle, and sees after every wait whether it was too long.

    `reported` asks the broker for its time, None without an answer: of a wall clock that jumped and the time that went
    by, the broker's decides which is right. `timer` raises the alarm while a cycle still hangs; the ledger gets its own
    when the cycle is over.
    """

    def __init__(
        self,
        ledger: DayLedger,
        clock: Clock,
        limits: LoopLimits,
        reported: Callable[[], BrokerClock | None],
        timer: CycleTimer,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._limits = limits
        self._reported = reported
        self._timer = timer
        self._known: ClockJump | None = None
        self._slow: str = ""
        self._repeated = RepeatedAlarms(clock)

    @contextmanager
    def cycle(self) -> Iterator[None]:
        """One cycle: the clock is looked at first; that it took too long is journaled, at the latest by the next."""
        began = self._clock.now()
        self._timer.begin(began)
        try:
            self._journal_a_slow_cycle()
            self._settle()
            yield
        finally:
            seconds = self._timer.end()
            if seconds > self._limits.cycle_seconds:
                self._slow = (
                    f"the cycle of {_hour(began)} New York took {seconds:.0f} s (at most "
                    f"{self._limits.cycle_seconds:g} s); what it decided on was that old"
                )
        self._journal_a_slow_cycle()

    def is_doubted(self) -> bool:
        """Whether the clock jumped since this cycle began: how old an order is, is unknown then."""
        doubt = self._clock.doubt() if isinstance(self._clock, DoubtfulClock) else None
        return doubt is not None and doubt != self._known

    def woke(self, meant: dt.datetime) -> bool:
        """Whether the loop slept beyond the instant it meant to wake at; that is an alarm."""
        now = self._clock.now()
        late = (now - meant).total_seconds()
        if late <= self._limits.asleep_seconds:
            return False
        detail = (
            f"the loop slept until {_hour(now)} New York, {late:.0f} s longer than it meant to (machine suspended or "
            "process stopped); every order and the market are looked at anew"
        )
        self._ledger.record(AlarmRaised(now, ASLEEP, detail))
        return True

    def _journal_a_slow_cycle(self) -> None:
        if self._slow:
            detail, self._slow = self._slow, ""
            self._ledger.record(*self._repeated(CYCLE_SLOW, detail, ""))

    def _settle(self) -> None:
        """Ask the broker which clock is right; without an answer ours goes on, and it is asked again next cycle."""
        if not isinstance(self._clock, DoubtfulClock) or (doubt := self._clock.doubt()) is None:
            return
        reported, before = self._reported(), self._clock.now()
        if reported is not None:
            after = self._clock.settle(reported.at)
            self._alarm(doubt, _verdict(before, after, reported.at))
            self._known = None
        elif doubt != self._known:
            self._known = doubt
            self._alarm(doubt, "the broker does not say which is right; ours goes on, asked again every cycle")

    def _alarm(self, doubt: ClockJump, outcome: str) -> None:
        said = (
            f"this machine's clock said {_hour(doubt.wall)} New York, by the time that went by it was {_hour(doubt.at)}"
        )
        detail = f"{said}: {doubt.seconds:+.0f} s (it was set, or the machine was suspended); {outcome}"
        self._ledger.record(AlarmRaised(self._clock.now(), CLOCK_JUMPED, detail))


def _verdict(before: dt.datetime, after: dt.datetime, reported: dt.datetime) -> str:
    if (after - before).total_seconds() > 1:
        return f"the broker's clock agrees with it, {_hour(reported)}: taken over"
    if after - reported > FAR_AHEAD:
        return f"the broker's clock says {_hour(reported)}, and time never goes back: start the loop again"
    return f"the broker's clock says {_hour(reported)}: ours was right and goes on"


def _hour(instant: dt.datetime) -> str:
    return f"{instant.astimezone(NEW_YORK):%H:%M:%S}"
