"""The pause port: whether a person asked for entries to stand still. Rules: CS-313, CS-354."""

from __future__ import annotations

from typing import Protocol

from gammacore.domain.risk.pause import Pause, UnreadablePause


class PauseSource(Protocol):
    """Read once for every scheduled entry."""

    def read(self) -> Pause | UnreadablePause | None:
        """The pause as it stands, expired or not; None when nobody asked for one. Never raises, never guesses."""
        ...
