"""Orders, market and order news at Alpaca, over its own library, alpaca-py.

alpaca-py (and pandas with it) is loaded by `connect` and by the first call, never by importing this package.
"""

from gammacore.adapters.alpaca.broker import AlpacaBroker
from gammacore.adapters.alpaca.client import AlpacaClients, AlpacaKeys, Endpoints, connect
from gammacore.adapters.alpaca.market import AlpacaMarket, Feeds
from gammacore.adapters.alpaca.news import AlpacaOrderNews

__all__ = [
    "AlpacaBroker",
    "AlpacaClients",
    "AlpacaKeys",
    "AlpacaMarket",
    "AlpacaOrderNews",
    "Endpoints",
    "Feeds",
    "connect",
]
