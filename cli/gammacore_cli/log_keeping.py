"""The log of a command: how loud on stderr, and kept in a file where one is asked for. Rules: OP-301..303."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gammacore.adapters.notifiers.settings import LogSettings
    from gammacore.ports.clock import Clock

_WHOSE: dict[str, str] = {}
_MARKET: list[Clock] = []


def keep_log(path: Path, *, as_json: bool) -> None:
    """Also write every line from `info` on into a file, whatever stderr leaves out."""
    from gammacore.adapters.log_files import BoundedQueue, JsonLines, RotatedFile
    from gammacore_cli.secrecy import kept_back
    from gammacore_cli.terminal import LineFormatter

    _WHOSE.clear()
    _MARKET.clear()
    file = RotatedFile(path)
    file.setFormatter(JsonLines(kept_back, _WHOSE) if as_json else LineFormatter())
    logging.getLogger().addHandler(BoundedQueue(file, lambda: _MARKET[0].now() if _MARKET else None))


def set_level(level: str) -> None:
    """How loud stderr is; a kept log has every line from `info` on, and from `debug` on where stderr has."""
    root = logging.getLogger()
    wanted = logging.getLevelNamesMapping()[level]
    for handler in root.handlers:
        handler.setLevel(wanted if _is_of_people(handler) else min(wanted, logging.INFO))
    root.setLevel(min((handler.level for handler in root.handlers), default=wanted))


def obey_log_settings(settings: LogSettings) -> None:
    """When the kept log changes its file."""
    for handler in logging.getLogger().handlers:
        if not _is_of_people(handler):
            handler.target.settings = settings  # type: ignore[attr-defined]


def stamp_log(clock: Clock) -> None:
    """From now on each line has the time of the traded day."""
    _MARKET[:] = [clock]


def sign_log(mode: str, account: str, strategy: str) -> None:
    """Whose money the lines are about."""
    _WHOSE.update(mode=mode, account=account, strategy=strategy)


def _is_of_people(handler: logging.Handler) -> bool:
    return not hasattr(handler, "target")
