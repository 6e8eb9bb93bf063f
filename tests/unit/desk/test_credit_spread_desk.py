"""The desk as a strategy: repairs, then exits, then one entry a cycle. Rules: CS-111, CS-413, CS-416, R10."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from builders import DAY, a_condor, a_plan, a_put_spread, a_session, at
from builders_day import entry_ticket, exit_ticket, judged, opened, ordered
from builders_desk import PUT_SPREAD_QUOTES, Legs, a_book, a_contract, a_situation, entry_filled, leg_fills, steps
from builders_holdings import order_intended
from gammacore.domain import holding_events, ledger
from gammacore.domain.book.book import Book
from gammacore.domain.desks.credit_spread import CreditSpreadDesk
from gammacore.domain.entries.credit import SpreadQuality, StopInsideQuotes
from gammacore.domain.entries.rules import EntryRules
from gammacore.domain.holdings.plans import SpreadPlan, SpreadWatch
from gammacore.domain.holdings.policy import StaleExit, stop_policy
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import Event
from gammacore.domain.legs import Leg, LegFill
from gammacore.domain.orders import Effect, Execution, OrderTicket, Purpose
from gammacore.domain.strategy import Cancel, Close, Decision, NoTrade, Open, Repair, SaveState, Warn

DESK = CreditSpreadDesk()
HELD = a_plan(contracts=2)  # the 6880/6870 put spread, sold at 10:00 for 2.50
SHORT, LONG = a_contract("P6880"), a_contract("P6870")
CALM: Legs = {"P6880": (3.90, 4.00), "P6870": (1.50, 1.60)}  # mid 2.40, worst 2.50
STOPPED: Legs = {"P6880": (4.60, 4.70), "P6870": (1.50, 1.60)}  # worst 3.20: 28 % lost
NO_QUOTES: Legs = {}

BUY_SHORT, SELL_LONG = Leg(SHORT, Side.BUY), Leg(LONG, Side.SELL)


def kinds(decisions: list[Decision]) -> list[str]:
    return [type(step).__name__ for step in decisions]


def held(*events: Event, plan: SpreadPlan = HELD) -> Book:
    """One position opened at 10:00, and what followed."""
    return a_book(opened(plan), events)


def closing(*events: Event, reason: str = "stop_loss") -> Book:
    return held(holding_events.CloseDecided(at("10:20"), "p1", reason, None, ""), *events)


def a_close_order(number: int = 1, *outcome: Event, limit: str | None = None) -> list[Event]:
    ticket = evolve(
        exit_ticket(HELD, "stop_loss"), id=f"exit-{number}", limit=None if limit is None else Decimal(limit)
    )
    return [ledger.OrderIntended(at("10:20"), ticket), *outcome]


def a_repair_order(leg: Leg, contracts: int, *outcome: Event, number: int = 1) -> list[Event]:
    effect = Effect.DEBIT if leg.side is Side.BUY else Effect.CREDIT
    ticket = OrderTicket(f"repair-{number}", Purpose.REPAIR, "SPX", "p1", (leg,), contracts, effect, None)
    return [ledger.OrderIntended(at("10:21"), ticket), *outcome]


def rejected(order: str) -> Event:
    return ledger.OrderWasRejected(at("10:21"), order, "no")


def not_sent(order: str) -> Event:
    return ledger.OrderNotSent(at("10:21"), order, "refused")


def accepted(order: str) -> Event:
    return ledger.OrderAccepted(at("10:21"), order, "77")


def filled(order: str, quantity: int, price: str = "1.00") -> Event:
    return ledger.OrderFilled(at("10:22"), order, Execution(quantity, Decimal(price)), complete=True)


def between_slots(book: Book, legs: Legs = CALM, time: str = "10:25", **changes: Any) -> list[Decision]:
    return steps(a_situation(time, book=book, legs=legs, **changes))


# Entries --------------------------------------------------------------------------------------------------------------


def test_at_a_slot_it_opens_or_says_why_not() -> None:
    """CS-306, CS-366: "no trade" is a decision too."""
    (opens,) = steps(a_situation())
    (stands,) = steps(a_situation(vix="21"))

    assert isinstance(opens, Open)
    assert opens.judgement.reason is None
    assert opens.plan.spread.strikes == "6890/6880"
    assert isinstance(stands, NoTrade)
    assert stands.judgement.reason == "vix_ceiling"


def test_below_half_of_the_starting_capital_a_person_is_alerted() -> None:
    """CS-341, CS-601: once a look, however many slots are due; a skip in the journal is no alarm."""
    warns, *stands = steps(a_situation("11:05", book=a_book(balance="9999.99")))

    assert isinstance(warns, Warn)
    assert warns.code == "safety_halt"
    assert warns.detail == "balance 9,999.99 < 10,000.00, 50% of the starting capital"
    assert kinds(stands) == ["NoTrade", "NoTrade", "NoTrade"]
    assert steps(a_situation("10:20", book=a_book(judged("10:00"), balance="9999.99"))) == []


WIDE: Legs = {"P6880": (1.40, 1.70), "P6890": (3.90, 4.20)}  # mid credit 2.50, worst mark 2.80: 12 % of it
TOLERANT = EntryRules(quality=SpreadQuality(good_tolerance=Decimal(1), rich_tolerance=Decimal(1)))


@pytest.mark.parametrize(("legs", "warned"), [(WIDE, True), (PUT_SPREAD_QUOTES, False)])
def test_a_stop_inside_bid_and_ask_is_warned_of_with_the_entry(legs: Legs, warned: bool) -> None:
    """CS-368: off, it sells and says so."""
    (decision,) = steps(a_situation(legs=legs), CreditSpreadDesk(entries=TOLERANT))

    assert isinstance(decision, Open)
    assert [warning.code for warning in decision.warnings] == ["stop_inside_quotes"] * warned
    if warned:
        assert decision.warnings[0].holding == decision.plan.holding
        assert "= 0.30 >= stop 10% of credit = 0.25" in decision.warnings[0].detail


def test_with_its_filter_on_a_stop_inside_bid_and_ask_is_no_entry() -> None:
    """CS-368, by the stop of the entry's VIX where that decides (CS-532): 15 % of 2.50 lies beyond 0.30."""
    outside = evolve(TOLERANT, stop_inside_quotes=StopInsideQuotes(on=True))
    by_vix = evolve(stop_policy("standard"), volatility_stops=True)
    (refused,) = steps(a_situation(legs=WIDE), CreditSpreadDesk(entries=outside))
    (taken,) = steps(a_situation(legs=WIDE), CreditSpreadDesk(entries=outside, stops=by_vix))

    assert isinstance(refused, NoTrade)
    assert refused.judgement.reason == "stop_inside_quotes"
    assert isinstance(taken, Open)
    assert taken.warnings == ()


@pytest.mark.parametrize("time", ["09:59:59", "10:20", "12:15"])
def test_between_slots_it_says_nothing(time: str) -> None:
    slots = [judged(slot) for slot in ("10:00", "10:30", "11:00", "11:30")]
    book = a_book() if time == "09:59:59" else a_book(slots if time == "12:15" else slots[:1])

    assert steps(a_situation(time, book=book)) == []


def test_each_slot_is_looked_at_once() -> None:
    """CS-306."""
    assert steps(a_situation("10:00:03", book=a_book(judged("10:00")))) == []


def test_a_late_start_journals_what_it_missed_and_takes_what_it_may() -> None:
    """CS-306: at 11:05 the first two slots are gone, the third is 300 s late."""
    decisions = steps(a_situation("11:05"))

    assert kinds(decisions) == ["NoTrade", "NoTrade", "Open"]
    missed = [step.judgement for step in decisions if isinstance(step, NoTrade)]
    assert [record.reason for record in missed] == ["schedule_missed", "schedule_missed"]
    assert [record.scheduled_at for record in missed] == [at("10:00"), at("10:30")]


def test_two_slots_in_one_cycle_open_one_trade() -> None:
    """CS-338, CS-344: the second is judged in the next cycle, with the first in the book."""
    desk = CreditSpreadDesk(entries=evolve(DESK.entries, schedule=evolve(
        DESK.entries.schedule, times=(dt.time(10), dt.time(10, 5)),
    )))  # fmt: skip

    assert kinds(steps(a_situation("10:05"), desk)) == ["Open"]


def test_after_the_close_every_slot_is_skipped_by_name() -> None:
    decisions = steps(a_situation("16:00"))

    assert kinds(decisions) == ["NoTrade"] * 4
    assert {step.judgement.reason for step in decisions if isinstance(step, NoTrade)} == {"trading_day"}


@pytest.mark.parametrize(
    ("time", "book", "wanted"),
    [
        ("09:59:59", a_book(), False), ("10:00", a_book(), True), ("10:00:03", a_book(judged("10:00")), False),
        ("10:30", a_book(judged("10:00")), True), ("10:31", a_book(judged("10:00"), judged("10:30")), False),
    ],
)  # fmt: skip
def test_dealer_gamma_is_asked_for_at_due_slots_only(time: str, book: Book, wanted: bool) -> None:
    """CS-111: recomputed for every scheduled entry, and never otherwise."""
    assert DESK.needs(at(time), a_session(), book).exposure is wanted


def test_it_must_be_asked_at_the_closes_even_when_the_market_is_silent() -> None:
    """CS-522, CS-524, CS-521: and on a half day at its own."""
    assert DESK.deadlines(a_session(), Book()) == (at("15:30"), at("15:55"), at("16:00"))
    assert DESK.deadlines(a_session("13:00"), Book()) == (at("12:30"), at("12:55"), at("13:00"))


def test_it_has_a_name() -> None:
    assert DESK.name == "credit-spread"


# Exits ----------------------------------------------------------------------------------------------------------------


def test_a_quiet_position_is_remembered_and_kept() -> None:
    (remembered,) = between_slots(held())

    assert isinstance(remembered, SaveState)
    assert isinstance(remembered.watch, SpreadWatch)
    assert remembered.watch.best_profit == Decimal("0.04")


def test_nothing_new_is_nothing_to_remember() -> None:
    watch = SpreadWatch(best_profit=Decimal("0.50"), anchor=Decimal("2.40"), anchor_at=at("10:19"), trailing_armed=True)
    quiet: Legs = {
        "P6880": (2.90, 2.90),
        "P6870": (1.50, 1.50),
    }  # 44 % profit: armed, above its level, below its target
    book = held(holding_events.WatchChanged(at("10:19"), "p1", evolve(watch, anchor=Decimal("1.40"))))

    assert between_slots(book, quiet) == []


def test_a_stop_closes_with_the_rule_and_its_numbers() -> None:
    """CS-525: the mark that triggered, at market."""
    remembered, close = between_slots(held(), STOPPED)

    assert isinstance(remembered, SaveState)
    assert isinstance(close, Close)
    assert (close.reason, close.value, close.limit, close.urgent) == ("stop_loss", Decimal("3.20"), None, False)
    assert close.detail == "3.20 to close against the stop 2.75 (10 %)"


def test_an_emergency_is_urgent() -> None:
    """CS-523, CS-407: the tag says so."""
    close = between_slots(held(), {"P6880": (5.30, 5.40), "P6870": (1.50, 1.60)})[-1]

    assert isinstance(close, Close)
    assert (close.reason, close.urgent) == ("emergency_stop", True)


def test_exits_are_decided_before_entries() -> None:
    """CS-535: a slot never delays a stop."""
    decisions = steps(a_situation("10:30", book=held(), legs={**STOPPED, **PUT_SPREAD_QUOTES, "P6880": (4.60, 4.70)}))

    assert kinds(decisions) == ["SaveState", "Close", "NoTrade"]


def test_positions_are_looked_after_oldest_first_each_by_its_own_policy() -> None:
    wide = evolve(stop_policy("standard"), stop=Decimal("0.35"))
    second = a_plan(position="p2", policy=wide)
    decisions = between_slots(a_book(opened(HELD), opened(second)), STOPPED)

    assert [(type(step).__name__, step.holding) for step in decisions if isinstance(step, SaveState | Close)] == [
        ("SaveState", "p1"), ("Close", "p1"), ("SaveState", "p2"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("time", "reason"), [("15:29:59", None), ("15:30", "soft_close"), ("15:55", "hard_close"), ("16:00", None)]
)
def test_time_exits_need_no_quotes_and_the_close_settles(time: str, reason: str | None) -> None:
    """CS-521, CS-522, CS-524: from the last instant on nothing is decided here."""
    slots = [judged(slot) for slot in ("10:30", "11:00", "11:30")]
    closes = [step for step in between_slots(a_book(opened(HELD), slots), NO_QUOTES, time) if isinstance(step, Close)]

    assert [close.reason for close in closes] == ([] if reason is None else [reason])


@pytest.mark.parametrize(("stale", "warned"), [(18, False), (19, True), (20, False), (39, True)])
def test_stale_quotes_are_an_alarm_every_twenty_cycles(stale: int, warned: bool) -> None:
    """CS-504, CS-505, R8: no stop decision on stale data, and an alarm is raised."""
    book = held(holding_events.WatchChanged(at("10:19"), "p1", SpreadWatch(stale_cycles=stale)))
    decisions = between_slots(book, STOPPED, quote_age=16)

    assert kinds(decisions) == (["SaveState", "Warn"] if warned else ["SaveState"])
    if warned:
        assert decisions[-1] == Warn("stale_quotes", f"{stale + 1} cycles without a usable mark", "p1")


def test_stale_quotes_may_close_where_the_policy_says_so() -> None:
    """CS-505."""
    plan = a_plan(policy=evolve(stop_policy("standard"), stale_exit=StaleExit.CLOSE))
    book = held(holding_events.WatchChanged(at("10:19"), "p1", SpreadWatch(stale_cycles=19)), plan=plan)

    assert kinds(between_slots(book, NO_QUOTES)) == ["SaveState", "Warn", "Close"]


def test_a_credit_of_nothing_is_an_alarm_and_only_the_clock_closes() -> None:
    """CS-502."""
    book = a_book(
        ordered(HELD), entry_filled(HELD, 2, None, complete=True), [judged(t) for t in ("10:30", "11:00", "11:30")]
    )

    assert kinds(between_slots(book, STOPPED, "12:20")) == ["Warn"]
    assert kinds(between_slots(book, STOPPED, "15:55")) == ["Warn", "Close"]


def test_a_position_that_waits_for_its_settlement_price_is_left_alone() -> None:
    """CS-528."""
    assert between_slots(held(holding_events.SettlementAwaited(at("10:19"), "p1")), STOPPED) == []


# Halts and flatten ----------------------------------------------------------------------------------------------------


def test_a_halt_stops_entries_and_not_exits() -> None:
    """CS-302, R10."""
    decisions = steps(a_situation("10:30", book=held(ledger.Halted(at("10:15"), "drill")), legs=STOPPED))

    assert kinds(decisions) == ["SaveState", "Close", "NoTrade"]
    assert isinstance(decisions[-1], NoTrade)
    assert decisions[-1].judgement.reason == "halted"


@pytest.mark.parametrize(
    ("outcome", "called_back"),
    [
        (accepted("entry-w"), True),
        (ledger.OrderOutcomeUnknown(at("10:01"), "entry-w", "no answer"), False),  # R4: looked up first
        (ledger.CancelRequested(at("10:01"), "entry-w", "300 s"), False),  # asked already
        (rejected("entry-w"), False),
    ],
)
def test_a_halt_calls_back_the_entries_the_broker_has(outcome: Event, called_back: bool) -> None:
    """R10, R4."""
    plan = a_plan(position="w", scheduled="10:00")
    book = a_book(
        judged("10:00"), order_intended(at("10:00"), entry_ticket(plan), plan), outcome,
        ledger.Halted(at("10:15"), "drill"),
    )  # fmt: skip

    assert between_slots(book) == ([Cancel("entry-w", "halted")] if called_back else [])


def test_flatten_closes_everything_at_once_and_opens_nothing() -> None:
    """R10: urgent, whatever the marks say, or without any."""
    book = a_book(opened(HELD), opened(a_plan(a_condor(), position="p2")), ledger.FlattenRequested(at("10:15"), "home"))
    decisions = steps(a_situation("10:30", book=book, legs=NO_QUOTES))

    assert decisions[:2] == [
        Close("p1", "flatten", "home", urgent=True), Close("p2", "flatten", "home", urgent=True),
    ]  # fmt: skip
    assert kinds(decisions[2:]) == ["NoTrade"]


def test_flatten_also_ends_a_position_of_loose_legs() -> None:
    """R10, CS-413: no whole spread is open, one short is."""
    loose = entry_filled(HELD, 0, None, legs=leg_fills(HELD, 1, 0))
    book = a_book(ordered(HELD), loose, ledger.FlattenRequested(at("10:15"), "home"))

    assert Close("p1", "flatten", "home", urgent=True) in between_slots(book)


# Closing --------------------------------------------------------------------------------------------------------------


def test_a_close_that_did_not_come_about_is_sent_again() -> None:
    """CS-563, R9: until it is flat; here nothing was ever sent."""
    assert between_slots(closing()) == [Close("p1", "stop_loss", "attempt 1", urgent=True)]


def test_a_working_close_is_waited_for() -> None:
    """CS-535: one step a cycle; a working order is never doubled."""
    assert between_slots(closing(*a_close_order(1, accepted("exit-1")))) == []
    assert between_slots(closing(*a_close_order(1, ledger.OrderOutcomeUnknown(at("10:21"), "exit-1", "?")))) == []


def test_a_close_filled_in_part_is_sent_again_for_the_rest() -> None:
    """CS-412, CS-563: a canceled limit close leaves one contract."""
    part = ledger.OrderFilled(at("10:22"), "exit-1", Execution(1, Decimal("1.25")), complete=False)
    book = closing(
        *a_close_order(1, accepted("exit-1"), part, ledger.OrderCanceled(at("10:23"), "exit-1", "30 s"), limit="1.25")
    )

    assert between_slots(book) == [Close("p1", "stop_loss", "attempt 2", urgent=True)]
    (position,) = book.live_spreads
    assert position.open_contracts == 1


def test_a_flat_position_needs_no_more_orders() -> None:
    """CS-561: it waits for the broker to confirm."""
    assert between_slots(closing(*a_close_order(1, accepted("exit-1"), filled("exit-1", 2)))) == []


@pytest.mark.parametrize("refusal", [rejected("exit-1"), not_sent("exit-1")])
def test_a_close_the_broker_does_not_take_goes_leg_by_leg_shorts_first(refusal: Event) -> None:
    """CS-416; must not regress 40: the long is sold only once the short is bought back."""
    refused = closing(*a_close_order(1, refusal))
    bought = closing(*a_close_order(1, refusal), *a_repair_order(BUY_SHORT, 2, filled("repair-1", 2, "4.00")))

    assert between_slots(refused) == [Repair("p1", BUY_SHORT, 2)]
    assert between_slots(bought) == [Repair("p1", SELL_LONG, 2)]


def test_a_refused_close_goes_leg_by_leg_from_the_next_cycle_on() -> None:
    """CS-416: a restart that repeats the cycle of the refusal does no more than that cycle did."""
    refused = closing(*a_close_order(1, rejected("exit-1")))

    assert between_slots(refused, time="10:21") == []
    assert between_slots(refused, time="10:21:03") == [Repair("p1", BUY_SHORT, 2)]


def test_a_refused_leg_is_tried_again() -> None:
    """CS-413: each cycle until flat or covered."""
    book = closing(*a_close_order(1, rejected("exit-1")), *a_repair_order(BUY_SHORT, 2, rejected("repair-1")))

    assert between_slots(book) == [Repair("p1", BUY_SHORT, 2)]


def test_a_condor_leg_by_leg_buys_both_shorts_first() -> None:
    """CS-416."""
    plan = a_plan(a_condor(), contracts=2)
    ticket = evolve(exit_ticket(plan, "stop_loss"), id="exit-1")
    book = held(
        holding_events.CloseDecided(at("10:20"), "p1", "stop_loss", None, ""),
        ledger.OrderIntended(at("10:20"), ticket), rejected("exit-1"), plan=plan,
    )  # fmt: skip

    assert between_slots(book) == [Repair("p1", Leg(a_contract("C6980"), Side.BUY), 2), Repair("p1", BUY_SHORT, 2)]


def test_a_position_closed_twice_over_is_traded_back() -> None:
    """CS-410, CS-413: an order thought absent filled after all, beside the one that took its place."""
    book = closing(
        *a_close_order(1, not_sent("exit-1")), *a_close_order(2, accepted("exit-2"), filled("exit-2", 2)),
        filled("exit-1", 2),
    )  # fmt: skip
    (position,) = book.live_spreads

    assert position.open_contracts == 0
    assert between_slots(book) == [Repair("p1", Leg(LONG, Side.BUY), 2)]


def test_an_entry_still_working_is_called_back_before_the_close() -> None:
    """CS-412: it must not fill behind the close's back."""
    book = a_book(
        ordered(HELD), entry_filled(HELD, 1), holding_events.CloseDecided(at("10:20"), "p1", "stop_loss", None, ""),
    )  # fmt: skip
    asked = a_book(
        ordered(HELD), entry_filled(HELD, 1), holding_events.CloseDecided(at("10:20"), "p1", "stop_loss", None, ""),
        ledger.CancelRequested(at("10:20"), "entry-p1", "closing"),
    )  # fmt: skip

    assert between_slots(book) == [Cancel("entry-p1", "closing")]
    assert between_slots(asked, time="10:20:29") == []
    (close,) = between_slots(asked, time="10:20:30")  # CS-535: it waits no longer for what brings no answer
    assert isinstance(close, Close)


# Loose legs -----------------------------------------------------------------------------------------------------------


def uneven(whole: int, short: int, long: int, *then: Event) -> Book:
    """An entry filled for so many whole spreads, and so many contracts of each leg in all."""
    credit = "2.50" if whole else None
    return a_book(ordered(HELD), entry_filled(HELD, whole, credit, legs=leg_fills(HELD, short, long)), then)


CANCELED = ledger.OrderCanceled(at("10:01"), "entry-p1", "legs out of ratio")


@pytest.mark.parametrize(
    ("whole", "short", "long", "repairs"),
    [
        (1, 2, 1, [Repair("p1", BUY_SHORT, 1)]),
        (0, 2, 0, [Repair("p1", BUY_SHORT, 2)]),  # not one whole spread: naked all the same
        (0, 0, 2, [Repair("p1", SELL_LONG, 2)]),
        (1, 1, 2, [Repair("p1", SELL_LONG, 1)]),
    ],
)
def test_loose_legs_of_a_finished_entry_are_repaired_before_anything_else(
    whole: int, short: int, long: int, repairs: list[Repair]
) -> None:
    """CS-413, R2; must not regress 9: whatever the marks, and with no quotes at all."""
    book = uneven(whole, short, long, CANCELED)

    assert between_slots(book, STOPPED) == repairs
    assert between_slots(book, NO_QUOTES) == repairs


def test_loose_shorts_go_before_loose_longs() -> None:
    """CS-413: a condor filled on the call short and the put long only."""
    plan = a_plan(a_condor(), contracts=1)
    book = a_book(ordered(plan), entry_filled(plan, 0, None, legs=leg_fills(plan, 1, 0, 0, 1)), CANCELED)

    assert between_slots(book) == [Repair("p1", Leg(a_contract("C6980"), Side.BUY), 1)]


def test_a_repair_at_work_is_not_doubled_and_what_is_whole_is_watched_meanwhile() -> None:
    """CS-413, CS-535."""
    repairing = uneven(1, 2, 1, CANCELED, *a_repair_order(BUY_SHORT, 1, accepted("repair-1")))
    nothing_whole = uneven(0, 2, 0, CANCELED, *a_repair_order(BUY_SHORT, 2, accepted("repair-1")))

    assert kinds(between_slots(repairing, STOPPED)) == ["SaveState", "Close"]
    assert between_slots(nothing_whole, STOPPED) == []


def test_legs_out_of_ratio_call_the_rest_of_the_entry_back_at_once() -> None:
    """CS-412, CS-413, R2: not after 300 s: a naked short does not wait for them."""
    assert between_slots(uneven(0, 2, 0)) == [Cancel("entry-p1", "legs out of ratio")]
    assert kinds(between_slots(uneven(1, 1, 2))) == ["Cancel", "SaveState"]


def test_a_close_that_fills_its_long_first_is_called_back_and_its_short_bought() -> None:
    """CS-413, R2: the long is sold, the short is not bought: naked while the close works."""
    legs = tuple(
        LegFill(leg.contract.occ, leg.side, quantity, Decimal(2))
        for leg, quantity in zip(HELD.spread.closing_legs, (0, 2), strict=True)
    )
    part = ledger.OrderFilled(at("10:22"), "exit-1", Execution(0, None, legs=legs), complete=False)
    gone = ledger.OrderCanceled(at("10:23"), "exit-1", "legs out of ratio")
    order = a_close_order(1, accepted("exit-1"), part)

    assert between_slots(closing(*order)) == [Cancel("exit-1", "legs out of ratio")]
    assert between_slots(closing(*order, gone)) == [Repair("p1", BUY_SHORT, 2)]


def test_an_entry_being_called_back_is_asked_once() -> None:
    asked = ledger.CancelRequested(at("10:01"), "entry-p1", "legs out of ratio")

    assert between_slots(uneven(0, 2, 0, asked)) == []


def test_a_repaired_position_is_flat_and_done() -> None:
    book = uneven(0, 2, 0, CANCELED, *a_repair_order(BUY_SHORT, 2, filled("repair-1", 2, "2.10")))

    assert book.live_spreads[0].is_flat
    assert between_slots(book) == []


# Pure -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("book", [a_book(), held(), closing(), uneven(1, 2, 1, CANCELED)])
def test_the_same_situation_is_decided_the_same(book: Book) -> None:
    """R14: and the book is only read."""
    situation = a_situation("10:30", book=book)
    version = book.version

    assert DESK.decide(situation) == DESK.decide(situation)
    assert book.version == version


def test_yesterdays_position_is_not_confused_with_todays_slots() -> None:
    yesterday = DAY - dt.timedelta(days=3)
    plan = a_plan(a_put_spread(expiry=yesterday), position="old")
    book = a_book(opened(evolve(plan, scheduled_at=at("10:00", yesterday))))

    assert kinds(steps(a_situation("10:00", book=book))) == ["SaveState", "Open"]
