"""Credentials from the keyring of the system (library and extra `keyring`), loaded at the first question."""

from __future__ import annotations

from attrs import frozen

from gammacore.errors import ConfigurationError
from gammacore.ports.credentials import Credential, Secret

SERVICE = "gammacore"


@frozen
class SystemKeyring:
    """Looks a name up under the service `gammacore`: put there with `keyring set gammacore TRADIER_TOKEN`.

    Without the library, or on a machine without a keyring, there is nothing to be found; one that stays locked is told.
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
