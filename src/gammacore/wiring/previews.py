"""The entry that would be made right now, judged without an order."""

from __future__ import annotations

import datetime as dt

from attrs import evolve

from gammacore.configuration import Configuration, StrategyName
from gammacore.domain.ledger import Mode
from gammacore.domain.sessions import NEW_YORK, new_york
from gammacore.errors import ConfigurationError, MissingData
from gammacore.ports.clock import Clock
from gammacore.ports.credentials import CredentialStore
from gammacore.wiring.brokers import BROKERS_OWN, BrokerPlaces
from gammacore.wiring.controls import book_of
from gammacore.wiring.days import WiredDay, wire_day
from gammacore.wiring.storage import LedgerPlace
from gammacore.wiring.strategies import EntryPreview, spec_of


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
        ConfigurationError: a time of day at a real broker, or a strategy without a preview.
        MissingData: a real broker's session is not on.
    """
    chosen = configuration.settings.trade.strategy
    if (preview := spec_of(chosen).preview) is None:
        planned = ", ".join(name for name in StrategyName if spec_of(name).preview is not None)
        raise ConfigurationError(f"trade.strategy: {chosen} cannot be previewed, no scheduled entry of it is known; "
                                 f"give {planned}, or run it on a simulated day: `gammacore trade`")  # fmt: skip
    day = wire_day(configuration, credentials=credentials, clock=clock, places=places, listens=False)
    try:
        trade = day.trade
        slot = _slot(preview.slots(day.settings, day.session), day, at)
        if trade.terms.mode is Mode.STUDY:
            trade.clock.wait_until(slot)
        trade.begin()
        book = trade.ledger.book if ledger is None else book_of(configuration.settings, ledger)
        situation = evolve(trade.look(for_entry=True), book=book)
        if situation.exposure is None:
            situation = evolve(situation, exposure=trade.exposures.exposure(situation.market))
        power = trade.broker.account().option_buying_power
        situation = evolve(situation, buying_power=power)
        return preview.judge(day.settings, situation, slot, lambda plan: trade.guard.judge_plan(plan, power, book))
    finally:
        day.close()


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
