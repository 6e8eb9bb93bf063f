"""Credentials looked up: in variables of the environment or of a `.env` file, then in the system keyring."""

from gammacore.adapters.credentials.first_found import FirstFound
from gammacore.adapters.credentials.system_keyring import SystemKeyring
from gammacore.adapters.credentials.variables import Variables

__all__ = ["FirstFound", "SystemKeyring", "Variables"]
