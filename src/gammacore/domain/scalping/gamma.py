"""Every figure of gamma scalping: which straddle, when it is hedged, when it is sold. Rules: SC-401, SC-402, SC-403.

What a unit of gamma costs decides the choice: `straddles.choice`.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from gammacore.domain.hedging.rule import HedgeRounding, HedgeRule
from gammacore.domain.parameters import parameter
from gammacore.domain.scalping.trigger import TriggerProfile, TriggerRules
from gammacore.domain.sessions import TradingSession
from gammacore.domain.straddles.choice import ChoiceRules
from gammacore.errors import InvalidInput

FIRST_MINUTE, LAST_MINUTES = 5, 45
"""The entry window: minutes after the open (09:35), and before the close (15:15 of 16:00). Rule: SC-403."""
LATE_UNDERLYINGS, LATE_MINUTES = frozenset({"SPY", "QQQ"}), 30
"""Whose last option entries are at 15:30 under the table of sessions. Rule: SC-460."""
ENTRY_SECONDS, ENTRY_ATTEMPTS = 10, 4
"""How long a straddle's order rests, and how often it is sent: once, and re-quoted three times. Rule: SC-407."""
EXIT_SECONDS = 5
"""How long both legs are offered at the sum of their bids, before they go at market. Rule: SC-456."""
DAY_TRADES = 4
"""A straddle with its hedges makes the pattern of a day trader. Rule: SC-602."""
OVERDUE_SECONDS = 60
"""From an exit's begin to its alarm. Rule: SC-457."""


class InitMode(StrEnum):
    """What the first start of a session does with what is held: close it, or take it over. Rules: SC-451, SC-452."""

    INIT = "init"
    RESUME = "resume"


class StraddleOrder(StrEnum):
    """limit: both legs as one net debit at the sum of the asks; market; legs: two orders, the call first.

    legs sends the put after the call's fill, each at its ask: for a broker, or an account, that takes no order of two
    legs. Rule: SC-407.
    """

    LIMIT = "limit"
    MARKET = "market"
    LEGS = "legs"


@frozen
class GammaRules(ChoiceRules):
    """Gamma scalping: holds a long straddle, hedges it with shares, and is out before the close. Rules: SC-401..461."""

    init_mode: InitMode = parameter(
        InitMode.INIT, "First start of a session: init closes what is held, resume takes it over."
    )
    resume_or_open: bool = parameter(False, "resume buys a straddle where the broker shows no option; off: it waits.")
    fallback_rate: float = parameter(
        0.05, "Rate a year where no source answers, a fraction.", at_least=-0.05, at_most=1
    )
    max_straddles_per_day: int = parameter(1, "Straddles bought a day, with any fill.", at_least=1)
    straddle_order: StraddleOrder = parameter(
        StraddleOrder.LIMIT, "limit at the sum of the asks, market, or legs: call, then put."
    )
    selection_retry: int = parameter(60, "Seconds from a selection that found nothing to the next.", at_least=1)
    gamma_sessions: bool = parameter(False, "Enter only in the busier parts of the day.")
    hedge_reserve: Decimal = parameter(
        Decimal("0.30"), "Buying power left for hedges, part of the shares of `reserve_delta`.", at_least=0
    )
    reserve_delta: Decimal = parameter(
        Decimal("0.5"), "Delta a straddle that the reserve counts with; 1 is a whole one.", at_least=0, at_most=1
    )

    trigger_profile: TriggerProfile = parameter(
        TriggerProfile.ST0CK, "st0ck (0.02, 2 s, 3 s) or alpaca (0.05, 5 s, 5 s): move, heartbeat, command's life."
    )
    delta_threshold: Decimal = parameter(Decimal("2.0"), "Hedge above this net delta, shares a straddle.", above=0)
    hedge_rounding: HedgeRounding = parameter(HedgeRounding.HALF_EVEN, "Half a share: half_even or half_away.")
    hedge_cooldown: float = parameter(0.0, "Between two hedges, seconds.", at_least=0)
    blind_limit: float = parameter(30.0, "A straddle without a delta for longer is sold, seconds.", above=0)

    take_profit: Decimal = parameter(Decimal("0.20"), "Sold at this profit, part of the premium.", above=0)
    stop_loss: Decimal = parameter(Decimal("0.20"), "Sold at this loss, part of the premium.", above=0, at_most=1)
    flatten_before_close: bool = parameter(True, "Sold 15 minutes before the close; off: kept overnight.")
    min_hold_dte: int = parameter(7, "Sold with fewer days to expiry, calendar days.", at_least=1)
    max_hold_days: int = parameter(5, "Sold after more days, calendar days.", at_least=1)
    roll: bool = parameter(False, "resume buys anew in the session after one that sold near its expiry.")

    def __attrs_post_init__(self) -> None:
        if self.min_dte > self.max_dte:
            raise InvalidInput("max_dte", self.max_dte, f"give at least min_dte, {self.min_dte}")
        if self.min_hold_dte > self.min_dte:
            raise InvalidInput("min_hold_dte", self.min_hold_dte, f"give at most min_dte, {self.min_dte}")

    def window(self, session: TradingSession, underlying: str) -> tuple[dt.datetime, dt.datetime]:
        """[start, end) of entries. Rules: SC-403, SC-460.

        >>> day = TradingSession.of(dt.date(2026, 3, 3))
        >>> [f"{GammaRules(gamma_sessions=on).window(day, 'SPY')[1]:%H:%M} UTC" for on in (False, True)]
        ['20:15 UTC', '20:30 UTC']
        """
        is_late = self.gamma_sessions and underlying in LATE_UNDERLYINGS
        return session.after_open(FIRST_MINUTE), session.before_close(LATE_MINUTES if is_late else LAST_MINUTES)

    def hedge_rule(self) -> HedgeRule:
        """The threshold of one straddle. Rules: SC-439, SC-442."""
        return HedgeRule(self.delta_threshold, self.hedge_rounding, dt.timedelta(seconds=self.hedge_cooldown))

    def triggers(self, dollar_scale: Decimal) -> TriggerRules:
        return TriggerRules.of(self.trigger_profile, dollar_scale)
