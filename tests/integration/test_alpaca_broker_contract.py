"""The broker contract, held by the Alpaca adapter over a server that speaks Alpaca's dialect."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contracts.broker_contract import BrokerContract
from counterparts.alpaca_control import AlpacaControl, alpaca_control

pytestmark = pytest.mark.filterwarnings("ignore:websockets.legacy is deprecated:DeprecationWarning")


@pytest.fixture
def control() -> Iterator[AlpacaControl]:
    with alpaca_control() as served:
        yield served


class TestAlpacaBroker(BrokerContract):
    pass
