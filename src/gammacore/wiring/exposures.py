"""Dealer gamma to look at: of a chain file, of the configured day, or of a broker's market as it is now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

from attrs import evolve, frozen

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.cboe.table import read_chain, sniff
from gammacore.adapters.recorded.recording_reader import is_recording
from gammacore.adapters.recorded.text_table import GZIP_MAGIC, looks_like_a_table
from gammacore.adapters.system_clock import SystemClock
from gammacore.configuration import Configuration, Sourced, configure
from gammacore.configuration.brokers import kit_of
from gammacore.domain.broker_facts.dated import REAL_BROKERS
from gammacore.domain.gex.contracts import TOO_MANY_UNKNOWN
from gammacore.domain.gex.exposure import GammaExposure, measure_exposure
from gammacore.domain.gex.pin import Pin, find_pin
from gammacore.domain.gex.survey import GammaSurvey, survey_gamma
from gammacore.domain.gex.units import TODAY, ExposureUnit, GreeksSource, Rates, Scope, SignModel
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER, roots_of
from gammacore.domain.market import OptionChain
from gammacore.domain.sessions import NEW_YORK, new_york, new_york_date
from gammacore.errors import ConfigurationError, GammacoreError, MissingData
from gammacore.ports.clock import Calendar
from gammacore.ports.market_data import MarketData
from gammacore.wiring.looks import (
    OUR_OWN,
    OpenLook,
    Outside,
    live_market,
    next_open,
    open_look,
    reader_of,
    today_and_the_next,
)
from gammacore.wiring.markets import MarketSource, naming_underlying, rows_left_out
from gammacore.wiring.regime_feeds import CHAIN, SourceOf, chain_source, settlement_instants
from gammacore.wiring.service.arming import open_credentials
from gammacore.wiring.study.recorded_sources import is_there


@frozen
class ExposureTerms:
    """How an exposure is to be measured: every choice that is printed with it."""

    sign: SignModel
    scope: Scope
    unit: ExposureUnit
    greeks: GreeksSource
    rates: Rates


@frozen(eq=False)
class ExposureView:
    """What `gex` shows: the survey, and the pin of today's expiry (None when nothing of today counts).

    `caution` says why nothing may be decided on it, `left_out` what of a file was not used; "" for nothing.
    """

    survey: GammaSurvey
    pin: Pin | None
    caution: str = ""
    left_out: str = ""


@frozen
class SeenChain:
    """A chain, the price beside it where it is known, and why nothing may be decided on them."""

    chain: OptionChain
    price: Decimal | None
    caution: str = ""
    left_out: str = ""


def view_exposure(
    configuration: Configuration,
    chain_file: Path | None,
    terms: ExposureTerms,
    *,
    as_of: dt.datetime | dt.time | None = None,
    spot: Decimal | None = None,
    outside: Outside = OUR_OWN,
) -> ExposureView:
    """Exposure of a chain file, recognised by its content, or of the configured market.

    A study's market is looked at at 10:00 unless given; a broker's as it is now, all expiries of the scope.

    Raises:
        InvalidInput, MissingData: a file that is no chain, or one without a price; a market that does not answer.
        ConfigurationError: another time than now of a broker's market, or its credentials are missing.
    """
    seen = _seen_chain(configuration, chain_file, as_of, spot, terms.scope, outside)
    chain, price = seen.chain, seen.price if spot is None else spot
    if price is None:
        raise MissingData("the chain has no price of its underlying; give one with --spot")
    if as_of is not None:
        chain = evolve(chain, as_of=instant_of(as_of, new_york_date(chain.as_of)))
    return measured(configuration, evolve(seen, chain=chain), price, terms)


def measured(configuration: Configuration, seen: SeenChain, price: Decimal, terms: ExposureTerms) -> ExposureView:
    """The exposure of a chain at a price, and the pin of its own day.

    Raises:
        MissingData: too much of its open interest cannot be read, or no contract has a gamma.
    """
    chain, settles_at = seen.chain, settlement_instants(NyseCalendar())
    try:
        underlying = configuration.settings.underlying(chain.underlying)
    except ConfigurationError:
        underlying = None
    multiplier = EQUITY_OPTION_MULTIPLIER if underlying is None else underlying.multiplier
    survey = survey_gamma(
        chain,
        price,
        scope=terms.scope,
        unit=terms.unit,
        sign=terms.sign,
        greeks=terms.greeks,
        rates=terms.rates,
        settles_at=settles_at,
        multiplier=multiplier,
    )
    if survey.exposure.skipped.get(TOO_MANY_UNKNOWN):
        rows = f"more than one row in twenty has no open interest that can be read ({TOO_MANY_UNKNOWN})"
        what = "; ".join(filter(None, [f"{chain.underlying}: no exposure: {rows}", seen.left_out]))
        raise MissingData(f"{what}; correct the column of open interest")
    _require_gamma(survey.exposure)
    if underlying is None:
        return ExposureView(survey, None, seen.caution, seen.left_out)
    rounded, today = underlying.round_price(price), survey.exposure
    if (terms.scope, price) != (TODAY, rounded):  # else the survey has measured it
        today = measure_exposure(
            chain,
            rounded,
            scope=TODAY,
            sign=terms.sign,
            greeks=terms.greeks,
            rates=terms.rates,
            settles_at=settles_at,
            multiplier=multiplier,
        )
    today = today.per_100pct
    rules = configuration.settings.entries.pin
    pin = find_pin(today.strikes, today.net, price, underlying, rules)
    return ExposureView(survey, pin, seen.caution, seen.left_out)


def follow_exposure(
    configuration: Configuration,
    chain_file: Path | None,
    terms: ExposureTerms,
    every_seconds: float,
    *,
    spot: Decimal | None = None,
    outside: Outside = OUR_OWN,
    tell: Callable[[str], None] = lambda _words: None,
) -> Iterator[ExposureView | GammacoreError]:
    """The exposure again and again, for ever: of a chain file that others renew, or of a broker's market.

    A measurement that fails is given as its error, and the next one is tried at its time. A broker's market is measured
    while its session is on, and waited for until then, which `tell` reports. Rule: DH-421.

    Raises:
        ConfigurationError: with the first measurement: a market that never changes, or whatever makes every one fail.
    """
    live, calendar = live_market(configuration), NyseCalendar()
    if chain_file is None and live is None:
        raise ConfigurationError("--every: a simulated or recorded market shows the same each time; name a broker's "
                                 f"with --market {REAL_BROKERS}, or a chain file that others renew")  # fmt: skip
    if chain_file is None and live is not None:
        reader_of(live, outside.credentials or open_credentials())
    clock = outside.clock or SystemClock()
    every = dt.timedelta(seconds=every_seconds)
    while True:
        begun = clock.now()
        if chain_file is None and (opens := next_open(begun, calendar)) is not None:
            tell(f"no session is on; the next one opens {opens.astimezone(NEW_YORK):%Y-%m-%d %H:%M} New York")
            clock.wait_until(opens)
            begun = clock.now()
        try:
            yield view_exposure(configuration, chain_file, terms, spot=spot, outside=outside)
        except ConfigurationError:
            raise
        except GammacoreError as gap:
            yield gap
        clock.wait_until(max(begun + every, clock.now()))


def _seen_chain(
    configuration: Configuration,
    chain_file: Path | None,
    as_of: dt.datetime | dt.time | None,
    spot: Decimal | None,
    scope: Scope,
    outside: Outside,
) -> SeenChain:
    if chain_file is not None:
        if (of_file := market_of_file(configuration, chain_file)) is None:
            known = roots_of(configuration.settings.underlyings)
            chain, price = read_chain(chain_file, as_of=as_of, spot=spot, roots=known)
            return SeenChain(chain, price, left_out=_left_out(chain_file, chain))
        configuration = of_file
    if as_of is not None and live_market(configuration) is not None:
        raise ConfigurationError("--as-of: a broker's market can be measured only as it is now, leave --as-of out")
    look = open_look(configuration, outside, scope)
    try:
        return _looked_at(look, as_of)
    finally:
        look.close()


def _looked_at(look: OpenLook, as_of: dt.datetime | dt.time | None) -> SeenChain:
    session = look.session
    moment = instant_of(as_of or dt.time(10), session.date) if look.live is None else look.clock.now()
    snapshot = look.market.snapshot(moment)
    if snapshot.chain is None:
        at, opens, closes = (instant.astimezone(NEW_YORK) for instant in (moment, session.open, session.close))
        raise MissingData(f"no chain at {at:%Y-%m-%d %H:%M}; the session is {opens:%Y-%m-%d %H:%M} to {closes:%H:%M}")
    caution = ""
    if look.live is not None and look.is_delayed:
        caution = f"{look.market.label}: delayed, not for decisions (CS-418); {kit_of(look.live).delay_remedy}"
    elif look.live is not None and not (snapshot.fresh(snapshot.chain.as_of) and snapshot.fresh(snapshot.spot_at)):
        seen = min(snapshot.chain.as_of, snapshot.spot_at or moment).astimezone(NEW_YORK)
        caution = f"{look.market.label}: stale, of {seen:%Y-%m-%d %H:%M:%S} New York"
    return SeenChain(snapshot.chain, snapshot.spot, caution, rows_left_out(look.market))


def _require_gamma(exposure: GammaExposure) -> None:
    """Refuse the exposure of a feed that gives no gamma: what is not given is not zero.

    Raises:
        MissingData: contracts of the scope have open interest, and none of them a gamma.
    """
    lacking = exposure.skipped.get("no_gamma", 0)
    if exposure.used == 0 and lacking:
        raise MissingData(f"--greeks feed: none of the {lacking} contracts with open interest has a gamma in the data; "
                          "leave --greeks out, and ours is computed")  # fmt: skip


def market_of_file(configuration: Configuration, chain_file: Path) -> Configuration | None:
    """The configuration with a file of snapshots as its market; None: the file is one page of CBOE."""
    if (kind := _market_kind(chain_file)) is None:
        return None
    source = {"market.source": Sourced(f"{kind}:{chain_file}", str(chain_file))}
    return configure([configuration.given, source])


def _market_kind(chain_file: Path) -> str | None:
    """What a chain file is, by its content: our recording, a vendor's table of snapshots; None: a CBOE page."""
    if is_recording(chain_file):
        return "recording"
    head = b""
    try:
        with chain_file.open("rb") as content:
            head = content.read(1024)
    except OSError:
        return None
    if sniff(head):
        return None
    if head.startswith(GZIP_MAGIC) or looks_like_a_table(head):
        return "csv"  # opening it as a table says what is wrong
    return None


def instant_of(moment: dt.datetime | dt.time, date: dt.date) -> dt.datetime:
    """A time of day of that date, or an instant; New York where no offset says otherwise."""
    if isinstance(moment, dt.time):
        return new_york(date, moment)
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=NEW_YORK)).astimezone(dt.UTC)


def _left_out(chain_file: Path, chain: OptionChain) -> str:
    """What of a table was not taken, in words; "" when every contract was taken once."""
    repeats, adjusted = chain.defects.get("exact_duplicate", 0), chain.defects.get("adjusted", 0)
    counted = (
        (repeats, f"{chain_file.name}: {repeats} exact_duplicate"),
        (adjusted, f"{adjusted} adjusted contracts left out"),
    )
    return "; ".join(words for count, words in counted if count)


@frozen(eq=False)
class ConfiguredChain:
    """The gamma of the configured market's chains, and how to let go of the market."""

    source_of: SourceOf
    close: Callable[[], None]


def configured_chain(configuration: Configuration, outside: Outside = OUR_OWN) -> ConfiguredChain | None:
    """The gamma of the configured market's chains; None while no market is named or the source `chain`.

    Nobody's default hedges by a simulated market's gamma. The market is opened day by day, as the desk's clock goes; a
    broker's today's at once, so that what keeps it from being read is reported before the first line.

    Raises:
        ConfigurationError: the market that is named cannot be, or its quotes are delayed (CS-418).
    """
    given, chosen = configuration.given, configuration.settings.hedging.gex_sources
    asked = "market.source" in given or "hedging.gex_sources" in given
    if CHAIN not in chosen or not asked:
        return None
    configuration, calendar = naming_underlying(configuration), NyseCalendar()
    settings = configuration.settings
    path = MarketSource.parse(settings.market.source).path
    if path is not None and not is_there(path):
        raise ConfigurationError(f"market.source: {path}: no such file; name a market with --market")
    underlying = settings.underlying(settings.market.underlying)
    markets = _MarketsByDay(configuration, calendar, outside)
    markets.open_today()
    return ConfiguredChain(chain_source(settings, underlying, markets, calendar), markets.close)


class _MarketsByDay:
    """The configured market of a date, opened once while the date lasts.

    A date that data does not have is not tried twice. A broker may have it a moment later: that one is.
    """

    def __init__(self, configuration: Configuration, calendar: Calendar, outside: Outside) -> None:
        self._configuration = configuration
        self._calendar = calendar
        self._outside = outside
        self._live = live_market(configuration)
        self._date: dt.date | None = None
        self._open: OpenLook | MissingData | None = None

    def __call__(self, date: dt.date) -> MarketData:
        if date != self._date:
            self.close()
            self._date = date
        if self._open is None:
            self._open = self._look_up(date)
        if isinstance(found := self._open, MissingData):
            if self._live is not None:
                self._open = None
            raise found
        return found.market

    def open_today(self) -> None:
        """Open a broker's market as it is now; on a day without a session only its keys are looked for.

        Raises:
            ConfigurationError: it cannot be opened, or its quotes are delayed.
        """
        if self._live is None:
            return
        reader_of(self._live, self._outside.credentials or open_credentials())
        if self._calendar.session(today := self._today()) is not None:
            self._date, self._open = today, self._look_at(today)

    def close(self) -> None:
        """Let go of what is open; idempotent."""
        opened, self._open, self._date = self._open, None, None
        if isinstance(opened, OpenLook):
            opened.close()

    def _look_up(self, date: dt.date) -> OpenLook | MissingData:
        named = self._configuration.settings.market.date
        if named is not None and named != date:
            return MissingData(f"the market is of {named}, not of {date}")
        if self._live is not None and date != (today := self._today()):
            return MissingData(f"{self._live} shows its market only as it is now, on {today}, not on {date}")
        try:
            return self._look_at(date)
        except MissingData as gap:
            return gap
        except ConfigurationError as wrong:
            return MissingData(str(wrong))

    def _look_at(self, date: dt.date) -> OpenLook:
        settings = self._configuration.settings
        dated = evolve(settings, market=evolve(settings.market, date=settings.market.date or date))
        opened = open_look(
            evolve(self._configuration, settings=dated), self._outside, today_and_the_next(date, self._calendar)
        )
        if opened.is_delayed and opened.live is not None:
            opened.close()
            raise ConfigurationError(f"{opened.market.label}: quotes are delayed and nothing is decided on them "
                                     f"(CS-418); {kit_of(opened.live).delay_remedy}")  # fmt: skip
        return opened

    def _today(self) -> dt.date:
        return new_york_date((self._outside.clock or SystemClock()).now())
