"""A broker added to `BrokerName` stands in every table: mypy names a `match` that lacks it, these the tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from gammacore.domain.broker_facts.account_rules import OWN_CLOSES, SPREAD_LEVELS
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.ledger import Mode
from gammacore.ports.credentials import NEEDED
from gammacore.wiring import doctor, looks

REAL = {broker for broker in BrokerName if broker.is_real}


@pytest.mark.parametrize("table", [OWN_CLOSES, SPREAD_LEVELS])
def test_a_table_of_broker_rules_has_every_broker(table: Mapping[BrokerName, Any]) -> None:
    assert set(table) == set(BrokerName)


@pytest.mark.parametrize("table", [looks.HOW_TO_MEND, looks._KEYS, doctor.REAL_TIME])
def test_a_table_of_what_opens_a_market_has_every_broker_that_is_real(table: Mapping[BrokerName, Any]) -> None:
    assert set(table) == REAL


def test_every_account_that_is_real_needs_credentials() -> None:
    assert set(NEEDED) == {(broker, mode) for broker in REAL for mode in (Mode.LIVE, Mode.PAPER)}
