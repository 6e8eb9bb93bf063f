"""Where a service keeps what: its lock, state and the settings of a session, beside its ledger. Rule: OP-203."""

from __future__ import annotations

from pathlib import Path

from gammacore.configuration import Settings
from gammacore.domain.ledger import Mode
from gammacore.wiring.ledgers.storage import LedgerPlace, local_path


def service_lock(settings: Settings, place: LedgerPlace) -> Path:
    """What is locked by the one service of an account: LEDGER.service, whose lock is LEDGER.service.lock."""
    path = local_path(settings, place)
    return path.with_name(f"{path.name}.service").resolve()


def session_settings(settings: Settings, place: LedgerPlace) -> Path:
    """The configuration file as the session began with it."""
    path = local_path(settings, place)
    return path.with_name(f"{path.name}.service.toml")


def service_log(settings: Settings, mode: Mode, of: str = "") -> Path:
    """The log of a service, or of its loop: HOME/logs/MODE-ID.ndjson, HOME/logs/MODE-ID.loop.ndjson. Rule: OP-302."""
    return settings.storage.home / "logs" / f"{mode}-{settings.account.id}{of}.ndjson"
