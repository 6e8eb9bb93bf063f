"""Every scheduled entry looks for the pin anew, in the exposure of its own snapshot."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from attrs import define, evolve, field

from builders import a_session, at
from builders_day import PUT_TRADE, opened
from builders_desk import a_book, an_exposure
from builders_world import TERMS, a_world
from gammacore.domain.desks.credit_spread import CreditSpreadDesk
from gammacore.domain.gex.exposure import GammaExposure
from gammacore.domain.ledger import EntryJudged
from gammacore.domain.market import MarketSnapshot

SLOTS = ("10:00", "10:30", "11:00")


@define
class MovingPin:
    """Dealer gamma that wanders up 10 points each half hour; notes which snapshots were measured."""

    measured: list[dt.datetime] = field(factory=list)

    def exposure(self, snapshot: MarketSnapshot) -> GammaExposure:
        self.measured.append(snapshot.at)
        half_hours = (snapshot.at - at("10:00")) // dt.timedelta(minutes=30)
        return an_exposure({6890 + 10 * half_hours: 50.0})


def test_the_pin_of_an_entry_is_that_of_its_own_snapshot() -> None:
    """Must not regress 38 (CS-111): an old pin sold identical strikes again minutes later."""
    world, source = a_world(), MovingPin()
    desk = CreditSpreadDesk()
    day = evolve(world.day, terms=TERMS, strategy=desk, exposures=source)

    for slot in SLOTS:
        world.clock.set(at(slot))
        world.show(seconds=0)
        day.once()

    judged = [event for event in world.events if isinstance(event, EntryJudged)]
    assert [event.pin for event in judged] == [Decimal(6890), Decimal(6900), Decimal(6910)]
    assert source.measured == [at(slot) for slot in SLOTS]


def test_a_due_entry_never_goes_without_a_new_exposure() -> None:
    """Must not regress 38 (CS-111): it is asked for at each slot that is due, whatever was traded before."""
    desk, book = CreditSpreadDesk(), a_book(opened(PUT_TRADE))  # sold at 10:00

    assert not desk.needs(at("10:29:59"), a_session(), book).exposure
    assert desk.needs(at("10:30"), a_session(), book).exposure
