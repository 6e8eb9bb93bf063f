"""Several stores of credentials asked in order."""

from __future__ import annotations

from attrs import frozen

from gammacore.ports.credentials import Credential, CredentialStore


@frozen
class FirstFound:
    """The first store that has a credential wins; the rest are not asked, so no keyring is unlocked for nothing."""

    stores: tuple[CredentialStore, ...]

    def find(self, name: str) -> Credential | None:
        return next((found for store in self.stores if (found := store.find(name)) is not None), None)
