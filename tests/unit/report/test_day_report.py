"""A day as its ledger tells it: what is counted, what is summed, and which day it is."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve

from builders import a_plan, a_put_spread, at
from builders_day import (
    CONDOR,
    PUT_TRADE,
    START,
    a_day,
    closed,
    day_finished,
    day_started,
    judged,
    ledger_opened,
    opened,
    settled,
)
from gammacore.adapters.html_report.sections import notices
from gammacore.domain.book.book import Book
from gammacore.domain.judged_entry import EntryOutcome, skip_line
from gammacore.domain.ledger import Event, Halted, TicketRefused
from gammacore.domain.orders import Purpose
from gammacore.domain.reports.day_report import day_report, day_reports
from gammacore.domain.reports.trades import TradeResult
from gammacore.domain.reports.views import day_view, refused_figures
from gammacore.domain.verdicts import Verdict
from gammacore.errors import InvalidInput, MissingData
from gammacore_cli.documents import document, trade_document

NEXT_DAY = dt.date(2026, 1, 6)


def two_days() -> list[Event]:
    """A won put spread on Monday, one left open on Tuesday."""
    monday = [*opened(PUT_TRADE), *closed(PUT_TRADE, "12:00", "profit_target", "0.75", "525")]
    tuesday = a_plan(a_put_spread(expiry=NEXT_DAY), position="p9")
    tuesday = evolve(tuesday, scheduled_at=at("10:00", NEXT_DAY))
    return [ledger_opened(), day_started(), *monday, day_finished("20525"), day_started(NEXT_DAY), *opened(tuesday)]


def test_a_day_counts_what_was_taken_skipped_never_filled_and_closed() -> None:
    report = day_report(a_day())

    assert (report.entries, len(report.closed), report.unfilled) == (2, 2, 1)
    assert report.skipped == {"vix_ceiling": 1}
    assert report.exits == {"stop_loss": 1, "profit_target": 1}
    assert [entry.outcome for entry in report.scheduled] == [
        EntryOutcome.FILLED, EntryOutcome.SKIPPED, EntryOutcome.FILLED, EntryOutcome.UNFILLED,
    ]  # fmt: skip


def test_the_balance_changes_by_gross_profit_less_fees() -> None:
    """CS-610; cli.md: change of balance = pnl - fees."""
    report = day_report(a_day())

    assert (report.pnl, report.fees) == (Decimal(491), Decimal("13.00"))
    assert report.balance == START + report.pnl - report.fees == Book.of(a_day()).balance


def test_a_balance_that_its_trades_do_not_explain_is_refused() -> None:
    with pytest.raises(InvalidInput, match="balance"):
        evolve(day_report(a_day()), balance=Decimal(25_000))


@pytest.mark.parametrize(
    ("value", "gross", "balance"), [("1.00", "450", "20450"), ("0.75", "525", "20525")], ids=["1.00", "0.75"]
)
def test_the_published_example_of_source_000(value: str, gross: str, balance: str) -> None:
    """Section 6: 6880/6870 put spread, 2.50 × 3, closed at 1.00 / 0.75."""
    events = [ledger_opened(), day_started(), *opened(PUT_TRADE)]
    report = day_report([*events, *closed(PUT_TRADE, "12:00", "profit_target", value, gross)])

    assert report.trades[0].pnl == Decimal(gross)
    assert report.balance == Decimal(balance)


def test_unknown_verdicts_are_counted_by_filter() -> None:
    """CS-704."""
    assert day_report(a_day()).unknown_by_filter == {"fomc_day": 4}


def test_a_trade_keeps_why_it_was_taken_and_why_it_ended() -> None:
    """CS-621."""
    put_spread, condor = day_report(a_day()).trades

    assert put_spread.sold is not None
    assert "price 6900 is 15 below the pin 6915, VIX 15.2" in put_spread.sold.why
    assert condor.end is not None
    assert (condor.end.reason, condor.end.detail) == ("stop_loss", "3.14 to close against the stop 3.08 (10 %)")
    assert (put_spread.sold.distance, put_spread.minutes, put_spread.sold.maximum_risk) == (
        Decimal(20),
        149,
        Decimal(2250),
    )


def test_a_trade_prints_the_levels_of_the_policy_that_acts() -> None:
    """CS-511, CS-512: 2.50 at 10 % stops at 2.75, the target at 50 % is 1.25."""
    sold = day_report(a_day()).trades[0].sold

    assert sold is not None
    assert (sold.stop, sold.target) == (Decimal("2.75"), Decimal("1.25"))
    assert sold.terms[0].startswith("Stop loss (standard): 2.75 or more to close")


def test_drawdown_is_from_the_running_peak() -> None:
    """CS-705: the condor's loss comes before the win; the low is not measured from the end."""
    assert day_report(a_day()).drawdown.dollars == Decimal("39.20")


def test_a_day_without_a_trade_is_a_day() -> None:
    events: list[Event] = [
        ledger_opened(),
        day_started(),
        judged("10:00", Verdict.skip("vix_floor", "VIX 12.1", "< 13.0")),
    ]
    report = day_report([*events, day_finished("20000")])

    assert (report.entries, report.trades, report.pnl, report.finished) == (0, (), Decimal(0), True)
    assert report.equity == ((report.session_open, START),)


def test_an_open_trade_is_not_a_loss_and_not_in_the_sums() -> None:
    """CS-624, CS-703."""
    report = day_report([ledger_opened(), day_started(), *opened(CONDOR, fees="2.60")])

    assert report.open[0].result is TradeResult.OPEN
    assert (report.pnl, report.fees, report.balance) == (Decimal(0), Decimal(0), START)
    assert report.open[0].fees == Decimal("2.60")


@pytest.mark.parametrize("estimated", [True, False])
def test_a_settled_trade_says_at_which_price_and_whether_it_is_official(estimated: bool) -> None:
    """CS-521, CS-528."""
    events = [ledger_opened(), day_started(), *opened(PUT_TRADE)]
    trade = day_report([*events, settled(PUT_TRADE, "6876", "4", "-450", estimated=estimated)]).trades[0]

    assert trade.end is not None
    assert trade.end.settlement_price == Decimal(6876)
    assert ("no official one was known" in trade.end.detail) is estimated


@pytest.mark.parametrize(
    ("verified", "estimated", "settlement", "doubts"),
    [
        (True, False, None, 0),
        (False, False, None, 1),
        (True, True, None, 1),
        (True, True, "6876", 0),
        (False, True, None, 2),
    ],
)
def test_a_trade_says_which_of_its_figures_is_no_brokers(
    verified: bool, estimated: bool, settlement: str | None, doubts: int
) -> None:
    """CS-003, CS-411, CS-572; a settlement says it in its own words (CS-528)."""
    trade = day_report(a_day()).closed[0]
    assert trade.end is not None
    price = None if settlement is None else Decimal(settlement)
    end = evolve(trade.end, estimated=estimated, settlement_price=price)

    assert len(evolve(trade, holding=evolve(trade.holding, credit_verified=verified), end=end).doubts) == doubts


def test_each_new_york_date_is_a_day_of_its_own() -> None:
    """CS-622: the second day starts with the first one's balance and does not count its trade."""
    monday, tuesday = day_reports(two_days())

    assert (monday.balance, tuesday.starting_balance) == (Decimal(20525), Decimal(20525))
    assert [trade.id for trade in tuesday.trades] == ["p9"]
    assert (tuesday.date, tuesday.entries, tuesday.pnl, tuesday.finished) == (NEXT_DAY, 1, Decimal(0), False)


def test_the_newest_day_is_reported_unless_another_is_asked_for() -> None:
    assert day_report(two_days()).date == NEXT_DAY
    assert day_report(two_days(), dt.date(2026, 1, 5)).balance == Decimal(20525)


def test_a_day_the_ledger_does_not_hold_is_named_with_those_it_holds() -> None:
    with pytest.raises(MissingData, match="no trading day 2026-01-07; days it holds: 2, 2026-01-05 to 2026-01-06"):
        day_report(two_days(), dt.date(2026, 1, 7))


@pytest.mark.parametrize("events", [[], [ledger_opened()]], ids=["empty", "opened"])
def test_a_ledger_without_a_day_says_so(events: list[Event]) -> None:
    with pytest.raises(MissingData, match="no trading day yet"):
        day_report(events)


def test_alarms_and_halts_of_the_day_are_reported() -> None:
    report = day_report([*a_day(), Halted(at("15:00"), "three broker failures")])

    assert [alarm.code for alarm in report.alarms] == ["stale_quotes"]
    assert [type(halt) for halt in report.halts] == [Halted]


def test_an_order_the_guard_refused_is_in_the_report_in_the_journal_and_on_the_page() -> None:
    """Decision 0023: a refused ticket is a journaled reason."""
    refusal = TicketRefused(at("15:00"), "p1", Purpose.EXIT, ("SPXW260105P06880000",), "nothing_left", "all <closed>")
    report = day_report([*a_day(), refusal])

    assert report.refused == (refusal,)
    line, page = document(refused_figures(refusal)), notices(day_view(report))
    assert trade_document(report, Path("a.sqlite"))["refused"] == [line]
    assert (line["holding"], line["reason"]) == ("p1", "nothing_left")
    assert "refused exit p1" in page
    assert "all &lt;closed&gt;" in page


@pytest.mark.parametrize(
    ("verdict", "line"),
    [
        (Verdict.skip("vix_ceiling", "VIX 21.3", ">= 20.0"), "skip vix_ceiling: VIX 21.3 >= 20.0"),
        (Verdict.unknown("vix_missing", "VIX not known"), "skip vix_missing: VIX not known"),
        (Verdict.skip("pin_missing"), "skip pin_missing"),
    ],
)
def test_a_skip_is_always_worded_the_same(verdict: Verdict, line: str) -> None:
    """cli.md: every refusal names the rule and the numbers."""
    assert skip_line(judged("10:00", verdict)) == line


def test_an_explanation_without_the_verdicts_head_is_reported_as_it_is() -> None:
    record = evolve(judged("10:00"), reason="setup_unknown", explanation="skip setup: could not be judged")

    assert skip_line(record) == "skip setup_unknown: could not be judged"
