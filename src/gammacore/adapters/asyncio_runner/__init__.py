"""Drives a trading day by events: quotes, fills and time, in one asyncio loop with one worker thread. SC-1001..1013."""

from gammacore.adapters.asyncio_runner.latest_slot import LatestSlot
from gammacore.adapters.asyncio_runner.market_quotes import MarketQuotes
from gammacore.adapters.asyncio_runner.runner import Ended, Flow, Runner
from gammacore.adapters.asyncio_runner.supervision import Fault, Supervised, first_end

__all__ = ["Ended", "Fault", "Flow", "LatestSlot", "MarketQuotes", "Runner", "Supervised", "first_end"]
