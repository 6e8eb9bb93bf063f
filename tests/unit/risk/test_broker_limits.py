"""What a broker forbids or does by itself, and how our limits stay ahead of it. brokers.md 7, CS-524."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from attrs import evolve

from builders import a_position as a_sold_spread
from builders_ledger import CLOSE, DAY, OPEN, a_plan, at
from gammacore.configuration.brokers import kit_of
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.holdings.holding import HoldingState, SoldSpread
from gammacore.domain.holdings.policy import StopPolicy
from gammacore.domain.risk.broker_limits import BrokerLimits, day_trades
from gammacore.domain.sessions import TradingSession

SESSION = TradingSession(DAY, OPEN, CLOSE)
HALF = TradingSession.of(dt.date(2026, 11, 27), close=dt.time(13))
FAKE = BrokerLimits(kit_of(BrokerName.FAKE).facts)
TRADIER = BrokerLimits(kit_of(BrokerName.TRADIER).facts)
ALPACA = BrokerLimits(kit_of(BrokerName.ALPACA).facts)
OLD_RULE = dt.date(2026, 3, 3)


@pytest.mark.parametrize("limits", [ALPACA, TRADIER])
@pytest.mark.parametrize(
    ("made", "equity", "allowed"),
    [(2, "24999.99", True), (3, "24999.99", False), (4, "10000", False), (3, "25000", True), (9, "25000", True)],
)
def test_the_fourth_day_trade_below_25000_is_refused(
    limits: BrokerLimits, made: int, equity: str, allowed: bool
) -> None:
    verdict = limits.judge_day_trades(made, Decimal(equity), OLD_RULE)

    assert verdict.passed is allowed
    assert verdict.reason == (None if allowed else "pattern_day_trader")


def test_once_the_broker_changed_over_day_trades_are_not_counted() -> None:
    new = evolve(TRADIER, changed_over=dt.date(2026, 6, 4))

    assert new.judge_day_trades(9, Decimal(3_000), dt.date(2026, 6, 4)).passed
    assert not new.judge_day_trades(9, Decimal(3_000), dt.date(2026, 6, 3)).passed
    assert TRADIER.judge_day_trades(9, Decimal(3_000), dt.date(2027, 10, 20)).passed


def test_a_simulated_day_knows_no_such_rule() -> None:
    assert FAKE.judge_day_trades(99, Decimal(0), OLD_RULE).passed
    assert FAKE.judge_entry_time(["SPXW"], SESSION, SESSION.before_close(1)).passed
    policy = StopPolicy()
    assert FAKE.tightened(policy, ["SPXW"], SESSION) is policy


@pytest.mark.parametrize(("session", "close"), [(SESSION, 390), (HALF, 210)])
def test_on_alpaca_nothing_is_opened_in_the_last_35_minutes(session: TradingSession, close: float) -> None:
    just_before, at_it = session.before_close(35) - dt.timedelta(seconds=1), session.before_close(35)

    assert session.minutes_since_open(session.close) == close
    assert ALPACA.judge_entry_time(["SPXW"], session, just_before).passed
    assert ALPACA.judge_entry_time(["SPXW"], session, at_it).reason == "broker_closes_itself"


def test_on_alpaca_every_exit_comes_before_the_brokers_own() -> None:
    tight = ALPACA.tightened(StopPolicy(), ["SPXW"], SESSION)

    assert (tight.soft_close_minutes, tight.hard_close_minutes) == (35, 35)
    assert SESSION.hours_to_close(SESSION.open) < tight.hold_hours  # nothing is held for settlement


def test_a_policy_that_is_already_earlier_stays() -> None:
    early = StopPolicy(soft_close_minutes=60, hard_close_minutes=45)

    tight = ALPACA.tightened(early, ["SPXW"], SESSION)

    assert (tight.soft_close_minutes, tight.hard_close_minutes) == (60, 45)


def test_a_broker_that_does_not_say_when_gives_no_instant() -> None:
    assert TRADIER.last_moment(["SPY"], SESSION) is None


def a_position(name: str, opened: dt.datetime, ended: dt.datetime | None, state: HoldingState) -> SoldSpread:
    plan = a_plan(position=name)
    return evolve(a_sold_spread(plan), state=state, opened_at=opened, exit_decided_at=ended)


def test_a_day_trade_is_opened_and_closed_on_one_day() -> None:
    yesterday, today = DAY - dt.timedelta(days=1), DAY
    back = dt.timedelta(days=1)
    positions = [
        a_position("closed today", at(10), at(60), HoldingState.CLOSED),
        a_position("closed yesterday", at(10) - back, at(60) - back, HoldingState.CLOSED),
        a_position("settled", at(10), None, HoldingState.CLOSED),
        a_position("may still be closed", at(10), None, HoldingState.OPEN),
        a_position("held overnight", at(10) - back, None, HoldingState.OPEN),
        a_position("closed the next day", at(10) - back, at(10), HoldingState.CLOSED),
        a_position("long ago", at(10) - 7 * back, at(60) - 7 * back, HoldingState.CLOSED),
    ]

    assert day_trades(positions, {yesterday, today}) == 3
    assert day_trades(positions, {today}) == 2
    assert day_trades([], {today}) == 0
