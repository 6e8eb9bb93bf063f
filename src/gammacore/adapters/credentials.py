"""Credentials looked up: in the environment, in files that it or a service manager names, in `.env`, in the keyring.

Rule: OP-003.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from attrs import field, frozen

from gammacore.errors import ConfigurationError
from gammacore.ports.credentials import Credential, CredentialStore, Secret


@frozen
class Variables:
    """Looks a name up among variables; one set to nothing or to blanks counts as unset, blanks around it are taken off.

    >>> found = Variables({"TRADIER_TOKEN": " f00d ", "TRADIER_ACCOUNT": ""}, ".env").find("TRADIER_TOKEN")
    >>> found
    Credential(name='TRADIER_TOKEN', secret=***, source='.env TRADIER_TOKEN')
    """

    variables: Mapping[str, str | None] = field(repr=False)
    source: str

    def find(self, name: str) -> Credential | None:
        text = (self.variables.get(name) or "").strip()
        if not text:
            return None
        where = f"{self.source} {name}"
        return Credential(str(name), Secret(text, name=where), where)


CONTAINER_SECRETS = Path("/run/secrets")
FILE = "_FILE"
DIRECTORY = "CREDENTIALS_DIRECTORY"
"""Where systemd puts what LoadCredential names."""
SYSTEMD_FILE = "env"


@frozen
class NamedFiles:
    """Looks NAME up in the file that the variable NAME_FILE names.

    >>> NamedFiles({}).find("TRADIER_TOKEN") is None
    True
    """

    variables: Mapping[str, str | None] = field(repr=False)

    def find(self, name: str) -> Credential | None:
        place = (self.variables.get(f"{name}{FILE}") or "").strip()
        if not place:
            return None
        text = _text_of(Path(place), f"{name}{FILE}")
        if text is None:
            raise ConfigurationError(f"{name}{FILE}: {place} is not there; name the file that holds {name}")
        return _found(name, text, f"{place} ({name}{FILE})")


@frozen
class SecretFiles:
    """Looks NAME up in the file NAME of a folder, as container runtimes lay secrets out."""

    folder: Path = CONTAINER_SECRETS

    def find(self, name: str) -> Credential | None:
        file = self.folder / str(name)
        text = _text_of(file, str(name))
        return None if text is None else _found(name, text, str(file))


@frozen
class SystemdCredentials:
    """Looks a name up in the file `env` of $CREDENTIALS_DIRECTORY, lines like NAME=value as in `.env`."""

    variables: Mapping[str, str | None] = field(repr=False)

    def find(self, name: str) -> Credential | None:
        if not (folder := (self.variables.get(DIRECTORY) or "").strip()):
            return None
        file = Path(folder) / SYSTEMD_FILE
        if (text := _text_of(file, DIRECTORY)) is None:
            return None
        from dotenv import dotenv_values

        return Variables(dotenv_values(stream=StringIO(text)), str(file)).find(name)


def _found(name: str, text: str, where: str) -> Credential | None:
    """A file that is empty counts as unset, as a variable does."""
    text = text.strip()
    return Credential(str(name), Secret(text, name=where), where) if text else None


def _text_of(file: Path, asked_by: str) -> str | None:
    """What a file holds; None where there is none.

    Raises:
        ConfigurationError: it is there and cannot be read; nothing of it is shown.
    """
    try:
        return file.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as wrong:
        raise ConfigurationError(
            f"{asked_by}: {file} cannot be read ({type(wrong).__name__}); let this user read it"
        ) from None


SERVICE = "gammacore"


@frozen
class SystemKeyring:
    """Looks a name up under the service `gammacore`: put there with `keyring set gammacore TRADIER_TOKEN`.

    Without the library, or on a machine without a keyring, nothing is found; a keyring that stays locked is reported.
    """

    service: str = SERVICE

    def find(self, name: str) -> Credential | None:
        try:
            import keyring
            from keyring.errors import KeyringError, NoKeyringError
        except ImportError:
            return None
        try:
            text = keyring.get_password(self.service, str(name))
        except NoKeyringError:
            return None
        except KeyringError as wrong:
            raise ConfigurationError(
                f"the system keyring cannot be read ({type(wrong).__name__}); unlock it, or give {name} in the "
                "environment or in .env"
            ) from None
        if not (text or "").strip():
            return None
        where = f"keyring {self.service} {name}"
        return Credential(str(name), Secret((text or "").strip(), name=where), where)


@frozen
class FirstFound:
    """The first store that has a credential wins; the rest are not asked, so no keyring is unlocked for nothing."""

    stores: tuple[CredentialStore, ...]

    def find(self, name: str) -> Credential | None:
        return next((found for store in self.stores if (found := store.find(name)) is not None), None)
