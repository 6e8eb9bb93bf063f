"""What keeps a ledger from trading, or says which desk trades: kill switch, flatten, day halt, breaker, the hybrid.

The part of the book that folds these. Rules: CS-630, R10, SC-504, SC-609.
"""

from __future__ import annotations

import datetime as dt
from typing import assert_never

from gammacore.domain.ledger import (
    BreakerCleared,
    BreakerTripped,
    DayHalted,
    DeskSwitched,
    FlattenRequested,
    Halted,
    Resumed,
)

Switch = Halted | DayHalted | FlattenRequested | Resumed | BreakerTripped | BreakerCleared | DeskSwitched
"""The events that set one of them."""


class Switches:
    """Reasons in words, None where nothing is set; `resumed_at` is when a person last resumed."""

    def __init__(self) -> None:
        self.halted: str | None = None
        self.flatten: str | None = None
        self.resumed_at: dt.datetime | None = None
        self.breaker_tripped_at: dt.datetime | None = None
        self.day_halted: DayHalted | None = None
        self.switched: DeskSwitched | None = None

    def apply(self, event: Switch) -> None:
        """Take one more event in; who resumes ends the kill switch, a flatten and the breaker, not the day's halt."""
        match event:
            case Halted():
                self.halted = event.reason
            case DayHalted():
                self.day_halted = event
            case FlattenRequested():
                self.flatten = self.halted = event.reason
            case Resumed():
                self.halted = self.flatten = self.breaker_tripped_at = None
                self.resumed_at = event.at
            case BreakerTripped():
                self.breaker_tripped_at = event.at
            case BreakerCleared():
                self.breaker_tripped_at = None
            case DeskSwitched():
                self.switched = event
            case _:
                assert_never(event)
