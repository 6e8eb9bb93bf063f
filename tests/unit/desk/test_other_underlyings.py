"""Positions of another underlying than today's, or of none the registry has: they are still looked after. CS-017."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from attrs import evolve

from builders import DAY, a_plan, a_put_spread
from builders_day import opened
from builders_desk import a_book, a_situation, steps
from gammacore.domain.holdings.plans import SpreadPlan, SpreadWatch
from gammacore.domain.instruments import OptionContract, Right
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.spreads import CreditSpread, Vertical
from gammacore.domain.strategy import Close, Decision, SaveState, Warn


def an_unlisted_put(strike: int, expiry: dt.date = DAY) -> OptionContract:
    return OptionContract("DJX", "DJX", expiry, Right.PUT, Decimal(strike))


UNKNOWN = a_plan(CreditSpread((Vertical(an_unlisted_put(490), an_unlisted_put(485)),)), price="490")
NASDAQ = a_plan(a_put_spread(24000, 23970, "NDX"), price="24200")


def an_ndx_market() -> MarketSnapshot:
    """Quotes at which nine tenths of the credit are earned."""
    nearly_worthless = {"P24000": (0.50, 0.60), "P23970": (0.30, 0.40)}
    return a_situation("12:00", price="24200", underlying="NDX", legs=nearly_worthless).market


def decided(plan: SpreadPlan, time: str) -> list[Decision]:
    book = a_book(opened(plan))
    return [step for step in steps(a_situation(time, book=book, legs={})) if isinstance(step, Warn | Close)]


def test_an_unknown_underlying_never_stops_the_exit_and_is_an_alarm() -> None:
    """CS-017: k = s = 1."""
    alarm, close = decided(UNKNOWN, "15:30")

    assert isinstance(alarm, Warn)
    assert (alarm.code, alarm.holding) == ("unknown_underlying", UNKNOWN.holding)
    assert isinstance(close, Close)
    assert close.reason == "soft_close"


def test_until_it_is_closed_there_is_nothing_to_tell() -> None:
    """CS-017: the alarm comes with the exit, not with every cycle."""
    assert decided(UNKNOWN, "12:00") == []


def test_a_known_underlying_that_is_not_todays_is_no_alarm() -> None:
    assert [type(step) for step in decided(NASDAQ, "15:30")] == [Close]


@pytest.mark.parametrize(("price", "held"), [("24039.99", False), ("24040", True)])
def test_a_position_is_judged_by_its_own_scale(price: str, held: bool) -> None:
    """CS-009, CS-510: held from 8 SPX points out of the money, 40 of NDX, on an SPX day too."""
    book = a_book(opened(a_plan(a_put_spread(24000, 23970, "NDX"), price=price)))
    situation = evolve(a_situation("12:00", book=book), market=an_ndx_market())
    (remembered,) = [step for step in steps(situation) if isinstance(step, SaveState)]

    assert isinstance(remembered.watch, SpreadWatch)
    assert remembered.watch.hold is held
