"""Rules of brokers and exchanges, by broker, root and day. brokers.md 7."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from gammacore.configuration.brokers import kit_of
from gammacore.domain.broker_facts import day_trading, fees
from gammacore.domain.broker_facts.dated import BrokerName, Dated, in_force
from gammacore.domain.broker_facts.day_trading import DayTradingRegime, day_trading_regime
from gammacore.domain.sessions import TradingSession
from gammacore.errors import InvalidInput, MissingData

A_DAY = dt.date(2026, 8, 19)
FULL = TradingSession.of(A_DAY)
HALF = TradingSession.of(dt.date(2026, 11, 27), close=dt.time(13))


@pytest.mark.parametrize(
    ("broker", "root", "minutes"),
    [(BrokerName.ALPACA, "SPXW", 30), (BrokerName.ALPACA, "SPY", 30), (BrokerName.TRADIER, "SPY", None)],
)
def test_what_a_broker_closes_by_itself(broker: BrokerName, root: str, minutes: int | None) -> None:
    fact = kit_of(broker).facts.own_close(root, A_DAY)

    assert fact is not None
    assert fact.value.minutes_before_close == minutes
    assert fact.source


@pytest.mark.parametrize(("broker", "root"), [(BrokerName.FAKE, "SPY"), (BrokerName.TRADIER, "SPXW")])
def test_what_is_left_to_us(broker: BrokerName, root: str) -> None:
    assert kit_of(broker).facts.own_close(root, A_DAY) is None


@pytest.mark.parametrize(
    ("date", "changed_over", "regime"),
    [
        (dt.date(2026, 6, 3), None, "pattern_day_trader"),
        (dt.date(2026, 6, 4), None, "pattern_day_trader"),
        (dt.date(2027, 10, 19), None, "pattern_day_trader"),
        (dt.date(2027, 10, 20), None, "intraday_margin"),
        (dt.date(2026, 6, 3), dt.date(2026, 6, 4), "pattern_day_trader"),
        (dt.date(2026, 6, 4), dt.date(2026, 6, 4), "intraday_margin"),
        (dt.date(2026, 8, 31), dt.date(2026, 9, 1), "pattern_day_trader"),
        (dt.date(2026, 9, 1), dt.date(2026, 9, 1), "intraday_margin"),
        (dt.date(2027, 10, 20), dt.date(2028, 1, 1), "intraday_margin"),
    ],
)
@pytest.mark.parametrize("broker", [BrokerName.TRADIER, BrokerName.ALPACA])
def test_the_day_trading_rule_of_a_date(
    broker: BrokerName, date: dt.date, changed_over: dt.date | None, regime: str
) -> None:
    """Old until the broker changed over; nobody may before 2026-06-04, everybody has by 2027-10-20."""
    assert day_trading_regime(broker, date, changed_over).value == regime


def test_the_fake_exchange_knows_no_day_trading_rule() -> None:
    assert day_trading_regime(BrokerName.FAKE, A_DAY).value is DayTradingRegime.NONE


def test_no_broker_changed_over_before_the_rule_did() -> None:
    with pytest.raises(InvalidInput, match="2026-06-04"):
        day_trading_regime(BrokerName.ALPACA, A_DAY, changed_over=dt.date(2026, 6, 3))


def test_spreads_need_level_three_at_a_real_broker() -> None:
    assert all(kit_of(broker).facts.spread_level(A_DAY) == (3 if broker.is_real else 0) for broker in BrokerName)


def test_a_fee_is_of_its_root_and_day() -> None:
    entered = [
        Dated(dt.date(2026, 1, 1), fees.ContractFee("*", Decimal("0.35")), "plan"),
        Dated(dt.date(2026, 1, 1), fees.ContractFee("SPXW", Decimal("1.02")), "January"),
        Dated(dt.date(2026, 7, 1), fees.ContractFee("SPXW", Decimal("1.10")), "July"),
    ]
    asked = [("SPXW", "2026-06-30"), ("SPXW", "2026-07-01"), ("SPY", "2026-07-01"), ("SPXW", "2025-12-31")]

    answer = [fees.contract_fee(root, dt.date.fromisoformat(day), entered).value for root, day in asked]

    assert [str(fee.dollars) for fee in answer] == ["1.02", "1.10", "0.35", "0.65"]
    assert [fee.is_default for fee in answer] == [False, False, False, True]


def test_the_default_fee_says_that_it_is_one() -> None:
    assert "enter your broker's own" in fees.contract_fee("SPXW", A_DAY).source


def test_a_day_before_the_table_is_missing_not_guessed() -> None:
    with pytest.raises(MissingData):
        in_force([Dated(A_DAY, 1, "test")], A_DAY - dt.timedelta(days=1))


def test_every_fact_has_a_source() -> None:
    rules = [kit_of(broker).facts for broker in BrokerName]
    tables: list[tuple[Dated[Any], ...]] = [table for each in rules for table in (each.own_closes, each.spread_levels)]

    assert all(fact.source for table in (*tables, fees.DEFAULT_FEES, (day_trading.PATTERN,)) for fact in table)
