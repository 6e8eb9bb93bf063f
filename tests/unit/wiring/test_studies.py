"""A day of a study is the day that `gammacore trade` trades. Rules: ST-001, ST-203, ST-204."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from gammacore import wiring
from gammacore.configuration import Configuration, configure
from gammacore.domain.ledger import Event, OrderAccepted
from gammacore.wiring.study.days import study_day

DAYS = [dt.date(2026, 3, day) for day in (2, 3, 4)]


def settings(**more: Any) -> Configuration:
    return configure([{"market.seed": 57, **more}])


def traded(date: dt.date, ledger: Path, **more: Any) -> list[Event]:
    """The ledger's events after `trade --date D --ledger L`."""
    day = wiring.wire_day(configure([{"market.seed": 57, "market.date": date, **more}]), ledger)
    try:
        wiring.run_day(day)
        return list(day.storage.events())
    finally:
        day.close()


def without_broker_ids(events: Iterable[Event]) -> list[Event]:
    """The fake exchange numbers its orders from one on each day of a study."""
    return [evolve(event, broker_id="") if isinstance(event, OrderAccepted) else event for event in events]


def test_a_day_alone_is_the_day_that_trade_trades(tmp_path: Path) -> None:
    day = study_day(settings(), DAYS[1])

    assert day.error is None
    assert list(day.events) == traded(DAYS[1], tmp_path / "one.sqlite")


def test_days_that_carry_are_one_ledger_traded_day_by_day(tmp_path: Path) -> None:
    carried: list[Event] = []
    carry = study_day(settings(), DAYS[0]).carry_in
    for date in DAYS:
        day = study_day(settings(), date, carry=carry)
        carried += day.events
        carry = day.carry_out

    for date in DAYS:
        chain = traded(date, tmp_path / "chain.sqlite")
    assert without_broker_ids(carried) == without_broker_ids(chain)
    assert carry.account is not None
    assert carry.account.cash == day.book.balance
    assert carry.hash != day.carry_in.hash


@pytest.mark.parametrize("broker", ["tradier", "alpaca"])
def test_a_study_is_never_sent_to_a_real_broker(broker: str) -> None:
    assert study_day(settings(**{"account.broker": broker}), DAYS[1]).error is None


def test_a_day_that_raises_says_so_and_carries_nothing_on(tmp_path: Path) -> None:
    day = study_day(settings(**{"market.source": f"csv:{tmp_path / 'none.csv'}"}), DAYS[0])

    assert "none.csv" in (day.error or "")
    assert day.carry_out is day.carry_in
    assert day.events == ()
