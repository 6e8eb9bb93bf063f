"""The documents of a ledger and what is in them.

::

    gammacore_ledgers/<ledger>                      the head: how far the ledger goes, and whose turn it is to write
    gammacore_ledgers/<ledger>/events/000000000001  one event: its number, record, checksum and the writer's token
    gammacore_ledgers/<ledger>/lease/writer         who may write, and until when unless renewed
    gammacore_ledgers/<ledger>/requests/<hash>      one request of another process

Every append replaces the head as it was read, and so does every new writer: of two that try, one finds it changed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from gammacore.adapters.codec.records import GENESIS
from gammacore.adapters.firestore.documents import Create, Document, Documents, Replace
from gammacore.adapters.firestore.faults import corrupt
from gammacore.errors import InvalidInput, StorageError

LEDGERS = "gammacore_ledgers"
SCHEMA = 1
HEAD_IS_GONE = "the head of the ledger is gone, other parts of it are left"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}", re.ASCII)


def ledger_place(ledger: str, collection: str = LEDGERS) -> str:
    """The path of a ledger's head.

    >>> ledger_place("paper-20260819")
    'gammacore_ledgers/paper-20260819'

    Raises:
        InvalidInput: a name that Firestore or a person could take for something else.
    """
    if not _NAME.fullmatch(ledger):
        raise InvalidInput("ledger", repr(ledger), "give a name of letters, digits, dots, dashes and underscores")
    if not _NAME.fullmatch(collection):
        raise InvalidInput("collection", repr(collection), "give a name of letters, digits, dots, dashes, underscores")
    return f"{collection}/{ledger}"


def events_of(place: str) -> str:
    return f"{place}/events"


def lease_of(place: str) -> str:
    return f"{place}/lease/writer"


def requests_of(place: str) -> str:
    return f"{place}/requests"


def event_path(place: str, seq: int) -> str:
    """Where an event lies; the numbers are padded so that a person sees them in order."""
    return f"{events_of(place)}/{seq:012d}"


@frozen
class Row:
    """One stored event: its number, its link in the chain and its record."""

    seq: int
    checksum: str
    payload: str

    def created(self, place: str, token: int) -> Create:
        fields = {"seq": self.seq, "checksum": self.checksum, "payload": self.payload, "token": token}
        return Create(event_path(place, self.seq), fields)


@frozen
class Head:
    """How far a ledger goes: its last event's number and checksum, and the fencing token of the one who may write.

    `bars` counts appends that were given up: raising it changes the head, so that they can no longer arrive.
    """

    version: int
    checksum: str
    token: int
    bars: int
    document: Document

    @property
    def stand(self) -> tuple[int, str, int]:
        """What tells whether anybody wrote or took over since."""
        return self.version, self.checksum, self.token

    def replaced(self, **changed: object) -> Replace:
        return Replace(self.document, {**self.document.fields, **changed})


def new_head(place: str, token: int) -> Create:
    """The head of a ledger without events."""
    return Create(place, {"schema": SCHEMA, "version": 0, "checksum": GENESIS, "token": token, "bars": 0})


def read_head(documents: Documents, place: str) -> Head | None:
    """The head as it stands; None when there is no such ledger.

    Raises:
        CorruptLedger: it is not a head of ours.
        StorageError: a newer gammacore wrote it, or it cannot be read.
    """
    document = documents.get(place)
    return None if document is None else head_of(document)


def head_of(document: Document) -> Head:
    fields, place = document.fields, document.path
    schema = whole(fields, "schema", place)
    if schema > SCHEMA:
        raise StorageError(f"{place}: a newer gammacore wrote it (schema {schema}); update this one")
    numbers = {name: whole(fields, name, place) for name in ("version", "token", "bars")}
    return Head(checksum=text(fields, "checksum", place), document=document, **numbers)


def row_of(document: Document) -> Row:
    fields, place = document.fields, document.path
    return Row(whole(fields, "seq", place), text(fields, "checksum", place), text(fields, "payload", place))


def whole(fields: Mapping[str, Any], name: str, place: str) -> int:
    """A whole number of a document of ours. Raises CorruptLedger when it is none."""
    value = fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise corrupt(place, f"its {name} is {value!r}, which is no whole number")
    return value


def text(fields: Mapping[str, Any], name: str, place: str) -> str:
    """A text of a document of ours. Raises CorruptLedger when it is none."""
    value = fields.get(name)
    if not isinstance(value, str):
        raise corrupt(place, f"its {name} is {value!r}, which is no text")
    return value
