"""The clock of a client whose world is in a server: waiting sets the time there and jumps here."""

from __future__ import annotations

import datetime as dt

import httpx

from gammacore.domain.sessions import require_aware

PATIENCE_SECONDS = 10.0


class ServedClock:
    """Implements `gammacore.ports.clock.Clock`; the server's market and exchange follow.

    Two clients of one server hold two such clocks: each is given the server's time when it waits, and none goes back.
    """

    def __init__(self, url: str) -> None:
        """`url` is the server's, without a path."""
        self._client = httpx.Client(base_url=url, timeout=PATIENCE_SECONDS, trust_env=False)
        self._now = self._reported(self._client.get("/_control/time"))

    def now(self) -> dt.datetime:
        return self._now

    def wait_until(self, instant: dt.datetime) -> None:
        """Jump to `instant`, here and there; one that is past leaves the time as it is."""
        if require_aware("instant", instant) > self._now:
            self._now = self._reported(self._client.post("/_control/time", json={"now": instant.isoformat()}))

    def close(self) -> None:
        self._client.close()

    @staticmethod
    def _reported(answer: httpx.Response) -> dt.datetime:
        answer.raise_for_status()
        return dt.datetime.fromisoformat(answer.json()["now"])
