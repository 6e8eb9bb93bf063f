"""A broker's own order news in a world whose time jumps: each change is waited for, so that a run repeats itself."""

from __future__ import annotations

import threading
from collections import Counter

from attrs import define, field

from counterparts.wire_switch import Switchboard
from counterparts.world import World
from gammacore.domain.orders import OrderState
from gammacore.ports.broker import News, OrderNews

WAIT_SECONDS, MOST_WAITS = 0.005, 6000
"""Real seconds between two looks at what the stream brought, and how often."""


@define(eq=False)
class AwaitedNews:
    """The broker's own news, which waits until each change at the exchange has come to the stream and from it."""

    news: OrderNews
    world: World
    board: Switchboard
    _connected: bool = False
    _known: dict[str, tuple[OrderState, int]] = field(factory=dict)
    _passed: Counter[str] = field(factory=Counter)

    def received(self) -> News:
        reported, waits = self.news.received(), 0
        changed = self._changed()
        while not self._is_reported(reported, changed):
            assert (waits := waits + 1) < MOST_WAITS, "the stream sent nothing"
            threading.Event().wait(WAIT_SECONDS)
            more = self.news.received()
            reported = News(reported.orders | more.orders, more.gap)
        self._connected, self._passed = True, self.board.passed.copy()
        return reported

    def close(self) -> None:
        self.news.close()

    def _changed(self) -> set[str]:
        """Orders that stand elsewhere than at the last call; a cancel that was asked for may show in no message."""
        with self.world.lock:
            reports = {report.id: report for report in self.world.exchange.orders()}
        stand = {
            name: (report.state, report.execution.quantity)
            for name, report in reports.items()
            if report.state is not OrderState.CANCEL_REQUESTED
        }
        changed = {name for name, where in stand.items() if self._known.get(name) != where}
        self._known |= stand
        return changed

    def _is_reported(self, reported: News, changed: set[str]) -> bool:
        if not self._connected:
            return not reported.gap
        passed = all(self.board.passed[name] > self._passed[name] for name in changed)
        return passed and (reported.gap or changed & self.board.sent <= reported.orders)
