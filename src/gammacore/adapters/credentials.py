"""Credentials looked up: in variables of the environment or of a `.env` file, then in the system keyring."""

from __future__ import annotations

from collections.abc import Mapping

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
