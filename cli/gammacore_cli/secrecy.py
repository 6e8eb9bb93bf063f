"""What this process must not say: the credentials at hand, wherever they were found, are *** in logs and messages."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gammacore.adapters.notifiers.redaction import Redactor
    from gammacore.ports.credentials import Credential, CredentialStore

SHORTEST = 4
"""Characters; what is shorter is no secret, and would take ordinary words out of every line."""


class KeptBack:
    """Texts that are replaced by ***: what the environment and `.env` hold, and every credential looked up since.

    The variables are read when the first line is written, so that a command that writes nothing pays nothing.
    """

    def __init__(self) -> None:
        self._texts: set[str] | None = None
        self._urls: set[str] = set()
        self._redact: Redactor | None = None

    def begin(self) -> None:
        """A new command: look at the variables again."""
        self._texts, self._urls, self._redact = None, set(), None

    def keep(self, text: str) -> None:
        if len(text) >= SHORTEST and text not in self._known():
            self._known().add(text)
            self._redact = None

    def keep_urls(self, urls: Iterable[str]) -> None:
        """URLs that are secrets, as a whole and by their parts."""
        if new := {url for url in urls if url} - self._urls:
            self._urls |= new
            self._redact = None

    def __call__(self, text: str) -> str:
        if self._redact is None:
            from gammacore.adapters.notifiers.redaction import Redactor

            texts = self._known()
            self._redact = Redactor.of(texts, self._urls)
        return self._redact(text)

    def _known(self) -> set[str]:
        if self._texts is None:
            self._texts = set()  # reading a bad `.env` logs a line, which asks again
            self._texts |= {text for text in _in_variables() if len(text) >= SHORTEST}
            self._redact = None
        return self._texts


def _in_variables() -> Iterator[str]:
    """The credentials of the environment and of `.env`; the keyring is not asked for this, a bad `.env` has none."""
    from dotenv import dotenv_values

    from gammacore.adapters.scalping_environment import SECRET_VARIABLES
    from gammacore.configuration.brokers import credential_names

    try:
        dotenv = dotenv_values(".env") if Path(".env").is_file() else {}
    except (OSError, UnicodeDecodeError):
        dotenv = {}
    for name in dict.fromkeys((*credential_names(), *SECRET_VARIABLES)):
        for variables in (os.environ, dotenv):
            yield (variables.get(name) or "").strip()


kept_back = KeptBack()


class Overheard:
    """A store of credentials whose every answer is kept back from now on."""

    def __init__(self, store: CredentialStore) -> None:
        self._store = store

    def find(self, name: str) -> Credential | None:
        found = self._store.find(name)
        if found is not None:
            kept_back.keep(found.secret.reveal())
        return found


class RedactedFormatter(logging.Formatter):
    """Log lines, tracebacks included, without credentials."""

    def format(self, record: logging.LogRecord) -> str:
        return kept_back(super().format(record))
