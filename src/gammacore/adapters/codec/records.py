"""A record: the text of one event, with its type and the version of its fields; each vouches for all before it.

::

    {"body":{"at":"2026-08-19T14:30:00+00:00","id":"gc-1","reason":"late"},"type":"CancelRequested","v":1}
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Never, get_args

from cattrs import transform_error
from cattrs.errors import BaseValidationError

from gammacore.adapters.codec.conversion import UnknownField, event_converter
from gammacore.adapters.codec.versions import RETIRED, UPCASTERS, Upcaster
from gammacore.domain.ledger import Event
from gammacore.errors import InvalidInput, StorageError

GENESIS = "0" * 64
"""What the first record is linked to."""


def link(previous: str, record: str) -> str:
    """The checksum of a record in its place: SHA-256 of the checksum before it and its text. Rule: R6.

    A changed byte, a removed record and two swapped ones all break the chain.

    >>> link(GENESIS, "a") == link(GENESIS, "b"), link(link(GENESIS, "a"), "b") == link(link(GENESIS, "b"), "a")
    (False, False)
    """
    return hashlib.sha256((previous + record).encode()).hexdigest()


_CANONICAL = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
EVENT_TYPES: dict[str, type[Event]] = {kind.__name__: kind for kind in get_args(Event)}


class UnreadableRecord(StorageError):
    """A text that is no record of ours; `problem` says where it goes wrong. The storage adds file and number."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class NewerRecord(StorageError):
    """A record with a type, version or field not known here: nothing is broken, it wants a newer gammacore."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"{problem}; it was written by a newer gammacore, update this one")
        self.problem = problem


class EventCodec:
    """Writes events as canonical JSON (sorted keys, no spaces, UTF-8) and reads every version ever written.

    `decode(encode(event)) == event`, and the same event gives the same text: R14 compares ledgers byte for byte.
    """

    def __init__(
        self,
        upcasters: Mapping[str, Sequence[Upcaster]] = UPCASTERS,
        retired: Mapping[str, tuple[str, Upcaster]] = RETIRED,
    ) -> None:
        self._upcasters = upcasters
        self._retired = retired
        self._versions = {name: 1 + len(upcasters.get(name, ())) for name in EVENT_TYPES}
        self._converter = event_converter()

    def encode(self, event: Event) -> str:
        """The record of an event.

        Raises:
            InvalidInput: a value that could not be read back as it is: NaN, a naive time, a wrong type.
        """
        name = type(event).__name__
        if EVENT_TYPES.get(name) is not type(event):
            raise InvalidInput("event", name, "give one of the ledger's events")
        body = self._converter.get_unstructure_hook(type(event))(event)
        envelope = {"type": name, "v": self._versions[name], "body": body}
        text = _CANONICAL.encode(envelope)
        if not (text.isascii() or _is_unicode(text)):
            raise InvalidInput(name, ascii(text), "give text that can be written as UTF-8")
        return text

    def decode(self, text: str) -> Event:
        """The event of a record.

        Raises:
            UnreadableRecord: not a record of ours, a field missing or of the wrong kind.
            NewerRecord: a type, version or field this gammacore does not know.
        """
        name, version, body = _opened(text)
        latest = self._versions.get(name, 1 if name in self._retired else 0)
        if latest == 0:
            raise NewerRecord(f"event type {name!r} is not known")
        if version > latest:
            raise NewerRecord(f"{name} version {version} is not known, the latest is {latest}")
        try:
            if name in self._retired:
                name, retire = self._retired[name]
                body = retire(body)
            kind = EVENT_TYPES[name]
            for upcast in self._upcasters.get(name, ())[version - 1 :]:
                body = upcast(body)
            return self._converter.structure(body, kind)
        except BaseValidationError as faults:
            where = "; ".join(transform_error(faults, path=name, format_exception=lambda fault, _: str(fault)))
            if faults.subgroup(UnknownField) is not None:
                raise NewerRecord(where) from faults
            raise UnreadableRecord(where) from faults
        except UnknownField as unknown:
            raise NewerRecord(f"{name}: {unknown}") from unknown
        except (InvalidInput, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as fault:
            raise UnreadableRecord(f"{name}: {fault}") from fault


def _opened(text: str) -> tuple[str, int, dict[str, Any]]:
    """Type, version and body of a record."""
    try:
        envelope = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as fault:
        raise UnreadableRecord(f"not JSON: {fault}") from fault
    if not isinstance(envelope, dict) or envelope.keys() != {"type", "v", "body"}:
        raise UnreadableRecord("not a record of type, v and body")
    name, version, body = envelope["type"], envelope["v"], envelope["body"]
    if not (isinstance(name, str) and type(version) is int and version >= 1 and isinstance(body, dict)):
        raise UnreadableRecord("type is no name, v no number from 1, or body no object")
    return name, version, body


def _refuse_constant(constant: str) -> Never:
    raise ValueError(f"{constant} is not a finite number")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_CODEC = EventCodec()
encode = _CODEC.encode
decode = _CODEC.decode
