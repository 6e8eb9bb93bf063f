"""Reconciling with the broker: match, adopt, quarantine, notice what is gone. Rules: CS-571..574, R5."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from builders_exchange import a_single, an_entry, call, put
from builders_holdings import sell
from builders_world import World, a_scripted_plan, a_world, a_world_holding, relayed
from gammacore.application.take_in import ReconcileVerdict
from gammacore.domain.holding_events import DifferenceSeen, HoldingAdjusted, HoldingClosed
from gammacore.domain.holdings.holding import HoldingState
from gammacore.domain.instruments import OptionContract, Side
from gammacore.domain.ledger import HoldingsQuarantined
from gammacore.domain.legs import LegFill
from gammacore.domain.orders import Execution, OrderReport, OrderState
from gammacore.errors import BrokerUnavailable
from gammacore.ports.broker import Broker, BrokerDecorator

SHORT, LONG = put(6880), put(6870)
FOREIGN = call(7000)


def look(world: World, seconds: float = 61) -> list[ReconcileVerdict]:
    world.clock.advance(seconds)
    return [finding.verdict for finding in world.day.reconcile()]


def test_nothing_differs_in_an_undisturbed_account() -> None:
    world = a_world_holding()

    assert look(world) == [ReconcileVerdict.MATCH]


def test_what_is_not_ours_is_quarantined_after_two_looks_and_alarmed() -> None:
    """CS-574: never traded, counted in the limits."""
    world = a_world_holding()
    world.exchange.hold(FOREIGN, 2)

    assert look(world) == [ReconcileVerdict.LOOK_AGAIN]
    assert look(world) == [ReconcileVerdict.QUARANTINED]
    assert dict(world.book.quarantined) == {FOREIGN.occ: 2}
    assert world.alarms() == ["quarantined"]
    assert look(world) == [ReconcileVerdict.MATCH]


def test_what_is_gone_is_released() -> None:
    """CS-574: after two looks as well."""
    world = a_world_holding()
    world.exchange.hold(FOREIGN, 2)
    look(world)
    look(world)
    world.exchange.hold(FOREIGN, -2)

    assert [look(world), look(world)] == [[ReconcileVerdict.LOOK_AGAIN], [ReconcileVerdict.MATCH]]
    assert dict(world.book.quarantined) == {}


def test_a_quarantine_that_changes_is_looked_at_again() -> None:
    world = a_world_holding()
    world.exchange.hold(FOREIGN, 2)
    look(world)
    look(world)
    world.exchange.hold(FOREIGN, 1)
    look(world)
    look(world)

    assert dict(world.book.quarantined) == {FOREIGN.occ: 3}


def test_a_glimpse_is_no_difference() -> None:
    """CS-572: two looks in a row, not two in all."""
    world = a_world_holding()
    for _ in range(3):
        world.exchange.hold(FOREIGN, 1)
        assert look(world) == [ReconcileVerdict.LOOK_AGAIN]
        world.exchange.hold(FOREIGN, -1)
        assert look(world) == [ReconcileVerdict.MATCH]

    assert world.all(HoldingsQuarantined) == []


def test_shares_are_no_orphans() -> None:
    """CS-571, 8.30."""
    world = a_world_holding()
    world.exchange._book.hold_shares("SPY", 100, Decimal(690))

    assert look(world) == [ReconcileVerdict.MATCH]


def close_outside(world: World, contracts: int = 3) -> None:
    world.exchange.hold(SHORT, contracts)
    world.exchange.hold(LONG, -contracts)


def test_a_position_that_is_gone_counts_at_its_worst_after_two_looks_and_is_booked_at_the_close() -> None:
    """CS-572: journaled, flagged, alarmed, and nothing is quarantined; until the close it may be shown again."""
    world = a_world_holding()
    close_outside(world)

    assert look(world) == [ReconcileVerdict.LOOK_AGAIN] * 2
    assert look(world) == [ReconcileVerdict.MISSING] * 2
    assert (world.position().is_flat, world.position().gross) == (True, Decimal(750 - 3000))
    assert [(seen.symbol, seen.change) for seen in world.all(DifferenceSeen)] == [(LONG.occ, -3), (SHORT.occ, 3)]
    assert world.alarms() == ["closed_externally"] * 2
    assert look(world) == [ReconcileVerdict.MATCH]
    world.cycle(3)
    assert world.all(HoldingClosed) == []
    world.to_the_close()
    (booked,) = world.all(HoldingClosed)
    assert (booked.reason, booked.estimated, booked.exit_value) == ("closed_externally", True, Decimal(10))


@pytest.mark.parametrize(("seconds", "gone"), [(29, 0), (30, 2)])
def test_nothing_is_missing_within_sixty_seconds_of_its_fill(seconds: float, gone: int) -> None:
    """CS-572: a position query may lag; the second look comes 59 and 60 s after the fill."""
    world = a_world_holding()
    close_outside(world)
    look(world, 30)
    look(world, seconds)

    assert len(world.all(HoldingAdjusted)) == gone


def test_a_failed_query_is_never_flat() -> None:
    """8.33: any number of failures; an alarm at the third and the twentieth."""
    world = a_world_holding()
    world.exchange.queries_fail(20)

    assert {verdict for _ in range(20) for verdict in look(world)} == {ReconcileVerdict.UNREACHABLE}
    assert world.book.live_spreads[0].open_contracts == 3
    assert world.alarms() == ["broker_unavailable"] * 2


def test_failures_between_two_looks_do_not_count_as_looks() -> None:
    world = a_world_holding()
    close_outside(world)
    look(world)
    world.exchange.queries_fail(1)
    assert look(world) == [ReconcileVerdict.UNREACHABLE]
    assert world.all(HoldingAdjusted) == []


def test_a_fill_after_a_confirmed_cancel_is_adopted_with_all_its_legs() -> None:
    """CS-410, CS-574: ours, by its client id; not foreign, not naked."""
    world = a_late_fill()

    assert look(world, 0) == [ReconcileVerdict.LOOK_AGAIN] * 2
    assert look(world, 3) == [ReconcileVerdict.ADOPTED] * 2
    assert world.position().open_contracts == 3
    assert world.all(HoldingsQuarantined) == []


def a_late_fill() -> World:
    """Our entry was canceled, says the broker, and has filled all the same."""
    world = a_world()
    world.day.begin()
    world.exchange.next_submit(delay=1, on_cancel="filled_late")
    sell(world.day.desk, an_entry("gc-entry", contracts=3), a_scripted_plan())
    world.day.desk.cancel(world.book.orders["gc-entry"], "halted")
    world.clock.advance(3)
    world.day.desk.advance()
    assert world.states() == [OrderState.CANCELED]
    world.show(seconds=60)
    return world


def test_a_failed_look_at_our_order_takes_nothing_for_foreign() -> None:
    """R5: holdings are shown, the order is not; no news is no proof."""

    class Silent(BrokerDecorator):
        def order(self, order_id: str) -> OrderReport | None:
            raise BrokerUnavailable("no answer")

    world = a_late_fill()
    world.restart()
    world.wrap_broker = relayed(Silent)

    assert {verdict for _ in range(5) for verdict in look(world, 3)} == {ReconcileVerdict.LOOK_AGAIN}
    assert world.all(HoldingsQuarantined) == []


def test_what_was_taken_for_foreign_is_adopted_when_our_order_explains_it() -> None:
    """CS-574: old answers came at the wrong moment; it does not stay quarantined."""

    class OldList(BrokerDecorator):
        def orders(self) -> Sequence[OrderReport]:
            return ()

    world = a_late_fill()
    world.restart()
    world.wrap_broker = relayed(OldList)
    world.exchange.order("gc-entry")
    world.exchange.faults.reports_lag(2)
    look(world, 3)
    look(world, 3)
    assert set(world.book.quarantined) == {SHORT.occ, LONG.occ}
    for _ in range(3):
        look(world, 3)

    assert world.position().open_contracts == 3
    assert dict(world.book.quarantined) == {}


def test_a_late_fill_that_only_the_list_of_orders_shows_is_our_own() -> None:
    """CS-410, CS-572: the answer about the order is an old one; its dollars are known all the same (seed 40153)."""
    world = a_world_holding(closes={"p1": "10:00:20"})
    world.exchange.next_submit(delay=1, on_cancel="filled_late")
    world.show(seconds=20)
    world.day.cycle()
    (close,) = world.book.working_orders
    world.day.desk.cancel(close, "no_taker")
    world.clock.advance(3)
    world.day.desk.advance()
    assert world.book.orders[close.id].state is OrderState.CANCELED
    world.show(seconds=1800)
    world.exchange.faults.reports_lag(9)

    assert look(world, 0) == [ReconcileVerdict.LOOK_AGAIN] * 2
    assert look(world, 3) == [ReconcileVerdict.ADOPTED] * 2
    assert world.position().is_flat
    assert world.all(HoldingAdjusted) == []
    assert world.alarms() == []


def test_a_late_fill_is_adopted_although_another_order_works_on_the_same_contracts() -> None:
    """R5: it does not wait for the other order to end."""
    world = a_world()
    world.day.begin()
    world.exchange.next_submit(delay=1, on_cancel="filled_late")
    sell(world.day.desk, an_entry("gc-entry", contracts=3), a_scripted_plan())
    world.day.desk.cancel(world.book.orders["gc-entry"], "halted")
    world.clock.advance(3)
    world.day.desk.advance()
    world.exchange.next_submit(never=True)
    sell(world.day.desk, evolve(an_entry("gc-other"), holding="p2"), a_scripted_plan(1, "p2"))
    world.show(seconds=60)
    look(world, 0)
    look(world, 3)

    assert world.position().open_contracts == 3


def test_symbols_of_working_orders_are_left_alone() -> None:
    """Its fill may be in the holdings before it is in a report."""
    world = a_world()
    world.day.begin()
    sell(world.day.desk, an_entry("gc-entry", contracts=3), a_scripted_plan())
    world.show(seconds=10)

    assert {verdict for _ in range(4) for verdict in look(world, 3)} == {ReconcileVerdict.LOOK_AGAIN}
    assert world.book.orders["gc-entry"].state is OrderState.ACCEPTED


def test_a_close_that_lags_in_the_holdings_is_no_foreign_position() -> None:
    """CS-562, CS-572: filled by the report, still shown by the query, for less than a minute."""
    world = a_world_holding(closes={"p1": "10:00:20"})
    world.cycle(2)
    world.exchange.faults.holdings_lag(6)
    world.cycle(4, seconds=11)

    assert world.all(HoldingsQuarantined) == []


def test_an_expired_position_that_the_broker_has_settled_awaits_our_price() -> None:
    """CS-528: gone from the account by settlement is not closed outside this desk."""
    world = a_world_holding()
    world.clock.advance(6 * 3600)
    world.day.settle(world.session.date)
    close_outside(world)

    assert {verdict for _ in range(3) for verdict in look(world)} == {ReconcileVerdict.LOOK_AGAIN}
    assert world.position().state is HoldingState.AWAITING_SETTLEMENT


def test_a_position_with_an_order_at_work_is_not_missing() -> None:
    """R5: at the close its repair has yet to be reported expired; settlement comes first, not the worst case."""
    world = a_world_holding()
    world.exchange.next_submit(never=True)
    world.day.desk.send(a_single(SHORT, Side.BUY, contracts=3))
    close_outside(world)

    for _ in range(3):
        world.day.desk.advance()
        assert set(look(world, 35)) == {ReconcileVerdict.LOOK_AGAIN}
    assert (world.all(HoldingAdjusted), world.all(HoldingClosed)) == ([], [])


def a_world_that_closed_twice(wrap: Callable[[Broker], Broker]) -> World:
    """Somebody closed the spread by hand, and our own close, canceled before, is about to fill all the same."""
    world = a_world_holding(closes={"p1": "10:00:20"})
    world.wrap_broker = wrap
    world.restart()
    world.exchange.next_submit(delay=1, on_cancel="filled_late")
    world.cycle()
    world.day.desk.cancel(world.orders()[-1], "tested")
    close_outside(world)
    world.clock.advance(61)
    world.day.desk.advance()
    assert look(world) == [ReconcileVerdict.LOOK_AGAIN] * 2
    assert look(world) == [ReconcileVerdict.MISSING] * 2
    return world


class ByHand(BrokerDecorator):
    """Shows the order of the person."""

    def orders(self) -> Sequence[OrderReport]:
        legs = LegFill(SHORT.occ, Side.BUY, 3, Decimal("3.00")), LegFill(LONG.occ, Side.SELL, 3, Decimal("1.25"))
        by_hand = Execution(3, Decimal("1.75"), legs=legs)
        return [*self.inner.orders(), OrderReport("by-hand", "77", OrderState.FILLED, by_hand, self.inner.clock().at)]


def test_a_closing_fill_after_its_position_was_booked_is_quarantined() -> None:
    """CS-564: a booked position is not opened by a close that came too late; an alarm is raised."""
    world = a_world_that_closed_twice(relayed(ByHand))
    world.day.confirm(world.session)
    assert [booked.gross for booked in world.all(HoldingClosed)] == [Decimal(750 - 525)]
    world.show(seconds=61)
    look(world)
    look(world)

    assert dict(world.book.quarantined) == {SHORT.occ: 3, LONG.occ: -3}
    assert len(world.all(HoldingClosed)) == 1


def test_a_closing_fill_before_its_position_is_booked_brings_its_price() -> None:
    """CS-410, CS-572: what went at no known price is taken for that fill; beyond it the account is somebody else's."""
    world = a_world_that_closed_twice(lambda broker: broker)
    assert world.position().is_provisional
    world.show(seconds=61)
    look(world)
    look(world)
    look(world)

    assert (world.position().is_flat, world.position().is_provisional) == (True, False)
    assert dict(world.book.quarantined) == {SHORT.occ: 3, LONG.occ: -3}
    world.day.confirm(world.session)
    (booked,) = world.all(HoldingClosed)
    assert (booked.gross, booked.estimated) == (Decimal(750 - 840), False)


CONTRACTS = (SHORT, LONG, put(6860), FOREIGN)
TRUTHS = st.lists(st.tuples(st.sampled_from(CONTRACTS), st.integers(-4, 4), st.integers(0, 2)), min_size=1, max_size=6)


@settings(deadline=None, max_examples=150)
@given(TRUTHS)
def test_any_interleaving_converges_to_the_brokers_truth_in_two_looks(
    changes: list[tuple[OptionContract, int, int]],
) -> None:
    """R5: whatever is traded outside, with looks in between: once it stands still, two looks and the book agrees."""
    world = a_world_holding()
    for contract, more, looks in changes:
        world.exchange.hold(contract, more)
        for _ in range(looks):
            look(world)
    for _ in range(3):
        look(world)

    expected = world.book.expected_holdings()
    explained = {
        symbol: count
        for symbol in (*expected, *world.book.quarantined)
        if (count := expected.get(symbol, 0) + world.book.quarantined.get(symbol, 0))
    }
    assert explained == dict(world.exchange.holdings())
    assert look(world) == [ReconcileVerdict.MATCH]


def test_a_leg_that_the_broker_spells_in_21_characters_is_our_leg() -> None:
    """CS-013, CS-571: one odd answer between two plain ones changes nothing either."""

    class Padded(BrokerDecorator):
        def holdings(self) -> Mapping[str, int]:
            return {f"{symbol[:-15]:<6}{symbol[-15:]}": held for symbol, held in super().holdings().items()}

    world = a_world_holding()
    assert look(world) == [ReconcileVerdict.MATCH]
    world.restart()
    world.wrap_broker = relayed(Padded)

    assert [look(world), look(world), look(world)] == [[ReconcileVerdict.MATCH]] * 3
    assert world.alarms() == []


def test_a_holding_that_is_neither_option_nor_share_is_an_alarm_once() -> None:
    """CS-571: a FLEX contract is no share that could be passed over without a word."""

    class WithFlex(BrokerDecorator):
        def holdings(self) -> Mapping[str, int]:
            return {**super().holdings(), "2SPX260819C07000000": -1, "TSLA": 100}

    world = a_world_holding()
    world.restart()
    world.wrap_broker = relayed(WithFlex)

    assert [look(world), look(world), look(world)] == [[ReconcileVerdict.MATCH]] * 3
    assert world.alarms() == ["unread_symbol"]
