"""A feed that falls silent: an alarm while something is held, and nothing is opened until it speaks again. SC-1008."""

from __future__ import annotations

from gammacore.application.alarms import RepeatedAlarms
from gammacore.application.day_ledger import DayLedger
from gammacore.domain.loop_limits import RunnerLimits
from gammacore.domain.sessions import TradingSession
from gammacore.domain.verdicts import Verdict
from gammacore.ports.clock import Clock
from gammacore.ports.market_data import QuoteFeed

FEED_SILENT = "feed_silent"


class WatchFeed:
    """Judges the feed of a day by its last sign of life, from the open on.

    Stops, blindness and stale quotes act by their own figures besides: SC-008, SC-339, SC-445.
    """

    def __init__(
        self, feed: QuoteFeed, ledger: DayLedger, clock: Clock, session: TradingSession, limits: RunnerLimits
    ) -> None:
        self.feed = feed
        self._ledger = ledger
        self._clock = clock
        self._session = session
        self._limits = limits
        self._began = clock.now()
        self._alarm = RepeatedAlarms(clock)

    def silent_seconds(self) -> float | None:
        """Since when nothing came, seconds, where that is too long; None where it is not, or nothing trades."""
        now = self._clock.now()
        if not self._session.is_trading(now):
            return None
        since = max(self.feed.alive_at() or self._began, self._session.open)
        silent = (now - since).total_seconds()
        return silent if silent >= self._limits.feed_alarm else None

    def judge_opening(self) -> Verdict:
        """Whether something may be opened: the feed speaks."""
        if (silent := self.silent_seconds()) is None:
            return Verdict.ok("the feed speaks")
        return Verdict.unknown(FEED_SILENT, f"{silent:.0f} s", f"< {self._limits.feed_alarm:g} s")

    def alarm(self) -> None:
        """Raise the alarm where something is held, again every five minutes."""
        held = any(holding.has_filled and not holding.is_flat for holding in self._ledger.book.live_holdings)
        if held and (silent := self.silent_seconds()) is not None:
            detail = f"no quote and no sign of life for {silent:.0f} s with a position; nothing is opened until then"
            self._ledger.record(*self._alarm(FEED_SILENT, detail, ""))
