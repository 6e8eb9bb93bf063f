"""Credentials written among the settings: refused, with the places where they belong."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gammacore.configuration.brokers import credential_names
from gammacore.configuration.sources import SettingError


def refuse_credentials(sources: Mapping[str, str]) -> None:
    """Refuse keys that mean a credential; `sources` says where each key was given. The value is not shown.

    Raises:
        ConfigurationError: names the place, the key and where the credential belongs.
    """
    for key, source in sources.items():
        if (name := credential_meant(key)) is not None:
            raise SettingError(
                source,
                key,
                f"{key} is a credential, and settings are shown and shared",
                f"give {name} as an environment variable, in .env, or by `keyring set gammacore {name}`",
            )


def credential_meant(key: str) -> str | None:
    """The credential that a key means: its name, with or without a table of the broker.

    >>> credential_meant("tradier.token"), credential_meant("alpaca_paper_api_key")
    ('TRADIER_TOKEN', 'ALPACA_PAPER_API_KEY')
    >>> credential_meant("alerts.webhook_url") is None
    True
    """
    names = sorted(credential_names(), key=len, reverse=True)
    return next((name for name in names if _letters(key).endswith(_letters(name))), None)


def _letters(name: str) -> str:
    """What is left of a name to compare it by: its letters, everything between them as one underscore.

    >>> _letters("my.tradier2.token"), _letters("ST0CKAKEY")
    ('MY_TRADIER_TOKEN', 'ST_CKAKEY')
    """
    return re.sub(r"[^A-Z]+", "_", name.upper())
