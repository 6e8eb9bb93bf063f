"""So many quotes a second through the runner, in real time, with ten shares held; then SIGINT. Rules: SC-1003, SC-1311.

    python tests/quote_burst.py            60 seconds at 1,000 quotes a second; exits 1 where a figure is not held

A smoke of it is tests/integration/test_runner_burst.py. The figures are those of a machine that has a core to spare.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import resource
import signal
import sys
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

from attrs import define, frozen

from builders_runner import BEGIN, SHARE, Scalp, ShareDay, a_quote, shown
from fakes import FakeMarket
from gammacore.adapters.asyncio_runner.runner import Ended, Flow, Runner
from gammacore.application.trading_core import DayCore
from gammacore.domain.market import MarketSnapshot
from gammacore.ports.driving import LoopStats, SlotCounts
from gammacore.ports.market_data import StreamedQuote

BATCH_SECONDS = 0.005
WARM_SECONDS = 5.0
"""What is allocated before, every run allocates once."""


class RealClock:
    """The machine's own pace, from the open of the scripted day on."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def now(self) -> dt.datetime:
        return BEGIN + dt.timedelta(seconds=time.monotonic() - self._began)

    def wait_until(self, instant: dt.datetime) -> None:
        assert instant <= self.now()


class Moving(FakeMarket):
    """A share that is quoted anew at every look; nothing is kept of it."""

    def snapshot(self, now: dt.datetime) -> MarketSnapshot:
        return shown(a_quote("590.00", now), now)

    def next_at(self, after: dt.datetime) -> dt.datetime:
        return after + self.step


@define(eq=False)
class Burst:
    """Implements ports.market_data.QuoteStream: `rate` quotes a second, in batches of a few milliseconds."""

    clock: RealClock
    rate: int
    name: str = "burst"
    sent: int = 0

    async def messages(self) -> AsyncIterator[StreamedQuote]:
        began = time.monotonic()
        while True:
            due = int((time.monotonic() - began) * self.rate)
            while self.sent < due:
                self.sent += 1
                now = self.clock.now()
                cents = self.sent % 7
                yield StreamedQuote(SHARE, a_quote(Decimal(59000 + cents) / 100, now), now)
            await asyncio.sleep(BATCH_SECONDS)

    def close(self) -> None:
        """Nothing is held."""


@frozen
class Figures:
    """What came of it; memory is that of the process, in MB after the first seconds and at the end."""

    sent: int
    stats: LoopStats
    ended: Ended
    seconds_to_end: float
    held: int
    memory_before: float
    memory_after: float

    @property
    def counts(self) -> SlotCounts:
        return self.stats.slots[SHARE]

    @property
    def growth(self) -> float:
        return self.memory_after / self.memory_before - 1

    def __str__(self) -> str:
        counts, stats = self.counts, self.stats
        return "\n".join(
            (
                f"sent {self.sent}, {stats.quotes_per_second:.0f} a second",
                f"put {counts.put} = overwritten {counts.overwritten} + taken {counts.taken}",
                f"decision p50 {stats.decision_ms_p50:.2f} ms, p99 {stats.decision_ms_p99:.2f} ms",
                f"quote age at decision p99 {stats.quote_age_ms_p99:.2f} ms",
                f"memory {self.memory_before:.1f} MB, then {self.memory_after:.1f} MB ({self.growth:+.1%})",
                f"SIGINT: {self.ended}, after {self.seconds_to_end:.2f} s; held at the exchange: {self.held}",
            )
        )


def burst(seconds: float, rate: int) -> Figures:
    """Run it in this thread, which must be the main one: the signal is a real one."""
    clock = RealClock()
    world = ShareDay(Moving(SHARE, step=0.1), clock, Scalp(Decimal(600), Decimal(700)), polls=1.0, streams=False)
    world.day.begin()
    stream = Burst(clock, rate)
    runner = Runner(DayCore(world.day, by_events=True), Flow(world.feed.take, (stream,)), clock, world.limits)
    memory: list[float] = []

    async def run() -> tuple[Ended, float]:
        loop = asyncio.get_running_loop()
        loop.call_later(min(WARM_SECONDS, seconds / 2), lambda: memory.append(_memory()))
        loop.call_later(seconds, _interrupt, memory)
        ended = await runner.main()
        return ended, time.monotonic()

    began = time.monotonic()
    ended, over = asyncio.run(run())
    return Figures(
        stream.sent, runner.stats(), ended, over - began - seconds, world.held.get(SHARE, 0), memory[0], memory[-1]
    )  # fmt: skip


def _interrupt(memory: list[float]) -> None:
    memory.append(_memory())
    signal.raise_signal(signal.SIGINT)


def _memory() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def main() -> int:
    figures = burst(60, 1_000)
    print(figures)
    counts, age = figures.counts, figures.stats.quote_age_ms_p99
    held = {
        "put = overwritten + taken": counts.put == counts.overwritten + counts.taken,
        "quote age p99 < 50 ms": age is not None and age < 50,
        "memory growth < 5 %": figures.growth < 0.05,
        "flat in under 2 s": figures.seconds_to_end < 2 and figures.held == 0 and figures.ended.is_orderly,
    }
    print("\n".join(f"{'held' if is_held else 'BROKEN'}: {what}" for what, is_held in held.items()))
    return 0 if all(held.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
