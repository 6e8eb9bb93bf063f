"""The pause file: JSON with a reason and the instant it runs out, written by a person or a script. Rule: CS-354."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from attrs import frozen

from gammacore.domain.risk.pause import Pause, UnreadablePause

EXPIRY_NAMES = ("expires", "expires_at")


class _Unreadable(ValueError):
    """What is wrong with the content, in words."""


@frozen
class PauseFile:
    """Reads {"reason": "CPI at 8:30", "expires": "2026-01-13T10:00:00-05:00"}; no file is no pause.

    A file that cannot be read, or says a time without its offset, cannot be understood: entries stop.
    """

    path: Path

    def read(self) -> Pause | UnreadablePause | None:
        try:
            return _pause(json.loads(self.path.read_text("utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as wrong:
            return UnreadablePause(f"{self.path}: {wrong}")


def _pause(content: Any) -> Pause:
    if not isinstance(content, dict):
        raise _Unreadable('no JSON object; write {"reason": ..., "expires": ...}')
    reason = content.get("reason")
    written = next((content[name] for name in EXPIRY_NAMES if content.get(name) is not None), None)
    return Pause(str(reason) if reason else "no reason given", None if written is None else _instant(written))


def _instant(written: Any) -> dt.datetime:
    try:
        instant = dt.datetime.fromisoformat(written)
    except (TypeError, ValueError) as wrong:
        raise _Unreadable(f"expires {written!r} is no ISO 8601 time; write 2026-01-13T10:00:00-05:00") from wrong
    if instant.tzinfo is None:
        raise _Unreadable(f"expires {written!r} has no offset; write it like 2026-01-13T10:00:00-05:00")
    return instant.astimezone(dt.UTC)
