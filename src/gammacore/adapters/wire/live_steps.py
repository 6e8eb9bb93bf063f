"""From look to look at a live market."""

from __future__ import annotations

import datetime as dt

from gammacore.domain.sessions import TradingSession, require_aware


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
