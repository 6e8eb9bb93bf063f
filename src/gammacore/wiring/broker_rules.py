"""The configured broker's rules for one session, and our own figures ahead of what it does by itself."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve

from gammacore.configuration import Settings
from gammacore.domain.broker_facts.day_trading import PATTERN
from gammacore.domain.instruments import Underlying
from gammacore.domain.risk.broker_limits import BrokerEntryRules, BrokerLimits
from gammacore.domain.sessions import TradingSession
from gammacore.ports.calendar import Calendar
from gammacore.wiring.markets import previous_session


def broker_entry_rules(
    settings: Settings, underlying: Underlying, session: TradingSession, calendar: Calendar
) -> BrokerEntryRules | None:
    """The broker's rules for entries of this session; None at the fake exchange, which has none."""
    account = settings.account
    if not account.broker.is_real:
        return None
    limits = BrokerLimits(account.broker, account.intraday_margin_since)
    dates = frozenset(each.date for each in _last_sessions(session, calendar, PATTERN.value.sessions))
    return BrokerEntryRules(limits, (underlying.option_root,), session, dates)


def ahead_of_the_broker(settings: Settings, broker_rules: BrokerEntryRules | None) -> Settings:
    """The settings of the day: stops and the hedging cut-off come before a close of the broker's own. Rule: CS-524.

    What `plan` and the entry log say and what acts are read from these same objects.
    """
    if broker_rules is None:
        return settings
    limits, roots, session = broker_rules.limits, broker_rules.roots, broker_rules.session
    return evolve(
        settings,
        stops=limits.tightened(settings.stops, roots, session),
        hedging=settings.hedging.exits_before(limits.last_moment(roots, session), session),
    )


def _last_sessions(session: TradingSession, calendar: Calendar, count: int) -> Iterator[TradingSession]:
    """The session and those before it, newest first."""
    for _ in range(count):
        yield session
        earlier = previous_session(calendar, session.date)
        if earlier is None:
            return
        session = earlier
