"""The Tradier adapter keeps the broker contract, over a server that speaks Tradier. Rule: R13."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contracts.broker_contract import BrokerContract
from counterparts.serving import serving
from counterparts.tradier_control import TradierControl
from counterparts.tradier_dialect import tradier_app
from counterparts.world import scripted_world


class TestTradierBroker(BrokerContract):
    @pytest.fixture
    def control(self) -> Iterator[TradierControl]:
        world = scripted_world()
        with serving(tradier_app(world)) as server:
            control = TradierControl(server, world)
            yield control
            control.close()
