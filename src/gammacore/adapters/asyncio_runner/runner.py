"""The event-driven runner: streams fill slots, one worker thread runs the core, and the loop itself never waits for it.

Rules: SC-1002, SC-1003, SC-1006..1010.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import signal
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count
from typing import Any, TypeVar, assert_never

from attrs import evolve, field, frozen

from gammacore.adapters.asyncio_runner.latest_slot import Inflow, Tick
from gammacore.adapters.asyncio_runner.supervision import Fault, Supervised, first_end, started
from gammacore.domain.loop_limits import RunnerLimits
from gammacore.errors import StreamRefused, fault_in_words
from gammacore.ports.broker import News, OrderNews
from gammacore.ports.clock import Clock
from gammacore.ports.driving import LoopStats, TradingCore
from gammacore.ports.market_data import QuoteStream, StreamedQuote

log = logging.getLogger(__name__)

TIMER_SECONDS = 0.25
LISTEN_SECONDS = 0.05
"""How often it is asked whether the broker's stream reported an order: it answers at once (ours)."""
EXPORT_SECONDS = 60.0
APART_SECONDS = 5.0
"""Between two streams opened to one host. Rule: SC-1013."""
STEP_SECONDS, LATER_STEP_SECONDS = 0.25, 1.0
"""From one step of the end of a run to the next, for the first two seconds and after: each costs requests (ours)."""
QUICK_STEPS = 8
ALARM_SECONDS = 5.0
"""How long the alarm of an end may take (ours)."""
MEASURED = 4096
"""So many of the newest decisions are measured."""
Answer = TypeVar("Answer")


@frozen
class Ended:
    """How a run ended: by the day's end, a signal, or a fault whose task is named.

    `held` is what the ledger still holds. `is_orderly`: what was to be done at the end was done and verified;
    `was_skipped` by a second signal.
    """

    signal: str = ""
    fault: Fault | None = None
    held: Mapping[str, int] = field(factory=dict)
    is_orderly: bool = True
    was_skipped: bool = False
    problem: str = ""
    stats: LoopStats | None = None

    def __str__(self) -> str:
        why = f"signal {self.signal}" if self.signal else "the day is over" if self.fault is None else str(self.fault)
        held = ", ".join(f"{quantity:+d} {symbol}" for symbol, quantity in sorted(self.held.items()))
        return "; ".join(filter(None, (why, self.problem, f"still held: {held}" if held else "nothing is held")))


@frozen(eq=False)
class Flow:
    """What flows into a run. `take` is given every message of a stream, `refused` that one does not let us listen.

    `news` is the broker's stream of order events. `apart_seconds` keeps streams of one host apart; with order news
    the first one waits too.
    """

    take: Callable[[StreamedQuote], None]
    streams: Sequence[QuoteStream] = ()
    news: OrderNews | None = None
    refused: Callable[[], None] = lambda: None
    apart_seconds: float = APART_SECONDS


class Runner:
    """Runs one day. All calls of the core are made in one worker thread; `run` returns when the day is over or ended.

    `on_cycle` is called after each whole cycle, `export` with the figures every 60 seconds. `worker` stands in
    for the thread in tests.
    """

    def __init__(
        self, core: TradingCore, flow: Flow, clock: Clock, limits: RunnerLimits, *,
        on_cycle: Callable[[dt.datetime], None] = lambda _now: None,
        export: Callable[[LoopStats], None] = lambda _stats: None,
        worker: Callable[[], Executor] = lambda: ThreadPoolExecutor(1, "gammacore core"),
    ) -> None:  # fmt: skip
        self._core = core
        self._flow = flow
        self._clock = clock
        self._limits = limits
        self._on_cycle = on_cycle
        self._export = export
        self._new_worker = worker
        self._decisions: deque[float] = deque(maxlen=MEASURED)
        self._ages: deque[float] = deque(maxlen=MEASURED)
        self._signals: list[str] = []
        self._messages: Counter[str] = Counter()
        self._opened: set[str] = set()

    def run(self) -> Ended:
        """Run in a loop of its own, with SIGINT and SIGTERM as its signals."""
        return asyncio.run(self.main())

    async def main(self) -> Ended:
        self._loop = asyncio.get_running_loop()
        self._inflow, self._stop, self._skip = Inflow(), asyncio.Event(), asyncio.Event()
        self._began = self._loop.time()
        self._worker = self._new_worker()
        tasks = {started(one): one for one in self._supervised()}
        with self._listening_to_signals():
            try:
                ended = await self._end(tasks, await first_end(tasks, self._stop))
                return evolve(ended, stats=self.stats())
            finally:
                await _canceled(tasks)
                for stream in self._flow.streams:
                    stream.close()
                self._worker.shutdown(wait=False, cancel_futures=True)

    def stats(self) -> LoopStats:
        """The figures until now."""
        seconds = max(self._loop.time() - self._began, 1e-9)
        return LoopStats(
            self._inflow.quotes / seconds,
            _quantile(self._decisions, 0.5),
            _quantile(self._decisions, 0.99),
            _quantile(self._ages, 0.99),
            self._inflow.slots,
        )

    def interrupt(self, name: str) -> None:
        """A signal: the first ends the run, the second skips what its end still has to do. Called in the loop."""
        self._signals.append(name)
        (self._stop if len(self._signals) == 1 else self._skip).set()

    @contextmanager
    def _listening_to_signals(self) -> Iterator[None]:
        before: dict[signal.Signals, Any] = {}
        with suppress(NotImplementedError, RuntimeError, ValueError):  # not in the main thread, or no signals
            for number in (signal.SIGINT, signal.SIGTERM):
                handler = signal.getsignal(number)
                self._loop.add_signal_handler(number, self.interrupt, number.name)
                before[number] = handler
        try:
            yield
        finally:
            for number, handler in before.items():
                self._loop.remove_signal_handler(number)
                signal.signal(number, handler)

    # -- the tasks ----------------------------------------------------------------------------------------------------

    def _supervised(self) -> Iterator[Supervised]:
        flow = self._flow
        first = 0 if flow.news is None else 1
        for place, stream in enumerate(flow.streams, first):
            yield Supervised(
                f"market data {stream.name}", partial(self._listen, stream, place * flow.apart_seconds), restarts=True,
                delivered=partial(self._messages.__getitem__, stream.name), note=log.warning,
            )  # fmt: skip
        yield Supervised("core", self._run_core, ends_the_run=True)
        if flow.news is not None:
            yield Supervised(
                "fill listener", partial(self._listen_for_fills, flow.news), restarts=True, note=log.warning
            )
        yield Supervised("timer", self._run_timer)
        yield Supervised("performance export", self._run_export)

    async def _listen(self, stream: QuoteStream, wait_seconds: float) -> None:
        if wait_seconds and stream.name not in self._opened:
            await asyncio.sleep(wait_seconds)
        self._opened.add(stream.name)
        try:
            async for message in stream.messages():
                self._messages[stream.name] += 1
                self._flow.take(message)
                if message.shown is not None:
                    self._inflow.quote(message)
        except StreamRefused:
            self._flow.refused()
            raise

    async def _listen_for_fills(self, news: OrderNews) -> None:
        """Orders by name, and the beginning of every gap: while it lasts, orders are polled at their own pace."""
        was_gap = False
        while True:
            received = news.received()
            if received.orders or (received.gap and not was_gap):
                self._inflow.fill(received)
            was_gap = received.gap
            await asyncio.sleep(LISTEN_SECONDS)

    async def _run_timer(self) -> None:
        """A tick four times a second, and exactly when the core is due."""
        while True:
            self._inflow.tick()
            left = (self._core.due_at - self._clock.now()).total_seconds()
            await asyncio.sleep(left if 0 < left < TIMER_SECONDS else TIMER_SECONDS)

    async def _run_export(self) -> None:
        while True:
            await asyncio.sleep(EXPORT_SECONDS)
            self._export(self.stats())

    async def _run_core(self) -> None:
        is_over = False
        while not is_over:
            match work := await self._inflow.next():
                case News():
                    await self._in_worker(partial(self._core.on_fill, work))
                case Tick():
                    is_over = await self._in_worker(self._tick)
                case StreamedQuote():
                    await self._in_worker(partial(self._decide_on, work))
                case _:
                    assert_never(work)

    def _tick(self) -> bool:
        """In the worker: whether the day is over."""
        due, now = self._core.due_at, self._clock.now()
        self._core.on_timer(now)
        if due <= now:
            self._on_cycle(self._clock.now())
            return self._core.is_over
        return False

    def _decide_on(self, quote: StreamedQuote) -> None:
        """In the worker, measured."""
        began = self._loop.time()
        self._ages.append(1000 * (self._clock.now() - quote.arrived_at).total_seconds())
        self._core.on_quote(quote)
        self._decisions.append(1000 * (self._loop.time() - began))

    async def _in_worker(self, call: Callable[[], Answer]) -> Answer:
        return await self._loop.run_in_executor(self._worker, call)

    # -- the end ------------------------------------------------------------------------------------------------------

    async def _end(self, tasks: Mapping[asyncio.Task[None], Supervised], fault: Fault | None) -> Ended:
        """Entries closed, slots closed, orders called back, flat where that is asked for, verified. Rule: SC-1009."""
        by_signal = self._signals[0] if self._signals and fault is None else ""
        self._core.close_entries()
        self._inflow.close()
        await _canceled({task: one for task, one in tasks.items() if one.name in ("core", "timer")})
        if fault is None and not by_signal:
            return Ended(held=await self._in_worker(self._core.held))
        log.warning("ending the run: %s", fault or f"signal {by_signal}")
        until = self._loop.time() + self._limits.shutdown_limit
        problem, is_orderly = "", False
        try:
            flatten = await self._before(until, self._in_worker(partial(self._flattens, fault)))
            for step in count():
                is_orderly = await self._before(until, self._in_worker(partial(self._core.wind_down, flatten=flatten)))
                if is_orderly:
                    break
                pause = STEP_SECONDS if step < QUICK_STEPS else LATER_STEP_SECONDS
                await self._before(until, asyncio.sleep(pause))
        except TimeoutError:
            problem = f"not ended within {self._limits.shutdown_limit:g} s"
        except _SkippedError:
            problem = "the end was skipped by a second signal"
        except Exception as hindrance:
            problem = f"the end failed: {fault_in_words(hindrance)}"
        ended = Ended(by_signal, fault, self._held(), is_orderly and not problem, self._skip.is_set(), problem)
        if fault is not None or not ended.is_orderly:
            with suppress(Exception):  # what the ledger does not take, the exit code and the log still say
                async with asyncio.timeout(ALARM_SECONDS):
                    await self._in_worker(partial(self._core.alarm_end, str(ended)))
        return ended

    def _held(self) -> Mapping[str, int]:
        """What the ledger holds; the worker may still be at it, then it is asked again."""
        while True:
            with suppress(RuntimeError):  # it changed while it was read
                return self._core.held()

    def _flattens(self, fault: Fault | None) -> bool:
        is_lost = fault is not None and not self._core.reaches_broker()
        return self._limits.flattens(by_fault=fault is not None, reaches_broker=not is_lost)

    async def _before(self, until: float, work: Coroutine[Any, Any, Answer]) -> Answer:
        """What comes of it.

        Raises:
            TimeoutError: it is not over by then.
            _SkippedError: a second signal came.
        """
        skipped, waited = asyncio.create_task(self._skip.wait()), asyncio.create_task(work)
        try:
            left = max(until - self._loop.time(), 0)
            done, _ = await asyncio.wait({skipped, waited}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if waited in done:
                return waited.result()
            if skipped in done:
                raise _SkippedError
            raise TimeoutError
        finally:
            skipped.cancel()
            waited.cancel()


class _SkippedError(Exception):
    """A second signal came."""


async def _canceled(tasks: Mapping[asyncio.Task[None], Supervised]) -> None:
    """Cancel and wait until they are gone; what they still raise was noted before, or no longer matters."""
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError, Exception):
            await task


def _quantile(values: deque[float], part: float) -> float | None:
    """The smallest value that so large a part of all does not exceed."""
    ordered = sorted(values)
    return ordered[min(int(part * len(ordered)), len(ordered) - 1)] if ordered else None
