"""The chain of checksums through a ledger: each record vouches for all that came before it."""

from __future__ import annotations

import hashlib

GENESIS = "0" * 64
"""What the first record is linked to."""


def link(previous: str, record: str) -> str:
    """The checksum of a record in its place: SHA-256 of the checksum before it and its text. Rule: R6.

    A changed byte, a removed record and two swapped ones all break the chain.

    >>> link(GENESIS, "a") == link(GENESIS, "b"), link(link(GENESIS, "a"), "b") == link(link(GENESIS, "b"), "a")
    (False, False)
    """
    return hashlib.sha256((previous + record).encode()).hexdigest()
