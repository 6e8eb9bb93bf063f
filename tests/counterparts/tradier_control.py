"""Reaches the Tradier counterpart: the adapter under test talks to it over the loopback."""

from __future__ import annotations

from counterparts.serving import LoopbackServer
from counterparts.world import TOKEN
from gammacore.adapters.tradier.client import Patience, TradierClient, TradierHosts
from gammacore.ports.clock import Clock
from gammacore.ports.credentials import Secret

SHORT_PATIENCE = Patience(connect_seconds=1.5, answer_seconds=1.5)
"""Real seconds: long for a loopback, short for a test that waits for them to pass."""


def tradier_client(server: LoopbackServer, clock: Clock, patience: Patience = SHORT_PATIENCE) -> TradierClient:
    hosts = TradierHosts(f"{server.url}/v1", f"{server.url}/v1", f"{server.websocket_url}/v1")
    return TradierClient(hosts, Secret(TOKEN), clock, patience=patience)
