"""What holds for a session before it is traded: the broker's rules, dated tables, what may be traded at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from attrs import evolve

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.configuration import Settings
from gammacore.configuration.brokers import kit_of
from gammacore.configuration.settings import UNDERLYINGS
from gammacore.domain.broker_facts.dated import BrokerName, reviewed
from gammacore.domain.broker_facts.day_trading import PATTERN, assumed_to_the_last
from gammacore.domain.dated_table import Horizon
from gammacore.domain.instruments import (
    EQUITY_OPTION_MULTIPLIER,
    UNDERLYING_OF_ROOT,
    SettlementTime,
    Underlying,
    settlement_time,
)
from gammacore.domain.risk.broker_limits import BrokerEntryRules, BrokerLimits
from gammacore.domain.sessions import TradingSession
from gammacore.errors import ConfigurationError
from gammacore.ports.clock import Calendar
from gammacore.wiring.markets import previous_session
from gammacore.wiring.strategies import SHARES_TRADED, spec_of


def broker_entry_rules(
    settings: Settings, underlying: Underlying, session: TradingSession, calendar: Calendar
) -> BrokerEntryRules | None:
    """The broker's rules for entries of this session; None at the fake exchange, which has none."""
    account = settings.account
    if not account.broker.is_real:
        return None
    limits = BrokerLimits(kit_of(account.broker).facts, account.intraday_margin_since)
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


def dated_tables(settings: Settings, broker: BrokerName, calendar: Calendar, date: dt.date) -> tuple[Horizon, ...]:
    """What the tables in use know around a date; the fake exchange has no rules of its own that could end."""
    tables: list[Horizon] = [calendar.horizon] if isinstance(calendar, NyseCalendar) else []
    tables += spec_of(settings.trade.strategy).dated_tables(settings, date)
    if broker.is_real:
        tables.append(reviewed(broker))
        if settings.account.intraday_margin_since is None:
            tables.append(assumed_to_the_last(broker))
    return tuple(tables)


def refuse_untradable(settings: Settings, underlying: Underlying) -> None:
    """Refuse what would be traded and booked wrongly.

    Raises:
        ConfigurationError: another multiplier than the desks count with, a root that is another's or settles in the
            morning, an index where shares are scalped (SC-012), or nothing to hedge with where the strategy hedges.
    """
    at, root = f"{UNDERLYINGS}{underlying.symbol}", underlying.option_root
    if underlying.multiplier != EQUITY_OPTION_MULTIPLIER:
        raise ConfigurationError(
            f"{at}.multiplier: {underlying.multiplier} is for `gex` and `gammacore hedge`; a day "
            f"is booked at {EQUITY_OPTION_MULTIPLIER} dollars a point (CS-001), leave it out"
        )
    if (owner := UNDERLYING_OF_ROOT.get(root, underlying.symbol)) != underlying.symbol:
        raise ConfigurationError(f"{at}.option_root: {root} is a root of {owner}; give that of {underlying.symbol}'s "
                                 f"0DTE contracts, or trade {owner}")  # fmt: skip
    if settlement_time(root) is SettlementTime.AM:
        raise ConfigurationError(f"{at}.option_root: {root} settles at the open and is never 0DTE; leave it out")
    spec = spec_of(settings.trade.strategy)
    if spec.is_scalping and underlying.cash_settled:
        instead = underlying.hedge_share or SHARES_TRADED
        raise ConfigurationError(f"market.underlying: {underlying.symbol} is an index and has no shares; {spec.name} "
                                 f"scalps shares and their options, give {instead}")  # fmt: skip
    if spec.hedges_in_shares and not underlying.hedge_share:
        shares = "the shares that follow it" if underlying.cash_settled else f'"{underlying.symbol}", its own shares'
        raise ConfigurationError(f"{at}.hedge_share: none is given, and {settings.trade.strategy} hedges with it; "
                                 f"give {shares} (DH-220)")  # fmt: skip
