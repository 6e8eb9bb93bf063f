"""The way in: a client by Google's own mechanism, and nothing of keys in our hands."""

from __future__ import annotations

import os

from gammacore.adapters.firestore.documents import Documents, Patience
from gammacore.errors import ConfigurationError, missing_extra

WHERE_THE_KEY_IS = "GOOGLE_APPLICATION_CREDENTIALS"


def connect(project: str, patience: Patience = Patience()) -> Documents:  # noqa: B008  frozen
    """The documents of a Firestore project. Nothing is sent yet: an unreachable server shows at the first call.

    Google's library finds the key (GOOGLE_APPLICATION_CREDENTIALS or the account of the machine it runs on) and a
    local server (FIRESTORE_EMULATOR_HOST, no key needed) by itself; it is loaded here and not before.

    Raises:
        ConfigurationError: no project, no key, or the extra `firestore` is not installed.
    """
    if not project.strip():
        raise ConfigurationError("no Firestore project is named; set FIREBASE_PROJECT_ID")
    try:
        from google.auth.exceptions import DefaultCredentialsError
        from google.cloud.firestore import Client
    except ImportError as absent:
        raise missing_extra("firestore", f"Google's library for Firestore ({absent})") from absent
    try:
        return Documents(Client(project=project), patience)
    except (DefaultCredentialsError, OSError, AttributeError, TypeError, ValueError) as fault:
        raise ConfigurationError(
            f"no key for Firestore project {project}: {_words(fault)}; "
            f"set {WHERE_THE_KEY_IS} to the path of its key file"
        ) from fault


def _words(fault: Exception) -> object:
    """What Google says of a key, without the inner errors it puts behind; its own stumbling is of no use to people."""
    from google.auth.exceptions import DefaultCredentialsError

    if isinstance(fault, DefaultCredentialsError):
        return fault.args[0] if fault.args else "there is none"
    return fault if isinstance(fault, OSError) else f"the file {os.environ.get(WHERE_THE_KEY_IS)} holds no key"
