"""Where the view of a ledger is, and what stands in it. Apart from what publishes it, which readers need not load."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gammacore.adapters.view_files.reading import read_now, view_folder
from gammacore.configuration import Settings
from gammacore.wiring.ledgers.storage import LedgerPlace, local_path


def view_of(settings: Settings, ledger: LedgerPlace) -> Path:
    """The folder in which the view of a ledger is, whether it exists or not."""
    return view_folder(local_path(settings, ledger))


def now_of(settings: Settings, ledger: LedgerPlace) -> dict[str, Any] | None:
    """What the loop of a ledger published last; None where it published nothing that can be read."""
    return read_now(view_of(settings, ledger))
