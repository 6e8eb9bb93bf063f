"""The clock port."""

from __future__ import annotations

import datetime as dt
from typing import Protocol


class Clock(Protocol):
    """Tells the time and waits. The only way time enters a use case."""

    def now(self) -> dt.datetime:
        """The present instant, aware, UTC. Never goes back within one process."""
        ...

    def wait_until(self, instant: dt.datetime) -> None:
        """Return at `instant` or later; at once when it is past. A simulated clock jumps instead of waiting.

        Never infer from its return that the market has moved: ask for a snapshot.
        """
        ...
