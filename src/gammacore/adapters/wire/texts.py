"""Texts of a broker as a ledger can keep them."""

from __future__ import annotations

import logging

from attrs import field, frozen


def well_formed(text: str) -> str:
    """The text as it can be written as UTF-8: JSON may escape half a character, which no ledger takes. Rule: R6.

    >>> well_formed("no margin"), well_formed("no margin" + chr(0xD800))
    ('no margin', 'no margin?')
    """
    return text if text.isascii() else text.encode(errors="replace").decode()


@frozen(eq=False)
class LeftOut:
    """Rows of orders that cannot be read: each is logged once, however often it is listed."""

    vendor: str
    log: logging.Logger
    _names: set[str] = field(factory=set, init=False)

    def note(self, name: str, why: str) -> None:
        if name not in self._names:
            self._names.add(name)
            shown = name[:40] or "without an id"
            self.log.warning("%s: order %s cannot be read and is left out: %s", self.vendor, shown, why)
