"""The fake exchange keeps the broker contract, in memory and over a book file."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders_exchange import ExchangeControl
from contracts.broker_contract import BrokerContract


class TestFakeExchange(BrokerContract):
    @pytest.fixture
    def control(self) -> ExchangeControl:
        return ExchangeControl()


class TestFakeExchangeWithBookFile(BrokerContract):
    @pytest.fixture
    def control(self, tmp_path: Path) -> ExchangeControl:
        return ExchangeControl(tmp_path / "exchange.json")
