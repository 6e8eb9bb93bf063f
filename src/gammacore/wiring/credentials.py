"""Where the credentials of this process come from: environment, then `.env`, then the system keyring."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from attrs import frozen

from gammacore.adapters.credentials import FirstFound, SystemKeyring, Variables
from gammacore.errors import ConfigurationError, InvalidInput
from gammacore.ports.credentials import Credential, CredentialName, CredentialStore

DOTENV = Path(".env")


def open_credentials(
    environment: Mapping[str, str | None] | None = None, dotenv: Mapping[str, str | None] | None = None
) -> CredentialStore:
    """The credentials of this process; given mappings stand in for its environment and for `.env`.

    Raises:
        ConfigurationError: `.env` is there and cannot be read.
    """
    variables = Variables(os.environ if environment is None else environment, "environment")
    return FirstFound((variables, Variables(_read_dotenv() if dotenv is None else dotenv, ".env"), SystemKeyring()))


def _read_dotenv() -> Mapping[str, str | None]:
    if not DOTENV.is_file():
        return {}
    from dotenv import dotenv_values

    try:
        return dotenv_values(DOTENV)
    except (OSError, UnicodeDecodeError) as wrong:
        raise ConfigurationError(f".env: cannot be read ({type(wrong).__name__}); give lines like NAME=value") from None


@frozen
class Found:
    """What a store said of one name: the credential, nothing, or why it cannot be had."""

    name: CredentialName
    credential: Credential | None
    problem: str = ""


def look_up(credentials: CredentialStore, name: CredentialName) -> Found:
    """One credential, with what is wrong with it as a value."""
    try:
        return Found(name, credentials.find(name))
    except (ConfigurationError, InvalidInput) as wrong:
        return Found(name, None, str(wrong))


def credential_rows(credentials: CredentialStore) -> Iterator[tuple[str, str, str]]:
    """(name, ***, source) of every credential there is, as `config show` prints them; one that is defective says so."""
    for name in CredentialName:
        found = look_up(credentials, name)
        if found.credential is not None:
            yield name, str(found.credential.secret), found.credential.source
        elif found.problem:
            yield name, "***", found.problem
