"""What the broker's clock and its failures mean for an entry. Rules: CS-302, CS-303, CS-630, R7."""

from __future__ import annotations

import datetime as dt

import pytest
from attrs import evolve

from builders import at
from builders_desk import a_book, a_case, a_situation
from gammacore.domain.entries.filters import judge_entry
from gammacore.domain.ledger import BreakerCleared, BreakerTripped, Resumed
from gammacore.domain.sessions import BrokerClock
from gammacore.domain.strategy import Situation


def reason(situation: Situation) -> str | None:
    return judge_entry(a_case(situation)).record.reason


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.0, None), (2.0, None), (2.1, "clock_skew"), (-2.0, None), (-2.1, "clock_skew")]
)
def test_nothing_is_opened_when_the_clocks_are_more_than_two_seconds_apart(seconds: float, expected: str) -> None:
    situation = a_situation()
    clock = BrokerClock(situation.now + dt.timedelta(seconds=seconds), is_open=True)

    assert reason(evolve(situation, broker_clock=clock)) == expected


def test_a_broker_that_says_closed_or_nothing_is_no_market() -> None:
    situation = a_situation()

    assert reason(evolve(situation, broker_clock=BrokerClock(situation.now, is_open=False))) == "trading_day"
    assert reason(evolve(situation, broker_clock=None)) == "trading_day_unknown"


def test_a_tripped_breaker_keeps_entries_back_until_it_is_cleared() -> None:
    tripped = BreakerTripped(at("09:50"), 3, "no answer")

    assert reason(a_situation(book=a_book(tripped))) == "circuit_breaker"
    assert reason(a_situation(book=a_book(tripped, BreakerCleared(at("09:56"), "it answers again")))) is None
    assert reason(a_situation(book=a_book(tripped, Resumed(at("09:57"), "looked into")))) is None
