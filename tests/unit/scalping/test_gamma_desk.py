"""The straddle desk: what it buys and why not, how it hedges, how it leaves. Rules: SC-403..461, SC-1306."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from builders import DAY, a_session, at
from builders_desk import a_book
from builders_gamma import (
    AT_590_30,
    AT_590_45,
    CALL,
    PUT,
    STRADDLE,
    Pair,
    a_gamma_look,
    a_straddle_chain,
    a_tape,
    exit_sent,
    gamma_steps,
    remembered,
    shares_traded,
    straddle_filled,
    straddle_held,
    straddle_ordered,
)
from gammacore.domain import ledger
from gammacore.domain.desks.gamma_scalping import NAME, GammaScalpingDesk
from gammacore.domain.dollars import CENT
from gammacore.domain.holdings.plans import DeltaWatch
from gammacore.domain.instruments import Side
from gammacore.domain.legs import Leg, LegFill, ShareLeg
from gammacore.domain.market import Quote
from gammacore.domain.market_memory import MarketMemory
from gammacore.domain.orders import Effect, Execution, Purpose, TicketLife
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.scalping.gamma import GammaRules, InitMode, StraddleOrder
from gammacore.domain.scalping.straddle_exit import StraddleProfit, straddle_exit, straddle_profit
from gammacore.domain.sessions import TradingSession
from gammacore.domain.strategy import Cancel, Note, NoTrade, SaveState, Situation, Trade, Warn


def trades(situation: Situation, desk: GammaScalpingDesk | None = None) -> list[Trade]:
    return [step for step in gamma_steps(situation, desk) if isinstance(step, Trade)]


def refusal(situation: Situation, desk: GammaScalpingDesk | None = None) -> str | None:
    """The code of the first "no" of a purchase; None where something is bought."""
    found = [step for step in gamma_steps(situation, desk) if isinstance(step, NoTrade)]
    return found[0].judgement.reason if found else None


def under(**rules: Any) -> GammaScalpingDesk:
    return GammaScalpingDesk(GammaRules(**rules))


# -- the purchase ------------------------------------------------------------------------------------------------------


def test_the_best_straddle_is_bought_as_one_net_debit_at_the_sum_of_the_asks() -> None:
    """SC-407, SC-413, SC-454: 590 at 30 days for 23.42; its stop is 20 % of the premium."""
    (trade,) = trades(a_gamma_look())

    assert [leg.symbol for leg in trade.legs] == ["SPY260204C00590000", "SPY260204P00590000"]
    assert (trade.holding, trade.purpose, trade.quantity, trade.effect) == (STRADDLE, Purpose.ENTRY, 1, Effect.DEBIT)
    assert (trade.limit, trade.life) == (Decimal("23.42"), TicketLife(10))
    assert trade.terms is not None
    assert (trade.terms.risk, trade.terms.price, trade.terms.day_trades) == (Decimal("468.400"), Decimal(590), 4)


def test_the_stop_is_never_more_than_the_day_may_still_lose() -> None:
    """SC-454, SC-605."""
    tight = GammaScalpingDesk(limits=RiskLimits(daily_loss=Decimal(300)))
    thin = GammaScalpingDesk(limits=RiskLimits(daily_loss=Decimal(117)))
    (trade,) = trades(a_gamma_look(), tight)

    assert trade.terms is not None
    assert trade.terms.risk == 300
    assert refusal(a_gamma_look(), thin) == "budget_thin"


def test_an_order_at_market_has_no_limit() -> None:
    """SC-407."""
    (trade,) = trades(a_gamma_look(), under(straddle_order=StraddleOrder.MARKET))

    assert trade.limit is None


@pytest.mark.parametrize(("time", "buys"), [("09:34:59", False), ("09:35", True), ("15:14:59", True), ("15:15", False)])
def test_it_buys_in_its_window_alone(time: str, buys: bool) -> None:
    """SC-004, SC-403."""
    assert bool(trades(a_gamma_look(time))) is buys


def test_on_a_half_day_the_window_ends_before_the_close() -> None:
    """SC-003: 15:15 counts back from the close."""
    half = a_session("13:00")

    assert trades(a_gamma_look("12:14:59", session=half))
    assert not trades(a_gamma_look("12:15", session=half))


def a_refused_entry(number: int) -> list[ledger.Event]:
    order, holding = f"gc-{number}", f"SPY-{DAY:%Y%m%d}-{NAME}-{number}"
    return [*straddle_ordered(order=order, holding=holding), ledger.OrderCanceled(at("10:01"), order, "life over")]


@pytest.mark.parametrize(
    ("situation", "reason"),
    [
        (a_gamma_look(book=a_book([ledger.Halted(at("09:40"), "by hand")], balance="100000")), "kill_switch"),
        (a_gamma_look(book=a_book(straddle_ordered(), balance="100000")), "order_in_flight"),
        (a_gamma_look("10:30", book=a_book(
            *[a_refused_entry(number) for number in (1, 2, 3, 4)], balance="100000")), "straddle_not_filled"),
        (a_gamma_look(book=a_book([ledger.HoldingsQuarantined(at("09:31"), {"SPY260821C00600000": 1}, "unknown")],
                                  balance="100000")), "foreign_position"),
        (a_gamma_look(price=None), "quote_missing"),
        (a_gamma_look(pairs=[]), "no_straddle"),
        (a_gamma_look(worth="9367"), "position_cap"),
        (a_gamma_look(worth=None), "equity_unknown"),
        (a_gamma_look(power="11191.99"), "hedge_buying_power"),
        (a_gamma_look(power=None), "buying_power_unknown"),
        (a_gamma_look(worth="9400", power="100000"), None),
    ],
)  # fmt: skip
def test_each_gate_has_its_code(situation: Situation, reason: str | None) -> None:
    """SC-403: the first that refuses; 23.42 need 9,368 of equity and 8,850 of buying power besides."""
    assert refusal(situation) == reason


def test_what_the_reserve_asks_for_exactly_is_enough() -> None:
    """SC-461: 2,342 + 0.30 x 590 x 100 x 0.5 = 11,192."""
    assert trades(a_gamma_look(power="11192"))


def test_re_quotes_are_new_orders_until_the_fourth() -> None:
    """SC-407: three orders came to nothing, the fourth is sent."""
    book = a_book(*[a_refused_entry(number) for number in (1, 2, 3)], balance="100000")

    assert trades(a_gamma_look("10:30", book=book))


def test_shares_that_are_nobodys_are_left_alone() -> None:
    """SC-451: the account's own 500 SPY forbid nothing."""
    quarantined = [ledger.HoldingsQuarantined(at("09:31"), {"SPY": 500}, "the account's own")]

    assert trades(a_gamma_look(book=a_book(quarantined, balance="100000")))


def test_a_second_straddle_of_the_day_is_not_bought() -> None:
    """SC-403: bought today, any fill."""
    sold = a_book(straddle_held(), balance="100000")
    entry = GammaScalpingDesk().entry(a_gamma_look("11:00", book=sold))

    assert entry.preview().reason == "straddle_limit"


def test_a_selection_that_found_nothing_is_tried_again_after_a_minute() -> None:
    """SC-405: and journaled each time, with its counts."""
    first = next(step for step in gamma_steps(a_gamma_look(pairs=[])) if isinstance(step, NoTrade))
    book = a_book([first.judgement], balance="100000")

    assert gamma_steps(a_gamma_look("10:00:59", pairs=[], book=book)) == []
    assert refusal(a_gamma_look("10:01", pairs=[], book=book)) == "no_straddle"
    assert trades(a_gamma_look("10:01", book=book))


def test_a_refusal_that_is_no_news_is_not_journaled_again() -> None:
    """SC-011."""
    first = next(step for step in gamma_steps(a_gamma_look(worth="9000")) if isinstance(step, NoTrade))

    assert gamma_steps(a_gamma_look("10:01", worth="9000", book=a_book([first.judgement], balance="100000"))) == []


@pytest.mark.parametrize(("time", "reason"), [("11:29:59", None), ("11:30", "session_quiet"), ("14:30", None)])
def test_the_table_of_sessions_holds_entries_back(time: str, reason: str | None) -> None:
    """SC-459."""
    assert refusal(a_gamma_look(time), under(gamma_sessions=True)) == reason


def test_without_a_source_the_rate_is_the_fallback_and_said_to_be_assumed() -> None:
    """SC-424, SC-425."""
    (trade,) = trades(evolve(a_gamma_look(), rates=None))

    assert trade.record is not None
    assert "assumed: rate, dividend" in getattr(trade.record, "explanation", "")


# -- the legs ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("calls", "puts", "symbol"), [(1, 0, CALL.occ), (0, 1, PUT.occ)])
def test_a_leg_without_its_other_is_sold_at_market(calls: int, puts: int, symbol: str) -> None:
    """SC-408: only once the order is over, and nothing is hedged meanwhile."""
    part = straddle_filled(calls, puts, complete=False)
    working = a_book(straddle_ordered(), [part], balance="100000")
    ended = a_book(straddle_ordered(), [part, ledger.OrderCanceled(at("10:00:10"), "gc-entry", "")], balance="100000")
    (repair,) = trades(a_gamma_look("10:00:11", book=ended))

    assert trades(a_gamma_look("10:00:09", book=working)) == []
    assert ([leg.symbol for leg in repair.legs], repair.limit, repair.reason) == ([symbol], None, "leg_repair")


def test_only_what_is_too_much_of_a_leg_is_sold() -> None:
    """SC-408."""
    part = straddle_filled(3, 1, complete=False)
    book = a_book(
        straddle_ordered(contracts=3), [part, ledger.OrderCanceled(at("10:00:10"), "gc-entry", "")], balance="100000"
    )
    (repair,) = trades(a_gamma_look("10:00:11", book=book))

    assert ([leg.symbol for leg in repair.legs], repair.quantity) == ([CALL.occ], 2)


# -- hedging -----------------------------------------------------------------------------------------------------------


def a_held_look(
    time: str, *events: Any, price: str = "590", pairs: tuple[Pair, ...] = (AT_590_45,), **more: Any
) -> Situation:
    return a_gamma_look(time, price, book=a_book(straddle_held(), *events, balance="100000"), pairs=pairs, **more)


def test_the_first_price_sets_the_reference_and_hedges_nothing() -> None:
    """SC-435."""
    (state,) = gamma_steps(a_held_look("10:00:06"))

    assert isinstance(state, SaveState)
    assert isinstance(state.watch, DeltaWatch)
    assert (state.watch.reference, state.watch.price, state.watch.at) == (Decimal(590), Decimal(590), at("10:00:06"))
    assert float(state.watch.delta) == pytest.approx(7.43, abs=0.2)


def test_a_heartbeat_hedges_the_delta_to_zero_with_shares_at_market() -> None:
    """SC-436, SC-439, SC-446: 2 s later, without any move."""
    early = gamma_steps(a_held_look("10:00:07.9", [remembered("10:00:06")]))
    steps = gamma_steps(a_held_look("10:00:08", [remembered("10:00:06")]))
    (trade,) = (step for step in steps if isinstance(step, Trade))
    (state,) = (step for step in steps if isinstance(step, SaveState))

    assert early == []
    assert (trade.purpose, trade.limit, trade.quantity, trade.effect) == (Purpose.HEDGE, None, 7, Effect.CREDIT)
    assert trade.legs == (ShareLeg("SPY", Side.SELL, closes=False),)
    assert isinstance(state.watch, DeltaWatch)
    assert (state.watch.reference, state.watch.at) == (Decimal(590), at("10:00:08"))


def test_a_heartbeat_on_what_was_decided_already_writes_nothing() -> None:
    """SC-436: the same quotes and orders decide the same; a hedge that was filled since is news."""
    chain = a_straddle_chain(AT_590_45, now=at("10:00:30"))
    events = (shares_traded(-7, "10:00:08"), [remembered("10:00:30")])
    first = gamma_steps(a_held_look("10:00:32", *events, chain=chain))
    (note,) = (step for step in first if isinstance(step, Note))
    kept = remembered("10:00:32")
    seen = MarketMemory(tape=a_tape("590", at("10:00:32")))
    look = evolve(a_held_look("10:00:34", *events, [kept, note.record], chain=chain), memory=seen)
    same = evolve(look, market=evolve(look.market, share=Quote(Decimal(589), Decimal(591), at("10:00:32"))))
    filled = a_book(straddle_held(), *events, [kept, note.record], shares_traded(1, "10:00:33", order="gc-2"))

    assert gamma_steps(same) == []
    assert gamma_steps(evolve(same, book=filled)) != []


def test_a_move_hedges_before_the_heartbeat_and_moves_the_reference() -> None:
    """SC-435."""
    steps = gamma_steps(a_held_look("10:00:07", [remembered("10:00:06")], price="590.02"))
    (state,) = (step for step in steps if isinstance(step, SaveState))

    assert isinstance(steps[0], Trade), "remembered first, a kill between the two would lose the trigger"
    assert isinstance(state.watch, DeltaWatch)
    assert state.watch.reference == Decimal("590.02")


def test_a_hedged_straddle_is_left_alone_and_says_so_once() -> None:
    """SC-011, SC-439."""
    look = a_held_look("10:01", shares_traded(-7, "10:00:08"), [remembered("10:00:30")])
    note, state = gamma_steps(look)
    assert isinstance(state, SaveState)
    assert isinstance(note, Note)
    again = a_held_look("10:01:02", shares_traded(-7, "10:00:08"), [remembered("10:01"), note.record])

    assert note.record.reason == "below_threshold"
    assert [type(step) for step in gamma_steps(again)] == [SaveState]


def test_no_second_hedge_leaves_while_one_is_in_flight() -> None:
    """SC-442."""
    steps = gamma_steps(a_held_look("10:01", shares_traded(-20, "10:00:58", filled=False), [remembered("10:00:30")]))

    assert [step.record.reason for step in steps if isinstance(step, Note)] == ["order_in_flight"]
    assert not [step for step in steps if isinstance(step, Trade)]


def test_a_hedge_that_crosses_zero_sells_what_is_held_first() -> None:
    """SC-447: seven bought, about fourteen to sell."""
    (trade,) = trades(a_held_look("10:01", shares_traded(7, "10:00:08"), [remembered("10:00:30")]))

    assert (trade.quantity, trade.legs) == (7, (ShareLeg("SPY", Side.SELL, closes=True),))


BLIND: Pair = ("590", 45, "nan", "nan", "13.35", "13.45")


@pytest.mark.parametrize(("time", "hedges", "reason"), [("10:00:35", True, None), ("10:00:37", False, "blind_exit")])
def test_a_blind_straddle_is_hedged_for_30_s_and_then_sold(time: str, hedges: bool, reason: str | None) -> None:
    """SC-445, SC-1306: 29 s after the last good delta, on that delta and gamma x the move; 31 s after, sold."""
    look = a_held_look(time, [remembered("10:00:06")], price="592", pairs=(BLIND,))
    steps = gamma_steps(look)
    hedge = [step for step in steps if isinstance(step, Trade) and step.purpose is Purpose.HEDGE]
    exits = [step for step in steps if isinstance(step, Trade) and step.purpose is Purpose.EXIT]

    assert [trade.quantity for trade in hedge] == ([12] if hedges else [])  # 7.43 + 2.2155 x 2 = 11.861
    assert {trade.reason for trade in exits} == (set() if reason is None else {reason})
    assert any(isinstance(step, Warn) and step.code in ("blind", "blind_exit") for step in steps)


def test_blindness_is_reported_once() -> None:
    """SC-445."""
    steps = gamma_steps(a_held_look("10:00:20", [remembered("10:00:06", blind=True)], pairs=(BLIND,)))

    assert not [step for step in steps if isinstance(step, Warn | SaveState)]


def test_a_move_without_a_leg_is_no_decision() -> None:
    """SC-437: the heartbeat, when it is due, decides on the estimate."""
    steps = gamma_steps(a_held_look("10:00:07", [remembered("10:00:06")], price="590.10", pairs=(BLIND,)))

    assert [step.record.reason for step in steps if isinstance(step, Note)] == ["state_incomplete"]
    assert not [step for step in steps if isinstance(step, Trade | SaveState)]


# -- the exits ---------------------------------------------------------------------------------------------------------


def marked(call_bid: str, put_bid: str) -> tuple[Pair, ...]:
    return (
        (
            "590",
            45,
            call_bid,
            str(Decimal(call_bid) + Decimal("0.10")),
            put_bid,
            str(Decimal(put_bid) + Decimal("0.10")),
        ),
    )


SAFE = [remembered("10:29:59")]


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        (a_held_look("10:30", SAFE, pairs=marked("18.40", "16.99")), None),
        (a_held_look("10:30", SAFE, pairs=marked("18.40", "17.00")), "take_profit"),
        (a_held_look("10:30", SAFE, pairs=marked("13.50", "11.01")), None),
        (a_held_look("10:30", SAFE, pairs=marked("13.50", "11.00")), "premium_stop"),
        (a_held_look("15:44:59", [remembered("15:44:58")]), None),
        (a_held_look("15:45", [remembered("15:44:59")]), "time_exit"),
        (a_held_look("15:45", [remembered("15:44:59")], pairs=marked("13.50", "11.00")), "time_exit"),
    ],
)
def test_each_exit_hits_at_its_edge(look: Situation, reason: str | None) -> None:
    """SC-453, SC-454: 29.50 paid: +590 takes profit, -500 (fixed at the entry) stops."""
    assert {trade.reason for trade in trades(look) if trade.purpose is Purpose.EXIT} == (
        set() if reason is None else {reason}
    )


def test_scalps_count_in_what_the_straddle_has_earned() -> None:
    """SC-454: 100 short at 595, the share now at 590: +500 and a little more from the legs."""
    short = shares_traded(-100, "10:00:08", "595")
    look = a_held_look("10:30", short, SAFE, pairs=marked("16.00", "14.50"))

    assert {trade.reason for trade in trades(look) if trade.purpose is Purpose.EXIT} == {"take_profit"}


def test_kept_overnight_it_follows_no_clock_of_the_day() -> None:
    """SC-453, SC-614: nor the hard flat of 15:55."""
    look = a_held_look("15:56", [remembered("15:55:59")])

    assert not [one for one in trades(look, under(flatten_before_close=False)) if one.purpose is Purpose.EXIT]


def from_earlier(days: int) -> Situation:
    """A straddle of an earlier session, taken over."""
    date = DAY - dt.timedelta(days=days)
    return a_gamma_look("10:30", book=a_book(straddle_held(date=date), SAFE, balance="100000"), pairs=(AT_590_45,))


@pytest.mark.parametrize(("days", "reason"), [(5, set()), (6, {"max_hold"})])
def test_a_straddle_is_held_five_days_at_most(days: int, reason: set[str]) -> None:
    """SC-455."""
    desk = under(init_mode=InitMode.RESUME, flatten_before_close=False)

    assert {trade.reason for trade in trades(from_earlier(days), desk) if trade.purpose is Purpose.EXIT} == reason


@pytest.mark.parametrize(("rest", "reason"), [(45, set()), (46, {"expiry_near"})])
def test_a_straddle_near_its_expiry_is_sold(rest: int, reason: set[str]) -> None:
    """SC-455: with fewer days than `min_hold_dte`; it has 45 here."""
    desk = under(min_hold_dte=rest, min_dte=50, max_dte=60)

    assert {one.reason for one in trades(a_held_look("10:30", SAFE), desk) if one.purpose is Purpose.EXIT} == reason


def test_an_earlier_straddle_is_closed_under_init_and_nothing_is_bought_beside_it() -> None:
    """SC-451: as a leftover, at market."""
    sold = trades(from_earlier(3))

    assert {trade.reason for trade in sold} == {"leftover_exit"}
    assert GammaScalpingDesk().entry(from_earlier(3)).preview().reason == "init_not_flat"


def refusals(count: int) -> list[ledger.Event]:
    events: list[ledger.Event] = []
    for number in range(count):
        intended, _ = shares_traded(-7, f"10:0{number + 1}", order=f"gc-h{number}", filled=False)
        events += [intended, ledger.OrderWasRejected(at(f"10:0{number + 1}"), f"gc-h{number}", "no short sale")]
    return events


@pytest.mark.parametrize(("count", "reason"), [(2, set()), (3, {"hedge_refused"})])
def test_a_broker_that_refuses_three_hedges_ends_the_straddle(count: int, reason: set[str]) -> None:
    """SC-444."""
    steps = gamma_steps(a_held_look("10:30", refusals(count), SAFE))

    assert {one.reason for one in steps if isinstance(one, Trade) and one.purpose is Purpose.EXIT} == reason
    assert {one.code for one in steps if isinstance(one, Warn)} == reason


@pytest.mark.parametrize("event", [ledger.FlattenRequested(at("10:29"), "by hand"), ledger.Halted(at("10:29"), "off")])
def test_a_request_closes_at_market_at_once(event: ledger.Event) -> None:
    """SC-453, SC-610, R10: legs one by one, no limit."""
    sold = [one for one in trades(a_held_look("10:30", SAFE, [event])) if one.purpose is Purpose.EXIT]

    assert [(one.limit, len(one.legs)) for one in sold] == [(None, 1), (None, 1)]


def test_the_regime_leaves_last() -> None:
    """SC-453: as the hybrid asks."""
    look = a_held_look("10:30", SAFE)
    asked = list(GammaScalpingDesk().watch(look, regime="regime_exit"))

    assert {one.reason for one in asked if isinstance(one, Trade) and one.purpose is Purpose.EXIT} == {"regime_exit"}


# -- closing -----------------------------------------------------------------------------------------------------------

LATE = [remembered("15:45:59")]


def test_both_legs_are_offered_at_the_sum_of_their_bids_for_5_s() -> None:
    """SC-456."""
    (sale,) = (one for one in trades(a_held_look("15:45", [remembered("15:44:59")])) if one.purpose is Purpose.EXIT)

    assert {leg.symbol for leg in sale.legs} == {CALL.occ, PUT.occ}
    assert all(isinstance(leg, Leg) and leg.side is Side.SELL for leg in sale.legs)
    assert (sale.limit, sale.effect, sale.life) == (Decimal("29.30"), Effect.CREDIT, TicketLife(5))


def test_then_each_leg_goes_at_market_while_the_hedge_goes_on() -> None:
    """SC-456: hedging continues on what is held."""
    offered = exit_sent("15:45", "time_exit", ending=ledger.OrderCanceled)
    sold = trades(a_held_look("15:46:02", offered, LATE))

    assert [(one.purpose, one.limit) for one in sold] == [
        (Purpose.HEDGE, None), (Purpose.EXIT, None), (Purpose.EXIT, None),
    ]  # fmt: skip


def test_what_is_offered_is_not_offered_twice() -> None:
    """SC-456."""
    sold = trades(a_held_look("15:45:02", exit_sent("15:45", "time_exit"), [remembered("15:45:01")]))

    assert sold == []


def test_an_exit_that_was_begun_goes_on_when_the_price_recovers() -> None:
    offered = exit_sent("10:29", "premium_stop", ending=ledger.OrderCanceled)
    sold = [one for one in trades(a_held_look("10:30", offered, SAFE)) if one.purpose is Purpose.EXIT]

    assert {one.reason for one in sold} == {"premium_stop"}


def closed_legs(time: str) -> list[ledger.Event]:
    fills = (LegFill(CALL.occ, Side.SELL, 1, Decimal("15.95")), LegFill(PUT.occ, Side.SELL, 1, Decimal("13.35")))
    return [ledger.OrderFilled(at(time), "gc-exit", Execution(1, Decimal("29.30"), legs=fills), complete=True)]


def test_the_hedge_goes_after_the_last_option() -> None:
    """SC-456."""
    events = (shares_traded(-7, "10:00:08"), exit_sent("15:45", "time_exit"), closed_legs("15:45:03"))
    (bought_back,) = trades(a_held_look("15:45:04", *events))

    assert (bought_back.quantity, bought_back.legs) == (7, (ShareLeg("SPY", Side.BUY, closes=True),))
    assert (bought_back.limit, bought_back.reason) == (None, "time_exit")


def test_a_hedge_at_work_is_called_back_when_the_options_are_gone() -> None:
    """SC-456, SC-457."""
    events = (
        shares_traded(-7, "10:00:08"), exit_sent("15:45", "time_exit"),
        shares_traded(-3, "15:45:02", order="gc-late", filled=False), closed_legs("15:45:03"),
    )  # fmt: skip
    steps = gamma_steps(a_held_look("15:45:04", *events))

    assert [step.order for step in steps if isinstance(step, Cancel)] == ["gc-late"]
    assert not [step for step in steps if isinstance(step, Trade)]


@pytest.mark.parametrize(("time", "alarms"), [("15:45:59", 0), ("15:46", 1)])
def test_an_exit_that_is_not_done_is_an_alarm(time: str, alarms: int) -> None:
    """SC-457."""
    look = a_held_look(time, exit_sent("15:45", "time_exit"), [remembered("15:45:58")])

    assert [one.code for one in gamma_steps(look) if isinstance(one, Warn)] == ["exit_overdue"] * alarms


def test_a_hedge_at_work_when_the_straddle_is_sold_is_called_back() -> None:
    """SC-457: it would bring shares to nothing."""
    sold = shares_traded(7, "15:44:59", filled=False)
    fills = (LegFill(CALL.occ, Side.SELL, 1, Decimal(16)), LegFill(PUT.occ, Side.SELL, 1, Decimal(13)))
    execution = Execution(1, Decimal(29), legs=fills)
    gone = ledger.OrderFilled(at("15:45:02"), "gc-exit", execution, complete=True)
    look = a_held_look("15:45:05", sold, exit_sent("15:45", "time_exit"), [gone])

    assert [step.order for step in gamma_steps(look) if isinstance(step, Cancel)] == ["gc-hedge"]


def test_a_restart_at_noon_under_init_keeps_the_straddle() -> None:
    """SC-451, SC-1306: everything follows from the ledger."""
    events = (straddle_held(), shares_traded(-7, "10:00:08"), [remembered("11:59:59")])
    before, after = a_book(*events, balance="100000"), a_book(*events, balance="100000")
    looks = [a_gamma_look("12:00", book=book, pairs=(AT_590_45,)) for book in (before, after)]

    assert gamma_steps(looks[0]) == gamma_steps(looks[1])
    assert not [one for one in trades(looks[0]) if one.purpose is Purpose.EXIT]


# -- when it looks -----------------------------------------------------------------------------------------------------


def test_it_wakes_at_its_window_its_exit_and_its_heartbeats() -> None:
    """SC-436."""
    book = a_book(straddle_held(), [remembered("10:00:06")], balance="100000")
    session = TradingSession.of(DAY)

    assert GammaScalpingDesk().deadlines(session, book) == (at("09:35"), at("15:45"), at("10:00:08"))


def test_it_asks_for_the_account_only_where_it_may_buy() -> None:
    session, empty, holds = TradingSession.of(DAY), a_book(), a_book(straddle_held())
    desk = GammaScalpingDesk()
    asked = [desk.needs(at(time), session, book) for time, book in
             (("09:34", empty), ("09:35", empty), ("10:01", holds))]  # fmt: skip

    assert [(needs.account, needs.equity, needs.rates) for needs in asked] == [
        (False, False, False), (True, True, True), (False, False, True),
    ]  # fmt: skip


def test_without_a_tape_nothing_is_decided() -> None:
    """SC-008: no share quote is shown."""
    assert refusal(evolve(a_gamma_look(), memory=MarketMemory())) == "quote_missing"


def test_a_thirty_day_chain_is_all_it_asks_for() -> None:
    """SC-404: what is quoted for another date is not bought."""
    near = a_straddle_chain(("590", 29, *AT_590_30[2:]))

    assert refusal(a_gamma_look(chain=near)) == "no_straddle"


# -- levels ------------------------------------------------------------------------------------------------------------


def test_the_levels_shown_are_those_that_sell() -> None:
    """CS-512, SC-453: at the level shown it is sold, a cent before it is not."""
    desk, look = GammaScalpingDesk(), a_held_look("10:30", SAFE)
    (holding,) = look.book.live_holdings
    stop, target = desk.levels(look, holding)
    profit = straddle_profit(holding, look.market, look.underlying)

    assert profit is not None
    assert holding.terms is not None
    assert (stop.rule, stop.price) == ("premium_stop", -holding.terms.risk)
    assert stop.distance == profit.total + holding.terms.risk
    assert (target.rule, target.distance) == ("take_profit", target.price - profit.total)
    for total, reason in (
        (stop.price, "premium_stop"),
        (stop.price + CENT, None),
        (target.price - CENT, None),
        (target.price, "take_profit"),
    ):
        seen = StraddleProfit(profit.premium, total)
        assert straddle_exit(desk.rules, holding, seen, look.session, look.now) == reason


def test_levels_without_a_quote_have_no_distance_and_none_are_shown_of_another_desks() -> None:
    desk, look = GammaScalpingDesk(), a_held_look("10:30", SAFE)
    (holding,) = look.book.live_holdings
    blind = evolve(look, market=evolve(look.market, chain=None))

    assert [one.distance for one in desk.levels(blind, holding)] == [None, None]
    assert GammaScalpingDesk(name="another").levels(look, holding) == ()
