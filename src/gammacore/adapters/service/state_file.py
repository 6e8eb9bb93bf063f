"""The supervisor's state beside its ledger: written whole by it, read by `--health` and the pages. Rule: OP-205."""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gammacore.adapters.whole_file import write_whole
from gammacore.errors import StorageError

log = logging.getLogger("gammacore")
OLDEST_SECONDS = 120.0
"""A state older than this is not a running supervisor's: a look before the open may take a minute (ours)."""


def state_path(ledger: Path) -> Path:
    """Where the state of the service of a ledger is.

    >>> state_path(Path("home/paper/paper.sqlite")).name
    'paper.sqlite.service.json'
    """
    return ledger.with_name(f"{ledger.name}.service.json")


class StateFile:
    """Implements `gammacore.ports.service.StateBoard`; a full disk costs the state, never the service. OP-002."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_failing = False

    def load(self) -> Mapping[str, Any] | None:
        return read_state(self._path)

    def save(self, state: Mapping[str, Any]) -> None:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(self._path, json.dumps(state, ensure_ascii=False, indent=1), 0o600)
            self._is_failing = False
        except (StorageError, OSError) as refusal:
            if not self._is_failing:
                self._is_failing = True
                log.warning("the state of the service is not saved (%s); it goes on", refusal)


def read_state(path: Path) -> dict[str, Any] | None:
    """The state as it was saved last; None where there is none that can be read."""
    try:
        state = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return state if isinstance(state, dict) else None


def unhealthy(state: Mapping[str, Any] | None, now: dt.datetime) -> str:
    """Why a supervisor is not well, by the state it saved; "" when it is. Rule: OP-205.

    >>> unhealthy(None, dt.datetime(2026, 3, 3, tzinfo=dt.UTC))
    'no service has run here'
    """
    if state is None:
        return "no service has run here"
    try:
        age = (now - dt.datetime.fromisoformat(str(state["at"]))).total_seconds()
    except (KeyError, ValueError, TypeError):
        return "the state cannot be read"
    if not state.get("running"):
        return "the service was stopped"
    if not -OLDEST_SECONDS <= age <= OLDEST_SECONDS:
        return f"the service has saved nothing for {age:.0f} s"
    if not state.get("ok"):
        failing = "; ".join(map(str, state.get("failing") or ()))
        return failing or "the loop is not as it should be"
    return ""
