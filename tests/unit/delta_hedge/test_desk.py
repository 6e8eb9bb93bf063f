"""The delta-hedge desk through a day: what it does in which phase, and what it leaves alone."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from builders import DAY, a_session, at
from builders_delta_hedge import (
    ALL_ON,
    CALL,
    PUT,
    STRADDLE,
    a_look,
    bought,
    decided,
    entry_filled,
    hedge_sent,
    hedged,
    intended,
    judged,
    steps,
)
from builders_desk import a_book
from builders_holdings import holding_began
from gammacore.domain.book.book import Book
from gammacore.domain.desks.delta_hedge.desk import NAME, DeltaHedgeDesk
from gammacore.domain.holding_events import SharesDelivered
from gammacore.domain.instruments import REGISTRY, Right, Side
from gammacore.domain.ledger import (
    CancelRequested,
    Event,
    FlattenRequested,
    Halted,
    OrderCanceled,
    OrderFilled,
    OrderIntended,
    OrderNotSent,
    OrderOutcomeUnknown,
    OrderWasRejected,
)
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.orders import Effect, Execution, OrderTicket, Purpose
from gammacore.domain.risk.opening_limits import EquityPoint, EquityWatch
from gammacore.domain.sessions import TradingSession
from gammacore.domain.strategy import Cancel, Decision, Halt, Note, Situation, Trade, Warn

HALF_DAY = a_session("13:00")
YESTERDAY = DAY - dt.timedelta(days=3)
"""The Friday before: its options have expired on Monday."""


def look(time: str, *events: Any, spot: str | None = "600", **more: Any) -> Situation:
    return a_look(time, spot, book=a_book(*events), **more)


def orders(decisions: list[Decision]) -> list[tuple[str, str, int, str]]:
    """Symbol, side, quantity and reason of every order."""
    return [
        (step.legs[0].symbol, str(step.legs[0].side), step.quantity, step.reason)
        for step in decisions
        if isinstance(step, Trade)
    ]


def reasons(decisions: list[Decision]) -> list[str]:
    return [step.record.reason for step in decisions if isinstance(step, Note)]


EXITS = [
    (CALL.occ, "sell", 1, "market_close_exit"),
    (PUT.occ, "sell", 1, "market_close_exit"),
    ("SPY", "buy", 30, "daily_flatten"),
]


# -- while it is open --------------------------------------------------------------------------------------------------


def test_a_straddle_that_has_gained_delta_is_hedged() -> None:
    """DH-302: at 601 the call has gained and the put lost."""
    ((symbol, side, _, reason),) = orders(steps(look("10:30", bought(), spot="601")))

    assert (symbol, side, reason) == ("SPY", "sell", "delta_hedge")


@pytest.mark.parametrize(
    ("situation", "why"),
    [
        (look("10:30", bought(), spot="601", legs={"C600": (2.0, 2.04)}), "a quote is missing"),
        (look("10:30", bought(), spot="601", quote_age=15.1), "quotes are old"),
        (look("10:30", bought(), spot=None), "no price"),
        (look("10:30", bought(), spot="601", price_age=16), "an old price"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_without_usable_quotes_nothing_is_guessed(situation: Situation, why: str) -> None:
    """DH-204."""
    decisions = steps(situation)

    assert (orders(decisions), reasons(decisions)) == ([], ["missing_delta"]), why


def test_what_is_filled_of_an_entry_is_hedged_while_the_rest_works() -> None:
    """One call came, no put: its whole delta is there."""
    part = entry_filled(1, 0, complete=False)
    ((symbol, side, quantity, _),) = orders(steps(look("09:50", intended(), part, spot="600")))

    assert (symbol, side, quantity) == ("SPY", "sell", 50)


def test_the_greeks_of_the_book_come_with_the_decision() -> None:
    """DH-1004."""
    (note,) = steps(look("10:30", bought(2)))
    assert isinstance(note, Note)
    greeks = note.record.greeks

    assert greeks is not None
    assert (greeks.missing, greeks.gamma > 0, greeks.theta < 0, greeks.vega > 0) == (0, True, True, True)


# -- the exit: DH-501, DH-510, DH-511 ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("session", "time", "leaves"),
    [
        (a_session(), "15:44:59.999", False),
        (a_session(), "15:45", True),
        (HALF_DAY, "12:44:59.999", False),
        (HALF_DAY, "12:45", True),
    ],
)
def test_everything_goes_from_the_cut_off_on(session: TradingSession, time: str, leaves: bool) -> None:
    """DH-501, DH-502, to the millisecond."""
    decisions = steps(look(time, bought(), hedged(-30, "10:00"), session=session, spot="600.6"))

    assert (orders(decisions) == EXITS) is leaves


def test_options_go_in_the_order_they_were_born_and_shares_last() -> None:
    """DH-510."""
    decisions = steps(look("15:45", bought(), hedged(-30, "10:00")))

    assert orders(decisions) == EXITS
    shares = decisions[2]
    assert isinstance(shares, Trade)
    assert shares.legs == (ShareLeg("SPY", Side.BUY, closes=True),)
    assert {step.purpose for step in decisions if isinstance(step, Trade)} == {Purpose.EXIT}


def an_exit(order: str, time: str, symbol: Any = CALL) -> OrderIntended:
    ticket = OrderTicket(order, Purpose.EXIT, "SPY", STRADDLE, (Leg(symbol, Side.SELL),), 1, Effect.CREDIT, None)
    return OrderIntended(at(time), ticket)


def test_an_exit_that_works_is_left_alone() -> None:
    """DH-511: a worthless option has no bid; its order works until it expires."""
    working = [an_exit("gc-call", "15:45")]

    assert orders(steps(look("15:58", bought(), hedged(-30, "10:00"), working))) == EXITS[1:]


@pytest.mark.parametrize("fate", [OrderWasRejected, OrderNotSent, OrderCanceled])
def test_a_refused_exit_is_tried_again_after_60_seconds(fate: type) -> None:
    """DH-511."""
    past: list[Event] = [an_exit("gc-call", "15:45"), fate(at("15:45:01"), "gc-call", "no")]

    assert orders(steps(look("15:46:00.999", bought(), past))) == EXITS[1:2]
    assert orders(steps(look("15:46:01", bought(), past))) == EXITS[:2]


def test_what_is_left_of_an_exit_filled_in_part_goes_next() -> None:
    sold = an_exit("gc-call", "15:45")
    past = [evolve(sold, ticket=evolve(sold.ticket, quantity=2)),
            OrderFilled(at("15:45:30"), "gc-call", Execution(1, Decimal(1)), complete=False),
            OrderCanceled(at("15:46"), "gc-call", "by the broker")]  # fmt: skip

    assert orders(steps(look("15:46:59", bought(2), past)))[0] == (PUT.occ, "sell", 2, "market_close_exit")
    assert orders(steps(look("15:47", bought(2), past)))[0] == (CALL.occ, "sell", 1, "market_close_exit")


@pytest.mark.parametrize("held", [0, 30])
def test_a_hedge_or_entry_that_still_works_is_called_back_first(held: int) -> None:
    """DH-510: what is in flight may still come; its symbol waits for the answer, also where it closes."""
    shares = hedged(held, "10:00", order="gc-1") if held else []
    decisions = steps(look("15:45", bought(), shares, hedge_sent(-20, "15:44:30", closes=held > 0)))
    assert [step.order for step in decisions if isinstance(step, Cancel)] == ["gc-hedge"]
    assert orders(decisions) == EXITS[:2]

    entry = steps(look("15:45", intended()))
    assert [type(step) for step in entry] == [Cancel]


@pytest.mark.parametrize(("closes", "goes"), [(False, 30), (True, 10)])
def test_a_call_back_without_an_answer_is_repeated_and_does_not_keep_shares_forever(closes: bool, goes: int) -> None:
    """DH-511: after 60 s what is held goes, less what the order at work may still close."""
    stuck = [*hedge_sent(20, "15:44:30", order="gc-2", closes=closes), CancelRequested(at("15:45"), "gc-2", "flat")]
    held = [*bought(), *hedged(-30, "10:00"), *stuck]
    assert orders(steps(look("15:45:59.999", held))) == EXITS[:2]

    decisions = steps(look("15:46", held))
    assert orders(decisions) == [*EXITS[:2], ("SPY", "buy", goes, "daily_flatten")]
    assert [step.order for step in decisions if isinstance(step, Cancel)] == ["gc-2"]


def test_a_refused_hedge_does_not_hold_the_flatten_back() -> None:
    """DH-305: exits are free."""
    refused = [*hedge_sent(-10, "15:44:59", order="gc-2"), OrderWasRejected(at("15:44:59"), "gc-2", "no")]

    assert orders(steps(look("15:45", bought(), hedged(-30, "10:00"), refused))) == EXITS


def test_an_exit_of_unknown_outcome_is_not_sent_twice() -> None:
    """R4: the order desk looks it up."""
    past = [an_exit("gc-call", "15:45"), OrderOutcomeUnknown(at("15:45:10"), "gc-call", "no answer")]

    assert orders(steps(look("15:59", bought(), past))) == EXITS[1:2]


def test_nothing_is_hedged_in_the_last_quarter_of_an_hour_and_nothing_at_all_after_the_close() -> None:
    """DH-503, DH-511."""
    flat_options = [an_exit("gc-call", "15:45"), an_exit("gc-put", "15:45", PUT)]

    assert orders(steps(look("15:50", bought(), flat_options, spot="605"))) == []
    assert orders(steps(look("16:00", bought(), spot="605"))) == []


def test_what_is_open_at_the_close_is_reported_once() -> None:
    """DH-511."""
    note, warning = steps(look("16:00", bought()))
    assert isinstance(note, Note)
    assert isinstance(warning, Warn)
    assert (note.record.reason, warning.code) == ("not_flat", "not_flat")
    assert CALL.occ in warning.detail

    assert steps(look("16:01", bought(), note.record)) == []


# -- halts: DH-1001, DH-1009 -------------------------------------------------------------------------------------------


def test_a_halt_stops_hedges_and_no_exit() -> None:
    """DH-1001: latched, so it holds for every later decision."""
    halt = Halted(at("10:00"), "by hand")
    decisions = steps(look("10:30", bought(), halt, spot="601"))

    assert (orders(decisions), reasons(decisions)) == ([], ["halted"])
    assert orders(steps(look("15:45", bought(), halt))) == EXITS[:2]


def test_a_flatten_request_ends_it_all_at_once() -> None:
    decisions = steps(look("10:30", bought(), hedged(-30, "10:00"), FlattenRequested(at("10:29"), "home"), spot="601"))

    assert orders(decisions) == EXITS


def equity(worth: str, *, best: str = "20000") -> EquityWatch:
    point = EquityPoint(at("10:00"), Decimal(worth))
    return EquityWatch(DAY, Decimal(best), Decimal(best), (point,))


@pytest.mark.parametrize(("worth", "halts"), [("19600.01", False), ("19600", True)])
def test_a_guard_halts_at_its_figure(worth: str, halts: bool) -> None:
    """DH-1009: 2 % of the day's equity; nothing is hedged in that very cycle either."""
    situation = evolve(look("10:30", bought(), spot="601"), equity=equity(worth))
    decisions = steps(situation, DeltaHedgeDesk(guards=ALL_ON))

    assert [step.reason for step in decisions if isinstance(step, Halt)] == (
        ["skip daily_loss_halt: 0.02 >= 0.02"] if halts else []
    )
    assert bool(orders(decisions)) is not halts


def test_a_halted_day_is_not_halted_again_and_its_exits_run() -> None:
    """DH-1009: none blocks an exit."""
    situation = evolve(look("15:45", bought(), Halted(at("10:00"), "drawdown")), equity=equity("1000"))
    decisions = steps(situation, DeltaHedgeDesk(guards=ALL_ON))

    assert orders(decisions) == EXITS[:2]
    assert not any(isinstance(step, Halt) for step in decisions)


def test_unknown_equity_halts_nothing() -> None:
    assert not any(isinstance(step, Halt) for step in steps(evolve(look("10:30"), equity=EquityWatch())))


# -- leftovers: DH-520 -------------------------------------------------------------------------------------------------


def shares_of_yesterday() -> list[Event]:
    """30 shares short since Friday; Friday's options were settled."""
    return [*bought(date=YESTERDAY)[:2], *hedged(-30, "15:00", date=YESTERDAY)]


def test_leftovers_are_closed_at_the_first_moment_of_the_session_and_reported_once() -> None:
    before = steps(look("09:29:59.999", shares_of_yesterday()))
    assert before == []

    warning, trade = steps(look("09:30", shares_of_yesterday()))
    assert isinstance(warning, Warn)
    assert (warning.code, warning.detail) == ("leftover", "left by an earlier session: -30 SPY; closed now")
    assert orders([trade]) == [("SPY", "buy", 30, "leftover_flatten")]


def test_a_refused_leftover_is_tried_again_without_telling_again() -> None:
    """DH-511."""
    sent = hedge_sent(30, "09:30", order="gc-x", closes=True, purpose=Purpose.EXIT)
    events = [*shares_of_yesterday(), *sent, OrderWasRejected(at("09:30:01"), "gc-x", "no")]

    assert steps(look("09:31", events)) == []
    assert [type(step) for step in steps(look("09:31:01", events))] == [Trade]


def test_leftover_options_that_still_trade_are_closed_and_expired_ones_are_settlements() -> None:
    """DH-520: no order is sent for a contract that trades no more."""
    friday = REGISTRY["SPY"].contract(YESTERDAY, Right.CALL, Decimal(600)).occ
    held = holding_began(at("10:00", YESTERDAY), STRADDLE, NAME, "SPY", {friday: 1}, Decimal(2))
    expired = steps(look("09:30", held))
    both = steps(look("09:30", evolve(held, symbols={friday: 1, CALL.occ: 1})))

    assert expired == []
    assert orders(both) == [(CALL.occ, "sell", 1, "leftover_exit")]


def test_todays_book_is_not_hedged_before_they_are_gone() -> None:
    """DH-520: the same shares."""
    today = holding_began(at("09:45"), "new", NAME, "SPY", {CALL.occ: 1}, Decimal(2))
    decisions = steps(look("10:30", shares_of_yesterday(), today, judged(), spot="601"))

    assert reasons(decisions) == ["leftover"]
    assert [order[3] for order in orders(decisions)] == ["leftover_flatten"]


def test_shares_delivered_by_an_earlier_expiry_go_first_too() -> None:
    """CS-529: they are the shares a hedge would be made of."""
    friday = at("16:00", YESTERDAY)
    delivered = SharesDelivered(friday, "old", "SPY", 100, Decimal(600), Decimal(600))
    decisions = steps(look("10:30", delivered, bought(), spot="601"))

    assert reasons(decisions) == ["leftover"]
    assert orders(decisions) == [("SPY", "sell", 100, "delivered_shares")]


# -- restart -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("time", ["09:46", "10:30", "15:45", "15:46:01", "16:00"])
def test_the_same_ledger_decides_the_same(time: str) -> None:
    """R14: whatever happened is in the ledger; a restart folds it."""
    events = [*bought(), *hedged(-30, "10:00"), decided("10:00"), an_exit("gc-call", "15:45"),
              OrderWasRejected(at("15:45:01"), "gc-call", "no")]  # fmt: skip
    past = [event for event in events if event.at <= at(time)]
    first, second = (steps(look(time, past, spot="601")) for _ in range(2))

    assert first == second
    assert first


def test_the_instants_it_must_be_asked_at() -> None:
    """DH-260: the purchase, the cut-off, the retries, the close."""
    instants = DeltaHedgeDesk().deadlines(HALF_DAY, Book())

    assert instants[:3] == (at("09:45"), at("12:45"), at("12:46"))
    assert instants[-1] == at("13:00")


@pytest.mark.parametrize("fate", ["filled", "rejected"])
def test_the_loop_wakes_when_a_rate_window_ends(fate: str) -> None:
    """DH-306, DH-308, DH-242: a breach, the rest of a hedge cut, a hedge refused; however silent the market is."""
    events = hedged(-20, "10:00") if fate == "filled" else [
        *hedge_sent(-20, "10:00"), OrderWasRejected(at("10:00:01"), "gc-hedge", "no"),
    ]  # fmt: skip

    assert at("10:01") in DeltaHedgeDesk().deadlines(a_session(), a_book(bought(), events))
    assert at("10:01") not in DeltaHedgeDesk().deadlines(a_session(), a_book(bought()))


def test_an_exit_that_came_to_nothing_wakes_the_loop_for_its_next_try() -> None:
    """DH-511: a minute after it was refused, not at the next full minute."""
    past: list[Event] = [an_exit("gc-call", "15:45"), OrderWasRejected(at("15:45:07"), "gc-call", "no")]

    assert at("15:46:07") in DeltaHedgeDesk().deadlines(a_session(), a_book(bought(), past))


def test_it_needs_buying_power_only_to_buy() -> None:
    desk, session = DeltaHedgeDesk(), a_session()

    assert not desk.needs(at("09:44:59"), session, Book()).account
    assert desk.needs(at("09:45"), session, Book()).account
    assert not desk.needs(at("09:45"), session, a_book(judged())).account
