"""Whether the services of a home are well, by their state files alone. Rule: OP-205.

Asked every half minute by a container runtime, so the settings, which take a second to load, are not: the home and a
ledger elsewhere are read where they can be given, in the environment, `.env` or the file.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from gammacore.adapters.service.state_file import read_state, state_path, unhealthy

HOME_VARIABLES = ("GAMMACORE_HOME", "GAMMACORE_STORAGE__HOME")
FILE_VARIABLE = "GAMMACORE_STORAGE__FILE"
DEFAULT_HOME = ".gammacore"


def service_health(
    variables: Mapping[str, str | None], config: Path | None, mode: str | None, now: dt.datetime
) -> tuple[str, list[Path]]:
    """Why a service is not well, "" when all are; and the state files that were read.

    `mode` is paper or live, None for whichever has run. One that was stopped does not count beside one that runs.
    """
    found = [path for path in _states(variables, config, mode) if path.is_file()]
    states = [(path, read_state(path)) for path in found]
    running = [(path, state) for path, state in states if state is not None and state.get("running")]
    if not running:
        return unhealthy(states[0][1] if states else None, now), found
    wrong = [
        f"{path.name.removesuffix('.service.json')}: {why}" for path, state in running if (why := unhealthy(state, now))
    ]
    return "; ".join(wrong), found


def _states(variables: Mapping[str, str | None], config: Path | None, mode: str | None) -> Iterator[Path]:
    storage = _storage(config)
    home = Path(next((given for name in HOME_VARIABLES if (given := variables.get(name))), None)
                or str(storage.get("home") or DEFAULT_HOME))  # fmt: skip
    modes = ("live", "paper") if mode is None else (mode,)
    for one in modes:
        yield from sorted((home / one).glob("*.service.json"))
        if file := variables.get(FILE_VARIABLE) or variables.get("DATABASE_URL") or str(storage.get("file") or ""):
            ledger = Path(file.removeprefix("sqlite:///"))
            yield state_path(ledger if one == "paper" else ledger.with_name(f"{one}-{ledger.name}"))
    for path in sorted((home / "firestore").glob("*.service.json")):
        if mode is None or path.name.startswith("live-") == (mode == "live"):
            yield path


def _storage(config: Path | None) -> Mapping[str, object]:
    """The table [storage] of a file, {} where there is none that can be read: the service itself refuses it."""
    if config is None:
        return {}
    try:
        table = tomllib.loads(config.read_text(encoding="utf-8")).get("storage", {})
    except (OSError, ValueError):
        return {}
    return table if isinstance(table, dict) else {}
