"""Rates and dividends are asked for once a day, and what nobody answers is assumed. Rules: SC-424, SC-425."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal

from attrs import define, field

from builders import at
from gammacore.application.daily_rates import DailyRates
from gammacore.domain.pricing.rates import CashDividend, ParYields

DAY = dt.date(2026, 6, 1)
ROWS: Mapping[dt.date, ParYields] = {DAY: {"1m": Decimal("4.31"), "2m": Decimal("4.33")}}
PAID = (CashDividend(dt.date(2026, 3, 20), Decimal("5.90")),)


@define
class Source:
    """Both ports; what it answers is set by the test, None for no answer."""

    rows: Mapping[dt.date, ParYields] | None = None
    paid: Sequence[CashDividend] | None = None
    asked: list[str] = field(factory=list)

    @property
    def name(self) -> str:
        return "fake"

    def par_yields(self, today: dt.date) -> Mapping[dt.date, ParYields]:
        self.asked.append(f"rates {today}")
        return self.rows or {}

    def cash_dividends(self, symbol: str, since: dt.date, until: dt.date) -> Sequence[CashDividend] | None:
        self.asked.append(f"{symbol} {since} {until}")
        return self.paid


def test_both_are_asked_for_once_a_day() -> None:
    source = Source(ROWS, PAID)
    rates = DailyRates("SPY", source, source, 0.05)
    first, later = rates(at("09:30", DAY), Decimal(590)), rates(at("15:59", DAY), Decimal(295))
    known = list(source.asked)
    rates(at("09:30", DAY + dt.timedelta(days=1)), Decimal(590))

    assert known == ["rates 2026-06-01", "SPY 2025-06-01 2026-06-01"]
    assert len(source.asked) == 4
    assert (first.curve.rate(45).item(), first.dividend.value, first.assumed) == (0.0432, 0.01, ())
    assert later.dividend.value == 0.02  # over the price of now


def test_without_an_answer_both_are_assumed_and_asked_for_again_after_an_hour() -> None:
    source = Source()
    rates = DailyRates("SPY", source, source, 0.05)
    first = rates(at("09:30", DAY), Decimal(590))
    rates(at("10:29:59", DAY), Decimal(590))
    asked = len(source.asked)
    source.rows, source.paid = ROWS, PAID
    then = rates(at("10:30", DAY), Decimal(590))

    assert (first.curve.rate(45).item(), first.dividend.value, first.assumed) == (0.05, 0.0, ("rate", "dividend"))
    assert asked == 2
    assert then.assumed == ()


def test_only_what_is_missing_is_asked_for_again() -> None:
    source = Source(ROWS)
    rates = DailyRates("SPY", source, source, 0.05)
    for time in ("09:30", "10:30"):
        rates(at(time, DAY), Decimal(590))

    assert [asked for asked in source.asked if asked.startswith("rates")] == ["rates 2026-06-01"]


def test_without_sources_everything_is_assumed() -> None:
    assert DailyRates("SPY", None, None, 0.045)(at("09:30", DAY), None).assumed == ("rate", "dividend")


def test_none_paid_is_an_answer_that_is_assumed_0() -> None:
    """SC-425."""
    source = Source(ROWS, ())
    rates = DailyRates("SPY", source, source, 0.05)

    assert rates(at("09:30", DAY), Decimal(590)).assumed == ("dividend",)
    rates(at("12:30", DAY), Decimal(590))
    assert len(source.asked) == 2
