"""Keeps below Tradier's limits: so many requests a minute for each class of call, counted per token.

The headers of every answer say how the present window stands; without them we count ourselves. Waiting goes through
the clock, so a simulated day does not wait at all.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Mapping
from enum import StrEnum

from attrs import frozen

from gammacore.domain.parameters import parameter
from gammacore.ports.clock import Clock

WINDOW = dt.timedelta(minutes=1)
SLICE = dt.timedelta(seconds=1)
"""How long a request that is held back waits before it looks at its deadline again."""
_MILLISECONDS_FROM = 10**11
"""An epoch above it counts milliseconds: in seconds it would be the year 5138."""


class Lane(StrEnum):
    """The classes of call that Tradier counts apart."""

    STANDARD = "standard"
    MARKET = "market"
    TRADING = "trading"


def lane_of(method: str, path: str) -> Lane:
    """The class of a call by its path.

    >>> lane_of("GET", "accounts/VA1/orders"), lane_of("POST", "accounts/VA1/orders"), lane_of("GET", "markets/quotes")
    (<Lane.STANDARD: 'standard'>, <Lane.TRADING: 'trading'>, <Lane.MARKET: 'market'>)
    """
    if path.removeprefix("beta/").startswith("markets/"):
        return Lane.MARKET
    return Lane.TRADING if method != "GET" and "/orders" in path else Lane.STANDARD


@frozen
class PacingLimits:
    """Requests a minute. Source: Tradier's rate-limit page; the sandbox allows half for questions."""

    standard: int = parameter(120, "Questions about the account, orders and the user, a minute.", at_least=1)
    market: int = parameter(120, "Questions about the market, a minute.", at_least=1)
    trading: int = parameter(60, "Orders placed, changed and canceled, a minute.", at_least=1)
    spare: int = parameter(2, "Requests of each class left unused: another program may share the token.", at_least=0)

    def of(self, lane: Lane) -> int:
        return {Lane.STANDARD: self.standard, Lane.MARKET: self.market, Lane.TRADING: self.trading}[lane]


SANDBOX_LIMITS = PacingLimits(standard=60, market=60)


@frozen
class Window:
    """One minute of one class of call: how many requests may still leave before `ends`."""

    ends: dt.datetime
    left: int


class Pacer:
    """Holds a request back until its class has room. One for each token; safe to share between threads."""

    def __init__(self, clock: Clock, limits: PacingLimits) -> None:
        self._clock = clock
        self._limits = limits
        self._windows: dict[Lane, Window] = {}
        self._lock = threading.Lock()

    def take_turn(self, lane: Lane, is_over: Callable[[], bool] = lambda: False) -> bool:
        """Return when one more request of this class may leave; it is counted. False: its time was over before."""
        if (ends := self._full_until(lane)) is not None:
            while (now := self._clock.now()) < ends:  # outside the lock: an order never waits for a question's window
                if is_over():
                    return False
                self._clock.wait_until(min(ends, now + SLICE))
        with self._lock:
            window = self._window(lane)
            self._windows[lane] = Window(window.ends, window.left - 1)
        return True

    def received(self, lane: Lane, headers: Mapping[str, str]) -> None:
        """Believe the broker's own count where an answer tells it."""
        available = _whole(headers.get("x-ratelimit-available"))
        if available is None:
            return
        now = self._clock.now()
        ends = _instant(headers.get("x-ratelimit-expiry"))
        with self._lock:
            window = self._window(lane)
            # A clock far from ours would have us wait for hours or not at all: never longer than a window.
            believable = ends is not None and now < ends <= now + WINDOW
            self._windows[lane] = Window(ends if ends is not None and believable else window.ends, available)

    def turned_away(self, lane: Lane) -> None:
        """429: this window is used up, whatever we counted."""
        with self._lock:
            self._windows[lane] = Window(self._window(lane).ends, 0)

    def _full_until(self, lane: Lane) -> dt.datetime | None:
        with self._lock:
            window = self._window(lane)
            return window.ends if window.left <= self._limits.spare else None

    def _window(self, lane: Lane) -> Window:
        """The window that is running; a new one begins with the first request after the last has ended."""
        now = self._clock.now()
        window = self._windows.get(lane)
        return window if window is not None and now < window.ends else Window(now + WINDOW, self._limits.of(lane))


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() and len(text) <= 9 else None


def _instant(text: str | None) -> dt.datetime | None:
    """An epoch in seconds or milliseconds; the documents do not say which. None of one that no calendar has.

    >>> _instant("1787148000") == _instant("1787148000000"), _instant("999999999999999")
    (True, None)
    """
    if text is None or not text.isdecimal() or len(text) > 15:
        return None
    count = int(text)
    try:
        return dt.datetime.fromtimestamp(count / 1000 if count > _MILLISECONDS_FROM else count, dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None
