"""Rehearsals that were made, as they are kept in HOME/rehearsals. Rule: OP-603."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from attrs import frozen

from gammacore.adapters.whole_file import write_whole
from gammacore.version import __version__
from gammacore.wiring.ledgers.storage import make_folder

LASTS = dt.timedelta(days=30)
"""So long a rehearsal that passed counts (ours)."""


@frozen
class RehearsedStep:
    """One step: whether it came out as it must, how many seconds it took, and what was seen."""

    name: str
    ok: bool
    seconds: float
    detail: str


@frozen
class Rehearsed:
    """A rehearsal, and where it is kept."""

    at: dt.datetime
    pace: float
    is_interactive: bool
    steps: tuple[RehearsedStep, ...]
    file: Path | None = None

    @property
    def is_passed(self) -> bool:
        return bool(self.steps) and all(step.ok for step in self.steps)

    @property
    def document(self) -> dict[str, Any]:
        return {
            "at": self.at.isoformat(),
            "passed": self.is_passed,
            "pace": self.pace,
            "interactive": self.is_interactive,
            "version": __version__,
            "steps": [
                {"name": one.name, "ok": one.ok, "seconds": round(one.seconds, 3), "detail": one.detail}
                for one in self.steps
            ],
        }


@frozen
class KeptRehearsal:
    """One rehearsal: when it was made, and whether every step was as it must be."""

    at: dt.datetime
    is_passed: bool
    file: Path


def rehearsals_of(home: Path) -> tuple[KeptRehearsal, ...]:
    """Every rehearsal of a home, oldest first; what cannot be read is none."""
    found = []
    for path in sorted((home / "rehearsals").glob("*.json")):
        with suppress(OSError, ValueError, KeyError, TypeError):
            rows = json.loads(path.read_bytes())
            found.append(KeptRehearsal(dt.datetime.fromisoformat(rows["at"]), rows["passed"] is True, path))
    return tuple(found)


def keep_rehearsal(home: Path, at: dt.datetime, document: Mapping[str, Any]) -> Path:
    """Raises StorageError where the disk does not take it."""
    folder = home / "rehearsals"
    make_folder(folder)
    path = folder / f"{at.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}.json"
    write_whole(path, json.dumps(document, ensure_ascii=False, indent=1) + "\n", 0o600)
    return path


def why_not_rehearsed(home: Path, now: dt.datetime) -> str:
    """Why no rehearsal counts, in words; "" where one that passed is recent enough."""
    kept = rehearsals_of(home)
    passed = [one for one in kept if one.is_passed]
    if not passed:
        return "no rehearsal has passed yet" if kept else "nothing was rehearsed yet"
    age = now - passed[-1].at
    return f"the last rehearsal that passed was {age.days} days ago" if age > LASTS else ""
