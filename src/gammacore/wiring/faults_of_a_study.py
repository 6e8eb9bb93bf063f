"""The faults that are planned for a study. Rule: OP-602."""

from __future__ import annotations

from attrs import evolve

from gammacore.adapters.fake.planned_faults import FaultPlanByClock, PlannedFault
from gammacore.configuration import Settings
from gammacore.domain.sessions import TradingSession
from gammacore.errors import ConfigurationError, InvalidInput
from gammacore.wiring.service.arming import Armed
from gammacore.wiring.venues import Venue


def planned_faults(settings: Settings, armed: Armed, session: TradingSession) -> FaultPlanByClock:
    """What goes wrong on the day, and when; nothing by default.

    Raises:
        ConfigurationError: a fault is written otherwise, begins out of the session, or a real broker is traded at.
    """
    written = settings.trade.faults
    if written and armed.broker.is_real:
        raise ConfigurationError(
            f"trade.faults: faults are planned in simulated and recorded markets; at {armed.broker} leave --fault out"
        )
    try:
        faults = tuple(PlannedFault.parse(one) for one in written)
    except InvalidInput as wrong:
        raise ConfigurationError(f"trade.faults: {wrong}") from None
    for fault, text in zip(faults, written, strict=True):
        if not session.open <= fault.begins(session.date) < session.close:
            raise ConfigurationError(f"trade.faults: {text} is out of the session of {session.date}; give a time of it")
    return FaultPlanByClock(faults, session.date, settings.market.seed)


def with_faults(venue: Venue, faults: FaultPlanByClock) -> Venue:
    """The venue with the faults between the day and its exchange."""
    return evolve(venue, market=faults.market(venue.market), broker=faults.broker(venue.broker, venue.clock))
