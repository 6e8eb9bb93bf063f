"""The adapters keep the broker contract, each over a server that speaks its broker's dialect. Rule: R13."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contracts.broker_contract import BrokerContract
from counterparts.served_brokers import ALPACA, TRADIER, ServedBroker, served

pytestmark = pytest.mark.filterwarnings("ignore:websockets.legacy is deprecated:DeprecationWarning")


class TestTradierBroker(BrokerContract):
    @pytest.fixture
    def control(self) -> Iterator[ServedBroker]:
        with served(TRADIER) as control:
            yield control


class TestAlpacaBroker(BrokerContract):
    @pytest.fixture
    def control(self) -> Iterator[ServedBroker]:
        with served(ALPACA) as control:
            yield control
