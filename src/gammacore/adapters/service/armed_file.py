"""The arming beside a live ledger, as JSON for its owner alone. Rule: OP-208."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from gammacore.adapters.whole_file import write_whole
from gammacore.domain.service.armed import ArmedAccount
from gammacore.errors import ConfigurationError

FORMAT = 1


def armed_path(ledger: Path) -> Path:
    """Where the arming of a live ledger is.

    >>> armed_path(Path("home/live/paper.sqlite")).name
    'paper.sqlite.armed.json'
    """
    return ledger.with_name(f"{ledger.name}.armed.json")


def write_armed(path: Path, armed: ArmedAccount) -> None:
    """Raises StorageError when it cannot be written."""
    document: dict[str, Any] = {
        "format": FORMAT,
        "salt": armed.salt,
        "digest": armed.digest,
        "account": armed.ending,
        "armed_at": armed.armed_at.isoformat(),
        "since": armed.since.isoformat(),
        "last_session": armed.last_session.isoformat(),
        "code": armed.code,
        "disarmed_at": None if armed.disarmed_at is None else armed.disarmed_at.isoformat(),
        "settings": dict(armed.settings),
    }
    write_whole(path, json.dumps(document, indent=1), 0o600)


def read_armed(path: Path) -> ArmedAccount | None:
    """The arming; None where there is none.

    Raises:
        ConfigurationError: it cannot be read; a person arms anew.
    """
    try:
        document = json.loads(path.read_bytes())
        if document["format"] != FORMAT:
            raise ValueError(document["format"])
        ended = document["disarmed_at"]
        return ArmedAccount(
            salt=str(document["salt"]),
            digest=str(document["digest"]),
            ending=str(document["account"]),
            armed_at=dt.datetime.fromisoformat(document["armed_at"]),
            since=dt.datetime.fromisoformat(document["since"]),
            last_session=dt.date.fromisoformat(document["last_session"]),
            settings={str(key): str(value) for key, value in document["settings"].items()},
            code=str(document["code"]),
            disarmed_at=None if ended is None else dt.datetime.fromisoformat(ended),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as wrong:
        raise ConfigurationError(
            f"{path}: cannot be read as an arming ({type(wrong).__name__}); gammacore arm --live writes it anew"
        ) from wrong
