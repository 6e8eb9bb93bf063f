"""Spreads at the broker that no book has: adopted when our orders opened them. Rules: CS-571..575, R5."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest
from attrs import evolve

from builders_exchange import an_entry, call, put
from builders_world import PATIENT, World, a_world, a_world_holding, relayed
from gammacore.application.reconcile import Reconcile
from gammacore.application.take_in import ReconcileVerdict
from gammacore.domain.desks.orphans import OURS_ONLY, Adopt, ReconcileRules
from gammacore.domain.holding_events import HoldingAdopted, HoldingClosed
from gammacore.domain.holdings.holding import Origin
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import HoldingsQuarantined
from gammacore.domain.legs import LegFill
from gammacore.domain.orders import Execution, OrderReport, OrderState, lineage_mark
from gammacore.errors import BrokerUnavailable
from gammacore.ports.broker import BrokerDecorator

SHORT, LONG = put(6880), put(6870)
OURS, THEIRS = f"gc-{lineage_mark('f00d')}" + "0" * 17, "by-hand"
ORPHAN = "SPX-20260105-orphan-1"


def a_world_with_a_lost_spread(order_id: str = OURS, rules: ReconcileRules = OURS_ONLY) -> World:
    """Three spreads were sold at 10:00 by an order that this ledger knows nothing of."""
    world = a_world()
    world.exchange.submit(an_entry(order_id, contracts=3))
    world.show()
    world.day.begin()
    reconcile_by(world, rules)
    return world


def reconcile_by(world: World, rules: ReconcileRules) -> None:
    day = world.day
    reconcile = Reconcile(day.ledger, day.desk, day.broker, day.clock, rules=rules, policy=PATIENT)
    world._day = evolve(day, reconcile=reconcile)


def look(world: World) -> list[ReconcileVerdict]:
    world.clock.advance(5)
    return [finding.verdict for finding in world.day.reconcile()]


def test_our_lost_spread_is_adopted_after_two_looks() -> None:
    """CS-572, CS-574, CS-575."""
    world = a_world_with_a_lost_spread()

    assert [look(world), look(world)] == [[ReconcileVerdict.LOOK_AGAIN] * 2, [ReconcileVerdict.ADOPTED] * 2]
    assert look(world) == [ReconcileVerdict.MATCH]
    (adopted,) = world.all(HoldingAdopted)
    assert (adopted.price, adopted.contracts, adopted.origin is Origin.ORPHAN) == (Decimal("2.50"), 3, True)
    assert world.all(HoldingsQuarantined) == []
    assert world.alarms() == []


def test_an_adopted_spread_is_closed_like_any_other() -> None:
    """CS-574, CS-575: by the fixed target, at the broker, booked once."""
    world = a_world_with_a_lost_spread()
    look(world)
    look(world)
    cheap = {SHORT: ("1.90", "2.00"), LONG: ("1.00", "1.10")}
    for _ in range(3):
        world.show(cheap)
        world.day.once()

    (booked,) = world.all(HoldingClosed)
    assert (booked.holding, booked.reason, booked.gross) == (ORPHAN, "profit_target", Decimal(450))
    assert dict(world.exchange.holdings()) == {}


@pytest.mark.parametrize(
    ("rules", "verdict"),
    [(OURS_ONLY, ReconcileVerdict.QUARANTINED), (ReconcileRules(Adopt.ALL), ReconcileVerdict.ADOPTED)],
)
def test_other_peoples_spreads_are_adopted_only_when_all_are(rules: ReconcileRules, verdict: ReconcileVerdict) -> None:
    """CS-574."""
    world = a_world_with_a_lost_spread(THEIRS, rules)
    look(world)

    assert look(world) == [verdict] * 2


def test_what_is_not_ours_beside_what_is_is_quarantined() -> None:
    """CS-574: in one look, each with its own verdict."""
    world = a_world_with_a_lost_spread()
    world.exchange.hold(SHORT, -2)
    world.exchange.hold(call(7000), 1)
    look(world)
    look(world)

    assert world.position(ORPHAN).open_contracts == 3
    assert dict(world.book.quarantined) == {SHORT.occ: -2, call(7000).occ: 1}
    assert world.alarms() == ["quarantined"] * 2
    assert look(world) == [ReconcileVerdict.MATCH]


def test_an_orphan_of_the_same_strikes_as_a_position_is_another_position() -> None:
    world = a_world_holding()
    world.exchange.submit(an_entry(OURS, contracts=2))
    world.show(seconds=61)
    look(world)
    look(world)

    assert (world.position().open_contracts, world.position(ORPHAN).open_contracts) == (3, 2)
    assert look(world) == [ReconcileVerdict.MATCH]


class Mute(BrokerDecorator):
    """Says what is held and not what was ordered."""

    def orders(self) -> Sequence[OrderReport]:
        raise BrokerUnavailable("no answer")


def test_without_the_brokers_orders_nothing_is_taken_for_foreign() -> None:
    """R5: a failed query is no answer; a person hears of it at the third."""
    world = a_world()
    world.exchange.submit(an_entry(OURS, contracts=3))
    world.show()
    world.wrap_broker = relayed(Mute)
    world.day.begin()

    assert {verdict for _ in range(5) for verdict in look(world)} == {ReconcileVerdict.LOOK_AGAIN}
    assert world.all(HoldingsQuarantined) == []
    assert world.alarms() == ["broker_unavailable"]


class Piecewise(BrokerDecorator):
    """Shows the long leg only when asked to."""

    hides_long = True

    def holdings(self) -> Mapping[str, int]:
        held = dict(self.inner.holdings())
        if Piecewise.hides_long:
            held.pop(LONG.occ, None)
        return held


def test_a_leg_quarantined_alone_is_adopted_with_its_other_leg(monkeypatch: pytest.MonkeyPatch) -> None:
    """CS-573, CS-574: nothing of it stays foreign."""
    monkeypatch.setattr(Piecewise, "hides_long", True)
    world = a_world()
    world.exchange.submit(an_entry(OURS, contracts=3))
    world.show()
    world.wrap_broker = relayed(Piecewise)
    world.day.begin()
    look(world)
    look(world)
    assert dict(world.book.quarantined) == {SHORT.occ: -3}

    monkeypatch.setattr(Piecewise, "hides_long", False)
    look(world)
    look(world)
    assert dict(world.book.quarantined) == {}
    assert world.position(ORPHAN).open_contracts == 3
    assert look(world) == [ReconcileVerdict.MATCH]


DJX_SHORT, DJX_LONG = "DJX260105P00490000", "DJX260105P00485000"


class Foreign(BrokerDecorator):
    """An account that holds a spread of an underlying no registry has."""

    def holdings(self) -> Mapping[str, int]:
        return {DJX_SHORT: -1, DJX_LONG: 1}

    def orders(self) -> Sequence[OrderReport]:
        legs = (LegFill(DJX_SHORT, Side.SELL, 1, Decimal(2)), LegFill(DJX_LONG, Side.BUY, 1, Decimal(1)))
        now = self.inner.clock().at
        return [OrderReport(OURS, "1", OrderState.FILLED, Execution(1, Decimal(1), legs=legs), now)]


def test_an_unknown_underlying_is_adopted_with_an_alarm_and_closed_by_the_clock() -> None:
    """CS-017: it never stops the exit."""
    world = a_world()
    world.wrap_broker = relayed(Foreign)
    world.day.begin()
    look(world)
    look(world)
    assert (world.position("DJX-20260105-orphan-1").underlying, world.alarms()) == ("DJX", ["unknown_underlying"])

    world.clock.set(world.session.before_close(30))
    world.day.once()
    assert world.position("DJX-20260105-orphan-1").exit_reason == "soft_close"
    assert world.alarms().count("unknown_underlying") == 2


def test_what_was_quarantined_of_a_position_is_gone_with_it() -> None:
    """R5: first the short was bought back outside, then the long sold; two looks later the book agrees."""
    world = a_world_holding()
    world.clock.advance(61)
    world.exchange.hold(SHORT, 3)
    look(world)
    look(world)
    world.exchange.hold(LONG, -3)
    look(world)
    look(world)

    assert dict(world.book.quarantined) == {}
    assert look(world) == [ReconcileVerdict.MATCH]
