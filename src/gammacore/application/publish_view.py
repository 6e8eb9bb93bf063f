"""Publish the day while it is traded, for a page and `status`. No decision reads it, and it can fail no order.

The loop's thread only keeps its last look and copies the book, when the board asks for a picture; everything else is
drawn by the board. Rules: OP-002, OP-502, OP-503.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from decimal import Decimal

from attrs import evolve, frozen

from gammacore.application.watch_broker import BrokerCounts
from gammacore.domain.book.book import Book
from gammacore.domain.gex.pin import Pin
from gammacore.domain.gex.survey import GammaSurvey
from gammacore.domain.ledger import AlarmRaised, Event, OrderFilled
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.reports.now_filters import FiltersNow, Sight, filters_now
from gammacore.domain.reports.now_view import now_view
from gammacore.domain.risk.day_profit import Marks
from gammacore.domain.strategy import Situation, Strategy
from gammacore.domain.volatility import VolatilityRules
from gammacore.ports.driving import LoopStats
from gammacore.ports.people import Compared, Picture, ViewBoard

MEASURED = 512
"""So many of the newest cycles are measured."""
MOST_ALARMS = 200
"""So many of the newest alarms are kept for the page (ours)."""
Measure = Callable[[MarketSnapshot], tuple[GammaSurvey, Pin | None] | None]


@frozen(eq=False)
class ShownRules:
    """What is shown by which rules: `limit` ends a day's entries, dollars; `judge_every` seconds of market time.

    `measure` is the exposure of a look's own chain, None without one. `reads_chain`: reading the chain asks nobody for
    anything, so it may be read for the page alone. `alarms` are those that the ledger held before this process began.
    """

    limit: Decimal
    volatility: VolatilityRules
    measure: Measure
    judge_every: float
    reads_chain: bool = False
    alarms: tuple[AlarmRaised, ...] = ()


@frozen(eq=False)
class _Kept:
    """What of the loop's thread a picture is drawn from besides its sight."""

    answered: Situation | None
    alarms: tuple[AlarmRaised, ...]
    compared: Compared | None
    cycles: int
    p50: float | None
    p99: float | None
    is_line: bool
    filled: bool


class PublishView:
    """Follows one day. Everything but `_draw` is called from the loop's thread."""

    def __init__(self, strategy: Strategy, rules: ShownRules, board: ViewBoard, timer: Callable[[], float]) -> None:
        self._strategy = strategy
        self._rules = rules
        self._board = board
        self._timer = timer
        self._seen: Situation | None = None
        self._answered: Situation | None = None
        self._cycles = 0
        self._chain_read_at: dt.datetime | None = None
        self._took: deque[float] = deque(maxlen=MEASURED)
        self._began = 0.0
        self._filled = False
        self._minute: dt.datetime | None = None
        self._marks = Marks()
        self._judged: FiltersNow | None = None
        self._survey: tuple[GammaSurvey, Pin | None] | None = None
        self._alarms: deque[AlarmRaised] = deque(rules.alarms, MOST_ALARMS)
        self._compared: Compared | None = None
        self.requests: Callable[[], BrokerCounts] | None = None
        """What the broker was asked, where the loop counts it."""
        self.stats: Callable[[], LoopStats] | None = None
        """How a loop that runs by events keeps up with its feed."""

    def notify(self, event: Event, book: Book) -> None:
        """Implements ports.people.Notifier: a fill asks for a line of its own, an alarm is kept."""
        self._filled = self._filled or isinstance(event, OrderFilled)
        if isinstance(event, AlarmRaised):
            self._alarms.append(event)

    def begin(self) -> None:
        """A cycle begins."""
        self._began = self._timer()

    def saw(self, situation: Situation) -> None:
        """The loop looked."""
        self._seen = situation
        if situation.broker_clock is not None:
            self._answered = situation

    def compared(self, now: dt.datetime, verdicts: Iterable[str]) -> None:
        """Book and broker were compared."""
        self._compared = Compared(now, dict(Counter(verdicts)))

    def end(self, now: dt.datetime, book: Book, next_at: dt.datetime | None, *, is_cycle: bool = True) -> None:
        """The cycle is over, or what a quote between two cycles asked for was decided; must not raise. Rule: SC-912."""
        try:
            if is_cycle:
                self._cycles += 1
                self._took.append((self._timer() - self._began) * 1000)
            minute = now.replace(second=0, microsecond=0)
            is_line = self._filled or minute != self._minute
            if self._seen is None or not (is_line or self._board.wants(now, filled=self._filled)):
                return
            if self._rules.reads_chain and (self._chain_read_at is None or self._is_old(self._chain_read_at, now)):
                self._chain_read_at = None if self._seen.market.chain is None else now  # read here: it may be of a file
            sight = Sight(now, evolve(self._seen, now=now, book=(known := book.copy())), known, next_at)
            kept = _Kept(self._answered, tuple(self._alarms), self._compared, self._cycles, *_middle(self._took),
                         is_line, self._filled)  # fmt: skip
            self._minute, self._filled = minute, False
            self._board.put(lambda: self._draw(sight, kept))
        except Exception as fault:
            self._board.dropped(fault)

    def close(self) -> None:
        """The day is over."""
        self._board.close()

    def _draw(self, sight: Sight, kept: _Kept) -> Picture:
        market, underlying = sight.situation.market, sight.situation.underlying
        if not market.has_read_chain:  # no request is made for a page
            market = evolve(market, chain=None)
            sight = Sight(sight.now, evolve(sight.situation, market=market), sight.book, sight.next_at)
        self._marks = self._marks.after(market, sight.book, underlying)
        shown = now_view(sight, self._strategy, self._marks, self._rules.limit, self._rules.volatility, kept.alarms)
        judged = self._judged
        due = judged is None or judged.at is None
        if due or (judged is not None and judged.at is not None and self._is_old(judged.at, sight.now)):
            self._survey = (None if market.chain is None else self._rules.measure(market)) or self._survey
            self._judged = filters_now(sight, self._strategy, kept.answered)
        elif judged is not None and sight.book.last_judged is not None:
            last = sight.book.last_judged
            self._judged = evolve(judged, scheduled_at=last.scheduled_at, scheduled=last.filters)
        survey, pin = self._survey or (None, None)
        view = shown if self._judged is None else evolve(shown, filters=self._judged)
        requests = None if self.requests is None else self.requests()
        return Picture(
            view, survey, pin, kept.cycles, kept.p50, kept.p99, kept.is_line, kept.filled, kept.compared,
            None if requests is None else (requests.requests, requests.errors), self._loop_stats(),
        )  # fmt: skip

    def _loop_stats(self) -> LoopStats | None:
        if self.stats is None:
            return None
        with suppress(RuntimeError, AttributeError):  # the loop has not begun, or takes in a new symbol meanwhile
            return self.stats()
        return None

    def _is_old(self, at: dt.datetime, now: dt.datetime) -> bool:
        return (now - at).total_seconds() >= self._rules.judge_every


def _middle(took: Sequence[float]) -> tuple[float | None, float | None]:
    ordered = sorted(took)
    if not ordered:
        return None, None
    return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
