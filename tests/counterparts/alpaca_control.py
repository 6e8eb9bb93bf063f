"""Reaches the Alpaca counterpart: SPY put spreads, for Alpaca has no index options here."""

from __future__ import annotations

from collections.abc import Mapping

from builders_exchange import put
from counterparts.alpaca_stream import STREAM_PATH
from counterparts.serving import LoopbackServer
from counterparts.world import SECRET, TOKEN, World, scripted_world
from fakes import BidAsk
from gammacore.adapters.alpaca.client import AlpacaClients, AlpacaKeys, Endpoints, TimeOuts, connect
from gammacore.domain.instruments import OptionContract
from gammacore.ports.credentials import Secret

SPY_QUOTES: Mapping[OptionContract, BidAsk] = {put(688, "SPY"): ("0.50", "0.52"), put(687, "SPY"): ("0.24", "0.25")}
"""The 688/687 put spread: entry at 0.50 - 0.25 = 0.25, exit at 0.52 - 0.24 = 0.28."""

SPOT = "690"
SHORT_TIME_OUTS = TimeOuts(connect_seconds=2.0, read_seconds=0.5)


def spy_world() -> World:
    """10:00 of an ordinary Monday, the 688/687 put spread of SPY quoted."""
    world = scripted_world(underlying="SPY")
    world.show(SPY_QUOTES, seconds=0, spot=SPOT)
    return world


def endpoints_of(server: LoopbackServer) -> Endpoints:
    socket = server.websocket_url
    return Endpoints(trading=server.url, data=server.url, stream=socket + STREAM_PATH, quotes=f"{socket}/v2")


def clients_of(server: LoopbackServer, time_outs: TimeOuts = SHORT_TIME_OUTS) -> AlpacaClients:
    """alpaca-py's clients with the keys this server knows."""
    return connect(AlpacaKeys(Secret(TOKEN), Secret(SECRET)), endpoints_of(server), time_outs)
