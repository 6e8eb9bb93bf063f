"""The configuration file as a session began with it: a loop started again in it reads the same. Rule: OP-207."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

from gammacore.adapters.whole_file import write_whole
from gammacore.errors import StorageError

log = logging.getLogger("gammacore")


class SettingsCopy:
    """Implements `gammacore.ports.service.ServiceSettings` for a file, or for none."""

    def __init__(self, file: Path | None, copy: Path) -> None:
        self._file = file
        self._copy = copy
        self._is_copied = False

    @property
    def path(self) -> Path | None:
        """What a loop reads; None without a file."""
        return self._copy if self._file is not None and self._is_copied else self._file

    def mark(self) -> str:
        """The digest of the file, "" where it cannot be read: it then differs from what was."""
        if self._file is None:
            return ""
        try:
            return hashlib.sha256(self._file.read_bytes()).hexdigest()
        except OSError:
            return "not readable"

    def take(self) -> None:
        """Copy the file; one that cannot be read is left to the loop to refuse. On a full disk it is read itself."""
        if self._file is None:
            return
        try:
            text = self._file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            text = f'"{self._file} cannot be read" ='
        try:
            self._copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(self._copy, text, 0o600)
            self._is_copied = True
        except (OSError, StorageError) as refusal:
            self._is_copied = False
            log.warning("the configuration is not kept for the session (%s); a loop reads the file itself", refusal)
