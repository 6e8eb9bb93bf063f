"""The rules of ST0CKG, 0DTE options bought on signals of the underlying: when, which signals, how many. Pure.

Rules: SC-301..303, SC-311, SC-320, SC-323, SC-325, SC-330.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from gammacore.domain.parameters import parameter
from gammacore.domain.scalping.option_choice import ExpiryChoice
from gammacore.domain.scalping.option_size import OptionSize
from gammacore.domain.scalping.r_exits import RExitRules
from gammacore.domain.scalping.signals.dealer_gamma import DealerGamma
from gammacore.domain.sessions import TradingSession
from gammacore.domain.words import Confidence
from gammacore.errors import InvalidInput

SPACING = dt.timedelta(minutes=30)
REPEAT = dt.timedelta(seconds=300)
TIME_EXIT_MINUTES = 10
LATE_FROM_MINUTES = 60
"""Minutes after the open from which an entry counts as late: 10:30. Rule: SC-332."""

Window = tuple[dt.datetime, dt.datetime]


class RangeProfile(StrEnum):
    """standard: a range of 30 minutes, entries 10:00 to 11:00; early: of 10 minutes, 09:40 to 10:30. Rule: SC-303."""

    STANDARD = "standard"
    EARLY = "early"


class SignalBars(StrEnum):
    """Length of a signal bar: a minute, or five. Rule: SC-301."""

    ONE_MINUTE = "60"
    FIVE_MINUTES = "300"


_MINUTES = {RangeProfile.STANDARD: (30, 90), RangeProfile.EARLY: (10, 60)}
"""Minutes after the open at which entries begin and end."""


@frozen
class St0ckgRules:
    """How ST0CKG trades. Rules: SC-301..303, SC-311, SC-320, SC-323, SC-325."""

    profile: RangeProfile = parameter(RangeProfile.STANDARD, "standard or early: when entries begin.")
    opening_range_minutes: int | None = parameter(
        None, "Length of the opening range; none = 30, 10 in the profile early.", at_least=5
    )
    afternoon: bool = parameter(False, "Entries also from 60 to 15 minutes before the close.")
    signal_bar_seconds: SignalBars = parameter(SignalBars.ONE_MINUTE, "Length of a signal bar, seconds: 60 or 300.")
    min_confidence: Confidence = parameter(Confidence.MEDIUM, "Least confidence of a signal: LOW, MEDIUM or HIGH.")
    min_composite: Decimal | None = parameter(None, "Least composite score of all signals; none: not asked.", above=0)
    dealer_gamma: DealerGamma = parameter(DealerGamma.HOUSE, "How DEALER_GAMMA is read: house, or legacy_delta_proxy.")
    expiry: ExpiryChoice = parameter(ExpiryChoice.TODAY, "today, or nearest for recordings without today's.")
    max_positions: int = parameter(2, "Positions at a time.", at_least=1)
    max_trades_per_day: int = parameter(5, "Positions opened a day at most.", at_least=1)
    entry_ttl: int = parameter(10, "Seconds after which an entry is called back.", at_least=1)
    size: OptionSize = OptionSize()
    exits: RExitRules = RExitRules()

    def __attrs_post_init__(self) -> None:
        begins = _MINUTES[self.profile][0]
        if self.range_minutes > begins:
            fix = f"give at most {begins}: entries begin then"
            raise InvalidInput("opening_range_minutes", self.range_minutes, fix)

    @property
    def bar_seconds(self) -> int:
        return int(self.signal_bar_seconds.value)

    @property
    def range_minutes(self) -> int:
        return self.opening_range_minutes or _MINUTES[self.profile][0]

    def windows(self, session: TradingSession) -> tuple[Window, ...]:
        """The entry windows, [start, end) each; the afternoon's counts back from the close. Rules: SC-003, SC-303.

        >>> day = TradingSession.of(dt.date(2026, 3, 3))
        >>> [tuple(map(day.minutes_since_open, window)) for window in St0ckgRules(afternoon=True).windows(day)]
        [(30.0, 90.0), (330.0, 375.0)]
        """
        morning = tuple(session.after_open(minutes) for minutes in _MINUTES[self.profile])
        last = (session.before_close(60), session.before_close(15))
        return ((morning[0], morning[1]), last) if self.afternoon else ((morning[0], morning[1]),)

    def window_at(self, now: dt.datetime, session: TradingSession) -> Window | None:
        """The window that is open now. Rule: SC-004."""
        return next((window for window in self.windows(session) if window[0] <= now < window[1]), None)
