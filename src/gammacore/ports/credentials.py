"""Credentials: secrets that do not print themselves, and where they are looked up. Rule: cli.md (secrets as ***)."""

from __future__ import annotations

import hmac
from typing import Final, NoReturn, Protocol, final

from attrs import frozen

from gammacore.errors import InvalidInput

HIDDEN: Final = "***"


@final
class Secret:
    """A token, key or account number that only `reveal` tells: not repr, format, pickle, a codec or an error.

    No attrs class on purpose: what walks over the fields of values (asdict, cattrs) finds none here. Two secrets are
    equal only if they are the same object; `matches` compares with a text in constant time. Blanks, control and
    non-ASCII characters are refused: they come from careless copying, and an HTTP header would show them in its error.

    >>> token = Secret("f00d-1234")
    >>> token, f"{token:>5}", token.matches("f00d-1234"), token.reveal()
    (***, '  ***', True, 'f00d-1234')
    >>> Secret("f00d 1234", name="TRADIER_TOKEN")
    Traceback (most recent call last):
    gammacore.errors.InvalidInput: TRADIER_TOKEN: *** is not valid; give it in one line, without blanks or accents
    """

    __slots__ = ("_text",)
    _text: str

    def __init__(self, text: str, name: str = "secret") -> None:
        if not text:
            raise InvalidInput(name, "an empty text", "give the secret, or leave it out")
        if not text.isascii() or not text.isprintable() or " " in text:
            raise InvalidInput(name, HIDDEN, "give it in one line, without blanks or accents")
        object.__setattr__(self, "_text", text)

    def reveal(self) -> str:
        """The secret itself: for the wire, never for a message."""
        return self._text

    def matches(self, text: str) -> bool:
        """Whether `text` is the secret; takes as long whichever character differs. An empty text never is."""
        return hmac.compare_digest(self._text.encode(), text.encode(errors="replace"))

    @property
    def ending(self) -> str:
        """The last three characters behind ***, for a banner; nothing of a secret shorter than eight.

        >>> Secret("VA12345678").ending, Secret("1234567").ending
        ('***678', '***')
        """
        return HIDDEN + (self._text[-3:] if len(self._text) >= 8 else "")

    def __repr__(self) -> str:
        return HIDDEN

    def __format__(self, spec: str) -> str:
        return format(HIDDEN, spec)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a secret does not change")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a secret does not change")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret cannot be pickled")


@frozen
class Credential:
    """One secret by its name (TRADIER_TOKEN), and where it was found ("environment TRADIER_TOKEN")."""

    name: str
    secret: Secret
    source: str


class CredentialStore(Protocol):
    """Where credentials are looked up: the environment, `.env`, the system keyring, or all of them in this order."""

    def find(self, name: str) -> Credential | None:
        """The credential of that name; None: it is not there.

        Raises:
            InvalidInput: it is there and cannot be a secret (blanks, line ends); the value is not shown.
            ConfigurationError: the store itself cannot be read.
        """
        ...
