"""A ledger's closed trades as a study counts them, and what the quotes add to them."""

import datetime as dt
from decimal import Decimal

import pytest

from builders_day import a_day
from gammacore.domain.reports.day_report import day_reports
from gammacore.domain.study.from_ledger import closed_trades
from gammacore.domain.study.marks import FillMark, TradeMarks, with_marks
from gammacore.domain.study.record import ClosedTrade, TradeFlag


def test_a_day_s_trades_add_up_to_its_balance() -> None:
    """ST-003: net of all trades is what the days changed the balance by."""
    reports = day_reports(a_day())
    trades = closed_trades(reports)

    assert len(trades) == reports[0].ended > 1
    assert sum(trade.net for trade in trades) == reports[-1].balance - reports[0].starting_balance
    assert [trade.closed for trade in trades] == sorted(trade.closed for trade in trades if trade.closed)


def test_a_spread_keeps_its_terms_and_what_the_ledger_lacks_is_none() -> None:
    reports = day_reports(a_day())
    first = closed_trades(reports)[0]
    trade = reports[0].closed[0]
    assert trade.sold is not None
    assert trade.end is not None

    assert (first.credit, first.debit) == (trade.sold.credit, trade.end.value)
    assert first.strikes == trade.sold.plan.spread.strikes
    assert (first.direction, first.confidence) == (trade.sold.plan.direction, trade.sold.plan.confidence)
    assert first.max_risk == (trade.sold.plan.spread.width - trade.sold.credit) * 100
    assert (first.mid_pnl, first.spread_cost, first.slippage, first.mae, first.mfe) == (None,) * 5


def test_a_trade_in_two_reports_counts_once() -> None:
    reports = day_reports(a_day())

    assert closed_trades((*reports, *reports)) == closed_trades(reports)


OPENED = dt.datetime(2026, 3, 2, 15, 30, tzinfo=dt.UTC)
SOLD = ClosedTrade(
    "a", Decimal(190), Decimal(0), 2, opened=OPENED, closed=OPENED + dt.timedelta(minutes=40), credit=Decimal("2.45"),
    debit=Decimal("1.50"),
)  # fmt: skip


def after(minutes: float, mid: str) -> tuple[dt.datetime, Decimal]:
    return OPENED + dt.timedelta(minutes=minutes), Decimal(mid)


def test_costs_are_split_exactly() -> None:
    """ST-310."""
    marks = TradeMarks(FillMark(Decimal("2.50"), Decimal("2.40")), FillMark(Decimal("1.40"), Decimal("1.50")))

    trade = with_marks(SOLD, marks)

    assert (trade.mid_pnl, trade.spread_cost, trade.slippage) == (Decimal(220), Decimal(40), Decimal(-10))


def test_the_worst_and_best_moment_include_the_end_and_nothing_before_the_fill() -> None:
    """ST-308."""
    marks = TradeMarks(mids=(after(-5, "9"), after(0, "2.50"), after(20, "3.45"), after(35, "1.75"), after(45, "0")))

    trade = with_marks(SOLD, marks)

    assert (trade.mae, trade.mfe) == (Decimal(-200), Decimal(190))


@pytest.mark.parametrize(("last", "unwatched"), [(30, False), (29.9, True), (None, True)])
def test_a_trade_without_a_quote_for_ten_minutes_before_its_end_is_unwatched(
    last: float | None, unwatched: bool
) -> None:
    """ST-214: more than 600 s."""
    marks = TradeMarks(mids=() if last is None else (after(last, "2"),))

    assert (TradeFlag.UNWATCHED in with_marks(SOLD, marks).flags) is unwatched
