"""The configured market, opened to be looked at and nothing else: no order, no ledger, no lock of live trading."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from attrs import frozen

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.system_clock import SystemClock
from gammacore.configuration import Configuration, Settings
from gammacore.configuration.brokers import kit_of
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.gex.units import TODAY, Scope
from gammacore.domain.instruments import Underlying
from gammacore.domain.sessions import TradingSession, new_york_date
from gammacore.errors import ConfigurationError
from gammacore.ports.clock import Calendar, Clock
from gammacore.ports.credentials import CredentialStore
from gammacore.ports.market_data import MarketData
from gammacore.wiring.brokers import BROKERS_OWN, BrokerPlaces, open_broker_market
from gammacore.wiring.markets import MarketSource, naming_underlying, open_market, open_session, trading_date
from gammacore.wiring.regime_feeds import CHAIN
from gammacore.wiring.service.arming import Armed, open_credentials
from gammacore.wiring.strategies import spec_of


@frozen
class Outside:
    """What stands in for this process's own credentials, for real time and for the brokers' servers."""

    credentials: CredentialStore | None = None
    clock: Clock | None = None
    places: BrokerPlaces = BROKERS_OWN


OUR_OWN = Outside()


@frozen(eq=False)
class OpenLook:
    """One underlying's market on one day. A study's `clock` stands at the open and jumps; a broker's is real."""

    settings: Settings
    market: MarketData
    underlying: Underlying
    session: TradingSession
    calendar: Calendar
    clock: Clock
    live: BrokerName | None = None
    is_delayed: bool = False
    close: Callable[[], None] = lambda: None
    require_access: Callable[[], None] = lambda: None


def live_market(configuration: Configuration) -> BrokerName | None:
    """The broker whose feed is to be looked at: the one the market names, else the one that is traded at, else none."""
    account, market = configuration.settings.account, configuration.settings.market
    source = MarketSource.parse(market.source)
    if source.is_live:
        return BrokerName(source.kind)
    return account.broker if account.broker.is_real and "market.source" not in configuration.given else None


def open_look(configuration: Configuration, outside: Outside = OUR_OWN, expiries: Scope | None = None) -> OpenLook:
    """Open the configured market: a study's day, or a broker's feed as it is now. Whoever opened it closes it.

    Of its expiries those of `expiries` are shown, by default what a day of trading would see.

    Looking is not trading: at Alpaca keys of either kind will do, and delayed quotes are shown, with a word about it.

    Raises:
        ConfigurationError: a credential or library is missing, or another day than today is asked of a broker.
        MissingData: the exchange is closed that day, or there is no such data.
    """
    calendar = NyseCalendar()
    if (broker := live_market(configuration)) is not None:
        return _open_live(configuration.settings, broker, outside, calendar, expiries)
    settings = naming_underlying(configuration).settings
    underlying = settings.underlying(settings.market.underlying)
    session = open_session(calendar, trading_date(settings))
    wanted = expiries_of(settings, session, calendar) if expiries is None else expiries
    market = open_market(settings, underlying, session, calendar, wanted)
    return OpenLook(settings, market, underlying, session, calendar, FakeClock(session.open))


def _open_live(
    settings: Settings, broker: BrokerName, outside: Outside, calendar: Calendar, expiries: Scope | None
) -> OpenLook:  # fmt: skip
    clock, credentials = outside.clock or SystemClock(), outside.credentials or open_credentials()
    reader, today = reader_of(broker, credentials), new_york_date(clock.now())
    if settings.market.date not in (None, today):
        raise ConfigurationError(f"market.date: {settings.market.date} is not today, {today}; {broker} shows its "
                                 "market only as it is now, leave --date out")  # fmt: skip
    session = open_session(calendar, today, asked=settings.market.date is not None)
    underlying = settings.underlying(settings.market.underlying)
    opened = open_broker_market(
        settings, reader, credentials, clock, underlying, session, calendar, outside.places,
        expiries_of(settings, session, calendar) if expiries is None else expiries,
    )  # fmt: skip
    return OpenLook(
        settings,
        opened.market,
        underlying,
        session,
        calendar,
        clock,
        broker,
        opened.is_delayed,
        opened.close,
        opened.require_access,
    )


def expiries_of(settings: Settings, session: TradingSession, calendar: Calendar) -> Scope:
    """What a day must see of a market: today's expiry, or all up to the last one that the strategy looks at.

    The next session's too where gamma is read from chains.

    Each more costs a broker's request a look, so no other is asked for. Rule: DH-420.
    """
    spec = spec_of(settings.trade.strategy)
    if spec.furthest_expiry is not None:
        return Scope(spec.furthest_expiry(settings))
    if not spec.reads_regime or CHAIN not in settings.hedging.gex_sources:
        return TODAY
    return today_and_the_next(session.date, calendar)


def today_and_the_next(date: dt.date, calendar: Calendar) -> Scope:
    """The expiries of a date and of the session after it: those dealer gamma is read from. Rule: DH-420."""
    return Scope((calendar.next_session(date).date - date).days)


def reader_of(broker: BrokerName, credentials: CredentialStore) -> Armed:
    """Whose keys to read with: the paper account's, unless there are only live ones.

    Raises:
        ConfigurationError: there are none.
    """
    readers = kit_of(broker).readers
    mode = next((mode for name, mode in readers if credentials.find(name) is not None), None)
    if mode is None:
        names = " or ".join(name for name, _ in readers)
        raise ConfigurationError(f"market {broker}: needs {names}; give it in the environment, "
                                 "in .env, or by `keyring set gammacore NAME`")  # fmt: skip
    return Armed(mode, broker)


def next_open(look_at: dt.datetime, calendar: Calendar) -> dt.datetime | None:
    """When the next session opens; None while one is on.

    >>> next_open(dt.datetime(2026, 3, 3, 21, tzinfo=dt.UTC), NyseCalendar()).isoformat()
    '2026-03-04T14:30:00+00:00'
    """
    today = new_york_date(look_at)
    session = calendar.session(today)
    if session is not None and session.is_trading(look_at):
        return None
    if session is not None and look_at < session.open:
        return session.open
    return calendar.next_session(today).open
