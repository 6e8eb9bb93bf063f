"""A month at Tradier's counterpart under the service, in simulated time and without a person. Section 11 of operations.

The supervisor is the real one, and so are the trading day, the ledger file and the wire; what is short of real is that
the loop lives in this process: it works whenever the supervisor looks, once a minute. The account goes on from session
to session, Thanksgiving and its half day among them. One loop is killed with a holding, one stops working with a
holding, and one broker is out for a while. In `make sweep` it is 20 sessions, in a smoke the first ones.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from attrs import define, evolve, field
from starlette.types import ASGIApp, Receive, Scope, Send

from builders_broker_day import CALENDAR, CASH, CREDENTIALS, VIX, at_tradier, configuration
from counterparts.serving import LoopbackServer, serving
from counterparts.tradier_dialect import tradier_app
from counterparts.world import ACCOUNT, Asked, WireFault, World
from extent import WHOLE
from fakes_service import Diary, FakeSettingsFile
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.simulated.market import SimulatedMarket
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.application.diagnose import passed
from gammacore.application.service.keep_loop import KeepLoop
from gammacore.application.service.supervise import Duties, Supervisor
from gammacore.application.trading_core import DayCore
from gammacore.domain.book.book import Book
from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.ledger import DayFinished, Event, OrderIntended
from gammacore.domain.service.day_plan import ServiceTimes
from gammacore.domain.service.endings import Level
from gammacore.domain.sessions import new_york_date
from gammacore.ports.service import ChildSignal, Pulse, Wish
from gammacore.wiring import WiredDay, wire_day

FIRST = dt.date(2026, 11, 2)
LAST = dt.date(2026, 11, 30) if WHOLE else dt.date(2026, 11, 3)
KILLED, STOPPED, OUT = (dt.date(2026, 11, day) for day in ((4, 16, 24) if WHOLE else (2, 3, 3)))
"""The first holding from a date on is the one of which the loop is killed, or stops; the broker is out on its day."""
STEP = 300
SETTINGS: Mapping[str, object] = {
    "protective_stop.on": True, "entries.adx.strongest": 60.0, "entries.trend_move.points": 30,
    "entries.rsi.weakest": 20,
}  # fmt: skip
"""Filters so wide that most sessions hold something."""
TICK = 60.0
OUTAGE = (dt.timedelta(hours=2), dt.timedelta(hours=2, minutes=10))


@define(eq=False)
class Loop:
    """A trading day that works when it is looked at: implements `gammacore.ports.service.Child`."""

    month: Month
    pid: int
    day: WiredDay
    code: int | None = None
    is_stopped: bool = False
    pulse: Pulse | None = None
    _core: DayCore | None = None

    def poll(self) -> int | None:
        if self.code is None and not self.is_stopped:
            self._work()
        return self.code

    def send(self, signal: ChildSignal) -> None:
        if self.code is None and signal is ChildSignal.KILL:
            self.end(-9)

    def end(self, code: int) -> None:
        self.code = code
        self.day.close()

    def _work(self) -> None:
        clock, day = self.month.clock, self.day
        if clock.now() < day.session.open:
            return
        if self._core is None:
            trade = evolve(day.trade, news=None)  # a stream's thread lives in real time
            trade.begin()
            self._core = DayCore(trade)
        core = self._core
        while core.due_at <= clock.now() and self.code is None:
            core.on_timer(clock.now())
            self.pulse = Pulse(clock.now(), core.due_at)
            self.month.disturb(self)
            if core.is_over:
                self.end(0)


@define(eq=False)
class Month:
    """The world of each session, one after the other, and the one account in it; children and what is seen of them."""

    clock: FakeClock
    ledger: Path
    world: World
    server: LoopbackServer | None = None
    loops: list[Loop] = field(factory=list)
    done: set[dt.date] = field(factory=set)
    balances: dict[dt.date, object] = field(factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The app of today's world: a server that outlives the days."""
        assert self._app is not None
        await self._app(scope, receive, send)

    def begin(self) -> None:
        """Another session has its own market; the account is the one of the day before."""
        if new_york_date(self.clock.now()) not in self.done:
            self.done.add(new_york_date(self.clock.now()))
            self.world = a_world(self.clock, self.world.exchange)
            self._app = tradier_app(self.world)

    # -- children and how they are seen -------------------------------------------------------------------------------

    def start(self, seconds_for_network: float) -> Loop:
        self.begin()
        assert self.server is not None
        given = configuration("tradier", "SPX", "credit-spread", STEP, SETTINGS)
        day = wire_day(
            given, self.ledger, credentials=CREDENTIALS, clock=self.world, places=at_tradier(self.server.url)
        )  # fmt: skip
        self.loops.append(Loop(self, 100 + len(self.loops), day))
        return self.loops[-1]

    def take_over(self, pid: int) -> Loop:
        raise AssertionError(f"no loop outlives this service, {pid}")

    def writer(self) -> int | None:
        return self.loops[-1].pid if self.loops and self.loops[-1].code is None else None

    def pulse(self) -> Pulse | None:
        return self.loops[-1].pulse if self.loops else None

    def held(self) -> tuple[str, ...]:
        return tuple(one.id for one in self.book.live_holdings if one.has_filled)

    def halted(self) -> str | None:
        return None

    # -- what goes wrong ----------------------------------------------------------------------------------------------

    def disturb(self, loop: Loop) -> None:
        today, since_open = new_york_date(self.clock.now()), self.clock.now() - loop.day.session.open
        if today == OUT:
            self.world.faults.lift()
            if OUTAGE[0] <= since_open < OUTAGE[1]:
                for asked in Asked:
                    self.world.faults.always(asked, WireFault(status=502))
        holds = any(one.has_filled for one in loop.day.trade.ledger.book.live_holdings)
        if holds and today >= KILLED and "killed" not in self.happened:
            self.happened["killed"] = loop
            loop.end(-9)
        elif holds and today >= STOPPED and "stopped" not in self.happened:
            self.happened["stopped"] = loop
            loop.is_stopped = True

    happened: dict[str, Loop] = field(factory=dict)
    _app: ASGIApp | None = None

    # -- afterwards ---------------------------------------------------------------------------------------------------

    @property
    def events(self) -> tuple[Event, ...]:
        if not self.ledger.exists():
            return ()
        storage = SqliteStorage(self.ledger, read_only=True)
        try:
            return tuple(storage.events())
        finally:
            storage.close()

    @property
    def book(self) -> Book:
        return Book.of(self.events)

    def day_end(self, date: dt.date) -> str:
        """What is reconciled to the cent: what the exchange holds and owns, and what the ledger says."""
        book, exchange = self.book, self.world.exchange
        assert book.finished is not None, date
        assert book.finished.date == date
        assert (list(book.live_holdings), list(book.working_orders), dict(book.quarantined)) == ([], [], {}), date
        assert exchange.holdings() == {}, date
        assert book.balance == exchange.account().balance, date
        self.balances[date] = book.balance
        return f"{date}: {book.balance}"


def a_world(clock: FakeClock, before: FakeExchange | None) -> World:
    """The session of today, its market drawn from a seed of its own."""
    date = new_york_date(clock.now())
    session = CALENDAR.session(date)
    assert session is not None
    market = SimulatedMarket(
        REGISTRY["SPX"], session, seed=date.toordinal(), step_seconds=STEP, vix=VIX, calendar=CALENDAR
    )  # fmt: skip
    exchange = FakeExchange(
        market, clock, CALENDAR, account_number=ACCOUNT, starting_cash=CASH, fees=FeeSchedule(),
        book=None if before is None else before.book,
    )  # fmt: skip
    world = World(clock, {"SPX": market}, exchange, CALENDAR)
    world.settings["rate_limit"] = "off"
    return world


@define(eq=False)
class EndsAt:
    """Asks the supervisor to end at an instant."""

    clock: FakeClock
    instant: dt.datetime

    def take(self) -> tuple[Wish, ...]:
        return (Wish.STOP,) if self.clock.now() >= self.instant else ()


@contextmanager
def a_month(folder: Path) -> Iterator[tuple[Month, Supervisor, Diary]]:
    begins = dt.datetime.combine(FIRST, dt.time(12), dt.UTC)
    clock = FakeClock(begins)
    month, diary = Month(clock, folder / "paper.sqlite", a_world(clock, None)), Diary()
    loop = KeepLoop(clock, month, month, diary, FakeSettingsFile(), ServiceTimes().stalled_after)
    duties = Duties(check=lambda: (passed("broker", "answers"),), day_end=month.day_end)
    ends = EndsAt(clock, dt.datetime.combine(LAST + dt.timedelta(days=1), dt.time(2), dt.UTC))
    supervisor = Supervisor(
        clock, CALENDAR, loop, duties, diary, diary, diary, ends, ServiceTimes(), tick_seconds=TICK
    )  # fmt: skip
    month._app = tradier_app(month.world)
    with serving(month) as month.server:
        yield month, supervisor, diary


def test_every_session_of_a_month_ends_flat_and_reconciled_without_a_person(tmp_path: Path) -> None:
    with a_month(tmp_path) as (month, supervisor, diary):
        assert supervisor.run() == 0

    days = [FIRST + dt.timedelta(days=number) for number in range((LAST - FIRST).days + 1)]
    sessions = [date for date in days if CALENDAR.session(date) is not None]
    assert len(sessions) >= (20 if WHOLE else 2)
    assert [event.date for event in month.events if isinstance(event, DayFinished)] == sessions == list(month.balances)
    assert [alert.text for alert in diary.of("day_end_failed")] == []
    assert len(diary.of("no_session")) == len(days) - len(sessions)
    assert {"killed", "stopped"} <= month.happened.keys()
    assert {alert.code for alert in diary.alerts if alert.level is Level.CRITICAL} <= {"loop_stalled", "loop_killed"}
    assert len(diary.of("loop_restarted")) == 2
    intents = [event.ticket.id for event in month.events if isinstance(event, OrderIntended)]
    received = [ticket.id for ticket in month.world.exchange.received]
    assert len(intents) == len(set(intents))
    assert len(received) == len(set(received))


def test_the_month_has_thanksgiving_and_its_half_day() -> None:
    assert CALENDAR.session(dt.date(2026, 11, 26)) is None
    half = CALENDAR.session(dt.date(2026, 11, 27))
    assert half is not None
    assert half.close.hour == 18
