"""Somebody else trades our contracts: a person by hand, the broker before the close. CS-572, CS-413, R5."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import at
from builders_exchange import put
from builders_world import World, a_scripted_plan, a_world, a_world_holding, relayed
from gammacore.application.take_in import ReconcileVerdict
from gammacore.domain.holding_events import HoldingAdjusted, HoldingAdopted, HoldingClosed
from gammacore.domain.holdings.holding import HoldingState
from gammacore.domain.instruments import OptionContract, Side
from gammacore.domain.legs import LegFill
from gammacore.domain.orders import Execution, OrderReport, OrderState, Purpose
from gammacore.errors import BrokerUnavailable
from gammacore.ports.broker import BrokerDecorator

SHORT, LONG = put(6880), put(6870)


def a_quiet_world() -> World:
    """Three 6880/6870 put spreads sold for 2.50, a minute and a half ago."""
    world = a_world_holding()
    world.cycle(8)
    return world


def legs_of(world: World) -> list[tuple[Side, str, int]]:
    """Side, symbol and quantity of everything ordered after the entry, leg by leg."""
    return [(leg.side, leg.symbol, order.ticket.quantity) for order in world.orders()[1:] for leg in order.ticket.legs]


def test_a_short_whose_cover_was_sold_outside_is_bought_back_at_once() -> None:
    """CS-413, R2: never an uncovered short at the end of a cycle without an alarm and an order for it."""
    world = a_quiet_world()
    world.exchange.hold(LONG, -3)
    world.cycle(2)

    assert legs_of(world) == [(Side.BUY, SHORT.occ, 3)]
    assert world.alarms() == ["closed_externally", "leg_imbalance"]
    world.cycle(3)
    assert dict(world.exchange.holdings()) == {}
    assert (world.position().is_live, world.position().is_provisional) == (True, True)
    world.to_the_close()
    (booked,) = world.all(HoldingClosed)
    assert (booked.reason, booked.gross, booked.estimated) == ("closed_externally", Decimal(750 - 1560), True)


def test_a_long_whose_short_was_bought_back_outside_is_sold() -> None:
    """R5: the broker closes one leg at 15:30. The short counts at the width, the long at its fill."""
    world = a_quiet_world()
    world.exchange.hold(SHORT, 3)
    world.cycle(5)

    assert legs_of(world) == [(Side.SELL, LONG.occ, 3)]
    assert (dict(world.exchange.holdings()), world.all(HoldingClosed)) == ({}, [])
    world.to_the_close()
    (booked,) = world.all(HoldingClosed)
    assert (booked.gross, booked.estimated) == (Decimal(750 - 3000 + 720), True)


def test_what_is_left_of_a_position_is_closed_by_what_is_left() -> None:
    """R9: two of three were closed outside; the third goes at the soft close and nothing rests."""
    world = a_quiet_world()
    world.exchange.hold(SHORT, 2)
    world.exchange.hold(LONG, -2)
    world.cycle(3)
    assert (world.position().state, world.position().open_contracts) == (HoldingState.OPEN, 1)
    assert world.position().maximum_risk == 750
    world.clock.set(at("15:30"))
    world.cycle(4)

    (order,) = world.orders()[1:]
    assert (order.ticket.quantity, order.state) == (1, OrderState.FILLED)
    assert dict(world.exchange.holdings()) == {}
    world.to_the_close()
    (booked,) = world.all(HoldingClosed)
    assert (booked.reason, booked.gross, booked.contracts) == ("soft_close", Decimal(750 - 2000 - 280), 3)


def test_it_counts_after_two_looks_in_a_row() -> None:
    world = a_quiet_world()
    for _ in range(3):
        world.exchange.hold(LONG, -3)
        world.cycle()
        world.exchange.hold(LONG, 3)
        world.cycle()

    assert world.all(HoldingAdjusted) == []
    assert legs_of(world) == []


class ByHand(BrokerDecorator):
    """Shows the order of a person who closed two spreads at 3.00 and 1.25 a leg."""

    def orders(self) -> Sequence[OrderReport]:
        bought = LegFill(SHORT.occ, Side.BUY, 2, Decimal("3.00"))
        sold = LegFill(LONG.occ, Side.SELL, 2, Decimal("1.25"))
        by_hand = Execution(2, Decimal("1.75"), legs=(bought, sold))
        now = self.inner.clock().at
        return [*self.inner.orders(), OrderReport("by-hand", "77", OrderState.FILLED, by_hand, now)]


@pytest.mark.parametrize(
    ("contracts", "gross", "estimated"), [(2, 500 - 350, False), (3, 750 - 3000, True), (1, 250 - 1000, True)]
)
def test_the_prices_are_those_of_the_fills_that_make_up_what_is_gone(
    contracts: int, gross: int, estimated: bool
) -> None:
    """CS-572: of two spreads the broker shows both fills; of three or one they explain nothing.

    What is known is booked at once, what may be shown again once the session is over.
    """
    world = a_world_holding(a_scripted_plan(contracts))
    world.wrap_broker = relayed(ByHand)
    world.restart()
    world.exchange.hold(SHORT, contracts)
    world.exchange.hold(LONG, -contracts)
    world.cycle(10)
    assert len(world.all(HoldingClosed)) == (0 if estimated else 1)
    world.to_the_close()

    (booked,) = world.all(HoldingClosed)
    assert (booked.reason, booked.gross, booked.estimated) == ("closed_externally", Decimal(gross), estimated)


def test_part_of_a_position_goes_at_the_prices_the_broker_shows() -> None:
    """CS-572."""
    world = a_quiet_world()
    world.wrap_broker = relayed(ByHand)
    world.restart()
    world.exchange.hold(SHORT, 2)
    world.exchange.hold(LONG, -2)
    world.cycle(3)

    assert [event.price for event in world.all(HoldingAdjusted)] == [Decimal("1.25"), Decimal("3.00")]
    assert (world.position().gross, world.position().missing) == (Decimal(750 - 350), {})


def test_contracts_that_are_back_are_ours_again() -> None:
    """CS-565: the broker's answer was short of one leg for two looks; nothing is lost over it."""
    world = a_quiet_world()
    world.exchange.hold(SHORT, 2)
    world.exchange.hold(LONG, -2)
    world.cycle(3)
    world.exchange.hold(SHORT, -2)
    world.exchange.hold(LONG, 2)
    world.cycle(3)

    assert world.position().open_contracts == 3
    assert (world.position().gross, world.position().missing) == (Decimal(750), {})
    assert dict(world.book.quarantined) == {}


def test_what_is_foreign_beside_it_is_quarantined_in_the_same_look() -> None:
    """CS-574: no position is brought beyond zero."""
    world = a_quiet_world()
    world.exchange.hold(LONG, -5)
    world.cycle(2)

    assert dict(world.book.quarantined) == {LONG.occ: -2}
    assert world.position().quantities == {SHORT.occ: -3}


def test_a_foreign_holding_that_grew_into_ours_leaves_the_quarantine_with_what_is_left_of_it() -> None:
    world = a_quiet_world()
    world.exchange.hold(SHORT, -1)
    world.cycle(2)
    assert dict(world.book.quarantined) == {SHORT.occ: -1}
    world.exchange.hold(SHORT, 2)
    world.exchange.hold(LONG, -1)
    world.cycle(2)

    assert dict(world.book.quarantined) == {}
    assert world.position().open_contracts == 2
    assert world.day.reconcile()[0].verdict is ReconcileVerdict.MATCH


class Silent(BrokerDecorator):
    """Tells what is held, never what was ordered."""

    def orders(self) -> Sequence[OrderReport]:
        raise BrokerUnavailable("no answer")


def test_a_naked_short_does_not_wait_for_its_price() -> None:
    """CS-413: without the broker's orders the price is not known; the repair goes out all the same."""
    world = a_quiet_world()
    world.wrap_broker = relayed(Silent)
    world.restart()
    world.exchange.hold(LONG, -3)
    world.cycle(2)

    assert legs_of(world) == [(Side.BUY, SHORT.occ, 3)]


class Forgetful(BrokerDecorator):
    """Answers for a while that nothing is held."""

    def holdings(self) -> Mapping[str, int]:
        return {} if at("10:03") <= self.inner.clock().at < at("10:04") else self.inner.holdings()


def test_a_position_that_was_never_gone_is_taken_up_where_it_left() -> None:
    """CS-565, CS-572: not adopted a second time, not quarantined beside us, and its P/L is the true one."""
    world = a_quiet_world()
    world.wrap_broker = relayed(Forgetful)
    world.restart()
    world.cycle(13)
    assert (world.position().is_flat, world.position().is_provisional) == (True, True)
    world.cycle(7)

    assert (world.position().open_contracts, world.position().gross) == (3, Decimal(750))
    assert (world.all(HoldingAdopted), world.all(HoldingClosed), dict(world.book.quarantined)) == ([], [], {})
    world.clock.set(at("15:30"))
    world.cycle(4)
    assert dict(world.exchange.holdings()) == {}
    (booked,) = world.all(HoldingClosed)
    assert (booked.reason, booked.gross, booked.estimated) == ("soft_close", Decimal(750 - 840), False)


def test_a_restart_remembers_what_was_traded_outside() -> None:
    world = a_quiet_world()
    world.exchange.hold(SHORT, 2)
    world.exchange.hold(LONG, -2)
    world.cycle(2)
    before = world.position()
    world.restart()

    assert world.position() == before
    assert {symbol: (gone.change, gone.price) for symbol, gone in before.missing.items()} == {
        SHORT.occ: (2, None), LONG.occ: (-2, None)
    }  # fmt: skip
    assert before.outside


def test_a_close_at_work_explains_what_is_gone() -> None:
    """R5: our own order is asked first."""
    world = a_quiet_world()
    world.strategy = evolve(world.strategy, closes={"p1": at("10:01:40")})
    world.restart()
    world.exchange.next_submit(never=True, ignored_cancels=99)
    world.cycle(2)
    world.exchange.hold(LONG, -3)
    world.cycle(3)

    assert world.all(HoldingAdjusted) == []
    assert [order.ticket.purpose for order in world.orders()] == [Purpose.ENTRY, Purpose.EXIT]


def test_every_leg_must_have_been_absent_twice() -> None:
    """CS-572: the second leg was seen a look ago; its first absence may be the glimpse."""
    world = a_quiet_world()
    world.exchange.hold(SHORT, 3)
    world.day.reconcile()
    world.exchange.hold(LONG, -3)

    assert [finding.verdict for finding in world.day.reconcile()] == [ReconcileVerdict.LOOK_AGAIN] * 2
    assert world.all(HoldingClosed) == []


@pytest.mark.parametrize("gone", [(LONG,), (SHORT, LONG)])
def test_after_expiry_what_is_gone_was_settled(gone: tuple[OptionContract, ...]) -> None:
    """CS-521: the broker's contracts are gone before ours; settlement books them, not the worst case."""
    world = a_quiet_world()
    for contract in gone:
        world.exchange.hold(contract, 3 if contract is SHORT else -3)
    for _ in range(3):
        world.day.reconcile(world.session.date)

    assert (world.all(HoldingAdjusted), world.all(HoldingClosed)) == ([], [])


def test_a_leg_that_is_back_before_its_repair_is_taken_covers_again() -> None:
    """CS-565: all of it was gone for two looks, and the buy-back was refused."""
    world = a_quiet_world()
    world.exchange.hold(LONG, -3)
    world.exchange.next_submit(rejects="no")
    world.cycle(2)
    world.exchange.hold(LONG, 3)
    world.day.reconcile()
    world.day.reconcile()

    assert (world.position().naked_shorts(), world.position().open_contracts) == ({}, 3)
    assert dict(world.book.quarantined) == {}


@pytest.mark.parametrize("gone", [(SHORT,), (SHORT, LONG)])
def test_our_own_close_of_another_position_is_no_price(gone: tuple[OptionContract, ...]) -> None:
    """CS-572: the same strikes were bought back at 5.20 by our order; another trader's later price is not reported."""
    plans = a_scripted_plan(2), a_scripted_plan(2, "p2", "10:03")
    world = a_world(*plans, closes={"p1": "10:00:40"})
    world.cycle(30)
    assert [position.id for position in world.book.live_spreads] == ["p2"]
    for contract in gone:
        world.exchange.hold(contract, 2 if contract is SHORT else -2)
    world.cycle(8)
    world.to_the_close()

    booked = world.all(HoldingClosed)[-1]
    assert (booked.holding, booked.reason, booked.estimated) == ("p2", "closed_externally", True)


CHANGES = st.lists(
    st.tuples(st.sampled_from((SHORT, LONG)), st.integers(-3, 3), st.integers(0, 3)), min_size=1, max_size=5
)


@settings(deadline=None, max_examples=40)
@given(CHANGES)
def test_whatever_is_traded_outside_nothing_of_ours_stays_naked(changes: list[tuple[OptionContract, int, int]]) -> None:
    """R2, R5, R9: with cycles in between; once it stands still the book agrees with the broker and nothing is loose."""
    world = a_quiet_world()
    for contract, more, cycles in changes:
        world.exchange.hold(contract, more)
        world.cycle(cycles)
    world.cycle(20)

    assert not any(position.naked_shorts() or position.excess() for position in world.book.live_spreads)
    known = [world.book.expected_holdings(), dict(world.book.quarantined)]
    explained = {symbol: sum(part.get(symbol, 0) for part in known) for symbol in {*known[0], *known[1]}}
    assert {symbol: held for symbol, held in explained.items() if held} == dict(world.exchange.holdings())
    assert len(world.all(HoldingClosed)) == len({booked.holding for booked in world.all(HoldingClosed)})
