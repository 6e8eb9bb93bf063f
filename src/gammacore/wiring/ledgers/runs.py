"""How a wired day is run: by events where its quotes may be streamed, else in the plain loop. Rule: SC-1001."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from gammacore.ports.driving import LoopStats
from gammacore.wiring.days import WiredDay

if TYPE_CHECKING:
    from gammacore.adapters.asyncio_runner import Ended

log = logging.getLogger("gammacore")


def run_day(day: WiredDay, on_cycle: Callable[[dt.datetime], None] | None = None) -> Ended | None:
    """Run a day until it is over or ended; how a run by events ended, None of one in the plain loop.

    Scalping strategies at a real broker run by events; every other day in the plain loop, which Ctrl-C leaves at once
    with everything as it stands.
    """
    trade = day.trade
    if trade.feed is None or trade.is_finished():
        trade(on_cycle)
        return None
    from gammacore.adapters.asyncio_runner import Flow, Runner
    from gammacore.application.trading_core import DayCore

    trade.begin()
    feed = trade.feed.feed
    flow = Flow(feed.take, day.streams, trade.news, feed.refused)
    core = DayCore(trade, by_events=True)

    def show(now: dt.datetime) -> None:
        if on_cycle is not None:
            trade.survival.run("showing the cycle", partial(on_cycle, now))

    runner = Runner(
        core, flow, trade.clock, day.settings.scalping.runner,
        on_cycle=show, export=lambda stats: log.info("loop: %s", in_words(stats)),
    )  # fmt: skip
    if trade.view is not None:
        trade.view.stats = runner.stats
    return runner.run()


def in_words(stats: LoopStats) -> str:
    """The figures in one line.

    >>> in_words(LoopStats(999.6, 0.28, 0.98, 17.4, {}))
    '1000 quotes a second; decisions take 0.3 ms (p99 1.0 ms), on quotes at most 17.4 ms old (p99)'
    """
    if stats.decision_ms_p50 is None or stats.decision_ms_p99 is None or stats.quote_age_ms_p99 is None:
        return f"{stats.quotes_per_second:.0f} quotes a second; none was decided on yet"
    return (
        f"{stats.quotes_per_second:.0f} quotes a second; decisions take {stats.decision_ms_p50:.1f} ms (p99 "
        f"{stats.decision_ms_p99:.1f} ms), on quotes at most {stats.quote_age_ms_p99:.1f} ms old (p99)"
    )
