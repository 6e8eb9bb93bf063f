"""A live market of either broker: from look to look, and bars asked for once.

What has ended does not change, so only bars that may be new are asked of the broker.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from attrs import define, field, frozen

from gammacore.domain.market import Bar
from gammacore.domain.sessions import TradingSession, require_aware

Ask = Callable[[dt.datetime, dt.datetime], Sequence[Bar]]
"""(start, end) -> bars, oldest first."""


@frozen
class Series:
    """Bars of one symbol and length, seconds."""

    symbol: str
    seconds: int


@define
class _Known:
    """Bars since an instant, and the last question: until when, and when it was asked."""

    since: dt.datetime
    until: dt.datetime
    asked_at: dt.datetime
    bars: dict[dt.datetime, Bar] = field(factory=dict)

    @property
    def newest(self) -> Bar | None:
        return self.bars[max(self.bars)] if self.bars else None


class KnownBars:
    """The ended bars of every series asked for so far.

    The newest one known is asked for again with what follows it: the vendor may have added to it late. A bar that is
    due and not there is asked for again after `patience_seconds`, not at every look; and no more once the question
    came that much later than the bar.
    """

    def __init__(self, patience_seconds: float) -> None:
        self._patience = dt.timedelta(seconds=patience_seconds)
        self._known: dict[Series, _Known] = {}

    def bars(self, series: Series, start: dt.datetime, end: dt.datetime, now: dt.datetime, ask: Ask) -> list[Bar]:
        """The bars with start <= bar.start and bar.end <= end that have ended by `now`."""
        end = min(end, now)
        if end <= start:
            return []
        known = self._known.get(series)
        if known is None or start < known.since:
            found = _ended(ask(start, end), now)
            known = self._known[series] = _Known(start, end, now, found)
        elif self._is_due(known, series.seconds, end, now):
            newest = known.newest
            known.bars |= _ended(ask(known.since if newest is None else newest.start, end), now)
            known.until, known.asked_at = end, now
        return [known.bars[at] for at in sorted(known.bars) if start <= at and known.bars[at].end <= end]

    def _is_due(self, known: _Known, seconds: int, end: dt.datetime, now: dt.datetime) -> bool:
        """Whether another bar may have ended since the newest one, and may be there by now."""
        if known.newest is not None and end < known.newest.end + dt.timedelta(seconds=seconds):
            return False
        if known.until >= end and known.asked_at - end >= self._patience:
            return False
        return now - known.asked_at >= self._patience


def _ended(bars: Sequence[Bar], now: dt.datetime) -> dict[dt.datetime, Bar]:
    return {bar.start: bar for bar in bars if bar.start <= now - dt.timedelta(seconds=bar.seconds)}


def next_step(session: TradingSession, step_seconds: float, after: dt.datetime) -> dt.datetime:
    """The next step: the open when it is still to come, the close as one of them, then on from there.

    >>> session = TradingSession.of(dt.date(2026, 8, 19))
    >>> next_step(session, 3.0, session.open - dt.timedelta(hours=1)) == session.open
    True
    """
    after = require_aware("after", after)
    if after < session.open:
        return session.open
    begin = session.open if after < session.close else session.close
    step = dt.timedelta(seconds=step_seconds)
    following = begin + ((after - begin) // step + 1) * step
    return min(following, session.close) if after < session.close else following
