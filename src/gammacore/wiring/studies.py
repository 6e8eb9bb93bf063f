"""Looking without trading: the exposure of a chain, the entry that would be made, a day recorded."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

from attrs import evolve, frozen

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.cboe.table import read_chain, sniff
from gammacore.adapters.recorded import (
    RecordingHeader,
    RecordingWriter,
    is_recording,
    survey_csv,
)
from gammacore.adapters.recorded.text_table import GZIP_MAGIC
from gammacore.application.gather_history import DAYS_BACK
from gammacore.configuration import Configuration, Settings, Sourced, configure
from gammacore.domain.book.book import Book
from gammacore.domain.desks.credit_spread import CreditSpreadDesk
from gammacore.domain.entries.judge import EntryJudgement, judge_entry
from gammacore.domain.gex.exposure import measure_exposure
from gammacore.domain.gex.pin import Pin, find_pin
from gammacore.domain.gex.survey import GammaSurvey, survey_gamma
from gammacore.domain.gex.units import (
    TODAY,
    ExposureUnit,
    GreeksSource,
    Rates,
    Scope,
    SignModel,
)
from gammacore.domain.ledger import Mode
from gammacore.domain.market import OptionChain
from gammacore.domain.market_history import ONE_DAY
from gammacore.domain.sessions import NEW_YORK, new_york, new_york_date
from gammacore.domain.stops.describe import describe
from gammacore.errors import ConfigurationError, GammacoreError, MarketDataError, MissingData
from gammacore.ports.clock import Clock
from gammacore.ports.credentials import CredentialStore
from gammacore.wiring.brokers import BROKERS_OWN, BrokerPlaces
from gammacore.wiring.days import WiredDay, wire_day
from gammacore.wiring.markets import naming_underlying, open_market, open_session, previous_session, trading_date
from gammacore.wiring.settlement import settlement_instants
from gammacore.wiring.storage import LedgerPlace, open_storage
from gammacore.wiring.strategies import credit_spread_desk
from gammacore.wiring.venues import lineage_of


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
    """What `gex` shows: the survey, and the pin of today's expiry (None when nothing of today counts)."""

    survey: GammaSurvey
    pin: Pin | None


def view_exposure(
    configuration: Configuration,
    chain_file: Path | None,
    terms: ExposureTerms,
    *,
    as_of: dt.datetime | dt.time | None = None,
    spot: Decimal | None = None,
) -> ExposureView:
    """Exposure of a chain file, recognised by its content, or of the configured market (10:00 unless said).

    Raises:
        InvalidInput, MissingData: a file that is no chain, or one without a price.
    """
    chain, price = _read_chain(configuration, chain_file, as_of)
    if spot is not None:
        price = spot
    if price is None:
        raise MissingData("the chain has no price of its underlying; give one with --spot")
    if as_of is not None:
        chain = evolve(chain, as_of=_instant(as_of, new_york_date(chain.as_of)))
    settles_at = settlement_instants(NyseCalendar())
    survey = survey_gamma(
        chain,
        price,
        scope=terms.scope,
        unit=terms.unit,
        sign=terms.sign,
        greeks=terms.greeks,
        rates=terms.rates,
        settles_at=settles_at,
    )
    try:
        underlying = configuration.settings.underlying(chain.underlying)
    except ConfigurationError:
        return ExposureView(survey, None)
    today = measure_exposure(
        chain,
        underlying.round_price(price),
        scope=TODAY,
        unit=ExposureUnit.PER_100PCT,
        sign=terms.sign,
        greeks=terms.greeks,
        rates=terms.rates,
        settles_at=settles_at,
    )
    rules = configuration.settings.entries.pin
    return ExposureView(survey, find_pin(today.strikes, today.net, price, underlying, rules))


def _read_chain(
    configuration: Configuration, chain_file: Path | None, as_of: dt.datetime | dt.time | None
) -> tuple[OptionChain, Decimal | None]:
    if chain_file is not None:
        if (kind := _market_kind(configuration.settings, chain_file)) is None:
            return read_chain(chain_file)
        source = {"market.source": Sourced(f"{kind}:{chain_file}", str(chain_file))}
        configuration = configure([configuration.given, source])
    settings, calendar = naming_underlying(configuration).settings, NyseCalendar()
    session = open_session(calendar, trading_date(settings))
    market = open_market(settings, settings.underlying(settings.market.underlying), session, calendar)
    moment = _instant(as_of or dt.time(10), session.date)
    snapshot = market.snapshot(moment)
    if snapshot.chain is None:
        at, opens, closes = (instant.astimezone(NEW_YORK) for instant in (moment, session.open, session.close))
        raise MissingData(f"no chain at {at:%Y-%m-%d %H:%M}; the session is {opens:%Y-%m-%d %H:%M} to {closes:%H:%M}")
    return snapshot.chain, snapshot.spot


def _market_kind(settings: Settings, chain_file: Path) -> str | None:
    """What a chain file is, by its content: our recording, a vendor's table of snapshots; None: a CBOE page."""
    if is_recording(chain_file):
        return "recording"
    head = b""
    try:
        with chain_file.open("rb") as content:
            head = content.read(1024)
        if sniff(head):
            return None
        survey_csv(chain_file, settings.market.columns or settings.market.preset or None)
    except (OSError, GammacoreError):
        return "csv" if head.startswith(GZIP_MAGIC) else None  # packed: opening it as a table says what is wrong
    return "csv"


def _instant(moment: dt.datetime | dt.time, date: dt.date) -> dt.datetime:
    """A time of day of that date, or an instant; New York where no offset says otherwise."""
    if isinstance(moment, dt.time):
        return new_york(date, moment)
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=NEW_YORK)).astimezone(dt.UTC)


def record_day(configuration: Configuration, path: Path) -> int:
    """Record the configured market from open to close, with the bars its filters ask for; the snapshots written."""
    configuration = naming_underlying(configuration)
    settings, calendar = configuration.settings, NyseCalendar()
    underlying = settings.underlying(settings.market.underlying)
    session = open_session(calendar, trading_date(settings))
    market = open_market(settings, underlying, session, calendar)
    lineage = lineage_of(configuration, market, session)
    now, end = session.open, session.close
    begin = (previous_session(calendar, session.date) or session).open
    step = (market.next_at(now) - now).total_seconds()
    header = RecordingHeader(underlying.symbol, session, step, lineage, market.label)
    with RecordingWriter(path, header) as recording:
        while now <= end:
            recording.append(market.snapshot(now))
            now = market.next_at(now)
        for symbol in dict.fromkeys((underlying.symbol, underlying.hedge_share, "VIX")):
            for seconds, start in ((60, begin), (300, begin), (ONE_DAY, session.open - DAYS_BACK)):
                with suppress(MarketDataError):  # what the market does not have is not recorded
                    recording.write_bars(symbol, market.bars(symbol, seconds, start, end))
        if (print_ := market.settlement(underlying.symbol, session.date)) is not None:
            recording.write_settlement(session.date, print_)
    return recording.snapshots


@frozen(eq=False)
class EntryPreview:
    """What `plan` shows: the judgement, what the account may risk, and the exits the position would have."""

    judgement: EntryJudgement
    buying_power: Decimal | None
    exits: tuple[str, ...]


def preview_entry(
    configuration: Configuration,
    at: dt.time | None,
    ledger: LedgerPlace | None = None,
    *,
    credentials: CredentialStore | None = None,
    clock: Clock | None = None,
    places: BrokerPlaces = BROKERS_OWN,
) -> EntryPreview:
    """Judge one entry of the configured day as `trade` would; no order is sent and nothing is written.

    `at` is a New York time of day, by default the first scheduled entry; a real broker's market is judged as it is now.
    `ledger` names the book that counts; without one the account has traded nothing yet.

    Raises:
        ConfigurationError: a time of day at a real broker.
        MissingData: a real broker's session is not on.
    """
    day = wire_day(configuration, credentials=credentials, clock=clock, places=places, listens=False)
    try:
        desk, trade = credit_spread_desk(day.settings), day.trade
        slot = _slot(desk, day, at)
        if trade.terms.mode is Mode.STUDY:
            trade.clock.wait_until(slot)
        trade.begin()
        book = trade.ledger.book if ledger is None else _book_of(configuration.settings, ledger)
        situation = evolve(trade.look(), book=book)
        if situation.exposure is None:
            situation = evolve(situation, exposure=trade.exposures.exposure(situation.market))
        power = trade.broker.account().option_buying_power
        judgement = judge_entry(desk.case(evolve(situation, buying_power=power), slot))
        if judgement.plan is not None:
            verdict = trade.enter.guard(judgement.plan, book, power)
            judgement = judgement if verdict.passed else judgement.refused(verdict)
    finally:
        day.close()
    entry = judgement.plan
    exits = () if entry is None else describe(entry.policy, entry.expected_credit, entry.confidence, entry.strategy)
    return EntryPreview(judgement, power, exits)


def _slot(desk: CreditSpreadDesk, day: WiredDay, at: dt.time | None) -> dt.datetime:
    """The entry to judge: the one named or the first in a study, at a real broker the latest that is due."""
    slots, session = desk.entries.schedule.slots(day.session), day.session
    if day.trade.terms.mode is Mode.STUDY:
        return slots[0] if at is None else new_york(session.date, at)
    now = day.trade.clock.now()
    if at is not None:
        raise ConfigurationError("--at: a broker's market can be judged only as it is now, leave --at out")
    if not session.is_trading(now):
        opens, closes = (instant.astimezone(NEW_YORK) for instant in (session.open, session.close))
        raise MissingData(f"the session is {opens:%Y-%m-%d %H:%M} to {closes:%H:%M} New York; nothing to judge now")
    return max((slot for slot in slots if slot <= now), default=slots[0])


def _book_of(settings: Settings, ledger: LedgerPlace) -> Book:
    storage = open_storage(settings, ledger, read_only=True)
    try:
        return Book.of(storage.events())
    finally:
        storage.close()
