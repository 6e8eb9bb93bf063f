"""The book is the fold of its events: one by one or at once, each closed once, nothing lost. CS-564, 565, 603, 610."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, a_call_spread, a_plan, at
from builders_day import (
    CALL_TRADE,
    CONDOR,
    PUT_TRADE,
    a_day,
    closed,
    day_finished,
    day_started,
    entry_ticket,
    exit_ticket,
    judged,
    ledger_opened,
    opened,
    ordered,
    seconds_after,
    settled,
)
from builders_desk import a_book, entry_filled, leg_fills
from builders_holdings import holding_began, holding_closed, order_intended, spread_closed
from builders_ledger import position_adopted
from gammacore.domain import holding_events, ledger
from gammacore.domain.book.book import Book
from gammacore.domain.book.results import STATISTICS_WINDOW
from gammacore.domain.holdings.holding import HoldingState, Origin
from gammacore.domain.holdings.lots import Lot
from gammacore.domain.holdings.plans import SpreadWatch
from gammacore.domain.ledger import Event
from gammacore.domain.orders import Execution, OrderState
from gammacore.errors import InvalidInput

NEXT_DAY = DAY + dt.timedelta(days=1)


def everything(book: Book) -> dict[str, Any]:
    """All that can be read of a book."""
    return {
        "opened": book.opened, "day": book.day, "finished": book.finished, "version": book.version,
        "last_at": book.last_at, "trades": book.total_trades, "fees": book.total_fees, "balance": book.balance,
        "halted": book.halted, "flatten": book.flatten, "results": book.results, "positions": dict(book.holdings),
        "orders": dict(book.orders), "live": book.live_spreads, "working": book.working_orders,
        "quarantined": dict(book.quarantined), "inventories": dict(book.holdings),
        "expected": book.expected_holdings(),
        "realised": book.realised_on(DAY), "entries": book.entries_on(DAY),
        "judged": [book.judged(at(time)) for time in ("10:00", "10:30", "11:00", "11:30")],
        "orders_of": {plan.holding: book.orders_of(plan.holding) for plan in (PUT_TRADE, CONDOR, CALL_TRADE)},
    }  # fmt: skip


# Folding --------------------------------------------------------------------------------------------------------------


@given(st.integers(0, len(a_day())))
def test_folding_one_by_one_is_folding_at_once(cut: int) -> None:
    """CS-565: a restart anywhere in the day forgets nothing."""
    book = Book.of(a_day()[:cut])
    for event in a_day()[cut:]:
        book.apply(event)

    assert everything(book) == everything(Book.of(a_day()))


def test_a_whole_day_is_reported_right() -> None:
    book = Book.of(a_day())

    assert book.balance == Decimal("20478.00")
    assert book.total_trades == 2
    assert book.total_fees == Decimal("13.00")
    assert book.realised_on(DAY) == Decimal("478.00")  # CS-339: after fees
    assert book.results == (Decimal(-34), Decimal(175))  # CS-603: per contract, gross
    assert (book.live_spreads, book.working_orders, book.expected_holdings()) == ((), (), {})
    assert [plan.holding for plan in book.entries_on(DAY)] == ["p1", "p2", "p3"]
    assert book.finished is not None
    assert (book.version, book.last_at) == (len(a_day()), at("16:00"))


trades = st.lists(
    st.tuples(st.integers(1, 10), st.decimals("0.05", "9.95", places=2), st.decimals("0", "10", places=2),
              st.decimals("0", "20", places=2)),
    max_size=8,
)  # fmt: skip


@given(trades)
def test_the_balance_is_what_it_started_with_plus_gross_less_fees(
    outcomes: list[tuple[int, Decimal, Decimal, Decimal]],
) -> None:
    """CS-005, CS-610: once per close, whatever was traded."""
    events: list[Event] = []
    results, balance = [], Decimal(20_000)
    for number, (contracts, credit, value, fees) in enumerate(outcomes):
        plan = a_plan(credit=credit, contracts=contracts, position=f"t{number}")
        gross = (credit - value) * 100 * contracts
        events += [*opened(plan), *closed(plan, "12:30", "target", str(value), str(gross), fees=str(fees))]
        results.append((credit - value) * 100)
        balance += gross - 2 * fees
    book = a_book(events)

    assert book.balance == balance
    assert book.realised_on(DAY) == balance - 20_000
    assert (book.total_trades, book.results) == (len(outcomes), tuple(results))
    assert book.expected_holdings() == {}


@pytest.mark.parametrize(("value", "gross", "balance"), [("1.00", "450", "20450"), ("0.75", "525", "20525")])
def test_the_worked_trade_of_the_sheet(value: str, gross: str, balance: str) -> None:
    """Section 6, source 000: from 20,000."""
    book = a_book(opened(PUT_TRADE), closed(PUT_TRADE, "12:30", "profit_target", value, gross))

    assert book.balance == Decimal(balance)
    assert book.results == (Decimal(gross) / 3,)


# A position's life ----------------------------------------------------------------------------------------------------


def test_an_entry_is_a_position_only_once_it_is_filled() -> None:
    """CS-228; must not regress 6."""
    book = a_book(ordered(PUT_TRADE))

    assert book.live_spreads == ()
    assert [order.state for order in book.working_orders] == [OrderState.ACCEPTED]
    entering = book.holding("p1")
    assert entering is not None
    assert (entering.plan, entering.state, entering.has_filled) == (PUT_TRADE, HoldingState.ENTERING, False)
    assert book.live_holdings == (entering,)
    assert book.expected_holdings() == {}


def test_a_fill_makes_the_position_and_what_the_broker_should_hold() -> None:
    book = a_book(opened(PUT_TRADE, "2.45", fees="3.90"))
    position = book.live_spreads[0]

    assert (position.contracts, position.credit, position.opened_at) == (3, Decimal("2.45"), at("10:00:30"))
    assert book.expected_holdings() == dict(zip(PUT_TRADE.spread.symbols, (-3, 3), strict=True))
    assert book.balance == 20_000  # nothing is booked before the close


def test_an_entry_in_parts_grows_one_position() -> None:
    """CS-412, CS-414: cumulative executions, opened at the first fill."""
    parts = [entry_filled(PUT_TRADE, 1), entry_filled(PUT_TRADE, 3, "2.40", complete=True, time="10:03")]
    book = a_book(ordered(PUT_TRADE), parts)
    (position,) = book.live_spreads

    assert (position.contracts, position.credit, position.open_contracts) == (3, Decimal("2.40"), 3)
    assert (position.opened_at, position.cash) == (at("10:00:30"), Decimal(720))
    assert book.order("entry-p1") is not None
    assert book.working_orders == ()


def test_an_unverified_price_is_flagged() -> None:
    """CS-411."""
    unsure = ledger.OrderFilled(
        at("10:01"), "entry-p1", Execution(3, Decimal("2.5")), complete=True, price_verified=False
    )

    assert not a_book(ordered(PUT_TRADE), unsure).holdings["p1"].credit_verified


def test_one_leg_of_an_entry_is_held_though_no_spread_is() -> None:
    """CS-413: the naked leg is in the book, so that it is repaired and never lost."""
    book = a_book(ordered(PUT_TRADE), entry_filled(PUT_TRADE, 0, None, legs=leg_fills(PUT_TRADE, 2, 0)))
    position = book.live_spreads[0]

    assert (position.contracts, position.open_contracts) == (0, 0)
    assert position.naked_shorts() == {PUT_TRADE.spread.symbols[0]: 2}


def test_repairing_loose_legs_is_booked_and_is_no_result_of_a_contract() -> None:
    """CS-603, CS-610: money moved, no spread was traded."""
    over = spread_closed(at("10:05"), "p1", "repaired", Decimal(0), 0, Decimal(-30), Decimal(1))
    book = a_book(ordered(PUT_TRADE), entry_filled(PUT_TRADE, 0, None, legs=leg_fills(PUT_TRADE, 2, 0)), over)

    assert (book.balance, book.results) == (Decimal(19_969), ())
    assert over.per_contract == 0


def test_a_late_fill_after_a_cancel_is_a_fill_like_any_other() -> None:
    """CS-410; must not regress 32."""
    gone: list[Event] = [
        ledger.CancelRequested(at("10:05"), "entry-p1", "300 s"),
        ledger.OrderCanceled(at("10:05:03"), "entry-p1", ""),
    ]
    book = a_book(ordered(PUT_TRADE), gone)
    assert book.working_orders == ()

    book.apply(entry_filled(PUT_TRADE, 2, time="10:06"))

    assert book.live_spreads[0].open_contracts == 2
    assert book.orders["entry-p1"].state is OrderState.CANCELED
    assert book.orders["entry-p1"].execution.quantity == 2


def test_a_late_fill_after_its_first_part_was_closed_is_held_anew() -> None:
    """CS-410, must not regress 14: not lost with the closed part, and the first part is not booked twice."""
    part = [*ordered(PUT_TRADE), entry_filled(PUT_TRADE, 1, "2.50")]
    gone: list[Event] = [
        ledger.CancelRequested(at("10:05"), "entry-p1", "300 s"),
        ledger.OrderCanceled(at("10:05:03"), "entry-p1", ""),
    ]
    over = spread_closed(at("10:30"), "p1", "target", Decimal(1), 1, Decimal(150), Decimal(0))
    book = a_book(part, gone, over)

    book.apply(entry_filled(PUT_TRADE, 3, "2.40", time="10:31"))

    position = book.live_spreads[0]
    assert (position.state, position.contracts, position.open_contracts) == (HoldingState.OPEN, 2, 2)
    assert (position.credit, position.cash) == (Decimal("2.35"), Decimal(470))  # 720 in all less the first 250
    book.apply(settled(PUT_TRADE, "6900", "0", "470"))
    assert book.balance == 20_620


def test_more_of_a_partly_filled_order_keeps_a_requested_cancel_in_force() -> None:
    """CS-409: the cancel is still to be verified."""
    book = a_book(
        ordered(PUT_TRADE), ledger.CancelRequested(at("10:05"), "entry-p1", "300 s"), entry_filled(PUT_TRADE, 1)
    )

    assert book.orders["entry-p1"].state is OrderState.CANCEL_REQUESTED
    assert book.orders["entry-p1"].cancels == 1


def test_a_close_is_decided_attempted_and_booked() -> None:
    """CS-563, CS-564."""
    book = a_book(opened(PUT_TRADE))
    decided, *rest = closed(PUT_TRADE, "12:30", "stop_loss", "2.80", "-90")
    book.apply(decided)
    position = book.holdings["p1"]
    assert (position.state, position.exit_reason) == (HoldingState.CLOSING, "stop_loss")
    assert position.exit_decided_at == at("12:30")

    for event in rest[:-1]:
        book.apply(event)
    flat = book.holdings["p1"]
    assert (flat.close_attempts, flat.is_flat, flat.cash) == (1, True, Decimal(-90))
    assert book.balance == 20_000  # filled is not yet confirmed (CS-561)

    book.apply(rest[-1])
    assert book.holdings["p1"].state is HoldingState.CLOSED
    assert book.balance == 19_910


def test_a_position_is_closed_once() -> None:
    """CS-564; must not regress 16: 4,400 duplicate credits made $5.8 M."""
    book = a_book(opened(PUT_TRADE), closed(PUT_TRADE, "12:30", "target", "1.00", "450"))

    with pytest.raises(InvalidInput, match="closed once"):
        book.apply(settled(PUT_TRADE, "6900", "0", "750"))
    assert (book.balance, book.total_trades, book.version) == (Decimal(20_450), 1, 10)


@pytest.mark.parametrize(
    "event",
    [
        holding_events.CloseDecided(at("12:31"), "p1", "stop", None, ""),
        holding_events.WatchChanged(at("12:31"), "p1", SpreadWatch(hold=True)),
        holding_events.SettlementAwaited(at("16:00"), "p1"),
    ],
)
def test_nothing_brings_a_closed_position_back(event: Event) -> None:
    """CS-565; must not regress 14."""
    book = a_book(opened(PUT_TRADE), closed(PUT_TRADE, "12:30", "target", "1.00", "450"))

    with pytest.raises(InvalidInput, match="closed once"):
        book.apply(event)
    assert book.live_spreads == ()


def test_what_the_rules_remember_survives_in_the_book() -> None:
    """CS-506..510: a durable change is an event."""
    watch = SpreadWatch(best_profit=Decimal("0.31"), trailing_armed=True)

    assert (
        a_book(opened(PUT_TRADE), holding_events.WatchChanged(at("11:00"), "p1", watch)).holdings["p1"].watch == watch
    )


def test_a_position_without_a_settlement_price_waits_and_stays_in_every_limit() -> None:
    """CS-528."""
    book = a_book(opened(PUT_TRADE), holding_events.SettlementAwaited(at("16:00"), "p1"))

    assert book.live_spreads[0].state is HoldingState.AWAITING_SETTLEMENT
    assert book.expected_holdings() != {}


# Orders ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "state", "reason"),
    [
        (ledger.OrderOutcomeUnknown(at("10:01"), "entry-p1", "no answer"), "unknown", "no answer"),
        (ledger.OrderNotSent(at("10:01"), "entry-p1", "refused"), "not_sent", "refused"),
        (ledger.OrderWasRejected(at("10:01"), "entry-p1", "no margin"), "rejected", "no margin"),
        (ledger.OrderAccepted(at("10:01"), "entry-p1", "77"), "accepted", ""),
        (ledger.CancelRequested(at("10:01"), "entry-p1", "halted"), "cancel_requested", "halted"),
        (ledger.OrderExpired(at("16:00"), "entry-p1"), "expired", ""),
    ],
)
def test_every_way_out_of_a_submit_is_a_state(event: Event, state: str, reason: str) -> None:
    """R1, R4."""
    book = a_book(order_intended(at("10:00"), entry_ticket(PUT_TRADE), PUT_TRADE), event)
    order = book.orders["entry-p1"]

    assert (str(order.state), order.reason, order.changed_at) == (state, reason, event.at)
    assert (order in book.working_orders) is order.is_working


def test_nothing_is_adopted_under_a_name_that_is_taken() -> None:
    """CS-575: neither a position's nor that of an entry that only works."""
    adoption = position_adopted("p1")
    working = a_book(ordered(PUT_TRADE))
    held = a_book(adoption)

    for book in (working, held):
        with pytest.raises(InvalidInput, match="adopted once"):
            book.apply(adoption)


def test_an_adopted_spread_has_a_credit_and_a_holding_without_a_plan_none() -> None:
    began = holding_began(at("10:00"), "h1", "delta-hedge", "SPY", {"SPY": 100}, Decimal(600))
    book = a_book(position_adopted("p1"), began)

    assert [book.holdings[holding].credit for holding in ("p1", "h1")] == [Decimal("2.45"), 0]


def test_an_order_is_intended_once() -> None:
    """R1: the client id is the order; a repeat is recognised, not repeated."""
    intent = order_intended(at("10:00"), entry_ticket(PUT_TRADE), PUT_TRADE)

    with pytest.raises(InvalidInput, match="intended once"):
        a_book(intent, intent)


def test_orders_are_known_by_their_position_oldest_first() -> None:
    book = a_book(opened(PUT_TRADE), closed(PUT_TRADE, "12:30", "target", "1.00", "450"))

    assert [order.id for order in book.orders_of("p1")] == ["entry-p1", "exit-p1"]
    assert book.orders_of("p9") == ()
    assert book.order("p9") is None


# Events that cannot follow --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (ledger_opened(), "event"),
        (ledger.OrderAccepted(at("10:01"), "gc-nobody", "77"), "order"),
        (entry_filled(PUT_TRADE, 1), "order"),
        (ledger.CancelRequested(at("10:01"), "gc-nobody", ""), "order"),
        (ledger.OrderIntended(at("10:00"), entry_ticket(PUT_TRADE)), "opens"),
        (ledger.OrderIntended(at("10:00"), exit_ticket(PUT_TRADE, "stop")), "opens"),
        (holding_events.WatchChanged(at("10:01"), "p9", SpreadWatch()), "holding"),
        (holding_events.CloseDecided(at("10:01"), "p9", "stop", None, ""), "holding"),
        (settled(PUT_TRADE, "6900", "0", "750"), "holding"),
        ("no event at all", "event"),
    ],
)
def test_an_event_that_cannot_follow_is_refused_by_name(event: Any, field: str) -> None:
    """`Book.apply` promises InvalidInput: a corrupt ledger never becomes a KeyError, or a balance."""
    book = a_book()

    with pytest.raises(InvalidInput) as refusal:
        book.apply(event)
    assert refusal.value.field == field
    assert book.version == 1


def test_an_entry_that_ends_unfilled_is_over_and_its_booking_of_format_1_changes_nothing() -> None:
    """Purchases that never filled were booked as "unfilled": their ledgers are read for ever."""
    began = holding_began(at("10:00"), "i1", "delta-hedge", "SPX", {}, Decimal(0))
    ticket = evolve(entry_ticket(PUT_TRADE), holding="i1")
    canceled = ledger.OrderCanceled(at("10:05"), ticket.id, "not filled in 300 s")
    outcomes: list[Event] = [began, ledger.OrderIntended(at("10:00"), ticket), canceled]
    end = holding_closed(at("10:05"), "i1", "unfilled", Decimal(0), Decimal(0), Decimal(0))
    book, booked = a_book(outcomes), a_book(outcomes, end)

    for each in (book, booked):
        assert each.live_holdings == ()
        assert each.holdings["i1"].exit_reason == "unfilled"
        assert (each.balance, each.total_trades) == (Decimal(20_000), 0)
        assert not each.results
    with pytest.raises(InvalidInput, match="closed once"):
        book.apply(evolve(end, reason="flat"))


def test_a_fill_of_an_exit_that_is_not_held_changes_the_order_only() -> None:
    """CS-564: the spread was closed and booked before; what this fill opened at the broker is nobody's."""
    ticket = evolve(exit_ticket(PUT_TRADE, "stop"), id="exit-late")
    late = ledger.OrderFilled(at("12:40"), ticket.id, Execution(3, Decimal(1)), complete=True)
    done = closed(PUT_TRADE, "12:30", "target", "1.00", "450")
    before = a_book(opened(PUT_TRADE), ledger.OrderIntended(at("12:29"), ticket), done)
    book = a_book(opened(PUT_TRADE), ledger.OrderIntended(at("12:29"), ticket), done, late)

    assert book.orders[ticket.id].state is OrderState.FILLED
    assert book.expected_holdings() == {}
    assert (book.live_holdings, book.balance) == ((), before.balance)


# Halts ----------------------------------------------------------------------------------------------------------------


def test_a_halt_latches_until_a_person_resumes() -> None:
    """R10: over the end of the day too."""
    book = a_book(ledger.Halted(at("10:00"), "drill"), day_finished("20000"))
    assert book.halted == "drill"

    book.apply(ledger.Resumed(at("16:10"), "done"))
    assert book.halted is None


def test_flatten_halts_and_ends_with_the_day_but_the_halt_stays() -> None:
    """R10: end state flat and latched."""
    book = a_book(ledger.FlattenRequested(at("10:00"), "going home"))
    assert (book.flatten, book.halted) == ("going home", "going home")

    book.apply(day_finished("20000"))
    assert (book.flatten, book.halted) == (None, "going home")

    book.apply(ledger.Resumed(at("16:10"), "done"))
    assert (book.flatten, book.halted) == (None, None)


def test_resuming_ends_a_flatten() -> None:
    book = a_book(ledger.FlattenRequested(at("10:00"), "oops"), ledger.Resumed(at("10:01"), "not meant"))

    assert (book.flatten, book.halted) == (None, None)


# The rest of the record -----------------------------------------------------------------------------------------------


def test_profit_counts_on_the_new_york_date_it_was_booked() -> None:
    """CS-339, CS-622: 01:30 UTC belongs to the evening before."""
    late = spread_closed(
        dt.datetime(2026, 1, 6, 1, 30, tzinfo=dt.UTC), "p1", "target", Decimal(1), 3, Decimal(450), Decimal(3)
    )
    book = a_book(opened(PUT_TRADE), late)

    assert (book.realised_on(DAY), book.realised_on(NEXT_DAY)) == (Decimal(447), Decimal(0))


def test_a_slot_is_judged_once_and_days_are_kept_apart() -> None:
    """CS-306."""
    book = a_book(day_started(), judged("10:30"), ordered(a_plan()))

    assert book.judged(at("10:30"))
    assert not book.judged(at("10:30", NEXT_DAY))
    assert book.entries_on(NEXT_DAY) == ()


def test_a_new_day_opens_what_the_last_one_closed() -> None:
    over, begun = day_finished("20000"), day_started(NEXT_DAY)

    assert a_book(day_started(), over).finished == over
    assert a_book(day_started(), over, begun).finished is None
    assert a_book(day_started(), over, begun).day == begun


def test_results_are_bounded_and_the_count_is_not() -> None:
    """CS-603, CS-610: statistics look at the last ones, `total_trades` counts all."""
    events: list[Event] = []
    for number in range(STATISTICS_WINDOW + 5):
        plan = a_plan(position=f"t{number}")
        events += [*opened(plan), settled(plan, "6900", "0", str(number))]
    book = a_book(events)

    assert book.total_trades == STATISTICS_WINDOW + 5
    assert (len(book.results), book.results[-1]) == (STATISTICS_WINDOW, Decimal(STATISTICS_WINDOW + 4))


def test_two_positions_in_the_same_contracts_add_up() -> None:
    """CS-561: a close is confirmed against what the others hold."""
    calls = a_plan(a_call_spread(), position="p2", contracts=2)
    book = a_book(opened(PUT_TRADE), opened(a_plan(position="p3", contracts=1)), opened(calls))

    assert book.expected_holdings()[PUT_TRADE.spread.symbols[0]] == -4
    assert [position.id for position in book.live_spreads] == ["p1", "p3", "p2"]


def test_delivered_shares_are_an_inventory_at_the_settlement_price() -> None:
    """CS-529: no orphans."""
    book = a_book(holding_events.SharesDelivered(at("16:00"), "p1", "SPY", 300, Decimal(604), Decimal("602.50")))

    (inventory,) = book.live_holdings
    assert (inventory.id, inventory.origin, inventory.owner) == ("shares-p1", Origin.DELIVERED, "delivered")
    assert inventory.lots["SPY"].lots == (Lot(300, Decimal("602.50")),)
    assert book.expected_holdings() == {"SPY": 300}


def test_quarantined_contracts_are_counted_and_never_expected() -> None:
    """CS-574: what is gone from the list is gone."""
    outcomes = ledger.HoldingsQuarantined(at("10:00"), {"SPXW260105C06100000": 1, "SPXW260105C06110000": 0}, "not ours")
    book = a_book(outcomes)

    assert dict(book.quarantined) == {"SPXW260105C06100000": 1}
    assert book.expected_holdings() == {}


def test_alarms_change_nothing() -> None:
    before = everything(a_book(opened(PUT_TRADE)))
    outcomes: list[Event] = [
        ledger.AlarmRaised(at("11:00"), "stale_quotes", "", "p1"),
        holding_events.DifferenceSeen(at("11:00"), PUT_TRADE.spread.symbols[0], 2, "p1"),
    ]
    after = everything(a_book(opened(PUT_TRADE), outcomes))

    assert {**after, "version": 0, "last_at": None} == {**before, "version": 0, "last_at": None}


def test_a_book_is_read_through_views_that_cannot_be_written() -> None:
    """CS-565: there is no second way to change it."""
    book = a_book(opened(PUT_TRADE))

    for view in (book.holdings, book.orders, book.quarantined):
        with pytest.raises(TypeError):
            view["p1"] = None  # type: ignore[index]


def test_what_happened_last_is_known() -> None:
    assert Book().last_at is None
    assert a_book(judged("10:30")).last_at == seconds_after("10:30", 10)
