"""The driving ports: what a host, a runner or a page may call, handed to them by constructor."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Protocol


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
