"""The order news port: a broker's own stream of order events, as a reason to look sooner. Never the truth itself."""

from __future__ import annotations

from typing import Protocol

from attrs import frozen


@frozen
class News:
    """What was heard since the last question: client ids of orders that changed.

    `gap` says that the stream was not heard for a while (not yet connected, cut, garbled): any order may have changed.
    """

    orders: frozenset[str] = frozenset()
    gap: bool = False


class OrderNews(Protocol):
    """Says which orders are worth a look now. What became of them only `Broker.order` says.

    Without a stream every order is still polled at its own pace: silence is never to be read as "nothing happened".
    """

    def heard(self) -> News:
        """Everything heard since the last call, once. Never blocks, never raises."""
        ...

    def close(self) -> None:
        """Let go of the connection; idempotent."""
        ...
