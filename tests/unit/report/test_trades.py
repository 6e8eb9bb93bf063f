"""Holdings as their day reports them: one trade with all its hedges, exact by fills, in words. DH-243, DH-611."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from builders import at
from builders_day import CONDOR, closed, judged, opened
from builders_hedge_day import (
    HELD,
    NEXT_DAY,
    PUT,
    a_delivery,
    a_hedge_day,
    a_hedge_day_open,
    an_option,
    bought,
    decided,
    hedged,
    share_ticket,
    traded,
)
from builders_holdings import holding_began, holding_closed
from gammacore.domain import holding_events, ledger
from gammacore.domain.instruments import Right, Side
from gammacore.domain.judged_entry import EntryOutcome
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.orders import Purpose
from gammacore.domain.reports.day_report import DayReport, day_report, day_reports
from gammacore.domain.reports.figures import delta_text, known
from gammacore.domain.reports.review import Period, VixRegime, reviews
from gammacore.domain.reports.trade_figures import TradeFigures, by_strategy
from gammacore.domain.reports.trade_views import trade_figures
from gammacore.domain.reports.trades import Trade, TradeResult
from gammacore.domain.reports.words import hedge_in_words, legs_in_words, moved_in_words, order_in_words, story, title


def the_line(report: DayReport) -> Trade:
    (line,) = report.trades
    return line


def shown(trade: Trade) -> dict[str, str]:
    """What people see of its figures."""
    return {figure.label: figure.full_text for figure in known(trade_figures(trade))}


# -- figures -----------------------------------------------------------------------------------------------------------


def test_a_holding_with_all_its_hedges_is_one_trade_of_the_day() -> None:
    report = day_report(a_hedge_day())

    assert (report.entries, report.ended, report.unfilled) == (1, 1, 0)
    assert report.exits == {"daily_flatten": 1}
    assert (report.figures.trades, report.figures.wins, report.figures.pnl) == (1, 1, Decimal("440.40"))
    assert report.balance == report.starting_balance + report.pnl - report.fees == Decimal("20436.50")


def test_what_was_bought_is_reported_with_what_it_cost() -> None:
    line = the_line(day_report(a_hedge_day()))

    assert (line.contracts, line.debit, line.paid) == (2, Decimal("3.10"), Decimal(620))
    assert (line.opened, line.minutes) == (at("09:46"), 374)
    assert (line.result, line.pnl, line.fees) == (TradeResult.WIN, Decimal("440.40"), Decimal("3.90"))


def test_each_hedge_has_its_delta_before_and_after_and_its_slippage() -> None:
    """DH-243: (fill - price at the decision) × signed shares."""
    line = the_line(day_report(a_hedge_day()))

    assert [(hedge.shares, hedge.delta_before, hedge.delta_after) for hedge in line.hedges] == [
        (46, Decimal("-0.455"), Decimal("0.005")), (-25, Decimal("0.25"), Decimal(0)),
    ]  # fmt: skip
    assert [hedge.slippage for hedge in line.hedges] == [Decimal("4.60"), Decimal("2.50")]
    assert line.slippage == Decimal("7.10")
    assert len(line.decisions) == 3


def test_while_anything_is_held_there_is_no_p_l_yet() -> None:
    report = day_report(a_hedge_day_open())
    line = the_line(report)

    assert (line.pnl, line.result, line.minutes) == (None, TradeResult.OPEN, None)
    assert (report.figures.open, report.figures.losses, report.ended) == (1, 0, 0)
    assert [shown(line)[label] for label in ("options", "shares", "fees")] == ["+$0 (so far)", "+$10 (so far)", "$2.60"]


def test_an_entry_that_never_filled_held_nothing() -> None:
    began, intended = bought()[1], bought()[2]
    refused = ledger.OrderWasRejected(at("09:46"), "entry-1", "buying power")
    end = holding_closed(at("09:47"), HELD, "unfilled", Decimal(0), Decimal(0), Decimal(0))

    report = day_report([*a_hedge_day_open()[:2], judged("09:45"), began, intended, refused, end])

    assert report.trades == ()
    assert (report.ended, report.unfilled, report.scheduled[0].outcome) == (0, 1, EntryOutcome.UNFILLED)


def test_a_late_fill_that_is_booked_again_adds_to_the_same_trade() -> None:
    """CS-410: a day's report explains its balance whatever came late."""
    late = share_ticket("exit-3", Purpose.EXIT, -10, closes=True, reason="daily_flatten")
    end = holding_closed(at("16:05"), HELD, "daily_flatten", Decimal(0), Decimal("-5.00"), Decimal("0.10"))
    back = share_ticket("exit-4", Purpose.EXIT, 10, closes=True, reason="daily_flatten")
    again = [*traded(late, at("16:01"), "603.00"), *traded(back, at("16:02"), "603.50"), end]

    report = day_report([*a_hedge_day()[:-1], *again])

    assert the_line(report).pnl == Decimal("435.40")
    assert report.balance == Decimal("20431.40")


def test_what_is_carried_over_is_reported_on_both_days_and_counted_once() -> None:
    monday, tuesday = day_reports([*a_hedge_day_open(), evolve(ledger_day(), date=NEXT_DAY)])

    assert (the_line(monday).id, the_line(tuesday).id) == (HELD, HELD)
    (review,) = reviews([*monday.trades, *tuesday.trades], Period.WEEK)
    assert (review.figures.trades, review.figures.open) == (0, 1)


def ledger_day() -> ledger.DayStarted:
    open_, close = at("09:30", NEXT_DAY), at("16:00", NEXT_DAY)
    return ledger.DayStarted(open_, NEXT_DAY, "SPY", "delta-hedge", "simulated", open_, close, "ab12")


@given(st.lists(st.tuples(st.integers(-50, 50).filter(bool), st.decimals("590", "610", places=2)), max_size=8))
def test_the_parts_always_add_up_to_the_whole(hedges: list[tuple[int, Decimal]]) -> None:
    """Options and shares, less fees, are the change of the balance, whatever was traded."""
    events, held, cash = a_hedge_day_open()[:7], 0, Decimal(0)
    for number, (shares, price) in enumerate(hedges):
        decision = decided(f"{10 + number}:00", str(-shares), shares, str(price))
        events += hedged(decision, number, str(price))
        held, cash = held + shares, cash - shares * price
    if held:
        out = share_ticket("exit-2", Purpose.EXIT, -held, closes=True, reason="daily_flatten")
        events += traded(out, at("15:45"), "600.00")
        cash += held * 600
    close = at("16:00")
    events += [
        holding_events.HoldingSettled(close, HELD, symbol, 2, Decimal(0), "SPY", 0, Decimal(600), False)
        for symbol in (PUT.occ, an_option(Right.CALL).occ)
    ]
    events.append(holding_closed(close, HELD, "daily_flatten", Decimal(-620), cash, Decimal("2.60")))

    report = day_report(events)

    assert report.balance - report.starting_balance == report.pnl - report.fees == cash - Decimal("622.60")


# -- reviews -----------------------------------------------------------------------------------------------------------


def test_reviews_count_every_holding_and_size_only_credit_spreads() -> None:
    """CS-624."""
    report = day_report(a_hedge_day())
    spread = day_report([*a_hedge_day()[:2], *opened(CONDOR), *closed(CONDOR, "14:00", "stop_loss", "3.00", "-60")])

    (review,) = reviews([*report.trades, *spread.trades], Period.DAY)

    assert review.figures.pnl == Decimal("380.40")
    assert {tag: figures.pnl for tag, figures in review.by_strategy.items()} == {
        "IRON_CONDOR": Decimal(-60), "delta-hedge": Decimal("440.40"),
    }  # fmt: skip
    assert review.by_regime[VixRegime.USUAL].trades == 2
    assert review.sizing.pnl == Decimal(-60)
    assert review.sizing.trades_by_contracts == {CONDOR.contracts: 1}


def test_figures_by_strategy_add_up_to_those_of_all() -> None:
    records = day_report(a_hedge_day()).trades
    parts = by_strategy(records)

    assert sum(part.pnl for part in parts.values()) == TradeFigures.of(records).pnl


# -- words -------------------------------------------------------------------------------------------------------------


def test_the_story_tells_everything_but_the_hedges_in_order() -> None:
    line = the_line(day_report(a_hedge_day()))

    assert [words for _, words in story(line)] == [
        "bought 2 600 straddle at 3.10",
        "sold 2 600 call at 5.00",
        "sold 21 SPY at 603.00",
        "2 600 put expired worthless",
    ]
    assert title(line) == "600 straddle"
    assert shown(line) == {
        "options": "+$380", "shares": "+$60.40", "hedges filled": "2 of 2", "shares traded": "71",
        "slippage, in shares": "$7.10", "held": "374 minutes", "fees": "$3.90", "after fees": "+$436.50",
    }  # fmt: skip


@pytest.mark.parametrize("sold", [False, True], ids=["held", "sold"])
def test_delivered_shares_are_reported_as_what_they_are(*, sold: bool) -> None:
    """CS-529."""
    line = the_line(day_report(a_delivery(sold=sold)))

    assert title(line) == "delivered shares: SPY"
    assert [words for _, words in story(line)] == [
        "+100 SPY delivered at 600 from p1, taken in at 598", *(["sold 100 SPY at 599.00"] if sold else []),
    ]  # fmt: skip
    assert line.pnl == (Decimal(100) if sold else None)


def test_a_naked_short_is_reported_as_it_was_found() -> None:
    """CS-574."""
    found = holding_began(at("10:00"), "stranded-1", "stranded", "SPY", {PUT.occ: -1}, Decimal("1.20"))
    line = the_line(day_report([*a_hedge_day_open()[:2], found]))

    assert title(line) == "a naked short: 600 put"
    assert story(line) == ((at("10:00"), "found -1 600 put, taken in at 1.20"),)


@pytest.mark.parametrize(
    ("legs", "words"),
    [
        ((Leg(an_option(Right.CALL), Side.BUY), Leg(an_option(Right.PUT), Side.BUY)), "600 straddle"),
        ((Leg(an_option(Right.CALL, 605), Side.BUY), Leg(an_option(Right.PUT, 595), Side.BUY)), "595/605 strangle"),
        ((Leg(an_option(Right.CALL), Side.BUY), Leg(an_option(Right.PUT), Side.SELL)), "600 call, 600 put"),
        ((Leg(an_option(Right.PUT), Side.SELL),), "600 put"),
        ((ShareLeg("SPY", Side.BUY, closes=False),), "SPY"),
    ],
)
def test_legs_are_called_as_a_trader_calls_them(legs: tuple[Leg | ShareLeg, ...], words: str) -> None:
    assert legs_in_words(legs) == words


def test_exercise_tells_what_it_was_worth_and_what_it_delivered() -> None:
    call = an_option(Right.CALL).occ
    settled = holding_events.HoldingSettled(
        at("16:00"), HELD, call, 2, Decimal("5.02"), "SPY", 200, Decimal("605.02"), True
    )

    assert moved_in_words(settled) == (
        "2 600 call expired worth 5.02 with SPY at 605.02 (no official price was known), +200 SPY delivered"
    )


def test_a_hedge_that_did_not_fill_says_so() -> None:
    decision = decided("10:00", "-45.5", 46, "600.50")
    ticket = share_ticket("hedge-1", Purpose.HEDGE, 46, closes=False, reason="delta_hedge")
    refused = ledger.OrderWasRejected(at("10:01"), ticket.id, "margin")
    events = [*a_hedge_day_open()[:7], decision, ledger.OrderIntended(at("10:00"), ticket), refused]

    (hedge,) = the_line(day_report(events)).hedges

    assert hedge_in_words(hedge) == "buy 46 rejected"
    assert shown(the_line(day_report(events)))["hedges filled"] == "0 of 1"
    assert (hedge.delta_after, hedge.slippage) == (hedge.delta_before, Decimal(0))


def test_a_hedge_that_crosses_zero_goes_flat_first() -> None:
    cover = evolve(decided("10:00", "45.5", -46, "600.50"), reason="delta_hedge_cover")
    (hedge,) = the_line(day_report([*a_hedge_day_open()[:7], *hedged(cover, 1, "600.40")])).hedges

    assert hedge_in_words(hedge) == "sell 46 to flat"


def test_a_bought_entry_is_not_called_sold() -> None:
    (entry,) = day_report(a_hedge_day()).scheduled

    assert entry.sentence == "bought 2 of 2 at 3.10 (limit 3.12)"


def test_an_order_without_a_price_says_so() -> None:
    line = the_line(day_report(a_hedge_day()))
    assert line.entry is not None
    unpriced = evolve(line.entry, execution=evolve(line.entry.execution, price=None))

    assert order_in_words(unpriced) == "bought 2 600 straddle at an unknown price"


@pytest.mark.parametrize(("delta", "words"), [("0.1004", "+0.100"), ("-0.00049", "+0.000"), ("-13.5", "-13.500")])
def test_deltas_are_reported_to_the_thousandth_and_never_minus_nothing(delta: str, words: str) -> None:
    assert delta_text(Decimal(delta)) == words
