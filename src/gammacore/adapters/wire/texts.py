"""Texts of a broker as a ledger can keep them."""

from __future__ import annotations


def well_formed(text: str) -> str:
    """The text as it can be written as UTF-8: JSON may escape half a character, which no ledger takes. Rule: R6.

    >>> well_formed("no margin"), well_formed("no margin" + chr(0xD800))
    ('no margin', 'no margin?')
    """
    return text if text.isascii() else text.encode(errors="replace").decode()
