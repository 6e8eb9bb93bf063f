"""The driving ports: what a host, a runner or a page may call, handed to them by constructor."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Protocol

from attrs import frozen

from gammacore.ports.broker import News
from gammacore.ports.market_data import StreamedQuote


class HedgingHost(Protocol):
    """The hedging desk as a v1 host calls it: plain dicts in, plain dicts out. Rule: DH-150."""

    def on_market_event(self, event: Mapping[str, Any]) -> list[dict[str, Any]] | None:
        """The intents an event leads to; None when there are none.

        Raises:
            InvalidInput: strict, and the event breaks the protocol; nothing of it was applied.
        """
        ...

    def on_order_update(self, update: Mapping[str, Any]) -> list[dict[str, Any]] | None:
        """News of an intent; as above. Timers that were due meanwhile may emit."""
        ...

    def on_tick(self, now: dt.datetime) -> list[dict[str, Any]] | None:
        """Time has passed: what fell due. As above."""
        ...


class TradingCore(Protocol):
    """A day of trading as its runner drives it: synchronous, given its clock, all calls from one thread.

    The plain loop and the asyncio runner call the same three. Each decides once, on all that the market has shown until
    then. Rule: SC-1001.
    """

    @property
    def due_at(self) -> dt.datetime:
        """When `on_timer` has a whole cycle to make: the market's next look, a deadline, an order to look up."""
        ...

    def on_quote(self, quote: StreamedQuote) -> None:
        """Decide on the newest quote laid over the last look; the feed has it already. Rule: SC-1004."""
        ...

    def on_fill(self, news: News) -> None:
        """The broker's stream reported orders: look them up, then decide."""
        ...

    def on_timer(self, now: dt.datetime) -> None:
        """Time has passed: make a whole cycle where one is due."""
        ...

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes today. Asked after `on_timer`."""
        ...

    def close_entries(self) -> None:
        """From now on nothing is opened."""
        ...

    def wind_down(self, *, flatten: bool) -> bool:
        """One step towards the end of a run: working orders are called back, and with `flatten` what is held is closed.

        True once no order works and, with `flatten`, the broker shows nothing of ours. Nothing is latched. SC-1009.
        """
        ...

    def reaches_broker(self) -> bool:
        """Whether the broker answers now."""
        ...

    def held(self) -> Mapping[str, int]:
        """What this ledger holds, signed shares and contracts by symbol."""
        ...

    def alarm_end(self, detail: str) -> None:
        """Alert people: the run was ended by a fault, or not as it should have been."""
        ...


@frozen
class SlotCounts:
    """What became of the quotes of one symbol: put = overwritten + taken, once none waits. Rule: SC-1003."""

    put: int = 0
    overwritten: int = 0
    taken: int = 0


@frozen
class LoopStats:
    """How a loop keeps up with its feed. Rules: SC-908, SC-1006, SC-1311.

    Milliseconds are of the newest decisions, some thousands at most; None before the first. `quote_age_ms_p99` is how
    old a quote was, from its arrival, when its decision began.
    """

    quotes_per_second: float
    decision_ms_p50: float | None
    decision_ms_p99: float | None
    quote_age_ms_p99: float | None
    slots: Mapping[str, SlotCounts]
