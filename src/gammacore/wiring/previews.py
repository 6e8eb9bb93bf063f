"""The entry that would be made right now, judged without an order."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from attrs import evolve, frozen

from gammacore.configuration import Configuration, Settings
from gammacore.domain.book.book import Book
from gammacore.domain.desks.credit_spread import CreditSpreadDesk
from gammacore.domain.desks.delta_hedge.desk import DeltaHedgeDesk
from gammacore.domain.entries.judge import EntryJudgement, judge_entry
from gammacore.domain.ledger import Mode
from gammacore.domain.sessions import NEW_YORK, new_york, new_york_time
from gammacore.domain.stops.describe import describe
from gammacore.domain.strategy import Situation, Strategy, Trade
from gammacore.domain.verdicts import Verdict
from gammacore.errors import ConfigurationError, MissingData
from gammacore.ports.clock import Clock
from gammacore.ports.credentials import CredentialStore
from gammacore.wiring.brokers import BROKERS_OWN, BrokerPlaces
from gammacore.wiring.days import WiredDay, wire_day
from gammacore.wiring.storage import LedgerPlace, open_storage


@frozen(eq=False)
class EntryPreview:
    """What `plan` shows: the judgement, what the account may risk, and the exits the position would have.

    `purchase` is the order of a strategy that buys, where nothing said no; one that sells has it in the judgement, and
    `first_limit`, points, where its price walks from there down to the plan's limit (CS-421).
    """

    judgement: EntryJudgement
    buying_power: Decimal | None
    exits: tuple[str, ...]
    purchase: Trade | None = None
    first_limit: Decimal | None = None


def preview_entry(
    configuration: Configuration,
    at: dt.time | None,
    ledger: LedgerPlace | None = None,
    *,
    credentials: CredentialStore | None = None,
    clock: Clock | None = None,
    places: BrokerPlaces = BROKERS_OWN,
) -> EntryPreview:
    """Judge one entry of the configured day and strategy as `trade` would; no order is sent and nothing is written.

    `at` is a New York time of day, by default the first scheduled entry; a real broker's market is judged as it is now.
    `ledger` names the book that counts; without one the account has traded nothing yet.

    Raises:
        ConfigurationError: a time of day at a real broker.
        MissingData: a real broker's session is not on.
    """
    day = wire_day(configuration, credentials=credentials, clock=clock, places=places, listens=False)
    try:
        desk, trade = day.trade.strategy, day.trade
        slot = _slot(_slots(desk, day), day, at)
        if trade.terms.mode is Mode.STUDY:
            trade.clock.wait_until(slot)
        trade.begin()
        book = trade.ledger.book if ledger is None else _book_of(configuration.settings, ledger)
        situation = evolve(trade.look(for_entry=True), book=book)
        if situation.exposure is None:
            situation = evolve(situation, exposure=trade.exposures.exposure(situation.market))
        power = trade.broker.account().option_buying_power
        situation = evolve(situation, buying_power=power)
        if isinstance(desk, DeltaHedgeDesk):
            return _purchase(desk, situation)
        judgement = judge_entry(_selling(desk).case(situation, slot))
        if judgement.plan is not None:
            verdict = trade.guard.judge_plan(judgement.plan, power, book)
            judgement = judgement if verdict.passed else judgement.refused(verdict)
    finally:
        day.close()
    entry = judgement.plan
    exits = () if entry is None else describe(entry.policy, entry.expected_credit, entry.confidence, entry.strategy)
    walks = entry is not None and _selling(desk).entries.limit.walk
    first = _selling(desk).entries.limit.first(entry, situation.underlying) if entry is not None and walks else None
    return EntryPreview(judgement, power, exits, first_limit=first)


def _purchase(desk: DeltaHedgeDesk, situation: Situation) -> EntryPreview:
    """The straddle that would be bought, judged by every check of the purchase. Rules: DH-502, DH-510."""
    case = desk.purchase(situation)
    record = case.judged()
    order = case.order(record)
    minutes = desk.hedging.exit_before_close / 60
    judgement = EntryJudgement(record, None)
    if (before := situation.book.judgement(record.scheduled_at)) is not None and before.reason is None:
        once = Verdict.skip("bought", f"ordered at {new_york_time(before.at)}", "once a day")
        judgement, order = judgement.refused(once), None
    exits = () if order is None else (
        f"Hedged with {situation.underlying.hedge_share} shares while it is held; what they lose comes on top.",
        f"Closed {minutes:g} minutes before the end of trading.",
    )  # fmt: skip
    return EntryPreview(judgement, situation.buying_power, exits, order)


def _selling(strategy: Strategy) -> CreditSpreadDesk:
    """The desk whose entries have a plan.

    Raises:
        ConfigurationError: a strategy of somebody's own: nobody but itself knows what it would judge.
    """
    if isinstance(strategy, CreditSpreadDesk):
        return strategy
    raise ConfigurationError(f"trade.strategy: {strategy.name} cannot be planned; give credit-spread or delta-hedge")


def _slots(strategy: Strategy, day: WiredDay) -> tuple[dt.datetime, ...]:
    if isinstance(strategy, DeltaHedgeDesk):
        return (strategy.straddle.slot(day.session),)
    return _selling(strategy).entries.schedule.slots(day.session)


def _slot(slots: tuple[dt.datetime, ...], day: WiredDay, at: dt.time | None) -> dt.datetime:
    """The entry to judge: the one named or the first in a study, at a real broker the latest that is due."""
    session = day.session
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
